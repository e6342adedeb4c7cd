"""Events as EventBridge delivers them, parsed once into frozen values.

Documented shapes: sagemaker/latest/dg/automating-sagemaker-with-eventbridge ("SageMaker model package state
change", "SageMaker model card state change", "SageMaker endpoint state change", "SageMaker endpoint deployment state
change"); records of CloudTrail: `governance/cloudtrail.py`. Extra fields pass, unknown detail types are refused.
Requests for a stage are our own custom events (source `mlgov.requests`): what they say is a claim.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from governance.canonical import Json, floats_as_text
from governance.cloudtrail import ApiCall, parse_record
from governance.documents import Document, specification_document, without_environment
from governance.errors import MissingField, NotAnEvent, UnknownEvent
from governance.fields import Fields
from governance.terms import APPROVAL_FIELD, DESCRIPTION_FIELD, LIFECYCLE_FIELD, PACKAGE_ARN
from governance.times import Moment

SAGEMAKER = "aws.sagemaker"
PACKAGE_CHANGE = "SageMaker Model Package State Change"
CARD_CHANGE = "SageMaker Model Card State Change"
ENDPOINT_CHANGE = "SageMaker Endpoint State Change"
ENDPOINT_DEPLOYMENT = "SageMaker Endpoint Deployment State Change"
API_CALL = "AWS API Call via CloudTrail"
REQUESTS = "mlgov.requests"
STAGE_REQUESTED = "Stage Requested"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every event says around its detail. `time` is when the service wrote it, not when the change
    happened.
    """

    event_id: str
    account: str
    region: str
    time: datetime


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """SageMaker's ModelLifeCycle: one stage at a time, so the ledger alone knows what was held before."""

    stage: str
    status: str
    description: str | None = None

    def document(self) -> dict[str, str]:
        """As SageMaker writes it."""
        document = {"Stage": self.stage, "StageStatus": self.status}
        return document | ({"StageDescription": self.description} if self.description is not None else {})


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the first container of the inference specification points at."""

    url: str | None
    etag: str | None
    image: str | None
    image_digest: str | None


NO_ARTIFACT = Artifact(None, None, None, None)


@dataclass(frozen=True, slots=True)
class PackageEvent:
    """A model package was registered or changed. `changed` is `UpdatedModelPackageFields`, empty where it
    isn't sent.

    `modified` is `LastModifiedTime`, else `CreationTime` (a version that nobody changed yet). `values` holds
    what the detail says of each field in `changed`, None where it says nothing. `group` is None for an
    unversioned package.
    """

    envelope: Envelope
    arn: str
    group: str | None
    version: int | None
    created: Moment
    modified: Moment
    status: str
    approval: str | None
    lifecycle: LifeCycle | None
    changed: tuple[str, ...]
    values: tuple[tuple[str, Json], ...]
    artifact: Artifact
    specification: Document | None
    reason: str | None

    @property
    def is_creation(self) -> bool:
        """No field was changed, and the version is as young as its last modification."""
        return not self.changed and self.modified.at == self.created.at


@dataclass(frozen=True, slots=True)
class EndpointEvent:
    """An endpoint changed its state. `status` is UPPER_SNAKE; `arn` is lower-cased by SageMaker, `name`
    isn't.
    """

    envelope: Envelope
    arn: str
    name: str
    config: str | None
    status: str
    created: Moment
    modified: Moment
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardEvent:
    """A model card of the account changed: not the card inside a model package, but one that stands by itself.

    `model` is what the card is about, by its author's own word: the ARN of a model package, or anything else.
    """

    envelope: Envelope
    name: str
    version: int
    status: str
    model: str | None
    modified: Moment
    modified_by: str | None


@dataclass(frozen=True, slots=True)
class CallEvent:
    """CloudTrail's record of an API call."""

    envelope: Envelope
    call: ApiCall


@dataclass(frozen=True, slots=True)
class StageRequest:
    """Somebody asks that a version be admitted to a stage (`stage` is the life cycle's name). A claim, not a
    fact.
    """

    envelope: Envelope
    arn: str
    stage: str
    reason: str | None


Event = PackageEvent | CardEvent | EndpointEvent | CallEvent | StageRequest


def parse_event(body: str) -> Event:
    """Parse the JSON text of one event. Raises an EventError naming the event and what is wrong."""
    envelope_fields = _envelope_fields(body)
    event_id = envelope_fields.event_id
    source, detail_type = envelope_fields.members.get("source"), envelope_fields.members.get("detail-type")
    # The guide's package sample writes the source a second time, as a list of one.
    source = source[0] if isinstance(source, list) and len(source) == 1 else source
    parse = _PARSERS.get(f"{source}: {detail_type}")
    if parse is None:
        raise UnknownEvent(event_id, source, detail_type)
    detail = envelope_fields.optional_object("detail")
    if detail is None:
        raise MissingField(event_id, "detail")
    envelope = Envelope(
        event_id,
        envelope_fields.text("account"),
        envelope_fields.text("region"),
        envelope_fields.moment("time").at,
    )
    return parse(envelope, detail)


