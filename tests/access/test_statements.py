"""Statements: what must, may and can't stand in them, and what they cover."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import MalformedPolicy
from access.policies import Policy
from access.principals import PrincipalElement
from access.statements import PolicyKind
from tests.access.samples import BUCKET, OBJECT, ROOT, allow, allowed, deny, policy

IDENTITY, RESOURCE = PolicyKind.IDENTITY, PolicyKind.RESOURCE
ANYBODY = {"Principal": "*"}


def can(action: str, *statements: dict[str, Any], resource: str = OBJECT, context: Any = None) -> bool:
    """Whether an identity policy of these statements allows the action."""
    return allowed(action=action, resource=resource, context=context, identity_policies=[policy(*statements)])


@pytest.mark.parametrize(
    ("pattern", "action", "covered"),
    [
        ("s3:GetObject", "s3:getobject", True),
        ("S3:GETOBJECT", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObjectTagging", True),
        ("s3:*Object", "s3:PutObject", True),
        ("s3:?etObject", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectTagging", False),
        ("*", "iam:CreateUser", True),
        ("*:*", "iam:CreateUser", True),
        ("sqs:*", "s3:GetObject", False),
    ],
)
def test_actions_match_by_wildcard_whatever_their_case(pattern: str, action: str, covered: bool) -> None:
    """Guards: reference_policies_elements_action.html: prefix and action name are case-insensitive."""
    assert can(action, allow(pattern)) is covered


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "sqs:SendMessage", "iam:PassRole"])
LISTS = st.lists(
    st.sampled_from(["s3:*", "s3:Get*", "sqs:SendMessage", "*", "iam:*Role"]), min_size=1, max_size=3, unique=True
)
RESOURCES = st.lists(st.sampled_from(["*", BUCKET, f"{BUCKET}/*", OBJECT, "arn:aws:s3:::x*"]), min_size=1, max_size=3)


@given(ACTIONS, LISTS)
def test_not_action_is_the_complement_of_action(action: str, listed: list[str]) -> None:
    """Guards: a NotAction that allows what it lists."""
    negated = {"Effect": "Allow", "NotAction": listed, "Resource": "*"}
    assert can(action, allow(listed)) != can(action, negated)


@given(RESOURCES)
def test_not_resource_is_the_complement_of_resource(listed: list[str]) -> None:
    """Guards: a NotResource that covers what it lists."""
    negated = {"Effect": "Allow", "Action": "*", "NotResource": listed}
    assert can("s3:GetObject", allow("*", listed)) != can("s3:GetObject", negated)


def test_resources_match_case_sensitively_and_across_slashes() -> None:
    """Guards: a star that stops at a slash.

    reference_policies_elements_resource.html lists the keys that `bucket/*/test/*` does and doesn't match.
    """
    pattern = allow("s3:GetObject", f"{BUCKET}/*/test/*")
    for key in ("1/test/object.jpg", "1/2/test/3/object.jpg", "1///test///object.jpg", "/test/object.jpg", "1/test/"):
        assert can("s3:GetObject", pattern, resource=f"{BUCKET}/{key}"), key
    for key in ("1-test/object.jpg", "test/object.jpg", "1/2/test.jpg", "1/Test/object.jpg"):
        assert not can("s3:GetObject", pattern, resource=f"{BUCKET}/{key}"), key


def test_an_incomplete_arn_of_an_identity_policy_is_completed() -> None:
    """Guards: an Allow of AWS that allows nothing here.

    reference_policies_grammar.html: `arn:aws:sqs` is `arn:aws:sqs:*:*:*`; STS refuses it in a session policy.
    """
    queue = "arn:aws:sqs:eu-west-1:111122223333:q"
    assert can("sqs:SendMessage", allow("*", "arn:aws:sqs"), resource=queue)
    assert not can("sqs:SendMessage", allow("*", "arn:aws:sns"), resource=queue)
    with pytest.raises(MalformedPolicy, match="incomplete ARN"):
        Policy(policy(allow("*", "arn:aws:sqs")), PolicyKind.SESSION)


def test_a_resource_with_a_variable_follows_the_context() -> None:
    """Guards: the home-directory policy of reference_policies_variables.html; NotResource with an absent variable.

    "the resource that includes a policy variable with no value will not match any resource".
    """
    home = allow("s3:*", f"{BUCKET}/home/${{aws:username}}/*")
    inside = f"{BUCKET}/home/alice/x"
    assert can("s3:GetObject", home, resource=inside, context={"aws:username": "alice"})
    assert not can("s3:GetObject", home, resource=inside, context={"aws:username": "bob"})
    assert not can("s3:GetObject", home, resource=inside)
    elsewhere = {"Effect": "Allow", "Action": "*", "NotResource": f"{BUCKET}/home/${{aws:username}}/*"}
    assert can("s3:GetObject", elsewhere, resource=inside)


def test_an_older_version_or_none_takes_variables_literally() -> None:
    """Guards: variables in a policy without `"Version": "2012-10-17"`, which AWS reads as text."""
    statement = allow("s3:*", f"{BUCKET}/${{aws:username}}")
    for document in (policy(statement, version="2008-10-17"), {"Statement": statement}):
        kwargs: dict[str, Any] = {"context": {"aws:username": "alice"}, "identity_policies": [document]}
        assert not allowed(resource=f"{BUCKET}/alice", **kwargs)
        assert allowed(resource=f"{BUCKET}/${{aws:username}}", **kwargs)


BROKEN: list[tuple[PolicyKind, Any, str]] = [
    (IDENTITY, "x", "is not a policy document"),
    (IDENTITY, {"Version": "2012-10-17"}, "Statement is missing"),
    (IDENTITY, {"Statement": [], "Statements": []}, '"Statements" is no element of a policy'),
    (IDENTITY, {"Version": "2012-10-18", "Statement": []}, "Version: .*2012-10-18.* is unknown"),
    (IDENTITY, policy("Allow"), "statement 0: .* is not an object"),  # type: ignore[arg-type]  # the fault under test
    (IDENTITY, policy({"Action": "*", "Resource": "*"}), 'Effect must be "Allow" or "Deny", not null'),
    (IDENTITY, policy({**allow(), "Effect": "allow"}), 'not "allow"'),
    (IDENTITY, policy({"Effect": "Allow", "Resource": "*"}), "neither Action nor NotAction"),
    (IDENTITY, policy({"Effect": "Allow", "Action": "*"}), "neither Resource nor NotResource"),
    (IDENTITY, policy({**allow(), "NotAction": "*"}), "Action and NotAction exclude each other"),
    (IDENTITY, policy({**allow(), "NotResource": "*"}), "Resource and NotResource exclude each other"),
    (IDENTITY, policy(allow([])), "Action must be a string or a list of strings"),
    (IDENTITY, policy(allow("*", "")), "Resource must be a string or a list of strings"),
    (IDENTITY, policy(allow("GetObject")), 'Action "GetObject" is neither "\\*" nor <service>:<action>'),
    (IDENTITY, policy(allow("s3*:Get")), "neither"),
    (IDENTITY, policy(allow("*", "bucket")), 'Resource "bucket" is neither an ARN nor "\\*"'),
    (IDENTITY, policy({**allow(), "Actions": "*"}), '"Actions" is no element of a statement'),
    (IDENTITY, policy({**allow(), "Sid": 7}), "Sid 7 is not a string"),
    (IDENTITY, policy({**allow(), "Condition": "x"}), "Condition: .*not an object of operators"),
    (IDENTITY, policy({**allow(), "Condition": {"Bool": "true"}}), "Condition.Bool: .*not an object of condition keys"),
    (IDENTITY, policy({**allow(), "Condition": {"Bool": {"k": None}}}), "Condition.Bool.k: null must be"),
    (IDENTITY, policy({**allow(), "Condition": {"Boo": {"k": "true"}}}), '"Boo" is no condition operator'),
    (IDENTITY, policy({**allow(), **ANYBODY}), "Principal has no place in the identity policy"),
    (IDENTITY, policy({**allow(), "NotPrincipal": "*"}), "no place in the"),
    (IDENTITY, policy(allow(Sid="A"), deny(Sid="A")), 'the Sid "A" stands on several statements'),
    (PolicyKind.SCP, policy({**deny(), **ANYBODY}), "no place in the scp"),
    (PolicyKind.BOUNDARY, policy({**allow(), **ANYBODY}), "no place in the"),
    (RESOURCE, policy(allow()), "needs exactly one of Principal and NotPrincipal"),
    (RESOURCE, policy({**deny(), **ANYBODY, "NotPrincipal": "*"}), "exactly one of"),
    (RESOURCE, policy({**allow(), "NotPrincipal": "*"}), "NotPrincipal with Allow isn't supported"),
    (RESOURCE, policy({"Effect": "Allow", "Action": "*", **ANYBODY}), "neither Resource nor NotResource"),
    (PolicyKind.RCP, policy({**deny(), "Principal": {"AWS": ROOT}}), 'the Principal of an RCP must be "\\*"'),
    (PolicyKind.RCP, policy({**deny(), "NotPrincipal": {"AWS": ROOT}}), "can't hold NotPrincipal"),
    (PolicyKind.TRUST, policy({**allow("sts:AssumeRole"), **ANYBODY}), "has no Resource"),
    (
        PolicyKind.TRUST,
        policy({"Effect": "Deny", "Action": "*", "NotPrincipal": {"AWS": ROOT}}),
        "can't hold NotPrincipal",
    ),
]


@pytest.mark.parametrize(("kind", "document", "told"), BROKEN)
def test_a_malformed_policy_is_an_error_that_names_statement_and_fault(
    kind: PolicyKind, document: Any, told: str
) -> None:
    """Guards: a policy that AWS refuses, taken for one that says nothing."""
    with pytest.raises(MalformedPolicy, match=told):
        Policy(document, kind)


def test_a_statement_is_named_by_its_sid_else_by_its_place() -> None:
    """Guards: an error or reason that leaves the reader to count statements."""
    with pytest.raises(MalformedPolicy, match=r"statement 1 \(Second\): Effect"):
        Policy(policy(allow(), {"Sid": "Second", "Action": "*"}), IDENTITY)
    assert [one.name for one in Policy(policy(allow(), deny(Sid="No")), IDENTITY).statements] == ["0", "No"]


@pytest.mark.parametrize("missing", ["Action", "Resource"])
def test_a_key_policys_statement_without_action_or_resource_is_accepted_and_does_nothing(missing: str) -> None:
    """Guards: a key policy that AWS stores, refused; or worse, its statement taken to cover everything.

    docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html: "the policy statement has no effect".
    """
    statement = {**allow("kms:*"), **ANYBODY}
    del statement[missing]
    [compiled] = Policy(policy(statement), PolicyKind.KEY).statements
    assert compiled.inert
    assert not compiled.speaks_of("kms:decrypt")


def test_a_repository_policy_needs_no_resource() -> None:
    """Guards: ECR's own examples refused (AmazonECR/latest/userguide/repository-policy-examples.html)."""
    [statement] = Policy(
        policy({"Effect": "Allow", "Action": "ecr:BatchGetImage", **ANYBODY}), PolicyKind.RESOURCE_ITSELF
    ).statements
    assert statement.covers("arn:aws:ecr:eu-west-1:111122223333:repository/r", {})
    assert isinstance(statement.principal, PrincipalElement)
