"""Limits are checked for the whole installation before anything is registered."""

from __future__ import annotations

from dataclasses import replace

from blueprint.sizes import oversize
from tests.blueprint.samples import HUB, fleet, organisation


def test_the_example_and_a_large_organisation_fit() -> None:
    """Guards: refusing what AWS would take."""
    assert oversize(organisation()) == []
    assert oversize(fleet(1000)) == []
    assert oversize(organisation(spokes=())) == []


def test_without_an_organisation_the_number_that_fits_is_named_and_fits() -> None:
    """Guards: a refusal that leaves the reader to try numbers."""
    too_many = fleet(400, id=None)
    problems = [problem for problem in oversize(too_many) if "event bus policy" in problem]
    (fits,) = [int(word) for problem in problems for word in problem.split() if word.isdigit() and int(word) < 400]
    assert not [p for p in oversize(replace(too_many, spokes=too_many.spokes[:fits])) if "event bus" in p]
    assert [p for p in oversize(replace(too_many, spokes=too_many.spokes[: fits + 1])) if "event bus" in p]


def test_a_trust_policy_that_is_too_long_is_named_with_its_role() -> None:
    """Guards: a long list of approvers, refused by IAM after half of the hub is up."""
    first, *others = organisation().stages
    crowd = tuple(f"arn:aws:iam::{HUB}:role/Officer{number:03}" for number in range(60))
    problems = oversize(organisation(stages=(replace(first, approvers=crowd), *others)))
    assert len(problems) == 1
    assert "trust policy of role mlgov-hub-approver-dev" in problems[0]
    assert "2,048" in problems[0]
