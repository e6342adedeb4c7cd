"""PartiQL statements, parsed: the forms of the developer guide's ql-reference that write and read whole items.

Served: INSERT INTO t VALUE {…}; UPDATE t SET a=… [, b=…] [SET …] [REMOVE c] WHERE … [RETURNING …]; DELETE FROM t
WHERE … [RETURNING …]; SELECT *|columns FROM t [WHERE …]; EXISTS(SELECT …). Conditions are joined by AND. Refused by
name: OR, NOT, parentheses, nested paths, indexes, arithmetic, sets by <<>>, ORDER BY.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rehearsal.organisation.core import NotEmulated

from .statements import (
    Between,
    Comparison,
    Condition,
    Delete,
    Exists,
    Function,
    In,
    Insert,
    Missing,
    Operator,
    Select,
    Statement,
    Update,
    Value,
)
from .tokens import Token, malformed, reserved_words, tokens_of

_OPERATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_RETURNING = ("ALL OLD *", "MODIFIED OLD *", "ALL NEW *", "MODIFIED NEW *")
_UNSERVED_WORDS = ("OR", "NOT", "ORDER", "ON")


def parse(statement: str, parameters: Sequence[Value] | None = None) -> Statement:
    """Parse a statement, its `?` replaced by the parameters in order.

    Raises ValidationException for what PartiQL doesn't admit and for a wrong number of parameters, NotEmulated for
    forms that aren't served.
    """
    return _Parser(statement, list(parameters or [])).statement()


class _Parser:
    def __init__(self, text: str, parameters: list[Value]) -> None:
        self._tokens = tokens_of(text)
        self._index = 0
        self._parameters = parameters
        self._used = 0

    # --- statements -----------------------------------------------------------------------------------------------

    def statement(self) -> Statement:
        parsed = self._any()
        self._skip(";")
        if self._here.kind != "end":
            self._refuse_word()
            raise malformed(f"unexpected {self._here.text!r} at {self._here.at + 1}")
        if self._used != len(self._parameters):
            raise malformed(
                f"Number of parameters in request and statement don't match: {len(self._parameters)} given, "
                f"{self._used} in the statement"
            )
        return parsed

    def _any(self) -> Statement:
        if self._word("INSERT"):
            return self._insert()
        if self._word("UPDATE"):
            return self._update()
        if self._word("DELETE"):
            return self._delete()
        if self._word("SELECT"):
            return self._select()
        if self._word("EXISTS"):
            self._sign("(")
            self._need("SELECT")
            select = self._select()
            self._sign(")")
            return Exists(select)
        raise malformed(f"unexpected {self._here.text!r}: INSERT, UPDATE, DELETE, SELECT or EXISTS is expected")

    def _insert(self) -> Insert:
        self._need("INTO")
        table = self._table()
        self._need("VALUE")
        value = self._value()
        if "M" not in value:
            raise malformed("the VALUE of an INSERT must be a map")
        return Insert(table, value["M"])

    def _update(self) -> Update:
        table = self._table()
        assigned: dict[str, Value] = {}
        removed: list[str] = []
        while not self._here.is_word("WHERE"):
            if self._word("SET"):
                self._assignment(assigned)
                while self._skip(","):
                    self._assignment(assigned)
            elif self._word("REMOVE"):
                removed.append(self._attribute())
            else:
                raise malformed(f"unexpected {self._here.text!r} at {self._here.at + 1}: SET, REMOVE or WHERE")
        if not assigned and not removed:
            raise malformed("an UPDATE needs SET or REMOVE")
        twice = set(assigned) & set(removed)
        if twice or len(set(removed)) != len(removed):
            raise malformed(f"an attribute is changed twice: {sorted(twice) or removed}")
        where = self._where()
        return Update(table, assigned, tuple(removed), where, self._returning())

    def _assignment(self, assigned: dict[str, Value]) -> None:
        name = self._attribute()
        self._sign("=")
        if name in assigned:
            raise malformed(f"attribute {name!r} is set twice")
        assigned[name] = self._value()

    def _delete(self) -> Delete:
        self._need("FROM")
        table = self._table()
        where = self._where()
        return Delete(table, where, self._returning())

    def _select(self) -> Select:
        columns: list[str] = []
        if not self._skip("*"):
            columns.append(self._attribute())
            while self._skip(","):
                columns.append(self._attribute())
        self._need("FROM")
        table = self._table()
        where = self._where() if self._here.is_word("WHERE") else ()
        return Select(table, tuple(columns), where)

    def _returning(self) -> str | None:
        if not self._word("RETURNING"):
            return None
        words = [self._next().text.upper() for _ in range(3)]
        if " ".join(words) not in _RETURNING:
            raise malformed(f"RETURNING {' '.join(words)}: it must be one of {', '.join(_RETURNING)}")
        return " ".join(words)

    # --- conditions -----------------------------------------------------------------------------------------------

    def _where(self) -> tuple[Condition, ...]:
        self._need("WHERE")
        found = [self._condition()]
        while self._word("AND"):
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        token = self._here
        if token.kind == "name" and token.text.lower() in ("begins_with", "contains", "attribute_type", "size"):
            return self._function()
        if token.text == "(":
            raise NotEmulated("PartiQL with parentheses in WHERE")
        self._refuse_word()
        name = self._attribute()
        if self._word("IS"):
            negated = self._word("NOT")
            self._need("MISSING")
            return Missing(name, negated)
        if self._word("BETWEEN"):
            low = self._value()
            self._need("AND")
            return Between(name, low, self._value())
        if self._word("IN"):
            closing = ")" if self._skip("(") else "]"
            if closing == "]":
                self._sign("[")
            values = [self._value()]
            while self._skip(","):
                values.append(self._value())
            self._sign(closing)
            return In(name, tuple(values))
        operator = _OPERATORS.get(self._here.text) if self._here.kind == "sign" else None
        if operator is None:
            self._refuse_word()
            raise malformed(f"unexpected {self._here.text!r} at {self._here.at + 1}: a comparison is expected")
        self._next()
        return Comparison(name, cast(Operator, operator), self._value())

    def _function(self) -> Function:
        name = self._next().text.lower()
        if name not in ("begins_with", "contains"):
            raise NotEmulated(f"PartiQL with {name}()")
        self._sign("(")
        attribute = self._attribute()
        self._sign(",")
        value = self._value()
        self._sign(")")
        return Function("begins_with" if name == "begins_with" else "contains", attribute, value)

    # --- names and values -----------------------------------------------------------------------------------------

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

    # --- tokens ---------------------------------------------------------------------------------------------------

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
