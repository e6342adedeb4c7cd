"""The virtual clock: timers in order, by real time and by skipping."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.clock import VirtualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    """A clock whose real time stands still, so that only skips move it."""
    stopped = VirtualClock(lambda: START)
    yield stopped
    stopped.stop()


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_timers_fire_in_order_each_at_its_own_time(delays: list[int]) -> None:
    """Guards against a skip that fires all timers at its end: a retry would see the wrong age."""
    clock = VirtualClock(lambda: START)
    fired: list[float] = []
    for delay in delays:
        clock.after(delay + 1, lambda: fired.append((clock.now() - START).total_seconds()), "test")
    clock.advance(timedelta(seconds=20_000))
    clock.stop()
    assert fired == sorted(delay + 1.0 for delay in delays)


def test_a_timer_set_by_a_timer_fires_in_the_same_skip(clock: VirtualClock) -> None:
    """Guards against a chain of retries that stops after its first link when time is skipped."""
    fired: list[int] = []

    def again(left: int) -> None:
        fired.append(left)
        if left:
            clock.after(60, lambda: again(left - 1), "again")

    clock.after(60, lambda: again(3), "again")
    clock.advance(timedelta(hours=1))
    assert fired == [3, 2, 1, 0]


def test_what_lies_beyond_the_skip_waits(clock: VirtualClock) -> None:
    """Guards against firing early: a message would become visible before its time."""
    fired: list[str] = []
    clock.after(61, lambda: fired.append("late"), "late")
    clock.advance(timedelta(seconds=60))
    assert not fired
    assert [timer.what for timer in clock.waiting()] == ["late"]


def test_a_cancelled_timer_never_fires(clock: VirtualClock) -> None:
    """Guards against a deleted rule whose schedule still fires."""
    fired: list[str] = []
    clock.after(1, lambda: fired.append("x"), "x").cancel()
    clock.advance(timedelta(seconds=5))
    assert not fired
    assert not clock.waiting()


def test_work_settles_between_two_timers(clock: VirtualClock) -> None:
    """Guards against the second timer running before what the first one started has ended."""
    order: list[str] = []

    def settle() -> bool:
        order.append("settled")
        return True

    clock.settle_with(settle)
    clock.after(1, lambda: order.append("one"), "one")
    clock.after(2, lambda: order.append("two"), "two")
    clock.advance(timedelta(seconds=3))
    assert order == ["settled", "one", "settled", "two", "settled", "settled"]


def test_the_clock_never_goes_back(clock: VirtualClock) -> None:
    """Guards against a negative skip, which would make expired credentials valid again."""
    with pytest.raises(ValueError, match="can't be set back"):
        clock.advance(timedelta(seconds=-1))


def test_a_timer_fires_by_itself_in_real_time() -> None:
    """Guards against timers that only a skip fires: a retry would hang in a live session."""
    clock = VirtualClock()
    fired = threading.Event()
    clock.after(0.02, fired.set, "soon")
    assert fired.wait(5)
    clock.stop()
