"""Quantiles of durations some of which are still open."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.survival import Span, quantile

HALF = Fraction(1, 2)

ended = st.integers(0, 1000).map(lambda seconds: Span(seconds, ended=True))
spans = st.lists(st.builds(Span, st.integers(0, 1000), st.booleans()), max_size=30)
shares = st.fractions(min_value=Fraction(1, 100), max_value=1)


def test_open_items_count_as_at_least_as_long() -> None:
    """Guards: a queue that looks fast because the slow cases haven't ended. Worked by hand, as in Kaplan and Meier."""
    fast = [Span(60, ended=True), Span(120, ended=True)]
    slow = [Span(600, ended=False), Span(900, ended=False)]
    assert quantile(fast, HALF) == 60
    assert quantile(fast + slow, HALF) == 120
    assert quantile(fast + slow, Fraction(9, 10)) is None


def test_an_item_that_left_early_thins_out_those_at_risk() -> None:
    """Guards: open items counted as if they had been watched to the end. By hand: 1 - 4/5 * 2/3 = 7/15 at 30 s,
    then 1 - 8/15 * 1/2 = 11/15 at 40 s.
    """
    found = [Span(10, ended=True), Span(20, ended=False), Span(30, ended=True), Span(40, ended=True)]
    assert quantile([*found, Span(50, ended=False)], Fraction(7, 15)) == 30
    assert quantile([*found, Span(50, ended=False)], Fraction(8, 15)) == 40


@given(st.lists(ended, min_size=1, max_size=30), shares)
def test_without_open_items_it_is_the_plain_quantile(found: list[Span], share: Fraction) -> None:
    """Guards: an estimate that differs from counting where counting is possible."""
    ordered = sorted(span.seconds for span in found)
    enough = next(index for index in range(1, len(ordered) + 1) if Fraction(index, len(ordered)) >= share)
    assert quantile(found, share) == ordered[enough - 1]


@given(spans, shares, st.integers(0, 1000))
def test_waiting_longer_never_makes_it_look_faster(found: list[Span], share: Fraction, more: int) -> None:
    """Guards: an open item that grows older shortens the figure."""
    older = [span if span.ended else Span(span.seconds + more, ended=False) for span in found]
    before, after = (quantile(spans, share) for spans in (found, older))
    assert after is None or (before is not None and before <= after)


@pytest.mark.parametrize("share", [Fraction(0), Fraction(3, 2)])
def test_a_share_that_is_none_is_refused(share: Fraction) -> None:
    """Guards: a quantile of nothing answered with a number."""
    with pytest.raises(ValueError, match="allowed"):
        quantile([], share)
