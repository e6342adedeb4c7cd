"""Rows that the first release wrote, frozen in data/ledger-schema-1.json: they verify, project and are extended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from governance.events import PackageEvent, parse_event
from governance.facts import facts_of
from governance.ledger import Row, seal, verify_chain, verify_dedup
from governance.stages import DEFAULT_STAGES
from governance.state import head_of, known_values, project, verify_state
from tests.governance.samples import arn_of, envelope, iso, moment, package_detail, stage

TABLES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "data" / "ledger-schema-1.json").read_text(encoding="utf-8")
)
ARNS = (arn_of(1), arn_of(2))


def rows_of(arn: str) -> list[Row]:
    return sorted(
        (row for row in TABLES["modelgovernanceledger"] if row["modelpackagearn"] == arn), key=lambda row: row["seq"]
    )


def state_of(arn: str) -> dict[str, Any]:
    [state] = [state for state in TABLES["modelpackagestatechanges"] if state["modelpackagearn"] == arn]
    return state


@pytest.mark.parametrize("arn", ARNS)
def test_old_rows_are_sound_and_explain_their_state_row(arn: str) -> None:
    """Guards: a new release that calls everything that the one before wrote forged, or shows another state for it."""
    rows, state = rows_of(arn), state_of(arn)
    items = {item["contentid"]: item for item in TABLES["modelgovernancededup"]}
    assert {row["schemaversion"] for row in rows} == {1}
    assert verify_chain(arn, rows, head_of(state)) == []
    assert verify_dedup(arn, rows, items) == []
    assert verify_state(arn, rows, state) == []


def test_a_changed_old_row_is_named() -> None:
    """Guards: rows of the old schema that pass unread."""
    rows = [dict(row) for row in rows_of(ARNS[0])]
    rows[1]["actor"] = "somebody"
    assert [finding.seq for finding in verify_chain(ARNS[0], rows, head_of(state_of(ARNS[0])))] == [2]


def test_a_chain_of_old_rows_goes_on_with_new_ones() -> None:
    """Guards: a version of the old schema that can be extended by no new row, or whose state then explains nothing."""
    rows, state = rows_of(ARNS[0]), state_of(ARNS[0])
    detail = package_detail(modified=iso(moment(90)), changed=("ModelLifeCycle",), lifecycle=stage("Production"))
    event = parse_event(envelope(detail, event_id="new"))
    assert isinstance(event, PackageEvent)
    [fact] = facts_of(event, None, known_values(state), DEFAULT_STAGES)
    new = seal(fact, head_of(state), seen=moment(91), came_from=None, late=False)
    assert new["schemaversion"] == 2
    after = project(state, new, None)
    assert verify_chain(ARNS[0], [*rows, new], head_of(after)) == []
    assert verify_state(ARNS[0], [*rows, new], after) == []


@pytest.mark.parametrize("name", ["witness", "clock"])
def test_a_new_row_lacks_nothing_that_its_schema_demands(name: str) -> None:
    """Guards: an attribute of the new schema that is cut off a row, with a hash made to fit."""
    rows, state = rows_of(ARNS[0]), state_of(ARNS[0])
    event = parse_event(envelope(package_detail(modified=iso(moment(90)), changed=("SourceUri",)), event_id="new"))
    assert isinstance(event, PackageEvent)
    [fact] = facts_of(event, None, {}, DEFAULT_STAGES)
    new = seal(fact, head_of(state), seen=moment(91), came_from=None, late=False)
    del new[name]
    [finding, *_] = verify_chain(ARNS[0], [*rows, new], head_of(state))
    assert (finding.seq, finding.problem) == (len(rows) + 1, f"lacks {name}")
