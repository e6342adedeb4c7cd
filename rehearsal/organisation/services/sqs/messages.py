"""Amazon SQS, standard queues: sending, receiving, deleting, with the use of the queue's key.

Sources: botocore's sqs model, the SQS API reference, sqs/sqs-key-management (a producer needs kms:GenerateDataKey and
kms:Decrypt, a consumer kms:Decrypt; the encryption context is the queue's ARN).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, Organisation, Params, serves
from rehearsal.organisation.services.key_arns import key_arn
from rehearsal.organisation.services.sqs.control import SOURCE, queue_needs, queue_of_url
from rehearsal.organisation.services.sqs.queues import Message, Queue, attributes_digest, digest, find_queue

MAX_BATCH = 10
MAX_MESSAGE_ATTRIBUTES = 10
MAX_BATCH_BYTES = 1_048_576
MAX_DELAY_SECONDS = 900
MAX_HIDDEN_SECONDS = 43_200
BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
FORBIDDEN_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold: API SendMessage."""

WAIT_STEP_SECONDS = 1.0
AWS_MANAGED_KEY = "alias/aws/sqs"


def use_key(org: Organisation, queue: Queue, caller: Caller, actions: Sequence[str]) -> None:
    """Authorise the use of the queue's key by who sends or receives; nothing for SSE-SQS.

    A service principal brings no `aws:SourceArn`: AWS's pages contradict each other on it, so a key policy that
    demands it fails here. Raises ApiError (KmsAccessDenied).
    """
    if queue.key is None:
        return
    if queue.key.endswith(AWS_MANAGED_KEY):
        if caller.is_service or caller.account != queue.account:
            raise ApiError("KmsAccessDenied", f"{caller.arn} can't use the AWS managed key {AWS_MANAGED_KEY} of account {queue.account}: its policy, which can't be changed, admits that account's principals only.")  # fmt: skip
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
            raise ApiError("KmsAccessDenied", error.message, **error.fields) from error


def size_of(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """The bytes that count against a queue's limit: body, and each attribute's name, type and value."""
    values = (value.get("BinaryValue", value.get("StringValue", "")) for value in attributes.values())
    return (
        len(body.encode())
        + sum(len(name.encode()) + len(value["DataType"]) for name, value in attributes.items())
        + sum(len(value.encode() if isinstance(value, str) else value) for value in values)
    )


def _check_message(queue: Queue, entry: Mapping[str, Any]) -> None:
    body, attributes = entry["MessageBody"], entry.get("MessageAttributes", {})
    if not body:
        raise ApiError("MissingParameter", "The request must contain the parameter MessageBody.")
    if FORBIDDEN_CHARACTERS.search(body):
        raise ApiError("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")  # fmt: skip
    if len(attributes) > MAX_MESSAGE_ATTRIBUTES:
        raise ApiError("InvalidParameterValue", f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_MESSAGE_ATTRIBUTES}].")  # fmt: skip
    for name, value in attributes.items():
        if value["DataType"].split(".")[0] not in ("String", "Number", "Binary"):
            raise ApiError("InvalidParameterValue", f"The type of message attribute '{name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.")  # fmt: skip
        if not value.get("StringValue") and not value.get("BinaryValue"):
            raise ApiError("InvalidParameterValue", f"Message attribute '{name}' must contain a non-empty value.")
    if size_of(body, attributes) > queue.seconds("MaximumMessageSize"):
        raise ApiError("InvalidParameterValue", f"One or more parameters are invalid. Reason: Message must be shorter than {queue.get('MaximumMessageSize')} bytes.")  # fmt: skip
    if not 0 <= entry.get("DelaySeconds", 0) <= MAX_DELAY_SECONDS:
        raise ApiError("InvalidParameterValue", f"Value {entry['DelaySeconds']} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {MAX_DELAY_SECONDS}.")  # fmt: skip
    if entry.get("MessageDeduplicationId"):
        raise ApiError("InvalidParameterValue", "The request includes a parameter that is not valid for this queue type: MessageDeduplicationId")  # fmt: skip


