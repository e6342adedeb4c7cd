"""KMS grants: grantee, operations, key and constraints.

docs.aws.amazon.com/kms/latest/developerguide/grants.html and create-grant-overview.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, MalformedCase
from tests.access.samples import (
    ACCOUNT,
    KEY,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    STRANGER,
    USER,
    allow,
    allowed,
    case,
    deny,
    judged,
    policy,
)

KEY_POLICY = policy({**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/admin"}})
IT = {"kms:EncryptionContext:Department": "IT"}
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/ExampleTable"


def grant(grantee: str = ROLE, *operations: str, **members: Any) -> dict[str, Any]:
    return {"GranteePrincipal": grantee, "Operations": list(operations) or ["Decrypt"], **members}


def granted(
    *grants: dict[str, Any], principal: str = SESSION, action: str = "kms:Decrypt", key: str = KEY, **more: Any
) -> bool:
    more.setdefault("resource_policy", KEY_POLICY)
    return allowed(principal, action, key, None, more.pop("context", {}), grants=list(grants), **more)


def test_a_grant_gives_its_operations_to_its_grantee_and_nothing_else() -> None:
    """Guards: a grant that gives every operation, or gives them to everybody."""
    assert granted(grant())
    assert not granted(grant(), action="kms:Encrypt")
    assert not granted(grant(), principal=USER)
    assert not granted()
    assert granted(grant(), grant(USER), principal=USER)


def test_a_grant_is_for_one_key() -> None:
    """Guards: a grant of another key that opens this one."""
    assert granted(grant(KeyId=KEY))
    assert granted(grant(KeyId=KEY.rsplit("/", 1)[1]))
    assert not granted(grant(KeyId=KEY[:-1] + "0"))


def test_a_grant_allows_but_never_overrides_a_deny() -> None:
    """Guards: "A grant can allow access to a KMS key, but not deny access": a Deny elsewhere still denies."""
    assert not granted(grant(), identity_policies=[policy(deny("kms:Decrypt"))])
    assert not granted(grant(), resource_policy=policy({**deny("kms:*"), "Principal": "*"}))
    assert not granted(grant(), service_control_policies=[[policy(allow("s3:*"))]])


@pytest.mark.parametrize(
    ("constraint", "context", "holds"),
    [
        ("EncryptionContextEquals", IT, True),
        ("EncryptionContextEquals", {**IT, "kms:EncryptionContext:Purpose": "Test"}, False),
        ("EncryptionContextEquals", {"kms:EncryptionContext:Department": "it"}, False),
        ("EncryptionContextEquals", {"kms:EncryptionContext:department": "IT"}, False),
        ("EncryptionContextEquals", {}, False),
        ("EncryptionContextSubset", IT, True),
        ("EncryptionContextSubset", {**IT, "kms:EncryptionContext:Purpose": "Test"}, True),
        ("EncryptionContextSubset", {"kms:EncryptionContext:Purpose": "Test"}, False),
        ("EncryptionContextSubset", {}, False),
    ],
)
def test_encryption_context_constraints_are_exact(constraint: str, context: dict[str, str], holds: bool) -> None:
    """Guards: the page's examples (Department=IT, Purpose=Test); case-sensitivity of keys and values."""
    assert granted(grant(Constraints={constraint: {"Department": "IT"}}), context=context) is holds


def test_encryption_context_constraints_are_ignored_for_describe_key_and_retire_grant() -> None:
    """Guards: "The encryption context constraint is ignored for DescribeKey and RetireGrant operations"."""
    constrained = grant(ROLE, "DescribeKey", "RetireGrant", Constraints={"EncryptionContextEquals": {"a": "b"}})
    assert granted(constrained, action="kms:DescribeKey")
    assert granted(constrained, action="kms:RetireGrant")


def test_a_service_is_bound_to_the_source_arn_of_the_grant() -> None:
    """Guards: a service that uses the key for another table (the page's DynamoDB example)."""
    service = {
        "GranteeServicePrincipal": "dynamodb.amazonaws.com",
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": {"SourceArn": TABLE},
        "RetiringServicePrincipal": "dynamodb.amazonaws.com",
    }
    principal = "dynamodb.amazonaws.com"
    assert granted(service, principal=principal, context={"aws:SourceArn": TABLE})
    assert not granted(service, principal=principal, context={"aws:SourceArn": TABLE + "2"})
    assert not granted(service, principal=principal)
    assert not granted(service, principal="s3.amazonaws.com", context={"aws:SourceArn": TABLE})


