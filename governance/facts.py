"""Facts: what an event tells, one per changed field, with the source of each part.

The content id names a fact: SHA-256 of the canonical JSON of {arn, field, modified, value}. It never holds
the event's id, which a forwarded copy may not keep; SageMaker may send several events per change, and several
changes in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from governance.artifacts import digest_of_url
from governance.canonical import Json, canonical, iso
from governance.documents import CARD, SPECIFICATION, Document, card_document
from governance.events import NO_ARTIFACT, Artifact, CardEvent, PackageEvent, StageRequest
from governance.readback import ReadBack
from governance.stages import APPROVED, Stages
from governance.terms import (
    ACTOR_FIELD,
    APPROVAL_FIELD,
    CARD_FIELD,
    DESCRIPTION_FIELD,
    FIRST_SEEN_APPROVED,
    GUARD_FIELD,
    LIFECYCLE_FIELD,
    REQUEST_FIELD,
    STATUS_FIELD,
    VERSION_FIELD,
    Clock,
    Identity,
    Kind,
    Witness,
    content_id,
)
from governance.times import parse_time


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An artifact as S3 holds it. `checksum` is `<algorithm>:<base64>`, `checksum_type` FULL_OBJECT or COMPOSITE."""

    version_id: str | None
    checksum: str | None
    checksum_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One change of one field of one version.

    `happened` is the registry's LastModifiedTime unless `clock` says otherwise (a request's: when it was put). `value`
    is what the field became, as JSON. `sources` says where each part comes from: `event`, `readback`
    (DescribeModelPackage of the same change, or, for card and artifact, as they were when read), `cloudtrail`,
    `action`. `event_id` names the event, the record of CloudTrail, or the action.
    """

    arn: str
    group: str | None
    version: int | None
    kind: Kind
    field: str
    value: Json
    happened: datetime
    created: datetime | None
    event_id: str
    account: str
    region: str
    package_status: str | None = None
    artifact: Artifact = NO_ARTIFACT
    stored: StoredObject | None = None
    actor: Identity | None = None
    reason: str | None = None
    card_as_of: datetime | None = None
    incident: str | None = None
    sources: tuple[tuple[str, str], ...] = ()
    witness: Witness = Witness.EVENT
    clock: Clock = Clock.REGISTRY
    documents: tuple[Document, ...] = ()

    @property
    def content_id(self) -> str:
        """What makes this fact the same fact, however often and through whatever event it is told."""
        return content_id(self.arn, self.field, iso(self.happened), canonical(self.value))

    def document_sha256(self, name: str) -> str | None:
        """The digest of one of the fact's documents, None where it has none of that name."""
        return next((document.sha256 for document in self.documents if document.name == name), None)

    @property
    def specification_sha256(self) -> str | None:
        return self.document_sha256(SPECIFICATION)

    @property
    def card_sha256(self) -> str | None:
        return self.document_sha256(CARD)

    @property
    def artifact_sha256(self) -> str | None:
        """The artifact's digest, where its key is of the publish helper's form."""
        return digest_of_url(self.artifact.url)


def facts_of(event: PackageEvent, seen: ReadBack | None, known: Mapping[str, Json], stages: Stages) -> tuple[Fact, ...]:
    """All facts of one event, in the order of their fields' names.

    `seen` is the read-back, None where the version is gone. `known` maps APPROVAL_FIELD and LIFECYCLE_FIELD
    to what the ledger knew last (absent: nothing). It is asked only for an event that doesn't say what
    changed: then a change of approval or stage is a fact only if the read-back is of the same moment; else
    the event is an observation.
    """
    same_moment = seen is not None and event.modified.is_time_of(seen.modified)
    facts = [_base(event, kind, field, value) for kind, field, value in _changes(event, same_moment, known)]
    enriched = [_with_readback(fact, event, seen, same_moment) for fact in facts]
    return tuple(_with_incident(fact, event, stages, known) for fact in sorted(enriched, key=lambda fact: fact.field))


