"""PartiQL statements: what is read, what is malformed, what is refused by name; conditions as properties."""

# ruff: noqa: S608 - statements are made of the tests' own names
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.core import ApiError
from rehearsal.organisation.services.partiql.conditions import meets, same
from rehearsal.organisation.services.partiql.parser import parse
from rehearsal.organisation.services.partiql.statements import (
    Between,
    Comparison,
    Delete,
    Exists,
    Function,
    In,
    Insert,
    Missing,
    Select,
    Update,
)
from rehearsal.organisation.services.partiql.tokens import reserved_words

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,15}", fullmatch=True)
VALUES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(lambda text: {"S": text}, st.text()),
    st.builds(lambda number: {"N": str(number)}, st.integers(-(10**20), 10**20)),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
)


def refusal(statement: str, parameters: Any = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse(statement, parameters)
    return caught.value


def test_an_insert_takes_parameters_literals_and_nesting() -> None:
    """Guards: moto's own parser fails on these forms."""
    statement = """INSERT INTO "led_ger" VALUE {'a': ?, 'b': 'it''s', 'c': -1.5, 'd': true, 'e': null,
                   'f': [1, ?], 'g': {'h': ?}}"""
    parsed = parse(statement, [{"S": "x"}, {"N": "2"}, {"SS": ["y"]}])
    assert parsed == Insert(
        "led_ger",
        {
            "a": {"S": "x"}, "b": {"S": "it's"}, "c": {"N": "-1.5"}, "d": {"BOOL": True}, "e": {"NULL": True},
            "f": {"L": [{"N": "1"}, {"N": "2"}]}, "g": {"M": {"h": {"SS": ["y"]}}},
        },
    )  # fmt: skip


def test_an_update_assigns_removes_and_is_conditioned() -> None:
    """Guards: comma, repeated SET and REMOVE are read as something else (ql-reference.update)."""
    parsed = parse(
        'UPDATE "t" SET "status" = ?, b = 2 SET c = ? REMOVE d WHERE k = ? AND "seq" < 5 RETURNING ALL NEW *',
        [{"S": "on"}, {"S": "c"}, {"S": "key"}],
    )
    assert parsed == Update(
        "t", {"status": {"S": "on"}, "b": {"N": "2"}, "c": {"S": "c"}}, ("d",),
        (Comparison("k", "=", {"S": "key"}), Comparison("seq", "<", {"N": "5"})), "ALL NEW *",
    )  # fmt: skip


def test_the_other_forms_are_read() -> None:
    """Guards: SELECT, DELETE or EXISTS lose their conditions."""
    where = "WHERE a BETWEEN 1 AND 2 AND b IN ['x', ?] AND c IS NOT MISSING AND begins_with(\"d\", 'p')"
    conditions = (
        Between("a", {"N": "1"}, {"N": "2"}), In("b", ({"S": "x"}, {"S": "y"})), Missing("c", True),
        Function("begins_with", "d", {"S": "p"}),
    )  # fmt: skip
    given = [{"S": "y"}]
    assert parse(f"SELECT * FROM t {where}", given) == Select("t", (), conditions)
    assert parse(f'SELECT e, "f" FROM t {where};', given) == Select("t", ("e", "f"), conditions)
    assert parse(f"DELETE FROM t {where}", given) == Delete("t", conditions)
    assert parse(f"EXISTS(SELECT * FROM t {where})", given) == Exists(Select("t", (), conditions))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t", "INSERT INTO t VALUE 1", "INSERT INTO t VALUE {a: 1}", "INSERT INTO t VALUE {'a': 1, 'a': 2}",
        "UPDATE t WHERE a = 1", "UPDATE t SET a = 1", "UPDATE t SET a = 1, a = 2 WHERE k = 1",
        "UPDATE t SET a = 1 REMOVE a WHERE k = 1", "DELETE FROM t", "SELECT FROM t", "DROP TABLE t", "",
        "SELECT * FROM t WHERE a", "SELECT * FROM t WHERE a = 'x", "SELECT * FROM t WHERE a = 1 garbage",
        "UPDATE t SET a = 1 WHERE k = 1 RETURNING SOME NEW *", "SELECT * FROM t WHERE a = \x00",
    ],
)  # fmt: skip
def test_malformed_statements_are_refused(statement: str) -> None:
    """Guards: a statement that AWS can't process does something here."""
    assert refusal(statement).code == "ValidationException"


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM t WHERE a = 1 OR b = 2", "SELECT * FROM t WHERE NOT a = 1", "SELECT * FROM t WHERE (a = 1)",
     'SELECT * FROM "t"."index" WHERE a = 1', "UPDATE t SET a.b = 1 WHERE k = 1", "UPDATE t SET a[0] = 1 WHERE k = 1",
     "SELECT * FROM t WHERE size(a) > 1", "INSERT INTO t VALUE {'a': <<1>>}", "SELECT * FROM t WHERE a = 1 ORDER BY a"],
)  # fmt: skip
def test_forms_that_are_not_served_are_named(statement: str) -> None:
    """Guards: a form of PartiQL is misread instead of refused."""
    assert refusal(statement).code == "NotEmulated"


