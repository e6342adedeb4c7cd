"""Ledger, dedup and state table on DynamoDB.

Rights: only PartiQL INSERT on ledger and dedup table, since PutItem replaces an existing item and INSERT of
one fails (amazondynamodb/latest/developerguide/ql-reference.insert, ql-iam). Statement forms as in
ql-reference.insert, .update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from governance.canonical import Json
from governance.ledger import EMPTY, Head, Row
from governance.state import State
from lambdas.common.attributes import from_item, insert_statement, to_attribute
from lambdas.common.aws import busy_if_transient, code_of, is_transient
from lambdas.common.recorder import Appended, Tip

_EXISTS = frozenset({"DuplicateItem", "ConditionalCheckFailed"})
_AGAIN = frozenset(
    {
        "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded",
        "InternalServerError",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DynamoTables:
    """Ledger, dedup and state table. `client` is a boto3 dynamodb client."""

    client: Any
    ledger: str
    dedup: str
    state: str

    def tip(self, arn: str) -> Tip:
        key = {"modelpackagearn": {"S": arn}}
        with busy_if_transient():
            item = self.client.get_item(TableName=self.state, Key=key, ConsistentRead=True).get("Item")
            rows = self.client.query(
                TableName=self.ledger,
                KeyConditionExpression="modelpackagearn = :arn",
                ExpressionAttributeValues={":arn": {"S": arn}},
                ScanIndexForward=False,
                Limit=1,
                ConsistentRead=True,
            )["Items"]
        last = from_item(rows[0]) if rows else None
        return Tip(from_item(item) if item else None, Head(last["seq"], last["hash"]) if last else EMPTY)

    def rows(self, arn: str) -> Sequence[Mapping[str, Json]]:
        found: list[Mapping[str, Json]] = []
        start: dict[str, Any] = {}
        while True:
            with busy_if_transient():
                page = self.client.query(
                    TableName=self.ledger,
                    KeyConditionExpression="modelpackagearn = :arn",
                    ExpressionAttributeValues={":arn": {"S": arn}},
                    ConsistentRead=True,
                    **start,
                )
            found += [from_item(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def append(self, row: Row, state: State, before: Head) -> Appended:
        marker = {name: row[name] for name in ("contentid", "modelpackagearn", "seq", "seenat")}
        move = (
            insert_statement(self.state, state)
            if before == EMPTY
            else _update(self.state, state, key="modelpackagearn", expected=("ledgerseq", before.seq))
        )
        # The order of the statements is the order of the cancellation reasons.
        statements = [insert_statement(self.ledger, row), insert_statement(self.dedup, marker), move]
        try:
            self.client.execute_transaction(TransactStatements=statements)
        except ClientError as error:
            return _verdict(error)
        return Appended.COMMITTED


def _verdict(error: ClientError) -> Appended:
    """What a failed transaction means; an error that neither a new head nor time can mend is raised again."""
    if code_of(error) != "TransactionCanceledException":
        if is_transient(error):
            return Appended.BUSY
        raise error
    codes = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
    ledger, dedup, state = codes if len(codes) == 3 else ("None",) * 3
    if dedup in _EXISTS:
        return Appended.DUPLICATE
    if ledger in _EXISTS or state in _EXISTS:
        return Appended.HEAD_MOVED
    if _AGAIN.intersection(codes):
        return Appended.BUSY
    raise error


def _update(table: str, item: Mapping[str, Json], *, key: str, expected: tuple[str, int]) -> dict[str, Any]:
    """UPDATE of one item, only if `expected` still holds. Names are our own, values are parameters.

    One SET per column, as ql-reference.update writes it; unknown values become NULL, so that none needs REMOVE.
    """
    moved = {name: value for name, value in item.items() if name != key}
    sets = " ".join(f'SET "{name}" = ?' for name in moved)
    column, before = expected
    return {
        "Statement": f'UPDATE "{table}" {sets} WHERE "{key}" = ? AND "{column}" = ?',
        "Parameters": [to_attribute(value) for value in (*moved.values(), item[key], before)],
    }
