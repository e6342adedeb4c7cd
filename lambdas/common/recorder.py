"""Writing facts into the ledger: one row, its dedup item and the state row in one transaction, each fact once.

Shared by capture and reconcile. Delivery is at least once and unordered, and both may write one version at a time:
every step may be repeated, and what was decided on a state that moved meanwhile is decided again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from governance.canonical import Json, iso
from governance.documents import Document
from governance.errors import LedgerError
from governance.facts import Fact
from governance.ledger import Head, Row, seal
from governance.matching import CHANGES, is_told_again, row_of
from governance.stages import Stages
from governance.state import CardColumns, State, head_of, known_values, project
from governance.terms import Witness
from lambdas.common.aws import Busy
from lambdas.common.log import Log

ATTEMPTS = 5
"""Tries for one row within one invocation; then the message goes back to the queue."""

FIRST_PAUSE_SECONDS = 0.05


class Appended(Enum):
    """How an append ended."""

    COMMITTED = "committed"
    DUPLICATE = "duplicate"
    HEAD_MOVED = "head moved"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Tip:
    """A package's state row (None: never seen) and the end of its chain, as read."""

    state: Mapping[str, Json] | None
    head: Head


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a fact. `row`: the new row, or the one that told it before where that was looked for."""

    outcome: Appended
    tip: Tip
    row: Mapping[str, Json] | None = None

    @property
    def is_new(self) -> bool:
        return self.outcome is Appended.COMMITTED


class Tables(Protocol):
    """Ledger, dedup and state table, written together or not at all."""

    def tip(self, arn: str) -> Tip:
        """Read state row and chain end, both consistently. Raises Busy, or the client's error."""

    def rows(self, arn: str) -> Sequence[Mapping[str, Json]]:
        """Read a whole chain consistently, in order. Raises Busy, or the client's error."""

    def append(self, row: Row, state: State, before: Head) -> Appended:
        """Write a row after `before`, its dedup item, and the state row, in one transaction."""


class Documents(Protocol):
    """Full documents, each under its digest."""

    def store(self, document: Document) -> None:
        """Keep a document; one that is there already is kept. Raises Busy, or the client's error."""


def unwatched(_row: Row) -> None:
    """Nobody counts what is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Appends facts. `pause` waits for seconds; `now` is the clock; `watch` is told each row that was written."""

    tables: Tables
    documents: Documents
    stages: Stages
    now: Callable[[], datetime]
    pause: Callable[[float], None]
    watch: Callable[[Row], None] = unwatched

    def tip(self, arn: str) -> Tip:
        """State row and chain end that agree; a commit between the two reads is waited out.

        Raises LedgerError where they contradict each other for good.
        """
        for attempt in range(ATTEMPTS):
            tip = self.tables.tip(arn)
            if head_of(tip.state) == tip.head:
                return tip
            self._wait(attempt)
        raise LedgerError(
            f"{arn}: the ledger ends at row {tip.head.seq} ({tip.head.hash[:12]}…), the state row says "
            f"{head_of(tip.state).seq}: nothing is appended until `governance verify` shows what was changed"
        )

    def record(
        self, fact: Fact, tip: Tip, log: Log, *, card: CardColumns | None = None,
        claimed: frozenset[str] = frozenset(), only_here: bool = False,
    ) -> Recorded:  # fmt: skip
        """Append a fact once, its documents first; `card` are the card columns of its read-back.

        `claimed`: content ids of rows that are known to tell other changes. `only_here`: the fact holds only for the
        state in `tip`; where that moved, the outcome is HEAD_MOVED. Raises Busy, LedgerError, the clients' errors.
        """
        stored = False
        for attempt in range(ATTEMPTS):
            told, telling = self._told(fact, tip, claimed)
            if told:
                return Recorded(Appended.DUPLICATE, tip, telling)
            if not stored:
                for document in fact.documents:
                    self.documents.store(document)
                stored = True
            row = self._row(fact, tip)
            state = project(tip.state, row, card, self.stages)
            outcome = self.tables.append(row, state, tip.head)
            if outcome is Appended.COMMITTED:
                _say(log, row)
                self.watch(row)
                return Recorded(outcome, Tip(state, head_of(state)), row)
            if outcome is Appended.DUPLICATE:
                return Recorded(outcome, tip)
            self._wait(attempt)
            before, tip = tip.head, self.tip(fact.arn)
            if only_here and tip.head != before:
                return Recorded(Appended.HEAD_MOVED, tip)
        raise Busy(f"row after {tip.head.seq} of {fact.arn} could not be written in {ATTEMPTS} tries")

    def _told(self, fact: Fact, tip: Tip, claimed: frozenset[str]) -> tuple[bool, Mapping[str, Json] | None]:
        """Whether another source told the change before, and its row where it was looked for."""
        if fact.kind not in CHANGES:
            return False, None
        if fact.witness is Witness.EVENT:
            return is_told_again(fact, tip.state), None
        before = row_of(fact, self.tables.rows(fact.arn), claimed)
        return before is not None, before

    def _row(self, fact: Fact, tip: Tip) -> Row:
        youngest = (tip.state or {}).get("eventtime") or ""
        return seal(
            fact,
            tip.head,
            seen=self.now(),
            came_from=known_values(tip.state).get(fact.field),
            late=iso(fact.happened) < youngest,
        )

    def _wait(self, attempt: int) -> None:
        """Exponential pause with full jitter, so that two writers of one package part."""
        self.pause(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - spreads retries, no secret


def _say(log: Log, row: Row) -> None:
    names = ("modelpackagearn", "seq", "kind", "field", "contentid", "happenedat", "witness")
    fields = {name: row[name] for name in names}
    if "incident" in row:
        log.error("incident recorded", incident=row["incident"], **fields)
    else:
        log.info("fact recorded", **fields)
