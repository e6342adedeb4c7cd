"""Capture and guard side by side over fakes: what capture records the guard judges, and what it rejects comes back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from governance.readback import ReadBack
from governance.stages import DEFAULT_STAGES
from lambdas.capture.core import Capture
from lambdas.capture.fakes import FakeEndpoints, FakeOutbox
from lambdas.common.fakes import FakeArtifacts, FakeDocuments, FakeRegistry, FakeTables
from lambdas.common.log import Log
from lambdas.common.recorder import Recorder
from lambdas.guard.core import Guard, Mode
from lambdas.guard.fakes import FakeBolt
from lambdas.guard.tally import Tally
from tests.governance.samples import (
    APPROVER,
    AUTHOR,
    GROUP,
    HUB,
    arn_of,
    envelope,
    iso,
    moment,
    package_detail,
    seen,
    stage,
)

ARN = arn_of()
GUARD = f"arn:aws:sts::{HUB}:assumed-role/mlgov-hub-guard/mlgov-guard"

Person = tuple[str, str | None]
"""ARN and source identity."""

ANN: Person = (AUTHOR, "ann")
BEA: Person = (APPROVER, "bea")
ANN_AS_APPROVER: Person = (APPROVER.replace("bea", "risk"), "ann")
NOBODY: Person = (APPROVER.replace("bea", "x"), None)


@dataclass
class World:
    """One version that lives. `messages` are the events so far; `plan` says what goes wrong at the guard's calls."""

    mode: Mode = "reject"
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    artifacts: FakeArtifacts = field(default_factory=FakeArtifacts)
    tables: FakeTables = field(default_factory=FakeTables)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    bolt: FakeBolt = field(default_factory=FakeBolt)
    tally: Tally = field(default_factory=Tally)
    plan: Iterator[Callable[[str], None] | None] = field(default_factory=lambda: iter(()))
    messages: list[tuple[str, ReadBack]] = field(default_factory=list)
    minutes: float = 0
    approval: str = "PendingManualApproval"
    author: Person = ANN
    log: Log = field(default_factory=Log)

    def __post_init__(self) -> None:
        self.capture = Capture(
            registry=self.registry, artifacts=self.artifacts, recorder=self._recorder(lambda row: None),
            endpoints=FakeEndpoints(), outbox=self.outbox, groups=frozenset({GROUP}),
        )  # fmt: skip
        self.guard = Guard(
            registry=self.registry, artifacts=self.artifacts, recorder=self._recorder(self.tally.add), bolt=self.bolt,
            tally=self.tally, groups=frozenset({GROUP}), mode=self.mode,
        )  # fmt: skip
        self.bolt.carry_out = self._carried_out

    def _recorder(self, watch: Callable[[Any], None]) -> Recorder:
        return Recorder(
            tables=self.tables, documents=FakeDocuments(), stages=DEFAULT_STAGES, now=lambda: moment(1000),
            pause=lambda seconds: None, watch=watch,
        )  # fmt: skip

    def break_the_guard(self) -> None:
        """From now on `plan` is asked at each port call."""
        for port in (self.registry, self.artifacts, self.tables, self.bolt):
            port.fault = self._fault

    def mend(self) -> None:
        self.plan = iter(())

    def _fault(self, point: str) -> None:
        trouble = next(self.plan, None)
        if trouble is not None:
            trouble(point)

    def _carried_out(self, arn: str) -> bool:
        if self.registry.versions.get(arn) is None:
            return False
        self.decide("Rejected", by=(GUARD, None))
        return True

    def register(self, by: Person = ANN, approval: str = "PendingManualApproval") -> World:
        self.author, self.approval = by, approval
        return self._changed((), by, created=True)

    def decide(self, approval: str = "Approved", by: Person = BEA) -> World:
        self.approval = approval
        return self._changed(("ModelApprovalStatus",), by)

    def change(self, name: str, by: Person = BEA) -> World:
        return self._changed((name,), by)

    def _changed(self, fields: tuple[str, ...], by: Person, *, created: bool = False) -> World:
        """What the registry becomes, and the event that tells it, with the read-back of its own moment."""
        self.minutes += 0 if created else 1
        at = moment(self.minutes)
        detail = package_detail(
            modified=iso(at), changed=fields, approval=self.approval, lifecycle=stage("Development", "PendingApproval")
        )
        now = seen(
            modified=at, ModelApprovalStatus=self.approval, CreatedBy=_context(self.author), LastModifiedBy=_context(by)
        )
        self.registry.versions[ARN] = now
        self.messages.append((envelope(detail, event_id=f"e-{len(self.messages)}"), now))
        return self

    def deliver(self, which: int) -> None:
        """Capture's delivery of one event, read back as it was then."""
        body, then = self.messages[which]
        now = self.registry.versions.get(ARN)
        self.registry.versions[ARN] = then
        try:
            self.capture.handle(body, self.log)
        finally:
            self.registry.versions[ARN] = now

    def judge(self, receives: int = 4) -> str:
        return self.guard.handle("m-1", json.dumps({"modelpackagearn": ARN}), receives, self.log)

    def told(self) -> World:
        """All events so far delivered, and all that follows from them."""
        done = 0
        while done < len(self.messages):  # what the guard does adds messages
            self.deliver(done)
            done += 1
            if done == len(self.messages):
                self.judge()
        return self

    @property
    def incidents(self) -> list[str]:
        return [str(row["incident"]) for row in self.tables.chains.get(ARN, []) if row["kind"] == "incident"]


def _context(by: Person) -> dict[str, Any]:
    arn, source = by
    return {"IamIdentity": {"Arn": arn, "PrincipalId": "AROA", **({"SourceIdentity": source} if source else {})}}
