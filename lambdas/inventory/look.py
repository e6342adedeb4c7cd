"""One invocation's look at one account: everything is read once, however many endpoints share it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from governance.artifacts import digest_of_url
from governance.canonical import Json
from governance.inventory import Config, Gone, Model, Package, Seen, StoredArtifact, Unreadable
from governance.state import approved_parts
from lambdas.common.aws import Busy
from lambdas.inventory.ports import Artifacts, Hosting, Registry, States

T = TypeVar("T")


@dataclass(slots=True)
class Look:
    """`governance.verdicts.World` over the ports, kept for one invocation: never longer, since approvals change.

    What can't be read for the moment raises Busy, so that the job comes again; what is refused stands as unreadable.
    """

    hosting: Hosting
    registry: Registry
    states: States
    artifacts: Artifacts
    _known: dict[tuple[str, str], object] = field(default_factory=dict)
    _twins: dict[str, list[str]] | None = None

    def config(self, name: str) -> Seen[Config]:
        return settled(self._once("config", name, self.hosting.config))

    def model(self, name: str) -> Seen[Model]:
        return settled(self._once("model", name, self.hosting.model))

    def package(self, arn: str) -> Seen[Package]:
        return settled(self._once("package", arn, self.registry.package))

    def artifact(self, url: str) -> Seen[StoredArtifact]:
        return settled(self._once("artifact", url, self.artifacts.find))

    def state(self, arn: str) -> Mapping[str, Json] | None:
        return self._once("state", arn, self._state)

    def _state(self, arn: str) -> Mapping[str, Json] | None:
        """By the name that was given, else as SageMaker's ARNs write it: a deleted version can't be asked for it."""
        found = self.states.read(arn)
        return self.states.read(arn.lower()) if found is None and arn != arn.lower() else found

    def twins(self, url: str) -> Sequence[str]:
        """Equal by URL, by the SHA-256 that the URL promises, or by the one that S3 keeps of it."""
        if self._twins is None:
            self._twins = _by_artifact(self.states)
        stored = self.artifact(url)
        kept = None if isinstance(stored, Gone | Unreadable) else stored.sha256
        names = (url, digest_of_url(url), kept)
        return sorted({arn for name in names if name for arn in self._twins.get(name, ())})

    def _once(self, kind: str, name: str, read: Callable[[str], T]) -> T:
        known: dict[tuple[str, str], T] = self._known  # type: ignore[assignment] # each kind has one type
        if (kind, name) not in known:
            known[kind, name] = read(name)
        return known[kind, name]


def settled(seen: Seen[T]) -> Seen[T]:
    """What was seen. Raises Busy where a moment later more may be seen."""
    if isinstance(seen, Unreadable) and seen.passing:
        raise Busy(f"what serves can't be read now: {seen.code}")
    return seen


def _by_artifact(states: States) -> dict[str, list[str]]:
    """Versions by URL and SHA-256 of every artifact that they have or were approved with."""
    index: dict[str, list[str]] = defaultdict(list)
    for state in states.all():
        urls = {state.get("artifacturl")}
        urls |= {(approved_parts(state, stage) or {}).get("url") for stage in _stages(state)}
        for url in urls - {None}:
            for name in {str(url), digest_of_url(str(url))} - {None}:
                index[str(name)].append(str(state["modelpackagearn"]))
    return index


def _stages(state: Mapping[str, Json]) -> Sequence[str]:
    return list(json.loads(state.get("stages") or "{}"))
