"""Capture's ports in memory, with DynamoDB's transaction semantics: all statements or none, reasons per
statement.

Beside the adapter because it must change with it. `faults` lets a caller break any port call, before or after
it took effect: what a crash or a lost answer does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from governance.canonical import Json
from governance.ledger import EMPTY, Head, Row
from governance.readback import ReadBack
from governance.state import State
from lambdas.capture.ports import Appended, Tip

Fault = Callable[[str], None]
"""Called with `<port>.<call>:before` or `:after`; raises what the call shall fail with."""


def no_fault(_point: str) -> None:
    """Nothing breaks."""


@dataclass
class FakeRegistry:
    """Versions by ARN; None is a deleted one."""

    versions: dict[str, ReadBack | None] = field(default_factory=dict)
    fault: Fault = no_fault

    def read(self, arn: str) -> ReadBack | None:
        self.fault("registry.read:before")
        return self.versions.get(arn)


@dataclass
class FakeTables:
    """Three tables. A row that exists can't be replaced; the state row moves only from the head it was read
    at.
    """

    ledger: dict[tuple[str, int], Row] = field(default_factory=dict)
    dedup: dict[str, dict[str, Json]] = field(default_factory=dict)
    state: dict[str, State] = field(default_factory=dict)
    fault: Fault = no_fault

    def rows(self, arn: str) -> list[Row]:
        """A package's rows in order."""
        return [row for (owner, _), row in sorted(self.ledger.items()) if owner == arn]

    def tip(self, arn: str) -> Tip:
        self.fault("tables.tip:before")
        rows = self.rows(arn)
        head = Head(int(rows[-1]["seq"]), str(rows[-1]["hash"])) if rows else EMPTY
        state = self.state.get(arn)
        return Tip(dict(state) if state else None, head)

    def append(self, row: Row, state: State, before: Head) -> Appended:
        self.fault("tables.append:before")
        arn, content = str(row["modelpackagearn"]), str(row["contentid"])
        known = self.state.get(arn)
        moves = known is None if before == EMPTY else known is not None and known["ledgerseq"] == before.seq
        if content in self.dedup:
            return Appended.DUPLICATE
        if (arn, int(row["seq"])) in self.ledger or not moves:
            return Appended.HEAD_MOVED
        self.ledger[arn, int(row["seq"])] = dict(row)
        self.dedup[content] = {n: row[n] for n in ("contentid", "modelpackagearn", "seq", "seenat")}
        self.state[arn] = dict(state)
        self.fault("tables.append:after")
        return Appended.COMMITTED


@dataclass
class FakeEndpoints:
    """Endpoint rows by ARN; an order that is not higher loses."""

    rows: dict[str, dict[str, str | None]] = field(default_factory=dict)
    fault: Fault = no_fault

    def record(self, row: Mapping[str, str | None], order: str) -> bool:
        self.fault("endpoints.record:before")
        arn = str(row["endpointarn"])
        before = self.rows.get(arn)
        if before is not None and order <= str(before["eventorder"]):
            return False
        first = before["firstseen"] if before else row["lastseen"]
        self.rows[arn] = {**row, "eventorder": order, "firstseen": first}
        self.fault("endpoints.record:after")
        return True


@dataclass
class FakeOutbox:
    """What was sent."""

    approvals: list[tuple[str, str]] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)
    fault: Fault = no_fault

    def approval_changed(self, arn: str, content_id: str) -> None:
        self.fault("outbox.approval_changed:before")
        self.approvals.append((arn, content_id))
        self.fault("outbox.approval_changed:after")

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        self.fault("outbox.dead_letter:before")
        self.dead.append((body, reason, event_id))
