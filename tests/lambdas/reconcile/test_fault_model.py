"""The fault model: random histories, told twice, late, out of order or never, with a fault at any call, end as a
reference model says that they must.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.lambdas.reconcile.checks import check
from tests.lambdas.reconcile.history import Play, draw
from tests.lambdas.reconcile.play import play, reference
from tests.lambdas.reconcile.world import World, crash, throttle


@settings(
    max_examples=1500, derandomize=True, deadline=None, database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
@given(st.randoms(use_true_random=False))
def test_any_history_ends_as_the_reference_model_says(rng: Random) -> None:
    """Guards: a change that is lost, doubled, misdated or laid to somebody else, whatever AWS drops, repeats or delays
    and wherever the functions end.
    """
    play(rng, versions=2, most_changes=4, faults=10)


@pytest.mark.parametrize("kind", [crash, throttle], ids=["crash", "throttle"])
@pytest.mark.parametrize("seed", [3, 8])
def test_a_fault_at_each_single_call_of_one_history_changes_nothing(seed: int, kind: Callable[[str], None]) -> None:
    """Guards: one place, before or after one call, at which a function may not end."""
    history = draw(Random(seed), versions=2, most_changes=3)

    def run(at: int | None) -> World:
        played = Play(history, Random(seed), faults=0)
        played.faulty = None if at is None else (at, kind)
        played.run()
        check(played.world, history, reference(history))
        return played.world

    calls = run(None).calls
    assert calls > 100
    for at in range(calls):
        run(at)
