"""Amazon SNS: subscriptions. Queues get messages; e-mail addresses wait for a confirmation that nobody can give here.

Sources: botocore's sns model, API Subscribe (the subscription of a queue of one's own account is confirmed at once),
API Unsubscribe, sns/sns-dead-letter-queues.
"""

from __future__ import annotations

import json
import re
import uuid

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.paging import paged
from rehearsal.organisation.services.sns.store import (
    PENDING,
    SOURCE,
    Subscription,
    needs,
    subscription_of,
    topic_of,
    topics,
)
from rehearsal.organisation.services.sns.topics import PAGE, invalid

PROTOCOLS = frozenset(
    {"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}
)  # fmt: skip
SETTABLE = frozenset({"RawMessageDelivery", "RedrivePolicy"})
LEFT_OUT = frozenset({"DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "ReplayPolicy", "SubscriptionRoleArn"})
QUEUE = re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _check_attribute(name: str, value: str) -> None:
    if name in LEFT_OUT:
        raise NotEmulated(f"sns: the subscription attribute {name}")
    if name not in SETTABLE:
        raise invalid("AttributeName")
    if name == "RawMessageDelivery" and value.lower() not in ("true", "false"):
        raise invalid("Attributes Reason: RawMessageDelivery: Invalid value: must be true or false")
    if name == "RedrivePolicy" and value:
        try:
            arn = json.loads(value)["deadLetterTargetArn"]
        except (ValueError, KeyError, TypeError):
            arn = ""
        if not QUEUE.fullmatch(str(arn)):
            raise invalid("RedrivePolicy: deadLetterTargetArn must be the ARN of a standard queue")


def _check_endpoint(protocol: str, endpoint: str) -> None:
    if protocol not in PROTOCOLS:
        raise invalid(f"Does not support this protocol string: {protocol}")
    if protocol not in ("sqs", "email"):
        raise NotEmulated(f"sns: a subscription of protocol {protocol}")
    form = QUEUE if protocol == "sqs" else ADDRESS
    if not form.fullmatch(endpoint):
        raise invalid("SQS endpoint ARN" if protocol == "sqs" else "Email address")


@serves("sns", "Subscribe", source=f"{SOURCE}/API_Subscribe", needs=needs, fidelity="emulated",
        note="protocols sqs (a queue of the caller's own account) and email (stays pending)")  # fmt: skip
def subscribe(org: Organisation, call: Call) -> Params:
    params = call.params
    topic, protocol, endpoint = topic_of(org, params["TopicArn"]), params["Protocol"], params.get("Endpoint", "")
    _check_endpoint(protocol, endpoint)
    given = {name: value for name, value in params.get("Attributes", {}).items() if value}
    for name, value in given.items():
        _check_attribute(name, value)
    known = next(
        (one for one in topic.subscriptions.values() if (one.protocol, one.endpoint) == (protocol, endpoint)), None
    )
    if known is None:
        pending = protocol == "email"
        if protocol == "sqs" and endpoint.split(":")[4] != call.caller.account:
            raise NotEmulated(
                f"sns: the subscription of another account's queue ({endpoint}), which that must confirm,"
            )
        arn = f"{topic.arn}:{uuid.uuid4()}"
        known = Subscription(arn, topic.arn, call.caller.account, protocol, endpoint, pending, given)
        topic.subscriptions[arn] = known
    elif any(known.attributes.get(name) != value for name, value in given.items()):
        raise invalid("Attributes Reason: Subscription already exists with different attributes")
    hidden = known.pending and not params.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": PENDING if hidden else known.arn}


takes("sns", "Subscribe", members=["TopicArn", "Protocol", "Endpoint", "Attributes", "ReturnSubscriptionArn"])


@serves("sns", "Unsubscribe", source=f"{SOURCE}/API_Unsubscribe", needs=needs)
def unsubscribe(org: Organisation, call: Call) -> Params:
    found = subscription_of(org, call.params["SubscriptionArn"])
    if found.pending:
        raise invalid("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
    topic = topic_of(org, found.topic)
    del topic.subscriptions[found.arn]
    topic.deleted += 1
    return {}


def _row(one: Subscription) -> Params:
    return {
        "SubscriptionArn": "PendingConfirmation" if one.pending else one.arn,
        "Owner": one.owner,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "TopicArn": one.topic,
    }


@serves("sns", "ListSubscriptionsByTopic", source=f"{SOURCE}/API_ListSubscriptionsByTopic", needs=needs)
def list_subscriptions_by_topic(org: Organisation, call: Call) -> Params:
    topic = topic_of(org, call.params["TopicArn"])
    rows = [_row(one) for one in topic.subscriptions.values()]
    return paged("Subscriptions", rows, call.params, default=PAGE, invalid=invalid("NextToken"))


@serves("sns", "ListSubscriptions", source=f"{SOURCE}/API_ListSubscriptions", needs=needs)
def list_subscriptions(org: Organisation, call: Call) -> Params:
    rows = [
        _row(one)
        for account in org.accounts.values()
        for topic in topics(org, account.id, call.region).values()
        for one in topic.subscriptions.values()
        if one.owner == call.caller.account
    ]
    return paged("Subscriptions", rows, call.params, default=PAGE, invalid=invalid("NextToken"))


@serves("sns", "GetSubscriptionAttributes", source=f"{SOURCE}/API_GetSubscriptionAttributes", needs=needs)
def get_subscription_attributes(org: Organisation, call: Call) -> Params:
    found = subscription_of(org, call.params["SubscriptionArn"])
    shown = {
        "SubscriptionArn": found.arn,
        "TopicArn": found.topic,
        "Owner": found.owner,
        "Protocol": found.protocol,
        "Endpoint": found.endpoint,
        "PendingConfirmation": str(found.pending).lower(),
        "ConfirmationWasAuthenticated": str(not found.pending).lower(),
        "RawMessageDelivery": str(found.raw).lower(),
    }
    redrive = found.attributes.get("RedrivePolicy")
    return {"Attributes": shown | ({"RedrivePolicy": redrive} if redrive else {})}


@serves("sns", "SetSubscriptionAttributes", source=f"{SOURCE}/API_SetSubscriptionAttributes", needs=needs)
def set_subscription_attributes(org: Organisation, call: Call) -> Params:
    found, value = subscription_of(org, call.params["SubscriptionArn"]), call.params.get("AttributeValue", "")
    _check_attribute(call.params["AttributeName"], value)
    found.attributes[call.params["AttributeName"]] = value
    return {}
