"""Requests: what is read, what is derived, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, MalformedCase
from access.request import Request
from tests.access.samples import (
    ACCOUNT,
    FEDERATED,
    KEY,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    THIRD,
    USER,
    allow,
    allowed,
    case,
    policy,
)

QUEUE = f"arn:aws:sqs:eu-west-1:{OTHER}:q"


def request(*arguments: Any, **elements: Any) -> Request:
    return Case.from_dict(case(*arguments, **elements)).request


@pytest.mark.parametrize(
    ("principal", "derived"),
    [
        (SESSION, {"aws:principalarn": ROLE, "aws:principalaccount": ACCOUNT, "aws:principaltype": "AssumedRole"}),
        (ROLE, {"aws:principalarn": ROLE, "aws:principalaccount": ACCOUNT, "aws:principaltype": "AssumedRole"}),
        (
            USER,
            {
                "aws:principalarn": USER,
                "aws:principalaccount": ACCOUNT,
                "aws:principaltype": "User",
                "aws:username": "alice",
            },
        ),
        (ROOT, {"aws:principalarn": ROOT, "aws:principalaccount": ACCOUNT, "aws:principaltype": "Account"}),
        (
            FEDERATED,
            {"aws:principalarn": FEDERATED, "aws:principalaccount": ACCOUNT, "aws:principaltype": "FederatedUser"},
        ),
        (SERVICE, {"aws:principalservicename": SERVICE}),
        ("*", {"aws:principaltype": "Anonymous"}),
    ],
)
def test_the_keys_of_the_principal_are_derived(principal: str, derived: dict[str, str]) -> None:
    """Guards: a condition on who asks that never holds because the case didn't say it twice.

    reference_policies_variables.html#principaltable; reference_policies_condition-keys.html.
    """
    own = {"aws:principalisawsservice": "true" if principal == SERVICE else "false", "aws:resourceaccount": ACCOUNT}
    assert request(principal).context == derived | own


def test_what_the_context_says_is_not_derived_again() -> None:
    """Guards: a role with a path overwritten by the ARN that its session shows."""
    pathed = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
    found = request(context={"aws:PrincipalArn": pathed, "AWS:PrincipalAccount": THIRD})
    assert found.context["aws:principalarn"] == pathed
    assert found.context["aws:principalaccount"] == THIRD
    assert found.principal.role_arn == pathed


@pytest.mark.parametrize(
    ("resource", "given", "context", "owner"),
    [
        (OBJECT, OTHER, {}, OTHER),
        (OBJECT, None, {}, ACCOUNT),
        (OBJECT, None, {"aws:ResourceAccount": THIRD}, THIRD),
        (QUEUE, None, {}, OTHER),
        (QUEUE, OTHER, {}, OTHER),
        (QUEUE, None, {"aws:ResourceAccount": THIRD}, OTHER),
        ("*", None, {}, ACCOUNT),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", None, {}, ACCOUNT),
    ],
)
def test_the_owner_is_as_given_else_in_the_arn_else_in_the_context_else_the_caller(
    resource: str, given: str | None, context: dict[str, str], owner: str
) -> None:
    """Guards: a bucket, whose ARN names no account, judged as somebody else's or as nobody's."""
    assert request(SESSION, "s3:GetObject", resource, given, context).resource_account == owner


def test_values_are_strings_and_lists_are_multivalued() -> None:
    """Guards: True compared as "True", a number that no condition can read."""
    found = request(context={"a": True, "b": 10, "c": 1.5, "d": ["x", False, 2], "e": None, "f": ()})
    assert {key: found.context.get(key) for key in "abcdef"} == {
        "a": "true",
        "b": "10",
        "c": "1.5",
        "d": ("x", "false", "2"),
        "e": None,
        "f": (),
    }


def test_the_encryption_context_keeps_its_case() -> None:
    """Guards: a grant's constraint, which is case-sensitive, compared in lower case."""
    found = request(
        SESSION,
        "kms:Decrypt",
        KEY,
        context={"kms:EncryptionContext:Department": "IT", "kms:encryptionContext:department": "it"},
    )
    assert found.encryption_context == {"Department": "IT", "department": "it"}


BROKEN = [
    ({"principal": None}, "request.principal: null is not a string"),
    ({"principal": "alice"}, 'request.principal: "alice" is no principal; allowed: arn:aws:iam::<12 digits>:root'),
    ({"action": ""}, "request.action: "),
    ({"action": "GetObject"}, 'request.action: "GetObject" is not <service>:<action>, such as s3:GetObject'),
    ({"action": "s3:*"}, "request.action"),
    ({"resource": "bucket"}, 'request.resource: "bucket" is neither a whole ARN nor "\\*"'),
    ({"resource": "arn:aws:s3"}, "neither a whole ARN"),
    ({"resource": ["*"]}, "request.resource: .* is not a string"),
    ({"resource_account": 111122223333}, "request.resource_account: 111122223333 is not a string of 12 digits"),
    ({"resource_account": "1"}, "not a string of 12 digits"),
    ({"resource": QUEUE, "resource_account": ACCOUNT}, f"{ACCOUNT} contradicts the account {OTHER}"),
    ({"context": []}, "request.context: \\[\\] is not an object of condition keys"),
    ({"context": {"k": {}}}, "request.context.k: {} is neither a string, number or boolean"),
    ({"context": {"k": [["x"]]}}, "request.context.k"),
    ({"context": {"aws:SourceIp": "a", "aws:sourceip": "b"}}, "stands twice"),
    ({"canonical_user": 5}, "request.canonical_user: 5 is not a string"),
    ({"action": "kms:Decrypt", "resource": "*"}, "is no key's ARN; KMS authorises kms:Decrypt on the key"),
    ({"action": "kms:Decrypt", "resource": KEY.replace("key/", "alias/")}, "is no key's ARN"),
    ({"action": "sts:AssumeRole", "resource": "*"}, "is no role's ARN; sts:AssumeRole is authorised on the role"),
    ({"resources": "*"}, "request.resources: unknown key; known are principal, action"),
]


@pytest.mark.parametrize(("change", "told"), BROKEN)
def test_a_malformed_request_names_key_value_and_allowed_form(change: dict[str, Any], told: str) -> None:
    """Guards: a faulty question answered with "denied"."""
    data = case()
    data["request"] |= change
    with pytest.raises(MalformedCase, match=told):
        Case.from_dict(data)


@pytest.mark.parametrize("key", ["principal", "action", "resource"])
def test_a_missing_key_is_named(key: str) -> None:
    """Guards: a KeyError in place of a message."""
    data = case()
    del data["request"][key]
    with pytest.raises(MalformedCase, match=f"request.{key}: missing"):
        Case.from_dict(data)


def test_a_request_that_is_none_is_told_so() -> None:
    """Guards: a traceback on a list or a missing request."""
    broken: Any
    for broken in ({"request": []}, {"request": None}, {}):
        with pytest.raises(MalformedCase, match="request: "):
            Case.from_dict(broken)


def test_policy_conditions_see_the_derived_keys() -> None:
    """Guards: the hub's way of admitting a role: account principal and ArnLike aws:PrincipalArn, nothing in context."""
    condition = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/read*"}}
    assert allowed(identity_policies=[policy(allow(Condition=condition))])
    assert not allowed(USER, identity_policies=[policy(allow(Condition=condition))])