def _put(org: Organisation, queue: Queue, caller: Caller, entry: Mapping[str, Any]) -> Params:
    now = org.clock.now()
    delay = entry.get("DelaySeconds", queue.seconds("DelaySeconds"))
    system = {name: value["StringValue"] for name, value in entry.get("MessageSystemAttributes", {}).items()}
    if "MessageGroupId" in entry:
        system["MessageGroupId"] = entry["MessageGroupId"]
    message = Message(
        entry["MessageBody"], caller.user_id or caller.account or caller.arn, now, now + timedelta(seconds=delay),
        dict(entry.get("MessageAttributes", {})), system,
    )  # fmt: skip
    queue.put(message)
    org.component("queues").tell()
    answer: Params = {"MessageId": message.id, "MD5OfMessageBody": digest(message.body)}
    if message.attributes:
        answer["MD5OfMessageAttributes"] = attributes_digest(message.attributes)
    return answer


def deliver(org: Organisation, caller: Caller, queue_arn: str, body: str, attributes: Mapping[str, str]) -> str:
    """Send a message for an AWS service or its role, whose right to send was authorised already; its use of the key is
    authorised here.

    `attributes` become text attributes. Returns the message id. Raises ApiError (QueueDoesNotExist, KmsAccessDenied).
    """
    queue = find_queue(org, queue_arn)
    if queue is None:
        raise ApiError("QueueDoesNotExist", f"The specified queue does not exist: {queue_arn}.")
    use_key(org, queue, caller, ("kms:GenerateDataKey", "kms:Decrypt"))
    entry = {
        "MessageBody": body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
        },
    }
    _check_message(queue, entry)
    with org.lock:
        return str(_put(org, queue, caller, entry)["MessageId"])


