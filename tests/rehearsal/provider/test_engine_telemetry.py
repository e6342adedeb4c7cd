"""Alarms, topics, sinks and links under the real engine, against two emulated accounts."""

from __future__ import annotations

import json

from tests.rehearsal.provider.conftest import REGION, STACK, Stack

DEV = "222222222222"
SPOKE = f"""
dev = aws.Provider("dev", region="{REGION}", allowed_account_ids=["{DEV}"], assume_roles=[
    {{"role_arn": "arn:aws:iam::{DEV}:role/OrganizationAccountAccessRole"}}])
"""
TELEMETRY = """
topic = aws.sns.Topic("topic", display_name="d", tags={"a": "b"}, opts=here)
aws.sns.TopicPolicy("topic-policy", arn=topic.arn, policy=topic.arn.apply(lambda arn: document({
    "Sid": "Alarms", "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
    "Resource": arn, "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}})), opts=here)
inbox = aws.sqs.Queue("inbox", opts=here)
aws.sns.TopicSubscription("to-queue", topic=topic.arn, protocol="sqs", endpoint=inbox.arn, raw_message_delivery=True,
                          opts=here)
aws.sns.TopicSubscription("to-people", topic=topic.arn, protocol="email", endpoint="risk@example.com", opts=here)
aws.cloudwatch.MetricAlarm("depth", namespace="AWS/SQS", metric_name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": inbox.name}, statistic="Maximum", period=60, evaluation_periods=1, threshold=0,
    comparison_operator="GreaterThanThreshold", treat_missing_data="notBreaching", alarm_actions=[topic.arn],
    alarm_description="d", tags={"a": "b"}, opts=here)
sink = aws.oam.Sink("sink", name="metrics", tags={"a": "b"}, opts=here)
admitted = aws.oam.SinkPolicy("sink-policy", sink_identifier=sink.arn, policy=document({
    "Sid": "Spokes", "Effect": "Allow", "Principal": {"AWS": ["222222222222"]}, "Resource": "*",
    "Action": ["oam:CreateLink", "oam:UpdateLink"],
    "Condition": {"ForAllValues:StringEquals": {"oam:ResourceTypes": ["AWS::CloudWatch::Metric"]}}}), opts=here)
link = aws.oam.Link("link", label_template="$AccountName", resource_types=["AWS::CloudWatch::Metric"],
    sink_identifier=sink.arn, link_configuration={"metric_configuration": {"filter": "Namespace IN ('A', 'B')"}},
    tags={"a": "b"}, opts=pulumi.ResourceOptions(provider=dev, depends_on=[admitted]))
aws.cloudwatch.MetricAlarm("spoke", name="spoke-lag", evaluation_periods=3, datapoints_to_alarm=2, threshold=0.5,
    comparison_operator="GreaterThanThreshold", metric_queries=[{"id": "m1", "account_id": "222222222222",
        "return_data": True, "metric": {"namespace": "A", "metric_name": "Lag", "period": 300, "stat": "p99",
                                        "dimensions": {"Function": "f"}}}],
    opts=pulumi.ResourceOptions(provider=account, depends_on=[link]))
"""

CHANGES = {
    'display_name="d", tags={"a": "b"}': 'display_name="e", tags={"a": "c"}',
    '"aws:SourceAccount": "111111111111"': '"aws:SourceAccount": ["111111111111", "222222222222"]',
    "raw_message_delivery=True": "raw_message_delivery=False",
    "threshold=0,": "threshold=5, ok_actions=[topic.arn],",
    '{"AWS": ["222222222222"]}': '{"AWS": ["222222222222", "999999999999"]}',
    "Namespace IN ('A', 'B')": "Namespace = 'A'",
    '"stat": "p99"': '"stat": "Maximum"',
}
CHANGED = {"topic", "topic-policy", "to-queue", "depth", "sink-policy", "link", "spoke"}


def test_telemetry_comes_up_changes_and_goes(stack: Stack) -> None:
    """Guards against a type that can't be created, read back, changed in place or deleted, in either account."""
    stack.program(SPOKE + TELEMETRY)
    stack.engine.up(STACK)
    stack.engine.preview(STACK, expect_no_changes=True)
    assert set(stack.engine.refresh(STACK).counts) == {"same"}
    stack.engine.preview(STACK, expect_no_changes=True)

    resources = stack.resources()
    assert resources["topic-policy"]["id"] == resources["topic"]["outputs"]["arn"]
    assert resources["sink-policy"]["id"] == resources["sink"]["outputs"]["arn"] == resources["sink"]["id"]
    assert resources["link"]["outputs"]["label"] == "dev"
    assert resources["depth"]["id"].startswith("depth-")
    assert resources["to-people"]["outputs"]["pendingConfirmation"] is True

    changed = TELEMETRY
    for before, after in CHANGES.items():
        assert before in changed
        changed = changed.replace(before, after)
    stack.program(SPOKE + changed)
    steps = stack.engine.up(STACK).steps
    assert {step.op for step in steps} == {"update"}, [str(step) for step in steps]
    assert {step.name for step in steps} == CHANGED
    stack.engine.preview(STACK, expect_no_changes=True)
    (alarm,) = stack.aws("cloudwatch").describe_alarms(AlarmNames=["spoke-lag"])["MetricAlarms"]
    assert alarm["Metrics"][0]["MetricStat"]["Stat"] == "Maximum"

    stack.engine.destroy(STACK)
    assert stack.aws("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert stack.aws("sns").list_topics()["Topics"] == []
    assert stack.aws("oam").list_sinks()["Items"] == []


def test_a_topic_s_policy_goes_and_the_default_one_is_back(stack: Stack) -> None:
    """Guards the deletion of a policy: a topic always has one, so the real provider puts AWS's default."""
    topic = 'topic = aws.sns.Topic("topic", name="kept", opts=here)\n'
    policy = (
        'aws.sns.TopicPolicy("policy", arn=topic.arn, policy=topic.arn.apply(lambda arn: document({"Effect": "Allow",'
        ' "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": arn})), opts=here)\n'
    )
    stack.program(topic)
    stack.engine.up(STACK)
    arn = stack.resources()["topic"]["id"]
    before = stack.aws("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    stack.program(topic + policy)
    stack.engine.up(STACK)
    assert "events.amazonaws.com" in stack.aws("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    stack.program(topic)
    stack.engine.up(STACK)
    after = stack.aws("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    assert json.loads(after) == json.loads(before)
