"""The adapters on the emulated organisation: a spoke that is linked, one that isn't, and the fakes beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from governance.metrics import Points, Row
from governance.metrics_catalogue import QUALITY_NAMES, catalogue
from governance.quality import publish
from lambdas.common.attributes import to_attribute
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.metrics.adapters import CloudWatch, DynamoEndpoints, DynamoMetrics, SqsOutbox
from lambdas.metrics.core import Metrics
from lambdas.metrics.fakes import FakeTelemetry
from lambdas.metrics.ports import Telemetry
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings
from tests.lambdas.metrics.world import (
    DEV,
    HUB,
    PERIOD,
    QUALITY,
    REGION,
    SCHEDULED,
    TEST,
    arn_of,
    endpoint_row,
    variant_series,
)

SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region=REGION,
    accounts=tuple(
        Account(name, number)
        for name, number in (("management", "999999999999"), ("hub", HUB), ("dev", DEV), ("test", TEST))
    ),
    management="management",
)
INSTANCES = "/aws/sagemaker/Endpoints"
SHARED = ("AWS/SageMaker", INSTANCES, "/aws/sagemaker/InferenceComponents", QUALITY)
FILTER = f"Namespace IN ({','.join(map(repr, SHARED))})"


@dataclass
class Site:
    """The organisation with tables, and the time of its clock."""

    control: Control
    now: datetime
    metrics_table: str = "metrics"

    def client(self, account: str, service: str) -> Any:
        return self.control.client(account, None, service)

    def metrics(self, telemetry: Telemetry) -> Metrics:
        dynamodb = self.client("hub", "dynamodb")
        return Metrics(
            endpoints=DynamoEndpoints(dynamodb, "endpoints"),
            telemetry=telemetry,
            table=DynamoMetrics(dynamodb, self.metrics_table),
            outbox=SqsOutbox(self.client("hub", "sqs"), "", ""),
            meter=Measures(self.client("hub", "cloudwatch"), "mlgov"),
            catalogue=catalogue(QUALITY),
            accounts=frozenset({HUB, DEV, TEST}),
            own=frozenset({HUB}),
            region=REGION,
            period=PERIOD,
            retention_days=455,
            now=lambda: self.now,
            pause=lambda seconds: None,
        )

    def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        items = self.client("hub", "dynamodb").scan(TableName=self.metrics_table)["Items"]
        found = {(item["endpointvariant"]["S"], int(item["timestamp"]["N"])): item for item in items}
        return {key: item for key, item in found.items() if not key[0].startswith("run:")}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Hub with endpoints' table and sink; dev is linked, test isn't. An hour has passed since."""
    with Emulator(SETTINGS) as emulator:
        control = Control(emulator.endpoint)
        dynamodb = control.client("hub", None, "dynamodb")
        create(dynamodb, "endpoints", "endpointarn")
        for table in ("metrics", "again"):
            create(dynamodb, table, "endpointvariant", "timestamp")
        rows = [endpoint_row(account, "Same", "blue", "green") for account in (HUB, DEV, TEST)]
        for row in rows:
            dynamodb.put_item(TableName="endpoints", Item={name: to_attribute(value) for name, value in row.items()})
        link(control)
        yield Site(control, control.advance(3600))


def create(dynamodb: Any, table: str, *keys: str) -> None:
    dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "N" if k == "timestamp" else "S"} for k in keys],
        KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
        BillingMode="PAY_PER_REQUEST",
    )


