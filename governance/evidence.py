"""Facts from what SageMaker's own events don't tell: CloudTrail's records, life-cycle actions, the registry's state.

Such a fact is the one that the event would have told, as far as the source knows it. Where the registry still shows the
moment of the change it gets the registry's time and details, and so the event's own content id.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governance.canonical import Json
from governance.cloudtrail import (
    CREATE_PACKAGE,
    DELETE_PACKAGE,
    ApiCall,
    approval_sent,
    fields_sent,
    lifecycle_sent,
    reason_sent,
)
from governance.documents import Document, card_document
from governance.events import Artifact
from governance.facts import Fact, is_beyond
from governance.matching import contradict, near
from governance.readback import ReadBack
from governance.stages import Stages
from governance.terms import (
    APPROVAL_FIELD,
    FIRST_SEEN_APPROVED,
    LIFECYCLE_FIELD,
    STATUS_FIELD,
    VERSION_FIELD,
    Clock,
    Identity,
    Kind,
    Witness,
)

SPECIFICATION_FIELD = "InferenceSpecification"
DELETING = "Deleting"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a governed group. `arn` as its facts are keyed, `group` as the organisation's configuration spells
    it.
    """

    arn: str
    group: str
    number: int

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


def governed_version(arn: str, groups: Collection[str]) -> Version | None:
    """The version that an ARN names, None if it is none of a governed group."""
    group, _, number = arn.rpartition(":model-package/")[2].rpartition("/")
    governed = next((name for name in groups if name.casefold() == group.casefold()), None)
    if governed is None or not (number.isascii() and number.isdecimal()):
        return None
    return Version(arn, governed, int(number))


def facts_of_call(
    call: ApiCall, version: Version, stages: Stages, witness: Witness, documents: tuple[Document, ...] = ()
) -> tuple[Fact, ...]:
    """What a successful call of PACKAGE_CALLS did, by field. Raises an EventError for a record that doesn't say it."""
    actor = Identity(call.caller.arn, call.caller.source_identity) if call.caller.arn else None
    base = Fact(
        arn=version.arn, group=version.group, version=version.number, kind=Kind.METADATA, field="", value=None,
        happened=call.at, created=None, event_id=call.key, account=call.account, region=call.region, actor=actor,
        sources=(*((("actor", "cloudtrail"),) if actor else ()), ("change", "cloudtrail")),
        witness=witness, clock=Clock.REQUEST, documents=documents,
    )  # fmt: skip
    if call.name == DELETE_PACKAGE:
        return (replace(base, kind=Kind.DELETION, field=STATUS_FIELD, value=DELETING),)
    if call.name == CREATE_PACKAGE:
        approval, lifecycle = approval_sent(call), lifecycle_sent(call)
        return (
            replace(
                base,
                kind=Kind.REGISTRATION,
                field=VERSION_FIELD,
                value={APPROVAL_FIELD: approval, LIFECYCLE_FIELD: lifecycle},
                artifact=_artifact_sent(call),
                incident=FIRST_SEEN_APPROVED if is_beyond(approval, lifecycle, stages) else None,
            ),
        )
    # What a call changes together belongs together: a stage that it sets is for the artifact that it sets.
    base = replace(base, artifact=_artifact_sent(call))
    return tuple(_update(base, sent.field, sent.value, call) for sent in fields_sent(call))


def _update(base: Fact, field: str, value: Json, call: ApiCall) -> Fact:
    if field == APPROVAL_FIELD:
        return _reasoned(replace(base, kind=Kind.APPROVAL, field=field, value=value), reason_sent(call))
    if field == LIFECYCLE_FIELD:
        return _reasoned(replace(base, kind=Kind.STAGE, field=field, value=value), value.get("StageDescription"))
    return replace(base, field=field)


def _reasoned(fact: Fact, reason: str | None) -> Fact:
    if reason is None:
        return fact
    return replace(fact, reason=reason, sources=tuple(sorted({**dict(fact.sources), "reason": "cloudtrail"}.items())))


def _artifact_sent(call: ApiCall) -> Artifact:
    """The first container as the call's parameters name it."""
    specification = call.request.get("inferenceSpecification")
    containers = specification.get("containers") if isinstance(specification, dict) else None
    first = containers[0] if isinstance(containers, list) and containers and isinstance(containers[0], dict) else {}
    source = first.get("modelDataSource") or {}
    s3 = source.get("s3DataSource") or {} if isinstance(source, dict) else {}
    url = first.get("modelDataUrl") or s3.get("s3Uri")
    return Artifact(_text(url), None, _text(first.get("image")), _text(first.get("imageDigest")))


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class Action:
    """A lineage action of type ModelLifeCycle: SageMaker's own note of a change of the life cycle.

    The guide names these actions as the audit records of such changes, and not what they hold
    (sagemaker/latest/dg/model-registry-staging-construct-cli): `source` should be the version's ARN; `properties` may
    say the life cycle or may not. An action whose source is no version says nothing.
    """

    arn: str
    source: str
    created: datetime
    properties: Mapping[str, str]
    created_by: Identity | None

    @property
    def lifecycle(self) -> dict[str, str] | None:
        held = {name.rpartition(".")[2].casefold(): value for name, value in self.properties.items() if value}
        stage, status, description = held.get("stage"), held.get("stagestatus"), held.get("stagedescription")
        if stage is None or status is None:
            return None
        return {"Stage": stage, "StageStatus": status} | ({"StageDescription": description} if description else {})


