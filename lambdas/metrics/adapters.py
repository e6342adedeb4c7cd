"""The metrics function's ports on AWS, by boto3."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from governance.canonical import Json
from governance.metrics import MAX_DATAPOINTS, Query, Row
from governance.metrics_targets import COLUMNS
from governance.metrics_window import Window
from lambdas.common.attributes import from_item, to_attribute
from lambdas.common.aws import Busy, code_of, is_transient, message_of
from lambdas.common.queues import send_dead_letter
from lambdas.metrics.ports import Page, Refused, Result

CURSOR = {"endpointvariant": {"S": "run:metrics"}, "timestamp": {"N": "0"}}
"""Key of the row that holds where the last scheduled run ended; no variant's key begins so."""

_REFUSED = frozenset({"ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterCombination"})
_AGAIN = frozenset({"InvalidNextToken", "InvalidNextTokenException", "InternalServiceFault", "InternalServiceError"})
"""A token that ran out, and CloudWatch's own failures: the answer is begun anew, as after a throttle."""

_UNHEARD = (HTTPClientError, NoConnection)
"""Nothing came back in time. All calls here may be made twice."""

_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class DynamoEndpoints:
    """The endpoints' table by Scan. `client` is a boto3 dynamodb client."""

    client: Any
    table: str

    def rows(self) -> Iterator[Mapping[str, Json]]:
        names = {f"#{name}": name for name in COLUMNS}
        parameters: dict[str, Any] = {
            "TableName": self.table,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        while True:
            answer = _call(self.client.scan, "Scan", parameters)
            yield from (from_item(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@dataclass(frozen=True, slots=True)
class CloudWatch:
    """Metrics by GetMetricData. `client` is a boto3 cloudwatch client of a monitoring account; metrics of the accounts
    in `own` lie in that account itself and are asked for without AccountId.
    """

    client: Any
    own: frozenset[str]

    def page(self, queries: Sequence[Query], window: Window, token: str | None) -> Page:
        parameters: dict[str, Any] = {
            "MetricDataQueries": [self._query(index, query, window.period) for index, query in enumerate(queries)],
            "StartTime": datetime.fromtimestamp(window.start, UTC),
            "EndTime": datetime.fromtimestamp(window.end, UTC),
            "ScanBy": "TimestampAscending",
            "MaxDatapoints": MAX_DATAPOINTS,
        }
        if token is not None:
            parameters["NextToken"] = token
        try:
            answer = self.client.get_metric_data(**parameters)
        except ClientError as error:
            if is_transient(error) or code_of(error) in _AGAIN:
                raise Busy(f"GetMetricData: {code_of(error)}") from error
            if code_of(error) in _REFUSED:
                raise Refused(f"{code_of(error)}: {message_of(error)[:400]}") from error
            raise
        except _UNHEARD as error:
            raise Busy(f"GetMetricData: {type(error).__name__}") from error
        retries = int(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))
        results = tuple(_result(result) for result in answer["MetricDataResults"])
        return Page(results, answer.get("NextToken") or None, retries)

    def _query(self, index: int, query: Query, period: int) -> dict[str, Any]:
        """One query. Its Id is its place in the call; no Unit: a wrong one would answer nothing."""
        metric, target = query.metric, query.target
        stat = {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in target.dimensions],
            },
            "Period": period,
            "Stat": metric.statistic,
        }
        account = {} if target.account in self.own else {"AccountId": target.account}
        return {"Id": f"q{index}", "MetricStat": stat, "ReturnData": True, **account}


def _result(result: Mapping[str, Any]) -> Result:
    """A NaN or infinite value is none: no statistic of a metric can be one, and no row could hold it."""
    points = {
        int(time.timestamp()): float(value)
        for time, value in zip(result["Timestamps"], result["Values"], strict=True)
        if math.isfinite(value)
    }
    return Result(int(result["Id"][1:]), result["StatusCode"], points)


@dataclass(frozen=True, slots=True)
class DynamoMetrics:
    """The metrics' table. `client` is a boto3 dynamodb client."""

    client: Any
    table: str

    def put(self, rows: Sequence[Row]) -> Sequence[Row]:
        puts = [{"PutRequest": {"Item": {name: _attribute(value) for name, value in row.items()}}} for row in rows]
        answer = _call(self.client.batch_write_item, "BatchWriteItem", {"RequestItems": {self.table: puts}})
        left = {
            (put["PutRequest"]["Item"]["endpointvariant"]["S"], int(put["PutRequest"]["Item"]["timestamp"]["N"]))
            for put in answer.get("UnprocessedItems", {}).get(self.table, ())
        }
        return [row for row in rows if (row["endpointvariant"], row["timestamp"]) in left]

    def collected_until(self) -> int | None:
        parameters = {"TableName": self.table, "Key": CURSOR, "ConsistentRead": True}
        item = _call(self.client.get_item, "GetItem", parameters).get("Item")
        return int(item["collecteduntil"]["N"]) if item else None

    def advance(self, until: int) -> None:
        parameters = {
            "TableName": self.table,
            "Key": CURSOR,
            "UpdateExpression": "SET collecteduntil = :until",
            # A run that was held up ends after a younger one: the mark stays where it is.
            "ConditionExpression": "attribute_not_exists(collecteduntil) OR collecteduntil < :until",
            "ExpressionAttributeValues": {":until": {"N": str(until)}},
        }
        try:
            _call(self.client.update_item, "UpdateItem", parameters)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise


@dataclass(frozen=True, slots=True)
class SqsOutbox:
    """The function's own queue and its dead-letter queue. `client` is a boto3 sqs client."""

    client: Any
    jobs_url: str
    dead_letter_url: str

    def go_on(self, body: str) -> None:
        self.client.send_message(QueueUrl=self.jobs_url, MessageBody=body)

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        send_dead_letter(self.client, self.dead_letter_url, body, reason, event_id)


def _call(operation: Any, name: str, parameters: Mapping[str, Any]) -> Any:
    try:
        return operation(**parameters)
    except ClientError as error:
        if is_transient(error):
            raise Busy(f"{name}: {code_of(error)}") from error
        raise
    except _UNHEARD as error:
        raise Busy(f"{name}: {type(error).__name__}") from error


def _attribute(value: Json) -> dict[str, Any]:
    """As an attribute value; a float as the shortest decimal that is the same float (DynamoDB keeps 38 digits)."""
    if isinstance(value, float):
        return {"N": str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)}
    return to_attribute(value)
