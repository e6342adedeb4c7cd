"""Windows: whole periods, nothing left out between two runs, nothing that CloudWatch doesn't keep."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import SettingError
from governance.metrics_window import (
    DAY,
    LOOKBACK_SECONDS,
    Window,
    aligned,
    kept_days,
    parse_days,
    parse_period,
    scheduled,
)

NOW = 1_772_366_550
PERIODS = st.sampled_from([60, 300, 900, 3600, DAY])
TIMES = st.integers(NOW - 500 * DAY, NOW + DAY)


@given(start=TIMES, end=TIMES, period=PERIODS)
def test_m7_a_window_is_whole_periods_that_ended_and_are_kept(start: int, end: int, period: int) -> None:
    """M7 of the reference system: a window that begins within a period, so that its value is of another time."""
    window = aligned(start, end, period, NOW)
    assert window.start % period == window.end % period == 0
    assert window.start <= window.end <= NOW
    if window.periods:
        assert window.start > start - period
        assert window.start >= NOW - kept_days(period) * DAY
        assert window.end < end + period


@given(start=TIMES, end=TIMES, period=PERIODS)
def test_every_period_that_ended_within_is_in_the_window(start: int, end: int, period: int) -> None:
    """Guards: a period at an edge that no run collects."""
    window = aligned(start, end, period, NOW)
    oldest = NOW - kept_days(period) * DAY
    first = -(-max(start, oldest) // period) * period
    for begin in (first, first + period, (end - period) // period * period):
        if max(start, oldest) <= begin and begin + period <= min(end, NOW):
            assert window.start <= begin < window.end


@given(period=PERIODS, gaps=st.lists(st.integers(1, 3 * DAY), min_size=1, max_size=20))
def test_consecutive_runs_leave_no_period_out(period: int, gaps: list[int]) -> None:
    """Guards: a schedule that is slower than the look-back, or a failed run, leaves a hole."""
    now, until = NOW, None
    collected: list[Window] = []
    for gap in gaps:
        window = scheduled(until, period, now)
        collected.append(window)
        until = window.end
        now += gap
    for before, after in pairwise(collected):
        assert after.start <= before.end <= after.end
        assert after.start <= before.end - min(LOOKBACK_SECONDS, before.end - before.start)


def test_a_mark_in_the_future_is_not_believed() -> None:
    """Guards: a clock that was wrong once, after which nothing is ever collected again."""
    window = scheduled(NOW + DAY, 300, NOW)
    assert window.end == NOW // 300 * 300
    assert window.periods == LOOKBACK_SECONDS // 300


@given(periods=st.integers(0, 1000), step=st.integers(1, 250), period=PERIODS)
def test_pieces_are_the_whole(periods: int, step: int, period: int) -> None:
    """Guards: a period that is asked for twice, or between two pieces."""
    window = Window(NOW // period * period, NOW // period * period + periods * period, period)
    pieces = list(window.split(step))
    assert sum(piece.periods for piece in pieces) == periods
    assert all(piece.periods <= step for piece in pieces)
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]


@pytest.mark.parametrize("text", ["", "0", "59", "90", "7m", "-60", "420", "86460", "172800", "³00", "300.0"])
def test_periods_that_cloudwatch_has_not_are_refused(text: str) -> None:
    """Guards: queries that CloudWatch refuses, run after run."""
    with pytest.raises(SettingError, match="PERIOD_SECONDS is"):
        parse_period(text)


@pytest.mark.parametrize(("text", "days"), [("1", 1), ("455", 455), ("3653", 3653)])
def test_days_are_read(text: str, days: int) -> None:
    """Guards: rows that expire at once, or never."""
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "0", "-1", "3654", "1.5", "a year"])
def test_other_days_are_refused(text: str) -> None:
    """Guards: the same."""
    with pytest.raises(SettingError, match="METRICS_RETENTION_DAYS is"):
        parse_days(text)
