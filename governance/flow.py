"""How work flows: time to approve, what waits and for how long, rework, and how fast a revocation takes effect.

All from rows: ledger rows of versions, history rows of endpoints. Times are wall-clock seconds. Items that are still
open count with the time they have taken so far (:mod:`governance.survival`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from governance.canonical import Json, iso
from governance.stages import APPROVED, REJECTED, Stages
from governance.survival import Span, quantile
from governance.terms import APPROVAL_FIELD, Kind
from governance.times import parse_time

Rows = Iterable[Mapping[str, Json]]

PENDING = "PendingManualApproval"
MEDIAN = Fraction(1, 2)
NINETY_PERCENT = Fraction(9, 10)


@dataclass(frozen=True, slots=True)
class Durations:
    """Durations of one kind. `median` and `p90` in seconds; None: too many haven't ended, or there are none.

    `withdrawn`: ended in another way (rejected, deleted), and count until then as not ended.
    """

    ended: int
    open: int
    withdrawn: int
    median: int | None
    p90: int | None

    @staticmethod
    def of(spans: Sequence[Span], withdrawn: int = 0) -> Durations:
        ended = sum(span.ended for span in spans)
        still = len(spans) - ended - withdrawn
        return Durations(ended, still, withdrawn, quantile(spans, MEDIAN), quantile(spans, NINETY_PERCENT))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that nobody has decided on, and how long it has waited."""

    arn: str
    since: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Flow:
    """The figures at one time.

    `to_approve`: by life-cycle stage, from the version's creation to its first approval for the stage; a version that
    nobody has approved for the first stage is open there, one that was rejected or deleted before is withdrawn. Later
    stages are open from the moment that somebody asks for them. `reworked`: versions that were approved and rejected
    at least once each, of all that were `decided` on. `revocation`: from a version's revocation to the moment when the
    last endpoint stopped serving it; only of versions that were served then.
    """

    at: str
    versions: int
    to_approve: Mapping[str, Durations]
    waiting: tuple[Waiting, ...]
    decided: int
    reworked: int
    revocation: Durations


def flow(ledger: Mapping[str, Sequence[Mapping[str, Json]]], history: Rows, stages: Stages, at: datetime) -> Flow:
    """The figures from the ledger rows by version, and the endpoints' history, of what happened until `at`."""
    known = {arn: _until(rows, at) for arn, rows in ledger.items()}
    known = {arn: rows for arn, rows in known.items() if rows}
    waits: dict[str, list[_Wait]] = {stage.lifecycle: [] for stage in stages.ordered}
    waiting = []
    for arn, rows in known.items():
        for lifecycle, wait in _waits(rows, stages, at).items():
            waits[lifecycle].append(wait)
        since = _waits_since(rows)
        if since is not None:
            waiting.append(Waiting(arn, since, _seconds(since, at)))
    decided = [rows for rows in known.values() if _statuses(rows) - {PENDING}]
    return Flow(
        at=iso(at),
        versions=len(known),
        to_approve={
            lifecycle: Durations.of([wait.span for wait in found], sum(wait.withdrawn for wait in found))
            for lifecycle, found in waits.items()
        },
        waiting=tuple(sorted(waiting, key=lambda item: (-item.seconds, item.arn))),
        decided=len(decided),
        reworked=sum(_statuses(rows) >= {APPROVED, REJECTED} for rows in decided),
        revocation=Durations.of(_revocations(known, history, at)),
    )


def _until(rows: Rows, at: datetime) -> list[Mapping[str, Json]]:
    """Rows of what had happened, in the order in which it happened (ties by content id, as the state does)."""
    kept = [row for row in rows if parse_time(row["happenedat"]).at <= at]
    return sorted(kept, key=lambda row: (row["happenedat"], row["kind"] != Kind.REGISTRATION, row["contentid"]))


def _seconds(since: str, until: datetime) -> int:
    return max(0, int((until - parse_time(since).at).total_seconds()))


@dataclass(frozen=True, slots=True)
class _Wait:
    span: Span
    withdrawn: bool = False


