"""Whether two tellings are of one change, where they don't carry the same time.

An event, a read-back and the ledger know a change by the registry's time, in milliseconds. CloudTrail dates the call,
cut to the second: its guide says when it was completed, and used to say when it was made (awscloudtrail
cloudtrail-event-reference-record-contents, eventTime). A life-cycle action is dated when it was noted. So a change is
recognised by its field, by what it became, by a time near enough, and by its reason where both tell one. For approvals
and stages that is exact unless the same value is set twice within a few seconds, for the same reason or without any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from governance.canonical import Json
from governance.terms import APPROVAL_FIELD, LIFECYCLE_FIELD, Clock, Kind, Witness
from governance.times import parse_time

if TYPE_CHECKING:  # who only reads rows needn't import what makes them
    from governance.facts import Fact

EARLIER = timedelta(seconds=2)
LATER = timedelta(seconds=6)
"""How far the registry's time may lie before and after the time of the call, which is cut to the second."""

INEXACT = frozenset({Clock.REQUEST, Clock.ACTION})
CHANGES = frozenset({Kind.REGISTRATION, Kind.APPROVAL, Kind.STAGE, Kind.METADATA, Kind.DELETION})
"""Kinds that a call makes, and an event tells."""

ONCE = frozenset({Kind.REGISTRATION, Kind.DELETION})
"""What happens to a version once, so that it is recognised whatever its time."""


def near(call: datetime, change: datetime) -> bool:
    """Whether a change that the registry dates so may be that of a call at that time."""
    return call - EARLIER <= change <= call + LATER


def same_time(one: datetime, one_clock: Clock, other: datetime, other_clock: Clock) -> bool:
    """Whether two times by two clocks may be one moment."""
    if (one_clock in INEXACT) == (other_clock in INEXACT):
        return abs(one - other) <= EARLIER + LATER
    call, change = (one, other) if one_clock in INEXACT else (other, one)
    return near(call, change)


def value_key(field: str, value: Json) -> str:
    """What a field became, so far as all sources know it: of a life cycle not its description, of others nothing."""
    if field == APPROVAL_FIELD:
        return str(value)
    if field == LIFECYCLE_FIELD and value:
        return f"{value['Stage']} {value['StageStatus']}"
    return ""


def contradict(one: str | None, other: str | None = None) -> bool:
    """Whether two tellings have reasons that differ. One without a reason may be of either change."""
    return one is not None and other is not None and one != other


def unconfirmed_entry(row: Mapping[str, Json]) -> list[str] | None:
    """What the state keeps of a row that no event told: an event may yet tell it, at a time that differs a little, so
    with another content id. None for other rows.
    """
    kind = Kind(row["kind"])
    if kind not in CHANGES or row.get("witness", Witness.EVENT) == Witness.EVENT:
        return None
    value = value_key(row["field"], json.loads(row["tovalue"]))
    reason = [row["reason"]] if "reason" in row else []
    return [kind, row["field"], value, row["happenedat"], row["clock"], *reason]


def is_told_again(fact: Fact, state: Mapping[str, Json] | None) -> bool:
    """Whether an event's fact was recorded before from a source that knew its time less well."""
    if state is None or fact.kind not in CHANGES:
        return False
    if fact.kind is Kind.DELETION and state.get("deletedat"):
        return True
    key = value_key(fact.field, fact.value)
    for kind, field, value, at, clock, *reason in json.loads(state.get("unconfirmed") or "{}").values():
        if kind != fact.kind or field != fact.field or contradict(fact.reason, *reason):
            continue
        if kind in ONCE or (value == key and same_time(parse_time(at).at, Clock(clock), fact.happened, fact.clock)):
            return True
    return False


def row_of(
    fact: Fact, rows: Iterable[Mapping[str, Json]], claimed: frozenset[str] = frozenset()
) -> Mapping[str, Json] | None:
    """The row that tells the same change as a fact from CloudTrail or an action, None where there is none.

    `claimed`: content ids of rows that are known to tell other changes. Of several, the row of the very same record
    counts, else the earliest: then records in order find the most rows.
    """
    found = [row for row in rows if row["contentid"] not in claimed and _tells(row, fact)]
    return min(found, key=lambda row: (not _is_same_record(row, fact), row["happenedat"], row["seq"]), default=None)


def _is_same_record(row: Mapping[str, Json], fact: Fact) -> bool:
    return bool(row["contentid"] == fact.content_id or row["eventid"] == fact.event_id)


def _tells(row: Mapping[str, Json], fact: Fact) -> bool:
    if row["kind"] != fact.kind or row["field"] != fact.field:
        return False
    if fact.kind in ONCE or _is_same_record(row, fact):
        return True
    source = dict(fact.sources)["change"]
    if source != "event" and json.loads(row["sources"])["change"] == source:
        # Both come from CloudTrail, or both from actions, and not from the same record.
        return False
    if contradict(fact.reason, row.get("reason")):
        return False
    unsaid = fact.kind is Kind.STAGE and fact.value is None
    if not unsaid and value_key(row["field"], json.loads(row["tovalue"])) != value_key(fact.field, fact.value):
        return False
    clock = Clock(row.get("clock", Clock.REGISTRY))
    return same_time(parse_time(row["happenedat"]).at, clock, fact.happened, fact.clock)
