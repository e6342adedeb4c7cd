"""One history from its drawing to its last check, for the fault model and for the soak."""

from __future__ import annotations

from random import Random

from tests.lambdas.reconcile.checks import check
from tests.lambdas.reconcile.history import FIRST, SECOND, History, Play, Told, draw


def reference(history: History) -> Told:
    """What must be known at the end of a history."""
    told = Told(history)
    for phase in (FIRST, SECOND):
        told.deliver(phase)
        told.reconcile(phase)
    return told


def play(
    rng: Random, versions: int, most_changes: int, faults: int, copies: tuple[int, ...] = (1, 1, 2, 3)
) -> Play:  # fmt: skip
    """Play a history to its end and check it; another run then finds nothing. Raises AssertionError."""
    played = Play(draw(rng, versions, most_changes, copies), rng, faults)
    played.run()
    check(played.world, played.history, reference(played.history))
    before = len(played.world.tables.ledger)
    played.world.work({"job": "run"})
    assert len(played.world.tables.ledger) == before, "a run after the last one found something"
    return played
