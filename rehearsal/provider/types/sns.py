"""aws.sns: Topic, TopicPolicy, TopicSubscription. Ids: the topic's ARN (also of its policy), the subscription's ARN."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.provider.clients import Clients, error_code
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.values import Props

GONE = ("NotFound", "NotFoundException")
TOPIC = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "policy": "Policy"}
"""Arguments of a topic that are its attributes."""

SUBSCRIPTION = {"rawMessageDelivery": "RawMessageDelivery", "redrivePolicy": "RedrivePolicy"}
"""Arguments of a subscription that are its attributes."""

DEFAULT_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _create_topic(aws: Clients, args: Props) -> str:
    attributes = {api: args[key] for key, api in TOPIC.items() if args.get(key)}
    answer = aws.call(
        "sns", "create_topic", Name=args["name"], Attributes=attributes or None, Tags=pairs(args.get("tagsAll"))
    )
    arn: str = answer["TopicArn"]
    return arn


def _topic_attributes(aws: Clients, arn: str) -> dict[str, str]:
    return dict(aws.call("sns", "get_topic_attributes", TopicArn=arn)["Attributes"])


def _read_topic(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _topic_attributes(aws, physical_id)
    return {
        **{key: found.get(api) or None for key, api in TOPIC.items()},
        "name": physical_id.rsplit(":", 1)[1],
        "arn": found["TopicArn"],
        "owner": found["Owner"],
    }


def _update_topic(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    for key, api in TOPIC.items():
        chosen = new.get(key) or ""
        if chosen != (old.get(key) or "") and (chosen or key != "policy"):
            aws.call("sns", "set_topic_attributes", TopicArn=physical_id, AttributeName=api, AttributeValue=chosen)


def _delete_topic(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("sns", "delete_topic", TopicArn=physical_id)


A_TOPIC = ResourceType(
    pulumi_type="aws:sns/topic:Topic",
    cfn="AWS::SNS::Topic",
    name=AutoName(limit=256),
    arguments={
        "displayName": Argument(cfn="DisplayName"),
        "kmsMasterKeyId": Argument(cfn="KmsMasterKeyId"),
        "name": Argument(cfn="TopicName"),
        "policy": Argument(text="policy"),
    },
    tags=tag_calls(
        "sns", by_arn("ResourceArn"), read="list_tags_for_resource", add="tag_resource", remove="untag_resource"
    ),
    create=_create_topic,
    read=_read_topic,
    update=_update_topic,
    delete=_delete_topic,
    gone=GONE,
    adopts="CreateTopic answers the ARN of a topic of the same name and attributes, and the real provider takes it",
)


def _put_policy(aws: Clients, topic: str, policy: str) -> str:
    aws.call("sns", "set_topic_attributes", TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return topic


def _read_policy(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _topic_attributes(aws, physical_id)
    return {"arn": found["TopicArn"], "owner": found["Owner"], "policy": found["Policy"]}


def _update_policy(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _put_policy(aws, physical_id, new["policy"])


def _default_policy(arn: str, owner: str) -> str:
    """The policy that a new topic has (sns/sns-access-policy-language-api-permissions-reference, default policy)."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in DEFAULT_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _delete_policy(aws: Clients, physical_id: str, state: Props) -> None:
    """A topic always has a policy: the real provider puts the default one back."""
    _put_policy(aws, physical_id, _default_policy(physical_id, state["owner"]))


A_POLICY = ResourceType(
    pulumi_type="aws:sns/topicPolicy:TopicPolicy",
    # It has no identity but the topic's; CloudFormation's TopicPolicy has a list of topics and updates it.
    arguments={"arn": Argument(replaces=True), "policy": Argument(text="policy")},
    create=lambda aws, args: _put_policy(aws, args["arn"], args["policy"]),
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=GONE,
    adopts="SetTopicAttributes replaces the topic's policy, and the real provider doesn't look first",
)


def _create_subscription(aws: Clients, args: Props) -> str:
    attributes = {api: _text(args[key]) for key, api in SUBSCRIPTION.items() if args.get(key)}
    answer = aws.call(
        "sns", "subscribe",
        TopicArn=args["topic"], Protocol=args["protocol"], Endpoint=args["endpoint"],
        Attributes=attributes or None, ReturnSubscriptionArn=True,
    )  # fmt: skip
    arn: str = answer["SubscriptionArn"]
    return arn


def _read_subscription(aws: Clients, physical_id: str, known: Props) -> Props:
    found = aws.call("sns", "get_subscription_attributes", SubscriptionArn=physical_id)["Attributes"]
    return {
        "arn": found["SubscriptionArn"],
        "topic": found["TopicArn"],
        "protocol": found["Protocol"],
        "endpoint": found["Endpoint"],
        "ownerId": found["Owner"],
        "pendingConfirmation": found["PendingConfirmation"] == "true",
        "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
        "rawMessageDelivery": found.get("RawMessageDelivery") == "true",
        "redrivePolicy": found.get("RedrivePolicy") or None,
    }


def _update_subscription(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    for key, api in SUBSCRIPTION.items():
        if new.get(key) != old.get(key) and (new.get(key) or old.get(key)):
            chosen = _text(new[key]) if new.get(key) is not None else ""
            aws.call(
                "sns", "set_subscription_attributes",
                SubscriptionArn=physical_id, AttributeName=api, AttributeValue=chosen,
            )  # fmt: skip


def _delete_subscription(aws: Clients, physical_id: str, state: Props) -> None:
    """What waits for its confirmation can't be deleted; AWS forgets it by itself, as the real provider has it."""
    try:
        aws.call("sns", "unsubscribe", SubscriptionArn=physical_id)
    except Exception as error:
        if error_code(error) != "InvalidParameter" or "pending confirmation" not in str(error):
            raise


A_SUBSCRIPTION = ResourceType(
    pulumi_type="aws:sns/topicSubscription:TopicSubscription",
    cfn="AWS::SNS::Subscription",
    arguments={
        "endpoint": Argument(cfn="Endpoint"),
        "protocol": Argument(cfn="Protocol"),
        "rawMessageDelivery": Argument(cfn="RawMessageDelivery", default=False),
        "redrivePolicy": Argument(text="json"),
        "topic": Argument(cfn="TopicArn"),
    },
    create=_create_subscription,
    read=_read_subscription,
    update=_update_subscription,
    delete=_delete_subscription,
    gone=GONE,
    adopts="Subscribe answers the ARN of the same subscription if there is one, and the real provider takes it",
)

TYPES = (A_TOPIC, A_POLICY, A_SUBSCRIPTION)