@serves("sqs", "SendMessage", source=f"{SOURCE}/API_SendMessage", needs=queue_needs)
def send_message(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    _check_message(queue, call.params)
    use_key(org, queue, call.caller, ("kms:GenerateDataKey", "kms:Decrypt"))
    return _put(org, queue, call.caller, call.params)


def _batch(entries: Sequence[Mapping[str, Any]], one: Callable[[Mapping[str, Any]], Params]) -> Params:
    """Do each entry of a batch; what fails is reported by its id.

    Raises ApiError for a batch that is refused as a whole.
    """
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise ApiError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(ids) > MAX_BATCH:
        raise ApiError("TooManyEntriesInBatchRequest", f"Maximum number of entries per request are {MAX_BATCH}. You have sent {len(ids)}.")  # fmt: skip
    if any(not BATCH_ID.fullmatch(id_) for id_ in ids):
        raise ApiError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")  # fmt: skip
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


@serves("sqs", "SendMessageBatch", source=f"{SOURCE}/API_SendMessageBatch", needs=queue_needs)
def send_message_batch(org: Organisation, call: Call) -> Params:
    queue, entries = queue_of_url(org, call), call.params["Entries"]
    size = sum(size_of(entry["MessageBody"], entry.get("MessageAttributes", {})) for entry in entries)
    if size > MAX_BATCH_BYTES:
        raise ApiError("BatchRequestTooLong", f"Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes. You have sent {size} bytes.")  # fmt: skip
    use_key(org, queue, call.caller, ("kms:GenerateDataKey", "kms:Decrypt"))

    def one(entry: Mapping[str, Any]) -> Params:
        _check_message(queue, entry)
        return _put(org, queue, call.caller, entry)

    return _batch(entries, one)


@serves("sqs", "ReceiveMessage", source=f"{SOURCE}/API_ReceiveMessage", needs=queue_needs, locked=False)
def receive_message(org: Organisation, call: Call) -> Params:
    most = call.params.get("MaxNumberOfMessages", 1)
    if not 1 <= most <= MAX_BATCH:
        raise ApiError("InvalidParameterValue", f"Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and {MAX_BATCH}, if provided.")  # fmt: skip
    queue = queue_of_url(org, call)
    wait = call.params.get("WaitTimeSeconds", queue.seconds("ReceiveMessageWaitTimeSeconds"))
    if not 0 <= wait <= 20:
        raise ApiError("InvalidParameterValue", f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.")  # fmt: skip
    hidden = _hidden_seconds(call.params.get("VisibilityTimeout", queue.seconds("VisibilityTimeout")))
    end = org.clock.now() + timedelta(seconds=wait)
    while True:
        received = _receive(org, call, most, hidden)
        left = (end - org.clock.now()).total_seconds()
        if received or left <= 0:
            return {"Messages": received} if received else {}
        org.component("queues").wait(min(left, WAIT_STEP_SECONDS))


def _hidden_seconds(value: int) -> int:
    if not 0 <= value <= MAX_HIDDEN_SECONDS:
        raise ApiError("InvalidParameterValue", f"Value {value} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and {MAX_HIDDEN_SECONDS}.")  # fmt: skip
    return value


def _receive(org: Organisation, call: Call, most: int, hidden: int) -> list[Params]:
    queue = queue_of_url(org, call)
    now = org.clock.now()
    with org.lock:
        queue.expire(now)
        if not queue.visible(now):
            return []
    use_key(org, queue, call.caller, ("kms:Decrypt",))
    with org.lock:
        received, dead = queue.receive(now, most, hidden)
        if dead:
            _bury(org, queue, dead)
        return [_shown(one, call.params) for one in received]


def _bury(org: Organisation, queue: Queue, dead: Iterable[Message]) -> None:
    """Move messages that had their receives to the dead-letter queue, keeping id and age (sqs-dead-letter-queues)."""
    assert queue.redrive is not None  # only a queue with a redrive policy has dead letters
    target = find_queue(org, queue.redrive[0])
    for message in dead:
        reason = f"received {message.receives} times, maxReceiveCount {queue.redrive[1]}"
        if target is None:
            org.note("lost", queue=queue.arn, message=message.id, reason=f"{reason}; dead-letter queue {queue.redrive[0]} does not exist")  # fmt: skip
            continue
        message.receives, message.receipt, message.first_received = 0, "", None
        message.system["DeadLetterQueueSourceArn"] = queue.arn
        message.visible = org.clock.now()
        target.put(message)
        org.note("dead-letter", queue=queue.arn, dead_letter_queue=target.arn, message=message.id, reason=reason)
    org.component("queues").tell()


def _shown(message: Message, params: Mapping[str, Any]) -> Params:
    asked = {*params.get("AttributeNames", []), *params.get("MessageSystemAttributeNames", [])}
    first = message.first_received or message.sent
    system = {
        "SenderId": message.sender,
        "SentTimestamp": str(int(message.sent.timestamp() * 1000)),
        "ApproximateReceiveCount": str(message.receives),
        "ApproximateFirstReceiveTimestamp": str(int(first.timestamp() * 1000)),
        **message.system,
    }
    shown: Params = {
        "MessageId": message.id, "ReceiptHandle": message.receipt, "Body": message.body,
        "MD5OfBody": digest(message.body),
    }  # fmt: skip
    if wanted := {name: value for name, value in system.items() if "All" in asked or name in asked}:
        shown["Attributes"] = wanted
    names = params.get("MessageAttributeNames", [])
    if picked := {name: value for name, value in message.attributes.items() if _asked(name, names)}:
        shown["MessageAttributes"] = picked
        shown["MD5OfMessageAttributes"] = attributes_digest(picked)
    return shown


def _asked(name: str, names: Iterable[str]) -> bool:
    """`All`, `.*`, a name, or a prefix as `name.*` (API ReceiveMessage)."""
    return any(one in ("All", ".*", name) or (one.endswith(".*") and name.startswith(one[:-2])) for one in names)


@serves("sqs", "DeleteMessage", source=f"{SOURCE}/API_DeleteMessage", needs=queue_needs)
def delete_message(org: Organisation, call: Call) -> Params:
    queue_of_url(org, call).delete(call.params["ReceiptHandle"])
    return {}


@serves("sqs", "DeleteMessageBatch", source=f"{SOURCE}/API_DeleteMessageBatch", needs=queue_needs)
def delete_message_batch(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)

    def one(entry: Mapping[str, Any]) -> Params:
        queue.delete(entry["ReceiptHandle"])
        return {}

    return _batch(call.params["Entries"], one)


def _hide(org: Organisation, queue: Queue, entry: Mapping[str, Any]) -> Params:
    message, now = queue.by_handle(entry["ReceiptHandle"]), org.clock.now()
    if message is None or not message.in_flight(now):
        raise ApiError("MessageNotInflight", f"Value {entry['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.")  # fmt: skip
    message.visible = now + timedelta(seconds=_hidden_seconds(entry.get("VisibilityTimeout", 0)))
    org.component("queues").tell()
    return {}


@serves("sqs", "ChangeMessageVisibility", source=f"{SOURCE}/API_ChangeMessageVisibility", needs=queue_needs)
def change_visibility(org: Organisation, call: Call) -> Params:
    return _hide(org, queue_of_url(org, call), call.params)


@serves("sqs", "ChangeMessageVisibilityBatch", source=f"{SOURCE}/API_ChangeMessageVisibilityBatch", needs=queue_needs)
def change_visibility_batch(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    return _batch(call.params["Entries"], lambda entry: _hide(org, queue, entry))
