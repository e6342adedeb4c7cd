"""Which attributes and which partition key an expression speaks of, for `dynamodb:Attributes` and `…LeadingKeys`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rehearsal.organisation.core import Params

_NAME = re.compile(r"(?<![:\w.\]])(#?[A-Za-z_][\w-]*)")
_WORDS = frozenset(
    {
        "and", "or", "not", "between", "in", "set", "remove", "add", "delete", "attribute_exists",
        "attribute_not_exists", "attribute_type", "begins_with", "contains", "size", "if_not_exists", "list_append",
    }
)  # fmt: skip
_EXPRESSIONS = (
    "ProjectionExpression", "ConditionExpression", "UpdateExpression", "FilterExpression", "KeyConditionExpression",
)  # fmt: skip
_COMPARED = re.compile(r"(#?[A-Za-z_]\w*)\s*=\s*(:\w+)|(:\w+)\s*=\s*(#?[A-Za-z_]\w*)")


def attributes_in(params: Params) -> list[str]:
    """The top-level attributes that a request's expressions, item and key name, in order, each once."""
    names = params.get("ExpressionAttributeNames") or {}
    found: list[str] = []
    for member in _EXPRESSIONS:
        found += [names.get(name, name) for name in _names(params.get(member) or "")]
    for member in ("Item", "Key"):
        found += list(params.get(member) or {})
    return list(dict.fromkeys(found))


def _names(expression: str) -> Iterable[str]:
    return (name for name in _NAME.findall(expression) if name.lower() not in _WORDS)


def equal_to(params: Params, attribute: str) -> Params | None:
    """The value that a key condition demands of an attribute (`{"S": "x"}`), None where it demands none."""
    names, values = params.get("ExpressionAttributeNames") or {}, params.get("ExpressionAttributeValues") or {}
    for left, right, value_first, name_last in _COMPARED.findall(params.get("KeyConditionExpression") or ""):
        name, placeholder = (left, right) if left else (name_last, value_first)
        if names.get(name, name) == attribute:
            value: Params | None = values.get(placeholder)
            return value
    return None
