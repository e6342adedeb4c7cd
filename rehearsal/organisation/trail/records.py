"""The record of one call, as the event history of an account holds it.

Sources: awscloudtrail cloudtrail-event-reference-record-contents (version 1.11),
cloudtrail-event-reference-user-identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, Need, Organisation
from rehearsal.organisation.identity import name_of
from rehearsal.organisation.model import model
from rehearsal.organisation.trail.kinds import is_read_only, region_of

Record = dict[str, Any]
VERSION = "1.11"
LONGEST_TEXT = 1024
INSIDE_AWS = "AWS Internal"
"""What stands where AWS itself makes the call and the record doesn't name the service."""

_CFN_NAMES = {
    "cloudwatch": "CloudWatch", "dynamodb": "DynamoDB", "events": "Events", "lambda": "Lambda", "logs": "Logs",
    "sagemaker": "SageMaker",
}  # fmt: skip
_BARE_TYPES = {"s3": "Bucket", "sns": "Topic", "sqs": "Queue"}
"""Services whose ARNs hold no resource type."""


def timestamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event_source(service: str) -> str:
    """`sagemaker.amazonaws.com`: the name under which requests to the service are signed (CloudWatch: monitoring)."""
    return f"{model(service).signing_name}.amazonaws.com"


def user_identity(org: Organisation, caller: Caller, *, by_aws: bool) -> dict[str, Any]:
    """The `userIdentity` element in the caller's own account."""
    if caller.is_service:
        return {"type": "AWSService", "invokedBy": caller.arn}
    shared: dict[str, Any] = {
        "principalId": caller.user_id or caller.account,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key,
    }
    if by_aws:
        shared["invokedBy"] = INSIDE_AWS
    if caller.role_arn:
        return {"type": "AssumedRole", **shared, "sessionContext": _session_context(org, caller)}
    if caller.arn.endswith(":root"):
        return {"type": "Root", **shared}
    return {"type": "IAMUser", **shared, "userName": name_of(caller.arn)}


def _session_context(org: Organisation, caller: Caller) -> dict[str, Any]:
    session = org.identity.session(caller.access_key)
    issued = session.issued if session is not None else org.clock.now()
    context: dict[str, Any] = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": caller.user_id.split(":")[0],
            "arn": caller.role_arn,
            "accountId": caller.account,
            "userName": name_of(caller.role_arn or ""),
        },
        "attributes": {"creationDate": timestamp(issued), "mfaAuthenticated": "false"},
    }
    if caller.source_identity:
        context["sourceIdentity"] = caller.source_identity
    return context


def foreign_identity(caller: Caller) -> dict[str, Any]:
    """The `userIdentity` in the account of a resource's owner, who sees of another account only its id."""
    return {"type": "AWSAccount", "principalId": caller.user_id or caller.account, "accountId": caller.account}


def resources_of(needs: Iterable[Need]) -> list[dict[str, str]]:
    """The resources that a call concerns: `[{"accountId", "type", "ARN"}]`, each once; roles that it passes aside."""
    found: dict[str, dict[str, str]] = {}
    for need in needs:
        if need.action != "iam:PassRole" and need.resource.startswith("arn:") and "*" not in need.resource:
            found[need.resource] = {
                "accountId": need.resource_account, "type": resource_type(need.resource), "ARN": need.resource,
            }  # fmt: skip
    return list(found.values())


def resource_type(arn: str) -> str:
    """`AWS::SageMaker::ModelPackage` of a model package's ARN."""
    service, rest = arn.split(":")[2], arn.split(":", 5)[5]
    kind = _BARE_TYPES.get(service) or "".join(
        part.capitalize() for part in re.split("[/:]", rest.lstrip("/"))[0].split("-")
    )
    return f"AWS::{_CFN_NAMES.get(service, service.upper())}::{kind}"


def shows_answer(call: Call) -> bool:
    """Read-only calls show none, but for AssumeRole (cloudtrail-event-reference-user-identity, the sample of it)."""
    return not is_read_only(call.service, call.operation) or (call.service, call.operation) == ("sts", "AssumeRole")


def record_of(
    org: Organisation, call: Call, *, time: datetime, by_aws: bool, requested: Mapping[str, Any] | None,
    answered: Mapping[str, Any] | None, needs: Iterable[Need], error: ApiError | None,
) -> Record:  # fmt: skip
    """The record of the caller's account, but for what differs by account (`eventID`, `recipientAccountId`)."""
    read_only = is_read_only(call.service, call.operation)
    record: Record = {
        "eventVersion": VERSION,
        "userIdentity": user_identity(org, call.caller, by_aws=by_aws),
        "eventTime": timestamp(time),
        "eventSource": event_source(call.service),
        "eventName": call.operation,
        "awsRegion": region_of(call.service, call.region),
        "sourceIPAddress": INSIDE_AWS if by_aws else org.settings.source_ip,
        "userAgent": INSIDE_AWS if by_aws else call.headers.get("user-agent", "")[:LONGEST_TEXT],
        "requestParameters": requested,
        "responseElements": answered,
        "requestID": call.request_id,
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
    }
    if error is not None:
        record["errorCode"] = error.code[:LONGEST_TEXT]
        record["errorMessage"] = error.message[:LONGEST_TEXT]
    elif resources := resources_of(needs):
        record["resources"] = resources
    return record
