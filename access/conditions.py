"""Condition operators: every type, the set forms, IfExists and Null.

Sources (docs.aws.amazon.com/IAM/latest/UserGuide/): reference_policies_elements_condition_operators.html,
reference_policies_condition-single-vs-multi-valued-context-keys.html (ForAllValues, ForAnyValue),
reference_policies_condition-logic-multiple-context-keys-or-values.html (AND over operators and keys, OR over values,
NOR for negated operators).

An absent key: a positive operator doesn't match, a negated one does, `…IfExists` does, `ForAllValues` does,
`ForAnyValue` doesn't (not even a negated one: "if the key does not exist, the condition returns false"). A key with
an empty list is absent.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from access.errors import MalformedPolicy, shown
from access.patterns import Context, Template, Value, arn_matches, compiled

Test = Callable[[Context], bool]
Hit = Callable[[str, Context], bool]
"""Whether one value of the request matches at least one value of the policy, by the un-negated operator."""

_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_W3C = re.compile(r"(\d{4})(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.IGNORECASE)


def number(text: str) -> float | None:
    """A finite integer or decimal, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@lru_cache(maxsize=4096)
def instant(text: str) -> float | None:
    """Epoch seconds of a date in a W3C form of ISO 8601 (`2020`, `2020-01-01`, `2020-01-01T00:00:01Z`) or in epoch
    time; None for anything else. Four digits are a year; without an offset UTC is meant.
    """
    match = _W3C.fullmatch(text)
    if match is None:
        return number(text)
    year, month, day = match.group(1), match.group(2), match.group(3)
    if month is None:
        text = f"{year}-01-01"
    elif day is None:
        text = f"{text}-01"
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def network(text: str) -> Network | None:
    """A CIDR range or a single address (/32, or /128 for IPv6); host bits may be set. None if it is neither."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _binary(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _texts(name: str, values: tuple[str, ...], variables: bool, where: str) -> Hit:
    """StringEquals, StringEqualsIgnoreCase, StringLike, ArnEquals, ArnLike and Bool."""
    wildcards = name in ("StringLike", "ArnEquals", "ArnLike")
    templates = [Template(value, variables=variables, wildcards=wildcards, where=where) for value in values]
    matches = _COMPARE_TEXT[name]
    fold = name in _FOLDED
    if not wildcards and all(template.static is not None for template in templates):
        fixed = frozenset(_folded(template.static or "", fold) for template in templates)
        return lambda value, _: _folded(value, fold) in fixed

    def hit(value: str, context: Context) -> bool:
        return any(
            expected is not None and matches(expected, value)
            for expected in (template.expand(context) for template in templates)
        )

    return hit


def _folded(text: str, fold: bool) -> str:
    return text.lower() if fold else text


_FOLDED = frozenset({"StringEqualsIgnoreCase", "Bool"})
_COMPARE_TEXT: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda expected, value: expected.lower() == value.lower(),
    "StringLike": lambda expected, value: compiled(expected).matches(value),
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda expected, value: expected.lower() == value.lower(),
}


def _measures(name: str, values: tuple[str, ...], read: Callable[[str], float | None], form: str, where: str) -> Hit:
    """Numeric… and Date…: both sides are read as numbers; what the request holds may be unreadable, then no match."""
    compare = _COMPARISONS[name.removeprefix("Numeric").removeprefix("Date")]
    limits = [_read(value, read, form, where) for value in values]

    def hit(value: str, _: Context) -> bool:
        actual = read(value)
        return actual is not None and any(compare(actual, limit) for limit in limits)

    return hit


T = TypeVar("T")


def _read(value: str, read: Callable[[str], T | None], form: str, where: str) -> T:
    result = read(value)
    if result is None:
        raise _unreadable(value, form, where)
    return result


def _unreadable(value: str, form: str, where: str) -> MalformedPolicy:
    return MalformedPolicy(where, f"{shown(value)} is not {form}; the condition could never match")


def _addresses(values: tuple[str, ...], where: str) -> Hit:
    ranges: list[Network] = []
    for value in values:
        found = network(value)
        if found is None:
            raise _unreadable(value, "an IP address or CIDR range", where)
        ranges.append(found)

    def hit(value: str, _: Context) -> bool:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return False
        return any(address in one for one in ranges)

    return hit


def _binaries(values: tuple[str, ...], where: str) -> Hit:
    fixed = frozenset(_read(value, _binary, "base64", where) for value in values)
    return lambda value, _: (content := _binary(value)) is not None and content in fixed


def _hit(name: str, values: tuple[str, ...], variables: bool, where: str) -> Hit | None:
    """The un-negated operator `name` over the policy's values; None if there is no such operator."""
    if name in _COMPARE_TEXT:
        if name == "Bool":
            for value in values:
                if value.lower() not in ("true", "false") and not (variables and "${" in value):
                    raise MalformedPolicy(where, f"{shown(value)} is not true or false")
        return _texts(name, values, variables, where)
    kind, comparison = name[:7], name[7:]
    if kind == "Numeric" and comparison in _COMPARISONS:
        return _measures(name, values, number, "a number", where)
    if name[:4] == "Date" and name[4:] in _COMPARISONS:
        return _measures(name, values, instant, "an ISO 8601 date or epoch time", where)
    if name == "IpAddress":
        return _addresses(values, where)
    if name == "BinaryEquals":
        return _binaries(values, where)
    return None


