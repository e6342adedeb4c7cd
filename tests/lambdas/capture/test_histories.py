"""Random histories, delivered duplicated, regrouped, reordered, with faults at every port call, end as a model
says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.canonical import canonical
from governance.ledger import Head, verify_chain, verify_dedup
from governance.readback import ReadBack
from governance.state import holds
from lambdas.common.aws import Busy
from tests.governance.samples import arn_of, envelope, iso, moment, package_detail, seen, stage
from tests.lambdas.capture.world import Crash, World

STAGES = ("Development", "Staging", "Production", "QA")
ARNS = {version: arn_of(version) for version in (1, 2)}


@dataclass(frozen=True)
class Change:
    """One UpdateModelPackage: what it sets (None: not sent)."""

    version: int
    approval: str | None
    lifecycle: tuple[str, str] | None
    metadata: bool

    @property
    def fields(self) -> tuple[str, ...]:
        sent = {
            "ModelApprovalStatus": self.approval,
            "ModelLifeCycle": self.lifecycle,
            "CustomerMetadataProperties": self.metadata or None,
        }
        return tuple(name for name, value in sent.items() if value is not None)


@dataclass(frozen=True)
class Version:
    """A version as the registry shows it at one moment."""

    approval: str = "PendingManualApproval"
    lifecycle: tuple[str, str] = ("Development", "PendingApproval")
    minutes: int = 0

    def detail(self, version: int, changed: tuple[str, ...]) -> dict[str, Any]:
        return package_detail(
            version=version,
            modified=iso(moment(self.minutes)),
            changed=changed,
            approval=self.approval,
            lifecycle=stage(*self.lifecycle),
        )

    def read_back(self) -> ReadBack:
        return seen(modified=moment(self.minutes))


@dataclass
class Story:
    """The messages of a history, each with the read-backs that its delivery may meet; and how it must end."""

    messages: list[tuple[str, int, list[ReadBack | None]]]
    facts: dict[int, set[tuple[str, str, str]]]
    final: dict[int, Version]
    stages: dict[int, dict[str, str]]


changes = st.builds(
    Change,
    version=st.sampled_from(sorted(ARNS)),
    approval=st.sampled_from([None, "Approved", "Rejected"]),
    lifecycle=st.none() | st.tuples(st.sampled_from(STAGES), st.sampled_from(["Approved", "Rejected", "OnHold"])),
    metadata=st.booleans(),
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A history of two versions, its events split, copied and shuffled, with read-backs from then or later."""
    final = dict.fromkeys(ARNS, Version())
    held: dict[int, dict[str, str]] = {v: {"Development": "PendingApproval"} for v in ARNS}
    shown: dict[int, list[Version]] = {v: [Version()] for v in ARNS}
    events: list[tuple[str, int, int]] = [
        (envelope(Version().detail(v, ()), event_id=f"created-{v}"), v, 0) for v in ARNS
    ]
    facts = {v: {("registration", iso(moment(0)), canonical(_snapshot(Version())))} for v in ARNS}
    for number, change in enumerate(draw(st.lists(changes, max_size=6)), start=1):
        v, before = change.version, final[change.version]
        now = Version(change.approval or before.approval, change.lifecycle or before.lifecycle, number)
        final[v] = now
        shown[v].append(now)
        if change.lifecycle:
            held[v][change.lifecycle[0]] = change.lifecycle[1]
        facts[v] |= {(_kind(field), iso(moment(number)), canonical(_value(field, now))) for field in change.fields}
        groups = [(field,) for field in change.fields] if draw(st.booleans()) else [change.fields] * bool(change.fields)
        for index, group in enumerate(groups):
            detail = now.detail(v, group)
            events += [(envelope(detail, event_id=f"{number}-{index}"), v, len(shown[v]) - 1)]
    copies = [event for event in events for _ in range(draw(st.integers(1, 2)))]
    messages = [
        (body, v, [version.read_back() for version in shown[v][at:]] + [None])
        for body, v, at in draw(st.permutations(copies))
    ]
    return Story(messages, facts, final, held)


def _snapshot(version: Version) -> dict[str, Any]:
    return {"ModelApprovalStatus": version.approval, "ModelLifeCycle": stage(*version.lifecycle)}


def _kind(field: str) -> str:
    return {"ModelApprovalStatus": "approval", "ModelLifeCycle": "stage"}.get(field, "metadata")


def _value(field: str, version: Version) -> Any:
    return _snapshot(version).get(field)


TROUBLES = st.sampled_from([None, None, None, "crash", "throttle", "race"])


@settings(max_examples=150)
@given(stories(), st.data())
def test_any_delivery_ends_as_the_history_says(story: Story, data: st.DataObject) -> None:
    """Guards: a lost, doubled or mixed-up fact, or a state that depends on the order in which events arrive."""
    world = World()
    waiting = [(body, v, data.draw(st.sampled_from(reads), label="read-back")) for body, v, reads in story.messages]
    world.plan = _troubles(world, waiting, data)
    while waiting:
        message = waiting.pop()
        if not _delivered(world, message):
            waiting.insert(0, message)
    world.plan = iter(())

    for version, arn in ARNS.items():
        rows, state = world.tables.rows(arn), world.tables.state[arn]
        assert {(r["kind"], r["happenedat"], r["tovalue"]) for r in rows} == story.facts[version]
        assert len(rows) == len(story.facts[version]), "a fact was recorded twice"
        assert verify_chain(arn, rows, Head(len(rows), str(state["ledgerhash"]))) == []
        assert verify_dedup(arn, rows, world.tables.dedup) == []
        _check_state(state, story, version)
    decisive = {arn for version, arn in ARNS.items() if {"approval", "stage"} & {k for k, _, _ in story.facts[version]}}
    assert {arn for arn, _ in world.outbox.approvals} == decisive


def _check_state(state: Any, story: Story, version: int) -> None:
    final, held = story.final[version], story.stages[version]
    assert state["modelapprovalstatus"] == final.approval
    assert json.loads(state["modellifecycle"]) == stage(*final.lifecycle)
    assert {name: entry["status"] for name, entry in json.loads(state["stages"]).items()} == held
    assert [holds(state, name) for name in STAGES] == [
        final.approval == "Approved" and held.get(name) == "Approved" for name in STAGES
    ]


Message = tuple[str, int, ReadBack | None]


def _delivered(world: World, message: Message) -> bool:
    body, version, read = message
    before = world.registry.versions.get(ARNS[version])
    world.registry.versions[ARNS[version]] = read
    try:
        world.deliver(body)
    except (Crash, Busy):
        return False
    finally:
        world.registry.versions[ARNS[version]] = before
    return True


def _troubles(world: World, waiting: list[Message], data: st.DataObject) -> Iterator[Callable[[str], None] | None]:
    """Up to twelve troubles, one per port call; afterwards all goes well, so that every story ends."""

    def crash(point: str) -> None:
        raise Crash(point)

    def throttle(point: str) -> None:
        if point.endswith(":before"):
            raise Busy(point)

    def race(_point: str) -> None:
        """Another message is recorded between two calls of this one."""
        if waiting:
            other = waiting.pop()
            plan, world.plan = world.plan, iter(())
            try:
                if not _delivered(world, other):
                    waiting.insert(0, other)
            finally:
                world.plan = plan

    kinds: dict[str, Callable[[str], None]] = {"crash": crash, "throttle": throttle, "race": race}
    for _ in range(12):
        drawn = data.draw(TROUBLES, label="trouble")
        yield kinds[drawn] if drawn else None
