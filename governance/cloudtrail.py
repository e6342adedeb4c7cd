"""CloudTrail's records of SageMaker calls, reduced to who changed what.

A record says who called, with what, and when to the second; it doesn't say when the registry took the change, which may
be later. Shape: awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents: `requestParameters` and
`responseElements` carry the API's members in lowerCamel; content above 100 KB is left out, sensitive members
are hidden (`HIDDEN_DUE_TO_SECURITY_REASONS`). A copy in the account of the resource's owner names of a foreign caller
only the account; `sharedEventID` is the same in all copies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from governance.canonical import Json
from governance.errors import MissingField, NotAnEvent
from governance.fields import Fields
from governance.terms import APPROVAL_FIELD, DESCRIPTION_FIELD, LIFECYCLE_FIELD

CREATE_PACKAGE = "CreateModelPackage"
UPDATE_PACKAGE = "UpdateModelPackage"
DELETE_PACKAGE = "DeleteModelPackage"
PACKAGE_CALLS = (CREATE_PACKAGE, UPDATE_PACKAGE, DELETE_PACKAGE)
"""Calls that change a version of a model package group."""

ENDPOINT_CALLS = frozenset(
    {
        "CreateEndpoint", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "DeleteEndpoint",
        "CreateInferenceComponent", "UpdateInferenceComponent", "UpdateInferenceComponentRuntimeConfig",
        "DeleteInferenceComponent",
    }
)  # fmt: skip
"""Calls that change what an endpoint serves. Only some name the endpoint (botocore's sagemaker model)."""

_METADATA = {
    "approvalDescription": DESCRIPTION_FIELD,
    "sourceUri": "SourceUri",
    "customerMetadataProperties": "CustomerMetadataProperties",
    "customerMetadataPropertiesToRemove": "CustomerMetadataProperties",
    "inferenceSpecification": "InferenceSpecification",
    "additionalInferenceSpecificationsToAdd": "AdditionalInferenceSpecifications",
    "modelCard": "ModelCard",
    "modelPackageRegistrationType": "ModelPackageRegistrationType",
}
"""Other parameters of UpdateModelPackage, and the field that an event names for each."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called: ARN of the identity (None where the record shows only the account), and the session's person."""

    account: str | None
    arn: str | None
    source_identity: str | None


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call. `key` is the same in all copies of its record. `failed`: AWS refused it, so nothing changed.

    `request` and `response` are `requestParameters` and `responseElements`, {} where the record has none. `resources`
    are the ARNs that the record lists.
    """

    key: str
    name: str
    at: datetime
    account: str
    region: str
    caller: Caller
    failed: bool
    request: dict[str, Json] = field(repr=False)
    response: dict[str, Json] = field(repr=False)
    resources: tuple[str, ...] = ()


def parse_record(record: Fields, account: str) -> ApiCall:
    """A record as an event's `detail` holds it. Raises an EventError naming what is missing or wrong.

    `account` is where the record was found; it counts where the record names no recipient: `recipientAccountId`
    is optional (record contents), and EventBridge's schema of such events lists none.
    """
    event_id = record.text("eventID")
    request, response = record.optional_object("requestParameters"), record.optional_object("responseElements")
    return ApiCall(
        key=record.optional_text("sharedEventID") or event_id,
        name=record.text("eventName"),
        at=record.moment("eventTime").at,
        account=record.optional_text("recipientAccountId") or account,
        region=record.text("awsRegion"),
        caller=_caller(record.optional_object("userIdentity")),
        failed=record.optional_text("errorCode") is not None,
        request=dict(request.members) if request else {},
        response=dict(response.members) if response else {},
        resources=tuple(arn for item in record.objects("resources") if (arn := item.optional_text("ARN"))),
    )


def read_record(text: str, account: str) -> ApiCall:
    """A record as LookupEvents returns it of an account (`CloudTrailEvent`, JSON text). Raises an EventError."""
    try:
        record = json.loads(text)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise NotAnEvent("(unknown)", "a CloudTrailEvent of LookupEvents is no JSON object")
    return parse_record(Fields(str(record.get("eventID") or "(unknown)"), "", record), account)


def _caller(identity: Fields | None) -> Caller:
    if identity is None:
        return Caller(None, None, None)
    session = identity.optional_object("sessionContext")
    return Caller(
        identity.optional_text("accountId"),
        identity.optional_text("arn"),
        session.optional_text("sourceIdentity") if session else None,
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """One field that a call set: the name that events give it, and what was sent (None: not said, or hidden)."""

    field: str
    value: Json


def package_arn(call: ApiCall) -> str | None:
    """The version that a call changed, None where the record doesn't name it: the answer's spelling before the
    request's, since a caller may write ARNs in another case.
    """
    listed = next((arn for arn in call.resources if ":model-package/" in arn and arn.count("/") == 2), None)
    named = call.request.get("modelPackageArn") or call.request.get("modelPackageName")
    for candidate in (call.response.get("modelPackageArn"), listed, named):
        if isinstance(candidate, str) and ":model-package/" in candidate:
            return candidate
    return None


def token_of(call: ApiCall) -> str | None:
    """The idempotency token: calls that carry the same one are one change, however often they were answered."""
    token = call.request.get("clientToken")
    return token if isinstance(token, str) and token else None


def fields_sent(call: ApiCall) -> tuple[Sent, ...]:
    """The fields that an UpdateModelPackage set, by name. A description beside an approval is that approval's reason.

    Raises MissingField where the record lacks the parameters: nobody can say what changed.
    """
    if not call.request:
        raise MissingField(call.key, "detail.requestParameters")
    sent: dict[str, Json] = {}
    if _shown(call.request.get("modelApprovalStatus")) is not None:
        sent[APPROVAL_FIELD] = call.request["modelApprovalStatus"]
    if (lifecycle := lifecycle_sent(call)) is not None:
        sent[LIFECYCLE_FIELD] = lifecycle
    for parameter, name in _METADATA.items():
        beside = name == DESCRIPTION_FIELD and APPROVAL_FIELD in sent
        if call.request.get(parameter) is not None and not beside:
            sent[name] = None
    return tuple(Sent(name, sent[name]) for name in sorted(sent))


def approval_sent(call: ApiCall) -> str | None:
    return _shown(call.request.get("modelApprovalStatus"))


def reason_sent(call: ApiCall) -> str | None:
    return _shown(call.request.get("approvalDescription"))


def lifecycle_sent(call: ApiCall) -> dict[str, str] | None:
    """The life cycle as the API writes it, None where none was sent."""
    sent = call.request.get("modelLifeCycle")
    if not isinstance(sent, dict):
        return None
    stage, status, description = (_shown(sent.get(name)) for name in ("stage", "stageStatus", "stageDescription"))
    if stage is None or status is None:
        return None
    return {"Stage": stage, "StageStatus": status} | ({"StageDescription": description} if description else {})


def endpoint_of(call: ApiCall) -> str | None:
    """The endpoint that a call of ENDPOINT_CALLS names, None where it names only a part of one."""
    return _shown(call.request.get("endpointName"))


def _shown(value: Json) -> str | None:
    """A text, unless it is absent or hidden."""
    return value if isinstance(value, str) and value and value != "HIDDEN_DUE_TO_SECURITY_REASONS" else None
