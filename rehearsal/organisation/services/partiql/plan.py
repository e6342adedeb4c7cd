"""What a statement would do to a table: the change to make, or why it can't be made.

Source: developer guide, ql-reference (INSERT of an existing key fails; UPDATE and DELETE need the whole primary key;
an UPDATE of a missing item fails, a DELETE of one does nothing).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from rehearsal.organisation.core import ApiError
from rehearsal.organisation.services.dynamodb.tables import Attributes, key_attributes

from .conditions import meets, ordered
from .statements import Condition, Delete, Exists, Insert, Select, Statement, Update, Value, equalities

DUPLICATE = "DuplicateItem"
FAILED = "ConditionalCheckFailed"
_MOST_BYTES = 400 * 1024
_WORDS = {
    DUPLICATE: "Duplicate primary key exists in table",
    FAILED: "The conditional request failed",
}


class Refused(Exception):
    """A statement that the item's state forbids: `code` as CancellationReasons names it, and the item as it is."""

    def __init__(self, code: str, item: Attributes | None) -> None:
        super().__init__(code)
        self.code = code
        self.message = _WORDS[code]
        self.item = item


@dataclass(frozen=True, slots=True)
class Change:
    """The state of one key before and after; `after` None deletes, `after is before` changes nothing."""

    key: Attributes
    before: Attributes | None
    after: Attributes | None


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def read(table: Any, key: Attributes) -> Attributes | None:
    """The item under a whole key, in DynamoDB's JSON."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    names = key_attributes(table)
    found = table.get_item(*(DynamoType(key[name]) for name in names))
    return None if found is None else _attributes(found)


def _attributes(item: Any) -> Attributes:
    shown: Attributes = item.to_json()["Attributes"]
    return copy.deepcopy(shown)


def key_of(table: Any, statement: Statement) -> Attributes:
    """The whole primary key that a statement names. Raises ValidationException where a part is lacking or mistyped."""
    if isinstance(statement, Insert):
        given = statement.item
    else:
        where = statement.select.where if isinstance(statement, Exists) else statement.where
        given = equalities(where)
    key: Attributes = {}
    for name in key_attributes(table):
        if name not in given:
            raise invalid(
                f"Where clause does not contain a mandatory equality on all key attributes: {name} is missing"
                if not isinstance(statement, Insert)
                else f"One or more parameter values were invalid: Missing the key {name} in the item"
            )
        key[name] = given[name]
    _check_key(table, key)
    return key


def _check_key(table: Any, key: Attributes) -> None:
    types = dict(zip(key_attributes(table), (table.hash_key_type, table.range_key_type), strict=False))
    for name, value in key.items():
        if types[name] not in value:
            raise invalid(
                f"One or more parameter values were invalid: Type mismatch for key {name} expected: {types[name]} "
                f"actual: {next(iter(value))}"
            )
        if value == {"S": ""}:
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty string value. Key: {name}"
            )


def planned(table: Any, statement: Insert | Update | Delete | Exists) -> Change:
    """What the statement would do. Raises Refused where the item's state forbids it."""
    key = key_of(table, statement)
    before = read(table, key)
    if isinstance(statement, Insert):
        if before is not None:
            raise Refused(DUPLICATE, before)
        _check_size(statement.item)
        return Change(key, None, copy.deepcopy(statement.item))
    where = statement.select.where if isinstance(statement, Exists) else statement.where
    if isinstance(statement, Delete) and before is None:
        return Change(key, None, None)
    if before is None or not meets(before, where):
        raise Refused(FAILED, before)
    if isinstance(statement, Exists):
        return Change(key, before, before)
    if isinstance(statement, Delete):
        return Change(key, before, None)
    return Change(key, before, _updated(table, statement, before))


def _updated(table: Any, statement: Update, before: Attributes) -> Attributes:
    touched = (set(statement.assigned) | set(statement.removed)) & set(key_attributes(table))
    if touched:
        raise invalid(
            "One or more parameter values were invalid: Cannot update attribute "
            f"{min(touched)}. This attribute is part of the key"
        )
    after = before | copy.deepcopy(statement.assigned)
    for name in statement.removed:
        after.pop(name, None)
    _check_size(after)
    return after


def _check_size(item: Attributes) -> None:
    size = sum(len(name.encode()) + _size(value) for name, value in item.items())
    if size > _MOST_BYTES:
        raise invalid(f"Item size has exceeded the maximum allowed size: {size} bytes, of {_MOST_BYTES}.")


def _size(value: Value) -> int:
    """The bytes of an attribute value, by the guide's rules (CapacityUnitCalculations), numbers counted as text."""
    kind, content = next(iter(value.items()))
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size(one) for name, one in content.items())
    if kind == "L":
        return 3 + sum(1 + _size(one) for one in content)
    if kind in ("SS", "NS"):
        return 3 + sum(len(str(one).encode()) for one in content)
    return len(str(content).encode())


def make(table: Any, change: Change) -> None:
    """Carry a change out on moto's table."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    if change.after is change.before:
        return
    if change.after is None:
        names = key_attributes(table)
        values = [DynamoType(change.key[name]) for name in names]
        table.delete_item(values[0], values[1] if len(values) > 1 else None)
        return
    table.put_item(change.after, overwrite=True)


def selected(table: Any, statement: Select) -> list[Attributes]:
    """The items that a SELECT shows, by partition key as kept and by sort key, its columns only."""
    found = [item for item in map(_attributes, table.all_items()) if meets(item, statement.where)]
    if table.range_key_attr:
        found.sort(key=lambda item: ordered(item[table.range_key_attr]))
    if not statement.columns:
        return found
    return [{name: item[name] for name in statement.columns if name in item} for item in found]


def scans(table: Any, where: tuple[Condition, ...]) -> bool:
    """Whether a SELECT reads the whole table: nothing fixes its partition key (ql-iam, FullTableScan)."""
    fixed = equalities(where)
    listed = any(getattr(one, "values", None) and one.attribute == table.hash_key_attr for one in where)
    return table.hash_key_attr not in fixed and not listed
