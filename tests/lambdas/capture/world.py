"""A registry that lives, the events that it sends, capture over fakes, and faults at every port call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from governance.stages import DEFAULT_STAGES
from lambdas.capture.core import Capture
from lambdas.capture.fakes import FakeEndpoints, FakeOutbox
from lambdas.capture.tally import Tally
from lambdas.common.fakes import FakeArtifacts, FakeDocuments, FakeRegistry, FakeTables
from lambdas.common.log import Log
from lambdas.common.recorder import Recorder
from tests.governance.samples import GROUP, moment


@dataclass
class Cloudwatch:
    """The puts of measures."""

    puts: list[dict[str, Any]] = field(default_factory=list)

    def put_metric_data(self, **parameters: Any) -> None:
        self.puts.append(parameters)


class Crash(Exception):
    """The function's process ends here."""


@dataclass
class World:
    """Capture with all its ports in memory. `plan` yields, per port call, what goes wrong there (None: nothing)."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    artifacts: FakeArtifacts = field(default_factory=FakeArtifacts)
    documents: FakeDocuments = field(default_factory=FakeDocuments)
    tables: FakeTables = field(default_factory=FakeTables)
    endpoints: FakeEndpoints = field(default_factory=FakeEndpoints)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    tally: Tally = field(default_factory=Tally)
    cloudwatch: Cloudwatch = field(default_factory=Cloudwatch)
    plan: Iterator[Callable[[str], None] | None] = field(default_factory=lambda: iter(()))
    minutes: float = 1000
    log: Log = field(default_factory=Log)

    def __post_init__(self) -> None:
        for port in (self.registry, self.artifacts, self.documents, self.tables, self.endpoints, self.outbox):
            port.fault = self._fault
        self.capture = Capture(
            registry=self.registry,
            artifacts=self.artifacts,
            recorder=Recorder(
                tables=self.tables,
                documents=self.documents,
                stages=DEFAULT_STAGES,
                now=self._now,
                pause=lambda seconds: None,
                watch=self.tally.add,
            ),
            endpoints=self.endpoints,
            outbox=self.outbox,
            groups=frozenset({GROUP}),
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