OPERATORS = tuple(
    sorted(
        [*_COMPARE_TEXT, *_NEGATED, "IpAddress", "BinaryEquals", "Null"]
        + [kind + comparison for kind in ("Numeric", "Date") for comparison in _COMPARISONS]
    )
)
"""Every operator without qualifier and suffix."""

_SETS = ("ForAllValues", "ForAnyValue")


def condition_test(spelling: str, key: str, values: tuple[str, ...], *, variables: bool, where: str) -> Test:
    """Compile one key of one operator (`ForAllValues:StringLikeIfExists`, `aws:TagKeys`) into a test of a context.

    Raises MalformedPolicy for an unknown operator, or a value that the operator can't read.
    """
    qualifier, colon, rest = spelling.rpartition(":")
    name = rest.removesuffix("IfExists")
    if_exists = name != rest
    if (colon and qualifier not in _SETS) or name not in OPERATORS:
        raise MalformedPolicy(
            where,
            f"{shown(spelling)} is no condition operator; known are {', '.join(OPERATORS)}, each but Null with "
            "IfExists behind it, and ForAllValues: or ForAnyValue: before it",
        )
    key = key.lower()
    if name == "Null":
        return _null_test(spelling, key, values, where)
    hit = _hit(_NEGATED.get(name, name), values, variables, where)
    if hit is None:
        raise MalformedPolicy(where, f"{shown(spelling)} is no condition operator")
    negated = name in _NEGATED
    if qualifier == "ForAllValues":
        return _for_all(key, hit, negated)
    if qualifier == "ForAnyValue":
        return _for_any(key, hit, negated, if_exists)
    return _plain(key, hit, negated, if_exists)


def _null_test(spelling: str, key: str, values: tuple[str, ...], where: str) -> Test:
    if spelling != "Null":
        raise MalformedPolicy(where, f"{shown(spelling)}: Null takes neither IfExists nor a set qualifier")
    wanted = {value.lower() for value in values}
    if len(wanted) != 1 or not wanted <= {"true", "false"}:
        raise MalformedPolicy(
            where, f'Null takes "true" (the key is absent) or "false" (it is present), not {shown(list(values))}'
        )
    absent = wanted == {"true"}
    return lambda context: bool(_values(context.get(key))) != absent


def _values(value: Value | None) -> tuple[str, ...]:
    """The request's values: none for an absent key or an empty list."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _plain(key: str, hit: Hit, negated: bool, if_exists: bool) -> Test:
    """OR over the policy's values, NOR if negated. A multivalued key matches by any of its values."""
    absent = negated or if_exists

    def test(context: Context) -> bool:
        value = context.get(key)
        if isinstance(value, str):
            return hit(value, context) != negated
        if not value:
            return absent
        return any(hit(one, context) for one in value) != negated

    return test


def _for_all(key: str, hit: Hit, negated: bool) -> Test:
    """True for no values, and for the "null dataset, such as an empty string"."""

    def test(context: Context) -> bool:
        values = _values(context.get(key))
        return values == ("",) or all(hit(one, context) != negated for one in values)

    return test


def _for_any(key: str, hit: Hit, negated: bool, if_exists: bool) -> Test:
    def test(context: Context) -> bool:
        values = _values(context.get(key))
        return any(hit(one, context) != negated for one in values) if values else if_exists

    return test
