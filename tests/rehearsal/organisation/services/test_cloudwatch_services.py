"""What services measure of themselves: queues, functions, rules; and the load that a scenario gives to endpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.organisation.control import Control, ControlError
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import Client
from tests.rehearsal.organisation.services.hosting_world import Hall
from tests.rehearsal.organisation.workbench import Workbench, own_bench

FAILING = "def handler(event, context):\n    raise ValueError('no')\n"


@pytest.fixture
def bench() -> Iterator[Workbench]:
    """Its own for each test: its clock is skipped."""
    with own_bench() as made:
        yield made


def read(
    bench: Workbench, namespace: str, name: str, stat: str, dimensions: dict[str, str], *, hours: float = 1.0
) -> list[float]:
    """The values of a metric in minutes, oldest first."""
    now = bench.org.clock.now()
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": listed}
    answer = bench.cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}],
        StartTime=now - timedelta(hours=hours), EndTime=now + timedelta(minutes=1), ScanBy="TimestampAscending",
    )  # fmt: skip
    values: list[float] = answer["MetricDataResults"][0]["Values"]
    return values


def alarm(bench: Workbench, queue: str, name: str, threshold: float, **more: Any) -> None:
    bench.cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="AWS/SQS", MetricName=name, Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum", Period=60, EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
        Threshold=threshold, TreatMissingData="notBreaching", **more,
    )  # fmt: skip


def state(bench: Workbench, name: str) -> str:
    return str(bench.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def test_a_queue_tells_its_depth_minute_by_minute(bench: Workbench) -> None:
    """Guards a dead-letter queue whose depth nobody can watch (sqs-available-cloudwatch-metrics)."""
    url, _ = bench.queue("depth", VisibilityTimeout="120")
    queue = {"QueueName": "depth"}
    for body in "abc":
        bench.sqs.send_message(QueueUrl=url, MessageBody=body)
    bench.advance(60)
    handle = bench.receive(url, 1)[0]["ReceiptHandle"]
    bench.advance(60)
    bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    bench.advance(120)
    visible = read(bench, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", queue)
    hidden = read(bench, "AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "Maximum", queue)
    assert visible[:2] == [3.0, 2.0]
    assert hidden[:3] == [0.0, 1.0, 0.0]
    assert sum(read(bench, "AWS/SQS", "NumberOfMessagesSent", "Sum", queue)) == 3.0
    assert sum(read(bench, "AWS/SQS", "SentMessageSize", "Sum", queue)) == 3.0
    assert sum(read(bench, "AWS/SQS", "NumberOfMessagesReceived", "Sum", queue)) == 1.0
    assert sum(read(bench, "AWS/SQS", "NumberOfMessagesDeleted", "Sum", queue)) == 1.0
    bench.receive(url)
    bench.receive(url)
    assert sum(read(bench, "AWS/SQS", "NumberOfEmptyReceives", "Sum", queue)) == 1.0


def test_a_message_that_shows_again_is_seen(bench: Workbench) -> None:
    """Guards a depth that stays at zero after a consumer failed: nothing but time makes the message visible."""
    url, _ = bench.queue("again", VisibilityTimeout="300")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    bench.receive(url)
    bench.advance(600)
    visible = read(bench, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", {"QueueName": "again"})
    assert visible[0] == 0.0
    assert visible[-1] == 1.0


def test_a_queue_falls_silent_six_hours_after_its_use(bench: Workbench) -> None:
    """Guards `missing` data: an idle, empty queue sends none after six hours (sqs/monitoring-using-cloudwatch)."""
    url, _ = bench.queue("idle")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    bench.advance(10 * 3600)
    bench.sqs.purge_queue(QueueUrl=url)
    bench.advance(8 * 3600)
    depth = read(bench, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", {"QueueName": "idle"}, hours=19)
    assert depth.count(1.0) in (599, 600, 601), "as long as a message lies there"
    assert depth.count(0.0) in (360, 361, 362)


def test_alarms_see_depth_and_age_of_what_lies(bench: Workbench) -> None:
    """Guards the alarms on dead letters and on old messages, also where time alone makes a message too old."""
    url, _ = bench.queue("dead")
    alarm(bench, "dead", "ApproximateNumberOfMessagesVisible", 0.0)
    alarm(bench, "dead", "ApproximateAgeOfOldestMessage", 86_400.0)
    bench.advance(120)
    assert state(bench, "ApproximateNumberOfMessagesVisible") == "OK"
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    bench.advance(60)
    assert state(bench, "ApproximateNumberOfMessagesVisible") == "ALARM"
    bench.advance(86_000)
    assert state(bench, "ApproximateAgeOfOldestMessage") == "OK"
    bench.advance(600)
    assert state(bench, "ApproximateAgeOfOldestMessage") == "ALARM"
    assert state(bench, "ApproximateNumberOfMessagesVisible") == "ALARM", "it still lies there"
    bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=bench.receive(url)[0]["ReceiptHandle"])
    bench.advance(300)
    assert state(bench, "ApproximateNumberOfMessagesVisible") == "OK"
    assert state(bench, "ApproximateAgeOfOldestMessage") == "OK"


def test_a_message_that_sqs_buries_is_not_counted_as_sent(bench: Workbench) -> None:
    """Guards sqs-dead-letter-queues: the depth of a dead-letter queue grows, NumberOfMessagesSent doesn't."""
    _, dead = bench.queue("buried")
    url, _ = bench.queue("poison", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1}))
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    bench.receive(url)
    bench.advance(31)
    bench.receive(url)
    bench.advance(60)
    buried = {"QueueName": "buried"}
    assert read(bench, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", buried)[-1] == 1.0
    assert read(bench, "AWS/SQS", "NumberOfMessagesSent", "Sum", buried) == []


def test_a_function_tells_its_invocations_errors_and_throttles(bench: Workbench) -> None:
    """Guards the alarms on a function's errors and throttles (lambda/monitoring-metrics-types)."""
    bench.function("good")
    bench.function("bad", FAILING)
    for name in ("good", "good", "bad"):
        bench.lambda_.invoke(FunctionName=name, Payload=b"{}")
    bench.lambda_.put_function_concurrency(FunctionName="good", ReservedConcurrentExecutions=0)
    with pytest.raises(bench.lambda_.exceptions.TooManyRequestsException):
        bench.lambda_.invoke(FunctionName="good", Payload=b"{}")
    good, bad = {"FunctionName": "good"}, {"FunctionName": "bad"}
    assert sum(read(bench, "AWS/Lambda", "Invocations", "Sum", good)) == 2.0
    assert sum(read(bench, "AWS/Lambda", "Errors", "Sum", good)) == 0.0
    assert sum(read(bench, "AWS/Lambda", "Throttles", "Sum", good)) >= 1.0
    assert sum(read(bench, "AWS/Lambda", "Errors", "Sum", bad)) == 1.0
    assert max(read(bench, "AWS/Lambda", "Duration", "Maximum", bad)) > 0.0


def test_a_rule_tells_what_it_delivered_and_what_failed(bench: Workbench) -> None:
    """Guards the alarm on a rule whose target refuses it (eb-monitoring: FailedInvocations, InvocationsSentToDlq)."""
    url, open_queue = bench.queue("open")
    _, closed = bench.queue("closed")
    dead_url, dead = bench.queue("letters")
    bench.events.create_event_bus(Name="own")
    for name, target, bus in (("good", open_queue, "default"), ("bad", closed, "own")):
        arn = bench.rule(name, {"source": ["x"]}, {"Arn": target, "DeadLetterConfig": {"Arn": dead}}, bus=bus)
        if name == "good":
            bench.admit(url, open_queue, arn)
        else:
            bench.admit(dead_url, dead, arn)
        bench.put("x", {}, bus=bus)
    assert read(bench, "AWS/Events", "Invocations", "Sum", {"RuleName": "good"}) == [1.0]
    assert read(bench, "AWS/Events", "FailedInvocations", "Sum", {"RuleName": "good"}) == []
    failed = {"RuleName": "bad", "EventBusName": "own"}
    assert read(bench, "AWS/Events", "FailedInvocations", "Sum", failed) == [1.0]
    assert read(bench, "AWS/Events", "InvocationsSentToDlq", "Sum", failed) == [1.0]


@pytest.fixture(scope="module")
def hall(org: Emulator, client: Client) -> Hall:
    return Hall.of(org, client)


class TestTheLoadOfAnEndpoint:
    """What a scenario says of an endpoint, which no client can put."""

    def test_it_is_read_as_sagemaker_s_own_metrics(self, org: Emulator, client: Client, hall: Hall) -> None:
        """Guards the two namespaces, units and dimensions (sagemaker/monitoring-cloudwatch)."""
        endpoint = hall.endpoint()
        given: dict[str, float | list[float]] = {
            "Invocations": 8, "Invocation4XXErrors": 2, "ModelLatency": [1000, 3000], "CPUUtilization": 55.5,
        }  # fmt: skip
        assert Control(org.endpoint).endpoint_load("hub", endpoint, "main", given, ago_seconds=600) == 4
        listed = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "main"}]
        wanted = {
            ("AWS/SageMaker", "Invocations", "Sum"): 8.0,
            ("AWS/SageMaker", "Invocation4XXErrors", "Sum"): 2.0,
            ("AWS/SageMaker", "Invocation4XXErrors", "Average"): 0.25,
            ("AWS/SageMaker", "ModelLatency", "Maximum"): 3000.0,
            ("/aws/sagemaker/Endpoints", "CPUUtilization", "Average"): 55.5,
        }
        queries = [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": listed},
                    "Period": 300, "Stat": stat,
                },
            }
            for number, (namespace, name, stat) in enumerate(wanted)
        ]  # fmt: skip
        now = org.clock.now()
        answer = client("hub", None, "cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(hours=1), EndTime=now
        )
        assert [one["Values"] for one in answer["MetricDataResults"]] == [[value] for value in wanted.values()]

    def test_what_serves_nothing_has_none(self, org: Emulator, hall: Hall) -> None:
        """Guards metrics of endpoints, variants and names that don't exist, and zeros where SageMaker sends nothing."""
        control, endpoint = Control(org.endpoint), hall.endpoint()
        assert control.endpoint_load("hub", endpoint, "main", {"Invocations": 0}) == 0
        for arguments, code in (
            (("hub", "none", "main", {"Invocations": 1}), "NoSuchEndpoint"),
            (("dev", endpoint, "main", {"Invocations": 1}), "NoSuchEndpoint"),
            (("hub", endpoint, "other", {"Invocations": 1}), "NoSuchVariant"),
            (("hub", endpoint, "main", {"Latency": 1}), "NoSuchMetric"),
        ):
            with pytest.raises(ControlError, match=code):
                control.endpoint_load(*arguments)
        hall.sagemaker.delete_endpoint(EndpointName=endpoint)
        with pytest.raises(ControlError, match=r"NotServing|NoSuchEndpoint"):
            control.endpoint_load("hub", endpoint, "main", {"Invocations": 1})

    def test_a_component_has_a_load_of_its_own(self, org: Emulator, client: Client, hall: Hall) -> None:
        """Guards the metrics of inference components: another namespace, another dimension, no other's numbers."""
        endpoint = hall.modelless_endpoint()
        specification = {"ModelName": hall.model(), "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}
        component = hall.component(endpoint, specification, VariantName="main", RuntimeConfig={"CopyCount": 1})
        hall.wait()
        control = Control(org.endpoint)
        given: dict[str, float | list[float]] = {"Invocations": 3, "CPUUtilizationNormalized": [10.0, 30.0]}
        assert control.endpoint_load("hub", endpoint, "main", given, component=component) == 2
        found = client("hub", None, "cloudwatch").list_metrics(
            Dimensions=[{"Name": "InferenceComponentName", "Value": component}]
        )["Metrics"]
        assert {(one["Namespace"], one["MetricName"], len(one["Dimensions"])) for one in found} == {
            ("AWS/SageMaker", "Invocations", 1), ("/aws/sagemaker/InferenceComponents", "CPUUtilizationNormalized", 1),
        }  # fmt: skip
        with pytest.raises(ControlError, match="NoSuchMetric"):
            control.endpoint_load("hub", endpoint, "main", {"CPUUtilization": 1}, component=component)
        with pytest.raises(ControlError, match="NoSuchComponent"):
            control.endpoint_load("hub", hall.endpoint(), "main", {"Invocations": 1}, component=component)
