"""Interleaved timing: candidates take turns, so that a busy moment hits all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def interleaved(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds per call, the median of `rounds`; one round beforehand isn't counted."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + 1):
        for name, call in candidates.items():
            started = time.perf_counter()
            call()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def show(title: str, medians: Mapping[str, float], baseline: str, unit: float = 1.0, unit_name: str = "s") -> None:
    """A line a candidate: median and ratio to the baseline."""
    print(title)
    for name, median in medians.items():
        print(f"  {name:<32} {median * unit:9.3f} {unit_name}   {median / medians[baseline]:6.2f} x {baseline}")
