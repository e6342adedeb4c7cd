"""An organisation of accounts in memory, the ledger's states, and the inventory over them with faults at every call."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.canonical import Json, iso
from governance.inventory import Component, Container, Endpoint, StoredArtifact, Unreadable
from governance.stages import DEFAULT_STAGES
from lambdas.common.accounts import Account
from lambdas.common.fakes import FakeMeter
from lambdas.common.log import Log
from lambdas.inventory.core import Inventory
from lambdas.inventory.fakes import (
    FakeAccounts,
    FakeArtifacts,
    FakeHistory,
    FakeHosting,
    FakeJobs,
    FakeRegistry,
    FakeStates,
    FakeTable,
)
from lambdas.inventory.handler import endpoint_arn
from tests.governance.hosted import SCOPE, config, endpoint, model, package, sha256_of, state, url_of, variant
from tests.governance.samples import DEV, HUB, REGION, arn_of, moment

TEST = "333333333333"
ACCOUNTS = (
    Account(HUB, "hub", None, None),
    Account(DEV, "dev", "Development", f"arn:aws:iam::{DEV}:role/mlgov-dev-reader"),
    Account(TEST, "test", "Staging", f"arn:aws:iam::{TEST}:role/mlgov-test-reader"),
)
NOON = 600.0
"""Minutes of the story at which walks begin."""


class Crash(Exception):
    """The function's process ends here."""


@dataclass
class Organisation:
    """The inventory with all its ports in memory. `plan` yields, per port call, what goes wrong (None: nothing)."""

    accounts: tuple[Account, ...] = ACCOUNTS
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    states: FakeStates = field(default_factory=FakeStates)
    artifacts: FakeArtifacts = field(default_factory=FakeArtifacts)
    table: FakeTable = field(default_factory=FakeTable)
    history: FakeHistory = field(default_factory=FakeHistory)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    meter: FakeMeter = field(default_factory=FakeMeter)
    plan: Iterator[Callable[[str], None] | None] = field(default_factory=lambda: iter(()))
    minutes: float = NOON
    left: Callable[[], float] = lambda: 300.0

    def __post_init__(self) -> None:
        self.hostings: dict[str, FakeHosting | Unreadable] = {a.account: FakeHosting() for a in self.accounts}
        self.open = FakeAccounts(self.hostings)
        for port in (
            self.open, self.registry, self.states, self.artifacts, self.table, self.history, self.jobs, self.meter,
            *self.hostings.values(),
        ):  # fmt: skip
            port.fault = self._fault  # type: ignore[union-attr]
        self.inventory = Inventory(
            open=self.open,
            registry=self.registry,
            states=self.states,
            artifacts=self.artifacts,
            table=self.table,
            history=self.history,
            jobs=self.jobs,
            meter=self.meter,
            accounts=self.accounts,
            scope=SCOPE,
            stages=DEFAULT_STAGES,
            arn_of=lambda account, name: endpoint_arn("aws", REGION, account, name),
            now=self._now,
        )

    def _fault(self, point: str) -> None:
        trouble = next(self.plan, None)
        if trouble is not None:
            trouble(point)

    def _now(self) -> datetime:
        self.minutes += 0.001
        return moment(self.minutes)

    def hosting(self, account: str) -> FakeHosting:
        found = self.hostings[account]
        assert isinstance(found, FakeHosting)
        return found

    def version(self, number: int = 1, row: Mapping[str, Json] | None = None) -> str:
        """Register a version with its artifact; by default it holds Staging. Returns its ARN."""
        arn = arn_of(number)
        self.registry.packages[arn] = package(number)
        self.states.states[arn] = row if row is not None else state(number)
        self.artifacts.objects[url_of(number)] = StoredArtifact(sha256_of(number), '"tag"')
        return arn

    def serve(
        self, account: str, name: str, *containers: Container, components: Sequence[Component] = (), **more: Any
    ) -> Endpoint:
        """An endpoint with a configuration and a model of its own name; without containers only components serve."""
        hosting = self.hosting(account)
        hosting.models[name] = model(name, *containers)
        hosting.configs[name] = config(name, variant(*([name] if containers else [])))
        hosting.placed[name] = tuple(components)
        hosting.live[name] = endpoint(name, account=account, **more)
        return hosting.live[name]

    def handle(self, body: str) -> str:
        """One delivery of one message."""
        return self.inventory.handle("m", body, self.left, Log())

    def run(self, walk: str = "run") -> None:
        """A scheduled run, with all the jobs that come of it."""
        self.minutes += 1
        self.handle(scheduled(walk, moment(self.minutes)))
        self.drain()

    def drain(self) -> None:
        """Deliver what was sent until nothing is left."""
        while self.jobs.sent:
            self.handle(self.jobs.sent.pop(0))

    def refresh(self, account: str, name: str) -> str:
        return self.handle(json.dumps({"job": "endpoint", "account": account, "endpoint": name}))

    def verdicts(self) -> dict[tuple[str, str], str]:
        """By account and endpoint: the verdicts of what lives."""
        return {
            (row["account"], row["endpointname"]): row["verdict"]
            for key, row in self.table.kept.items()
            if not key.startswith("account:") and row.get("deletedat") is None
        }

    def row(self, account: str, name: str) -> dict[str, Any]:
        return self.table.kept[endpoint_arn("aws", REGION, account, name)]


def scheduled(walk: str, time: datetime) -> str:
    """What the schedule's rule sends (eventbridge/latest/userguide/eb-run-lambda-schedule)."""
    return json.dumps(
        {
            "version": "0", "id": walk, "detail-type": "Scheduled Event", "source": "aws.events", "account": HUB,
            "time": iso(time), "region": REGION,
            "resources": [f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-hub-schedule-inventory"], "detail": {},
        }
    )  # fmt: skip


def impatient(calls: int) -> Callable[[], float]:
    """A clock that shows too little time left at every n-th look."""
    counter = itertools.count(1)
    return lambda: 0.0 if next(counter) % calls == 0 else 300.0
