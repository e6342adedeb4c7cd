"""Walking through a statement's tokens: keywords, signs, names and values."""

from __future__ import annotations

from rehearsal.organisation.core import NotEmulated

from .statements import Value
from .tokens import Token, malformed, reserved_words, tokens_of

_UNSERVED_WORDS = ("OR", "NOT", "ORDER", "ON")


class Cursor:
    """A place among a statement's tokens; what is taken moves it on, what doesn't fit raises ValidationException."""

    def __init__(self, text: str, parameters: list[Value]) -> None:
        self._tokens = tokens_of(text)
        self._index = 0
        self._parameters = parameters
        self._used = 0

    def _table(self) -> str:
        name = self._name("table")
        if self._here.text == ".":
            raise NotEmulated("PartiQL on an index")
        return name

    def _attribute(self) -> str:
        name = self._name("attribute")
        if self._here.text in (".", "["):
            raise NotEmulated("PartiQL with a nested path")
        return name

    def _name(self, what: str) -> str:
        token = self._next()
        if token.kind == "quoted":
            return token.text
        if token.kind != "name":
            raise malformed(f"unexpected {token.text!r} at {token.at + 1}: the name of a {what} is expected")
        if token.text.upper() in reserved_words():
            raise malformed(
                f"unexpected keyword {token.text!r} at {token.at + 1}: a reserved word as the name of a {what} must "
                "stand in double quotes"
            )
        return token.text

    def _value(self) -> Value:
        token = self._next()
        if token.text == "?" and token.kind == "sign":
            if self._used >= len(self._parameters):
                raise malformed(
                    f"Number of parameters in request and statement don't match: only {len(self._parameters)} given"
                )
            self._used += 1
            return _known(self._parameters[self._used - 1])
        if token.kind == "text":
            return {"S": token.text}
        if token.kind == "number":
            return {"N": token.text}
        if token.kind == "name" and token.text.lower() in ("true", "false"):
            return {"BOOL": token.text.lower() == "true"}
        if token.is_word("NULL"):
            return {"NULL": True}
        if token.text == "{":
            return {"M": self._map()}
        if token.text == "[":
            return {"L": self._list()}
        if token.text == "<<":
            raise NotEmulated("PartiQL with a set literal (<<…>>); give the set as a parameter")
        raise malformed(f"unexpected {token.text!r} at {token.at + 1}: a value is expected")

    def _map(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while not self._skip("}"):
            if found:
                self._sign(",")
            token = self._next()
            if token.kind != "text":
                raise malformed(
                    f"unexpected {token.text!r} at {token.at + 1}: a map's key in single quotes is expected"
                )
            if token.text in found:
                raise malformed(f"the key {token.text!r} stands twice in one map")
            self._sign(":")
            found[token.text] = self._value()
        return found

    def _list(self) -> list[Value]:
        found: list[Value] = []
        while not self._skip("]"):
            if found:
                self._sign(",")
            found.append(self._value())
        return found

    @property
    def _here(self) -> Token:
        return self._tokens[self._index]

    def _next(self) -> Token:
        token = self._here
        if token.kind == "end":
            raise malformed("unexpected end of the statement")
        self._index += 1
        return token

    def _word(self, word: str) -> bool:
        """Take a keyword if it stands here."""
        if self._here.is_word(word):
            self._index += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._word(word):
            self._refuse_word()
            raise malformed(f"unexpected {self._here.text!r} at {self._here.at + 1}: {word} is expected")

    def _skip(self, sign: str) -> bool:
        if self._here.kind == "sign" and self._here.text == sign:
            self._index += 1
            return True
        return False

    def _sign(self, sign: str) -> None:
        if not self._skip(sign):
            raise malformed(f"unexpected {self._here.text!r} at {self._here.at + 1}: {sign!r} is expected")

    def _refuse_word(self) -> None:
        if self._here.kind == "name" and self._here.text.upper() in _UNSERVED_WORDS:
            raise NotEmulated(f"PartiQL with {self._here.text.upper()}")


def _known(value: Value) -> Value:
    """A parameter's value; binary ones are refused."""
    if len(value) != 1:
        raise malformed(f"a parameter must be one attribute value, such as {{'S': 'text'}}: {value!r}")
    kind = next(iter(value))
    if kind in ("B", "BS"):
        raise NotEmulated("PartiQL with binary values")
    return value
