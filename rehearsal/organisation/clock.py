"""The organisation's clock: real time plus what was skipped, with timers that fire in order in either case.

Schedules, retries, visibility timeouts, endpoint transitions and the sleep of functions hang on it, so that a test of a
day's retries takes milliseconds.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rehearsal.organisation.core import Clock

Action = Callable[[], None]
Settle = Callable[[], bool]
"""Waits for work that was started; says whether there was none to wait for."""


@dataclass(order=True, slots=True)
class Timer:
    """One thing to do at a time. `what` says what is waiting, for whoever asks why nothing happens."""

    due: datetime
    number: int
    action: Action = field(compare=False)
    what: str = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Never fire; harmless once fired."""
        self.cancelled = True


def real_time() -> datetime:
    return datetime.now(UTC)


def _nobody(_by: int) -> None:
    """Nobody waits for the work of this thread."""


class VirtualClock:
    """Real time plus what was skipped. Timers fire by themselves in real time, or at once when time is
    skipped.

    An action must be short or hand its work to a thread of its own; `settle` functions wait for such work, so
    that during a skip the effects of one timer (a retry that schedules the next) are there before the next
    one fires.
    """

    def __init__(self, real: Callable[[], datetime] = real_time) -> None:
        self._real = real
        self._skipped = timedelta()
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._advancing = threading.Lock()
        self._listeners: list[Action] = []
        self._settle: list[Settle] = []
        self._thread: threading.Thread | None = None
        self._hurrying: threading.Thread | None = None
        self._sleepers: list[Timer] = []
        self._here = threading.local()
        self._stopped = False
        self.skipping_to: datetime | None = None
        """The end of the skip that is under way; None: there is none."""

    def now(self) -> datetime:
        return self._real() + self._skipped

    def after(self, seconds: float, action: Action, what: str) -> Timer:
        """Do something in so many seconds of this clock."""
        return self.at(self.now() + timedelta(seconds=seconds), action, what)

    def at(self, due: datetime, action: Action, what: str) -> Timer:
        with self._changed:
            timer = Timer(due, next(self._numbers), action, what)
            heapq.heappush(self._timers, timer)
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return timer

    def sleep(self, seconds: float) -> None:
        """Wait in this thread for so many seconds of this clock."""
        tell: Callable[[int], None] = getattr(self._here, "tell", _nobody)
        woken = threading.Event()

        def wake() -> None:  # no longer asleep before the next timer is looked at
            with self._changed:
                self._sleepers.remove(timer)
            tell(-1)
            woken.set()

        tell(1)
        with self._changed:
            if self._stopped:
                return
            timer = self.after(seconds, wake, "a function that sleeps")
            self._sleepers.append(timer)
            self._changed.notify_all()
        woken.wait()

    @contextmanager
    def at_work(self, tell: Callable[[int], None]) -> Iterator[None]:
        """In this thread: call `tell(1)` before a sleep and `tell(-1)` after it, since a skip waits for work only."""
        self._here.tell = tell
        try:
            yield
        finally:
            del self._here.tell

    def hurry(self) -> None:
        """From now on skip the time in which functions sleep and nothing else is at work."""
        with self._changed:
            if self._hurrying is None:
                self._hurrying = threading.Thread(target=self._skip_sleep, name="hurry", daemon=True)
                self._hurrying.start()

    def waiting(self) -> list[Timer]:
        """The timers still to fire, soonest first."""
        with self._changed:
            return sorted(timer for timer in self._timers if not timer.cancelled)

    def when_skipped(self, listener: Action) -> None:
        """Call a function after each skip: who waits for a time of this clock must look again."""
        self._listeners.append(listener)

    def settle_with(self, settle: Settle) -> None:
        """Call a function before, between and after the timers of a skip, to wait for the work that they started."""
        self._settle.append(settle)

    def advance(self, by: timedelta) -> None:
        """Skip a time. Timers due in it fire in order, each at its own time, in the calling thread.

        Raises ValueError for a negative time: the clock never goes back.
        """
        if by < timedelta():
            raise ValueError(f"the clock can't be set back by {-by}; give a time of 0 s or more")
        with self._advancing:
            self.skipping_to = goal = self.now() + by
            try:
                self._wait_until_settled()
                while (timer := self._pop(goal)) is not None:
                    self._skip_to(timer.due)
                    timer.action()
                    self._wait_until_settled()
                self._skip_to(goal)
                self._wait_until_settled()
            finally:
                self.skipping_to = None

    def stop(self) -> None:
        """Fire nothing any more."""
        with self._changed:
            self._stopped = True
            self._timers.clear()
            sleepers = list(self._sleepers)
            self._changed.notify_all()
        for timer in sleepers:
            timer.action()
        for thread in (self._thread, self._hurrying):
            if thread is not None and thread is not threading.current_thread():
                thread.join(timeout=5)

    def _wait_until_settled(self) -> None:
        """Ask all until nobody had to wait: what one finishes may be another's work."""
        settled = False
        while not settled:
            answers = [settle() for settle in self._settle]
            settled = all(answers)

    def _skip_to(self, moment: datetime) -> None:
        with self._changed:
            self._skipped += max(moment - self.now(), timedelta())
            self._changed.notify_all()
        for listener in self._listeners:
            listener()

    def _pop(self, until: datetime) -> Timer | None:
        with self._changed:
            while self._timers and self._timers[0].due <= until:
                timer = heapq.heappop(self._timers)
                if not timer.cancelled:
                    return timer
            return None

    def _skip_sleep(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._sleepers)
                if self._stopped:
                    return
                due = min(self._sleepers).due
            self.advance(max(due - self.now(), timedelta()))

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                wait = (self._timers[0].due - self.now()).total_seconds() if self._timers else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
            timer = self._pop(self.now())
            if timer is not None:
                timer.action()


def virtual(clock: Clock) -> VirtualClock:
    """The organisation's clock with its timers, which the core's protocol doesn't show."""
    if not isinstance(clock, VirtualClock):
        raise TypeError(f"the organisation's clock is a {type(clock).__name__}, which has no timers")
    return clock