def _envelope_fields(body: str) -> Fields:
    def refuse(constant: str) -> Json:
        raise ValueError(f"{constant} is no JSON")

    try:
        document = json.loads(body, parse_constant=refuse)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as problem:
        raise NotAnEvent("(unknown)", f"the message is no JSON text: {type(problem).__name__}") from None
    if not isinstance(document, dict):
        raise NotAnEvent("(unknown)", f"the message is a {type(document).__name__}, not an EventBridge event")
    event_id = document.get("id")
    if not isinstance(event_id, str) or not event_id:
        raise NotAnEvent("(unknown)", "the message has no id: it is no EventBridge event")
    return Fields(event_id, "", document)


def _package(envelope: Envelope, detail: Fields) -> PackageEvent:
    arn = detail.text("ModelPackageArn")
    if not PACKAGE_ARN.fullmatch(arn):
        raise detail.bad("ModelPackageArn", f"an ARN that matches {PACKAGE_ARN.pattern}")
    group = detail.optional_text("ModelPackageGroupName")
    created = detail.moment("CreationTime")
    modified = detail.optional_moment("LastModifiedTime") or created
    # The guide spells one field `sourceUri`, the API `SourceUri`.
    changed = tuple(sorted({name[:1].upper() + name[1:] for name in detail.texts("UpdatedModelPackageFields")}))
    approval = detail.optional_text(APPROVAL_FIELD)
    lifecycle = _lifecycle(detail.optional_object(LIFECYCLE_FIELD))
    for field, value in ((APPROVAL_FIELD, approval), (LIFECYCLE_FIELD, lifecycle)):
        if field in changed and value is None:
            raise MissingField(envelope.event_id, f"detail.{field}")
    specification = detail.optional_object("InferenceSpecification")
    return PackageEvent(
        envelope=envelope,
        arn=arn,
        group=group,
        version=detail.integer("ModelPackageVersion") if group else None,
        created=created,
        modified=modified,
        status=detail.text("ModelPackageStatus"),
        approval=approval,
        lifecycle=lifecycle,
        changed=changed,
        values=tuple((field, _value(detail, field)) for field in changed),
        artifact=artifact_of(specification),
        specification=specification_document(specification.members) if specification else None,
        reason=detail.optional_text(DESCRIPTION_FIELD),
    )


def _value(detail: Fields, field: str) -> Json:
    lower = field[:1].lower() + field[1:]
    return floats_as_text(without_environment(detail.members.get(field, detail.members.get(lower))))


def specification_digest(specification: Json) -> str:
    """SHA-256 of an inference specification's document: shows a swapped image, artifact or environment."""
    return specification_document(specification).sha256


def _lifecycle(fields: Fields | None) -> LifeCycle | None:
    if fields is None or not fields.members:
        return None
    return LifeCycle(fields.text("Stage"), fields.text("StageStatus"), fields.optional_text("StageDescription"))


def artifact_of(specification: Fields | None) -> Artifact:
    """What an inference specification's first container points at."""
    containers = specification.objects("Containers") if specification else ()
    if not containers:
        return NO_ARTIFACT
    first = containers[0]
    source = first.optional_object("ModelDataSource")
    s3 = source.optional_object("S3DataSource") if source else None
    return Artifact(
        url=first.optional_text("ModelDataUrl") or (s3.optional_text("S3Uri") if s3 else None),
        etag=first.optional_text("ModelDataETag") or (s3.optional_text("ETag") if s3 else None),
        image=first.optional_text("Image"),
        image_digest=first.optional_text("ImageDigest"),
    )


def _endpoint(envelope: Envelope, detail: Fields) -> EndpointEvent:
    created = detail.moment("CreationTime")
    return EndpointEvent(
        envelope=envelope,
        arn=detail.text("EndpointArn"),
        name=detail.text("EndpointName"),
        config=detail.optional_text("EndpointConfigName"),
        status=detail.text("EndpointStatus"),
        created=created,
        modified=detail.optional_moment("LastModifiedTime") or created,
        variants=tuple(
            name for variant in detail.objects("ProductionVariants") if (name := variant.optional_text("VariantName"))
        ),
    )


def _card(envelope: Envelope, detail: Fields) -> CardEvent:
    by = detail.optional_object("LastModifiedBy")
    return CardEvent(
        envelope=envelope,
        name=detail.text("ModelCardName"),
        version=detail.integer("ModelCardVersion"),
        status=detail.text("ModelCardStatus"),
        model=detail.optional_text("ModelId"),
        modified=detail.moment("LastModifiedTime"),
        modified_by=by.optional_text("UserProfileArn") if by else None,
    )


def _call(envelope: Envelope, detail: Fields) -> CallEvent:
    return CallEvent(envelope, parse_record(detail, envelope.account))


def _request(envelope: Envelope, detail: Fields) -> StageRequest:
    arn = detail.text("ModelPackageArn")
    if not PACKAGE_ARN.fullmatch(arn):
        raise detail.bad("ModelPackageArn", f"an ARN that matches {PACKAGE_ARN.pattern}")
    return StageRequest(envelope, arn, detail.text("Stage"), detail.optional_text("Reason"))


_PARSERS: dict[str, Callable[[Envelope, Fields], Event]] = {
    f"{SAGEMAKER}: {PACKAGE_CHANGE}": _package,
    f"{SAGEMAKER}: {CARD_CHANGE}": _card,
    f"{SAGEMAKER}: {ENDPOINT_CHANGE}": _endpoint,
    f"{SAGEMAKER}: {ENDPOINT_DEPLOYMENT}": _endpoint,
    f"{SAGEMAKER}: {API_CALL}": _call,
    f"{REQUESTS}: {STAGE_REQUESTED}": _request,
}
