"""What capture measures of itself: how long facts took to arrive, and how many of them are incidents."""

from __future__ import annotations

from dataclasses import dataclass

from governance.ledger import Row
from governance.terms import Clock, Kind, Witness
from governance.times import parse_time
from lambdas.common.measure import Measure

LAG = "CaptureLagSeconds"
INCIDENTS = "Incidents"
FUNCTION = {"Function": "capture"}


@dataclass
class Tally:
    """The rows of one batch. Lag counts what an event told of a change just made: of such rows, the longest."""

    longest_lag: float | None = None
    incidents: int = 0

    def add(self, row: Row) -> None:
        self.incidents += "incident" in row
        if row["witness"] == Witness.EVENT and row["clock"] == Clock.REGISTRY and row["kind"] != Kind.CARD:
            lag = (parse_time(row["seenat"]).at - parse_time(row["happenedat"]).at).total_seconds()
            self.longest_lag = max(lag, self.longest_lag or 0.0)

    def take(self) -> list[Measure]:
        """The measures of what was added since the last time."""
        lag, incidents = self.longest_lag, self.incidents
        self.longest_lag, self.incidents = None, 0
        measures = [] if lag is None else [Measure(LAG, max(lag, 0.0), "Seconds", FUNCTION)]
        return measures + ([Measure(INCIDENTS, incidents, "Count", FUNCTION)] if incidents else [])
