"""The state row of a version, derived from its ledger rows and from nothing else (card columns: from the
read-backs).

Each column group moves only to what happened later, so the end is the same in whatever order facts arrive.
Columns: lower case, real types, JSON texts where a thing has parts, None where nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from governance.canonical import Json, canonical
from governance.ledger import EMPTY, Finding, Head, Row
from governance.matching import unconfirmed_entry
from governance.stages import APPROVED, DEFAULT_STAGES, Stages
from governance.terms import APPROVAL_FIELD, LIFECYCLE_FIELD, STATUS_FIELD, Kind

State: TypeAlias = dict[str, str | int | None]

CARD_COLUMNS = (
    "usecaseid", "usecasename", "usecasestage", "modelowner", "modeldescription", "modellob", "modelproject",
    "modelrisk", "modelvalidationmetrics", "cardstatus",
)  # fmt: skip

STAGE_COLUMNS = {
    "dev": "modellifecycledevstatus",
    "test": "modellifecycleteststatus",
    "prod": "modellifecycleprodstatus",
}

ARTIFACT_COLUMNS = (
    "artifacturl",
    "artifactetag",
    "artifactsha256",
    "artifactversionid",
    "artifactchecksum",
    "artifactchecksumtype",
    "image",
    "imagedigest",
    "specificationsha256",
)

COLUMNS = (
    "modelpackagearn", "modelpackagegroupname", "modelpackageversion", "creationtime", "modelpackagestatus",
    "modelapprovalstatus", "approvalkind", "approvalat", "approvalactor", "approvalreason",
    "modellifecycle", "stages",
    *STAGE_COLUMNS.values(), "registeredby", "eventtime", "eventtype", *CARD_COLUMNS, "cardsha256",
    "cardasof", *ARTIFACT_COLUMNS, "incident", "deletedat", "modelaudittimestamp", "orders", "unconfirmed",
    "ledgerseq", "ledgerhash",
)  # fmt: skip

_APPROVED_PARTS_OF_SCHEMA_1 = {"url": "artifacturl", "sha256": "artifactsha256"}
_APPROVED_PARTS = {
    **_APPROVED_PARTS_OF_SCHEMA_1,
    "etag": "artifactetag",
    "image": "image",
    "imagedigest": "imagedigest",
    "specificationsha256": "specificationsha256",
}
"""What a stage keeps of the artifact that was approved for it, and the column that holds it."""

CardColumns: TypeAlias = Mapping[str, str | None]

_RANKS = {Kind.REGISTRATION.value: "0", Kind.GAP.value: "0.5"}
"""The places of kinds among facts of one moment, as texts that sort; all others have the last one, 1."""


def head_of(state: Mapping[str, Json] | None) -> Head:
    """The chain's end as the state row knows it."""
    return Head(state["ledgerseq"], state["ledgerhash"]) if state else EMPTY


def known_values(state: Mapping[str, Json] | None) -> dict[str, Json]:
    """What was last known of the fields that govern, for facts that an event doesn't name and for
    `fromvalue`.
    """
    if not state:
        return {}
    lifecycle = state.get("modellifecycle")
    known = {
        APPROVAL_FIELD: state.get("modelapprovalstatus"),
        LIFECYCLE_FIELD: json.loads(lifecycle) if lifecycle else None,
        STATUS_FIELD: state.get("modelpackagestatus"),
    }
    return {field: value for field, value in known.items() if value is not None}


