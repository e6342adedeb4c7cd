"""Amazon SNS: publishing, and the delivery to queues.

Sources: API Publish (sizes, subject), sns/sns-sqs-as-subscriber (the queue's policy admits sns.amazonaws.com for the
topic), sns/sns-server-side-encryption and sns-key-management (a publisher needs kms:GenerateDataKey and kms:Decrypt;
the encryption context is the topic's ARN), sns/sns-message-and-json-formats, sns/sns-dead-letter-queues (what the
endpoint's owner got wrong isn't tried again). AWS's pages on which `aws:Source…` keys services bring to an encrypted
topic's key differ, so none are brought: a key policy that demands one fails here.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, Need, Organisation, Params, serves, takes
from rehearsal.organisation.services.kms import key_arn
from rehearsal.organisation.services.sns.store import SOURCE, Subscription, Topic, needs, topic_of
from rehearsal.organisation.services.sns.topics import invalid
from rehearsal.organisation.services.sqs.messages import deliver
from rehearsal.organisation.services.sqs.queues import find_queue

PRINCIPAL = "sns.amazonaws.com"
MOST_BYTES = 262_144
LONGEST_SUBJECT = 100
AWS_MANAGED_KEY = "alias/aws/sns"
KEY_ERRORS = {
    "DisabledException": "KMSDisabled",
    "KMSInvalidStateException": "KMSInvalidState",
    "NotFoundException": "KMSNotFound",
}
"""KMS's error to SNS's name for it. Source: botocore's models of both."""


def use_key(org: Organisation, topic: Topic, caller: Caller) -> None:
    """Authorise the use of the topic's key by who publishes. Raises ApiError (KMSAccessDenied, …)."""
    if topic.key is None:
        return
    if topic.key.endswith(AWS_MANAGED_KEY):
        if caller.is_service or caller.account != topic.account:
            raise ApiError(
                "KMSAccessDenied",
                f"{caller.arn} can't use the AWS managed key {AWS_MANAGED_KEY} of account {topic.account}: its policy, "
                "which can't be changed, admits that account's principals only.",
            )
        return
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        try:
            org.use_key(
                key_arn(org, topic.key, topic.account, topic.region), action, caller, region=topic.region,
                via=None if caller.is_service else f"sns.{topic.region}.amazonaws.com",
                encryption_context={"aws:sns:topicArn": topic.arn}, reason=f"SNS encrypts {topic.name}",
            )  # fmt: skip
        except ApiError as error:
            if error.code == "NotEmulated":
                raise
            raise ApiError(KEY_ERRORS.get(error.code, "KMSAccessDenied"), error.message) from error


@serves("sns", "Publish", source=f"{SOURCE}/API_Publish", needs=needs, fidelity="emulated",
        note="to topics; delivered before the answer, once; the signature in the envelope is none")  # fmt: skip
def publish(org: Organisation, call: Call) -> Params:
    params = call.params
    if "TopicArn" not in params:
        raise invalid("TopicArn or TargetArn Reason: no value for required parameter")
    topic, attributes = topic_of(org, params["TopicArn"]), params.get("MessageAttributes", {})
    size = len(params["Message"].encode()) + sum(
        len(name.encode()) + len(value["DataType"]) + len(_value(value)) for name, value in attributes.items()
    )
    if not params["Message"]:
        raise invalid("Empty message")
    if size > MOST_BYTES:
        raise invalid("Message too long")
    subject = params.get("Subject")
    if subject is not None and (
        not subject.isascii() or not subject.isprintable() or not 0 < len(subject) <= LONGEST_SUBJECT
    ):
        raise invalid("Subject")
    return {"MessageId": send(org, topic, call.caller, params["Message"], subject, attributes)}


takes("sns", "Publish", members=["TopicArn", "Message", "Subject", "MessageAttributes"])


def _value(attribute: Mapping[str, Any]) -> str:
    binary = attribute.get("BinaryValue")
    return str(attribute.get("StringValue", "")) if binary is None else base64.b64encode(binary).decode()


