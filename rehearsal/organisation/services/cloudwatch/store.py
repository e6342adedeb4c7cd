"""Metrics as CloudWatch keeps them: by namespace, name and dimensions, in minutes (or seconds), unit by unit.

Sources: cw/cloudwatch_concepts (identity of a metric, resolution, retention, statistic sets), API PutMetricData
(values and counts; percentiles of statistic sets; no percentile of negative values).
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rehearsal.organisation.core import Organisation

MINUTE = 60
HOUR = 3600
DAY = 86_400
RETAINED_DAYS = 455
COARSER = ((63 * DAY, HOUR), (15 * DAY, 300))
"""Older than so many seconds: only in periods that are a multiple of so many seconds (cw/cloudwatch_concepts)."""

PERCENTILE = re.compile(r"p(?P<rank>\d{1,3}(\.\d{1,10})?)")
PLAIN_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class Metric:
    """What tells one metric from another; the order of dimensions means nothing, so they are sorted."""

    namespace: str
    name: str
    dimensions: Dimensions = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Iterable[Mapping[str, str]] = ()) -> Metric:
        """From the API's `[{Name, Value}]`."""
        return cls(namespace, name, tuple(sorted((one["Name"], one["Value"]) for one in dimensions)))

    def shown(self) -> dict[str, object]:
        """As the API shows it."""
        return {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions],
        }


@dataclass(slots=True)
class Distribution:
    """Values of one period. `values` has how often each came, None where only a statistic set was sent."""

    count: float
    total: float
    low: float
    high: float
    values: dict[float, float] | None = None

    @classmethod
    def of_values(cls, values: Mapping[float, float]) -> Distribution:
        count = sum(values.values())
        total = sum(value * times for value, times in values.items())
        return cls(count, total, min(values), max(values), dict(values))

    @classmethod
    def of_set(cls, count: float, total: float, low: float, high: float) -> Distribution:
        """A statistic set; its one value is known where there is only one (API PutMetricData, StatisticValues)."""
        return cls(count, total, low, high, {low: count} if low == high or count == 1 else None)

    def merged(self, other: Distribution) -> Distribution:
        values = None
        if self.values is not None and other.values is not None:
            values = dict(self.values)
            for value, times in other.values.items():
                values[value] = values.get(value, 0.0) + times
        return Distribution(
            self.count + other.count, self.total + other.total, min(self.low, other.low), max(self.high, other.high),
            values,
        )  # fmt: skip

    def statistic(self, name: str) -> float | None:
        """A statistic of these values; None for a percentile that can't be told.

        Percentiles are interpolated between the nearest ranks; AWS publishes no method.
        """
        plain = {
            "SampleCount": self.count, "Sum": self.total, "Minimum": self.low, "Maximum": self.high,
            "Average": self.total / self.count if self.count else 0.0,
        }  # fmt: skip
        if name in plain:
            return plain[name]
        match = PERCENTILE.fullmatch(name)
        if match is None or self.values is None or self.low < 0:
            return None
        return _percentile(self.values, float(match["rank"]))


def _percentile(values: Mapping[float, float], rank: float) -> float:
    ordered = sorted(values.items())
    count = sum(times for _, times in ordered)
    position = max(count - 1, 0.0) * rank / 100
    below, seen = ordered[0][0], 0.0
    for value, times in ordered:
        if position <= seen + times - 1:
            inside = position >= seen
            return value if inside else below + (value - below) * (position - seen + 1)
        below, seen = value, seen + times
    return below


@dataclass(slots=True)
class Series:
    """One metric's data: by first second, then by unit. `seconds` are in order; the last is the newest."""

    points: dict[int, dict[str, Distribution]] = field(default_factory=dict)
    seconds: list[int] = field(default_factory=list)

    @property
    def newest(self) -> int:
        return self.seconds[-1] if self.seconds else 0

    def add(self, second: int, unit: str, values: Distribution) -> None:
        if second not in self.points:
            insort(self.seconds, second)
        by_unit = self.points.setdefault(second, {})
        by_unit[unit] = by_unit[unit].merged(values) if unit in by_unit else values

    def since(self, start: int) -> list[int]:
        """The seconds of data from one second on."""
        return self.seconds[bisect_left(self.seconds, start) :]

    def within(self, start: int, end: int) -> Iterator[tuple[int, str, Distribution]]:
        """The points from one second on, before another."""
        for second in self.seconds[bisect_left(self.seconds, start) : bisect_left(self.seconds, end)]:
            for unit, values in self.points[second].items():
                yield second, unit, values

    def forget_before(self, second: int) -> None:
        gone = bisect_left(self.seconds, second)
        for one in self.seconds[:gone]:
            del self.points[one]
        del self.seconds[:gone]


class Data(Protocol):
    """What can be read of a metric: `newest` is the last second with data, 0 without any."""

    @property
    def newest(self) -> int: ...

    def within(self, start: int, end: int) -> Iterator[tuple[int, str, Distribution]]: ...


def metrics(org: Organisation, account: str, region: str) -> dict[Metric, Data]:
    """The metrics of an account and region."""
    found: dict[Metric, Data] = org.state("cloudwatch", account, region).setdefault("metrics", {})
    return found


def record(
    org: Organisation, account: str, region: str, metric: Metric, at: datetime, unit: str, values: Distribution,
    *, seconds: int = MINUTE,
) -> None:  # fmt: skip
    """Add values to a metric at a time; `seconds` is its resolution, 60 or 1."""
    second = int(at.timestamp())
    with org.lock:
        series = metrics(org, account, region).setdefault(metric, Series())
        if not isinstance(series, Series):
            raise TypeError(f"{metric.namespace} {metric.name} is computed: nothing can be added to it")
        series.add(second - second % seconds, unit, values)
        series.forget_before(int(org.clock.now().timestamp()) - RETAINED_DAYS * DAY)


def readable(age_seconds: float, period: int) -> bool:
    """Whether data of an age can still be read in a period."""
    if age_seconds > RETAINED_DAYS * DAY:
        return False
    coarse = next((step for older, step in COARSER if age_seconds > older), 1)
    return period % coarse == 0


def periods(
    points: Iterable[tuple[int, str, Distribution]], start: int, period: int
) -> dict[int, dict[str, Distribution]]:
    """The points gathered in periods counted from `start`: by the period's first second, then by unit."""
    found: dict[int, dict[str, Distribution]] = {}
    for second, unit, values in points:
        by_unit = found.setdefault(start + (second - start) // period * period, {})
        by_unit[unit] = by_unit[unit].merged(values) if unit in by_unit else values
    return found
