"""The inventory's ports on DynamoDB and SQS, by boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from governance.canonical import Json, iso
from governance.inventory_rows import Columns, account_key
from governance.ledger import Row
from lambdas.common.attributes import from_item, insert_statement, to_attribute
from lambdas.common.aws import busy_if_transient, code_of
from lambdas.common.queues import send_dead_letter

_READ = (
    "endpointarn", "endpointname", "account", "verdict", "status", "deletedat", "lastseen", "walkedat",
    "lastmodifiedtime", "walkstarted",
)  # fmt: skip

_TAKEN = frozenset({"DuplicateItemException", "ConditionalCheckFailedException"})
"""What ExecuteStatement says of an INSERT whose key is there (boto:dynamodb DuplicateItemException)."""

_OLDER_STATE = "attribute_not_exists(#eventorder) OR #eventorder < :eventorder"
_OLDER_WALK = "attribute_not_exists(#walkedat) OR #walkedat < :walkedat"
_ALIVE = "(attribute_not_exists(#deletedat) OR attribute_type(#deletedat, :null))"


def _read(call: Any, **parameters: Any) -> Mapping[str, Any]:
    with busy_if_transient():
        answer: Mapping[str, Any] = call(**parameters)
    return answer


def _scan(client: Any, table: str, columns: Sequence[str], *, consistent: bool) -> Iterator[Mapping[str, Json]]:
    """All rows of a table, these columns of them.

    DynamoDB bills the whole rows; there is no index by account, since a table of all endpoints is read for far less
    than a single endpoint costs.
    """
    parameters: dict[str, Any] = {
        "TableName": table,
        "ProjectionExpression": ", ".join(f"#{name}" for name in columns),
        "ExpressionAttributeNames": {f"#{name}": name for name in columns},
        "ConsistentRead": consistent,
    }
    while True:
        answer = _read(client.scan, **parameters)
        yield from (from_item(item) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@dataclass(frozen=True, slots=True)
class DynamoStates:
    """The state table. `client` is a boto3 dynamodb client."""

    client: Any
    table: str

    def read(self, arn: str) -> Mapping[str, Json] | None:
        key = {"modelpackagearn": {"S": arn}}
        item = _read(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return from_item(item) if item else None

    def all(self) -> Iterator[Mapping[str, Json]]:
        return _scan(self.client, self.table, ("modelpackagearn", "artifacturl", "stages"), consistent=False)


@dataclass(frozen=True, slots=True)
class DynamoTable:
    """The endpoints' table. `client` is a boto3 dynamodb client."""

    client: Any
    table: str

    def record(self, arn: str, state: Columns, verdict: Columns) -> None:
        self._update(arn, state, _OLDER_STATE)
        self._update(arn, verdict, _OLDER_WALK)

    def doubt(self, arn: str, columns: Columns) -> bool:
        return self._update(arn, columns, f"({_OLDER_WALK}) AND {_ALIVE}", first_seen="walkedat")

    def bury(self, arn: str, columns: Columns, gone: datetime) -> bool:
        return self._update(
            arn,
            columns,
            f"attribute_exists(#endpointarn) AND {_ALIVE} AND (attribute_not_exists(#lastseen) OR #lastseen < :gone)",
            further={":gone": to_attribute(iso(gone))},
            first_seen=None,
        )

    def account(self, account: str, columns: Columns) -> bool:
        older = f"({_OLDER_WALK}) AND (attribute_not_exists(#walkstarted) OR #walkstarted <= :walkstarted)"
        return self._update(account_key(account), columns, older)

    def row(self, arn: str) -> Mapping[str, Json] | None:
        key = {"endpointarn": {"S": arn}}
        item = _read(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return from_item(item) if item else None

    def rows(self) -> Iterator[Mapping[str, Json]]:
        return _scan(self.client, self.table, _READ, consistent=True)

    def _update(
        self,
        arn: str,
        columns: Columns,
        condition: str,
        *,
        further: Mapping[str, Any] | None = None,
        first_seen: str | None = "lastseen",
    ) -> bool:
        """Write columns if the condition holds; whether it did. `first_seen`: the column that gives a new row's."""
        sets = [f"#{name} = :{name}" for name in columns]
        names = set(columns)
        if first_seen in columns:
            sets.append(f"#firstseen = if_not_exists(#firstseen, :{first_seen})")
            names.add("firstseen")
        values = {f":{name}": to_attribute(value) for name, value in columns.items()} | dict(further or {})
        for name in ("endpointarn", "deletedat", "lastseen"):
            if f"#{name}" in condition:
                names.add(name)
        if ":null" in condition:
            values[":null"] = {"S": "NULL"}
        try:
            with busy_if_transient():
                self.client.update_item(
                    TableName=self.table,
                    Key={"endpointarn": {"S": arn}},
                    UpdateExpression=f"SET {', '.join(sets)}",
                    ConditionExpression=condition,
                    ExpressionAttributeNames={f"#{name}": name for name in sorted(names)},
                    ExpressionAttributeValues=values,
                )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


@dataclass(frozen=True, slots=True)
class DynamoHistory:
    """The endpoints' history. `client` is a boto3 dynamodb client.

    By PartiQL INSERT, as the ledger: the one right to write that can't replace a row.
    """

    client: Any
    table: str

    def last(self, arn: str) -> Row | None:
        items = _read(
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="endpointarn = :arn",
            ExpressionAttributeValues={":arn": {"S": arn}},
            ScanIndexForward=False,
            Limit=1,
            ConsistentRead=True,
        )["Items"]
        return from_item(items[0]) if items else None

    def append(self, row: Row) -> bool:
        try:
            with busy_if_transient():
                self.client.execute_statement(**insert_statement(self.table, row))
        except ClientError as error:
            if code_of(error) in _TAKEN:
                return False
            raise
        return True


@dataclass(frozen=True, slots=True)
class SqsJobs:
    """The function's own queue and dead-letter queue. `client` is a boto3 sqs client."""

    client: Any
    jobs_url: str
    dead_letter_url: str

    def send(self, body: str) -> None:
        self.client.send_message(QueueUrl=self.jobs_url, MessageBody=body)

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        send_dead_letter(self.client, self.dead_letter_url, body, reason, event_id)
