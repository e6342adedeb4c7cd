"""Alarms as clients see them: evaluated on the organisation's clock, told to topics, queues and rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.services.cloudwatch.evaluation import Condition, State, Treatment, evaluate
from tests.rehearsal.organisation.example import refused, unique
from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, document, own_bench

NAMESPACE = "Own"
OVER_ONE = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0}
TREATMENTS: tuple[Treatment, ...] = ("missing", "ignore", "breaching", "notBreaching")


@pytest.fixture
def bench() -> Iterator[Workbench]:
    """Its own for each test: its clock is skipped."""
    with own_bench() as made:
        yield made


def alarm(bench: Workbench, **more: Any) -> str:
    """An alarm on the metric `m` over 1, one period of a minute; returns its name."""
    name = unique("alarm")
    settings = {
        "AlarmName": name, "Namespace": NAMESPACE, "MetricName": "m", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "TreatMissingData": "notBreaching", **OVER_ONE, **more,
    }  # fmt: skip
    bench.cloudwatch.put_metric_alarm(**{key: value for key, value in settings.items() if value is not None})
    return name


def put(bench: Workbench, value: float, name: str = "m") -> None:
    bench.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[{"MetricName": name, "Value": value}])


def state(bench: Workbench, name: str) -> str:
    return str(bench.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def inbox(bench: Workbench, **attributes: str) -> tuple[str, str]:
    """A topic and the URL of a queue that gets its messages raw."""
    topic = bench.sns.create_topic(Name=unique("alarms"), Attributes=attributes)["TopicArn"]
    url, queue = bench.queue(unique("inbox"))
    bench.admit(url, queue, topic, "sns.amazonaws.com")
    bench.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    return topic, url


def test_an_alarm_goes_off_and_ends(bench: Workbench) -> None:
    """Guards alarms that are stored and never evaluated; topics and rules that nobody tells."""
    topic, url = inbox(bench)
    rule_url, rule_queue = bench.queue(unique("events"))
    rule = bench.rule("alarms", {"source": ["aws.cloudwatch"]}, {"Arn": rule_queue})
    bench.admit(rule_url, rule_queue, rule)
    name = alarm(bench, AlarmActions=[topic], OKActions=[topic], AlarmDescription="too many")
    assert state(bench, name) == "INSUFFICIENT_DATA"
    bench.advance(60)
    assert state(bench, name) == "OK"
    put(bench, 2.0)
    assert state(bench, name) == "OK", "it is evaluated when the minute ends"
    bench.advance(60)
    assert state(bench, name) == "ALARM"
    bench.advance(300)
    assert state(bench, name) == "OK"
    bench.org.drain()
    told = [json.loads(one["Body"]) for one in bench.receive(url)]
    assert [(one["OldStateValue"], one["NewStateValue"]) for one in told] == [
        ("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK"),
    ]  # fmt: skip
    assert told[1]["Trigger"]["MetricName"] == "m"
    assert "[2.0 (" in told[1]["NewStateReason"]
    events = [json.loads(one["Body"]) for one in bench.receive(rule_url)]
    assert {one["detail-type"] for one in events} == {"CloudWatch Alarm State Change"}
    second = next(one for one in events if one["detail"]["state"]["value"] == "ALARM")
    arn = f"arn:aws:cloudwatch:{REGION}:{bench.account}:alarm:{name}"
    assert (second["source"], second["resources"], second["account"]) == ("aws.cloudwatch", [arn], bench.account)
    assert second["detail"]["previousState"]["value"] == "OK"
    assert second["detail"]["configuration"]["description"] == "too many"
    query = second["detail"]["configuration"]["metrics"][0]["metricStat"]
    assert query == {
        "metric": {"dimensions": {}, "name": "m", "namespace": NAMESPACE}, "period": 60, "stat": "Sum",
    }  # fmt: skip
    kinds = [
        one["HistoryItemType"] for one in bench.cloudwatch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    ]
    assert kinds.count("StateUpdate") == 3
    assert kinds.count("Action") == 3
    assert kinds[-1] == "ConfigurationUpdate"


def test_m_of_n_datapoints_must_breach(bench: Workbench) -> None:
    """Guards an alarm that goes off at the first data point though two of three must breach (cw/alarm-evaluation)."""
    name = alarm(bench, EvaluationPeriods=3, DatapointsToAlarm=2)
    put(bench, 5.0)
    bench.advance(60)
    assert state(bench, name) == "OK"
    put(bench, 0.0)
    bench.advance(60)
    put(bench, 5.0)
    bench.advance(60)
    assert state(bench, name) == "ALARM"


def test_a_heartbeat_that_stops_is_an_alarm(bench: Workbench) -> None:
    """Guards the alarm that says a schedule is dead: missing data breach; the range is two periods longer than N."""
    name = alarm(
        bench, Statistic="SampleCount", Period=3600, ComparisonOperator="LessThanThreshold", Threshold=1.0,
        TreatMissingData="breaching",
    )  # fmt: skip
    put(bench, 1.0)
    bench.advance(60)
    assert state(bench, name) == "OK"
    for _ in range(4):
        bench.advance(3600)
        put(bench, 1.0)
    assert state(bench, name) == "OK"
    bench.advance(2 * 3600)
    assert state(bench, name) == "OK", "the last beat still lies in the range"
    bench.advance(3600 + 120)
    assert state(bench, name) == "ALARM"
    put(bench, 1.0)
    bench.advance(60)
    assert state(bench, name) == "OK"


def test_a_skip_of_a_month_evaluates_what_changes_only(bench: Workbench) -> None:
    """Guards against an evaluation for each minute that is skipped, and against a change that is missed by that."""
    name = alarm(bench, TreatMissingData="missing", Period=300, EvaluationPeriods=2)
    put(bench, 5.0)
    bench.advance(30 * 86_400)
    items = bench.cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate", AlarmName=name)["AlarmHistoryItems"]
    turns = [json.loads(one["HistoryData"])["newState"]["value"] for one in reversed(items)]
    assert turns == ["ALARM", "INSUFFICIENT_DATA"]
    lasted = items[0]["Timestamp"] - items[1]["Timestamp"]
    assert lasted <= timedelta(seconds=300 * 4), "its last data point left the range two periods after N"


def test_an_action_that_is_refused_is_told(bench: Workbench) -> None:
    """Guards against an alarm that nobody hears of: an encrypted topic whose key doesn't admit CloudWatch."""
    policy = document({"Effect": "Allow", "Principal": {"AWS": bench.account}, "Action": "kms:*", "Resource": "*"})
    key = bench.kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]
    topic, url = inbox(bench, KmsMasterKeyId=key)
    name = alarm(bench, AlarmActions=[topic])
    put(bench, 2.0)
    bench.advance(60)
    assert bench.receive(url) == []
    assert bench.told("lost")[-1]["action"] == topic
    (item,) = bench.cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert "Failed to execute action" in item["HistorySummary"]


