"""EventBridge's event patterns: what is a valid one, and does it match an event.

Sources: eb/eb-event-patterns, eb/eb-create-pattern-operators (content filters), and the open-source Event Ruler, whose
array consistency is followed: the conditions below an array of objects must hold for one and the same element.
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

LONGEST_PATTERN = 4096
"""Characters of a pattern. Source: botocore's events model, shape EventPattern; eb/eb-quota."""

NUMERIC_LIMIT = 5e9
"""Numbers are compared between -5e9 and 5e9 (eb/eb-create-pattern-operators, numeric matching)."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
TEXT_FILTERS = ("prefix", "suffix", "equals-ignore-case", "wildcard")


class InvalidPattern(Exception):
    """The pattern is none: the message says why, in the way of `Event pattern is not valid. Reason: …`."""


def load_pattern(text: str) -> dict[str, Any]:
    """Parse and check a pattern.

    Raises InvalidPattern.
    """
    if len(text) > LONGEST_PATTERN:
        raise InvalidPattern(f"the pattern has {len(text)} characters, at most {LONGEST_PATTERN} are allowed")
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise InvalidPattern(f"not JSON: {error}") from error
    if not isinstance(pattern, dict):
        raise InvalidPattern("Filter is not an object")
    _check_object(pattern, "")
    return pattern


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event (as parsed JSON) matches a checked pattern."""
    for key, wanted in pattern.items():
        if _is_or(key, wanted):
            if not any(matches(alternative, event) for alternative in wanted):
                return False
        elif isinstance(wanted, dict):
            if not any(matches(wanted, child) for child in _children(event.get(key))):
                return False
        elif not _leaf_matches(wanted, list(_leaves(event, key))):
            return False
    return True


def _is_or(key: str, wanted: object) -> bool:
    """`$or` is an operator only with a list of two or more objects; else it is a field of that name (eb docs)."""
    return key == "$or" and isinstance(wanted, list) and all(isinstance(one, dict) for one in wanted)


