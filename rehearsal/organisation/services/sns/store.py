"""Topics and subscriptions as SNS keeps them, and what their calls need.

Sources: botocore's sns model, sar/sns, sns/sns-access-policy-language-api-permissions-reference (the default policy).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Document,
    Need,
    Organisation,
    condition_keys,
    resource_policy,
    resource_tags,
)
from rehearsal.organisation.policies import parsed

SOURCE = "sns/latest/api"
PENDING = "pending confirmation"
POLICY_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip

condition_keys("sns", "sns:Protocol", "sns:Endpoint")


@dataclass(slots=True)
class Subscription:
    """One subscription. `pending`: its endpoint's owner hasn't confirmed it."""

    arn: str
    topic: str
    owner: str
    protocol: str
    endpoint: str
    pending: bool
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bool:
        return self.attributes.get("RawMessageDelivery") == "true"

    @property
    def dead_letters(self) -> str | None:
        """The ARN of the queue that gets what can't be delivered."""
        policy = self.attributes.get("RedrivePolicy")
        return str(json.loads(policy)["deadLetterTargetArn"]) if policy else None


@dataclass(slots=True)
class Topic:
    """One topic. `attributes` holds what was set, as text."""

    name: str
    account: str
    region: str
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    deleted: int = 0

    @property
    def arn(self) -> str:
        return f"arn:aws:sns:{self.region}:{self.account}:{self.name}"

    @property
    def key(self) -> str | None:
        """The KMS key that its messages are encrypted with, as it was given (id, ARN or alias)."""
        return self.attributes.get("KmsMasterKeyId") or None

    @property
    def policy(self) -> str:
        return self.attributes.get("Policy") or self.default_policy()

    def default_policy(self) -> str:
        """What a topic has until a policy is set: AWS services may publish for the topic's own account."""
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [f"SNS:{action}" for action in POLICY_ACTIONS],
            "Resource": self.arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": self.account}},
        }
        return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def topics(org: Organisation, account: str, region: str) -> dict[str, Topic]:
    """The topics of an account and region by name."""
    found: dict[str, Topic] = org.state("sns", account, region).setdefault("topics", {})
    return found


def find_topic(org: Organisation, arn: str) -> Topic | None:
    """The topic of an ARN, or of a subscription's; None where there is none."""
    parts = arn.split(":")
    if len(parts) not in (6, 7) or parts[2] != "sns":
        return None
    return topics(org, parts[4], parts[3]).get(parts[5])


def topic_of(org: Organisation, arn: str) -> Topic:
    """Raises ApiError (InvalidParameter, NotFound)."""
    if not arn.startswith("arn:aws:sns:") or arn.count(":") != 5:
        raise ApiError("InvalidParameter", "Invalid parameter: TopicArn")
    topic = find_topic(org, arn)
    if topic is None:
        raise ApiError("NotFound", "Topic does not exist", 404)
    return topic


def subscription_of(org: Organisation, arn: str) -> Subscription:
    """Raises ApiError (NotFound)."""
    topic = find_topic(org, arn)
    found = topic.subscriptions.get(arn) if topic is not None else None
    if found is None:
        raise ApiError("NotFound", "Subscription does not exist", 404)
    return found


def topic_arn(call: Call) -> str | None:
    """The ARN of the topic that a call concerns: named, of its subscription, or about to be made."""
    params = call.params
    if "Name" in params:
        return f"arn:aws:sns:{call.region}:{call.caller.account}:{params['Name']}"
    for name in ("TopicArn", "ResourceArn", "SubscriptionArn"):
        if name in params:
            return ":".join(str(params[name]).split(":")[:6])
    return None


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The operation's action on the topic, with protocol and endpoint of a new subscription; lists are on `*`."""
    arn = topic_arn(call)
    if arn is None or not arn.startswith("arn:aws:sns:"):
        yield Need(f"sns:{call.operation}", "*", call.caller.account)
        return
    context = {}
    if call.operation == "Subscribe":
        context = {"sns:Protocol": call.params["Protocol"], "sns:Endpoint": call.params.get("Endpoint", "")}
    account = arn.split(":")[4]
    yield Need(f"sns:{call.operation}", arn, account, context)
    if call.operation == "CreateTopic" and call.params.get("Tags"):
        yield Need("sns:TagResource", arn, account)


@resource_policy("sns")
def policy_of(org: Organisation, arn: str, _: str, __: str) -> Document | None:
    topic = find_topic(org, arn)
    return parsed(topic.policy) if topic is not None else None


@resource_tags("sns")
def tags_of(org: Organisation, arn: str, _: str, __: str) -> Mapping[str, str] | None:
    topic = find_topic(org, arn)
    return topic.tags if topic is not None else None
