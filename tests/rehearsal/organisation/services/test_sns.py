"""SNS as clients see it: topics, subscriptions, and messages that arrive through policies and keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.organisation.core import ApiError
from rehearsal.organisation.services.sns.publish import notify
from tests.rehearsal.organisation.example import refused, unique
from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, document, own_bench

CLOUDWATCH = "cloudwatch.amazonaws.com"


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def topic(bench: Workbench, **attributes: str) -> str:
    arn: str = bench.sns.create_topic(Name=unique("topic"), Attributes=attributes)["TopicArn"]
    return arn


def subscribed(bench: Workbench, arn: str, **attributes: str) -> str:
    """A queue that a topic may send to, subscribed. Returns its URL."""
    url, queue = bench.queue(unique("inbox"))
    bench.admit(url, queue, arn, "sns.amazonaws.com")
    bench.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=attributes)
    return url


def key(bench: Workbench, *services: str) -> str:
    """A key whose policy admits its account and services."""
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": {"AWS": bench.account}, "Action": "kms:*", "Resource": "*"}
    ]
    if services:
        uses = ["kms:GenerateDataKey*", "kms:Decrypt"]
        principal = {"Service": list(services)}
        statements.append({"Effect": "Allow", "Principal": principal, "Action": uses, "Resource": "*"})
    arn: str = bench.kms.create_key(Policy=document(*statements))["KeyMetadata"]["Arn"]
    return arn


def test_a_message_reaches_a_queue_in_its_envelope(bench: Workbench) -> None:
    """Guards a message that is accepted and goes nowhere, or arrives bare (sns-message-and-json-formats)."""
    arn = topic(bench)
    url = subscribed(bench, arn)
    id_ = bench.sns.publish(TopicArn=arn, Message="hello", Subject="to whom")["MessageId"]
    told = json.loads(bench.receive(url)[0]["Body"])
    assert (told["Type"], told["MessageId"], told["TopicArn"]) == ("Notification", id_, arn)
    assert (told["Message"], told["Subject"]) == ("hello", "to whom")


def test_a_raw_message_arrives_as_it_was_sent(bench: Workbench) -> None:
    """Guards raw delivery, with its attributes as the queue's (sns-large-payload-raw-message-delivery)."""
    arn = topic(bench)
    url = subscribed(bench, arn, RawMessageDelivery="true")
    given = {"kind": {"DataType": "String", "StringValue": "alarm"}}
    bench.sns.publish(TopicArn=arn, Message='{"a": 1}', MessageAttributes=given)
    message = bench.receive(url)[0]
    assert message["Body"] == '{"a": 1}'
    assert message["MessageAttributes"]["kind"]["StringValue"] == "alarm"


def test_a_queue_that_admits_nobody_gets_nothing(bench: Workbench) -> None:
    """Guards a delivery past the queue's policy; the message goes to the subscription's dead letters, or is lost."""
    arn = topic(bench)
    url, queue = bench.queue(unique("closed"))
    dead_url, dead = bench.queue(unique("dead"))
    bench.admit(dead_url, dead, arn, "sns.amazonaws.com")
    sub = bench.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    bench.sns.publish(TopicArn=arn, Message="first")
    assert bench.receive(url) == []
    assert bench.told("lost")[-1]["subscription"] == sub
    redrive = json.dumps({"deadLetterTargetArn": dead})
    bench.sns.set_subscription_attributes(SubscriptionArn=sub, AttributeName="RedrivePolicy", AttributeValue=redrive)
    assert bench.sns.get_subscription_attributes(SubscriptionArn=sub)["Attributes"]["RedrivePolicy"] == redrive
    bench.sns.publish(TopicArn=arn, Message="second")
    assert [json.loads(one["Body"])["Message"] for one in bench.receive(dead_url)] == ["second"]