def project(
    state: Mapping[str, Json] | None, row: Row, card: CardColumns | None, stages: Stages = DEFAULT_STAGES
) -> State:
    """The state after a row. `card`: the card columns of the row's read-back, None where there was none."""
    new: State = {name: (state or {}).get(name) for name in COLUMNS}
    orders: dict[str, str] = json.loads(str(new["orders"] or "{}"))
    for name in ("modelpackagearn", "modelpackagegroupname", "modelpackageversion"):
        new[name] = row[name]
    new["creationtime"] = _text(row, "createdat") or new["creationtime"]
    new["incident"] = new["incident"] or _text(row, "incident")
    order = _order(row)
    value = json.loads(str(row["tovalue"]))

    if row["kind"] == Kind.ACTOR:
        _learn_actor(new, orders, row, value)
    elif row["kind"] not in (Kind.REQUEST, Kind.INCIDENT):
        if _moves(orders, "event", order):
            new["eventtime"], new["eventtype"] = str(row["happenedat"]), str(row["kind"])
        if "packagestatus" in row and _moves(orders, "status", order):
            new["modelpackagestatus"] = _text(row, "packagestatus")
        if _shows_artifact(row):
            if _moves(orders, "artifact", order):
                new |= {name: _text(row, name) for name in ARTIFACT_COLUMNS}
            new["stages"] = _with_late_artifact(new["stages"], row, order)
    approval, lifecycle = _decisions(row, value)
    if approval is not None and _moves(orders, "approval", order):
        new["modelapprovalstatus"], new["approvalkind"] = approval, str(row["kind"])
        new["approvalat"], new["approvalactor"] = str(row["happenedat"]), _text(row, "actor")
        new["approvalreason"] = _text(row, "reason")
    if lifecycle is not None:
        if _moves(orders, "lifecycle", order):
            new["modellifecycle"] = canonical(lifecycle)
        new["stages"] = _with_stage(
            str(new["stages"] or "{}"), row, lifecycle, order, _artifact_of_then(row, new, orders)
        )
    if row["kind"] == Kind.REGISTRATION:
        new["registeredby"] = _text(row, "actor") or new["registeredby"]
    if row["kind"] == Kind.DELETION:
        new["deletedat"] = max(str(row["happenedat"]), str(new["deletedat"] or ""))
    if card is not None and "cardasof" in row and _moves(orders, "card", f"{row['cardasof']}#{row['cardsha256']}"):
        new |= {name: card.get(name) for name in CARD_COLUMNS}
        new["cardsha256"], new["cardasof"] = str(row["cardsha256"]), str(row["cardasof"])

    if (entry := unconfirmed_entry(row)) is not None:
        new["unconfirmed"] = canonical(json.loads(str(new["unconfirmed"] or "{}")) | {str(row["contentid"]): entry})

    new |= _stage_columns(str(new["stages"] or "{}"), stages)
    new["orders"] = canonical(orders)
    new["modelaudittimestamp"] = str(row["seenat"])
    new["ledgerseq"], new["ledgerhash"] = int(row["seq"]), str(row["hash"])
    return new


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)


def _shows_artifact(row: Row) -> bool:
    """CloudTrail's record shows where an artifact lies, and not the whole specification."""
    return "specificationsha256" in row or "artifacturl" in row


def _order(row: Row) -> str:
    """Facts in order: by time; of one moment a registration first, then a gap; ties by content id."""
    return f"{row['happenedat']}#{_RANKS.get(str(row['kind']), '1')}#{row['contentid']}"


def _moment_of(order: str) -> str:
    return order.partition("#")[0]


def _moves(orders: dict[str, str], group: str, order: str) -> bool:
    """Whether a fact is younger than what its column group shows; if so it is noted as the one shown."""
    if order <= orders.get(group, ""):
        return False
    orders[group] = order
    return True


def _decisions(row: Row, value: Json) -> tuple[str | None, dict[str, str] | None]:
    """Approval status and life cycle that a row sets, None where it sets none."""
    if row["kind"] == Kind.REGISTRATION:
        return value[APPROVAL_FIELD], value[LIFECYCLE_FIELD]
    if row["kind"] == Kind.APPROVAL:
        return value, None
    if row["kind"] == Kind.STAGE:
        return None, value
    if row["kind"] == Kind.GAP:
        return value.get(APPROVAL_FIELD), value.get(LIFECYCLE_FIELD)
    return None, None


def _learn_actor(state: State, orders: Mapping[str, str], row: Row, value: Json) -> None:
    """Put a name that was learnt later where the fact that it explains is the one shown."""
    actor, explained = _text(row, "actor"), f"#{value['contentid']}"
    if orders.get("approval", "").endswith(explained):
        state["approvalactor"] = actor
    if value["kind"] == Kind.REGISTRATION:
        state["registeredby"] = actor
    stages = json.loads(str(state["stages"] or "{}"))
    for entry in stages.values():
        if entry["order"].endswith(explained):
            entry["actor"] = actor
    state["stages"] = canonical(stages) if stages else None


def _artifact_of_then(row: Row, state: State, orders: Mapping[str, str]) -> dict[str, Json]:
    """The artifact columns as they were when a row's change happened, with `order`, the place of what showed them.

    An event shows its own specification. Of a row that shows none the version's artifact is meant, unless that
    is of a later moment: then nobody knows, and all is None. (Rows of schema 1: the version's, whichever it is.)
    """
    if _shows_artifact(row):
        return {name: row.get(name) for name in ARTIFACT_COLUMNS} | {"order": _order(row)}
    known = orders.get("artifact", "")
    if int(row["schemaversion"]) > 1 and _moment_of(known) > str(row["happenedat"]):
        return dict.fromkeys((*ARTIFACT_COLUMNS, "order"))
    return {name: state.get(name) for name in ARTIFACT_COLUMNS} | {"order": known}


