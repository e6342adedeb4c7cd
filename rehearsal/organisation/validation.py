"""Validation of parameters against botocore's model: required, type, enum, pattern, length, range, union,
nesting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import regex

from rehearsal.organisation.codes import validation_code
from rehearsal.organisation.core import ApiError, Params
from rehearsal.organisation.model import model

JAVA_CLASSES = {
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{ASCII}": r"\x00-\x7F",
    r"\p{Print}": r"\x20-\x7E",
    r"\p{Graph}": r"\x21-\x7E",
    r"\p{Alpha}": r"a-zA-Z",
    r"\p{Blank}": r" \t",
    r"\p{IsLatin}": r"\p{Latin}",
    r"\p{Punct}": r"!-/:-@\[-`{-~",
    r"\p{Digit}": r"0-9",
    r"\p{Lower}": r"a-z",
    r"\p{Upper}": r"A-Z",
    r"\p{Space}": r"\s",
}
r"""Java's POSIX classes (java.util.regex.Pattern, US-ASCII only) in the regex module's words.

`\p{L}`, `\p{Z}`, … the regex module knows itself.
"""
TOKENS = regex.compile(r"\\p\{\w+\}|\\.|.", regex.DOTALL)
NUMBERS = {"integer", "long", "float", "double", "bigdecimal", "biginteger"}


class PatternError(ValueError):
    """A pattern of a model that the regex module can't compile even after translation."""


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> regex.Pattern[str]:
    """A model's pattern for `fullmatch`: AWS's validators match whole values. Raises PatternError."""
    try:
        return regex.compile("".join(_translated(pattern)))
    except regex.error as error:
        raise PatternError(str(error)) from error


def _translated(pattern: str) -> Iterator[str]:
    """The pattern's parts with Java's classes in other words: bare inside brackets, else in brackets of their own."""
    inside = False
    for part in TOKENS.findall(pattern):
        ours = JAVA_CLASSES.get(part)
        if ours is not None:
            yield ours if inside else f"[{ours}]"
            continue
        if part in "[]":
            inside = part == "["
        yield part


def validate(service: str, operation: str, params: Params) -> None:
    """Refuse parameters that the model refuses, as AWS words it. Raises ApiError with all violations."""
    shape = model(service).operation_model(operation).input_shape
    if shape is None:
        return
    violations = list(violations_of(shape, params))
    if violations:
        count = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected: "
        raise ApiError(validation_code(service), count + "; ".join(violations))


def violations_of(shape: Any, value: Any, at: str = "") -> Iterator[str]:
    """Yield what is wrong with a value, member by member.

    The words are AWS's own: `Value 'x' at 'name' failed to satisfy constraint: Member must …`.
    """
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, at)
    elif kind == "list":
        yield from _list(shape, value, at)
    elif kind == "map":
        yield from _map(shape, value, at)
    elif kind in ("string", "character"):
        yield from _string(shape, value, at)
    elif kind == "blob":
        if not isinstance(value, (bytes, bytearray, str)):
            yield _bad(value, at, "Member must be a blob")
        else:
            yield from _bounds(shape, len(value), at, "length", f"({len(value)} bytes)")
    elif kind in NUMBERS:
        whole = kind in ("integer", "long", "biginteger")
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            yield _bad(value, at, f"Member must be a {'whole ' if whole else ''}number")
        else:
            yield from _bounds(shape, value, at, "value", value)
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield _bad(value, at, "Member must be a boolean")
    elif kind == "timestamp" and not isinstance(value, datetime):
        yield _bad(value, at, "Member must be a timestamp")


def _structure(shape: Any, value: Any, at: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, Mapping):
        yield _bad(value, at, "Member must be a structure")
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_path(at, name)}' failed to satisfy constraint: Member must not be null"
    for name, inner in value.items():
        if name not in shape.members:
            yield f"'{_path(at, name)}' is no parameter of {shape.name}"
        elif inner is not None:
            yield from violations_of(shape.members[name], inner, _path(at, name))
    given = [name for name, inner in value.items() if inner is not None]
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        yield f"Value at '{at}' failed to satisfy constraint: exactly one of {', '.join(shape.members)} must be set"


def _list(shape: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, (list, tuple)):
        yield _bad(value, at, "Member must be a list")
        return
    yield from _bounds(shape, len(value), at, "length", value)
    for number, inner in enumerate(value, 1):
        yield from violations_of(shape.member, inner, f"{at}.{number}.member")


def _map(shape: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _bad(value, at, "Member must be a map")
        return
    yield from _bounds(shape, len(value), at, "length", dict(value))
    for key, inner in value.items():
        yield from violations_of(shape.key, key, f"{at}.key")
        yield from violations_of(shape.value, inner, f"{at}.{key}.member")


def _string(shape: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _bad(value, at, "Member must be a string")
        return
    if shape.enum and value not in shape.enum:
        yield _bad(value, at, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    yield from _bounds(shape, len(value), at, "length", value)
    pattern = shape.metadata.get("pattern")
    if pattern is None:
        return
    try:
        matches = compiled(pattern).fullmatch(value) is not None
    except PatternError:
        return  # listed in COVERAGE.md: nothing can be said about the value
    if not matches:
        yield _bad(value, at, f"Member must satisfy regular expression pattern: {pattern}")


def _bounds(shape: Any, size: Any, at: str, what: str, value: Any) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _bad(value, at, f"Member must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield _bad(value, at, f"Member must have {what} less than or equal to {high}")


def _bad(value: Any, at: str, constraint: str) -> str:
    told = str(value)
    return f"Value '{told[:256]}' at '{at}' failed to satisfy constraint: {constraint}"


def _path(at: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{at}.{name}" if at else name