def link(control: Control) -> None:
    oam = control.client("hub", None, "oam")
    sink = oam.create_sink(Name="mlgov-metrics")["Arn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [DEV]},
        "Action": ["oam:CreateLink", "oam:UpdateLink"],
        "Resource": "*",
        "Condition": {"ForAllValues:StringEquals": {"oam:ResourceTypes": ["AWS::CloudWatch::Metric"]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    oam.put_sink_policy(SinkIdentifier=sink, Policy=policy)
    control.client("dev", None, "oam").create_link(
        LabelTemplate="$AccountName",
        ResourceTypes=["AWS::CloudWatch::Metric"],
        SinkIdentifier=sink,
        LinkConfiguration={"MetricConfiguration": {"Filter": FILTER}},
    )


def put(site: Site, account: str, name: str, variant: str, points: Points) -> None:
    """What SageMaker publishes in an account."""
    dimensions = [{"Name": "EndpointName", "Value": "Same"}, {"Name": "VariantName", "Value": variant}]
    site.client(account, "cloudwatch").put_metric_data(
        Namespace=INSTANCES,
        MetricData=[
            {"MetricName": name, "Dimensions": dimensions, "Timestamp": time, "Value": value, "Unit": "Percent"}
            for time, value in points.items()
        ],
    )


def test_s9_metrics_of_linked_accounts_arrive_and_the_fake_answers_alike(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """S9, M4 of the reference system: no sink, no link, no metric of a spoke. Guards: fakes that are no CloudWatch."""
    last = int(site.now.timestamp()) // PERIOD * PERIOD - PERIOD
    fake = FakeTelemetry(unlinked={TEST})
    numbers = {"hub": HUB, "dev": DEV, "test": TEST}
    for n, (account, variant) in enumerate(product(numbers, ("blue", "green"))):
        points = {last - step * PERIOD: n / 2 for step in range(0, 4, 2)}
        put(site, account, "CPUUtilization", variant, points)
        fake.series[variant_series(numbers[account], "Same", variant, INSTANCES, "CPUUtilization", "Average")] = points
    at = datetime.fromtimestamp(last, UTC)
    quality = {"Accuracy": 0.5, "TotalViolations": 0}
    publish(site.client("dev", "cloudwatch"), "Same", "green", quality, at=at)
    for name, value in quality.items():
        statistic = "Maximum" if name == "TotalViolations" else "Average"
        fake.series[variant_series(DEV, "Same", "green", QUALITY, name, statistic)] = {last: float(value)}

    emulated = site.metrics(CloudWatch(site.client("hub", "cloudwatch"), frozenset({HUB})))
    assert emulated.handle("m", SCHEDULED, lambda: 300.0, Log()) == "collected"
    found = site.rows()
    assert f'"account": "{TEST}"' in capsys.readouterr().out
    assert {key for key, _ in found} == {
        f"{arn_of(account, 'Same')}#{variant}" for account in (HUB, DEV) for variant in ("blue", "green")
    }
    green = found[f"{arn_of(DEV, 'Same')}#green", last]
    assert {name: green[name] for name in ("accuracy", "totalviolations", "cpuutilization")} == {
        "accuracy": {"N": "0.5"}, "totalviolations": {"N": "0"}, "cpuutilization": {"N": "1.5"},
    }  # fmt: skip
    assert "precision" not in green

    site.metrics_table = "again"
    site.metrics(fake).handle("m", SCHEDULED, lambda: 300.0, Log())
    assert site.rows() == found


def test_late_values_pages_and_marks_behave_as_over_the_fakes(site: Site) -> None:
    """Guards: a row that isn't replaced, a mark that isn't kept, a page that isn't followed, on the real protocol."""
    site.metrics_table = "metrics"
    cloudwatch = site.client("hub", "cloudwatch")
    metrics = site.metrics(CloudWatch(Small(cloudwatch), frozenset({HUB})))
    metrics.handle("m", SCHEDULED, lambda: 300.0, Log())
    last = int(site.now.timestamp()) // PERIOD * PERIOD - PERIOD
    assert metrics.table.collected_until() == last + PERIOD
    put(site, "hub", "MemoryUtilization", "blue", {last: 42.0})
    metrics.handle("m", SCHEDULED, lambda: 300.0, Log())
    row = site.rows()[f"{arn_of(HUB, 'Same')}#blue", last]
    assert row["memoryutilization"] == {"N": "42"}
    assert "cpuutilization" in row
    metrics.table.advance(last)
    assert metrics.table.collected_until() == last + PERIOD


def test_25_rows_are_one_batch_and_the_same_again_replaces_them(site: Site) -> None:
    """Guards: a second run that fails on what the first wrote."""
    table = DynamoMetrics(site.client("hub", "dynamodb"), "again")
    rows: list[Row] = [{"endpointvariant": "x#v", "timestamp": n, "accuracy": n / 7} for n in range(25)]
    assert table.put(rows) == []
    assert table.put(rows) == []
    stored = {key: item for key, item in site_rows(site, "again").items() if key[0] == "x#v"}
    assert [float(item["accuracy"]["N"]) for _, item in sorted(stored.items())] == [n / 7 for n in range(25)]


def site_rows(site: Site, table: str) -> dict[tuple[str, int], dict[str, Any]]:
    site.metrics_table = table
    return site.rows()


def test_the_heartbeat_is_where_its_alarm_looks(site: Site) -> None:
    """Guards: an alarm on a metric that is never put."""
    client = site.client("hub", "cloudwatch")
    site.metrics(CloudWatch(client, frozenset({HUB}))).handle("beat", SCHEDULED, lambda: 300.0, Log())
    found = client.list_metrics(Namespace="MLGovernance", MetricName="Heartbeat")["Metrics"]
    names = [{one["Name"]: one["Value"] for one in metric["Dimensions"]} for metric in found]
    assert names == [{"Installation": "mlgov", "Function": "metrics"}]


class Small:
    """A cloudwatch client whose pages hold 3 datapoints."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get_metric_data(self, **parameters: Any) -> Any:
        return self._client.get_metric_data(**(parameters | {"MaxDatapoints": 3}))


def test_published_times_are_those_of_the_evaluation(site: Site) -> None:
    """Guards: all default quality metrics, published at once, in the period of their time."""
    at = site.now - timedelta(minutes=7)
    publish(site.client("hub", "cloudwatch"), "Same", "green", dict.fromkeys(QUALITY_NAMES, 1), at=at)
    site.metrics_table = "metrics"
    cloudwatch = site.client("hub", "cloudwatch")
    site.metrics(CloudWatch(cloudwatch, frozenset({HUB}))).handle("m", SCHEDULED, lambda: 300.0, Log())
    period = int(at.timestamp()) // PERIOD * PERIOD
    row = site.rows()[f"{arn_of(HUB, 'Same')}#green", period]
    assert {name.lower(): row[name.lower()] for name in QUALITY_NAMES} == {
        name.lower(): {"N": "1"} for name in QUALITY_NAMES
    }