def test_actions_can_be_switched_off(bench: Workbench) -> None:
    """Guards DisableAlarmActions and ActionsEnabled: the state changes, nobody is told."""
    topic, url = inbox(bench)
    name = alarm(bench, AlarmActions=[topic])
    bench.cloudwatch.disable_alarm_actions(AlarmNames=[name])
    put(bench, 2.0)
    bench.advance(60)
    assert (state(bench, name), bench.receive(url)) == ("ALARM", [])
    bench.cloudwatch.enable_alarm_actions(AlarmNames=[name])
    assert bench.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["ActionsEnabled"] is True


def test_a_state_that_was_set_lasts_until_the_next_evaluation(bench: Workbench) -> None:
    """Guards a rehearsed alarm that stays for ever, or sets nothing off (API_SetAlarmState)."""
    topic, url = inbox(bench)
    name = alarm(bench, AlarmActions=[topic])
    bench.advance(60)
    bench.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="rehearsal")
    assert state(bench, name) == "ALARM"
    assert json.loads(bench.receive(url)[0]["Body"])["NewStateReason"] == "rehearsal"
    bench.advance(60)
    assert state(bench, name) == "OK"
    with refused("ResourceNotFound"):
        bench.cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x")


def test_an_alarm_watches_a_linked_account(bench: Workbench) -> None:
    """Guards an alarm across accounts without a link, or that reads its own account instead."""
    dev = bench.beside("dev")
    query = {
        "Id": "m1", "AccountId": dev.account, "ReturnData": True,
        "MetricStat": {"Metric": {"Namespace": NAMESPACE, "MetricName": "m"}, "Period": 60, "Stat": "Sum"},
    }  # fmt: skip
    own = {"Namespace": None, "MetricName": None, "Statistic": None, "Period": None}
    with refused("Forbidden", dev.account):
        alarm(bench, Metrics=[query], **own)
    sink = bench.oam.create_sink(Name="s")["Arn"]
    admit = {"Effect": "Allow", "Principal": {"AWS": dev.account}, "Action": "oam:CreateLink", "Resource": "*"}
    bench.oam.put_sink_policy(SinkIdentifier=sink, Policy=document(admit))
    dev.oam.create_link(LabelTemplate="dev", ResourceTypes=["AWS::CloudWatch::Metric"], SinkIdentifier=sink)
    name = alarm(bench, Metrics=[query], **own)
    put(bench, 9.0)
    bench.advance(60)
    assert state(bench, name) == "OK"
    put(dev, 9.0)
    bench.advance(60)
    assert state(bench, name) == "ALARM"


