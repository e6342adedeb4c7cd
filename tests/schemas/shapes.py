"""How arguments of pulumi_aws become properties of CloudFormation: renames, nesting, text that is a document.

Strict: an argument that a shape doesn't mention fails, so that nothing is left unchecked in silence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Props = dict[str, Any]
Turn = Callable[[Any], Any]


class Unmapped(Exception):
    """A type or argument that nobody said how to check."""


@dataclass(frozen=True, slots=True)
class To:
    """The property that an argument becomes, and how its value turns into that property's."""

    path: str
    turn: Turn = lambda value: value


@dataclass(frozen=True, slots=True)
class Inside:
    """An object, or each object of a list, whose own arguments have a shape; `path` "" spreads it into its parent."""

    path: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Left:
    """An argument that CloudFormation has no property for, and why."""

    reason: str


Shape = Mapping[str, "str | To | Inside | Left"]


def shaped(what: str, shape: Shape, given: Mapping[str, Any]) -> Props:
    """The properties. Raises Unmapped for an argument that the shape doesn't mention."""
    found: Props = {}
    for name, value in given.items():
        if value is None or name.startswith("__"):
            continue
        if name not in shape:
            raise Unmapped(f"{what}: nothing says how to check {name}: add it to tests/schemas/types.py")
        rule = shape[name]
        if isinstance(rule, str):
            _put(found, rule, value)
        elif isinstance(rule, To):
            _put(found, rule.path, rule.turn(value))
        elif isinstance(rule, Inside):
            _nested(found, f"{what}.{name}", rule, value)
    return found


def _nested(found: Props, what: str, rule: Inside, value: Any) -> None:
    if isinstance(value, list):
        _put(found, rule.path, [shaped(what, rule.shape, item) for item in value])
    elif rule.path:
        _put(found, rule.path, shaped(what, rule.shape, value))
    else:
        for key, inner in shaped(what, rule.shape, value).items():
            merge(found, {key: inner})


def _put(found: Props, path: str, value: Any) -> None:
    """Set a dotted path."""
    *parents, last = path.split(".")
    for parent in parents:
        found = found.setdefault(parent, {})
    found[last] = value


def merge(into: Props, more: Mapping[str, Any]) -> None:
    """Lay properties over others: objects are joined, lists appended."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list):
            into[key] = [*into[key], *value]
        else:
            into[key] = value


def parsed(text: str) -> Any:
    """JSON text as the object that it is."""
    return json.loads(text)


def pairs(tags: Mapping[str, str]) -> list[Props]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def named_values(values: Mapping[str, str]) -> list[Props]:
    return [{"Name": key, "Value": value} for key, value in sorted(values.items())]
