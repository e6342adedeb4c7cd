"""PartiQL statements, parsed: the forms of the developer guide's ql-reference that write and read whole items.

Served: INSERT INTO t VALUE {…}; UPDATE t SET a=… [, b=…] [SET …] [REMOVE c] WHERE … [RETURNING …]; DELETE FROM t
WHERE … [RETURNING …]; SELECT *|columns FROM t [WHERE …]; EXISTS(SELECT …). Conditions are joined by AND. Refused by
name: OR, NOT, parentheses, nested paths, indexes, arithmetic, sets by <<>>, ORDER BY.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rehearsal.organisation.core import NotEmulated

from .cursor import Cursor
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
from .tokens import malformed

_OPERATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_RETURNING = ("ALL OLD *", "MODIFIED OLD *", "ALL NEW *", "MODIFIED NEW *")


def parse(statement: str, parameters: Sequence[Value] | None = None) -> Statement:
    """Parse a statement, its `?` replaced by the parameters in order.

    Raises ValidationException for what PartiQL doesn't admit and for a wrong number of parameters, NotEmulated for
    forms that aren't served.
    """
    return _Parser(statement, list(parameters or [])).statement()


class _Parser(Cursor):
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
