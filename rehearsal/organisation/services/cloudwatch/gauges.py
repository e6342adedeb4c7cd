"""The gauges of queues: how many messages are visible, hidden, delayed, and the age of the oldest.

Sources: sqs/sqs-available-cloudwatch-metrics (names, units), sqs/monitoring-using-cloudwatch (one-minute data; a queue
is active for up to six hours after it held messages or was used). A sample is kept where something changed, and holds
until the next: a month of an idle queue costs nothing. The age counts from the sending, also in a dead-letter queue.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.organisation.services.cloudwatch.store import HOUR, MINUTE, Distribution, Metric
from rehearsal.organisation.services.sqs.queues import Queue

ACTIVE_SECONDS = 6 * HOUR
AGE = "ApproximateAgeOfOldestMessage"
UNITS = {
    "ApproximateNumberOfMessagesVisible": "Count",
    "ApproximateNumberOfMessagesNotVisible": "Count",
    "ApproximateNumberOfMessagesDelayed": "Count",
    AGE: "Seconds",
}
NAMESPACE = "AWS/SQS"


@dataclass(frozen=True, slots=True)
class Sample:
    """A queue at the end of the minute that begins at `second`; `oldest`: when its oldest message was sent."""

    second: int
    visible: int
    hidden: int
    delayed: int
    oldest: float | None

    def value(self, name: str, second: int) -> float:
        """What a metric says of the minute that begins at `second`."""
        if name == AGE:
            return 0.0 if self.oldest is None else max(0.0, second + MINUTE - self.oldest)
        counts = (self.visible, self.hidden, self.delayed)
        return float(counts[list(UNITS).index(name)])


@dataclass(slots=True)
class QueueGauge:
    """Samples in order, and spans `[from, until)` in which the queue was active; an open end: it holds messages."""

    samples: list[Sample] = field(default_factory=list)
    spans: list[tuple[float, float]] = field(default_factory=list)

    def used(self, now: datetime) -> None:
        """The queue was used: it stays active for a while."""
        second = now.timestamp()
        if self.spans and second <= self.spans[-1][1]:
            self.spans[-1] = (self.spans[-1][0], max(self.spans[-1][1], second + ACTIVE_SECONDS))
        else:
            self.spans.append((second, second + ACTIVE_SECONDS))

    def sample(self, queue: Queue, now: datetime, second: int) -> bool:
        """Look at the queue at the end of the minute that begins at `second`. Returns whether something changed."""
        queue.expire(now)
        oldest = min((one.sent.timestamp() for one in queue.messages), default=None)
        seen = Sample(second, queue.visible(now), queue.in_flight(now), queue.delayed(now), oldest)
        self._hold(now.timestamp(), full=bool(queue.messages))
        last = self.samples[-1] if self.samples else None
        if last is not None and (last.visible, last.hidden, last.delayed, last.oldest) == (
            seen.visible, seen.hidden, seen.delayed, seen.oldest,
        ):  # fmt: skip
            return False
        self.samples.append(seen)
        return True

    def _hold(self, second: float, *, full: bool) -> None:
        if not self.spans:
            return
        start, end = self.spans[-1]
        if full:
            self.spans[-1] = (start, float("inf"))
        elif end == float("inf"):
            self.spans[-1] = (start, second + ACTIVE_SECONDS)

    def active(self, second: int) -> bool:
        return any(start < second + MINUTE and second < end for start, end in self.spans)

    def at(self, second: int) -> Sample | None:
        place = bisect_right(self.samples, second, key=lambda one: one.second)
        return self.samples[place - 1] if place else None


@dataclass(slots=True)
class GaugeData:
    """One metric of a queue, read like data that were put."""

    gauge: QueueGauge
    name: str
    now: Callable[[], datetime]

    @property
    def newest(self) -> int:
        """The last whole minute in which the queue was active."""
        if not self.gauge.spans or not self.gauge.samples:
            return 0
        last = min(self.now().timestamp() - MINUTE, self.gauge.spans[-1][1])
        return int(last) - int(last) % MINUTE

    def within(self, start: int, end: int) -> Iterator[tuple[int, str, Distribution]]:
        """One value for each whole minute of activity."""
        first = max(start + -start % MINUTE, self.gauge.samples[0].second) if self.gauge.samples else end
        for second in range(first, min(end, self.newest + 1), MINUTE):
            sample = self.gauge.at(second)
            if sample is not None and self.gauge.active(second):
                yield second, UNITS[self.name], Distribution.of_values({sample.value(self.name, second): 1.0})

    def turns(self, threshold: float) -> Iterator[float]:
        """When an alarm may see something else: at changes, at the end of activity, when the oldest gets too old."""
        if not self.gauge.samples:
            return
        yield from (float(one.second) for one in self.gauge.samples[-2:])
        yield from (end for _, end in self.gauge.spans[-1:] if end != float("inf"))
        oldest = self.gauge.samples[-1].oldest
        if self.name == AGE and oldest is not None:
            yield oldest + threshold - MINUTE


def metric_of(queue: Queue, name: str) -> Metric:
    return Metric(NAMESPACE, name, (("QueueName", queue.name),))
