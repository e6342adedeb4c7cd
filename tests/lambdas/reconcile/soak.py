"""The fault model for long: at least a million deliveries of random histories, each checked against the reference.

    make soak            # or: python -m tests.lambdas.reconcile.soak [--deliveries N] [--seed S] [--processes P]

Status 0: all ended as they must. 1: one didn't; its seed is printed, and plays it again alone.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from random import Random

from tests.lambdas.reconcile.play import play

VERSIONS, MOST_CHANGES, FAULTS = 4, 6, 25
COPIES = (1, 2, 5, 20, 60)
"""How often a message comes: AWS promises at least once, and the queue adds its own."""

HISTORIES_A_TASK = 20


def histories(first: int) -> Counter[str]:
    """Play some histories, by seed; counts of what happened. Raises AssertionError naming the seed."""
    counts: Counter[str] = Counter()
    for seed in range(first, first + HISTORIES_A_TASK):
        try:
            played = play(Random(seed), VERSIONS, MOST_CHANGES, FAULTS, COPIES)
        except Exception as problem:
            raise AssertionError(f"seed {seed}: {type(problem).__name__}: {problem}") from problem
        rows = played.world.tables.ledger.values()
        counts.update(f"{row['witness']} rows" for row in rows)
        counts["histories"] += 1
        counts["deliveries"] += played.deliveries
        counts["different messages"] += len({message.body for message in played.history.messages})
        counts["reconcile jobs"] += played.jobs
        counts["calls of ports"] += played.world.calls
        counts["rows"] += len(rows)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    started, counts = time.perf_counter(), Counter[str]()
    seeds = itertools.count(chosen.seed, HISTORIES_A_TASK)
    with ProcessPoolExecutor(chosen.processes) as pool:
        running = {pool.submit(histories, next(seeds)) for _ in range(2 * chosen.processes)}
        while running:
            done = next(as_completed(running))
            running.remove(done)
            try:
                counts.update(done.result())
            except AssertionError as problem:
                print(f"soak: {problem}", file=sys.stderr)
                for waiting in running:
                    waiting.cancel()
                return 1
            print(f"\r{counts['deliveries']:>12,} deliveries", end="", file=sys.stderr, flush=True)
            if counts["deliveries"] < chosen.deliveries:
                running.add(pool.submit(histories, next(seeds)))
    seconds = time.perf_counter() - started
    print(file=sys.stderr)
    for name, count in sorted(counts.items()):
        print(f"{name:<20} {count:>12,}")
    print(f"{'seconds':<20} {seconds:>12,.0f}   ({counts['deliveries'] / seconds:,.0f} deliveries a second)")
    print("every history ended as the reference model says; a run after the last one found nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
