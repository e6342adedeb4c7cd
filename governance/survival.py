"""Durations of which some have not ended yet: quantiles that count open items instead of dropping them.

The product-limit (Kaplan-Meier) estimate: an open item counts as "at least this long". Dropping it would make a queue
look fast exactly when the slow cases pile up. Kaplan, Meier: Nonparametric Estimation from Incomplete Observations,
JASA 53 (1958) 457-481.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Span:
    """How long something took, in seconds; `ended` False: it takes at least as long."""

    seconds: int
    ended: bool


def quantile(spans: Iterable[Span], share: Fraction) -> int | None:
    """The shortest time within which at least `share` of all items ended; None where too many are still open.

    Exact fractions: `share` 1/2 of two ended items is the first one's time, whatever floats would make of it.
    An item that is open at a time counts as at risk for those that ended at that time.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share of {share} was asked for; allowed: above 0, at most 1")
    ordered = sorted(spans, key=lambda span: (span.seconds, not span.ended))
    at_risk = len(ordered)
    alive = Fraction(1)
    for span in ordered:
        if span.ended:
            alive *= Fraction(at_risk - 1, at_risk)
            if 1 - alive >= share:
                return span.seconds
        at_risk -= 1
    return None
