"""A rehearsal that expects the wrong thing, or nothing, proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.scenario.attempts import Attempt, make
from rehearsal.scenario.expectations import PhaseFailed, Score


def refuse(code: str) -> Callable[[], Any]:
    def call() -> None:
        raise ClientError(
            {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"RequestId": "r-1"}},
            "Operation",
        )

    return call


def run(attempt: Attempt, layers: list[tuple[str, str, str]]) -> Score:
    score = Score()
    try:
        with score.phase("attempts"):
            make([attempt], score, lambda request: layers)
    except PhaseFailed:
        pass
    return score


DOUBLE = {"identity": "denied", "resource": "silent"}


def test_a_phase_with_a_failed_expectation_stops_the_run() -> None:
    """Guards against going on after a failure and ending green."""
    score = Score()

    def phase() -> None:
        with score.phase("one"):
            score.equal("two is three", 2, 3)
            score.expect("known although the first failed", False)

    with pytest.raises(PhaseFailed):
        phase()
    assert [each.claim for each in score.failures] == ["two is three", "known although the first failed"]


def test_a_forbidden_success_is_named() -> None:
    """Guards against a forbidden act that goes through unnoticed."""
    score = run(Attempt("the data scientist", "approve", lambda: None, DOUBLE), [])
    assert "FORBIDDEN, BUT SUCCEEDED: the data scientist could approve" in score.failures[0].detail


def test_a_layer_that_no_longer_refuses_is_named_though_another_still_does() -> None:
    """Guards against resting on one layer: the call is refused, the explicit Deny is gone."""
    layers = [("identity", "allowed", "statement Register"), ("resource", "silent", "")]
    score = run(Attempt("the data scientist", "approve", refuse("AccessDeniedException"), DOUBLE), layers)
    assert [each.claim for each in score.failures] == [
        "the data scientist can't approve: the identity side alone refuses (denied)"
    ]
    assert "statement Register" in score.failures[0].detail


def test_another_error_than_a_denial_is_no_refusal() -> None:
    """Guards against a typing error in the attempt that passes for a denial."""
    score = run(Attempt("the outsider", "read", refuse("ValidationException"), DOUBLE), [])
    assert len(score.failures) == 1


def test_a_refusal_by_all_layers_holds() -> None:
    """Guards against expectations that no deployment can meet."""
    layers = [("identity", "denied", "statement DenyApproval"), ("resource", "silent", "")]
    score = run(Attempt("the data scientist", "approve", refuse("AccessDenied"), DOUBLE), layers)
    assert not score.failures
    assert score.held == 3


def test_a_failed_precondition_is_the_service_s_refusal() -> None:
    """Guards against counting a missing policy as AWS's own refusal."""
    attempt = Attempt(
        "the data scientist", "overwrite", refuse("PreconditionFailed"), {"service": "PreconditionFailed"}
    )
    assert not run(attempt, []).failures
    assert run(Attempt("x", "y", refuse("AccessDenied"), {"service": "PreconditionFailed"}), []).failures