def request_fact(request: StageRequest, group: str, version: int) -> Fact:
    """The fact that a stage was asked for. Who asked is not in the event: only the account is."""
    return Fact(
        arn=request.arn, group=group, version=version, kind=Kind.REQUEST, field=REQUEST_FIELD,
        value={"Stage": request.stage}, happened=request.envelope.time, created=None,
        event_id=request.envelope.event_id, account=request.envelope.account, region=request.envelope.region,
        reason=request.reason, sources=(("change", "event"), ("reason", "event")), clock=Clock.EVENT,
    )  # fmt: skip


def card_fact(event: CardEvent, group: str, version: int) -> Fact:
    """The fact that a card which stands by itself, and says it is about a version, changed."""
    actor = Identity(event.modified_by) if event.modified_by else None
    return Fact(
        arn=str(event.model), group=group, version=version, kind=Kind.CARD, field=CARD_FIELD,
        value={"ModelCardName": event.name, "ModelCardVersion": event.version, "ModelCardStatus": event.status},
        happened=event.modified.at, created=None, event_id=event.envelope.event_id, account=event.envelope.account,
        region=event.envelope.region, actor=actor,
        sources=(*((("actor", "event"),) if actor else ()), ("change", "event")),
    )  # fmt: skip


def actor_fact(
    explained: Mapping[str, Json], actor: Identity, *, event_id: str, account: str, region: str, witness: Witness
) -> Fact:
    """The fact that it became known later who did what the ledger's row `explained` tells."""
    value = {
        "actor": actor.arn,
        "contentid": explained["contentid"],
        "kind": explained["kind"],
        "sourceidentity": actor.source_identity,
    }
    return Fact(
        arn=explained["modelpackagearn"], group=explained["modelpackagegroupname"],
        version=explained["modelpackageversion"], kind=Kind.ACTOR, field=ACTOR_FIELD, value=value,
        happened=parse_time(explained["happenedat"]).at, created=None, event_id=event_id, account=account,
        region=region, actor=actor, sources=(("actor", "cloudtrail"), ("change", "cloudtrail")), witness=witness,
        clock=Clock(explained.get("clock", Clock.REGISTRY)),
    )  # fmt: skip


def incident_fact(about: Mapping[str, Json], value: Mapping[str, Json], rule: str, told: str) -> Fact:
    """The fact that the guard found what must not be, of the time of the row that it is `about`.

    `value` holds nothing that depends on when it was found, so that it is the same fact however often it is.
    """
    arn = str(about["modelpackagearn"])
    return Fact(
        arn=arn, group=about["modelpackagegroupname"], version=about["modelpackageversion"], kind=Kind.INCIDENT,
        field=GUARD_FIELD, value=dict(value), happened=parse_time(about["happenedat"]).at, created=None,
        event_id="guard", account=arn.split(":")[4], region=arn.split(":")[3], reason=told, incident=rule,
        sources=(("change", "guard"), ("reason", "guard")), witness=Witness.GUARD,
        clock=Clock(about.get("clock", Clock.REGISTRY)),
    )  # fmt: skip


def _changes(event: PackageEvent, same_moment: bool, known: Mapping[str, Json]) -> list[tuple[Kind, str, Json]]:
    if event.changed:
        return [_named_change(event, field, value) for field, value in event.values if _stands_alone(event, field)]
    if event.status != "Completed":
        kind = Kind.DELETION if event.status == "Deleting" else Kind.STATUS
        return [(kind, STATUS_FIELD, event.status)]
    snapshot = _snapshot(event)
    if event.is_creation:
        return [(Kind.REGISTRATION, VERSION_FIELD, snapshot)]
    unnamed = (
        [(f, v) for f, v in snapshot.items() if v is not None and f in known and known[f] != v] if same_moment else []
    )
    return [_named_change(event, field, value) for field, value in unnamed] or [
        (Kind.OBSERVATION, VERSION_FIELD, snapshot)
    ]


