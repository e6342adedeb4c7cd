"""The state row: the same in whatever order its rows were written; what it admits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import SettingError
from governance.ledger import EMPTY, Head, Row
from governance.stages import DEFAULT_STAGES, Stages
from governance.state import COLUMNS, State, approved_artifact, head_of, holds, known_values, project, verify_state
from tests.governance.samples import ARTIFACT_URL, SHA256, arn_of
from tests.governance.test_ledger import chain

ORDER_DEPENDENT = {"ledgerseq", "ledgerhash", "modelaudittimestamp"}


def fold(rows: list[Row]) -> State:
    state: State | None = None
    for row in rows:
        state = project(state, row, {})
    assert state is not None
    return state


def approved(**more: Any) -> dict[str, Any]:
    """A state row that holds Staging."""
    stages = (
        '{"Staging":{"status":"Approved","kind":"stage","order":"x",'
        f'"approved":{{"order":"x","url":"{ARTIFACT_URL}","sha256":"{SHA256}"}}}}}}'
    )
    return {"modelapprovalstatus": "Approved", "approvalkind": "approval", "stages": stages, "deletedat": None} | more


@given(st.permutations(range(6)))
def test_the_state_does_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    """Guards: two regions, or a replay after an outage, show two truths."""
    rows = chain(6)
    one, other = fold(rows), fold([rows[index] for index in order])
    assert {n: v for n, v in one.items() if n not in ORDER_DEPENDENT} == {
        n: v for n, v in other.items() if n not in ORDER_DEPENDENT
    }


def test_a_state_row_has_all_columns_in_lower_case() -> None:
    """Guards: a column that exists in some rows only, which a query engine infers away."""
    state = fold(chain(2))
    assert tuple(state) == COLUMNS
    assert all(name == name.lower() for name in COLUMNS)


def test_a_registration_counts_as_older_than_a_decision_of_the_same_moment() -> None:
    """Guards: a decision in the second of the registration loses against what was registered."""
    registered, decided = chain(2)
    decided = {**decided, "happenedat": registered["happenedat"]}
    assert fold([decided, registered])["modelapprovalstatus"] == "Rejected"
    assert fold([registered, decided])["modelapprovalstatus"] == "Rejected"


def test_a_version_holds_a_stage_only_by_recorded_decisions() -> None:
    """Guards: what a version was registered with passes as an approval."""
    assert holds(approved(), "Staging")
    assert not holds(approved(approvalkind="registration"), "Staging")
    assert not holds(
        approved(stages=approved()["stages"].replace('"kind":"stage"', '"kind":"registration"')), "Staging"
    )


@pytest.mark.parametrize(
    ("more", "stage"),
    [
        ({}, "Production"),
        ({"modelapprovalstatus": "Rejected"}, "Staging"),
        ({"modelapprovalstatus": "approved"}, "Staging"),
        ({"deletedat": "2026-03-01T09:00:00.000Z"}, "Staging"),
        ({"stages": None}, "Staging"),
    ],
)
def test_anything_less_than_both_approvals_holds_nothing(more: dict[str, Any], stage: str) -> None:
    """Guards: a rejected, deleted or half approved version is admitted."""
    assert not holds(approved(**more), stage)
    assert not holds(None, stage)


def test_the_artifact_of_an_approval_is_the_one_that_was_shown() -> None:
    """Guards: whatever the version points at now counts as approved."""
    assert approved_artifact(approved(), "Staging") == (ARTIFACT_URL, SHA256)
    assert approved_artifact(approved(), "Production") is None


def test_an_unseen_version_is_known_by_nothing() -> None:
    """Guards: the first event of a version is compared with an invented past."""
    assert (head_of(None), known_values(None)) == (EMPTY, {})
    state = fold(chain(2))
    assert head_of(state) == Head(2, str(chain(2)[1]["hash"]))
    assert known_values(state)["ModelApprovalStatus"] == "Rejected"


def test_a_state_that_its_rows_do_not_explain_is_named_by_column() -> None:
    """Guards: an approval typed into the state row by hand."""
    rows = chain(2)
    state = {**fold(rows), "modelapprovalstatus": "Approved"}
    assert [finding.problem for finding in verify_state(arn_of(), rows, state)] == [
        "state column modelapprovalstatus is 'Approved', the ledger's rows make it 'Rejected'"
    ]


def test_an_unknown_stack_stage_is_refused_with_the_known_ones() -> None:
    """Guards: a decision on a stage that doesn't exist."""
    with pytest.raises(SettingError, match="known: dev, test, prod"):
        DEFAULT_STAGES.of_stack("staging")
    assert Stages.parse('[{"stage": "qa", "lifecycle": "QA"}]').first.lifecycle == "QA"
