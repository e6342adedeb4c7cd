"""Who a request's principal is, and whom Principal and NotPrincipal elements name."""

from __future__ import annotations

from typing import Any

import pytest

from access.errors import MalformedPolicy
from access.principals import Caller, Kind, PrincipalElement, Reach, caller
from tests.access.samples import (
    ACCOUNT,
    EVERYTHING,
    FEDERATED,
    OTHER,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    STRANGER,
    USER,
    allow,
    allowed,
    aws,
    deny,
    policy,
)  # fmt: skip

PATHED = f"arn:aws:iam::{ACCOUNT}:role/team/a/reader"
CANONICAL = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


def who(text: str, principal_arn: str | None = None, canonical: str | None = None) -> Caller:
    found = caller(text, principal_arn=principal_arn, canonical=canonical)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "kind", "account", "principal_arn"),
    [
        (ROOT, Kind.ROOT, ACCOUNT, ROOT),
        (USER, Kind.USER, ACCOUNT, USER),
        (ROLE, Kind.ROLE, ACCOUNT, ROLE),
        (SESSION, Kind.SESSION, ACCOUNT, ROLE),
        (FEDERATED, Kind.FEDERATED_USER, ACCOUNT, FEDERATED),
        (SERVICE, Kind.SERVICE, "", None),
        ("s3.ap-east-1.amazonaws.com", Kind.SERVICE, "", None),
        (OIDC, Kind.FEDERATED, "", None),
        ("accounts.google.com", Kind.FEDERATED, "", None),
        ("*", Kind.ANONYMOUS, "", None),
        ("anonymous", Kind.ANONYMOUS, "", None),
    ],
)
def test_every_form_of_principal_is_told_apart(text: str, kind: Kind, account: str, principal_arn: str | None) -> None:
    """Guards: a session judged as its ARN where AWS judges its role (aws:PrincipalArn)."""
    found = who(text)
    assert (found.kind, found.account, found.principal_arn) == (kind, account, principal_arn)


@pytest.mark.parametrize(
    "text",
    [
        "", "alice", "111122223333", "arn:aws:iam::1:user/a", f"arn:aws:iam::{ACCOUNT}:user/",
        f"arn:aws:sts::{ACCOUNT}:user/a", f"arn:aws:iam::{ACCOUNT}:assumed-role/a/b",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/a", f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b/c",
        f"arn:aws:iam::{ACCOUNT}:group/a", f"arn:aws:iam::{ACCOUNT}:rooted", "amazonaws.com", "arn:aws:s3:::bucket",
    ],
)  # fmt: skip
def test_what_is_no_principal_is_told_so(text: str) -> None:
    """Guards: a typing error in a case judged as somebody without rights: "denied" for the wrong reason."""
    assert caller(text) is None


def test_a_session_takes_its_role_with_the_path_that_the_context_tells() -> None:
    """Guards: a role with a path that no Principal element ever names, since a session's ARN has no path."""
    assert who(SESSION, PATHED).role_arn == PATHED
    assert who(SESSION, f"arn:aws:iam::{OTHER}:role/team/reader").role_arn == ROLE
    assert who(SESSION, f"arn:aws:iam::{ACCOUNT}:role/team/other").role_arn == ROLE


@pytest.mark.parametrize(
    ("element", "principal", "reach"),
    [
        ("*", "*", Reach.DIRECT),
        ("*", SERVICE, Reach.DIRECT),
        ({"AWS": "*"}, STRANGER, Reach.DIRECT),
        (aws(ACCOUNT), SESSION, Reach.ACCOUNT),
        (aws(ROOT), SESSION, Reach.ACCOUNT),
        (aws(ROOT), USER, Reach.ACCOUNT),
        (aws(ROOT), ROOT, Reach.DIRECT),
        (aws(ACCOUNT), ROOT, Reach.DIRECT),
        (aws(ROOT), STRANGER, Reach.NONE),
        (aws(ROLE), SESSION, Reach.ROLE),
        (aws(ROLE), ROLE, Reach.ROLE),
        (aws(SESSION), SESSION, Reach.DIRECT),
        (aws(SESSION), ROLE, Reach.NONE),
        (aws(ROOT, ROLE, SESSION), SESSION, Reach.DIRECT),
        (aws(ROOT, ROLE), SESSION, Reach.ROLE),
        (aws(USER), USER, Reach.DIRECT),
        (aws(USER.replace("alice", "Alice")), USER, Reach.NONE),
        (aws(FEDERATED), FEDERATED, Reach.DIRECT),
        (aws("AROAIOSFODNN7EXAMPLEID"), SESSION, Reach.NONE),
        ({"Service": SERVICE}, SERVICE, Reach.DIRECT),
        ({"Service": [SERVICE, "sns.amazonaws.com"]}, "sns.amazonaws.com", Reach.DIRECT),
        ({"Service": "s3.amazonaws.com"}, "s3.ap-east-1.amazonaws.com", Reach.NONE),
        (aws(ROOT), SERVICE, Reach.NONE),
        ({"Federated": OIDC}, OIDC, Reach.DIRECT),
        ({"Federated": "accounts.google.com"}, "graph.facebook.com", Reach.NONE),
        ({"Federated": OIDC, "AWS": ROOT}, SESSION, Reach.ACCOUNT),
        (aws(ROOT), "*", Reach.NONE),
    ],
)
def test_a_principal_element_names_its_own_and_no_other(element: Any, principal: str, reach: Reach) -> None:
    """Guards: a principal named more or less closely than reference_policies_elements_principal.html says."""
    assert PrincipalElement(element, "Principal").reach(who(principal)) is reach


