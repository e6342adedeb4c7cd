"""What is recorded of one version: what no row tells of its calls and actions, and what the registry alone shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governance.canonical import Json, iso
from governance.cloudtrail import ApiCall
from governance.documents import Document
from governance.errors import EventError
from governance.evidence import Action, Version, facts_of_call, with_registry
from governance.facts import Fact
from governance.readback import ReadBack
from governance.reconciliation import (
    Rows,
    distinct,
    facts_of_actions,
    gap,
    in_the_calls_moment,
    missing_registration,
    names_learnt,
    noted,
    pair,
)
from governance.reconciliation import tombstone as tombstone_of
from governance.terms import Kind, Witness
from lambdas.common.log import Log
from lambdas.common.recorder import Appended, Recorder, Tip
from lambdas.common.registry import Artifacts, Registry, card_of
from lambdas.reconcile.jobs import Run
from lambdas.reconcile.ports import Outbox

ATTEMPTS = 3
"""Looks at one version whose chain moves meanwhile; then it is left to the next run."""

DECISIVE = frozenset({Kind.APPROVAL, Kind.STAGE, Kind.DELETION, Kind.GAP})
"""Facts after which an artifact may have to be admitted to a stage, or shut out of it."""

JUDGED = frozenset({Kind.REGISTRATION, Kind.APPROVAL, Kind.STAGE, Kind.METADATA, Kind.GAP})
"""Facts after which the guard judges a version, but for those of the time before the ledger."""

OWN = frozenset({Witness.RECOVERED, Witness.GAP, Witness.BACKFILL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """Compares one version's sources with its rows, and records the difference."""

    registry: Registry
    artifacts: Artifacts
    recorder: Recorder
    outbox: Outbox

    def calls(
        self, version: Version, calls: Sequence[ApiCall], documents: Mapping[str, Document], run: Run,
        since: datetime, end: datetime, log: Log,
    ) -> None:  # fmt: skip
        """Record what no row tells of one version's calls within a window, and whom the rows don't name yet.

        `calls` hold some beyond the window, which help to tell which row tells which call.
        """
        ordered = distinct(calls)
        facts: list[Fact] = []
        for call in ordered:
            try:
                facts += facts_of_call(call, version, self.recorder.stages, run.witness, (documents[call.key],))
            except EventError as problem:
                log.warning("record says too little", reason=problem.reason, eventid=problem.event_id)
        tip, rows = self._chain(version.arn)
        paired = pair(facts, rows)
        missing = [fact for fact in paired.missing if since <= fact.happened < end]
        if missing:
            seen = self.registry.read(version.arn)
            told = [
                with_registry(fact, seen, [call.at for call in ordered if call.at > fact.happened]) for fact in missing
            ]
            told = in_the_calls_moment(told, paired, rows)
            tip = self._record(told, seen, tip, paired.claimed, log)
        self._tell_again(row for _, row in paired.told)
        for fact in names_learnt(paired, rows):
            tip = self.recorder.record(fact, tip, log).tip
            self.outbox.judge_again(version.arn)

    def _record(
        self, facts: Iterable[Fact], seen: ReadBack | None, tip: Tip, claimed: frozenset[str], log: Log
    ) -> Tip:  # fmt: skip
        for fact in sorted(facts, key=lambda fact: (fact.happened, fact.field)):
            stored = self.artifacts.look(fact.artifact.url)
            recorded = self.recorder.record(replace(fact, stored=stored), tip, log, card=card_of(seen), claimed=claimed)
            tip = recorded.tip
            self._tell(fact)
        return tip

    def _tell(self, fact: Fact) -> None:
        if fact.kind in DECISIVE:
            self.outbox.approval_changed(fact.arn, fact.content_id)
        if fact.kind in JUDGED and fact.witness is not Witness.BACKFILL:
            self.outbox.judge_again(fact.arn)

    def _tell_again(self, rows: Iterable[Mapping[str, Json]]) -> None:
        """Tell of the rows that reconcile wrote: an earlier job may have ended before it told."""
        for row in rows:
            witness = row.get("witness", Witness.EVENT)
            if witness in OWN and row["kind"] in DECISIVE:
                self.outbox.approval_changed(row["modelpackagearn"], row["contentid"])
            if witness in OWN - {Witness.BACKFILL} and row["kind"] in JUDGED:
                self.outbox.judge_again(row["modelpackagearn"])

    def _chain(self, arn: str) -> tuple[Tip, Rows]:
        """The tip and the rows up to it."""
        tip = self.recorder.tip(arn)
        return tip, [row for row in self.recorder.tables.rows(arn) if row["seq"] <= tip.head.seq]

    def version(self, version: Version, actions: Sequence[Action], run: Run, log: Log) -> None:
        """Record what no row tells of one version, by its actions and by what the registry shows, if it still does."""
        seen = self.registry.read(version.arn)
        tip, rows = self._chain(version.arn)
        paired = pair(facts_of_actions(actions, version, seen, rows, run.end, run.witness), rows)
        gaps_until = run.gaps_until(self.recorder.now())
        found_in_actions = (
            noted(fact, seen, gaps_until=gaps_until, witness=run.gap_witness) for fact in paired.missing
        )
        told = [fact for fact in found_in_actions if fact is not None]
        if seen is not None:
            registration = missing_registration(
                version, rows, seen, until=run.end, gaps_until=gaps_until, witness=run.witness,
                stages=self.recorder.stages,
            )  # fmt: skip
            told += [registration] if registration is not None else []
        self._record(told, seen, tip, paired.claimed, log)
        self._tell_again(row for _, row in paired.told)
        if seen is not None:
            self._gap(version, seen, run, gaps_until, log)

    def _gap(self, version: Version, seen: ReadBack, run: Run, gaps_until: datetime, log: Log) -> None:
        for _attempt in range(ATTEMPTS):
            tip, rows = self._chain(version.arn)
            found = gap(
                version, tip.state, rows, seen, gaps_until=gaps_until, witness=run.gap_witness,
                stages=self.recorder.stages,
            )  # fmt: skip
            if found is None:
                self._tell_again(row for row in rows if row["happenedat"] == iso(seen.modified))
                return
            stored = self.artifacts.look(found.artifact.url)
            recorded = self.recorder.record(replace(found, stored=stored), tip, log, card=card_of(seen), only_here=True)
            if recorded.outcome is not Appended.HEAD_MOVED:
                self._tell(found)
                return

    def tombstone(self, version: Version, tip: Tip, log: Log) -> None:
        """Record that a version is gone, and that nobody says since when."""
        self.recorder.record(tombstone_of(version, self.recorder.now()), tip, log)
        self.tell_gone(version)

    def tell_gone(self, version: Version) -> None:
        """Tell the approval function that a version's deletion is recorded."""
        self.outbox.approval_changed(version.arn, "deletion")
