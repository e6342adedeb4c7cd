"""What EventBridge may do and mostly doesn't: lose, deliver late, twice, out of order, under another id, at a retry.

Sources: eb/eb-what-is-how-it-works-concepts (at least once, order not assured), eb/eb-rule-retry-policy,
eventbridge/ref/events-ref-sagemaker (best effort: the events of AWS services may never come). Whether a copy forwarded
to another bus keeps its id is documented nowhere, so a program must hold for both.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """How deliveries are disturbed. Probabilities are 0 to 1; the same seed and order of events give the same faults.

    `duplicate_probability`: a target gets an event a second time, under the same id. `reorder_window`: how many
    deliveries are held back and picked from at random (0: in order). `new_id_probability`: a copy forwarded to another
    bus gets an id of its own. `failure_probability`: an attempt fails at the target's side and is tried again.
    `drop_probability`: an AWS service's event never reaches its bus; the event log's row `dropped` tells which, with
    its detail. `delay_probability`: a delivery waits up to `delay_seconds` of the organisation's clock; who drains
    doesn't wait for it.
    """

    seed: int
    duplicate_probability: float = 0.0
    reorder_window: int = 0
    new_id_probability: float = 0.0
    failure_probability: float = 0.0
    drop_probability: float = 0.0
    delay_probability: float = 0.0
    delay_seconds: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name.endswith("probability") and not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}, not from 0 to 1: deliveries can't be disturbed so")
        if not 0 <= self.reorder_window <= 1000:
            raise ValueError(f"reorder_window is {self.reorder_window}, not from 0 to 1000 deliveries")
        if self.delay_seconds < 0 or bool(self.delay_seconds) != bool(self.delay_probability):
            raise ValueError(
                f"delay_seconds is {self.delay_seconds} and delay_probability {self.delay_probability}: a delay needs "
                "both above 0, else nothing is delayed"
            )


class Fate:
    """Draws what happens to each delivery, in the order of deliveries; which events are lost, in the order of a kind.

    Events of several services arise in several threads: which come first isn't fixed, so each kind has its own draws.
    """

    def __init__(self, disturbance: Disturbance) -> None:
        self.disturbance = disturbance
        self._random = random.Random(disturbance.seed)  # noqa: S311 - reproducible faults, no secret
        self._emitted: Counter[str] = Counter()

    def _hit(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def copies(self) -> int:
        return 2 if self._hit(self.disturbance.duplicate_probability) else 1

    def fails(self) -> bool:
        return self._hit(self.disturbance.failure_probability)

    def new_id(self) -> bool:
        return self._hit(self.disturbance.new_id_probability)

    def drops(self, kind: str) -> bool:
        """Whether the next event of a kind (source and detail type) is lost."""
        if not self.disturbance.drop_probability:
            return False
        self._emitted[kind] += 1
        own = random.Random(f"{self.disturbance.seed} {kind} {self._emitted[kind]}")  # noqa: S311 - as above
        return own.random() < self.disturbance.drop_probability

    def delay(self) -> float:
        """Seconds that a delivery waits; mostly none."""
        if not self._hit(self.disturbance.delay_probability):
            return 0.0
        return self._random.uniform(0.0, self.disturbance.delay_seconds)

    def pick(self, held: list[Any], *, last: bool, each: Callable[[Any], None]) -> None:
        """Hand on what is held beyond the window, or all of it at the last, each drawn at random."""
        while held and (last or len(held) > self.disturbance.reorder_window):
            each(held.pop(self._random.randrange(len(held))))
