"""What SQS checks of messages and batches, and the use of a queue's key.

Sources: the SQS API reference (errors), sqs/quotas-messages, sqs/sqs-key-management (the encryption context is the
queue's ARN).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.organisation.core import ApiError, Caller, Organisation, Params
from rehearsal.organisation.services.kms import key_arn
from rehearsal.organisation.services.sqs.queues import Queue

MAX_BATCH = 10
MAX_MESSAGE_ATTRIBUTES = 10
MAX_DELAY_SECONDS = 900
BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
FORBIDDEN_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold: API SendMessage."""

AWS_MANAGED_KEY = "alias/aws/sqs"
KEY_ERRORS = {
    "DisabledException": "KmsDisabled",
    "KMSInvalidStateException": "KmsInvalidState",
    "NotFoundException": "KmsNotFound",
}
"""KMS's error to SQS's name for it. Source: botocore's models of both."""


def use_key(org: Organisation, queue: Queue, caller: Caller, actions: Sequence[str]) -> None:
    """Authorise the use of the queue's key by who sends or receives; nothing for SSE-SQS.

    A service principal brings no `aws:SourceArn`: AWS's pages contradict each other on it, so a key policy that
    demands it fails here. Raises ApiError (KmsAccessDenied).
    """
    if queue.key is None:
        return
    if queue.key.endswith(AWS_MANAGED_KEY):
        if caller.is_service or caller.account != queue.account:
            raise ApiError(
                "KmsAccessDenied",
                f"{caller.arn} can't use the AWS managed key {AWS_MANAGED_KEY} of account {queue.account}: its "
                "policy, which can't be changed, admits that account's principals only.",
            )
        return
    for action in actions:
        try:
            org.use_key(
                key_arn(org, queue.key, queue.account, queue.region), action, caller, region=queue.region,
                via=None if caller.is_service else f"sqs.{queue.region}.amazonaws.com",
                encryption_context={"aws:sqs:arn": queue.arn}, reason=f"SQS encrypts {queue.name}",
            )  # fmt: skip
        except ApiError as error:
            if error.code == "NotEmulated":
                raise
            raise ApiError(KEY_ERRORS.get(error.code, "KmsAccessDenied"), error.message) from error


def size_of(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """The bytes that count against a queue's limit: body, and each attribute's name, type and value."""
    values = (value.get("BinaryValue", value.get("StringValue", "")) for value in attributes.values())
    return (
        len(body.encode())
        + sum(len(name.encode()) + len(value["DataType"]) for name, value in attributes.items())
        + sum(len(value.encode() if isinstance(value, str) else value) for value in values)
    )


def check_message(queue: Queue, entry: Mapping[str, Any]) -> None:
    """Refuse a message as SendMessage does: characters, attributes, size, delay (SQS API reference, SendMessage)."""
    body, attributes = entry["MessageBody"], entry.get("MessageAttributes", {})
    if not body:
        raise ApiError("MissingParameter", "The request must contain the parameter MessageBody.")
    if FORBIDDEN_CHARACTERS.search(body):
        raise ApiError(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
            "#xFFFD | #x10000 to #x10FFFF",
        )
    if len(attributes) > MAX_MESSAGE_ATTRIBUTES:
        raise ApiError(
            "InvalidParameterValue",
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_MESSAGE_ATTRIBUTES}].",
        )
    for name, value in attributes.items():
        if value["DataType"].split(".")[0] not in ("String", "Number", "Binary"):
            raise ApiError(
                "InvalidParameterValue",
                f"The type of message attribute '{name}' is invalid. You must use only the following supported "
                "type prefixes: Binary, Number, String.",
            )
        if not value.get("StringValue") and not value.get("BinaryValue"):
            raise ApiError("InvalidParameterValue", f"Message attribute '{name}' must contain a non-empty value.")
    if size_of(body, attributes) > queue.seconds("MaximumMessageSize"):
        raise ApiError(
            "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than "
            f"{queue.get('MaximumMessageSize')} bytes.",
        )
    if not 0 <= entry.get("DelaySeconds", 0) <= MAX_DELAY_SECONDS:
        raise ApiError(
            "InvalidParameterValue",
            f"Value {entry['DelaySeconds']} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be "
            f">= 0 and <= {MAX_DELAY_SECONDS}.",
        )
    if entry.get("MessageDeduplicationId"):
        raise ApiError(
            "InvalidParameterValue",
            "The request includes a parameter that is not valid for this queue type: MessageDeduplicationId",
        )


def each_of_batch(entries: Sequence[Mapping[str, Any]], one: Callable[[Mapping[str, Any]], Params]) -> Params:
    """Do each entry of a batch; what fails is reported by its id.

    Raises ApiError for a batch that is refused as a whole.
    """
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise ApiError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(ids) > MAX_BATCH:
        raise ApiError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {MAX_BATCH}. You have sent {len(ids)}.",
        )
    if any(not BATCH_ID.fullmatch(id_) for id_ in ids):
        raise ApiError(
            "InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at "
            "most 80 letters long.",
        )
    if len(set(ids)) < len(ids):
        raise ApiError("BatchEntryIdsNotDistinct", f"Id {next(i for i in ids if ids.count(i) > 1)} repeated.")
    done, failed = [], []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], **one(entry)})
        except ApiError as error:
            if error.code == "NotEmulated":
                raise
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return {"Successful": done, **({"Failed": failed} if failed else {})}