def test_a_source_arn_is_looked_at_only_where_a_service_asks() -> None:
    """Guards: "only evaluated when the request is made by an AWS service"."""
    constrained = grant(Constraints={"SourceArn": TABLE})
    assert granted(constrained)
    assert not granted(constrained, context={"aws:SourceArn": TABLE + "2"})


def test_the_retiring_principal_may_retire() -> None:
    """Guards: a grant that its retiring principal can't end (kms/latest/developerguide/grant-delete.html)."""
    assert granted(grant(RetiringPrincipal=USER), principal=USER, action="kms:RetireGrant")
    assert not granted(grant(RetiringPrincipal=USER), action="kms:RetireGrant")


def test_a_grant_to_an_account_needs_the_accounts_own_policy() -> None:
    """Guards: a grant to an account read as one to each of its users."""
    assert not granted(grant(ROOT))
    assert granted(grant(ROOT), identity_policies=[policy(allow("kms:Decrypt"))])


def test_a_grant_across_accounts_needs_no_policy_on_either_side() -> None:
    """Guards: a grantee of another account refused.

    key-policy-modifying-external-accounts.html: users of the other account need IAM policies "or use grants".
    """
    principal = f"arn:aws:sts::{OTHER}:assumed-role/reader/s"
    assert granted(grant(STRANGER), principal=principal)
    assert not granted(principal=principal)


def test_boundary_and_session_policy_limit_a_grant_to_a_role() -> None:
    """Guards: a boundary that a grant slips past, as a key policy naming the role doesn't."""
    narrow = policy(allow("s3:*"))
    assert not granted(grant(), permissions_boundary=narrow)
    assert not granted(grant(), session_policy=narrow)
    assert granted(grant(), permissions_boundary=policy(allow("kms:*")))


def test_the_reason_names_the_grant() -> None:
    """Guards: an allowed use of a key that nobody can trace."""
    for names, by in (({"Name": "nightly"}, "grant nightly"), ({"GrantId": "g1"}, "grant g1"), ({}, "grant 0")):
        grants = [grant(**names)]
        assert judged(SESSION, "kms:Decrypt", KEY, None, resource_policy=KEY_POLICY, grants=grants).by == by


def test_snake_case_is_read_as_well() -> None:
    """Guards: a case written in the style of its other keys."""
    snake = {
        "grantee_principal": ROLE,
        "operations": ["Decrypt"],
        "constraints": {"encryption_context_subset": {"Department": "IT"}},
    }
    assert granted(snake, context=IT)
    assert not granted(snake)


BROKEN = [
    ({}, "neither GranteePrincipal nor GranteeServicePrincipal"),
    (grant(GranteeServicePrincipal="s3.amazonaws.com"), "exclude each other"),
    (grant(ROLE, "Delete"), "Operations .* must be a list of Decrypt"),
    ({"GranteePrincipal": ROLE, "Operations": "Decrypt"}, "Operations"),
    ({"GranteePrincipal": ROLE, "Operations": []}, "Operations"),
    (grant("reader"), "is no Service principal"),
    (grant(KeyID2="x"), '"KeyID2" is no member; known are GrantId'),
    (grant(Name=5), "Name 5 is not a string"),
    (grant(Constraints={"Context": {}}), "Constraints: .* is no member"),
    (grant(Constraints={"EncryptionContextSubset": {"a": 1}}), "is not an object of strings"),
    (
        grant(Constraints={"EncryptionContextSubset": {"a": "b"}, "EncryptionContextEquals": {"a": "b"}}),
        "exclude each other",
    ),
    ("grant", "is not an object"),
]


@pytest.mark.parametrize(("broken", "told"), BROKEN)
def test_a_malformed_grant_is_an_error(broken: Any, told: str) -> None:
    """Guards: a grant that silently grants nothing."""
    with pytest.raises(MalformedCase, match=f"grants: grant 0.*{told}"):
        Case.from_dict(case(SESSION, "kms:Decrypt", KEY, None, grants=[broken]))
