"""Windows of time: whole periods, as far back as CloudWatch keeps them. All times are epoch seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.errors import SettingError

LOOKBACK_SECONDS = 3600
"""A scheduled run collects this much again, so that datapoints that came late mend their rows. Later ones need a
`window` job.
"""

DAY = 86_400

MOST_DAYS = 3653
"""Ten years: what regulations ask at most to be kept."""

KEPT_DAYS = ((3600, 455), (300, 63), (60, 15))
"""Seconds and days: how long CloudWatch keeps datapoints of a period that is a multiple of so many seconds
(API_GetMetricData, "retains metric data as follows").
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole periods from `start` up to, not including, `end`: as GetMetricData counts."""

    start: int
    end: int
    period: int

    @property
    def periods(self) -> int:
        return (self.end - self.start) // self.period

    def split(self, periods: int) -> Iterator[Window]:
        """Consecutive windows of at most `periods` periods, oldest first."""
        step = periods * self.period
        for start in range(self.start, self.end, step):
            yield Window(start, min(start + step, self.end), self.period)


def aligned(start: int, end: int, period: int, now: int) -> Window:
    """The whole periods between two times: begun ones count from their beginning, unfinished ones don't count.

    Cut to what CloudWatch still keeps at this period. The window may be empty (`periods` 0).
    """
    oldest = _up(now - kept_days(period) * DAY, period)
    first = max(_down(start, period), oldest)
    last = min(_up(end, period), _down(now, period))
    return Window(min(first, last), last, period)


def scheduled(collected_until: int | None, period: int, now: int) -> Window:
    """What a scheduled run collects: from where the last complete run ended, less the look-back, to now.

    After an outage the window is as long as the outage, so that no period is left out.
    """
    end = _down(now, period)
    until = min(collected_until, end) if collected_until is not None else end
    return aligned(until - LOOKBACK_SECONDS, end, period, now)


def kept_days(period: int) -> int:
    """For how many days CloudWatch answers queries of this period."""
    return next(days for multiple, days in KEPT_DAYS if period % multiple == 0)


def parse_period(text: str, setting: str = "PERIOD_SECONDS") -> int:
    """Read a period. Raises SettingError.

    Standard metrics have no period below a minute, and one that doesn't divide a day would shift from day to day.
    """
    period = int(text) if text.isascii() and text.isdecimal() else 0
    if period < 60 or period % 60 or DAY % period:
        raise SettingError(
            f"{setting} is {text[:40]!r}; allowed: a multiple of 60 that divides {DAY}, such as 60, 300, 900, 3600"
        )
    return period


def parse_days(text: str, setting: str = "METRICS_RETENTION_DAYS") -> int:
    """Read for how many days rows are kept. Raises SettingError."""
    days = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= days <= MOST_DAYS:
        raise SettingError(f"{setting} is {text[:40]!r}; allowed: a whole number of days from 1 to {MOST_DAYS}")
    return days


def _down(time: int, period: int) -> int:
    return time // period * period


def _up(time: int, period: int) -> int:
    return -(-time // period) * period
