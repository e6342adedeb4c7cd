"""What the metrics function does with one message: collect a window, write its rows, go on later if time runs out.

Every step may be repeated: a row is a function of its key and of what CloudWatch holds, and replaces itself. A crash at
any point is harmless: the message comes again and the window is collected again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from governance.canonical import iso
from governance.metrics import Assembly, Request, Row, Spent, periods_per_request, query_count, requests
from governance.metrics_catalogue import Catalogue
from governance.metrics_jobs import Resume, WindowJob, parse_job
from governance.metrics_targets import Target, Targets, targets_of
from governance.metrics_window import DAY, Window, aligned, scheduled
from lambdas.common.aws import Busy
from lambdas.common.log import Log
from lambdas.common.measure import Measure
from lambdas.metrics.asking import ATTEMPTS, Asking, wait
from lambdas.metrics.ports import Endpoints, Meter, Outbox, Table, Telemetry

BATCH = 25
"""Items of one BatchWriteItem (botocore's dynamodb model, BatchWriteItemRequestMap)."""

RESERVE_SECONDS = 60.0
"""With less time left no further request is begun: one needs a few seconds, many retries need more."""

Remaining = Callable[[], float]
"""Seconds that the invocation still has."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run, or its rest: `window` is what is left of it, `resume` where its first part stands."""

    window: Window
    scheduled: bool
    spent: Spent
    resume: Resume | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Collects metrics. `accounts`: those governed here, of which the metrics of `own` lie in the function's account.
    `pause` waits for seconds; `now` is the clock.
    """

    endpoints: Endpoints
    telemetry: Telemetry
    table: Table
    outbox: Outbox
    meter: Meter
    catalogue: Catalogue
    accounts: frozenset[str]
    own: frozenset[str]
    region: str
    period: int
    retention_days: int
    now: Callable[[], datetime]
    pause: Callable[[float], None]

    def handle(self, message_id: str, body: str, remaining: Remaining, log: Log) -> str:
        """Collect one window and say what came of it.

        Raises NotAMetricsJob for what can never be handled, Busy for what should come again, and the clients' own
        errors.
        """
        run = self._run(parse_job(message_id, body))
        targets = targets_of(self.endpoints.rows(), self.accounts, self.region, run.window)
        asking = Asking(self.telemetry, self.pause, self.own, run.spent, log)
        for part, chosen in self._parts(run, targets):
            assembly = Assembly(self.period, self.retention_days * DAY)
            for request in requests(chosen, self.catalogue, part):
                self._write(assembly.add(request, asking.answers(request)), run.spent)
                rest = _rest(run, part, request, chosen[-1])
                if rest is not None and remaining() < RESERVE_SECONDS:
                    self.outbox.go_on(rest.body())
                    _say(log, "to be continued", run, targets, asking)
                    return "to be continued"
        if run.scheduled:
            self.table.advance(run.window.end)
            self.meter.put([Measure("Heartbeat", 1, dimensions={"Function": "metrics"})])
        _say(log, "collected", run, targets, asking)
        return "collected"

    def _run(self, job: WindowJob | None) -> Run:
        now = int(self.now().timestamp())
        if job is None:
            return Run(scheduled(self.table.collected_until(), self.period, now), True, Spent(), None)
        window = aligned(job.start, job.end, self.period, now)
        if job.resume is None:
            return Run(window, False, Spent(), None)
        return Run(window, job.resume.scheduled, job.resume.spent, job.resume)

    def _parts(self, run: Run, targets: Targets) -> Iterator[tuple[Window, Sequence[Target]]]:
        """Windows that fit into a call each, oldest first, with the targets to ask about."""
        start = run.window.start
        if run.resume is not None and run.resume.until > start:
            part = Window(start, min(run.resume.until, run.window.end), self.period)
            yield part, [target for target in targets.ordered if target.key > run.resume.after]
            start = part.end
        left = Window(start, run.window.end, self.period)
        for part in left.split(periods_per_request(query_count(targets.ordered, self.catalogue))):
            yield part, targets.ordered

    def _write(self, rows: Iterable[Row], spent: Spent) -> None:
        rows = iter(rows)
        while batch := list(islice(rows, BATCH)):
            self._write_batch(batch, spent)
            spent.rows += len(batch)

    def _write_batch(self, batch: Sequence[Row], spent: Spent) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                spent.write_retries += 1
                wait(self.pause, attempt)
            try:
                batch = self.table.put(batch)
            except Busy:
                continue
            if not batch:
                return
        raise Busy(f"{len(batch)} rows could not be written in {ATTEMPTS} tries")


def _rest(run: Run, part: Window, request: Request, last: Target) -> WindowJob | None:
    """What is left of a run after a request; None: nothing."""
    if request.done != last.key:
        resume = Resume(request.done, part.end, run.scheduled, run.spent)
        return WindowJob(part.start, run.window.end, resume)
    if part.end >= run.window.end:
        return None
    return WindowJob(part.end, run.window.end, Resume("", part.end, run.scheduled, run.spent))


def _say(log: Log, message: str, run: Run, targets: Targets, asking: Asking) -> None:
    """Cost and extent of the run so far, its earlier invocations included."""
    log.info(
        message,
        start=_time(run.window.start),
        end=_time(run.window.end),
        scheduled=run.scheduled,
        targets=len(targets.ordered),
        elsewhere=targets.elsewhere,
        withoutvariants=targets.without_variants,
        refused=sorted(asking.refused),
        calls=run.spent.calls,
        usd=run.spent.usd,
        **run.spent.document(),
    )


def _time(seconds: int) -> str:
    return iso(datetime.fromtimestamp(seconds, UTC))
