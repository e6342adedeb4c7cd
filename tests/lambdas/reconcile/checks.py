"""What must hold at the end of a history: ledger, state and derived history against the reference model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from governance.canonical import canonical, iso
from governance.ledger import actors, verify_chain, verify_dedup
from governance.state import approved_parts, head_of, holds, verify_state
from governance.terms import Identity
from governance.times import parse_time
from tests.lambdas.reconcile.cloud import (
    ANSWERED_MS,
    APPROVAL,
    LATENCY_MS,
    LIFECYCLE,
    SPECIFICATION,
    STAGES,
    Change,
    Version,
)
from tests.lambdas.reconcile.history import DELETION, GAP, REGISTRATION, History, Told
from tests.lambdas.reconcile.world import World

KINDS = {REGISTRATION: "registration", DELETION: "deletion", APPROVAL: "approval", LIFECYCLE: "stage", GAP: "gap"}
Row = Mapping[str, Any]
Entry = tuple[int | None, str, str, str]
"""Place of the change, kind, field, value (of metadata: none, which sources know it to different degrees)."""


def check(world: World, history: History, told: Told) -> None:
    """Raises AssertionError naming the version and what is wrong with it."""
    for number, version in history.versions.items():
        rows: list[Row] = list(world.tables.chains.get(version.arn, ()))
        _check_rows(version, rows, told)
        if not rows:
            continue
        state = world.tables.state[version.arn]
        assert verify_chain(version.arn, rows, head_of(state)) == []
        assert verify_dedup(version.arn, rows, world.tables.dedup) == []
        assert verify_state(version.arn, rows, state) == []
        _check_state(version, state, told)
        _check_actors(version, rows, history)
        decisive = {"approval", "stage", "deletion", "gap"} & {row["kind"] for row in rows}
        assert not decisive or version.arn in world.told, f"{number}: the approval function was never told"


def expected(version: Version, told: Told) -> Counter[Entry]:
    """The facts that there must be, each once."""
    number = version.number
    entries: list[Entry] = [
        (index, KINDS.get(name, "metadata"), name, _value(version.changes[index], name))
        for index, name in told.known[number]
    ]
    if number in told.blank:
        entries.append((0, "registration", REGISTRATION, canonical({APPROVAL: None, LIFECYCLE: None})))
    if number in told.tombs:
        entries.append((None, "deletion", DELETION, canonical("Deleting")))
    entries += [(index, "gap", GAP, str(differs)) for index, differs in told.gaps[number]]
    return Counter(entries)


def _value(change: Change, name: str) -> str:
    after = change.after
    values: dict[str, Any] = {
        REGISTRATION: {APPROVAL: after.approval, LIFECYCLE: after.lifecycle},
        DELETION: "Deleting", APPROVAL: after.approval, LIFECYCLE: after.lifecycle,
    }  # fmt: skip
    return canonical(values[name]) if name in values else ""


def _check_rows(version: Version, rows: list[Row], told: Told) -> None:
    found = Counter(_entry(version, row) for row in rows if row["kind"] != "actor")
    wanted = expected(version, told)
    assert found == wanted, f"{version.number}: too many {found - wanted}, missing {wanted - found}"
    order = [_entry(version, row)[0] for row in sorted(rows, key=_in_history) if row["kind"] != "actor"]
    places = [place for place in order if place is not None]
    assert places == sorted(places), f"{version.number}: the history is out of order: {places}"


def _in_history(row: Row) -> tuple[str, int, str]:
    return row["happenedat"], {"registration": 0, "gap": 1}.get(row["kind"], 2), row["contentid"]


def _entry(version: Version, row: Row) -> Entry:
    value = row["tovalue"]
    if row["kind"] == "metadata":
        value = ""
    if row["kind"] == "gap":
        value = str(tuple(sorted((name, canonical(text)) for name, text in json.loads(value).items())))
    place = _place(version, row)
    if place is not None and row["clock"] == "registry":
        assert row["happenedat"] == iso(version.changes[place].after.modified), f"{row['contentid']}: wrong time"
    return place, row["kind"], row["field"], value


def _place(version: Version, row: Row) -> int | None:
    """The change that a row tells of, by its time."""
    if row["clock"] == "found":
        return None
    at = parse_time(row["happenedat"]).at
    if row["kind"] == "deletion":
        return version.changes[-1].index
    near = [
        change.index
        for change in version.changes
        if change.name != "DeleteModelPackage"
        and -ANSWERED_MS / 1000 <= (change.after.modified - at).total_seconds() <= 1 + LATENCY_MS / 1000
    ]
    assert len(near) == 1, f"{version.number}: {row['kind']} at {row['happenedat']} is of the changes {near}"
    return near[0]


def _check_state(version: Version, state: Mapping[str, Any], told: Told) -> None:
    approval, kind, lifecycle, stages = told.state(version.number)
    assert (state["modelapprovalstatus"], state["approvalkind"]) == (approval, kind), version.number
    assert json.loads(state["modellifecycle"] or "null") == lifecycle, version.number
    shown = {name: (entry["status"], entry["kind"]) for name, entry in json.loads(state["stages"] or "{}").items()}
    assert shown == stages, version.number
    gone = version.number in told.tombs or (version.changes[-1].index, DELETION) in told.known[version.number]
    assert bool(state["deletedat"]) is (gone and version.deleted), version.number
    for stage in STAGES:
        admitted = not state["deletedat"] and (approval, kind) == ("Approved", "approval")
        assert holds(state, stage) is (admitted and stages.get(stage) == ("Approved", "stage")), (version.number, stage)
        _check_artifact(version, state, stage, told)


def _check_artifact(version: Version, state: Mapping[str, Any], stage: str, told: Told) -> None:
    """What a stage admits is what was approved for it, or unknown; never what came before or after."""
    parts = approved_parts(state, stage)
    if parts is None or parts["url"] is None:
        return
    approvals = [
        index
        for index, name in told.known[version.number]
        if name == LIFECYCLE and version.changes[index].after.lifecycle["Stage"] == stage
        and version.changes[index].after.lifecycle["StageStatus"] == "Approved"
    ]  # fmt: skip
    true = version.changes[max(approvals)].after.url
    unknown = any(
        (index, SPECIFICATION) not in told.known[version.number]
        for index in range(1, max(approvals) + 1)
        if SPECIFICATION in version.changes[index].sent
    )
    assert parts["url"] == true or unknown, (version.number, stage)


def _check_actors(version: Version, rows: list[Row], history: History) -> None:
    known = actors(rows)
    for row in rows:
        if row["kind"] in ("actor", "gap") or row["clock"] == "found":
            continue
        place = _place(version, row)
        assert place is not None
        by = Identity(version.changes[place].by[1], version.changes[place].by[2])
        actor = known.get(row["contentid"])
        assert actor in (None, by), f"{version.number}: {row['kind']} by {actor}, it was {by}"
        if (version.number, place) in history.named:
            assert actor == by, f"{version.number}: nobody is named for {row['kind']} of change {place}"
