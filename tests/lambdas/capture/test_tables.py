"""Fake tables and DynamoDB adapter (on the emulated DynamoDB) answer alike, or tests with the fake prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from governance.ledger import EMPTY, Head, Row, verify_chain
from governance.stages import DEFAULT_STAGES
from governance.state import State, head_of, project
from lambdas.common.fakes import FakeTables
from lambdas.common.recorder import Appended, Tables
from lambdas.common.tables import DynamoTables
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings
from tests.governance.samples import HUB, REGION, arn_of
from tests.governance.test_ledger import chain

SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region=REGION,
    accounts=(Account("management", "999999999999"), Account("hub", HUB)),
    management="management",
)
KEYS = {"ledger": ("modelpackagearn", "seq"), "dedup": ("contentid",), "state": ("modelpackagearn",)}


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with Emulator(SETTINGS) as organisation:
        yield Control(organisation.endpoint).client("hub", None, "dynamodb")


def fresh(kind: str, dynamodb: Any, name: str) -> Tables:
    if kind == "fake":
        return FakeTables()
    for table, keys in KEYS.items():
        dynamodb.create_table(
            TableName=f"{name}_{table}",
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "N" if k == "seq" else "S"} for k in keys],
            KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            BillingMode="PAY_PER_REQUEST",
        )
    return DynamoTables(dynamodb, f"{name}_ledger", f"{name}_dedup", f"{name}_state")


def after(state: State | None, row: Row) -> State:
    return project(state, row, None, DEFAULT_STAGES)


@pytest.mark.parametrize("kind", ["fake", "emulated"])
def test_rows_are_appended_and_read_back_as_written(kind: str, dynamodb: Any) -> None:
    """Guards: a type that DynamoDB turns into another, so that a row doesn't hash to its hash when read."""
    tables, state = fresh(kind, dynamodb, "append"), None
    for row in chain(3):
        before = head_of(state)
        state = after(state, row)
        assert tables.append(row, state, before) is Appended.COMMITTED
    tip = tables.tip(arn_of())
    assert tip.state == state
    assert tip.head == head_of(state) == Head(3, str(chain(3)[-1]["hash"]))
    if isinstance(tables, FakeTables):
        assert verify_chain(arn_of(), tables.rows(arn_of()), tip.head) == []


@pytest.mark.parametrize("kind", ["fake", "emulated"])
def test_a_version_that_was_never_seen_has_an_empty_tip(kind: str, dynamodb: Any) -> None:
    """Guards: the first event of a version fails."""
    tip = fresh(kind, dynamodb, "empty").tip(arn_of())
    assert (tip.state, tip.head) == (None, EMPTY)


@pytest.mark.parametrize("kind", ["fake", "emulated"])
def test_a_recorded_fact_is_a_duplicate_at_any_head(kind: str, dynamodb: Any) -> None:
    """Guards: a repeated event takes the next free row, since only its number is looked at."""
    tables = fresh(kind, dynamodb, "duplicate")
    first, second = chain(2)
    state = after(None, first)
    tables.append(first, state, EMPTY)
    assert tables.append(first, state, EMPTY) is Appended.DUPLICATE
    same_again = {**second, "contentid": first["contentid"]}
    assert tables.append(same_again, after(state, second), head_of(state)) is Appended.DUPLICATE
    assert tables.tip(arn_of()).head == head_of(state)


@pytest.mark.parametrize("kind", ["fake", "emulated"])
def test_the_second_writer_at_one_head_learns_that_it_moved(kind: str, dynamodb: Any) -> None:
    """Guards: two writers of one package; the second replaces the first one's row, or takes itself for a duplicate."""
    tables = fresh(kind, dynamodb, "race")
    first, second, other = *chain(2), {**chain(2)[1], "contentid": "ef" * 32}
    state = after(None, first)
    tables.append(first, state, EMPTY)
    tables.append(second, after(state, second), head_of(state))
    assert tables.append(other, after(state, other), head_of(state)) is Appended.HEAD_MOVED
    assert tables.append(other, after(None, other), EMPTY) is Appended.HEAD_MOVED
    assert tables.tip(arn_of()).head == Head(2, str(second["hash"]))


@pytest.mark.parametrize("kind", ["fake", "emulated"])
def test_a_refused_append_leaves_nothing_behind(kind: str, dynamodb: Any) -> None:
    """Guards: a marker without its row, so that the fact can never be recorded."""
    tables = fresh(kind, dynamodb, "atomic")
    first, second = chain(2)
    wrong_head = Head(7, "ab" * 32)
    assert tables.append(first, after(None, first), wrong_head) is Appended.HEAD_MOVED
    assert tables.append(first, after(None, first), EMPTY) is Appended.COMMITTED
    assert tables.append(second, after(after(None, first), second), Head(1, str(first["hash"]))) is Appended.COMMITTED
