"""Items: read and written through moto, after the table's key was used as the caller.

moto's expressions, conditions and cancellation reasons were found right (conditional puts and updates, transactions);
its PartiQL isn't: see the package `partiql`.
"""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, moto_serves

from .needs import on_batch, on_items, on_transaction
from .tables import name_of, require_table, table_arn, use_table_key

_MODEL = "botocore dynamodb service-2: "
_KEY = "; encryption.howitworks (the table's key is used as the caller)"
_LEGACY = (
    "AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter",
    "ScanFilter",
)  # fmt: skip
_MOST_ACTIONS = 100


def _one_table(org: Organisation, call: Call) -> None:
    for member in _LEGACY:
        if call.params.get(member):
            raise NotEmulated(f"dynamodb:{call.operation} with the legacy parameter {member}")
    arn = table_arn(call, call.params["TableName"])
    require_table(org, arn)
    use_table_key(org, arn, call.caller)
    call.params["TableName"] = name_of(arn)


def _batch(org: Organisation, call: Call) -> None:
    renamed = {}
    for name, asked in call.params["RequestItems"].items():
        arn = table_arn(call, name)
        _own(call, arn)
        require_table(org, arn)
        use_table_key(org, arn, call.caller)
        renamed[name_of(arn)] = asked
    call.params["RequestItems"] = renamed


def _transaction(org: Organisation, call: Call) -> None:
    actions = [action for entry in call.params["TransactItems"] for action in entry.values()]
    if len(actions) > _MOST_ACTIONS:
        raise ApiError("ValidationException", f"{len(actions)} actions: a transaction holds at most {_MOST_ACTIONS}.")
    for arn in dict.fromkeys(table_arn(call, action["TableName"]) for action in actions):
        _own(call, arn)
        require_table(org, arn)
        use_table_key(org, arn, call.caller)
    for action in actions:
        action["TableName"] = name_of(action["TableName"])


def _own(call: Call, arn: str) -> None:
    """moto answers for one account at a time."""
    if arn.split(":")[4] != call.owner:
        raise NotEmulated(f"dynamodb:{call.operation} on tables of another account")


moto_serves("dynamodb", "GetItem", source=_MODEL + "GetItem" + _KEY, needs=on_items, before=_one_table)
moto_serves("dynamodb", "PutItem", source=_MODEL + "PutItem" + _KEY, needs=on_items, before=_one_table)
moto_serves("dynamodb", "UpdateItem", source=_MODEL + "UpdateItem" + _KEY, needs=on_items, before=_one_table)
moto_serves("dynamodb", "DeleteItem", source=_MODEL + "DeleteItem" + _KEY, needs=on_items, before=_one_table)
moto_serves("dynamodb", "Query", source=_MODEL + "Query" + _KEY, needs=on_items, before=_one_table)
moto_serves("dynamodb", "Scan", source=_MODEL + "Scan" + _KEY, needs=on_items, before=_one_table)
moto_serves("dynamodb", "BatchGetItem", source=_MODEL + "BatchGetItem" + _KEY, needs=on_batch, before=_batch)
moto_serves("dynamodb", "BatchWriteItem", source=_MODEL + "BatchWriteItem" + _KEY, needs=on_batch, before=_batch)
moto_serves(
    "dynamodb", "TransactGetItems", source=_MODEL + "TransactGetItems; transaction-apis-iam", needs=on_transaction,
    before=_transaction,
)  # fmt: skip
moto_serves(
    "dynamodb", "TransactWriteItems", source=_MODEL + "TransactWriteItems; transaction-apis-iam", fidelity="emulated",
    note="calls are serialised, so TransactionConflict never arises; ClientRequestToken is not remembered",
    needs=on_transaction, before=_transaction,
)  # fmt: skip
