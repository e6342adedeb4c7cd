"""Schedule expressions of rules: `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)`, in UTC.

Source: eb/eb-scheduled-rule-pattern, eb/eb-cron-expressions (fields, wildcards, `20-2` goes over midnight, one of the
two day fields is `?`, one `#` expression only). `LW`, `L-3` and lists with L or W are documented nowhere and refused by
name.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rehearsal.organisation.core import ApiError, NotEmulated

RATE = re.compile(r"rate\(([1-9]\d*) (minute|minutes|hour|hours|day|days)\)")
CRON = re.compile(r"cron\(([^()]*)\)")
UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
SATURDAY = 7


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a cron expression: its least and most value, the names of its values, whether a range may wrap."""

    least: int
    most: int
    names: tuple[str, ...] = ()
    wraps: bool = True


MINUTE, HOUR, MONTH_DAY = Field(0, 59), Field(0, 23), Field(1, 31)
MONTH, WEEK_DAY = Field(1, 12, tuple(MONTHS)), Field(1, 7, tuple(DAYS))
YEAR = Field(1970, 2199, wraps=False)


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds from when the rule was made."""

    seconds: int

    def next_after(self, moment: datetime) -> datetime | None:
        try:
            return moment + timedelta(seconds=self.seconds)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class MonthDays:
    """Days of the month: listed ones, the last (`L`), or the weekday nearest to one, in its month (`3W`)."""

    values: frozenset[int] = frozenset()
    last: bool = False
    nearest: int | None = None

    def admits(self, day: datetime) -> bool:
        length = calendar.monthrange(day.year, day.month)[1]
        if self.last:
            return day.day == length
        if self.nearest is None:
            return day.day in self.values
        return self.nearest <= length and day.day == _nearest(day, self.nearest, length)


@dataclass(frozen=True, slots=True)
class WeekDays:
    """Days of the week from 1, Sunday: listed ones, the last of the month (`6L`), or its n-th (`3#2`)."""

    values: frozenset[int]
    last: bool = False
    nth: int | None = None

    def admits(self, day: datetime) -> bool:
        if _weekday(day) not in self.values:
            return False
        if self.last:
            return day.day > calendar.monthrange(day.year, day.month)[1] - 7
        return self.nth is None or (day.day - 1) // 7 + 1 == self.nth


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field admits; `days` of the month or of the week, whichever isn't `?`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: MonthDays | WeekDays
    months: tuple[int, ...]
    years: tuple[int, ...]

    def next_after(self, moment: datetime) -> datetime | None:
        """The next time after a moment; None when there is none within the years that are admitted."""
        first = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = first.replace(hour=0, minute=0)
        while day.year <= self.years[-1]:
            if day.year in self.years and day.month in self.months and self.days.admits(day):
                for time in self._times(day, first):
                    return time
            day += timedelta(days=1)
        return None

    def _times(self, day: datetime, first: datetime) -> Iterator[datetime]:
        """The times of a day from a moment on."""
        for hour in self.hours:
            if day + timedelta(hours=hour + 1) > first:
                yield from (
                    time for one in self.minutes if (time := day.replace(hour=hour, minute=one)) >= first
                )  # fmt: skip


def _weekday(day: datetime) -> int:
    return day.isoweekday() % 7 + 1


def _nearest(month: datetime, wanted: int, length: int) -> int:
    """The day of the Monday to Friday nearest to a day, never in another month."""
    weekday = month.replace(day=wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < length else wanted - 2
    return wanted


def parse_schedule(expression: str) -> Rate | Cron:
    """Parse a schedule expression.

    Raises ApiError (ValidationException), NotEmulated.
    """
    if rate := RATE.fullmatch(expression):
        count, unit = int(rate.group(1)), rate.group(2)
        if (count == 1) != (not unit.endswith("s")):
            raise _invalid(expression)
        return Rate(count * UNITS[unit.removesuffix("s")])
    cron = CRON.fullmatch(expression)
    fields = cron.group(1).upper().split() if cron else []
    if len(fields) != 6 or (fields[2] == "?") == (fields[4] == "?"):
        raise _invalid(expression)
    minute, hour, month_day, month, week_day, year = fields
    days = _month_days(expression, month_day) if week_day == "?" else _week_days(expression, week_day)
    return Cron(
        _values(expression, minute, MINUTE), _values(expression, hour, HOUR), days,
        _values(expression, month, MONTH), _values(expression, year, YEAR),
    )  # fmt: skip


def _invalid(expression: str) -> ApiError:
    return ApiError("ValidationException", f"Parameter ScheduleExpression is not valid: {expression}.")


def _month_days(expression: str, field: str) -> MonthDays:
    if field == "L":
        return MonthDays(last=True)
    if near := re.fullmatch(r"(\d{1,2})W", field):
        return MonthDays(nearest=_number(expression, near.group(1), MONTH_DAY))
    if re.search("[LW]", field):
        raise NotEmulated(f"events: {field} as day of the month, in the schedule {expression},")
    return MonthDays(frozenset(_values(expression, field, MONTH_DAY)))


def _week_days(expression: str, field: str) -> WeekDays:
    if field == "L":
        return WeekDays(frozenset({SATURDAY}))
    if counted := re.fullmatch(r"(\w+)#([1-5])", field):
        return WeekDays(frozenset({_number(expression, counted.group(1), WEEK_DAY)}), nth=int(counted.group(2)))
    if last := re.fullmatch(r"(\w+)L", field):
        return WeekDays(frozenset({_number(expression, last.group(1), WEEK_DAY)}), last=True)
    if "L" in field:
        raise NotEmulated(f"events: {field} as day of the week, in the schedule {expression},")
    return WeekDays(frozenset(_values(expression, field, WEEK_DAY)))


def _values(expression: str, text: str, field: Field) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = field.least if first == "*" else _number(expression, first, field)
        high = _number(expression, last, field) if dash else field.most if first == "*" or slash else low
        if (slash and not re.fullmatch(r"[1-9]\d*", step)) or (first == "*" and dash):
            raise _invalid(expression)
        if low > high:
            if not field.wraps:
                raise _invalid(expression)
            high += field.most - field.least + 1
        width = field.most - field.least + 1
        found.update((one - field.least) % width + field.least for one in range(low, high + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(expression: str, text: str, field: Field) -> int:
    if text in field.names:
        return field.names.index(text) + 1
    if not re.fullmatch(r"[0-9]+", text) or not field.least <= int(text) <= field.most:
        raise _invalid(expression)
    return int(text)
