"""The metrics function's ports in memory, with CloudWatch's ways: pages, answers in part, accounts without a link.

Beside the adapter because it must change with it. `fault` lets a caller break any port call, before or after it took
effect: what a crash or a lost answer does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from governance.canonical import Json
from governance.metrics import Points, Query, Row
from governance.metrics_window import Window
from lambdas.common.fakes import Fault, no_fault
from lambdas.metrics.ports import COMPLETE, FORBIDDEN, Page, Refused, Result

SeriesKey = tuple[str, str, str, str, tuple[tuple[str, str], ...]]
"""Account, namespace, metric name, statistic, dimensions: what makes a series in CloudWatch."""


def series_key(query: Query) -> SeriesKey:
    metric, target = query.metric, query.target
    return target.account, metric.namespace, metric.name, metric.statistic, target.dimensions


@dataclass
class FakeEndpoints:
    """Rows of the endpoints' table."""

    table: list[Mapping[str, Json]] = field(default_factory=list)
    fault: Fault = no_fault

    def rows(self) -> Iterator[Mapping[str, Json]]:
        self.fault("endpoints.rows:before")
        return iter(self.table)


@dataclass
class FakeTelemetry:
    """Series by what identifies them. `page_size`: datapoints of a page. `partial`: how many whole answers are still
    left unfinished without a token, metric by metric. `unlinked` accounts make the request refused, `forbidden` ones
    their metrics.
    """

    series: dict[SeriesKey, Points] = field(default_factory=dict)
    page_size: int = 100_800
    partial: int = 0
    unlinked: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    fault: Fault = no_fault
    asked: list[tuple[int, Window, str | None]] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)

    def page(self, queries: Sequence[Query], window: Window, token: str | None) -> Page:
        self.fault("telemetry.page:before")
        if len(queries) > 500 or len(queries) * window.periods > 100_800:
            raise AssertionError(f"{len(queries)} queries of {window.periods} periods: more than a call may ask for")
        self.asked.append((len(queries), window, token))
        self.accounts |= {query.target.account for query in queries}
        if self.unlinked & {query.target.account for query in queries}:
            raise Refused("an account is not linked")
        found = [
            (index, time, value)
            for index, query in enumerate(queries)
            if query.target.account not in self.forbidden
            for time, value in sorted(self.series.get(series_key(query), {}).items())
            if window.start <= time < window.end
        ]
        start = int(token or 0)
        end = start + self.page_size
        shown = found[start:end]
        if self.partial and not token:
            self.partial -= 1
            shown, found = shown[: len(shown) // 2], []
            unfinished = True
        else:
            unfinished = end < len(found)
        answers: dict[int, Points] = {}
        for index, time, value in shown:
            answers.setdefault(index, {})[time] = value
        self.fault("telemetry.page:after")
        results = tuple(
            Result(index, self._status(query, unfinished=unfinished), answers.get(index, {}))
            for index, query in enumerate(queries)
        )
        return Page(results, str(end) if end < len(found) else None)

    def _status(self, query: Query, *, unfinished: bool) -> str:
        if query.target.account in self.forbidden:
            return FORBIDDEN
        return "PartialData" if unfinished else COMPLETE


@dataclass
class FakeTable:
    """Rows by key. `unprocessed`: how many of the next puts leave half of their rows."""

    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    until: int | None = None
    unprocessed: int = 0
    fault: Fault = no_fault

    def put(self, rows: Sequence[Row]) -> Sequence[Row]:
        self.fault("table.put:before")
        keys = {(str(row["endpointvariant"]), int(row["timestamp"])) for row in rows}
        if len(rows) > 25 or len(keys) < len(rows):
            raise AssertionError("a batch takes 25 items of different keys")
        left: Sequence[Row] = ()
        if self.unprocessed:
            self.unprocessed -= 1
            half = len(rows) // 2
            rows, left = rows[:half], rows[half:]
        for row in rows:
            self.rows[str(row["endpointvariant"]), int(row["timestamp"])] = dict(row)
        self.fault("table.put:after")
        return left

    def collected_until(self) -> int | None:
        self.fault("table.collected_until:before")
        return self.until

    def advance(self, until: int) -> None:
        self.fault("table.advance:before")
        self.until = max(until, self.until or until)
        self.fault("table.advance:after")


@dataclass
class FakeOutbox:
    """What was sent."""

    jobs: list[str] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)
    fault: Fault = no_fault

    def go_on(self, body: str) -> None:
        self.fault("outbox.go_on:before")
        self.jobs.append(body)
        self.fault("outbox.go_on:after")

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        self.dead.append((body, reason, event_id))
