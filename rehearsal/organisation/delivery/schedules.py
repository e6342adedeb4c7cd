"""Schedule expressions of rules: `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)`, in UTC.

Source: eb/eb-scheduled-rule-pattern. The cron wildcards L, W and # are refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from rehearsal.organisation.core import ApiError, NotEmulated

RATE = re.compile(r"rate\(([1-9]\d*) (minute|minutes|hour|hours|day|days)\)")
CRON = re.compile(r"cron\(([^()]*)\)")
UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 1, 7),
    ("year", 1970, 2199),
)


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds from when the rule was made."""

    seconds: int

    def next_after(self, moment: datetime) -> datetime | None:
        return moment + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field admits; days of the week from 1, Sunday. None: any day (`?`)."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...] | None
    months: tuple[int, ...]
    weekdays: tuple[int, ...] | None
    years: tuple[int, ...]

    def next_after(self, moment: datetime) -> datetime | None:
        """The next time after a moment; None when there is none within the years that are admitted."""
        minute = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = minute.replace(hour=0, minute=0)
        while day.year <= self.years[-1]:
            if self._admits(day):
                for time in (day.replace(hour=hour, minute=one) for hour in self.hours for one in self.minutes):
                    if time >= minute:
                        return time
            day += timedelta(days=1)
        return None

    def _admits(self, day: datetime) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return (
            day.year in self.years
            and day.month in self.months
            and (self.days is None or day.day in self.days)
            and (self.weekdays is None or weekday in self.weekdays)
        )


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
    fields = cron.group(1).split() if cron else []
    if len(fields) != len(FIELDS) or (fields[2] == "?") == (fields[4] == "?"):
        raise _invalid(expression)
    if any(re.search(r"L|W|#", re.sub("JUL|WED", "", field.upper())) for field in fields):
        raise NotEmulated(f"events: L, W or # in the schedule {expression}")
    values = [_values(expression, field, least, most) for field, (_, least, most) in zip(fields, FIELDS, strict=True)]
    minutes, hours, days, months, weekdays, years = values
    if minutes is None or hours is None or months is None or years is None:
        raise _invalid(expression)
    return Cron(minutes, hours, days, months, weekdays, years)


def _invalid(expression: str) -> ApiError:
    return ApiError("ValidationException", f"Parameter ScheduleExpression is not valid: {expression}.")


def _values(expression: str, field: str, least: int, most: int) -> tuple[int, ...] | None:
    if field == "?":
        return None
    found: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = least if first == "*" else _number(expression, first, most)
        high = _number(expression, last, most) if last else most if first == "*" or step else low
        if not (least <= low <= high <= most) or (step and not step.isdigit()) or step == "0":
            raise _invalid(expression)
        found.update(range(low, high + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(expression: str, text: str, most: int) -> int:
    names = MONTHS if most == 12 else DAYS if most == 7 else []
    if text in names:
        return names.index(text) + 1
    if not text.isdigit():
        raise _invalid(expression)
    return int(text)
