"""What reconcile measures of itself: facts recovered, gaps, and that a run was completed."""

from __future__ import annotations

from dataclasses import dataclass

from governance.ledger import Row
from governance.terms import Witness
from lambdas.common.measure import Measure

FUNCTION = {"Function": "reconcile"}


@dataclass
class Tally:
    """The rows of one job."""

    recovered: int = 0
    gaps: int = 0
    beats: int = 0

    def add(self, row: Row) -> None:
        self.recovered += row["witness"] == Witness.RECOVERED
        self.gaps += row["witness"] == Witness.GAP

    def beat(self) -> None:
        self.beats += 1

    def take(self) -> list[Measure]:
        """The measures of what was added since the last time; both counts at the end of a run, be they 0."""
        counts = {"FactsRecovered": self.recovered, "Gaps": self.gaps}
        measures = [Measure(name, count, "Count", FUNCTION) for name, count in counts.items() if count or self.beats]
        if self.beats:
            measures.append(Measure("Heartbeat", 1, "Count", FUNCTION))
        self.recovered = self.gaps = self.beats = 0
        return measures