def _with_stage(held: str, row: Row, lifecycle: Mapping[str, str], order: str, artifact: Mapping[str, Json]) -> str:
    """The stages' JSON with this one's status, unless a younger one is there. Other stages stay as they were.

    `approved` is the artifact as it was at the youngest approval: what is admitted is that one, even if the
    version's specification was changed since.
    """
    stages = json.loads(held)
    entry = stages.setdefault(lifecycle["Stage"], {"order": ""})
    if order > entry["order"]:
        entry |= {
            "status": lifecycle["StageStatus"],
            "description": lifecycle.get("StageDescription"),
            "at": row["happenedat"],
            "kind": row["kind"],
            "actor": row.get("actor"),
            "order": order,
        }
    approval = row["kind"] == Kind.STAGE and lifecycle["StageStatus"] == APPROVED
    if approval and order > entry.get("approved", {}).get("order", ""):
        new = int(row["schemaversion"]) > 1
        shown = _APPROVED_PARTS if new else _APPROVED_PARTS_OF_SCHEMA_1
        entry["approved"] = {"order": order} | {name: artifact[column] for name, column in shown.items()}
        if new:
            entry["approved"]["artifactorder"] = artifact["order"]
    return canonical(stages)


def _with_late_artifact(held: str | int | None, row: Row, order: str) -> str | None:
    """The stages' JSON where a row comes late that shows the artifact of an approval which shows none itself.

    A row of the approval's own moment is of the same call: what a call changes together belongs together.
    """
    if held is None:
        return None
    stages = json.loads(str(held))
    for entry in stages.values():
        approved = entry.get("approved", {})
        before = approved.get("artifactorder")
        own = before == approved.get("order")
        if before is not None and not own and before < order and _moment_of(order) <= _moment_of(approved["order"]):
            approved |= {name: _text(row, column) for name, column in _APPROVED_PARTS.items()}
            approved["artifactorder"] = order
    return canonical(stages)


def _stage_columns(held: str, stages: Stages) -> dict[str, str | None]:
    statuses = {name: stage["status"] for name, stage in json.loads(held).items()}
    return {
        STAGE_COLUMNS[stage.stage]: statuses.get(stage.lifecycle)
        for stage in stages.ordered
        if stage.stage in STAGE_COLUMNS
    }


def holds(state: Mapping[str, Json] | None, lifecycle: str) -> bool:
    """Whether a version may be used in a stage.

    It must be approved at all and approved for the stage, each by a recorded change: what a version was
    registered with is no approval. A deleted version holds nothing.
    """
    if not state or state.get("deletedat") or state.get("modelapprovalstatus") != APPROVED:
        return False
    stage = json.loads(state.get("stages") or "{}").get(lifecycle)
    return (
        state.get("approvalkind") == Kind.APPROVAL
        and stage is not None
        and stage["status"] == APPROVED
        and stage["kind"] == Kind.STAGE
    )


def approved_artifact(state: Mapping[str, Json], lifecycle: str) -> tuple[str | None, str | None] | None:
    """URL and SHA-256 of the artifact that was last approved for a stage, None where none ever was."""
    approved = json.loads(state.get("stages") or "{}").get(lifecycle, {}).get("approved")
    return (approved["url"], approved["sha256"]) if approved else None


def approved_parts(state: Mapping[str, Json], lifecycle: str) -> Mapping[str, Json] | None:
    """All that was last approved for a stage, None where nothing ever was: url, sha256, etag, image, imagedigest,
    specificationsha256 (any may be None), and `order`, whose first part is the time of the approval.
    """
    approved: Mapping[str, Json] | None = json.loads(state.get("stages") or "{}").get(lifecycle, {}).get("approved")
    return {name: approved.get(name) for name in ("order", *_APPROVED_PARTS)} if approved else None


def verify_state(
    arn: str, rows: Iterable[Mapping[str, Json]], state: Mapping[str, Json], stages: Stages = DEFAULT_STAGES
) -> list[Finding]:
    """Columns of a state row that its ledger rows don't explain; only for a chain that is sound.

    The card's own columns come from read-backs and aren't in the ledger: only the card's digest is compared.
    """
    replayed: State | None = None
    for row in sorted(rows, key=lambda row: row["seq"]):
        replayed = project(replayed, dict(row), {}, stages)
    if replayed is None:
        return []
    wrong = [name for name in COLUMNS if name not in CARD_COLUMNS and replayed[name] != state.get(name)]
    return [
        Finding(arn, None, f"state column {name} is {state.get(name)!r}, the ledger's rows make it {replayed[name]!r}")
        for name in wrong
    ]
