"""The filter of a link: which metric namespaces, or log groups, a source account shares.

Grammar by the model (botocore's oam model, MetricConfiguration and LogGroupConfiguration): the term, then `=`, `!=`,
`LIKE`, `NOT LIKE` (a prefix and `%`), `IN (…)`, `NOT IN (…)`, joined by AND and OR; texts in single quotation marks,
case-sensitive; at most five conditional operands. AND binds tighter than OR, as in SQL: the model says nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

EVERYTHING = "*"
MOST_OPERANDS = 5
TOKEN = re.compile(r"\s*(?:(?P<text>'[^']*')|(?P<sign>!=|=|\(|\)|,)|(?P<word>[A-Za-z]+))")

Test = Callable[[str], bool]


class BadFilter(ValueError):
    """The filter is none; the message says why."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: alternatives, each a list of tests that must all hold."""

    alternatives: tuple[tuple[Test, ...], ...]

    def admits(self, name: str) -> bool:
        return any(all(test(name) for test in tests) for tests in self.alternatives)


def parse_filter(text: str, term: str) -> Filter | None:
    """Read a filter about `term` (`Namespace`, `LogGroupName`); None for `*`, which lets all through.

    Raises BadFilter.
    """
    if text.strip() == EVERYTHING:
        return None
    return _Reader(text, term).read()


class _Reader:
    def __init__(self, text: str, term: str) -> None:
        self._text = text
        self._term = term
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if match is None:
                raise BadFilter(f"{text!r} can't be read from {text[at:].strip()[:20]!r} on")
            tokens.append(match[0].strip())
            at = match.end()
        return tokens

    def read(self) -> Filter:
        operands = sum(token.upper() in ("AND", "OR") for token in self._tokens)
        if operands > MOST_OPERANDS:
            raise BadFilter(f"{self._text!r} has {operands} of AND and OR, at most {MOST_OPERANDS} are allowed")
        alternatives: list[tuple[Test, ...]] = []
        tests = [self._condition()]
        while self._at < len(self._tokens):
            joint = self._next().upper()
            if joint == "OR":
                alternatives.append(tuple(tests))
                tests = []
            elif joint != "AND":
                raise BadFilter(f"{self._text!r} has {joint!r} where AND or OR is expected")
            tests.append(self._condition())
        return Filter((*alternatives, tuple(tests)))

    def _condition(self) -> Test:
        if self._next() != self._term:
            raise BadFilter(f"each condition of {self._text!r} must begin with {self._term}")
        operator = self._next().upper()
        negated = operator == "NOT"
        if negated:
            operator = self._next().upper()
        if operator in ("=", "!=") and not negated:
            wanted = self._quoted()
            return (lambda name: name == wanted) if operator == "=" else (lambda name: name != wanted)
        if operator == "LIKE":
            prefix = self._prefix()
            return lambda name: name.startswith(prefix) != negated
        if operator == "IN":
            members = self._members()
            return lambda name: (name in members) != negated
        raise BadFilter(f"{self._text!r} has the operator {operator!r}: =, !=, LIKE, NOT LIKE, IN, NOT IN are allowed")

    def _next(self) -> str:
        if self._at == len(self._tokens):
            raise BadFilter(f"{self._text!r} ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _quoted(self) -> str:
        token = self._next()
        if not token.startswith("'"):
            raise BadFilter(f"{self._text!r} has {token!r} where a text in single quotation marks is expected")
        return token[1:-1]

    def _prefix(self) -> str:
        text = self._quoted()
        if not text.endswith("%") or "%" in text[:-1]:
            raise BadFilter(f"LIKE searches for prefixes only: {text!r} must end with its one %")
        return text[:-1]

    def _members(self) -> frozenset[str]:
        if self._next() != "(":
            raise BadFilter(f"{self._text!r} has IN without parentheses")
        members = {self._quoted()}
        while (mark := self._next()) == ",":
            members.add(self._quoted())
        if mark != ")":
            raise BadFilter(f"{self._text!r} has {mark!r} in the list of IN, where a comma or ) is expected")
        return frozenset(members)
