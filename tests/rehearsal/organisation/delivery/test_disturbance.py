"""Disturbances: reproducible from their seed, and losing nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.delivery.disturbance import Disturbance, Fate


def _shuffled(seed: int, window: int, count: int) -> list[int]:
    fate = Fate(Disturbance(seed=seed, reorder_window=window))
    held: list[int] = []
    out: list[int] = []
    for one in range(count):
        held.append(one)
        fate.pick(held, last=False, each=out.append)
    fate.pick(held, last=True, each=out.append)
    return out


@given(st.integers(), st.integers(0, 10), st.integers(0, 50))
def test_reordering_loses_and_invents_nothing(seed: int, window: int, count: int) -> None:
    """Guards against a disturbance that drops an event: the ledger's gap would be the rehearsal's."""
    assert sorted(_shuffled(seed, window, count)) == list(range(count))


@given(st.integers(), st.integers(0, 10), st.integers(0, 30))
def test_one_seed_gives_one_order(seed: int, window: int, count: int) -> None:
    """Guards reproducibility: a failure found with a seed must come again with it."""
    assert _shuffled(seed, window, count) == _shuffled(seed, window, count)


def test_without_a_window_the_order_stays() -> None:
    """Guards the undisturbed case."""
    assert _shuffled(7, 0, 20) == list(range(20))


def test_a_window_does_reorder() -> None:
    """Guards against a disturbance that does nothing."""
    assert _shuffled(7, 5, 20) != list(range(20))


@given(st.integers())
def test_a_certain_duplicate_is_always_one_more(seed: int) -> None:
    """Guards the probabilities' ends."""
    assert Fate(Disturbance(seed=seed, duplicate_probability=1)).copies() == 2
    assert Fate(Disturbance(seed=seed)).copies() == 1


@pytest.mark.parametrize("bad", [{"duplicate_probability": 1.5}, {"failure_probability": -0.1}, {"reorder_window": -1}])
def test_a_disturbance_out_of_range_is_refused(bad: dict[str, float]) -> None:
    """Guards against a typo that silently disturbs nothing."""
    with pytest.raises(ValueError, match="not from 0 to"):
        Disturbance(seed=1, **bad)  # type: ignore[arg-type]  # the point of the test
