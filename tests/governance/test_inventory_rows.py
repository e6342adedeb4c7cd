"""Rows of the endpoints' table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from governance.canonical import iso
from governance.inventory_rows import (
    MOST_FINDINGS,
    Workload,
    account_columns,
    evidence,
    is_account,
    shown_verdict,
    state_columns,
    tombstone_columns,
    unknown_columns,
    verdict_columns,
)
from governance.verdicts import Finding, Judgement, Verdict
from tests.governance.hosted import TEST, endpoint
from tests.governance.samples import arn_of, moment

FINDING = Finding(where="variant A", verdict=Verdict.UNAPPROVED, seen="version", ledger="nothing")
JUDGEMENT = Judgement(
    verdict=Verdict.UNAPPROVED, stage="Staging", findings=(FINDING,), variants=({"name": "A"},), packages=(arn_of(),)
)


def test_what_a_look_shows_is_ordered_among_the_endpoints_events() -> None:
    """Guards: an event that is late wins against what was seen since; or a look against a younger event."""
    columns = state_columns(endpoint("Credit", "one", modified=30), moment(40))
    assert columns == {
        "endpointname": "Credit", "endpointconfigname": "one", "status": "IN_SERVICE", "account": TEST,
        "region": "eu-west-1", "creationtime": iso(moment(20)), "lastmodifiedtime": iso(moment(30)), "deletedat": None,
        "lastseen": iso(moment(40)), "eventorder": f"{iso(moment(30))}#{iso(moment(40))}#IN_SERVICE",
    }  # fmt: skip
    assert tombstone_columns(moment(50))["eventorder"] > columns["eventorder"]  # type: ignore[operator]


def test_an_endpoint_that_is_being_deleted_is_a_tombstone() -> None:
    """Guards: rows of deleted endpoints that stay live (E4)."""
    assert state_columns(replace(endpoint(), status="DELETING"), moment(40))["deletedat"] == iso(moment(20))


def test_a_verdict_comes_with_evidence_and_versions_as_canonical_json() -> None:
    """Guards: parts that a query can't read, or texts that differ for equal things."""
    columns = verdict_columns(endpoint("Credit", "one"), JUDGEMENT, "test", moment(40))
    assert (columns["verdict"], columns["stage"], columns["stack"]) == ("unapproved", "Staging", "test")
    assert (columns["configname"], columns["walkedat"]) == ("one", iso(moment(40)))
    assert columns["modelpackagearns"] == json.dumps([arn_of()])
    assert json.loads(str(columns["evidence"])) == [FINDING.document()]
    assert columns["variants"] == '[{"name":"A"}]'


def test_doubt_leaves_what_served_as_it_was_seen() -> None:
    """Guards: an account that can't be read for an hour loses what was known to serve there."""
    assert set(unknown_columns("no", moment(1))) == {"verdict", "evidence", "walkedat", "schemaversion"}


def test_evidence_fits_an_item_and_says_what_it_left_out() -> None:
    """Guards: an endpoint with hundreds of components whose row DynamoDB refuses."""
    findings = tuple(replace(FINDING, where=f"component {n}") for n in range(MOST_FINDINGS + 5))
    documents = json.loads(evidence(findings))
    assert len(documents) == MOST_FINDINGS + 1
    assert documents[-1]["seen"] == "5 findings more, none of them worse"
    assert len(json.loads(evidence(findings[:MOST_FINDINGS]))) == MOST_FINDINGS


def test_an_accounts_row_says_what_was_walked_and_what_runs_there() -> None:
    """Guards: batch jobs that show nowhere; an account that can't be read and looks clean."""
    job = Workload(name="nightly", model="m", created=moment(5), judgement=JUDGEMENT)
    columns = account_columns(
        TEST, "test", "Staging", walk="w", started=moment(1), walked=moment(2), endpoints=3, workloads=[job]
    )
    assert (columns["verdict"], columns["endpoints"], columns["evidence"]) == (None, 3, "[]")
    [workload] = json.loads(str(columns["workloads"]))
    assert (workload["name"], workload["verdict"], workload["since"]) == ("nightly", "unapproved", iso(moment(5)))
    refused = account_columns(
        TEST, "test", None, walk="w", started=moment(1), walked=moment(2), endpoints=0, unreadable="AccessDenied"
    )
    assert refused["verdict"] == "unknown"
    assert is_account({"endpointarn": "account:1"})
    assert not is_account({"endpointarn": endpoint().arn})


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"verdict": "approved", "walkedat": iso(moment(9)), "lastmodifiedtime": iso(moment(8))}, Verdict.APPROVED),
        ({"verdict": "approved", "walkedat": iso(moment(8)), "lastmodifiedtime": iso(moment(8))}, Verdict.APPROVED),
        ({"verdict": "approved", "walkedat": iso(moment(7)), "lastmodifiedtime": iso(moment(8))}, Verdict.UNKNOWN),
        ({"verdict": "unapproved", "walkedat": iso(moment(9))}, Verdict.UNAPPROVED),
        ({"verdict": None}, Verdict.UNKNOWN),
        ({"lastmodifiedtime": iso(moment(8))}, Verdict.UNKNOWN),
    ],
)
def test_a_verdict_is_worth_nothing_once_the_endpoint_changed(row: dict[str, Any], verdict: Verdict) -> None:
    """Guards: an update that deploys another model under the verdict of the former one."""
    assert shown_verdict(row) is verdict
