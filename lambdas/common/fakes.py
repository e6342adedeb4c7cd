"""The shared ports in memory, with DynamoDB's transaction semantics: all statements or none, reasons per statement.

Beside the adapters because they must change with them. `fault` lets a caller break any port call, before or
after it took effect: what a crash or a lost answer does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from governance.canonical import Json
from governance.documents import Document
from governance.facts import StoredObject
from governance.ledger import EMPTY, Head, Row
from governance.readback import ReadBack
from governance.state import State
from lambdas.common.measure import Measure
from lambdas.common.recorder import Appended, Tip

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
        found = self.versions.get(arn)
        self.fault("registry.read:after")
        return found


@dataclass
class FakeTables:
    """Three tables. A row that exists can't be replaced; the state row moves only from the head it was read at."""

    ledger: dict[tuple[str, int], Row] = field(default_factory=dict)
    dedup: dict[str, dict[str, Json]] = field(default_factory=dict)
    state: dict[str, State] = field(default_factory=dict)
    chains: dict[str, list[Row]] = field(default_factory=dict)
    fault: Fault = no_fault

    def rows(self, arn: str) -> Sequence[Row]:
        """A package's rows in order."""
        self.fault("tables.rows:before")
        rows = list(self.chains.get(arn, ()))
        self.fault("tables.rows:after")
        return rows

    def tip(self, arn: str) -> Tip:
        self.fault("tables.tip:before")
        rows = self.chains.get(arn)
        head = Head(int(rows[-1]["seq"]), str(rows[-1]["hash"])) if rows else EMPTY
        state = self.state.get(arn)
        self.fault("tables.tip:after")
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
        kept = dict(row)
        self.ledger[arn, int(row["seq"])] = kept
        self.chains.setdefault(arn, []).append(kept)
        self.dedup[content] = {n: row[n] for n in ("contentid", "modelpackagearn", "seq", "seenat")}
        self.state[arn] = dict(state)
        self.fault("tables.append:after")
        return Appended.COMMITTED


@dataclass
class FakeDocuments:
    """Documents by digest; the same one twice is one."""

    texts: dict[str, str] = field(default_factory=dict)
    fault: Fault = no_fault

    def store(self, document: Document) -> None:
        self.fault("documents.store:before")
        self.texts[document.sha256] = document.text
        self.fault("documents.store:after")


@dataclass
class FakeArtifacts:
    """Objects by URL."""

    objects: Mapping[str, StoredObject] = field(default_factory=dict)
    fault: Fault = no_fault

    def look(self, url: str | None) -> StoredObject | None:
        self.fault("artifacts.look:before")
        found = self.objects.get(url or "")
        self.fault("artifacts.look:after")
        return found


@dataclass
class FakeMeter:
    """What was measured, in the order in which it was put."""

    measured: list[Measure] = field(default_factory=list)
    fault: Fault = no_fault

    def put(self, measures: Iterable[Measure]) -> None:
        self.fault("meter.put:before")
        self.measured += measures
