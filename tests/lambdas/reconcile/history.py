"""One history of the fault model: lives, what reaches us of them and when, and what must be known at the end.

`Told` is the reference model. It works on sets of (version, change, field) alone: no ledger, no content ids, no times.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from governance.canonical import canonical
from lambdas.reconcile.fakes import Recorded
from tests.governance.samples import DEV, GROUP, HUB, START, envelope
from tests.lambdas.reconcile.cloud import APPROVAL, LIFECYCLE, SILENT, Change, Version, live
from tests.lambdas.reconcile.world import World, crash, throttle

REGISTRATION, DELETION, GAP = "ModelPackage", "ModelPackageStatus", "Gap"
FIRST, SECOND, NEVER = 1, 2, 3
"""When something reaches us: before the first reconcile, between the two, or never."""


@dataclass(frozen=True)
class Message:
    """A message of the capture queue, the fields of a change that it tells, and the read-back that it meets."""

    body: str
    version: int
    fields: tuple[tuple[int, str], ...]
    phase: int
    shown: int


@dataclass
class History:
    """Everything that was drawn."""

    versions: dict[int, Version]
    messages: list[Message] = field(default_factory=list)
    logged: dict[tuple[int, int], int] = field(default_factory=dict)
    named: set[tuple[int, int]] = field(default_factory=set)
    actions_say: bool = True
    lineage: bool = True
    copies: tuple[int, ...] = (1,)


def draw(rng: Random, versions: int, most_changes: int, copies: tuple[int, ...] = (1, 1, 2, 3)) -> History:
    """A history: lives, then for each change what is told of it, when, and how often (one of `copies`)."""
    lives = {version.number: version for version in live(rng, range(1, versions + 1), most_changes)}
    history = History(lives, actions_say=rng.random() < 0.7, lineage=rng.random() < 0.7, copies=copies)
    calm = rng.random() < 0.3
    for version in lives.values():
        for change in version.changes:
            _tell(rng, history, version, change, calm)
    rng.shuffle(history.messages)
    return history


def _phase(rng: Random, calm: bool) -> int:
    return FIRST if calm and rng.random() < 0.9 else rng.choice((FIRST, FIRST, SECOND, NEVER))


def _tell(rng: Random, history: History, version: Version, change: Change, calm: bool) -> None:
    number, index = version.number, change.index
    history.logged[number, index] = rng.choice((FIRST, FIRST, FIRST, SECOND, NEVER))
    if change.name != "DeleteModelPackage":
        announced = tuple(name for name in change.fields if name not in SILENT)
        apart = len(announced) > 1 and rng.random() < 0.5
        groups = [(name,) for name in announced] if apart else [announced] if announced or index == 0 else []
        for part, names in enumerate(groups):
            facts = tuple((index, name) for name in names) or ((index, REGISTRATION),)
            body = version.event(change, names, f"e-{number}-{index}-{part}")
            _post(rng, history, version, body, facts, _phase(rng, calm), index)
    if rng.random() < 0.6:
        # The record of the call by EventBridge; without CloudTrail's record there is none.
        phase = _phase(rng, calm) if history.logged[number, index] != NEVER else NEVER
        copied = change.by[0] != HUB and rng.random() < 0.5
        record = version.record(change, HUB if copied else change.by[0], copied)
        event = {"detail-type": "AWS API Call via CloudTrail", "account": record["recipientAccountId"]}
        body = envelope(record, event_id=f"b-{number}-{index}", time=record["eventTime"], **event)
        _post(rng, history, version, body, facts_of(change), phase, index)
        if not copied and phase != NEVER:
            history.named.add((number, index))
    if history.logged[number, index] != NEVER:
        history.named.add((number, index))


def facts_of(change: Change) -> tuple[tuple[int, str], ...]:
    """The fields of which a call makes facts."""
    if change.name == "CreateModelPackage":
        return ((change.index, REGISTRATION),)
    if change.name == "DeleteModelPackage":
        return ((change.index, DELETION),)
    return tuple((change.index, name) for name in change.fields)


def _post(
    rng: Random, history: History, version: Version, body: str, facts: tuple[tuple[int, str], ...], phase: int,
    index: int,
) -> None:  # fmt: skip
    for _copy in range(rng.choice(history.copies)):
        last = len(version.changes) - 1
        shown = last if phase == SECOND else rng.randint(index, last)
        history.messages.append(Message(body, version.number, facts, phase, shown))


@dataclass
class Told:
    """What is known of each version after each step: the reference model."""

    history: History
    known: dict[int, set[tuple[int, str]]] = field(default_factory=dict)
    gaps: dict[int, list[tuple[int, tuple[tuple[str, Any], ...]]]] = field(default_factory=dict)
    blank: set[int] = field(default_factory=set)
    tombs: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known = {number: set() for number in self.history.versions}
        self.gaps = {number: [] for number in self.history.versions}

    def deliver(self, phase: int) -> None:
        for message in self.history.messages:
            if message.phase == phase:
                for index, name in message.fields:
                    self._learn(message.version, index, name)

    def _learn(self, number: int, index: int, name: str) -> None:
        if name == DELETION and number in self.tombs:
            return
        if name == REGISTRATION and number in self.blank:
            return
        self.known[number].add((index, name))

    def reconcile(self, phase: int) -> None:
        for number, version in self.history.versions.items():
            for change in version.changes:
                if self.history.logged[number, change.index] <= phase:
                    for index, name in facts_of(change):
                        self._learn(number, index, name)
            if self.history.lineage:
                self._actions(number, version)
            if not version.deleted:
                self._registration(number, version)
                self._gap(number, version)
            elif (version.changes[-1].index, DELETION) not in self.known[number] and self._is_known(number):
                self.tombs.add(number)

    def _is_known(self, number: int) -> bool:
        return bool(self.known[number] or self.gaps[number] or number in self.blank)

    def _actions(self, number: int, version: Version) -> None:
        for change in version.changes:
            if LIFECYCLE not in change.sent or (change.index, LIFECYCLE) in self.known[number]:
                continue
            if self.history.actions_say or (change is version.last and not version.deleted):
                self.known[number].add((change.index, LIFECYCLE))
            else:
                self._open(number, change.index, {})

    def _registration(self, number: int, version: Version) -> None:
        if (0, REGISTRATION) in self.known[number] or number in self.blank:
            return
        if len(version.changes) == 1:
            self.known[number].add((0, REGISTRATION))
        else:
            self.blank.add(number)

    def _gap(self, number: int, version: Version) -> None:
        last = version.last
        approval, _, lifecycle, _ = self.state(number)
        differs: dict[str, Any] = {}
        if approval != last.after.approval:
            differs[APPROVAL] = last.after.approval
        if _sense(lifecycle) != _sense(last.after.lifecycle):
            differs[LIFECYCLE] = last.after.lifecycle
        explained = any(index == last.index for index, _ in (*self.known[number], *self.gaps[number]))
        if differs or not explained:
            self._open(number, last.index, differs)

    def _open(self, number: int, index: int, value: dict[str, Any]) -> None:
        gap = (index, tuple(sorted((name, canonical(text)) for name, text in value.items())))
        if gap not in self.gaps[number]:
            self.gaps[number].append(gap)

    def state(self, number: int) -> tuple[str | None, str | None, dict[str, str] | None, dict[str, tuple[str, str]]]:
        """Approval and its kind, life cycle, and of each stage status and kind: what the youngest of each told."""
        version = self.history.versions[number]
        approval: tuple[str | None, str | None] = (None, None)
        lifecycle: dict[str, str] | None = None
        stages: dict[str, tuple[str, str]] = {}
        for index, kind, name in self._in_order(number):
            after = version.changes[index].after
            if kind == "registration" and (0, REGISTRATION) not in self.known[number]:
                continue
            if name in (APPROVAL, REGISTRATION):
                approval = (after.approval, kind)
            if name in (LIFECYCLE, REGISTRATION):
                lifecycle = after.lifecycle
                stages[lifecycle["Stage"]] = (lifecycle["StageStatus"], kind)
        return (*approval, lifecycle, stages)

    def _in_order(self, number: int) -> Iterator[tuple[int, str, str]]:
        kinds = {REGISTRATION: (0, "registration"), APPROVAL: (2, "approval"), LIFECYCLE: (2, "stage")}
        entries = [(index, *kinds.get(name, (2, "metadata")), name) for index, name in self.known[number]]
        entries += [(index, 1, "gap", name) for index, differs in self.gaps[number] for name, _ in differs]
        for index, _, kind, name in sorted(entries):
            yield index, kind, name


def _sense(lifecycle: dict[str, str] | None) -> tuple[str, str] | None:
    return (lifecycle["Stage"], lifecycle["StageStatus"]) if lifecycle else None


@dataclass
class Play:
    """A history played against capture and reconcile."""

    history: History
    rng: Random
    faults: int = 12
    faulty: tuple[int, Callable[[str], None]] | None = None
    world: World = field(default_factory=World)
    deliveries: int = 0
    jobs: int = 0

    def run(self) -> None:
        """First deliveries, reconcile, late deliveries, reconcile; with trouble on the way."""
        world = self.world
        world.plan = self._troubles()
        self._deliver(FIRST)
        self._show(FIRST)
        self._work()
        world.now += timedelta(hours=20)
        self._deliver(SECOND)
        self._show(SECOND)
        world.now += timedelta(hours=20)
        self._work()
        world.plan, world.left = iter(()), lambda: 300.0

    def _troubles(self) -> Iterator[Callable[[str], None] | None]:
        if self.faulty is not None:
            at, trouble = self.faulty
            yield from [None] * at
            yield trouble
        for _ in range(self.faults):
            for _quiet in range(self.rng.randint(0, 12)):
                yield None
            yield self.rng.choice((crash, throttle))

    def _deliver(self, phase: int) -> None:
        waiting = [message for message in self.history.messages if message.phase == phase]
        while waiting:
            message = waiting.pop()
            version = self.history.versions[message.version]
            self.world.registry.versions[version.arn] = version.read_back(message.shown)
            self.deliveries += 1
            if not self.world.delivered(message.body):
                waiting.insert(0, message)

    def _show(self, phase: int) -> None:
        """What the sources hold now: the registry's last state, CloudTrail so far, the actions."""
        world, history = self.world, self.history
        alive = [version for version in history.versions.values() if not version.deleted]
        world.catalogue.groups = {GROUP: [version.arn for version in alive]}
        world.registry.versions = {v.arn: v.read_back(len(v.changes) - 1) for v in history.versions.values()}
        world.catalogue.noted = [
            version.action(change, says=history.actions_say)
            for version in history.versions.values()
            for change in version.changes
            if history.lineage and LIFECYCLE in change.sent
        ]
        world.trail.histories = {HUB: [], DEV: []}
        for number, version in history.versions.items():
            for change in version.changes:
                if history.logged[number, change.index] > phase:
                    continue
                own = change.by[0]
                self._log(own, version.record(change, own, copied=False))
                if own != HUB and (number + change.index) % 2:
                    self._log(HUB, version.record(change, HUB, copied=True))

    def _log(self, account: str, record: dict[str, Any]) -> None:
        at = START.fromisoformat(record["eventTime"])
        self.world.trail.histories[account].append(Recorded(record["eventName"], at, at, json.dumps(record)))

    def _work(self) -> None:
        short = iter([self.rng.choice((300.0, 300.0, 20.0)) for _ in range(self.faults)])
        self.world.left = lambda: next(short, 300.0)
        self.jobs += self.world.work({"job": "run"})
