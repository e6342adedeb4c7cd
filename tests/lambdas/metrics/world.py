"""Two accounts with endpoints of one name, CloudWatch with their series, and the function over fakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from governance.canonical import Json
from governance.metrics import Points
from governance.metrics_catalogue import Catalogue, catalogue
from lambdas.common.fakes import FakeMeter
from lambdas.common.log import Log
from lambdas.metrics.core import Metrics
from lambdas.metrics.fakes import FakeEndpoints, FakeOutbox, FakeTable, FakeTelemetry

HUB, DEV, TEST = "111111111111", "222222222222", "333333333333"
REGION = "eu-west-1"
QUALITY = "MLGovernance/Quality"
PERIOD = 300
NOW = int(datetime(2026, 3, 1, 12, 2, 30, tzinfo=UTC).timestamp())
ALIGNED = NOW // PERIOD * PERIOD
SCHEDULED = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-03-01T12:02:00Z"})
DAYS = 455


def endpoint_row(account: str, name: str, *variants: Mapping[str, Any] | str, **more: Json) -> dict[str, Json]:
    """A row of the endpoints' table as the walk writes it."""
    listed = [{"name": variant} if isinstance(variant, str) else dict(variant) for variant in variants]
    return {
        "endpointarn": arn_of(account, name),
        "endpointname": name,
        "account": account,
        "region": REGION,
        "variants": json.dumps(listed),
        **more,
    }


def arn_of(account: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{account}:endpoint/{name.lower()}"


def variant_series(
    account: str, endpoint: str, variant: str, namespace: str, name: str, statistic: str
) -> tuple[str, str, str, str, tuple[tuple[str, str], ...]]:
    """The identity of a variant's series in CloudWatch."""
    return account, namespace, name, statistic, (("EndpointName", endpoint), ("VariantName", variant))


class Crash(Exception):
    """The function's process ends here."""


@dataclass
class World:
    """The function with all its ports in memory. `plan` yields, per port call, what goes wrong there."""

    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    endpoints: FakeEndpoints = field(default_factory=FakeEndpoints)
    table: FakeTable = field(default_factory=FakeTable)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    meter: FakeMeter = field(default_factory=FakeMeter)
    plan: Iterator[Callable[[str], None] | None] = field(default_factory=lambda: iter(()))
    now: int = NOW
    seconds_left: float = 300.0
    seconds_per_request: float = 0.0
    catalogue: Catalogue = field(default_factory=lambda: catalogue(QUALITY))
    period: int = PERIOD

    def __post_init__(self) -> None:
        for port in (self.telemetry, self.endpoints, self.table, self.outbox, self.meter):
            port.fault = self._fault
        self.metrics = Metrics(
            endpoints=self.endpoints,
            telemetry=self.telemetry,
            table=self.table,
            outbox=self.outbox,
            meter=self.meter,
            catalogue=self.catalogue,
            accounts=frozenset({HUB, DEV, TEST}),
            own=frozenset({HUB}),
            region=REGION,
            period=self.period,
            retention_days=DAYS,
            now=lambda: datetime.fromtimestamp(self.now, UTC),
            pause=lambda seconds: None,
        )

    def _fault(self, point: str) -> None:
        trouble = next(self.plan, None)
        if trouble is not None:
            trouble(point)

    def _remaining(self) -> float:
        self.seconds_left -= self.seconds_per_request
        return self.seconds_left

    def put(self, series: tuple[str, str, str, str, tuple[tuple[str, str], ...]], points: Points) -> None:
        """Let CloudWatch hold values."""
        self.telemetry.series.setdefault(series, {}).update(points)

    def deliver(self, body: str = SCHEDULED) -> str:
        """One delivery of one message."""
        return self.metrics.handle("m-1", body, self._remaining, Log())

    def run(self, body: str = SCHEDULED) -> None:
        """A message and all that it sends after itself."""
        self.deliver(body)
        while self.outbox.jobs:
            self.seconds_left = 300.0
            self.deliver(self.outbox.jobs.pop(0))

    def row(self, key: str, time: int) -> dict[str, Json]:
        return self.table.rows[key, time]