def test_alarms_are_shown_as_they_were_put(bench: Workbench) -> None:
    """Guards parameters that are dropped, updates that keep the old ones, tags that an update changes."""
    name = alarm(bench, Tags=[{"Key": "a", "Value": "b"}], DatapointsToAlarm=1, Unit="Count", AlarmDescription="one")
    before = bench.cloudwatch.describe_alarms(AlarmNamePrefix=name)["MetricAlarms"][0]
    assert (before["Unit"], before["DatapointsToAlarm"], before["AlarmDescription"]) == ("Count", 1, "one")
    bench.cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace=NAMESPACE, MetricName="other", ExtendedStatistic="p99", Period=120,
        EvaluationPeriods=2, **OVER_ONE,
    )  # fmt: skip
    (after,) = bench.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (after["MetricName"], after["ExtendedStatistic"], after["Period"]) == ("other", "p99", 120)
    assert not {"Unit", "Statistic", "AlarmDescription", "TreatMissingData"} & after.keys()
    arn = after["AlarmArn"]
    bench.cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    bench.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert bench.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    with refused("ResourceNotFound"):
        bench.cloudwatch.delete_alarms(AlarmNames=[name, "none"])
    assert bench.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_who_may_put_an_alarm_may_be_bound_to_its_actions(bench: Workbench) -> None:
    """Guards cloudwatch:AlarmActions, and the need of TagResource for tags (API_PutMetricAlarm)."""
    topic = f"arn:aws:sns:{REGION}:{bench.account}:mine"
    bound = {
        **allow("cloudwatch:PutMetricAlarm", "*"),
        "Condition": {"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": [topic]}},
    }
    principal = {"Effect": "Allow", "Principal": {"AWS": bench.account}, "Action": "sts:AssumeRole"}
    bench.iam.create_role(RoleName="bound", AssumeRolePolicyDocument=document(principal))
    bench.iam.put_role_policy(RoleName="bound", PolicyName="p", PolicyDocument=document(bound))
    client = bench.client("bound", "cloudwatch")
    settings = {
        "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, **OVER_ONE,
    }  # fmt: skip
    client.put_metric_alarm(AlarmName="a", AlarmActions=[topic], **settings)
    with refused("AccessDenied", "PutMetricAlarm"):
        client.put_metric_alarm(AlarmName="a", AlarmActions=[topic], OKActions=[f"{topic}-other"], **settings)
    with refused("AccessDenied", "TagResource"):
        client.put_metric_alarm(AlarmName="b", Tags=[{"Key": "a", "Value": "b"}], **settings)


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"Statistic": None}, "InvalidParameterCombination", "Statistic"),
        ({"Period": None}, "MissingParameter", "Period"),
        ({"Threshold": None}, "MissingParameter", "Threshold"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "ValidationError", "DatapointsToAlarm"),
        ({"Period": 300, "EvaluationPeriods": 300}, "ValidationError", "86400"),
        ({"Period": 3600, "EvaluationPeriods": 169}, "ValidationError", "604800"),
        ({"TreatMissingData": "nothing"}, "ValidationError", "TreatMissingData"),
        ({"AlarmActions": ["mail"]}, "ValidationError", "Invalid arn syntax"),
        ({"AlarmActions": ["arn:aws:sns:us-east-1:111111111111:t"]}, "ValidationError", "us-east-1"),
        ({"AlarmActions": ["arn:aws:lambda:eu-west-1:111111111111:function:f"]}, "NotEmulated", "lambda"),
        ({"Period": 10}, "NotEmulated", "10 seconds"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "NotEmulated", "anomaly"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "NotEmulated", "EvaluateLowSampleCountPercentile"),
    ],
)  # fmt: skip
def test_what_no_alarm_can_be_is_refused(bench: Workbench, change: dict[str, Any], code: str, word: str) -> None:
    """Guards an alarm that AWS refuses, or that would be evaluated otherwise here (API_PutMetricAlarm)."""
    with refused(code, word):
        alarm(bench, **change)


