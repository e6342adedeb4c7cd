"""Whether an alarm's data breach its threshold: M of N, and what stands for missing data.

Sources: cw/alarm-evaluation (evaluation periods, data points to alarm), cw/alarms-and-missing-data with its two tables
(how many data points are missing, how they are treated, alarms that go off before all M are there). CloudWatch looks at
more periods than N; the tables show 5 for 3, so it is N + 2 here for all, where AWS says no number.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Treatment = Literal["missing", "ignore", "breaching", "notBreaching"]

EXTRA_PERIODS = 2
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
IN_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What an alarm demands: `enough` of `periods` data points that compare with the threshold."""

    comparison: str
    threshold: float
    periods: int
    enough: int
    treatment: Treatment

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.threshold)


def evaluate(condition: Condition, values: Sequence[float | None]) -> State | None:
    """The state by the values of the evaluation range, oldest first, None for a missing one.

    None: the alarm keeps its state.
    """
    known = [(age, value) for age, value in enumerate(reversed(values), 1) if value is not None]
    if not known:
        return _by_nothing(condition)
    taken = known[: condition.periods]
    breaching = [age for age, value in taken if condition.breaches(value)]
    missing = condition.periods - len(taken)
    if condition.treatment == "breaching":
        return "ALARM" if len(breaching) + missing >= condition.enough else "OK"
    if len(breaching) >= condition.enough:
        return "ALARM"
    if condition.treatment == "notBreaching" or len(breaching) < len(taken):
        return "OK"
    if condition.treatment == "missing" and max(breaching) >= condition.enough:
        return "ALARM"
    return None


def _by_nothing(condition: Condition) -> State | None:
    states: dict[Treatment, State | None] = {
        "missing": "INSUFFICIENT_DATA", "ignore": None, "breaching": "ALARM", "notBreaching": "OK",
    }  # fmt: skip
    return states[condition.treatment]
