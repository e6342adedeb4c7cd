"""What a run of the metrics function costs at 10,000 variants and 8 metrics, against a bare loop of the same calls.

Both speak to boto3 clients whose answers are canned at the wire, so that what boto3 takes to write requests and to read
answers is in both; the function adds planning, mapping, rows and their attributes. Each measurement is a process of its
own, for its processor time (nothing waits here) and its largest memory.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from botocore.awsrequest import AWSResponse

from benchmarks.timing import show
from governance.metrics import Request, requests, rows_of
from governance.metrics_catalogue import Catalogue, catalogue
from governance.metrics_targets import targets_of
from governance.metrics_window import DAY, Window, scheduled
from lambdas.common.aws import client
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.metrics.adapters import CloudWatch, DynamoEndpoints, DynamoMetrics, SqsOutbox
from lambdas.metrics.core import BATCH, Metrics
from rehearsal.engine import ROOT

ROUNDS = 3
BARE = "bare loop"
FUNCTION = "metrics function"
VARIANTS = 10_000
SCAN_PAGE = 500
PERIOD = 300
NOW = int(datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC).timestamp())
WINDOW: Window = scheduled(None, PERIOD, NOW)
ACCOUNT, REGION = "222222222222", "eu-west-1"
SEED = ("invocations", "modellatency", "cpuutilization", "diskutilization", "precision", "accuracy", "f2score",
        "totalviolations")  # fmt: skip
"""The eight columns of the reference system."""


def eight() -> Catalogue:
    whole = catalogue("MLGovernance/Quality")
    return Catalogue(tuple(metric for metric in whole.variant if metric.column in SEED), ())


def endpoint(number: int) -> dict[str, Any]:
    """The item of an endpoint with one variant."""
    values = {
        "endpointarn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/e{number:05}",
        "endpointname": f"e{number:05}",
        "account": ACCOUNT,
        "region": REGION,
        "variants": '[{"components":[],"model":"m","name":"AllTraffic","packages":[],"shadow":false}]',
    }
    return {name: {"S": value} for name, value in values.items()}


class Canned(AWSResponse):  # type: ignore[misc]  # botocore has no types
    """An HTTP answer with a body."""

    def __init__(self, url: str, body: bytes) -> None:
        super().__init__(url, 200, {"Content-Type": "application/x-amz-json-1.0"}, None)
        self._content = body


class Wire:
    """Answers requests before they are sent, and counts them."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self._pages = 0
        times = list(range(WINDOW.start, WINDOW.end, PERIOD))
        values = [0.25 * number for number in range(len(times))]
        results = [
            {"Id": f"q{n}", "Label": "x", "Timestamps": times, "Values": values, "StatusCode": "Complete"}
            for n in range(500)
        ]
        self._data = json.dumps({"MetricDataResults": results}).encode()

    def client(self, service: str) -> Any:
        made = client(service)
        made.meta.events.register(f"before-send.{service}", self.answer)
        return made

    def answer(self, request: Any, event_name: str, **_: Any) -> Canned:
        operation = event_name.rpartition(".")[2]
        self.calls[operation] = self.calls.get(operation, 0) + 1
        body = {"GetMetricData": lambda: self._data, "Scan": self._scan}.get(operation, lambda: b"{}")()
        return Canned(request.url, body)

    def _scan(self) -> bytes:
        first = self._pages * SCAN_PAGE
        self._pages = (self._pages + 1) % (VARIANTS // SCAN_PAGE)
        items = [endpoint(number) for number in range(first, first + SCAN_PAGE)]
        more = {"LastEvaluatedKey": {"endpointarn": items[-1]["endpointarn"]}} if self._pages else {}
        return json.dumps({"Items": items, **more}).encode()


def function(wire: Wire) -> None:
    """One scheduled run."""
    dynamodb, cloudwatch = wire.client("dynamodb"), wire.client("cloudwatch")
    metrics = Metrics(
        endpoints=DynamoEndpoints(dynamodb, "endpoints"),
        telemetry=CloudWatch(cloudwatch, frozenset()),
        table=DynamoMetrics(dynamodb, "metrics"),
        outbox=SqsOutbox(wire.client("sqs"), "jobs", "dlq"),
        meter=Measures(cloudwatch, "mlgov"),
        catalogue=eight(),
        accounts=frozenset({ACCOUNT}),
        own=frozenset(),
        region=REGION,
        period=PERIOD,
        retention_days=455,
        now=lambda: datetime.fromtimestamp(NOW, UTC),
        pause=time.sleep,
    )
    scheduled_event = '{"source": "aws.events", "detail-type": "Scheduled Event"}'
    metrics.handle("m", scheduled_event, lambda: 900.0, Log())


def bare(wire: Wire) -> None:
    """The same calls, each with the same parameters again and again: made once, as the adapters make them."""
    dynamodb, cloudwatch = wire.client("dynamodb"), wire.client("cloudwatch")
    sent: dict[str, dict[str, Any]] = {}
    recorder = Wire()
    parts = {"dynamodb": recorder.client("dynamodb"), "cloudwatch": recorder.client("cloudwatch")}
    for part in parts.values():
        part.meta.events.register(
            "provide-client-params.*.*", lambda params, model, **_: sent.setdefault(model.name, dict(params))
        )
    rows = [{name: value["S"] for name, value in endpoint(number).items()} for number in range(100)]
    targets = targets_of(rows, frozenset({ACCOUNT}), REGION, WINDOW).ordered
    request: Request = next(requests(targets, eight(), WINDOW))
    page = CloudWatch(parts["cloudwatch"], frozenset()).page(request.queries, WINDOW, None)
    asked = [(query, page.results[place].points) for place, query in enumerate(request.queries)]
    per_target = [asked[place : place + len(SEED)] for place in range(0, len(asked) - len(SEED), len(SEED))]
    batch = list(islice(chain.from_iterable(rows_of(one, PERIOD, DAY) for one in per_target), BATCH))
    DynamoMetrics(parts["dynamodb"], "metrics").put(batch)

    for _ in range(VARIANTS // SCAN_PAGE):
        dynamodb.scan(TableName="endpoints")
    for _ in range(VARIANTS * len(SEED) // 500):
        cloudwatch.get_metric_data(**sent["GetMetricData"])
    for _ in range(VARIANTS * WINDOW.periods // BATCH):
        dynamodb.batch_write_item(**sent["BatchWriteItem"])


CANDIDATES: dict[str, Callable[[Wire], None]] = {BARE: bare, FUNCTION: function}


def measure(label: str) -> None:
    """Run one candidate here and print its seconds, its largest memory in MB, and its calls."""
    wire = Wire()
    started = time.process_time()
    CANDIDATES[label](wire)
    seconds = time.process_time() - started
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, wire.calls]))


def main() -> None:
    seconds: dict[str, list[float]] = {label: [] for label in CANDIDATES}
    memory: dict[str, list[float]] = {label: [] for label in CANDIDATES}
    for _turn in range(ROUNDS):
        for label in CANDIDATES:
            took, largest, calls = _apart(label)
            seconds[label].append(took)
            memory[label].append(largest)
    print(f"{VARIANTS:,} variants, {len(SEED)} metrics, {WINDOW.periods} periods; calls of the function: {calls}")
    show("processor time", {label: statistics.median(found) for label, found in seconds.items()}, BARE)
    show("largest memory", {label: statistics.median(found) for label, found in memory.items()}, BARE, 1, "MB")


def _apart(label: str) -> tuple[float, float, dict[str, int]]:
    command = [sys.executable, "-m", "benchmarks.metrics", label]
    environment = {"AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    took, largest, calls = json.loads(done.stdout.splitlines()[-1])
    return took, largest, calls


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        main()