W, X, NONE = 0.0, 2.0, None
KEEP = None
TABLES: list[tuple[int, int, list[float | None], list[State | None]]] = [
    (3, 3, [W, NONE, X, NONE, X], ["OK", "OK", "OK", "OK"]),
    (3, 3, [W, NONE, NONE, NONE, NONE], ["OK", "OK", "OK", "OK"]),
    (3, 3, [NONE, NONE, NONE, NONE, NONE], ["INSUFFICIENT_DATA", KEEP, "ALARM", "OK"]),
    (3, 3, [W, X, X, NONE, X], ["ALARM", "ALARM", "ALARM", "ALARM"]),
    (3, 3, [NONE, NONE, X, NONE, NONE], ["ALARM", KEEP, "ALARM", "OK"]),
    (3, 2, [W, NONE, X, NONE, X], ["ALARM", "ALARM", "ALARM", "ALARM"]),
    (3, 2, [W, W, X, W, X], ["ALARM", "ALARM", "ALARM", "ALARM"]),
    (3, 2, [W, NONE, X, NONE, NONE], ["OK", "OK", "ALARM", "OK"]),
    (3, 2, [NONE, NONE, NONE, NONE, W], ["OK", "OK", "ALARM", "OK"]),
    (3, 2, [NONE, NONE, NONE, X, NONE], ["ALARM", KEEP, "ALARM", "OK"]),
]
"""AWS's two tables (cw/alarms-and-missing-data): W within the threshold, X breaching, NONE missing."""


@pytest.mark.parametrize(("periods", "enough", "values", "states"), TABLES)
def test_missing_data_are_treated_as_the_tables_say(
    periods: int, enough: int, values: list[float | None], states: list[State | None]
) -> None:
    """Guards each cell of AWS's tables; one cell wrong and an alarm is silent, or cries wolf."""
    found = [evaluate(Condition("GreaterThanThreshold", 1.0, periods, enough, one), values) for one in TREATMENTS]
    assert found == states


def test_one_late_breach_is_no_alarm_before_its_time() -> None:
    """Guards against an alarm at the first of three data points, the others missing: the breach must be as old as M."""
    condition = Condition("GreaterThanThreshold", 1.0, 3, 3, "missing")
    assert evaluate(condition, [NONE, NONE, NONE, NONE, X]) is KEEP
    assert evaluate(condition, [NONE, NONE, NONE, X, NONE]) is KEEP
    assert evaluate(condition, [NONE, NONE, X, NONE, NONE]) == "ALARM"


@given(
    st.lists(st.sampled_from([W, X, None]), min_size=1, max_size=7), st.integers(1, 5), st.integers(1, 5),
    st.sampled_from(TREATMENTS),
)  # fmt: skip
def test_more_breaches_never_end_an_alarm(
    values: list[float | None], periods: int, enough: int, treatment: Treatment
) -> None:
    """Guards the order of states: where a data point within the threshold is an alarm, a breaching one is too."""
    condition = Condition("GreaterThanThreshold", 1.0, max(periods, enough), min(periods, enough), treatment)
    worse = [X if value == W else value for value in values]
    if evaluate(condition, values) == "ALARM":
        assert evaluate(condition, worse) == "ALARM"
    if evaluate(condition, worse) == "OK":
        assert evaluate(condition, values) == "OK"


def test_an_alarm_tells_another_account_s_topic(bench: Workbench) -> None:
    """Guards alarms of spokes that publish to the hub's topic: its policy decides, by the alarm's own account."""
    topic, url = inbox(bench)
    dev, test = bench.beside("dev"), bench.beside("test")
    statement = {
        "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": topic, "Condition": {"StringEquals": {"aws:SourceAccount": dev.account}},
    }  # fmt: skip
    bench.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(statement))
    for spoke in (dev, test):
        alarm(spoke, AlarmActions=[topic])
        put(spoke, 2.0)
    bench.advance(60)
    assert [json.loads(one["Body"])["AWSAccountId"] for one in bench.receive(url)] == [dev.account]
