"""PartiQL text to tokens.

Source: DynamoDB developer guide, ql-reference: names may stand in double quotes and must where they are reserved
words, strings in single quotes (doubled inside), `?` is a parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rehearsal.organisation.core import ApiError

Kind = Literal["name", "quoted", "text", "number", "sign", "end"]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"(?:[^"]|"")+")
      | (?P<text>'(?:[^']|'')*')
      | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign><<|>>|<>|!=|<=|>=|[=<>(){}\[\],:;?*.|+-])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, its text without quotes, and where it begins."""

    kind: Kind
    text: str
    at: int

    def is_word(self, word: str) -> bool:
        return self.kind == "name" and self.text.upper() == word


def malformed(why: str) -> ApiError:
    return ApiError("ValidationException", f"Statement wasn't well formed, can't be processed: {why}")


def tokens_of(statement: str) -> list[Token]:
    """The tokens of a statement, closed by one of kind `end`. Raises ValidationException for a strange character."""
    found: list[Token] = []
    at = 0
    text = statement.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise malformed(f"unexpected character {text[at : at + 1]!r} at {at + 1}")
        kind = match.lastgroup
        assert kind is not None  # noqa: S101 - one of the alternatives matched
        found.append(_token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _token(kind: str, text: str, at: int) -> Token:
    if kind == "quoted":
        return Token("quoted", text[1:-1].replace('""', '"'), at)
    if kind == "text":
        return Token("text", text[1:-1].replace("''", "'"), at)
    if kind == "number":
        return Token("number", text, at)
    return Token("name" if kind == "name" else "sign", text, at)


@cache
def reserved_words() -> frozenset[str]:
    """DynamoDB's reserved words, upper case (developer guide, ReservedWords; the list that moto ships)."""
    from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

    return frozenset(word.upper() for word in ReservedKeywords.get_reserved_keywords())
