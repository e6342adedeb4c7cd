"""From endpoints to GetMetricData queries, and from its answers to rows of one series per variant.

Limits (API_GetMetricData): 500 queries and 100,800 datapoints a call. As long as a window holds at most 201 periods
(fewer than 500 queries: more), the number of first pages is the smallest possible, ceil(queries / 500); a longer window
is asked in pieces. A value that CloudWatch doesn't have is no attribute in the row, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from governance.canonical import Json
from governance.metrics_catalogue import Catalogue, Metric
from governance.metrics_targets import Target
from governance.metrics_window import Window

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800

USD_PER_1000_METRICS = 0.01
"""GetMetricData, "$0.01 per 1,000 metrics requested" (aws.amazon.com/cloudwatch/pricing, US East; no free tier)."""

SCHEMA_VERSION = 1

Points = dict[int, float]
"""Values by the start of their period, epoch seconds."""

Row = dict[str, Json]
"""A row of the metrics' table: text and whole numbers, and floats in the columns of metrics."""


@dataclass(frozen=True, slots=True)
class Query:
    """One metric of one target."""

    target: Target
    metric: Metric


@dataclass(frozen=True, slots=True)
class Request:
    """The queries of one call. A query's place is its identity: answers are mapped back by it, never by a label's text.

    `done` is the key of the last target that needs no further request.
    """

    queries: tuple[Query, ...]
    window: Window
    done: str


@dataclass(slots=True)
class Spent:
    """What a run cost so far. `requested`: metrics of all calls together, which is what CloudWatch charges for (pages
    and repetitions counted in full: the bill may be lower). `first_pages`, `next_pages` (by NextToken) and `retries`
    (calls made again) add up to all GetMetricData calls; `write_retries` are BatchWriteItem calls made again.
    """

    requested: int = 0
    first_pages: int = 0
    next_pages: int = 0
    retries: int = 0
    rows: int = 0
    write_retries: int = 0

    @property
    def calls(self) -> int:
        return self.first_pages + self.next_pages + self.retries

    @property
    def usd(self) -> float:
        return round(self.requested * USD_PER_1000_METRICS / 1000, 6)

    def document(self) -> dict[str, int]:
        return asdict(self)


def query_count(targets: Iterable[Target], catalogue: Catalogue) -> int:
    """How many queries the targets need."""
    return sum(len(catalogue.of(target.kind)) for target in targets)


def periods_per_request(queries: int) -> int:
    """The longest window, in periods, that a call with so many queries (of which it takes 500) can ask for."""
    return MAX_DATAPOINTS // max(1, min(queries, MAX_QUERIES))


def requests(targets: Sequence[Target], catalogue: Catalogue, window: Window) -> Iterator[Request]:
    """The calls that answer all metrics of the targets, in the targets' order: each but the last is full."""
    queries = (Query(target, metric) for target in targets for metric in catalogue.of(target.kind))
    following = tuple(islice(queries, MAX_QUERIES))
    finished = ""
    while current := following:
        following = tuple(islice(queries, MAX_QUERIES))
        finished = _finished(current, following) or finished
        yield Request(current, window, finished)


def _finished(current: Sequence[Query], following: Sequence[Query]) -> str | None:
    """Key of the last target of `current` that doesn't go on in `following`."""
    open_target = following[0].target if following else None
    return next((query.target.key for query in reversed(current) if query.target is not open_target), None)


class Assembly:
    """Joins the answers of consecutive requests into rows: a target's metrics may be spread over two of them."""

    def __init__(self, period: int, kept_seconds: int) -> None:
        self._period = period
        self._kept = kept_seconds
        self._open: list[tuple[Query, Points]] = []

    def add(self, request: Request, answers: Sequence[Points]) -> Iterator[Row]:
        """Take the answers of a request and give the rows of all targets that are complete now."""
        waiting = [*self._open, *zip(request.queries, answers, strict=True)]
        self._open = []
        start = 0
        for index, (query, _) in enumerate(waiting):
            if index + 1 == len(waiting) or waiting[index + 1][0].target is not query.target:
                series = waiting[start : index + 1]
                start = index + 1
                if query.target.key > request.done:
                    self._open = series
                else:
                    yield from rows_of(series, self._period, self._kept)


def rows_of(series: Sequence[tuple[Query, Mapping[int, float]]], period: int, kept_seconds: int) -> Iterator[Row]:
    """One row for each period in which at least one metric of the one target has a value, oldest first."""
    rows: dict[int, Row] = {}
    for query, points in series:
        for time, value in points.items():
            row = rows.get(time)
            if row is None:
                row = rows[time] = _identity(query.target, time, period, kept_seconds)
            row[query.metric.column] = value
    return (rows[time] for time in sorted(rows))


def _identity(target: Target, time: int, period: int, kept_seconds: int) -> Row:
    row: Row = {
        "endpointvariant": target.key,
        "timestamp": time,
        "expiresat": time + kept_seconds,
        "schemaversion": SCHEMA_VERSION,
        "accountid": target.account,
        "endpointarn": target.endpoint_arn,
        "endpointname": target.endpoint,
        "region": target.region,
        "periodseconds": period,
    }
    if target.variant is not None:
        row["variantname"] = target.variant
    if target.component is not None:
        row["componentname"] = target.component
    return row
