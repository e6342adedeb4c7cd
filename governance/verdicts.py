"""One verdict per endpoint, from what was seen and what the ledger says, with the evidence for it.

Tags are never looked at: whoever deploys writes them. What serves now is judged; a deployment in flight is said in the
evidence, and counts as soon as one of its variants takes traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from governance.canonical import Json, iso
from governance.inventory import Config, Gone, Model, Package, Seen, StoredArtifact, Unreadable
from governance.terms import PACKAGE_ARN

State: TypeAlias = Mapping[str, Json]


class Verdict(StrEnum):
    """What an endpoint is, worst first: an endpoint has the worst verdict of all that serves in it.

    `unknown` is worse than `approved` only: what can't be read is never clean, but doesn't hide what is surely wrong.
    """

    UNREGISTERED = "unregistered"
    """A container, or an artifact beside it, comes from no version of a governed group."""
    DIGEST_DIFFERS = "digest-differs"
    """The version was approved, but artifact, image or specification are no longer those that were approved."""
    UNAPPROVED = "unapproved"
    """The version was approved for nothing, or was deployed after its approval had been withdrawn."""
    REVOKED = "revoked-after-deploy"
    """The version was approved for the stage; the approval was withdrawn since."""
    WRONG_STAGE = "wrong-stage"
    """The version is approved, but not for the stage of this account (the hub has none)."""
    DELETED_PACKAGE = "deleted-package"
    """The version was approved for the stage and has been deleted from the registry."""
    MODEL_DELETED = "model-deleted"
    """The model that serves was deleted, or its name was given to another one: nobody can say what serves."""
    CONFIG_DELETED = "config-deleted"
    """The configuration that serves was deleted, or its name was given to another one."""
    UNKNOWN = "unknown"
    """Something couldn't be read."""
    APPROVED = "approved"
    """All that serves was approved for the stage, and its bytes are those that were approved."""


RANK: Mapping[Verdict, int] = {verdict: place for place, verdict in enumerate(Verdict)}
"""0 is the worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `where` is the way to it (`variant AllTraffic / model m / container 1`).

    `since` is when what the ledger (or SageMaker) says came to be, ISO 8601, None where nobody knows. `serves` is False
    for what a deployment in flight will serve.
    """

    where: str
    verdict: Verdict
    seen: str
    ledger: str
    since: str | None = None
    serves: bool = True

    def document(self) -> dict[str, Json]:
        """As it stands in the row's evidence."""
        return {
            "where": self.where, "verdict": self.verdict.value, "seen": self.seen, "ledger": self.ledger,
            "since": self.since, "serves": self.serves,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """An endpoint's verdict with its evidence, the worst finding first.

    `stage` is the life-cycle stage it was judged for, None where the account has none. `variants` are documents
    `{name, shadow, model, packages, components, pending}`; `packages` the ARNs of all versions that serve, sorted.
    """

    verdict: Verdict
    stage: str | None
    findings: tuple[Finding, ...]
    variants: tuple[Mapping[str, Json], ...]
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which versions are governed: those of these groups in the hub's registry."""

    hub: str
    groups: frozenset[str]

    def governs(self, package: str) -> bool:
        """Whether what a model names as its version is one of a governed group. Names are compared without case:
        SageMaker's ARNs are lower-cased in some answers.
        """
        if not PACKAGE_ARN.fullmatch(package) or package.split(":")[4] != self.hub:
            return False
        group, _, version = package.partition(":model-package/")[2].rpartition("/")
        return version.isdecimal() and group.casefold() in {name.casefold() for name in self.groups}


class World(Protocol):
    """What is there to be looked at, by name. Each look may be repeated and is to give the same answer."""

    def config(self, name: str) -> Seen[Config]:
        """An endpoint configuration of the account."""

    def model(self, name: str) -> Seen[Model]:
        """A model of the account."""

    def package(self, arn: str) -> Seen[Package]:
        """A version of the hub's registry."""

    def state(self, arn: str) -> State | None:
        """What the ledger says of a version: its state row, None where it was never recorded."""

    def artifact(self, url: str) -> Seen[StoredArtifact]:
        """What lies under an artifact's URL now."""

    def twins(self, url: str) -> Sequence[str]:
        """The versions that have, or were approved with, the same artifact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was found. `deployed`: the earliest time at which it can have begun to serve there."""

    where: str
    deployed: datetime
    serves: bool = True

    def inside(self, what: str, deployed: datetime | None = None) -> Place:
        """A place within this one."""
        later = self.deployed if deployed is None else max(self.deployed, deployed)
        return Place(where=f"{self.where} / {what}" if self.where else what, deployed=later, serves=self.serves)

    def finding(self, verdict: Verdict, seen: str, ledger: str = "", since: str | datetime | None = None) -> Finding:
        """A finding here."""
        told = iso(since) if isinstance(since, datetime) else since
        return Finding(
            where=self.where, verdict=verdict, seen=seen, ledger=ledger, since=told, serves=self.serves
        )  # fmt: skip

    def missing(self, what: str, seen: Gone | Unreadable, gone: Verdict) -> Finding:
        """The finding for something that isn't there (`gone`), or can't be read."""
        if isinstance(seen, Unreadable):
            return self.finding(Verdict.UNKNOWN, f"{what} can't be read: {seen.code}")
        return self.finding(gone, f"{what} does not exist any more")


def worst(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict of all that serves; `approved` where nothing serves."""
    return min((f.verdict for f in findings if f.serves), key=RANK.__getitem__, default=Verdict.APPROVED)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What serves before what will, the worst first; each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda f: (not f.serves, RANK[f.verdict], f.where)))
