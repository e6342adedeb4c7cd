"""Read the engine's event log: which step was taken for which resource, and what was said.

Shapes: `EngineEvent` in Pulumi's `sdk/go/common/apitype/events.go`. Used here: `resourcePreEvent.metadata`
{op, urn, type, detailedDiff}, `resOutputsEvent.metadata` (the same and old, new),
`summaryEvent.resourceChanges` {op: count}, `diagnosticEvent` {severity, message}, `policyEvent` {policyName,
enforcementLevel, resourceUrn, message}.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Steps that change nothing in the cloud or the state. `read` is a lookup of an existing resource.
QUIET = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one resource: `op` as the engine names it (create, update, replace, delete, …)."""

    op: str
    urn: str
    type: str
    properties: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource's logical name, the last part of its URN."""
        return self.urn.rsplit("::", 1)[-1]

    def __str__(self) -> str:
        changed = f" [{', '.join(self.properties)}]" if self.properties else ""
        return f"{self.op} {self.type} {self.name}{changed}"


@dataclass(frozen=True, slots=True)
class Objection:
    """What a policy pack says against a resource: `level` is advisory or mandatory."""

    policy: str
    level: str
    urn: str
    message: str

    @property
    def name(self) -> str:
        """The resource's logical name, the last part of its URN."""
        return self.urn.rsplit("::", 1)[-1]

    def __str__(self) -> str:
        return f"{self.policy} ({self.level}): {self.message}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of the engine did.

    `counts`: resources by operation, unchanged ones too ({"create": 12, "same": 3}). `steps`: the changes,
    in the engine's order. `messages`: warnings and errors as `severity: text`. `seconds`: wall time of the
    command. `output`: what the CLI printed. `objections`: what the policy packs said, in the engine's order.
    """

    counts: Mapping[str, int]
    steps: tuple[Step, ...]
    messages: tuple[str, ...]
    seconds: float
    output: str = field(repr=False, default="")
    objections: tuple[Objection, ...] = ()

    @property
    def resources(self) -> int:
        """Resources that the run looked at."""
        return sum(self.counts.values())


def read_outcome(log: Path, output: str, seconds: float) -> Outcome:
    """Read an event log that may end early (the command failed): what is there counts."""
    counts: dict[str, int] = {}
    steps: list[Step] = []
    messages: list[str] = []
    objections: list[Objection] = []
    refreshed: set[str] = set()
    for event in _events(log):
        if "summaryEvent" in event:
            counts = dict(event["summaryEvent"].get("resourceChanges") or {})
        elif "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            if metadata["op"] == "refresh":
                refreshed.add(metadata["urn"])
            if step := _step(metadata):
                steps.append(step)
        elif "resOutputsEvent" in event:
            # A refresh knows what it found only when it is done, and then names what it found as the operation
            # (update, delete, same). Later events of the resource belong to the update that `up --refresh` goes on to.
            metadata = event["resOutputsEvent"]["metadata"]
            if metadata["urn"] in refreshed:
                refreshed.remove(metadata["urn"])
                if step := _drift(metadata):
                    steps.append(step)
        elif "diagnosticEvent" in event:
            diagnostic = event["diagnosticEvent"]
            if diagnostic["severity"] in {"warning", "error"}:
                messages.append(f"{diagnostic['severity']}: {diagnostic['message'].strip()}")
        elif "policyEvent" in event:
            objections.append(_objection(event["policyEvent"]))
    return Outcome(counts, tuple(steps), tuple(messages), seconds, output, tuple(objections))


def _events(log: Path) -> Iterator[dict[str, Any]]:
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):  # an interrupted engine may leave half a line
                yield json.loads(line)


def _objection(event: Mapping[str, Any]) -> Objection:
    """A policy's violation, without the colours and the resource's name that the engine puts around it."""
    level = {"warning": "advisory"}.get(event["enforcementLevel"], event["enforcementLevel"])
    return Objection(event["policyName"], level, event.get("resourceUrn", ""), event["message"].strip())


def _step(metadata: Mapping[str, Any]) -> Step | None:
    if metadata["op"] in QUIET or _is_default_provider(metadata["urn"]):
        return None
    changed = metadata.get("detailedDiff") or {}
    properties = sorted(changed) or sorted(metadata.get("diffs") or [])
    return Step(metadata["op"], metadata["urn"], metadata["type"], tuple(properties))


def _is_default_provider(urn: str) -> bool:
    """Whether the engine made this resource for itself; the CLI neither shows nor counts it."""
    return "::pulumi:providers:" in urn and urn.rsplit("::", 1)[-1].startswith("default")


def _drift(metadata: Mapping[str, Any]) -> Step | None:
    """The step of a refreshed resource that is gone, or whose outputs are not those of the state."""
    old, new = metadata.get("old") or {}, metadata.get("new")
    if not new:
        return Step("delete", metadata["urn"], metadata["type"])
    before, after = old.get("outputs") or {}, new.get("outputs") or {}
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Step("update", metadata["urn"], metadata["type"], tuple(changed)) if changed else None
