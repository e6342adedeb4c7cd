"""How much work of a kind is under way, and waiting until none is."""

from __future__ import annotations

import threading


class Unfinished:
    """Counts pieces of work that threads of the emulation have taken on and not ended."""

    def __init__(self) -> None:
        self._count = 0
        self._asleep = 0
        self._changed = threading.Condition()

    def begin(self) -> None:
        with self._changed:
            self._count += 1

    def end(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def asleep(self, by: int) -> None:
        """So many more of them sleep (fewer, if negative): a skip of the clock needn't wait for those."""
        with self._changed:
            self._asleep += by
            self._changed.notify_all()

    def count(self) -> int:
        return self._count

    def settle(self, timeout_seconds: float) -> bool:
        """Wait until nothing is at work. Returns whether it was so already, or didn't become so in time."""

        def settled() -> bool:
            return self._count <= self._asleep

        with self._changed:
            return settled() or not self._changed.wait_for(settled, timeout_seconds)
