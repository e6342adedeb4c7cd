"""DynamoDB's typed attributes to and from plain values, and the statement that inserts a row of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.canonical import Json


def to_attribute(value: Json) -> dict[str, Any]:
    """Text, whole number, boolean or None as an attribute value. Raises TypeError for anything else."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    raise TypeError(f"{value!r}: rows hold text, whole numbers, booleans and None only")


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Json]:
    """A row from an item. Raises TypeError for a type that no row of ours has."""
    return {name: _value(name, attribute) for name, attribute in item.items()}


def _value(name: str, attribute: Mapping[str, Any]) -> Json:
    [(kind, value)] = attribute.items()
    if kind == "NULL":
        return None
    if kind == "N":
        return int(value)
    if kind in ("S", "BOOL"):
        return value
    raise TypeError(f"{name} has DynamoDB type {kind}: rows hold text, whole numbers, booleans and null only")


def insert_statement(table: str, item: Mapping[str, Json]) -> dict[str, Any]:
    """A statement that writes an item where none of its key is, and fails where one is (ql-reference.insert)."""
    members = ", ".join(f"'{name}': ?" for name in item)
    return {
        "Statement": f'INSERT INTO "{table}" VALUE {{{members}}}',
        "Parameters": [to_attribute(value) for value in item.values()],
    }
