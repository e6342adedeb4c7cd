"""Schedule expressions: the documented examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.core import ApiError, NotEmulated
from rehearsal.organisation.delivery.schedules import parse_schedule

MONDAY = datetime(2026, 1, 5, 9, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", datetime(2026, 1, 5, 9, 31, 20, tzinfo=UTC)),
        ("rate(5 minutes)", datetime(2026, 1, 5, 9, 35, 20, tzinfo=UTC)),
        ("rate(1 day)", datetime(2026, 1, 6, 9, 30, 20, tzinfo=UTC)),
        ("cron(0 10 * * ? *)", datetime(2026, 1, 5, 10, 0, tzinfo=UTC)),
        ("cron(15 12 * * ? *)", datetime(2026, 1, 5, 12, 15, tzinfo=UTC)),
        ("cron(0 18 ? * MON-FRI *)", datetime(2026, 1, 5, 18, 0, tzinfo=UTC)),
        ("cron(0 8 ? * SAT,SUN *)", datetime(2026, 1, 10, 8, 0, tzinfo=UTC)),
        ("cron(0 8 1 * ? *)", datetime(2026, 2, 1, 8, 0, tzinfo=UTC)),
        ("cron(0/15 * * * ? *)", datetime(2026, 1, 5, 9, 45, tzinfo=UTC)),
        ("cron(0 0 1 JUL ? 2027)", datetime(2027, 7, 1, 0, 0, tzinfo=UTC)),
        ("cron(0 0 1 1 ? 2020)", None),
        ("cron(0/30 20-2 ? * MON-FRI *)", datetime(2026, 1, 5, 20, 0, tzinfo=UTC)),
        ("cron(0 8 L * ? *)", datetime(2026, 1, 31, 8, 0, tzinfo=UTC)),
        ("cron(0 8 L 2 ? 2028)", datetime(2028, 2, 29, 8, 0, tzinfo=UTC)),
        ("cron(0 8 3W * ? *)", datetime(2026, 2, 3, 8, 0, tzinfo=UTC)),
        ("cron(0 8 1W 2 ? *)", datetime(2026, 2, 2, 8, 0, tzinfo=UTC)),
        ("cron(0 8 1W 8 ? *)", datetime(2026, 8, 3, 8, 0, tzinfo=UTC)),
        ("cron(0 8 31W 5 ? *)", datetime(2026, 5, 29, 8, 0, tzinfo=UTC)),
        ("cron(0 8 31W * ? *)", datetime(2026, 1, 30, 8, 0, tzinfo=UTC)),
        ("cron(0 8 31W 4,5 ? *)", datetime(2026, 5, 29, 8, 0, tzinfo=UTC)),
        ("cron(0 8 ? * L *)", datetime(2026, 1, 10, 8, 0, tzinfo=UTC)),
        ("cron(0 9 ? * 6L *)", datetime(2026, 1, 30, 9, 0, tzinfo=UTC)),
        ("cron(0 9 ? * friL *)", datetime(2026, 1, 30, 9, 0, tzinfo=UTC)),
        ("cron(0 9 ? * 3#2 *)", datetime(2026, 1, 13, 9, 0, tzinfo=UTC)),
        ("cron(0 9 ? * 6#5 *)", datetime(2026, 1, 30, 9, 0, tzinfo=UTC)),
        ("cron(0 9 ? * 7#5 *)", datetime(2026, 1, 31, 9, 0, tzinfo=UTC)),
        ("cron(0 0 30 2 ? *)", None),
        ("rate(99999999999999999999 days)", None),
    ],
)
def test_the_next_time_is_as_documented(expression: str, expected: datetime | None) -> None:
    """Guards weekdays from Sunday, steps, and the first time after now, never now itself."""
    assert parse_schedule(expression).next_after(MONDAY) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "every minute", "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)", "cron(0 10 * *)", "cron(0 10 * FOO ? *)",
        "cron(0 0 * * ? 2027-2026)", "cron(? 10 * * ? *)", "cron(0 10 0 * ? *)",
        "cron(0 10 ? * 3#1,6#3 *)", "cron(0 10 ? * 3#6 *)", "cron(0 10 ? * 8 *)", "cron(0/0 10 * * ? *)",
        "cron(0/ 10 * * ? *)", "cron(5- 10 * * ? *)", "cron(*-5 10 * * ? *)",
        "cron(0 10 32W * ? *)", "cron(0 10 * * ? 1969)", "rate(1.5 hours)", "rate(1 week)", "Rate(1 day)",
    ],
)  # fmt: skip
def test_a_malformed_expression_is_refused(expression: str) -> None:
    """Guards against a schedule that AWS refuses: singular and plural, both days given, ranges."""
    with pytest.raises(ApiError, match="ScheduleExpression is not valid"):
        parse_schedule(expression)


@pytest.mark.parametrize(
    "expression", ["cron(0 8 LW * ? *)", "cron(0 8 L-3 * ? *)", "cron(0 8 1,L * ? *)", "cron(0 8 ? * 2,6L *)"]
)
def test_wildcards_that_no_page_explains_are_refused_by_name(expression: str) -> None:
    """Guards against firing on a wrong day."""
    with pytest.raises(NotEmulated, match="in the schedule"):
        parse_schedule(expression)


@given(
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
    hours=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    weekdays=st.sets(st.integers(1, 7), min_size=1, max_size=3),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)),  # noqa: DTZ001 - made aware below
)
def test_the_next_time_is_the_first_that_all_fields_admit(
    minutes: set[int], hours: tuple[int, int], weekdays: set[int], start: datetime
) -> None:
    """Guards against a time that is skipped at the end of an hour, a day or a week, or over midnight."""
    first, last = hours
    admitted = {hour % 24 for hour in range(first, last + 1 if first <= last else last + 25)}
    fields = f"{','.join(map(str, minutes))} {first}-{last} ? * {','.join(map(str, weekdays))} *"
    moment = start.replace(tzinfo=UTC)
    time = moment.replace(second=0, microsecond=0)
    while True:
        time += timedelta(minutes=1)
        if time.minute in minutes and time.hour in admitted and time.isoweekday() % 7 + 1 in weekdays:
            break
    assert parse_schedule(f"cron({fields})").next_after(moment) == time
