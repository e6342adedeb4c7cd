"""Questions of DynamoDB's transactions."""

from __future__ import annotations

from typing import Any

from console.probe.model import Ground, Probe, Result, differs, held, unclear

EXISTS = frozenset({"DuplicateItem", "ConditionalCheckFailed"})
"""The reasons that capture takes for an item that is there already (lambdas/common/tables.py)."""

ACTIVE_SECONDS = 60.0


def _duplicate(ground: Ground) -> Result:
    from botocore.exceptions import ClientError

    dynamodb, name = ground.hub("dynamodb"), ground.temporary
    with ground.cleanup() as undo:
        dynamodb.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )  # fmt: skip
        undo(f"table {name}", lambda: dynamodb.delete_table(TableName=name))
        if not ground.until(
            lambda: bool(dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"), ACTIVE_SECONDS
        ):
            return unclear("the temporary table didn't become active in time")
        statement: dict[str, Any] = {
            "Statement": f"INSERT INTO \"{name}\" VALUE {{'id': ?}}",
            "Parameters": [{"S": "1"}],
        }
        dynamodb.execute_transaction(TransactStatements=[statement])
        try:
            dynamodb.execute_transaction(TransactStatements=[statement])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reasons = [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
            seen = f"{code}, reasons {reasons}"
            good = code == "TransactionCanceledException" and len(reasons) == 1 and reasons[0] in EXISTS
            return held(seen) if good else differs(seen)
    return differs("the second INSERT replaced the first")


PROBES = (
    Probe(
        name="duplicate-insert",
        title="By which reason does a transaction refuse an INSERT of an item that exists?",
        why="Capture knows a duplicate by it. Another reason would send every doubled event to the dead letters; no"
        " refusal at all would mean that rows can be replaced.",
        calls=("dynamodb:CreateTable", "dynamodb:ExecuteTransaction", "dynamodb:DeleteTable"),
        expected=f"TransactionCanceledException with {' or '.join(sorted(EXISTS))}",
        otherwise="add the reason to _EXISTS in lambdas/common/tables.py; if rows are replaced, the ledger isn't safe",
        run=_duplicate,
        live=True,
    ),
)