@pytest.mark.parametrize("word", ["status", "timestamp", "hash", "Name"])
def test_reserved_words_need_double_quotes(word: str) -> None:
    """Guards: a statement works here and fails on AWS (ql-reference: reserved words in double quotes)."""
    error = refusal(f"UPDATE t SET {word} = 1 WHERE k = 1")
    assert error.code == "ValidationException"
    assert word in error.message
    quoted = parse(f'UPDATE t SET "{word}" = 1 WHERE k = 1')
    assert isinstance(quoted, Update)
    assert quoted.assigned == {word: {"N": "1"}}


@pytest.mark.parametrize("given", [[], [{"S": "a"}, {"S": "b"}]])
def test_parameters_match_the_question_marks(given: list[Any]) -> None:
    """Guards: parameters slide by one."""
    error = refusal("SELECT * FROM t WHERE a = ?", given)
    assert "Number of parameters in request and statement don't match" in error.message


@given(item=st.dictionaries(NAMES, VALUES, min_size=1, max_size=8))
def test_an_item_survives_being_inserted(item: dict[str, Any]) -> None:
    """Guards: a name or value is changed on its way through the statement, for any of them."""
    members = ", ".join(f"'{name}': ?" for name in item)
    assert parse(f'INSERT INTO "t" VALUE {{{members}}}', list(item.values())) == Insert("t", item)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_literal_says_what_it_says(text: str) -> None:
    """Guards: a quote inside a text ends it."""
    quoted = text.replace("'", "''")
    assert parse(f"INSERT INTO t VALUE {{'a': '{quoted}'}}") == Insert("t", {"a": {"S": text}})


@given(left=VALUES, right=VALUES)
def test_equality_is_symmetric_and_exclusive(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Guards: a value equals one of another type, or both `=` and `<>` hold."""
    assert same(left, right) == same(right, left)
    item = {"a": left}
    assert meets(item, [Comparison("a", "=", right)]) != meets(item, [Comparison("a", "<>", right)])
    if set(left) != set(right):
        assert not meets(item, [Comparison("a", "<", right)])
        assert not meets(item, [Comparison("a", ">=", right)])


@given(number=st.integers(), other=st.integers())
def test_numbers_compare_by_value(number: int, other: int) -> None:
    """Guards: numbers compare as text, so 10 comes before 9."""
    held = [Comparison("n", operator, {"N": str(other)}) for operator in ("<", "=", ">")]
    assert [meets({"n": {"N": str(number)}}, [one]) for one in held] == [
        number < other,
        number == other,
        number > other,
    ]


def test_the_reserved_words_are_dynamodb_s() -> None:
    """Guards: the list is empty after an upgrade of moto, which ships it."""
    assert {"STATUS", "TIMESTAMP", "HASH", "TABLE"} <= reserved_words()
    assert len(reserved_words()) > 500
