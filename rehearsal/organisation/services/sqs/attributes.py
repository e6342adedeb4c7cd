"""What a queue's attributes may be: the API takes all of them as texts.

Sources: sqs API CreateQueue and SetQueueAttributes (names, ranges), sqs-dead-letter-queues (same account and Region,
same type), sqs-key-management (one kind of encryption).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.organisation.core import ApiError, NotEmulated, Organisation
from rehearsal.organisation.services.sqs.queues import Queue, find_queue

RANGES: dict[str, tuple[int, int]] = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
FIFO_ONLY = frozenset({"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"})
DOCUMENTS = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy"})
SETTABLE = frozenset({*RANGES, *DOCUMENTS, "KmsMasterKeyId", "SqsManagedSseEnabled"})
MAX_RECEIVES = (1, 1000)
MAX_ALLOWED_SOURCES = 10


def invalid(name: str, value: object, reason: str) -> ApiError:
    return ApiError("InvalidAttributeValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def check_attributes(org: Organisation, queue: Queue, given: Mapping[str, str]) -> None:
    """Refuse attributes that SQS refuses for this queue.

    Raises ApiError (InvalidAttributeName, InvalidAttributeValue), NotEmulated (FIFO queues).
    """
    for name, value in given.items():
        if name in FIFO_ONLY:
            raise NotEmulated(f"sqs: a FIFO queue (attribute {name} of {queue.name})")
        if name not in SETTABLE:
            raise ApiError("InvalidAttributeName", f"Unknown Attribute {name}.")
        if name in RANGES:
            _check_range(name, value)
        elif name in DOCUMENTS and value:
            _check_document(org, queue, name, value)
    if given.get("SqsManagedSseEnabled", "").lower() not in ("", "true", "false"):
        raise invalid("SqsManagedSseEnabled", given["SqsManagedSseEnabled"], "must be true or false.")
    if given.get("KmsMasterKeyId") and given.get("SqsManagedSseEnabled", "").lower() == "true":
        raise ApiError(
            "InvalidAttributeValue",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or "
            "SQS SSE.",
        )


def _check_range(name: str, value: str) -> None:
    least, most = RANGES[name]
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise invalid(name, value, f"must be a number from {least} to {most}.")


def _check_document(org: Organisation, queue: Queue, name: str, value: str) -> None:
    try:
        document = json.loads(value)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise invalid(name, value, "not a JSON object.")
    {"Policy": _check_policy, "RedrivePolicy": _check_redrive, "RedriveAllowPolicy": _check_allow}[name](
        org, queue, document
    )


def _check_policy(org: Organisation, queue: Queue, document: Mapping[str, Any]) -> None:
    statements = document.get("Statement")
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or not {"Effect", "Action", "Resource"} <= statement.keys():
            raise invalid("Policy", json.dumps(document), "a statement needs Effect, Principal, Action and Resource.")
        if not {"Principal", "NotPrincipal"} & statement.keys():
            raise invalid("Policy", json.dumps(document), "a statement has no Principal.")
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if any(action != "*" and not str(action).lower().startswith("sqs:") for action in actions):
            raise invalid("Policy", json.dumps(document), "Policy statement action out of service scope!")


def _check_redrive(org: Organisation, queue: Queue, document: Mapping[str, Any]) -> None:
    shown = json.dumps(document)
    if document.keys() != {"deadLetterTargetArn", "maxReceiveCount"}:
        raise invalid("RedrivePolicy", shown, "needs deadLetterTargetArn and maxReceiveCount, nothing else.")
    count, arn = str(document["maxReceiveCount"]), str(document["deadLetterTargetArn"])
    if not count.isdigit() or not MAX_RECEIVES[0] <= int(count) <= MAX_RECEIVES[1]:
        raise invalid(
            "RedrivePolicy",
            shown,
            f"Invalid value for maxReceiveCount: {count}, valid values are from {MAX_RECEIVES[0]} to "
            f"{MAX_RECEIVES[1]} both inclusive.",
        )
    target = find_queue(org, arn)
    if target is None:
        raise invalid("RedrivePolicy", shown, "Dead letter target does not exist.")
    if (target.account, target.region) != (queue.account, queue.region):
        raise invalid("RedrivePolicy", shown, "Dead-letter target owner and Region must be those of the source.")
    if not admits_source(target, queue.arn):
        raise invalid(
            "RedrivePolicy", shown, f"Queue {arn} does not allow {queue.arn} to use it as a dead-letter queue."
        )


def admits_source(dead_letters: Queue, source_arn: str) -> bool:
    """Whether a dead-letter queue's redrive allow policy admits a source queue (none admits all)."""
    policy = json.loads(dead_letters.attributes.get("RedriveAllowPolicy") or "{}")
    permission = policy.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source_arn in policy.get("sourceQueueArns", []))


def _check_allow(org: Organisation, queue: Queue, document: Mapping[str, Any]) -> None:
    shown = json.dumps(document)
    permission, sources = document.get("redrivePermission"), document.get("sourceQueueArns")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        raise invalid("RedriveAllowPolicy", shown, "redrivePermission must be allowAll, denyAll or byQueue.")
    if (permission == "byQueue") != isinstance(sources, list):
        raise invalid("RedriveAllowPolicy", shown, "sourceQueueArns goes with redrivePermission byQueue only.")
    if isinstance(sources, list) and not 1 <= len(sources) <= MAX_ALLOWED_SOURCES:
        raise invalid("RedriveAllowPolicy", shown, f"sourceQueueArns takes 1 to {MAX_ALLOWED_SOURCES} ARNs.")
