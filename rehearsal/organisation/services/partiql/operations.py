"""ExecuteStatement and ExecuteTransaction.

moto's own parser fails on parameters inside transactions, so statements are read here and carried out on moto's tables.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.services.dynamodb.tables import require_table, table_arn, use_table_key
from rehearsal.organisation.services.idempotency import Answers, answer_once

from .needs import on_statement, on_transaction
from .parser import parse
from .plan import DUPLICATE, Change, Refused, key_of, make, planned, selected
from .statements import Delete, Exists, Select, Statement, Update

_GUIDE = "DynamoDB developer guide: ql-reference"
TOKEN_LASTS = timedelta(minutes=10)
_MOST_BYTES = 4 * 1024 * 1024


@serves(
    "dynamodb", "ExecuteStatement", needs=on_statement, fidelity="emulated",
    source=_GUIDE + "; botocore dynamodb service-2: ExecuteStatement",
    note="conditions joined by AND on top-level attributes; no indexes, no pages: a SELECT shows all it finds",
)  # fmt: skip
def execute_statement(org: Organisation, call: Call) -> Params:
    params = call.params
    for member in ("NextToken", "Limit"):
        if params.get(member):
            raise NotEmulated(f"dynamodb:ExecuteStatement with {member}")
    statement = parse(params["Statement"], params.get("Parameters"))
    if isinstance(statement, Exists):
        raise ApiError("ValidationException", "EXISTS can only be used in a transaction (ExecuteTransaction).")
    table = _table(org, call, statement.table)
    if isinstance(statement, Select):
        return {"Items": selected(table, statement)}
    try:
        change = planned(table, statement)
    except Refused as refusal:
        raise _alone(refusal, params) from None
    make(table, change)
    shown = _returned(statement, change)
    return {"Items": [shown] if shown is not None else []}


def _alone(refusal: Refused, params: Params) -> ApiError:
    """A refusal of a single statement: its own exception, with the item where the request asks for it."""
    code = "DuplicateItemException" if refusal.code == DUPLICATE else "ConditionalCheckFailedException"
    wants_item = params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and code.startswith("Conditional")
    fields = {"Item": refusal.item} if wants_item and refusal.item else {}
    return ApiError(code, refusal.message, 400, **fields)


def _returned(statement: Statement, change: Change) -> Params | None:
    """What RETURNING shows: the whole item or the changed attributes, before or after."""
    if not isinstance(statement, Update | Delete) or not statement.returning:
        return None
    shown = change.before if " OLD " in statement.returning else change.after
    if shown is None:
        return None
    if statement.returning.startswith("MODIFIED") and isinstance(statement, Update):
        changed = {*statement.assigned, *statement.removed}
        return {name: value for name, value in shown.items() if name in changed}
    return shown


def _table(org: Organisation, call: Call, name: str) -> Any:
    arn = table_arn(call, name)
    table = require_table(org, arn)
    use_table_key(org, arn, call.caller)
    return table


@serves(
    "dynamodb", "ExecuteTransaction", needs=on_transaction, fidelity="emulated",
    source=_GUIDE + ".multiplestatements.transactions; transaction-apis; botocore dynamodb service-2: "
    "ExecuteTransaction (CancellationReasons, ClientRequestToken for 10 minutes)",
    note="calls are serialised, so TransactionConflict never arises; that a duplicate INSERT is reported as "
    "DuplicateItem among the reasons follows the botocore model's error codes and was not checked with AWS",
)  # fmt: skip
def execute_transaction(org: Organisation, call: Call) -> Params:
    token = call.params.get("ClientRequestToken")
    if not token:
        return _execute(org, call)
    answered: Answers = org.state("partiql", call.owner, call.region)
    return answer_once(
        answered, token, call.params["TransactStatements"], lambda: _execute(org, call), now=org.clock.now(),
        lasts=TOKEN_LASTS,
        mismatch=ApiError(
            "IdempotentParameterMismatchException",
            f"ClientRequestToken {token} was used within the last 10 minutes with other statements.",
        ),
    )  # fmt: skip


def _execute(org: Organisation, call: Call) -> Params:
    asked = call.params["TransactStatements"]
    statements = [parse(one["Statement"], one.get("Parameters")) for one in asked]
    reads = [isinstance(one, Select) for one in statements]
    if any(reads) and not all(reads):
        raise ApiError(
            "ValidationException",
            "ExecuteTransaction API does not support both read and write operations in the same request.",
        )
    names = [one.select.table if isinstance(one, Exists) else one.table for one in statements]
    tables = {name: _table(org, call, name) for name in dict.fromkeys(names)}
    if all(reads):
        return {"Responses": [_one_item(tables[one.table], one) for one in statements if isinstance(one, Select)]}
    changes = _planned(asked, statements, names, tables)
    for name, change in changes:
        make(tables[name], change)
    return {"Responses": [{} for _ in statements]}


def _one_item(table: Any, statement: Select) -> Params:
    """Each SELECT of a transaction reads one item by its whole key."""
    key_of(table, statement)
    found = selected(table, statement)
    return {"Item": found[0]} if found else {}


def _planned(
    asked: list[Params], statements: list[Statement], names: list[str], tables: dict[str, Any]
) -> list[tuple[str, Change]]:
    """All changes, or TransactionCanceledException with a reason per statement, in order; nothing is done yet."""
    changes: list[tuple[str, Change]] = []
    reasons: list[Params] = []
    _check_targets(statements, names, tables)
    for one, statement, name in zip(asked, statements, names, strict=True):
        assert not isinstance(statement, Select)  # noqa: S101 - a transaction that reads was answered before
        try:
            change = planned(tables[name], statement)
        except Refused as refusal:
            reason: Params = {"Code": refusal.code, "Message": refusal.message}
            if one.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and refusal.item:
                reason["Item"] = refusal.item
            reasons.append(reason)
            continue
        changes.append((name, change))
        reasons.append({"Code": "None"})
    _check_size(changes)
    if len(changes) != len(statements):
        codes = ", ".join(reason["Code"] for reason in reasons)
        raise ApiError(
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            400,
            CancellationReasons=reasons,
        )
    return changes


def _check_targets(statements: list[Statement], names: list[str], tables: dict[str, Any]) -> None:
    """No two statements of a transaction may concern one item."""
    targets = [
        f"{name}/{json.dumps(key_of(tables[name], statement), sort_keys=True)}"
        for statement, name in zip(statements, names, strict=True)
    ]
    if len(set(targets)) != len(targets):
        raise ApiError("ValidationException", "Transaction request cannot include multiple operations on one item")


def _check_size(changes: list[tuple[str, Change]]) -> None:
    size = sum(len(json.dumps(change.after, ensure_ascii=False).encode()) for _, change in changes if change.after)
    if size > _MOST_BYTES:
        raise ApiError("ValidationException", f"The transaction's items hold {size} bytes, of {_MOST_BYTES} allowed.")
