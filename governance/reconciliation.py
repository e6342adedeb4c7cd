"""What the ledger lacks, by the sources that outlive an event: CloudTrail, life-cycle actions, the registry itself.

Each change that a source still holds is one recovered fact. What left no trace but the registry's present state
is one `gap`: it says that something happened, until when, and what stands now; it admits nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governance.canonical import Json, iso
from governance.cloudtrail import ApiCall, token_of
from governance.evidence import (
    DELETING,
    Action,
    Version,
    fact_of_action,
    fact_of_registry,
    snapshot,
    with_registry,
)
from governance.facts import Fact, actor_fact, is_beyond
from governance.ledger import actors, says_more
from governance.matching import INEXACT, near, row_of, value_key
from governance.readback import ReadBack
from governance.stages import Stages
from governance.terms import (
    APPROVAL_FIELD,
    FIRST_SEEN_APPROVED,
    GAP_FIELD,
    LIFECYCLE_FIELD,
    STATUS_FIELD,
    VERSION_FIELD,
    Clock,
    Kind,
    Witness,
)
from governance.times import parse_time

Rows = Sequence[Mapping[str, Json]]

UNWITNESSED_APPROVAL = "unwitnessed-approval"
"""Incident: a version stands approved, and neither an event nor CloudTrail says by whom."""

_DECISIONS = frozenset({Kind.APPROVAL, Kind.STAGE})
"""Changes that are recognised by what they became, so that no other call's row is taken for theirs."""

_EXPLAINS_NOTHING = frozenset({Kind.ACTOR, Kind.REQUEST, Kind.CARD, Kind.INCIDENT})


def distinct(calls: Iterable[ApiCall]) -> list[ApiCall]:
    """Calls in order of time, each once: a call that was sent twice with one idempotency token changed once."""
    once: dict[tuple[str, str], ApiCall] = {}
    for call in sorted(calls, key=lambda call: (call.at, call.key)):
        once.setdefault((call.name, token_of(call) or call.key), call)
    return list(once.values())


@dataclass(frozen=True, slots=True)
class Paired:
    """Facts from one source against the ledger's rows. `claimed`: content ids of the rows that tell one of them."""

    told: tuple[tuple[Fact, Mapping[str, Json]], ...]
    missing: tuple[Fact, ...]

    @property
    def claimed(self) -> frozenset[str]:
        return frozenset(str(row["contentid"]) for _, row in self.told)


def pair(facts: Iterable[Fact], rows: Rows) -> Paired:
    """Which facts the rows tell, one row for each fact at most. Facts in order of time find the most rows."""
    told: list[tuple[Fact, Mapping[str, Json]]] = []
    missing: list[Fact] = []
    claimed: frozenset[str] = frozenset()
    for fact in sorted(facts, key=lambda fact: (fact.happened, fact.event_id, fact.field)):
        row = row_of(fact, rows, claimed)
        if row is None:
            missing.append(fact)
        else:
            told.append((fact, row))
            claimed |= {str(row["contentid"])}
    return Paired(tuple(told), tuple(missing))


def names_learnt(paired: Paired, rows: Rows) -> list[Fact]:
    """The facts that CloudTrail's callers make of changes that are told already."""
    known = actors(rows)
    return [
        actor_fact(
            row, fact.actor, event_id=fact.event_id, account=fact.account, region=fact.region,
            witness=Witness.CLOUDTRAIL,
        )
        for fact, row in paired.told
        if fact.actor is not None and says_more(fact.actor, known.get(str(row["contentid"])))
    ]  # fmt: skip


def in_the_calls_moment(facts: Iterable[Fact], paired: Paired, rows: Rows) -> list[Fact]:
    """Facts of CloudTrail that no row tells, dated by the row that tells the decision of the same call, if one does.

    What a call changes together happened together. CloudTrail may date the call after the moment that the row has: then
    a stage that an action told would stay approved for the artifact before the one that the call set with it.
    """
    known = actors(rows)
    decisions: dict[str, Mapping[str, Json]] = {}
    for fact, row in paired.told:
        by = known.get(str(row["contentid"]))
        by_other = fact.actor is not None and by is not None and fact.actor.arn != by.arn
        if fact.kind in _DECISIONS and not by_other and (fact.event_id not in decisions or not _is_inexact(row)):
            decisions[fact.event_id] = row
    taken = {row["contentid"] for row in rows}
    dated = ((fact, _dated_by(fact, decisions.get(fact.event_id))) for fact in facts)
    # Where a row has that name already, it tells another call's change: one of the two moments is a mistake.
    return [fact if moved.content_id in taken else moved for fact, moved in dated]


def _dated_by(fact: Fact, row: Mapping[str, Json] | None) -> Fact:
    if row is None or fact.clock not in INEXACT:
        return fact
    return replace(fact, happened=parse_time(row["happenedat"]).at, clock=_clock(row))


def _clock(row: Mapping[str, Json]) -> Clock:
    return Clock(row.get("clock", Clock.REGISTRY))


