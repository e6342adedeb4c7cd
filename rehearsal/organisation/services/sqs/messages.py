"""Amazon SQS, standard queues: sending, receiving, deleting, with the use of the queue's key.

Sources: botocore's sqs model, the SQS API reference, sqs/sqs-key-management (a producer needs kms:GenerateDataKey and
kms:Decrypt, a consumer kms:Decrypt; the encryption context is the queue's ARN).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, Organisation, Params, serves
from rehearsal.organisation.services.sqs.control import SOURCE, queue_needs, queue_of_url
from rehearsal.organisation.services.sqs.entries import check_message, each_of_batch, size_of, use_key
from rehearsal.organisation.services.sqs.measures import deleted, received, sent, touched
from rehearsal.organisation.services.sqs.queues import Message, Queue, attributes_digest, digest, find_queue

MAX_BATCH_BYTES = 1_048_576
MAX_RECEIVED = 10
MAX_HIDDEN_SECONDS = 43_200
WAIT_STEP_SECONDS = 1.0


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
    sent(org, queue, size_of(message.body, message.attributes))
    org.component("queues").tell()
    org.component("queues").tell_in(delay, f"delay of a message of {queue.name}")
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
    check_message(queue, entry)
    with org.lock:
        return str(_put(org, queue, caller, entry)["MessageId"])


@serves("sqs", "SendMessage", source=f"{SOURCE}/API_SendMessage", needs=queue_needs)
def send_message(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    check_message(queue, call.params)
    use_key(org, queue, call.caller, ("kms:GenerateDataKey", "kms:Decrypt"))
    return _put(org, queue, call.caller, call.params)


@serves("sqs", "SendMessageBatch", source=f"{SOURCE}/API_SendMessageBatch", needs=queue_needs)
def send_message_batch(org: Organisation, call: Call) -> Params:
    queue, entries = queue_of_url(org, call), call.params["Entries"]
    size = sum(size_of(entry["MessageBody"], entry.get("MessageAttributes", {})) for entry in entries)
    if size > MAX_BATCH_BYTES:
        raise ApiError(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes. You have sent {size} bytes.",
        )
    use_key(org, queue, call.caller, ("kms:GenerateDataKey", "kms:Decrypt"))

    def one(entry: Mapping[str, Any]) -> Params:
        check_message(queue, entry)
        return _put(org, queue, call.caller, entry)

    return each_of_batch(entries, one)


@serves("sqs", "ReceiveMessage", source=f"{SOURCE}/API_ReceiveMessage", needs=queue_needs, locked=False)
def receive_message(org: Organisation, call: Call) -> Params:
    most = call.params.get("MaxNumberOfMessages", 1)
    if not 1 <= most <= MAX_RECEIVED:
        raise ApiError(
            "InvalidParameterValue",
            f"Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and "
            f"{MAX_RECEIVED}, if provided.",
        )
    queue = queue_of_url(org, call)
    wait = call.params.get("WaitTimeSeconds", queue.seconds("ReceiveMessageWaitTimeSeconds"))
    if not 0 <= wait <= 20:
        raise ApiError(
            "InvalidParameterValue",
            f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        )
    hidden = _hidden_seconds(call.params.get("VisibilityTimeout", queue.seconds("VisibilityTimeout")))
    end = org.clock.now() + timedelta(seconds=wait)
    while True:
        found = _receive(org, call, most, hidden)
        left = (end - org.clock.now()).total_seconds()
        if not found and left <= 0:
            received(org, queue, 0)
        if found or left <= 0:
            return {"Messages": found} if found else {}
        org.component("queues").wait(min(left, WAIT_STEP_SECONDS))


def _hidden_seconds(value: int) -> int:
    if not 0 <= value <= MAX_HIDDEN_SECONDS:
        raise ApiError(
            "InvalidParameterValue",
            f"Value {value} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and "
            f"{MAX_HIDDEN_SECONDS}.",
        )
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
        found, dead = queue.receive(now, most, hidden)
        if found:
            received(org, queue, len(found))
            org.component("queues").tell_in(hidden, f"visibility of messages of {queue.name}")
        if dead:
            _bury(org, queue, dead)
        return [_shown(one, call.params) for one in found]


def _bury(org: Organisation, queue: Queue, dead: Iterable[Message]) -> None:
    """Move messages that had their receives to the dead-letter queue, keeping id and age (sqs-dead-letter-queues)."""
    arn, most = queue.redrive or ("", 0)
    target = find_queue(org, arn)
    for message in dead:
        reason = f"received {message.receives} times, maxReceiveCount {most}"
        if target is None:
            org.note(
                "lost",
                queue=queue.arn,
                message=message.id,
                reason=f"{reason}; dead-letter queue {arn} does not exist",
            )
            continue
        message.receives, message.receipt, message.first_received = 0, "", None
        message.system["DeadLetterQueueSourceArn"] = queue.arn
        message.visible = org.clock.now()
        target.put(message)
        touched(org, target)
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
    queue = queue_of_url(org, call)
    queue.delete(call.params["ReceiptHandle"])
    deleted(org, queue)
    return {}


@serves("sqs", "DeleteMessageBatch", source=f"{SOURCE}/API_DeleteMessageBatch", needs=queue_needs)
def delete_message_batch(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)

    def one(entry: Mapping[str, Any]) -> Params:
        queue.delete(entry["ReceiptHandle"])
        deleted(org, queue)
        return {}

    return each_of_batch(call.params["Entries"], one)


def _hide(org: Organisation, queue: Queue, entry: Mapping[str, Any]) -> Params:
    message, now = queue.by_handle(entry["ReceiptHandle"]), org.clock.now()
    if message is None or not message.in_flight(now):
        raise ApiError(
            "MessageNotInflight",
            f"Value {entry['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: Message does not "
            "exist or is not available for visibility timeout change.",
        )
    hidden = _hidden_seconds(entry.get("VisibilityTimeout", 0))
    message.visible = now + timedelta(seconds=hidden)
    touched(org, queue)
    org.component("queues").tell()
    org.component("queues").tell_in(hidden, f"visibility of a message of {queue.name}")
    return {}


@serves("sqs", "ChangeMessageVisibility", source=f"{SOURCE}/API_ChangeMessageVisibility", needs=queue_needs)
def change_visibility(org: Organisation, call: Call) -> Params:
    return _hide(org, queue_of_url(org, call), call.params)


@serves("sqs", "ChangeMessageVisibilityBatch", source=f"{SOURCE}/API_ChangeMessageVisibilityBatch", needs=queue_needs)
def change_visibility_batch(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    return each_of_batch(call.params["Entries"], lambda entry: _hide(org, queue, entry))
