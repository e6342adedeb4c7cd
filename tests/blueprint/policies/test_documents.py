"""What all policies share: determinism, forms, limits."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint.errors import PolicyTooLarge
from blueprint.limits import BUCKET_POLICY, BUS_POLICY, KEY_POLICY, Document, PolicyLimit, compact, stored_size
from blueprint.organisation import Organisation, Spoke
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.bus import governance_bus
from blueprint.policies.documents import both, camel, one_or_many
from blueprint.policies.keys import artifact_key, governance_key
from tests.blueprint.samples import HUB, KEY, as_list, fleet, organisation, stack_names, statements


def _bucket(of: Organisation) -> Document:
    return artifact_bucket(of, KEY)


def _bus(of: Organisation) -> Document:
    document = governance_bus(of)
    assert document is not None
    return document


LIMITED: list[tuple[PolicyLimit, Callable[[Organisation], Document]]] = [
    (BUCKET_POLICY, _bucket),
    (BUS_POLICY, _bus),
    (KEY_POLICY, artifact_key),
]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 1000))
def test_every_policy_fits_its_limit_at_every_size(size: int) -> None:
    """Guards: a fleet that outgrows a policy in the middle of an `up`."""
    for limit, build in LIMITED:
        document = build(fleet(size))
        assert stored_size(document) <= limit.characters


@settings(max_examples=30, deadline=None)
@given(st.lists(stack_names, min_size=1, max_size=40, unique=True), st.integers(0, 2**32))
def test_the_order_of_the_configuration_changes_nothing(stacks: list[str], seed: int) -> None:
    """Guards: a preview that shows changes because a dictionary was read in another order."""
    spokes = [
        Spoke(stack=stack, account=f"{700_000_000_000 + number}", stage=("dev", "test")[number % 2])
        for number, stack in enumerate(sorted(stacks))
    ]
    shuffled = spokes.copy()
    random.Random(seed).shuffle(shuffled)
    ordered = organisation(spokes=tuple(spokes))
    other = replace(ordered, spokes=tuple(sorted(shuffled, key=lambda spoke: spoke.stack)))
    for _, build in LIMITED:
        assert compact(build(ordered)) == compact(build(other))


@pytest.mark.parametrize("size", [2, 10, 60, 150, 400, 1000])
def test_no_policy_admits_a_foreign_account_or_everybody(size: int) -> None:
    """Guards: a principal that nobody configured; a `*` without the organisation as its bound."""
    of = fleet(size)
    known = {HUB, *(spoke.account for spoke in of.spokes)}
    for _, build in LIMITED:
        for found in statements(build(of)):
            if found["Effect"] == "Deny":
                continue
            if found["Principal"] == "*":
                condition = found["Condition"]
                assert condition["StringEquals"]["aws:PrincipalOrgID"] == of.id
                assert condition["StringNotEquals"]["aws:PrincipalAccount"] == HUB
                assert all(
                    arn.startswith("arn:aws:iam::*:role/mlgov-")
                    for arn in as_list(condition["ArnLike"]["aws:PrincipalArn"])
                )
            elif "AWS" in found["Principal"]:
                roots = as_list(found["Principal"]["AWS"])
                assert {root.split(":")[4] for root in roots} <= known
                assert all(root.endswith(":root") for root in roots)


def test_each_account_stands_once_among_the_principals_of_a_statement() -> None:
    """Guards: "Duplicate principal", which services refuse where accounts are equal."""
    twice = organisation(
        spokes=(Spoke(stack="a", account=HUB, stage="dev"), Spoke(stack="b", account=HUB, stage="dev"))
    )
    for _, build in LIMITED:
        for found in statements(build(twice)):
            principal = found["Principal"]
            if isinstance(principal, dict) and "AWS" in principal:
                listed = as_list(principal["AWS"])
                assert len(listed) == len(set(listed))


def test_without_an_organisation_a_fleet_that_doesn_t_fit_is_refused() -> None:
    """Guards: falling back to a policy that admits everybody."""
    with pytest.raises(PolicyTooLarge, match=r"event bus policy for 400 spokes .* 10,240 characters"):
        governance_bus(fleet(400, id=None))


def test_the_organisation_form_needs_names_that_tell_the_stage() -> None:
    """Guards: a wide form in which a production account is taken for a test account."""
    spokes = (*fleet(400).spokes, Spoke(stack="payments", account="8" * 12, stage="test"))
    with pytest.raises(PolicyTooLarge, match="stack payments isn't named test or test-…"):
        governance_bus(organisation(spokes=spokes))
    stages = (*organisation().stages, replace(organisation().stages[2], name="test-eu", lifecycle="Europe"))
    with pytest.raises(PolicyTooLarge, match="stage test begins another stage's name"):
        governance_bus(replace(fleet(400), stages=stages))


def test_every_statement_has_a_sid_of_its_own() -> None:
    """Guards: a refusal that can't name the statement; a Sid that the service refuses."""
    for of in (organisation(), fleet(60), fleet(1000)):
        for document in (artifact_bucket(of, KEY), governance_bus(of), artifact_key(of), governance_key(of)):
            assert document is not None
            sids = [found["Sid"] for found in statements(document)]
            assert len(set(sids)) == len(sids)
            assert all(sid.isalnum() and sid.isascii() for sid in sids)


def test_conditions_are_joined_and_never_replaced() -> None:
    """Guards: a second condition on the same key that hides the first."""
    assert both({"Bool": {"a": "true"}}, {"Bool": {"b": "true"}}) == {"Bool": {"a": "true", "b": "true"}}
    with pytest.raises(ValueError, match="given twice"):
        both({"Bool": {"a": "true"}}, {"Bool": {"a": "false"}})


def test_single_values_lose_their_brackets() -> None:
    """Guards: an endless diff with what AWS gives back."""
    assert one_or_many(["b", "a", "b"]) == ["a", "b"]
    assert one_or_many(["a"]) == "a"


@given(st.sets(stack_names, max_size=20))
def test_distinct_stacks_have_distinct_sids(stacks: set[str]) -> None:
    """Guards: two statements of one Sid (`a-1` and `a1`), which the service refuses."""
    assert len({camel("publish", stack) for stack in stacks}) == len(stacks)
    assert camel("publish", "dev-eu-1") == "PublishDevEuX1"
    assert camel("publish", "a-1") != camel("publish", "a1")