def _is_inexact(row: Mapping[str, Json]) -> bool:
    return _clock(row) in INEXACT


def facts_of_actions(
    actions: Iterable[Action], version: Version, seen: ReadBack | None, rows: Rows, until: datetime, witness: Witness
) -> list[Fact]:
    """The changes that actions note, but for the life cycle with which the version came into being."""
    registered = [parse_time(row["happenedat"]).at for row in rows if row["kind"] == Kind.REGISTRATION]
    beginnings = [seen.created] if seen is not None else registered
    return [
        fact_of_action(action, version, witness)
        for action in actions
        if action.created <= until and not any(near(beginning, action.created) for beginning in beginnings)
    ]


def noted(fact: Fact, seen: ReadBack | None, *, gaps_until: datetime, witness: Witness) -> Fact | None:
    """What is to be recorded of a change that an action notes and no row tells; None for nothing yet.

    An action that doesn't say what the life cycle became is a gap of its moment, unless the registry still shows it.
    """
    dated = with_registry(fact, seen)
    if dated.value is not None:
        return dated
    if fact.happened > gaps_until:
        return None
    return replace(fact, kind=Kind.GAP, field=GAP_FIELD, value={}, witness=witness)


def missing_registration(
    version: Version, rows: Rows, seen: ReadBack, *, until: datetime, gaps_until: datetime, witness: Witness,
    stages: Stages,
) -> Fact | None:  # fmt: skip
    """The registration that no row tells. What a version that was changed since began with, nobody knows any more."""
    if any(row["kind"] == Kind.REGISTRATION for row in rows):
        return None
    if seen.modified != seen.created:
        if seen.created > gaps_until:
            return None
        nothing = {APPROVAL_FIELD: None, LIFECYCLE_FIELD: None}
        return fact_of_registry(version, Kind.REGISTRATION, VERSION_FIELD, nothing, seen, witness)
    if seen.created > until or seen.status != "Completed":
        return None
    fact = fact_of_registry(version, Kind.REGISTRATION, VERSION_FIELD, snapshot(seen), seen, witness)
    lifecycle = seen.lifecycle.document() if seen.lifecycle else None
    begins = is_beyond(seen.approval, lifecycle, stages) and witness is not Witness.BACKFILL
    return replace(fact, incident=FIRST_SEEN_APPROVED) if begins else fact


def gap(
    version: Version, state: Mapping[str, Json] | None, rows: Rows, seen: ReadBack, *, gaps_until: datetime,
    witness: Witness, stages: Stages,
) -> Fact | None:  # fmt: skip
    """The gap between what the rows tell and what the registry shows, None where they agree, or may yet.

    Its value holds only what differs, so that what is witnessed stays witnessed.
    """
    if seen.modified > gaps_until:
        return None
    differs = _differences(state or {}, seen)
    if not differs and is_explained(rows, seen):
        return None
    fact = fact_of_registry(version, Kind.GAP, GAP_FIELD, differs, seen, witness)
    beyond = is_beyond(differs.get(APPROVAL_FIELD), differs.get(LIFECYCLE_FIELD), stages)
    return replace(fact, incident=UNWITNESSED_APPROVAL) if beyond and witness is not Witness.BACKFILL else fact


def _differences(state: Mapping[str, Json], seen: ReadBack) -> dict[str, Json]:
    shown = {**snapshot(seen), STATUS_FIELD: seen.status}
    known = {
        APPROVAL_FIELD: state.get("modelapprovalstatus"),
        LIFECYCLE_FIELD: json.loads(state.get("modellifecycle") or "null"),
        STATUS_FIELD: state.get("modelpackagestatus") or seen.status,
    }
    return {
        field: value
        for field, value in shown.items()
        if value is not None and _as_known(field, value) != _as_known(field, known[field])
    }


def _as_known(field: str, value: Json) -> str:
    return str(value) if field == STATUS_FIELD else value_key(field, value) if value else ""


def is_explained(rows: Rows, seen: ReadBack) -> bool:
    """Whether some row tells of the registry's last modification."""
    return any(row["kind"] not in _EXPLAINS_NOTHING and _is_of(row, seen.modified) for row in rows)


def _is_of(row: Mapping[str, Json], modified: datetime) -> bool:
    at = parse_time(row["happenedat"]).at
    if _is_inexact(row):
        return near(at, modified)
    # An event may write its times without fractions.
    return row["happenedat"] in (iso(modified), iso(modified.replace(microsecond=0)))


def tombstone(version: Version, found: datetime) -> Fact:
    """The deletion of a version that is gone, of which no source says when or by whom."""
    return Fact(
        arn=version.arn, group=version.group, version=version.number, kind=Kind.DELETION, field=STATUS_FIELD,
        value=DELETING, happened=found, created=None, event_id="registry", account=version.account,
        region=version.region, sources=(("change", "readback"),), witness=Witness.GAP, clock=Clock.FOUND,
    )  # fmt: skip
