"""A registry that lives, the events that it sends, capture over fakes, and faults at every port call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from governance.stages import DEFAULT_STAGES
from lambdas.capture.core import Capture
from lambdas.capture.fakes import FakeEndpoints, FakeOutbox, FakeRegistry, FakeTables
from lambdas.common.log import Log
from tests.governance.samples import GROUP, moment


class Crash(Exception):
    """The function's process ends here."""


@dataclass
class World:
    """Capture with all its ports in memory. `plan` yields, per port call, what goes wrong there (None: nothing)."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    tables: FakeTables = field(default_factory=FakeTables)
    endpoints: FakeEndpoints = field(default_factory=FakeEndpoints)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    plan: Iterator[Callable[[str], None] | None] = field(default_factory=lambda: iter(()))
    minutes: float = 1000
    log: Log = field(default_factory=Log)

    def __post_init__(self) -> None:
        for port in (self.registry, self.tables, self.endpoints, self.outbox):
            port.fault = self._fault
        self.capture = Capture(
            registry=self.registry,
            tables=self.tables,
            endpoints=self.endpoints,
            outbox=self.outbox,
            groups=frozenset({GROUP}),
            stages=DEFAULT_STAGES,
            now=self._now,
            pause=lambda seconds: None,
        )

    def _fault(self, point: str) -> None:
        trouble = next(self.plan, None)
        if trouble is not None:
            trouble(point)

    def _now(self) -> Any:
        self.minutes += 0.001
        return moment(self.minutes)

    def deliver(self, body: str) -> str:
        """One delivery of one message."""
        return self.capture.handle(body, self.log)