def test_an_address_waits_for_its_confirmation(bench: Workbench) -> None:
    """Guards e-mail that seems delivered: nobody can confirm it here, and the event log says so (API_Subscribe)."""
    arn = topic(bench)
    answer = bench.sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="risk@example.com")
    assert answer["SubscriptionArn"] == "pending confirmation"
    again = bench.sns.subscribe(
        TopicArn=arn, Protocol="email", Endpoint="risk@example.com", ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    assert bench.sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"][0]["SubscriptionArn"] == (
        "PendingConfirmation"
    )
    assert bench.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["SubscriptionsPending"] == "1"
    assert bench.sns.get_subscription_attributes(SubscriptionArn=again)["Attributes"]["PendingConfirmation"] == "true"
    bench.sns.publish(TopicArn=arn, Message="hello")
    assert bench.told("notification")[-1]["outcome"] == "undelivered"
    with refused("InvalidParameter", "pending confirmation"):
        bench.sns.unsubscribe(SubscriptionArn=again)


@pytest.mark.parametrize(("protocol", "endpoint"), [("lambda", "arn:x"), ("https", "https://x"), ("sms", "+1")])
def test_other_protocols_are_refused_by_name(bench: Workbench, protocol: str, endpoint: str) -> None:
    """Guards a subscription that would never get anything."""
    with refused("NotEmulated", protocol):
        bench.sns.subscribe(TopicArn=topic(bench), Protocol=protocol, Endpoint=endpoint)


def test_a_topic_needs_the_consent_of_policy_and_key_for_a_service(bench: Workbench) -> None:
    """Guards an alarm that reaches an encrypted topic whose key doesn't admit CloudWatch (sns-key-management)."""
    arn = topic(bench, KmsMasterKeyId=key(bench))
    subscribed(bench, arn)
    alarm = {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{bench.account}:alarm:a", "aws:SourceOwner": bench.account}
    with pytest.raises(ApiError, match="KMSAccessDenied"):
        notify(bench.org, CLOUDWATCH, arn, "s", "m", alarm)
    open_to = topic(bench, KmsMasterKeyId=key(bench, CLOUDWATCH))
    url = subscribed(bench, open_to)
    notify(bench.org, CLOUDWATCH, open_to, "s", "m", alarm)
    assert json.loads(bench.receive(url)[0]["Body"])["Message"] == "m"
    with pytest.raises(ApiError, match="sns:Publish"):
        notify(bench.org, CLOUDWATCH, open_to, "s", "m", {**alarm, "aws:SourceOwner": "000000000000"})
    with pytest.raises(ApiError, match="AWS managed key"):
        notify(bench.org, CLOUDWATCH, topic(bench, KmsMasterKeyId="alias/aws/sns"), "s", "m", alarm)


def test_a_policy_replaces_the_default_one(bench: Workbench) -> None:
    """Guards a service that publishes by the default policy after another was set."""
    arn = topic(bench)
    statement = {
        "Effect": "Allow", "Principal": {"Service": CLOUDWATCH}, "Action": "sns:Publish", "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{bench.account}:alarm:mine-*"}},
    }  # fmt: skip
    bench.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document(statement))
    source = f"arn:aws:cloudwatch:{REGION}:{bench.account}:alarm:"
    notify(bench.org, CLOUDWATCH, arn, "s", "m", {"aws:SourceArn": f"{source}mine-1"})
    with pytest.raises(ApiError, match="not authorized"):
        notify(bench.org, CLOUDWATCH, arn, "s", "m", {"aws:SourceArn": f"{source}other"})
    for action in ("sns:*", "sqs:SendMessage"):
        bad = document({**statement, "Action": action})
        with refused("InvalidParameter", "out of service scope"):
            bench.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=bad)


