"""Capture and reconcile over one set of fakes, a queue for each, a clock, and faults at every port call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from governance.stages import DEFAULT_STAGES
from lambdas.capture.core import Capture
from lambdas.capture.fakes import FakeEndpoints, FakeOutbox
from lambdas.common.accounts import Account
from lambdas.common.aws import Busy
from lambdas.common.fakes import FakeArtifacts, FakeDocuments, FakeRegistry, FakeTables
from lambdas.common.log import Log
from lambdas.common.recorder import Recorder
from lambdas.reconcile.core import Reconcile
from lambdas.reconcile.fakes import FakeCatalogue, FakeJobs, FakeStates, FakeTrail
from lambdas.reconcile.settle import Settler
from lambdas.reconcile.tally import Tally
from tests.governance.samples import DEV, GROUP, HUB, START

ACCOUNTS = (Account(HUB, "hub", None, None), Account(DEV, "dev", "Development", f"arn:aws:iam::{DEV}:role/r"))
Plan = Iterator[Callable[[str], None] | None]


class Crash(Exception):
    """The function's process ends here."""


class Quiet(Log):
    """A log that writes nothing: a million lines help nobody."""

    def bind(self, **fields: str) -> Log:
        return self

    def _write(self, level: str, message: str, fields: dict[str, object]) -> None:
        return


@dataclass
class World:
    """Both functions. `plan` yields, per port call, what goes wrong there (None: nothing); `left`: seconds of time."""

    now: datetime = START + timedelta(days=1)
    plan: Plan = field(default_factory=lambda: iter(()))
    left: Callable[[], float] = lambda: 300.0
    accounts: tuple[Account, ...] = ACCOUNTS
    log: Log = field(default_factory=Quiet)
    calls: int = 0

    def __post_init__(self) -> None:
        self.registry, self.artifacts, self.documents = FakeRegistry(), FakeArtifacts(), FakeDocuments()
        self.tables, self.endpoints, self.capture_outbox = FakeTables(), FakeEndpoints(), FakeOutbox()
        self.trail, self.catalogue, self.outbox = FakeTrail(self.clock, page=3), FakeCatalogue(page=2), FakeJobs()
        self.states, self.tally = FakeStates(self.tables), Tally()
        ports = (
            self.registry, self.artifacts, self.documents, self.tables, self.endpoints, self.capture_outbox,
            self.trail, self.catalogue, self.outbox, self.states,
        )  # fmt: skip
        for port in ports:
            port.fault = self._fault
        recorder = Recorder(
            tables=self.tables, documents=self.documents, stages=DEFAULT_STAGES, now=self.clock,
            pause=lambda seconds: None, watch=self.tally.add,
        )  # fmt: skip
        self.capture = Capture(
            registry=self.registry, artifacts=self.artifacts, recorder=recorder, endpoints=self.endpoints,
            outbox=self.capture_outbox, groups=frozenset({GROUP}),
        )  # fmt: skip
        self.reconcile = Reconcile(
            settler=Settler(
                registry=self.registry, artifacts=self.artifacts, recorder=recorder, outbox=self.outbox
            ),
            catalogue=self.catalogue, trail=self.trail, states=self.states, outbox=self.outbox, meter=self.tally,
            groups=frozenset({GROUP}), accounts=self.accounts,
        )  # fmt: skip

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def _fault(self, point: str) -> None:
        self.calls += 1
        trouble = next(self.plan, None)
        if trouble is not None:
            trouble(point)

    def delivered(self, body: str) -> bool:
        """One delivery to capture; whether the message is done."""
        try:
            self.capture.handle(body, self.log)
        except (Crash, Busy):
            return False
        return True

    def work(self, job: Mapping[str, Any]) -> int:
        """Do a job and all that it leads to, as its queue would; how many deliveries that took."""
        waiting: list[tuple[dict[str, Any], int]] = [(dict(job), 0)]
        deliveries = 0
        while waiting:
            message, delay = waiting.pop(0)
            self.now += timedelta(seconds=delay)
            deliveries += 1
            try:
                self.reconcile.handle(f"m{deliveries}", json.dumps(message), self.left, self.log)
            except (Crash, Busy):
                waiting.append((message, 0))
            waiting += self.outbox.jobs
            self.outbox.jobs.clear()
        return deliveries

    @property
    def told(self) -> set[str]:
        """Versions of which the approval function was told."""
        return {arn for arn, _ in (*self.capture_outbox.approvals, *self.outbox.approvals)}


def crash(point: str) -> None:
    raise Crash(point)


def throttle(point: str) -> None:
    if point.endswith(":before"):
        raise Busy(point)
