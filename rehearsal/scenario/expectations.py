"""What the rehearsal expects, one by one, and what became of it.

An expectation that fails doesn't stop the phase it is in: a phase ends with all of its failures known. A phase with
failures stops the run, since what comes after builds on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic


class PhaseFailed(Exception):
    """A phase ended with expectations that did not hold."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that had to be true. `detail` says what was seen; for a failure it names the culprit.

    `cause`: it fails only for what made others fail, a missing permission or a lost event. It is told first.
    """

    phase: str
    claim: str
    held: bool
    detail: str = ""
    cause: bool = False


@dataclass(slots=True)
class Phase:
    """A part of the flow and the seconds that it took."""

    name: str
    seconds: float = 0.0
    expectations: list[Expectation] = field(default_factory=list)

    @property
    def failed(self) -> tuple[Expectation, ...]:
        return tuple(each for each in self.expectations if not each.held)


class Score:
    """Collects the expectations of a run, phase by phase."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Time a phase; raise PhaseFailed at its end if an expectation in it failed."""
        phase = Phase(name)
        self.phases.append(phase)
        start = monotonic()
        try:
            yield phase
        finally:
            phase.seconds = monotonic() - start
        if phase.failed:
            raise PhaseFailed(name)

    def expect(self, claim: str, held: bool, detail: str = "", *, cause: bool = False) -> bool:
        """Record one expectation in the current phase."""
        phase = self.phases[-1]
        phase.expectations.append(Expectation(phase.name, claim, held, detail, cause))
        return held

    def equal(self, claim: str, actual: object, expected: object) -> bool:
        held = actual == expected
        return self.expect(claim, held, f"{actual!r}" if held else f"expected {expected!r}, saw {actual!r}")

    @property
    def failures(self) -> Sequence[Expectation]:
        """What failed, causes before consequences."""
        return sorted((each for phase in self.phases for each in phase.failed), key=lambda each: not each.cause)

    @property
    def held(self) -> int:
        return sum(each.held for phase in self.phases for each in phase.expectations)