def test_who_has_no_right_cannot_publish_or_subscribe_elsewhere(bench: Workbench) -> None:
    """Guards sns:Protocol and sns:Endpoint, and SNS's own word for a denial (AuthorizationError)."""
    arn = topic(bench)
    narrow = {
        **allow("sns:Subscribe", arn),
        "Condition": {"StringEquals": {"sns:Protocol": "email"}, "StringLike": {"sns:Endpoint": "*@example.com"}},
    }
    principal = {"Effect": "Allow", "Principal": {"AWS": bench.account}, "Action": "sts:AssumeRole"}
    bench.iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=document(principal))
    bench.iam.put_role_policy(RoleName="narrow", PolicyName="p", PolicyDocument=document(narrow))
    client = bench.client("narrow", "sns")
    client.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")
    with refused("AuthorizationError", "sns:Subscribe"):
        client.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.org")
    with refused("AuthorizationError", "sns:Publish"):
        client.publish(TopicArn=arn, Message="x")


def test_topics_are_made_once_and_tagged(bench: Workbench) -> None:
    """Guards a topic that is overwritten by its namesake (API_CreateTopic), tags that are dropped."""
    name = unique("once")
    arn = bench.sns.create_topic(Name=name, Attributes={"DisplayName": "d"}, Tags=[{"Key": "a", "Value": "b"}])
    assert bench.sns.create_topic(Name=name)["TopicArn"] == arn["TopicArn"]
    with refused("InvalidParameter", "different attributes"):
        bench.sns.create_topic(Name=name, Attributes={"DisplayName": "other"})
    with refused("InvalidParameter", "different tags"):
        bench.sns.create_topic(Name=name, Tags=[{"Key": "a", "Value": "c"}])
    with refused("NotEmulated", "FifoTopic"):
        bench.sns.create_topic(Name=f"{name}x", Attributes={"FifoTopic": "true"})
    bench.sns.tag_resource(ResourceArn=arn["TopicArn"], Tags=[{"Key": "c", "Value": "d"}])
    bench.sns.untag_resource(ResourceArn=arn["TopicArn"], TagKeys=["a"])
    assert bench.sns.list_tags_for_resource(ResourceArn=arn["TopicArn"])["Tags"] == [{"Key": "c", "Value": "d"}]
    assert arn["TopicArn"] in [one["TopicArn"] for one in bench.sns.list_topics()["Topics"]]


def test_what_is_deleted_gets_nothing_more(bench: Workbench) -> None:
    """Guards a subscription that outlives its end or its topic (API_Unsubscribe, API_DeleteTopic)."""
    arn = topic(bench)
    url = subscribed(bench, arn)
    (sub,) = bench.sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert sub in bench.sns.list_subscriptions()["Subscriptions"]
    bench.sns.unsubscribe(SubscriptionArn=sub["SubscriptionArn"])
    bench.sns.publish(TopicArn=arn, Message="x")
    assert bench.receive(url) == []
    bench.sns.delete_topic(TopicArn=arn)
    bench.sns.delete_topic(TopicArn=arn)
    with refused("NotFound"):
        bench.sns.publish(TopicArn=arn, Message="x")
    with refused("NotFound"):
        bench.sns.get_topic_attributes(TopicArn=arn)


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ({"Message": ""}, "Empty message"), ({"Message": "x" * 262_145}, "too long"),
        ({"Message": "x", "Subject": "line\nbreak"}, "Subject"), ({"Message": "x", "Subject": "s" * 101}, "Subject"),
    ],
)  # fmt: skip
def test_a_message_out_of_bounds_is_refused(bench: Workbench, sent: dict[str, Any], word: str) -> None:
    """Guards the limits of Publish, which a program meets first in production (API_Publish)."""
    with refused("InvalidParameter", word):
        bench.sns.publish(TopicArn=topic(bench), **sent)


def test_a_phone_number_is_refused_by_name(bench: Workbench) -> None:
    """Guards a text message that nobody sends."""
    with refused("NotEmulated", "PhoneNumber"):
        bench.sns.publish(PhoneNumber="+15550100", Message="x")