def _children(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects below a field: itself, each element of an array; an empty one where there is none.

    The empty one lets `exists: false` hold below a field that is absent.
    """
    objects = [one for one in _flat(value) if isinstance(one, Mapping)]
    yield from objects or [{}]


def _leaves(event: Mapping[str, Any], key: str) -> Iterator[object]:
    if key in event:
        yield from (one for one in _flat(event[key]) if not isinstance(one, Mapping))


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for one in value:
            yield from _flat(one)
    else:
        yield value


def _leaf_matches(conditions: Sequence[Any], values: Sequence[object]) -> bool:
    return any(
        not values if condition == {"exists": False} else any(_matches(condition, value) for value in values)
        for condition in conditions
    )


def _matches(condition: Any, value: object) -> bool:
    if not isinstance(condition, dict):
        return _same(condition, value)
    ((kind, operand),) = condition.items()
    if kind == "exists":
        return bool(operand)
    if kind == "anything-but":
        return not _excluded(operand, value)
    if kind == "numeric":
        return _is_number(value) and _numeric(operand, float(value))  # type: ignore[arg-type]  # _is_number says so
    return isinstance(value, str) and _text(kind, operand, value)


def _excluded(operand: Any, value: object) -> bool:
    if isinstance(operand, dict):
        ((kind, texts),) = operand.items()
        return isinstance(value, str) and any(_text(kind, text, value) for text in _listed(texts))
    return any(_same(one, value) for one in _listed(operand))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _same(wanted: object, value: object) -> bool:
    """Equal and of one JSON type: `true` isn't 1, and 300 isn't 300.0 (numbers are compared as they are written)."""
    return type(wanted) is type(value) and wanted == value


def _text(kind: str, operand: Any, value: str) -> bool:
    if isinstance(operand, dict):
        operand, value = operand["equals-ignore-case"].lower(), value.lower()
    if kind == "prefix":
        return value.startswith(operand)
    if kind == "suffix":
        return value.endswith(operand)
    if kind == "equals-ignore-case":
        return value.lower() == str(operand).lower()
    if kind == "wildcard":
        return _wildcard(operand).fullmatch(value) is not None
    return _in_network(operand, value)


def _wildcard(text: str) -> re.Pattern[str]:
    """`*` stands for any characters; a backslash escapes `*` and itself."""
    parts = re.findall(r"\\[*\\]|.", text, re.DOTALL)
    return re.compile("".join(".*" if one == "*" else re.escape(one[-1]) for one in parts), re.DOTALL)


def _in_network(network: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeric(comparisons: Sequence[Any], value: float) -> bool:
    pairs = zip(comparisons[::2], comparisons[1::2], strict=True)
    return all(COMPARISONS[sign](value, bound) for sign, bound in pairs)


def _check_object(pattern: Mapping[str, Any], path: str) -> None:
    if not pattern:
        raise InvalidPattern(f"Empty objects are not allowed{_at(path)}")
    for key, wanted in pattern.items():
        here = f"{path}.{key}" if path else key
        if _is_or(key, wanted):
            if len(wanted) < 2:
                raise InvalidPattern(f"$or needs two or more alternatives{_at(here)}")
            for alternative in wanted:
                _check_object(alternative, here)
        elif isinstance(wanted, dict):
            _check_object(wanted, here)
        elif isinstance(wanted, list):
            if not wanted:
                raise InvalidPattern(f"Empty arrays are not allowed{_at(here)}")
            for condition in wanted:
                _check_condition(condition, here)
        else:
            raise InvalidPattern(f'"{key}" must be an object or an array{_at(here)}')


def _check_condition(condition: Any, path: str) -> None:
    if isinstance(condition, list):
        raise InvalidPattern(f"Match value must be String, number, true, false, or null{_at(path)}")
    if not isinstance(condition, dict):
        return
    if len(condition) != 1:
        raise InvalidPattern(f"Only one key allowed in match expression{_at(path)}")
    ((kind, operand),) = condition.items()
    check = _CHECKS.get(kind)
    if check is None:
        raise InvalidPattern(f"Unrecognized match type {kind}{_at(path)}")
    if not check(operand):
        raise InvalidPattern(f"{json.dumps(operand)} is no operand of {kind}{_at(path)}")


def _at(path: str) -> str:
    return f" at {path}" if path else ""


def _is_filter_text(operand: object) -> bool:
    if isinstance(operand, dict):
        return set(operand) == {"equals-ignore-case"} and isinstance(operand["equals-ignore-case"], str)
    return isinstance(operand, str)


def _is_wildcard(operand: object) -> bool:
    return isinstance(operand, str) and "**" not in operand


def _is_anything_but(operand: object) -> bool:
    if isinstance(operand, dict):
        if len(operand) != 1:
            return False
        ((kind, texts),) = operand.items()
        return kind in TEXT_FILTERS and bool(texts) and all(isinstance(one, str) for one in _listed(texts))
    values = _listed(operand)
    kinds = {"text" if isinstance(one, str) else "number" if _is_number(one) else "other" for one in values}
    return kinds in ({"text"}, {"number"})


def _is_numeric(operand: object) -> bool:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    signs, bounds = operand[::2], operand[1::2]
    if not all(_is_number(bound) and abs(bound) <= NUMERIC_LIMIT for bound in bounds):
        return False
    if len(signs) == 2:
        return signs[0] in (">", ">=") and signs[1] in ("<", "<=") and bounds[0] < bounds[1]
    return signs[0] in COMPARISONS


def _is_network(operand: object) -> bool:
    try:
        ipaddress.ip_network(operand if isinstance(operand, str) else "", strict=False)
    except ValueError:
        return False
    return True


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "prefix": _is_filter_text,
    "suffix": _is_filter_text,
    "equals-ignore-case": lambda operand: isinstance(operand, str),
    "wildcard": _is_wildcard,
    "anything-but": _is_anything_but,
    "numeric": _is_numeric,
    "exists": lambda operand: isinstance(operand, bool),
    "cidr": _is_network,
}
