"""Schedule expressions: the documented examples."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

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
    ],
)
def test_the_next_time_is_as_documented(expression: str, expected: datetime | None) -> None:
    """Guards weekdays from Sunday, steps, and the first time after now, never now itself."""
    assert parse_schedule(expression).next_after(MONDAY) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "every minute", "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)", "cron(0 10 * *)", "cron(0 10 * FOO ? *)", "cron(5-1 0 * * ? *)",
    ],
)  # fmt: skip
def test_a_malformed_expression_is_refused(expression: str) -> None:
    """Guards against a schedule that AWS refuses: singular and plural, both days given, ranges."""
    with pytest.raises(ApiError, match="ScheduleExpression is not valid"):
        parse_schedule(expression)


def test_last_day_wildcards_are_refused_by_name() -> None:
    """Guards against firing on a wrong day."""
    with pytest.raises(NotEmulated, match="L, W or #"):
        parse_schedule("cron(0 8 L * ? *)")
