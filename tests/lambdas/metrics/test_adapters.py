"""The boto3 adapters: what is sent, and what each answer means."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import ANY, Stubber

from governance.metrics import Query, Row
from governance.metrics_catalogue import COMPONENT_METRICS, INSTANCE_METRICS, INVOCATION_METRICS
from governance.metrics_targets import COLUMNS, Target
from governance.metrics_window import Window
from lambdas.common.aws import Busy
from lambdas.metrics.adapters import CURSOR, CloudWatch, DynamoEndpoints, DynamoMetrics, SqsOutbox
from lambdas.metrics.ports import Refused
from tests.lambdas.metrics.world import ALIGNED, DEV, HUB, PERIOD, REGION, arn_of

WINDOW = Window(ALIGNED - 3600, ALIGNED, PERIOD)
TIME = datetime.fromtimestamp(ALIGNED - 3600, UTC)


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret")


def target(account: str, component: str | None = None) -> Target:
    return Target(arn_of(account, "Credit-Risk"), "Credit-Risk", account, REGION, "blue", component)


QUERIES = (
    Query(target(HUB), INVOCATION_METRICS[0]),
    Query(target(DEV), INSTANCE_METRICS[0]),
    Query(target(DEV, "llm"), COMPONENT_METRICS[0]),
)


class Failing:
    """A client whose every call fails with one error, of a code or as given."""

    def __init__(self, problem: str | Exception) -> None:
        error = ClientError({"Error": {"Code": problem, "Message": "m"}}, "Operation")
        self.error = error if isinstance(problem, str) else problem

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            raise self.error

        return call


def test_s9_only_other_accounts_are_named_and_no_unit_is() -> None:
    """S9 of the reference system: metrics of spokes never arrive. M4: same-account mode has no monitoring account."""
    cloudwatch = client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": "Credit-Risk"}, {"Name": "VariantName", "Value": "blue"}]
    component = [{"Name": "InferenceComponentName", "Value": "llm"}]
    sent = {
        "MetricDataQueries": [
            query("q0", "AWS/SageMaker", "Invocations", dimensions, "Sum"),
            query("q1", "/aws/sagemaker/Endpoints", "CPUUtilization", dimensions, "Average") | {"AccountId": DEV},
            query("q2", "/aws/sagemaker/InferenceComponents", "CPUUtilizationNormalized", component, "Average")
            | {"AccountId": DEV},
        ],
        "StartTime": datetime.fromtimestamp(WINDOW.start, UTC),
        "EndTime": datetime.fromtimestamp(WINDOW.end, UTC),
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": 100_800,
    }
    with Stubber(cloudwatch) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": []}, sent)
        CloudWatch(cloudwatch, frozenset({HUB})).page(QUERIES, WINDOW, None)
        stub.add_response("get_metric_data", {"MetricDataResults": []}, sent | {"NextToken": "t"})
        CloudWatch(cloudwatch, frozenset({HUB})).page(QUERIES, WINDOW, "t")
        stub.assert_no_pending_responses()


def query(name: str, namespace: str, metric: str, dimensions: list[dict[str, str]], statistic: str) -> dict[str, Any]:
    stat = {
        "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions},
        "Period": PERIOD,
        "Stat": statistic,
    }
    return {"Id": name, "MetricStat": stat, "ReturnData": True}


def result(name: str, label: str, status: str, value: float) -> dict[str, Any]:
    return {"Id": name, "Label": label, "Timestamps": [TIME], "Values": [value], "StatusCode": status}


def test_answers_are_mapped_by_id_and_never_by_label() -> None:
    """Guards: the reference system's split of labels at spaces; answers come in any order, with any label."""
    cloudwatch = client("cloudwatch")
    results = [
        result("q2", "AWS/SageMaker Invocations", "Complete", 2.0),
        result("q0", "", "PartialData", 0.0),
        result("q1", "x", "Forbidden", float("nan")),
    ]
    with Stubber(cloudwatch) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": results, "NextToken": "more"})
        page = CloudWatch(cloudwatch, frozenset()).page(QUERIES, WINDOW, None)
    start = WINDOW.start
    assert [(one.index, one.status, one.points) for one in page.results] == [
        (2, "Complete", {start: 2.0}), (0, "PartialData", {start: 0.0}), (1, "Forbidden", {}),
    ]  # fmt: skip
    assert page.token == "more"


AGAIN = (
    "Throttling", "ThrottlingException", "InternalFailure", "InternalServiceFault", "InvalidNextToken",
    "InvalidNextTokenException",
)  # fmt: skip
REFUSALS = ("ValidationError", "InvalidParameterValue")
DEFECTS = ("AccessDenied", "InvalidClientTokenId")


@pytest.mark.parametrize(
    ("code", "meaning"), [*product(AGAIN, [Busy]), *product(REFUSALS, [Refused]), *product(DEFECTS, [ClientError])]
)
def test_errors_of_cloudwatch_mean_again_refused_or_defect(code: str, meaning: type[Exception]) -> None:
    """Guards: a missing right taken for a missing link; a throttle that ends the run."""
    with pytest.raises(meaning):
        CloudWatch(Failing(code), frozenset()).page(QUERIES, WINDOW, None)


