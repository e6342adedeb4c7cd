"""Wildcards, ARN patterns and policy variables.

Sources (docs.aws.amazon.com/IAM/latest/UserGuide/): reference_policies_elements_resource.html (wildcards),
reference_policies_variables.html (variables, defaults, the special `${*}`, `${?}`, `${$}`),
reference_policies_elements_condition_operators.html#Conditions_ARN (the six components of an ARN).

A template is parsed once. Expanding it with a request's context gives a text in which the wildcards of the policy
are two Unicode non-characters, so that a `*` which came out of a variable's value, or out of `${*}`, stays a `*`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from access.errors import MalformedPolicy, shown

Value = str | tuple[str, ...]
"""A context key's value: a string when the key is single-valued, a tuple when it is multivalued."""

Context = Mapping[str, Value]
"""Context keys in lower case (AWS: "Key names are case-insensitive")."""

_MANY = "\ufdd0"
_ONE = "\ufdd1"
_WILDCARDS = str.maketrans({"*": _MANY, "?": _ONE})
_SPECIAL = {"*": "*", "?": "?", "$": "$"}
_ARN_PARTS = 6


class Glob:
    """One expanded pattern, matched against a whole string.

    `*` stands for any number of any characters (`/` and `:` too), `?` for exactly one.
    """

    __slots__ = ("_exact", "_match", "_prefix")

    def __init__(self, expanded: str) -> None:
        self._exact: str | None = None
        self._prefix: str | None = None
        self._match: re.Pattern[str] | None = None
        body = expanded.rstrip(_MANY)
        if _MANY not in body and _ONE not in body:
            if body == expanded:
                self._exact = expanded
            else:
                self._prefix = body
        else:
            self._match = re.compile(_regex(expanded), re.DOTALL)

    def matches(self, value: str) -> bool:
        """Whether the whole of `value` fits."""
        if self._exact is not None:
            return value == self._exact
        if self._prefix is not None:
            return value.startswith(self._prefix)
        return self._match is not None and self._match.fullmatch(value) is not None


def _regex(expanded: str) -> str:
    """The pattern as a regular expression that never backtracks out of a `*`.

    Every stretch between two stars is taken at its first occurrence and kept (an atomic group): a later one can't
    help, since what follows a star may begin anywhere. So `*a*a*a*b` costs no more than its length.
    """
    stretches = ["".join("." if c == _ONE else re.escape(c) for c in part) for part in expanded.split(_MANY)]
    if len(stretches) == 1:
        return stretches[0]
    first, *middle, last = stretches
    return first + "".join(f"(?>.*?{part})" for part in middle if part) + ".*" + last


@lru_cache(maxsize=32768)
def compiled(expanded: str) -> Glob:
    """The glob of an expanded pattern, kept."""
    return Glob(expanded)


@lru_cache(maxsize=8192)
def arn_components(expanded: str) -> tuple[Glob, ...] | None:
    """An expanded ARN pattern as six globs, or None where it can't match any ARN.

    A pattern with fewer components matches only if it ends in `*`, which "can expand to match beyond the colon
    boundaries" (reference_policies_elements_resource.html).
    """
    parts = expanded.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        if not parts[-1].endswith(_MANY):
            return None
        parts += [_MANY] * (_ARN_PARTS - len(parts))
    return tuple(Glob(part) for part in parts)


def arn_matches(expanded: str, value: str) -> bool:
    """ArnLike: each of the six colon-delimited components is checked by itself, case-sensitively."""
    globs = arn_components(expanded)
    parts = value.split(":", _ARN_PARTS - 1)
    if globs is None or len(parts) != _ARN_PARTS:
        return False
    return all(glob.matches(part) for glob, part in zip(globs, parts, strict=True))


def glob(pattern: str) -> Glob:
    """A pattern as it is written in a policy, without variables."""
    return compiled(pattern.translate(_WILDCARDS))


class Template:
    """A string of a policy that may hold wildcards and variables.

    `static` is its expansion when it holds no variable, else None.
    """

    __slots__ = ("_parts", "static", "text")

    def __init__(self, text: str, *, variables: bool, wildcards: bool, where: str) -> None:
        """Parse `text`.

        `variables` is False for policies of Version 2008-10-17, where `${aws:username}` is literal text, and for
        operators that take none. `wildcards` is False where `*` means itself (StringEquals).
        """
        if _MANY in text or _ONE in text:
            raise MalformedPolicy(where, f"{shown(text)} holds a Unicode non-character; it can't stand in a policy")
        self.text = text
        self._parts: list[str | tuple[str, str | None]] = []
        position = 0
        while variables and (start := text.find("${", position)) >= 0:
            end = text.find("}", start)
            if end < 0:
                raise MalformedPolicy(where, f"{shown(text)} opens a policy variable with ${{ and never closes it")
            self._literal(text[position:start], wildcards)
            self._parts.append(_variable(text[start + 2 : end], text, where))
            position = end + 1
        self._literal(text[position:], wildcards)
        self.static = self.expand({}) if all(isinstance(part, str) for part in self._parts) else None

    def _literal(self, text: str, wildcards: bool) -> None:
        if text:
            self._parts.append(text.translate(_WILDCARDS) if wildcards else text)

    def expand(self, context: Context) -> str | None:
        """The pattern with its variables filled in.

        None when a variable has no value and no default: then "there is no equal or like value". A multivalued key
        can't be a variable, and a value's own `*` is no wildcard.
        """
        if len(self._parts) == 1 and isinstance(self._parts[0], str):
            return self._parts[0]
        out: list[str] = []
        for part in self._parts:
            if isinstance(part, str):
                out.append(part)
                continue
            key, default = part
            if key in _SPECIAL:
                out.append(_SPECIAL[key])
                continue
            value = context.get(key)
            if not isinstance(value, str):
                value = default
            if value is None or _MANY in value or _ONE in value:
                return None
            out.append(value)
        return "".join(out)


def _variable(inside: str, text: str, where: str) -> tuple[str, str | None]:
    """`aws:username` or `aws:username, 'default'` as (key in lower case, default)."""
    if inside in _SPECIAL:
        return inside, None
    key, comma, rest = inside.partition(",")
    key, rest = key.strip(), rest.strip()
    if not key or "$" in key or "{" in key:
        raise MalformedPolicy(where, f"{shown(text)} holds the variable ${{{inside}}}, which names no context key")
    if not comma:
        return key.lower(), None
    if len(rest) < 2 or rest[0] != "'" or rest[-1] != "'":
        raise MalformedPolicy(
            where, f"{shown(text)}: the default of ${{{inside}}} must stand in single quotes: ${{{key}, 'value'}}"
        )
    return key.lower(), rest[1:-1]
