"""Cases: every accepted form of every key, and every refusal."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, MalformedCase, decide
from access.policies import compile_policy
from access.statements import PolicyKind
from tests.access.samples import (
    ACCOUNT,
    EVERYTHING,
    ROOT,
    SERVICE,
    SESSION,
    allow,
    allowed,
    case,
    deny,
    judged,
    policy,
    trust,
)

NOTHING = policy(deny())


def test_absent_null_and_empty_mean_that_there_is_no_such_policy() -> None:
    """Guards: an empty list of boundaries that denies everything."""
    keys = (
        "permissions_boundary", "session_policy", "service_control_policies", "resource_control_policies",
        "resource_policy", "vpc_endpoint_policy", "grants", "role_trust", "management_account",
    )  # fmt: skip
    nulls: dict[str, Any] = dict.fromkeys(keys)
    empties: dict[str, Any] = {key: [] for key in keys if key != "management_account"}
    assert allowed(identity_policies=[EVERYTHING], **nulls)
    assert allowed(identity_policies=[EVERYTHING], **empties)
    assert not allowed(identity_policies=None)


@pytest.mark.parametrize("key", ["permissions_boundary", "session_policy", "resource_policy", "vpc_endpoint_policy"])
def test_a_single_document_may_stand_alone_named_or_in_a_list(key: str) -> None:
    """Guards: a document in a list, or with a name, that is taken for no document."""
    document = NOTHING if key in ("permissions_boundary", "session_policy") else policy({**deny(), "Principal": "*"})
    forms: list[Any] = [document, [document], {"name": "n", "policy": document}, [{"name": "n", "policy": document}]]
    for form in forms:
        policies: dict[str, Any] = {"identity_policies": [EVERYTHING], key: form}
        assert not allowed(**policies)


def test_reasons_call_policies_by_the_names_given() -> None:
    """Guards: "policy 3" in a reason where the caller knows the name."""
    named = [{"name": "reader/registry", "policy": policy(deny(Sid="No"))}, EVERYTHING]
    assert judged(identity_policies=named).by == "identity policy reader/registry statement No"
    assert judged(identity_policies=[EVERYTHING, NOTHING]).by == "identity policy 1 statement 0"
    assert judged(identity_policies=[NOTHING]).by == "identity policy statement 0"
    levels = [[EVERYTHING], [EVERYTHING, {"name": "guard", "policy": policy(deny(Sid="Region"))}]]
    assert (
        judged(identity_policies=[EVERYTHING], service_control_policies=levels).by
        == "scp level 1 guard statement Region"
    )


def test_several_session_or_resource_documents_are_a_union() -> None:
    """Guards: the session policies of one AssumeRole (inline and managed), or RAM's shares, intersected."""
    one, two = policy(allow("s3:GetObject")), policy(allow("s3:PutObject"))
    assert allowed(identity_policies=[EVERYTHING], session_policy=[one, two])
    shares = [policy({**statement, "Principal": "*"}) for statement in (allow("s3:Put*"), allow("s3:Get*"))]
    assert allowed(resource_policy=shares)


def test_a_trust_may_stand_as_the_resource_policy_of_the_role() -> None:
    """Guards: a role's trust given as what it is, "the resource-based policy" of a role, and not looked at."""
    role = f"arn:aws:iam::{ACCOUNT}:role/target"
    for key in ("role_trust", "resource_policy"):
        assert allowed(SESSION, "sts:AssumeRole", role, **{key: trust("*")})


def test_a_case_may_carry_remarks() -> None:
    """Guards: a list of cases that can't say what each is for."""
    assert Case.from_dict({**case(), "name": "n", "description": "d", "expected": "denied"}) == Case.from_dict(case())


BROKEN: list[tuple[Any, str]] = [
    ([], "case 7: \\[\\] is not an object with request and policies"),
    ({"identity_polices": []}, "identity_polices: unknown key; known are request, identity_policies"),
    ({"identity_policies": "x"}, 'identity_policies: .* is not JSON'),
    ({"identity_policies": 5}, "identity_policies: 5 is not a policy document"),
    ({"identity_policies": [None]}, r"identity_policies\[0\]: null is not a policy document"),
    ({"identity_policies": [EVERYTHING, policy({})]}, r"identity_policies\[1\]: statement 0: Effect"),
    ({"identity_policies": [{"name": 5, "policy": EVERYTHING}]}, r"identity_policies\[0\].name: 5 is not a string"),
    ({"identity_policies": [{"name": "n", "policy": EVERYTHING, "x": 1}]}, 'unknown key "x" beside name and policy'),
    ({"permissions_boundary": [EVERYTHING, EVERYTHING]}, "2 documents .* only one permissions boundary"),
    ({"role_trust": [trust("*"), trust("*")]}, "only one role trust"),
    ({"session_policy": policy({**allow(), "Principal": "*"})}, "session_policy: statement 0: Principal has no place"),
    ({"resource_policy": EVERYTHING}, "resource_policy: statement 0: .*exactly one of Principal"),
    ({"service_control_policies": EVERYTHING}, "service_control_policies: .* is not a list of levels"),
    ({"service_control_policies": [EVERYTHING]}, r"service_control_policies\[0\]: .* is not a level"),
    ({"service_control_policies": [[policy({})]]}, r"service_control_policies\[0\]\[0\]: statement 0"),
    ({"resource_control_policies": [[EVERYTHING]]}, r"resource_control_policies\[0\]\[0\]: statement 0"),
    ({"grants": {}}, "grants: {} is not a list of grants"),
    ({"grants": [{}]}, "grants: grant 0: neither GranteePrincipal"),
    ({"management_account": "hub"}, 'management_account: "hub" is not a string of 12 digits'),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), BROKEN)
def test_a_malformed_case_names_its_place_key_value_and_what_is_allowed(change: Any, told: str) -> None:
    """Guards: a misspelt key that silently means "no such policy", so that a Deny is not looked at."""
    data = {**case(), **change} if isinstance(change, dict) else change
    with pytest.raises(MalformedCase, match="^case 7: .*" + told.removeprefix("case 7: ")) as fault:
        Case.from_dict(data, 7)
    assert fault.value.index == 7


@pytest.mark.parametrize("key", ["identity_policies", "permissions_boundary", "session_policy"])
@pytest.mark.parametrize("principal", [SERVICE, "*"])
def test_what_can_have_no_policies_is_given_none(key: str, principal: str) -> None:
    """Guards: a service judged by a role's policies, which were never attached to it."""
    with pytest.raises(MalformedCase, match=f"{key}: .* is no user or role"):
        Case.from_dict({**case(principal), key: [EVERYTHING]})


def test_compiled_policies_are_taken_as_they_are() -> None:
    """Guards: callers that compile once and decide often."""
    compiled = compile_policy(EVERYTHING, PolicyKind.IDENTITY)
    read = Case.from_dict(case(identity_policies=[compiled]))
    assert read.identity_policies[0].policy is compiled
    assert decide(read).allowed


def test_a_root_user_is_a_principal_of_its_account_without_identity_policies() -> None:
    """Guards: the root user refused for having nothing attached."""
    assert allowed(ROOT)
