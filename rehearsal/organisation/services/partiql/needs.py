"""What PartiQL statements need: one of dynamodb:PartiQLInsert, …Update, …Delete, …Select per statement.

Sources: developer guide, ql-iam (actions, FullTableScan); transaction-apis-iam and ql-reference.multiplestatements
(EnclosingOperation ExecuteTransaction); Service Authorization Reference for the keys of each action.
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation
from rehearsal.organisation.services.dynamodb.needs import ATTRIBUTES, ENCLOSING, FULL_SCAN, LEADING_KEYS, Context
from rehearsal.organisation.services.dynamodb.tables import find_table, table_arn

from .parser import parse
from .plan import scans
from .statements import Delete, Exists, Insert, Select, Statement, Update, equalities

_ACTIONS = {
    Insert: "PartiQLInsert",
    Update: "PartiQLUpdate",
    Delete: "PartiQLDelete",
    Select: "PartiQLSelect",
    Exists: "PartiQLSelect",
}


def on_statement(org: Organisation, call: Call) -> Iterator[Need]:
    yield statement_need(org, call, parse(call.params["Statement"], call.params.get("Parameters")), None)


def on_transaction(org: Organisation, call: Call) -> Iterator[Need]:
    for one in call.params["TransactStatements"]:
        yield statement_need(org, call, parse(one["Statement"], one.get("Parameters")), "ExecuteTransaction")


def statement_need(org: Organisation, call: Call, statement: Statement, enclosing: str | None) -> Need:
    context: Context = {ENCLOSING: enclosing} if enclosing else {}
    inner = statement.select if isinstance(statement, Exists) else statement
    arn = table_arn(call, inner.table)
    table = find_table(org, arn)
    if table is not None:
        given = inner.item if isinstance(inner, Insert) else equalities(inner.where)
        leading = given.get(table.hash_key_attr)
        if leading:
            context[LEADING_KEYS] = [str(next(iter(leading.values())))]
        if isinstance(inner, Select):
            context[FULL_SCAN] = str(scans(table, inner.where)).lower()
    context[ATTRIBUTES] = _attributes(inner)
    if not context[ATTRIBUTES]:
        del context[ATTRIBUTES]
    if isinstance(inner, Update | Delete) and inner.returning:
        context["dynamodb:ReturnValues"] = inner.returning.removesuffix(" *").replace(" ", "_")
    return Need(f"dynamodb:{_ACTIONS[type(statement)]}", arn, call.owner, context)


def _attributes(statement: Insert | Update | Delete | Select) -> list[str]:
    """The attributes that a statement names, each once."""
    names: list[str] = []
    if isinstance(statement, Insert):
        return list(statement.item)
    if isinstance(statement, Update):
        names += [*statement.assigned, *statement.removed]
    if isinstance(statement, Select):
        names += statement.columns
    return list(dict.fromkeys([*names, *(one.attribute for one in statement.where)]))