def _named_change(event: PackageEvent, field: str, value: Json) -> tuple[Kind, str, Json]:
    if field == APPROVAL_FIELD:
        return Kind.APPROVAL, field, event.approval
    if field == LIFECYCLE_FIELD:
        return Kind.STAGE, field, event.lifecycle.document() if event.lifecycle else None
    return Kind.METADATA, field, value


def _stands_alone(event: PackageEvent, field: str) -> bool:
    """The description of an approval is that approval's reason, not a change of its own."""
    return not (field == DESCRIPTION_FIELD and APPROVAL_FIELD in event.changed)


def _snapshot(event: PackageEvent) -> dict[str, Json]:
    lifecycle = event.lifecycle.document() if event.lifecycle else None
    return {APPROVAL_FIELD: event.approval, LIFECYCLE_FIELD: lifecycle}


def _base(event: PackageEvent, kind: Kind, field: str, value: Json) -> Fact:
    stage_reason = event.lifecycle.description if event.lifecycle and kind is Kind.STAGE else None
    reason = event.reason if kind is Kind.APPROVAL else stage_reason
    return Fact(
        arn=event.arn, group=event.group, version=event.version, kind=kind, field=field, value=value,
        happened=event.modified.at, created=event.created.at, event_id=event.envelope.event_id,
        account=event.envelope.account, region=event.envelope.region, package_status=event.status,
        artifact=event.artifact, documents=(event.specification,) if event.specification else (), reason=reason,
        sources=(("change", "event"), *((("reason", "event"),) if reason else ())),
    )  # fmt: skip


def _with_readback(fact: Fact, event: PackageEvent, seen: ReadBack | None, same_moment: bool) -> Fact:
    """Add who and why (of the same moment: a later reading shows a later actor) and the card's digest."""
    if seen is None:
        return fact
    sources = dict(fact.sources)
    actor = seen.modified_by if same_moment else None
    if fact.kind is Kind.REGISTRATION:
        actor = seen.created_by
    reason = fact.reason
    if reason is None and fact.kind is Kind.APPROVAL and same_moment:
        reason = seen.approval_description
        sources |= {"reason": "readback"} if reason else {}
    sources |= {"actor": "readback"} if actor else {}
    sources |= {"card": "readback"} if seen.card is not None else {}
    documents = fact.documents + ((card_document(seen.card),) if seen.card is not None else ())
    if not event.changed and fact.kind in (Kind.APPROVAL, Kind.STAGE):
        sources["change"] = "readback"
    return replace(
        fact,
        actor=actor,
        reason=reason,
        documents=documents,
        card_as_of=seen.modified if seen.card is not None else None,
        sources=tuple(sorted(sources.items())),
    )


def _with_incident(fact: Fact, event: PackageEvent, stages: Stages, known: Mapping[str, Json]) -> Fact:
    """Flag a version that begins with what only an approver may give.

    Only events that name no change can show a beginning; an approval that overtook the registration names its
    change.
    """
    begins = event.is_creation or (not event.changed and not known)
    if not begins or fact.kind not in (Kind.REGISTRATION, Kind.STATUS, Kind.OBSERVATION):
        return fact
    lifecycle = event.lifecycle.document() if event.lifecycle else None
    return replace(fact, incident=FIRST_SEEN_APPROVED) if is_beyond(event.approval, lifecycle, stages) else fact


def is_beyond(approval: str | None, lifecycle: Mapping[str, str] | None, stages: Stages) -> bool:
    """Whether a version that stands so has what only an approver may give."""
    if approval == APPROVED:
        return True
    return lifecycle is not None and (
        lifecycle["Stage"] != stages.first.lifecycle or lifecycle["StageStatus"].casefold() == APPROVED.casefold()
    )
