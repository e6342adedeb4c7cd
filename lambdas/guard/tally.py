"""What the guard measures of itself: what it found anew, and what stands approved by nobody knows whom."""

from __future__ import annotations

from dataclasses import dataclass

from governance.ledger import Row
from lambdas.common.measure import Measure

INCIDENTS = "Incidents"
UNKNOWN = "UnknownApprovals"
FUNCTION = {"Function": "guard"}


@dataclass
class Tally:
    """One batch."""

    incidents: int = 0
    unknown: int = 0

    def add(self, _row: Row) -> None:
        """Count a row that was written: the guard writes nothing but incidents."""
        self.incidents += 1

    def take(self) -> list[Measure]:
        """The measures of what was added since the last time; none of what there was nothing of."""
        counted = {INCIDENTS: self.incidents, UNKNOWN: self.unknown}
        self.incidents = self.unknown = 0
        return [Measure(name, count, "Count", FUNCTION) for name, count in counted.items() if count]
