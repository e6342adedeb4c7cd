"""What was so at a time: which versions were approved for what, what served where, and was it approved then.

Answered by replay, with the same projection that made the state rows. Two clocks: `at` asks what had *happened*;
`known` asks besides what had been *recorded* by then, so that "we could not have known" can be shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance.canonical import Json, iso
from governance.stages import Stages
from governance.state import State, holds, project

Rows = Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class VersionAt:
    """One version as it stood. `held`: life-cycle stages in which it might be used."""

    arn: str
    status: str | None
    held: tuple[str, ...]
    approver: str | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """One version that an endpoint served. `approved`: for the endpoint's stage, at that time; None: nothing is known
    of the version, or the account has no stage.
    """

    arn: str
    approved: bool | None


@dataclass(frozen=True, slots=True)
class EndpointAt:
    """One endpoint as it stood, and since when it served these versions. `verdict` is what the inventory said then."""

    arn: str
    name: str
    account: str
    stage: str | None
    status: str
    since: str
    verdict: str | None
    versions: tuple[ServedVersion, ...]


@dataclass(frozen=True, slots=True)
class AsOf:
    """The answer. `at` and `known` are ISO 8601 texts."""

    at: str
    known: str | None
    versions: tuple[VersionAt, ...]
    endpoints: tuple[EndpointAt, ...]


def as_of(
    ledger: Mapping[str, Rows], history: Mapping[str, Rows], stages: Stages, at: datetime, known: datetime | None = None
) -> AsOf:
    """Everything as it stood at a time. `ledger`: rows by version; `history`: rows by endpoint."""
    states = {arn: state for arn, rows in ledger.items() if (state := version_at(rows, stages, at, known)) is not None}
    endpoints = [found for rows in history.values() if (found := endpoint_at(rows, states, at, known)) is not None]
    return AsOf(
        at=iso(at),
        known=None if known is None else iso(known),
        versions=tuple(_version(arn, states[arn], stages) for arn in sorted(states)),
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: endpoint.arn)),
    )


def version_at(rows: Rows, stages: Stages, at: datetime, known: datetime | None = None) -> State | None:
    """The state of one version, replayed from what had happened; None before it existed."""
    state: State | None = None
    for row in _of_then(rows, "happenedat", at, "seenat", known):
        state = project(state, dict(row), None, stages)
    return state


def endpoint_at(
    rows: Rows, states: Mapping[str, State], at: datetime, known: datetime | None = None
) -> EndpointAt | None:
    """What one endpoint served; None before it existed and after it was deleted."""
    last: Mapping[str, Json] | None = None
    since = ""
    for row in _of_then(rows, "since", at, "observedat", known):
        if last is None or _served(row) != _served(last):
            since = str(row["since"])
        last = row
    if last is None or last.get("deletedat"):
        return None
    stage = last.get("stage")
    return EndpointAt(
        arn=str(last["endpointarn"]),
        name=str(last["endpointname"]),
        account=str(last["account"]),
        stage=stage,
        status=str(last["status"]),
        since=since,
        verdict=last.get("verdict"),
        versions=tuple(
            ServedVersion(arn, holds(states[arn], stage) if stage and arn in states else None)
            for arn in sorted(_served(last))
        ),
    )


def _served(row: Mapping[str, Json]) -> set[str]:
    return set() if row.get("deletedat") else set(json.loads(str(row.get("modelpackagearns") or "[]")))


def _of_then(
    rows: Rows, happened: str, at: datetime, seen: str, known: datetime | None
) -> Iterable[Mapping[str, Json]]:
    """Rows of what had happened (and was recorded) by then, in the order of the chain. Times are texts that sort."""
    until, recorded = iso(at), None if known is None else iso(known)
    ordered = sorted(rows, key=lambda row: row["seq"])
    return [row for row in ordered if row[happened] <= until and (recorded is None or row[seen] <= recorded)]


def _version(arn: str, state: State, stages: Stages) -> VersionAt:
    status, approver = state.get("modelapprovalstatus"), state.get("approvalactor")
    return VersionAt(
        arn=arn,
        status=None if status is None else str(status),
        held=tuple(stage.lifecycle for stage in stages.ordered if holds(state, stage.lifecycle)),
        approver=None if approver is None else str(approver),
        deleted=bool(state.get("deletedat")),
    )
