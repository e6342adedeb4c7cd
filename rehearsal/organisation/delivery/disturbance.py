"""What EventBridge may do and mostly doesn't: deliver twice, out of order, under another id, or only at a second try.

Sources: eb/eb-what-is-how-it-works-concepts (at least once, order not assured), eb/eb-rule-retry-policy. Whether a copy
forwarded to another bus keeps its id is documented nowhere, so a program must hold for both.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """How deliveries are disturbed. Probabilities are 0 to 1; the same seed and order of events give the same faults.

    `duplicate_probability`: a target gets an event a second time, under the same id. `reorder_window`: how many
    deliveries are held back and picked from at random (0: in order). `new_id_probability`: a copy forwarded to another
    bus gets an id of its own. `failure_probability`: an attempt fails at the target's side and is tried again.
    """

    seed: int
    duplicate_probability: float = 0.0
    reorder_window: int = 0
    new_id_probability: float = 0.0
    failure_probability: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name.endswith("probability") and not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}, not from 0 to 1: deliveries can't be disturbed so")
        if not 0 <= self.reorder_window <= 1000:
            raise ValueError(f"reorder_window is {self.reorder_window}, not from 0 to 1000 deliveries")


class Fate:
    """Draws what happens to each delivery, in the order of the deliveries."""

    def __init__(self, disturbance: Disturbance) -> None:
        self.disturbance = disturbance
        self._random = random.Random(disturbance.seed)  # noqa: S311 - reproducible faults, no secret

    def _hit(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def copies(self) -> int:
        return 2 if self._hit(self.disturbance.duplicate_probability) else 1

    def fails(self) -> bool:
        return self._hit(self.disturbance.failure_probability)

    def new_id(self) -> bool:
        return self._hit(self.disturbance.new_id_probability)

    def pick(self, held: list[Any], *, last: bool, each: Callable[[Any], None]) -> None:
        """Hand on what is held beyond the window, or all of it at the last, each drawn at random."""
        while held and (last or len(held) > self.disturbance.reorder_window):
            each(held.pop(self._random.randrange(len(held))))