def _waits(rows: Sequence[Mapping[str, Json]], stages: Stages, at: datetime) -> dict[str, _Wait]:
    """The wait for each stage that was asked for. The first stage is asked for by registering."""
    asked: dict[str, str] = {}
    approved: dict[str, str] = {}
    ended: str | None = None
    first = stages.first.lifecycle
    known = {stage.lifecycle for stage in stages.ordered}
    asked[first] = str(rows[0].get("createdat") or rows[0]["happenedat"])
    for row in rows:
        when, value = str(row["happenedat"]), json.loads(str(row["tovalue"]))
        if row["kind"] == Kind.REQUEST and value["Stage"] in known:
            asked.setdefault(value["Stage"], when)
        elif row["kind"] == Kind.STAGE and isinstance(value, dict) and value.get("Stage") in known:
            asked.setdefault(value["Stage"], when)
            if value["StageStatus"] == APPROVED:
                approved.setdefault(value["Stage"], when)
        elif row["kind"] == Kind.DELETION or (row["kind"] == Kind.APPROVAL and value == REJECTED):
            ended = ended or when
    found = {}
    for lifecycle, since in asked.items():
        if lifecycle in approved:
            found[lifecycle] = _Wait(Span(_seconds(since, parse_time(approved[lifecycle]).at), ended=True))
        else:
            until = at if ended is None else parse_time(ended).at
            found[lifecycle] = _Wait(Span(_seconds(since, until), ended=False), withdrawn=ended is not None)
    return found


def _statuses(rows: Rows) -> set[str]:
    """Every approval status that a recorded change set."""
    return {json.loads(str(row["tovalue"])) for row in rows if row["kind"] == Kind.APPROVAL}


def _waits_since(rows: Sequence[Mapping[str, Json]]) -> str | None:
    """Since when a version waits for its first decision, None where it doesn't."""
    status = since = None
    for row in rows:
        value = json.loads(str(row["tovalue"]))
        if row["kind"] == Kind.DELETION:
            return None
        if row["kind"] == Kind.REGISTRATION:
            status, since = value.get(APPROVAL_FIELD), str(row.get("createdat") or row["happenedat"])
        elif row["kind"] == Kind.APPROVAL:
            if value == PENDING and status != PENDING:
                since = str(row["happenedat"])
            status = value
    return since if status == PENDING else None


def _revocations(
    ledger: Mapping[str, Sequence[Mapping[str, Json]]], history: Rows, at: datetime
) -> list[Span]:  # fmt: skip
    """From each revocation (Approved to Rejected) to the end of the last endpoint that served the version then."""
    spans = []
    served = _served(history, at)
    for arn, rows in ledger.items():
        status = None
        for row in rows:
            if row["kind"] != Kind.APPROVAL:
                continue
            value, when = json.loads(str(row["tovalue"])), str(row["happenedat"])
            if status == APPROVED and value == REJECTED:
                spans += _removal(served.get(arn, []), when, at)
            status = value
    return spans


def _removal(intervals: Sequence[tuple[str, str | None]], revoked: str, at: datetime) -> list[Span]:
    """One span for one revocation, none where nothing served the version then."""
    ends = [end for start, end in intervals if start <= revoked and (end is None or end > revoked)]
    if not ends:
        return []
    if None in ends:
        return [Span(_seconds(revoked, at), ended=False)]
    return [Span(_seconds(revoked, parse_time(max(end for end in ends if end)).at), ended=True)]


def _served(history: Rows, at: datetime) -> dict[str, list[tuple[str, str | None]]]:
    """When each version was served: `(since, until)` per endpoint, until None while it still is."""
    by_endpoint: dict[str, list[Mapping[str, Json]]] = {}
    for row in history:
        if parse_time(row["since"]).at <= at:
            by_endpoint.setdefault(str(row["endpointarn"]), []).append(row)
    served: dict[str, list[tuple[str, str | None]]] = {}
    for rows in by_endpoint.values():
        running: dict[str, str] = {}
        for row in sorted(rows, key=lambda row: row["seq"]):
            now = set() if row.get("deletedat") else set(json.loads(str(row["modelpackagearns"])))
            since = str(row["since"])
            for arn in running.keys() - now:
                served.setdefault(arn, []).append((running.pop(arn), since))
            for arn in now - running.keys():
                running[arn] = since
        for arn, since in running.items():
            served.setdefault(arn, []).append((since, None))
    return served