def notify(
    org: Organisation, service: str, topic_arn: str, subject: str, message: str, extra: Mapping[str, str]
) -> str:
    """Publish for an AWS service that acts on its own (CloudWatch for an alarm). Returns the message id.

    The topic's policy must admit the service principal, its key's policy too; `extra` are the keys that the service
    brings (`aws:SourceArn`, …). Raises ApiError.
    """
    caller, topic = Caller(service, ""), topic_of(org, topic_arn)
    need = Need("sns:Publish", topic.arn, topic.account)
    org.authorise(caller, [need], region=topic.region, extra=dict(extra), reason=f"{service} publishes to {topic.name}")
    return send(org, topic, caller, message, subject, {})


def send(
    org: Organisation, topic: Topic, caller: Caller, message: str, subject: str | None, attributes: Mapping[str, Any]
) -> str:
    """Encrypt and deliver a message to all subscriptions. Returns its id. Raises ApiError for the topic's key."""
    use_key(org, topic, caller)
    id_ = str(uuid.uuid4())
    org.note("published", topic=topic.arn, message=id_, sender=caller.arn, subject=subject)
    for subscription in list(topic.subscriptions.values()):
        if subscription.pending:
            told = {"outcome": "undelivered", "reason": "the subscription is pending confirmation"}
            _note(org, subscription, id_, **told)
            continue
        body = message if subscription.raw else _envelope(org, topic, id_, message, subject, attributes)
        _to_queue(org, topic, subscription, id_, body, attributes if subscription.raw else {})
    return id_


def _envelope(
    org: Organisation, topic: Topic, id_: str, message: str, subject: str | None, attributes: Mapping[str, Any]
) -> str:
    """A notification as queues get it; it bears no signature that could be verified."""
    now = org.clock.now()
    told: dict[str, Any] = {"Type": "Notification", "MessageId": id_, "TopicArn": topic.arn}
    if subject is not None:
        told["Subject"] = subject
    told |= {
        "Message": message,
        "Timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        "SignatureVersion": "1",
        "Signature": "not signed by the rehearsal",
        "SigningCertURL": f"https://sns.{topic.region}.amazonaws.com/none.pem",
        "UnsubscribeURL": f"https://sns.{topic.region}.amazonaws.com/?Action=Unsubscribe",
    }
    if attributes:
        told["MessageAttributes"] = {
            name: {"Type": value["DataType"], "Value": _value(value)} for name, value in attributes.items()
        }
    return json.dumps(told)


def _to_queue(
    org: Organisation, topic: Topic, subscription: Subscription, id_: str, body: str, attributes: Mapping[str, Any]
) -> None:
    try:
        _send_to_queue(org, topic, subscription.endpoint, body, attributes)
    except ApiError as error:
        if error.code == "NotEmulated":
            raise
        _bury(org, topic, subscription, id_, body, error)
    else:
        _note(org, subscription, id_, outcome="delivered")


def _send_to_queue(org: Organisation, topic: Topic, queue: str, body: str, attributes: Mapping[str, Any]) -> None:
    if find_queue(org, queue) is None:
        raise ApiError("QueueDoesNotExist", f"The queue {queue} does not exist.")
    caller = Caller(PRINCIPAL, "")
    org.authorise(
        caller, [Need("sqs:SendMessage", queue, queue.split(":")[4])], region=topic.region,
        extra={"aws:SourceArn": topic.arn}, reason=f"SNS delivers for topic {topic.name}",
    )  # fmt: skip
    deliver(org, caller, queue, body, {name: _value(value) for name, value in attributes.items()})


def _bury(org: Organisation, topic: Topic, subscription: Subscription, id_: str, body: str, error: ApiError) -> None:
    queue, why = subscription.dead_letters, error.message
    if queue is not None:
        try:
            _send_to_queue(org, topic, queue, body, {})
        except ApiError as second:
            why = f"{why}; its dead-letter queue refused it: {second.message}"
        else:
            _note(org, subscription, id_, outcome="dead-letter", dead_letter_queue=queue, reason=why)
            return
    org.note("lost", topic=topic.arn, subscription=subscription.arn, message=id_, reason=why)


def _note(org: Organisation, subscription: Subscription, id_: str, **told: str) -> None:
    org.note(
        "notification", topic=subscription.topic, subscription=subscription.arn, endpoint=subscription.endpoint,
        message=id_, **told,
    )  # fmt: skip
