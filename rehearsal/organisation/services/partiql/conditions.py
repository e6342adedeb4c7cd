"""Whether an item meets a statement's conditions, and how values compare.

Source: DynamoDB developer guide: numbers compare by value, strings by their UTF-8 bytes, values of different types are
never equal and never ordered; a condition on a missing attribute fails (but `<>`, which holds).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from .statements import Between, Comparison, Condition, Function, In, Missing, Value


def meets(item: dict[str, Value], conditions: Iterable[Condition]) -> bool:
    return all(_meets(item, one) for one in conditions)


def _meets(item: dict[str, Value], one: Condition) -> bool:
    value = item.get(one.attribute)
    if isinstance(one, Missing):
        return (value is None) != one.negated
    if isinstance(one, Comparison) and one.operator == "<>":
        return value is None or not same(value, one.value)
    if value is None:
        return False
    if isinstance(one, Comparison):
        return _compares(value, one.operator, one.value)
    if isinstance(one, Between):
        return _compares(value, ">=", one.low) and _compares(value, "<=", one.high)
    if isinstance(one, In):
        return any(same(value, candidate) for candidate in one.values)
    return _function(value, one)


def _compares(left: Value, operator: str, right: Value) -> bool:
    if operator == "=":
        return same(left, right)
    if set(left) != set(right) or next(iter(left)) not in ("N", "S"):
        return False
    first, second = ordered(left), ordered(right)
    return bool({"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}[operator])


def same(left: Value, right: Value) -> bool:
    """Whether two attribute values are equal: numbers by value, sets in any order, nested ones member by member."""
    if set(left) != set(right):
        return False
    kind = next(iter(left))
    one, other = left[kind], right[kind]
    if kind == "N":
        return Decimal(one) == Decimal(other)
    if kind == "NS":
        return {Decimal(number) for number in one} == {Decimal(number) for number in other}
    if kind == "SS":
        return set(one) == set(other)
    if kind == "M":
        return set(one) == set(other) and all(same(one[name], other[name]) for name in one)
    if kind == "L":
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def ordered(value: Value) -> Any:
    """What orders a number or a string."""
    return Decimal(value["N"]) if "N" in value else value["S"].encode()


def _function(value: Value, one: Function) -> bool:
    kind = next(iter(value))
    if one.name == "begins_with":
        return kind == "S" and "S" in one.value and value["S"].startswith(one.value["S"])
    if kind == "S":
        return "S" in one.value and one.value["S"] in value["S"]
    if kind in ("SS", "NS"):
        return any(same({kind[0]: member}, one.value) for member in value[kind])
    return kind == "L" and any(same(member, one.value) for member in value["L"])