def fact_of_action(action: Action, version: Version, witness: Witness) -> Fact:
    """The change of the life cycle that an action notes. Its value is None where the action doesn't say it: then it can
    be looked for, and not be recorded.
    """
    lifecycle, actor = action.lifecycle, action.created_by
    return Fact(
        arn=version.arn, group=version.group, version=version.number, kind=Kind.STAGE, field=LIFECYCLE_FIELD,
        value=lifecycle, happened=action.created, created=None, event_id=action.arn, account=version.account,
        region=version.region, actor=actor, reason=lifecycle.get("StageDescription") if lifecycle else None,
        sources=(*((("actor", "action"),) if actor else ()), ("change", "action")),
        witness=witness, clock=Clock.ACTION,
    )  # fmt: skip


def with_registry(fact: Fact, seen: ReadBack | None, later: Sequence[datetime] = ()) -> Fact:
    """The fact with the registry's own time and details, where the registry still shows its moment.

    `later`: times of known calls after this one's. The registry shows only the last moment, so a change has
    it if its value is still there, its time is near, and neither another call nor another caller is nearer.
    """
    if seen is None or fact.kind not in (Kind.REGISTRATION, Kind.APPROVAL, Kind.STAGE, Kind.METADATA):
        return fact
    if fact.kind is Kind.REGISTRATION:
        dated = replace(fact, happened=seen.created, created=seen.created, clock=Clock.REGISTRY)
        return _detailed(replace(dated, value=snapshot(seen)), seen) if seen.modified == seen.created else dated
    if any(near(call, seen.modified) for call in later) or not near(fact.happened, seen.modified):
        return replace(fact, created=seen.created)
    by_other = fact.actor and seen.modified_by and fact.actor.arn != seen.modified_by.arn
    reasons = {
        APPROVAL_FIELD: seen.approval_description,
        LIFECYCLE_FIELD: seen.lifecycle.description if seen.lifecycle else None,
    }
    by_other = by_other or contradict(fact.reason, reasons.get(fact.field))
    shown = {APPROVAL_FIELD: seen.approval, LIFECYCLE_FIELD: seen.lifecycle.document() if seen.lifecycle else None}
    unsaid = fact.kind is Kind.STAGE and fact.value is None
    if by_other or (fact.field in shown and not unsaid and shown[fact.field] != fact.value):
        return replace(fact, created=seen.created)
    value = shown[fact.field] if unsaid else fact.value
    if fact.field == SPECIFICATION_FIELD and seen.specification is not None:
        value = json.loads(seen.specification.text)
    dated = replace(fact, value=value, happened=seen.modified, created=seen.created, clock=Clock.REGISTRY)
    return _detailed(dated, seen)


def _detailed(fact: Fact, seen: ReadBack) -> Fact:
    """The fact with what the read-back of its moment shows: artifact, specification, card, status."""
    card = (card_document(seen.card),) if seen.card is not None else ()
    specification = (seen.specification,) if seen.specification is not None else ()
    sources = {**dict(fact.sources), **({"card": "readback"} if card else {})}
    return replace(
        fact,
        artifact=seen.artifact,
        package_status=seen.status,
        documents=(*fact.documents, *specification, *card),
        card_as_of=seen.modified if card else None,
        sources=tuple(sorted(sources.items())),
    )


def snapshot(seen: ReadBack) -> dict[str, Json]:
    """Approval and life cycle as the registry shows them, in the form of a registration's value."""
    return {
        APPROVAL_FIELD: seen.approval,
        LIFECYCLE_FIELD: seen.lifecycle.document() if seen.lifecycle else None,
    }


def fact_of_registry(version: Version, kind: Kind, field: str, value: Json, seen: ReadBack, witness: Witness) -> Fact:
    """A fact for which the registry alone stands, of the moment that it shows, with all its details."""
    creation = kind is Kind.REGISTRATION
    actor = seen.created_by if creation else seen.modified_by
    fact = Fact(
        arn=version.arn, group=version.group, version=version.number, kind=kind, field=field, value=value,
        happened=seen.created if creation else seen.modified, created=seen.created, event_id="registry",
        account=version.account, region=version.region, actor=actor,
        sources=(*((("actor", "readback"),) if actor else ()), ("change", "readback")), witness=witness,
    )  # fmt: skip
    return fact if creation and seen.modified != seen.created else _detailed(fact, seen)
