"""What a PartiQL statement says, once parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Value = dict[str, Any]
"""An attribute value in DynamoDB's JSON: `{"S": "text"}`, `{"N": "1"}`, `{"M": {…}}`, …"""

Operator = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Comparison:
    attribute: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Between:
    attribute: str
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class In:
    attribute: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """`attribute IS MISSING`, or `IS NOT MISSING`."""

    attribute: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Function:
    """`begins_with(attribute, value)` or `contains(attribute, value)`."""

    name: Literal["begins_with", "contains"]
    attribute: str
    value: Value


Condition = Comparison | Between | In | Missing | Function


@dataclass(frozen=True, slots=True)
class Insert:
    table: str
    item: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Update:
    """`assigned` attributes get values, `removed` ones go. `where` is a conjunction."""

    table: str
    assigned: dict[str, Value]
    removed: tuple[str, ...]
    where: tuple[Condition, ...]
    returning: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    table: str
    where: tuple[Condition, ...]
    returning: str | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """`columns` is empty for `*`."""

    table: str
    columns: tuple[str, ...]
    where: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """`EXISTS(SELECT …)`: the condition check of a transaction."""

    select: Select


Statement = Insert | Update | Delete | Select | Exists


def equalities(where: tuple[Condition, ...]) -> dict[str, Value]:
    """The attributes that the conditions fix to one value."""
    return {one.attribute: one.value for one in where if isinstance(one, Comparison) and one.operator == "="}