def test_a_canonical_user_is_the_account_that_the_case_says_it_is() -> None:
    """Guards: an S3 policy by canonical user id that admits nobody."""
    element = PrincipalElement({"CanonicalUser": CANONICAL}, "Principal")
    assert element.reach(who(USER, canonical=CANONICAL)) is Reach.ACCOUNT
    assert element.reach(who(USER)) is Reach.NONE


@pytest.mark.parametrize(
    ("element", "told"),
    [
        (aws(f"arn:aws:iam::{ACCOUNT}:role/*"), "wildcard can't stand for a part"),
        (aws("reader"), "is no AWS principal"),
        (aws("11112222333"), "is no AWS principal"),
        ({"Service": "*"}, "is no Service principal"),
        ({"Service": "events"}, "is no Service principal"),
        ({"Federated": "okta"}, "is no Federated principal"),
        ({"CanonicalUser": "alice"}, "is no CanonicalUser principal"),
        ({"Aws": ROOT}, "is no kind of principal; known are AWS"),
        (ROOT, 'neither "\\*" nor a map'),
        ({}, "neither"),
        ({"AWS": []}, "neither a string nor a list of strings"),
        ({"AWS": 111122223333}, "neither a string nor a list of strings"),
    ],
)
def test_a_principal_that_could_never_match_is_an_error(element: Any, told: str) -> None:
    """Guards: a wildcard in a principal's ARN, which AWS refuses and a lenient matcher would treat as text."""
    with pytest.raises(MalformedPolicy, match=f"Principal.*: .*{told}"):
        PrincipalElement(element, "Principal")


@pytest.mark.parametrize(
    ("named", "principal", "excepted"),
    [
        ([ROOT, USER], USER, True),
        ([USER], USER, False),
        ([ROOT], USER, False),
        ([ROOT], ROOT, True),
        ([ROOT, ROLE], SESSION, True),
        ([ROOT, ROLE, SESSION], SESSION, True),
        ([ROLE], SESSION, False),
        ([ROOT, SESSION], SESSION, False),
        ([ROOT, ROLE], USER, False),
        (["*"], USER, True),
    ],
)
def test_not_principal_excepts_who_is_named_with_the_account(named: list[str], principal: str, excepted: bool) -> None:
    """Guards: an exception that AWS doesn't make.

    reference_policies_elements_notprincipal.html: "you must also specify the account ARN of the not-denied
    principal"; "include both the ARN for a role and the ARN for the account containing that role".
    """
    bucket = policy({**deny(), "NotPrincipal": aws(*named)})
    assert allowed(principal, identity_policies=[EVERYTHING], resource_policy=bucket) is excepted


def test_not_principal_never_excepts_who_has_a_permissions_boundary() -> None:
    """Guards: access that AWS takes away.

    reference_policies_elements_notprincipal.html: it "will always deny any IAM principal that has a permissions
    boundary policy attached, regardless of the values".
    """
    bucket = policy({**deny(), "NotPrincipal": aws(ROOT, USER)})
    assert allowed(USER, identity_policies=[EVERYTHING], resource_policy=bucket)
    assert not allowed(USER, identity_policies=[EVERYTHING], resource_policy=bucket, permissions_boundary=EVERYTHING)


def test_not_principal_excepts_a_service_by_its_name() -> None:
    """Guards: a service locked out by the policy that excepts it."""
    bucket = policy(
        {**allow("s3:PutObject"), "Principal": {"Service": ["logging.s3.amazonaws.com", SERVICE]}},
        {**deny("s3:PutObject"), "NotPrincipal": {"Service": "logging.s3.amazonaws.com"}},
    )
    assert allowed("logging.s3.amazonaws.com", "s3:PutObject", resource_policy=bucket)
    assert not allowed(SERVICE, "s3:PutObject", resource_policy=bucket)


def test_the_advised_form_instead_of_not_principal_does_the_same() -> None:
    """Guards: the Deny with ArnNotEquals on aws:PrincipalArn, of the same page, denying its own exception."""
    bucket = policy(
        {**deny("s3:*"), "Principal": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}},
    )
    assert allowed(SESSION, identity_policies=[EVERYTHING], resource_policy=bucket)
    assert not allowed(USER, identity_policies=[EVERYTHING], resource_policy=bucket)