@pytest.mark.parametrize(
    "error",
    [ReadTimeoutError(endpoint_url="u"), EndpointConnectionError(endpoint_url="u")],
    ids=lambda e: type(e).__name__,
)
def test_what_is_never_answered_is_asked_again(error: Exception) -> None:
    """Guards: a slow answer that sends the whole window back to the queue for half an hour."""
    with pytest.raises(Busy, match=type(error).__name__):
        CloudWatch(Failing(error), frozenset()).page(QUERIES, WINDOW, None)
    with pytest.raises(Busy, match=type(error).__name__):
        DynamoMetrics(Failing(error), "m").put([row(0)])


def test_endpoints_are_scanned_page_by_page_with_the_columns_that_are_needed() -> None:
    """Guards: endpoints after the first megabyte; reserved words such as `region` in an expression."""
    dynamodb = client("dynamodb")
    names = {f"#{name}": name for name in COLUMNS}
    sent = {"TableName": "e", "ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    key = {"endpointarn": {"S": "a"}}
    with Stubber(dynamodb) as stub:
        stub.add_response("scan", {"Items": [key], "LastEvaluatedKey": key}, sent)
        stub.add_response("scan", {"Items": [{"endpointarn": {"S": "b"}}]}, sent | {"ExclusiveStartKey": key})
        assert [row["endpointarn"] for row in DynamoEndpoints(dynamodb, "e").rows()] == ["a", "b"]


def row(time: int, **values: float) -> Row:
    return {"endpointvariant": "a#v", "timestamp": time, **values}


def test_rows_are_numbers_that_dynamodb_takes_and_what_is_left_is_told() -> None:
    """Guards: unprocessed items that are lost; 0.1 stored as text, or as 0.1000000000000000055."""
    dynamodb = client("dynamodb")
    rows = [row(0, accuracy=0.1, invocations=3.0), row(300, modellatency=1e-9, invocations=2.0**60)]

    def item(time: int, **values: str) -> dict[str, Any]:
        numbers = {name: {"N": text} for name, text in values.items()}
        return {"PutRequest": {"Item": {"endpointvariant": {"S": "a#v"}, "timestamp": {"N": str(time)}, **numbers}}}

    puts = [item(0, accuracy="0.1", invocations="3"), item(300, modellatency="1e-09", invocations=repr(2.0**60))]
    with Stubber(dynamodb) as stub:
        stub.add_response("batch_write_item", {"UnprocessedItems": {"m": [puts[1]]}}, {"RequestItems": {"m": puts}})
        assert DynamoMetrics(dynamodb, "m").put(rows) == [rows[1]]
        stub.add_response("batch_write_item", {"UnprocessedItems": {}}, {"RequestItems": {"m": [puts[0]]}})
        assert DynamoMetrics(dynamodb, "m").put(rows[:1]) == []


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "ThrottlingException"])
def test_a_throttled_table_is_busy(code: str) -> None:
    """Guards: a throttle that ends the run instead of slowing it."""
    with pytest.raises(Busy):
        DynamoMetrics(Failing(code), "m").put([row(0)])
    with pytest.raises(Busy):
        next(iter(DynamoEndpoints(Failing(code), "e").rows()))


def test_a_mark_that_moved_on_stays() -> None:
    """Guards: a run that was held up moves the mark back, and a defect that is taken for that."""
    DynamoMetrics(Failing("ConditionalCheckFailedException"), "m").advance(300)
    with pytest.raises(ClientError):
        DynamoMetrics(Failing("ResourceNotFoundException"), "m").advance(300)
    dynamodb = client("dynamodb")
    with Stubber(dynamodb) as stub:
        answer = {"Item": {**CURSOR, "collecteduntil": {"N": "600"}}}
        stub.add_response("get_item", answer, {"TableName": "m", "Key": CURSOR, "ConsistentRead": True})
        assert DynamoMetrics(dynamodb, "m").collected_until() == 600
        stub.add_response("get_item", {})
        assert DynamoMetrics(dynamodb, "m").collected_until() is None


def test_the_outbox_sends_to_its_own_queue_and_its_dead_letter_queue() -> None:
    """Guards: a continuation in the dead-letter queue."""
    sqs = client("sqs")
    with Stubber(sqs) as stub:
        stub.add_response("send_message", {"MessageId": "1"}, {"QueueUrl": "jobs", "MessageBody": "{}"})
        stub.add_response(
            "send_message", {"MessageId": "2"}, {"QueueUrl": "dlq", "MessageBody": "x", "MessageAttributes": ANY}
        )
        outbox = SqsOutbox(sqs, "jobs", "dlq")
        outbox.go_on("{}")
        outbox.dead_letter("x", "not-a-metrics-job", "m-1")
        stub.assert_no_pending_responses()
