"""Documents, anchors and the key that signs them: who puts, who signs, and that nobody takes away."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, decide, layers
from blueprint.policies.anchors_bucket import anchors_bucket, documents_bucket
from blueprint.policies.data_roles import anchor_role, inventory_role, reader_role
from blueprint.policies.function_roles import capture_role, reconcile_role
from blueprint.policies.hub_roles import FUNCTION_ROLES
from blueprint.policies.keys import anchor_key
from blueprint.policies.roles import RoleSpec
from tests.blueprint.samples import (
    ANCHOR_KEY,
    DEV,
    HUB,
    KEYS,
    ORGANISATION_ID,
    OUTSIDER,
    REGION,
    organisation,
    statement,
    statements,
)

EXAMPLE = organisation()
ANCHORS = f"arn:aws:s3:::mlgov-anchors-{HUB}-{REGION}"
ANCHOR = f"{ANCHORS}/anchors/mlgov/0000000001.json"
DOCUMENT = f"arn:aws:s3:::mlgov-documents-{HUB}-{REGION}/sha256/ab/{'ab' * 32}"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ONCE = {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}
AGAIN = {"s3:ObjectCreationOperation": "true"}
DIGEST = {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"}


def case(
    role: str,
    action: str,
    resource: str,
    policies: list[Any],
    resource_policy: Any,
    account: str = HUB,
    **context: Any,
) -> Case:
    return Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{account}:assumed-role/{role}/session",
                "action": action,
                "resource": resource,
                "resource_account": account if account in resource else HUB,
                "context": {"aws:SecureTransport": "true", "aws:PrincipalOrgID": ORGANISATION_ID, **context},
            },
            "identity_policies": policies,
            "resource_policy": resource_policy,
        }
    )


def of_role(spec: RoleSpec, action: str, resource: str, resource_policy: Any, **context: Any) -> Case:
    return case(spec.name, action, resource, list(spec.policies.values()), resource_policy, **context)


def administrator(action: str, resource: str, resource_policy: Any, **context: Any) -> Case:
    return case("Administrator", action, resource, [EVERYTHING], resource_policy, **context)


def test_the_anchor_function_puts_each_anchor_once() -> None:
    """Guards: a function that can't do its work, or that could write an anchor anew."""
    role, policy = anchor_role(EXAMPLE, KEYS), anchors_bucket(EXAMPLE)
    assert decide(of_role(role, "s3:PutObject", ANCHOR, policy, **ONCE)).allowed
    assert decide(of_role(role, "s3:PutObject", f"{ANCHORS}/keys/{'0' * 64}.der", policy, **ONCE)).allowed
    assert not decide(of_role(role, "s3:PutObject", ANCHOR, policy, **AGAIN)).allowed
    assert not decide(of_role(role, "s3:PutObject", f"{ANCHORS}/elsewhere", policy, **ONCE)).allowed
    assert decide(of_role(role, "s3:GetObjectVersion", ANCHOR, policy)).allowed


@pytest.mark.parametrize("build", FUNCTION_ROLES.values(), ids=FUNCTION_ROLES)
def test_no_other_function_puts_an_anchor(build: Any) -> None:
    """Guards: the ledger's writer anchoring what it has rewritten."""
    role = build(EXAMPLE, KEYS)
    tried = of_role(role, "s3:PutObject", ANCHOR, anchors_bucket(EXAMPLE), **ONCE)
    assert decide(tried).allowed is (role.name == "mlgov-hub-anchor")


@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("s3:PutObject", ONCE),
        ("s3:DeleteObject", {}),
        ("s3:DeleteObjectVersion", {}),
        ("s3:BypassGovernanceRetention", {}),
        ("s3:PutObjectRetention", {}),
        ("s3:PutObjectLegalHold", {}),
    ],
)
def test_not_even_an_administrator_puts_deletes_or_unlocks_an_anchor(action: str, context: dict[str, str]) -> None:
    """Guards: a bucket whose lock in governance mode is one right away from being lifted."""
    assert not decide(administrator(action, ANCHOR, anchors_bucket(EXAMPLE), **context)).allowed


@pytest.mark.parametrize(
    "action",
    [
        "s3:DeleteObjectVersion",
        "s3:BypassGovernanceRetention",
        "s3:PutObjectRetention",
        "s3:PutObjectLegalHold",
    ],
)
def test_the_anchor_s_role_alone_refuses_to_unlock(action: str) -> None:
    """Guards: a refusal that rests on the bucket's policy alone, which a deployment could lose."""
    role = anchor_role(EXAMPLE, KEYS)
    tried = case(role.name, action, ANCHOR, [*role.policies.values(), EVERYTHING], None)
    assert {found.layer: found.decision for found in layers(tried)}["identity"] == "denied"


def test_documents_are_put_once_by_those_who_record() -> None:
    """Guards: a document under the digest of another, put there before the true one by anybody."""
    policy = documents_bucket(EXAMPLE)
    for build in (capture_role, reconcile_role):
        assert decide(of_role(build(EXAMPLE, KEYS), "s3:PutObject", DOCUMENT, policy, **ONCE)).allowed
        assert not decide(of_role(build(EXAMPLE, KEYS), "s3:PutObject", DOCUMENT, policy, **AGAIN)).allowed
    assert not decide(of_role(inventory_role(EXAMPLE, KEYS), "s3:PutObject", DOCUMENT, policy, **ONCE)).allowed
    assert not decide(administrator("s3:PutObject", DOCUMENT, policy, **ONCE)).allowed
    assert not decide(administrator("s3:DeleteObjectVersion", DOCUMENT, policy)).allowed
    assert decide(administrator("s3:GetObject", DOCUMENT, policy)).allowed


def test_both_buckets_answer_over_tls_only() -> None:
    """Guards: evidence that travels in the clear."""
    plain = {"aws:SecureTransport": "false"}
    for policy, resource in ((anchors_bucket(EXAMPLE), ANCHOR), (documents_bucket(EXAMPLE), DOCUMENT)):
        assert not decide(administrator("s3:GetObject", resource, policy, **plain)).allowed


def signs(role: str, policies: list[Any], action: str = "kms:Sign", account: str = HUB, **context: Any) -> bool:
    policy = anchor_key(EXAMPLE, trial=False)
    return decide(case(role, action, ANCHOR_KEY, policies, policy, account, **context)).allowed


def test_one_role_signs_and_signs_digests_only() -> None:
    """Guards: an administrator, or the ledger's writer, who signs a ledger of their own."""
    anchor = anchor_role(EXAMPLE, KEYS)
    own = list(anchor.policies.values())
    assert signs(anchor.name, own, **DIGEST)
    assert not signs(anchor.name, own, **{**DIGEST, "kms:MessageType": "RAW"})
    assert not signs("Administrator", [EVERYTHING], **DIGEST)
    for build in (capture_role, reconcile_role):
        role = build(EXAMPLE, KEYS)
        assert not signs(role.name, [*role.policies.values(), EVERYTHING], **DIGEST)


def test_everybody_of_the_organisation_checks_a_signature() -> None:
    """Guards: an auditor in another account who has to believe the hub."""
    for action in ("kms:GetPublicKey", "kms:Verify"):
        assert signs("Auditor", [EVERYTHING], action, DEV)
        assert not signs("Auditor", [EVERYTHING], action, OUTSIDER, **{"aws:PrincipalOrgID": "o-zzzzzzzzzz"})


def test_the_signing_key_can_t_be_deleted_but_in_a_trial() -> None:
    """Guards: `pulumi destroy`, or a click, after which no anchor proves anything."""
    lasting, trial = (anchor_key(EXAMPLE, trial=trial) for trial in (False, True))
    for action in ("kms:ScheduleKeyDeletion", "kms:DisableKey"):
        assert not decide(administrator(action, ANCHOR_KEY, lasting)).allowed
        assert decide(administrator(action, ANCHOR_KEY, trial)).allowed
    assert decide(administrator("kms:PutKeyPolicy", ANCHOR_KEY, lasting)).allowed, "nobody could ever change the key"


def test_without_an_organisation_the_key_is_the_hub_s_own() -> None:
    """Guards: a condition on an organisation that doesn't exist, or a public key policy."""
    policy = anchor_key(organisation(id=None), trial=False)
    assert [found["Sid"] for found in statements(policy)] == ["HubAdministers", "OnlyAnchorSigns", "NeverDeleted"]
    assert statement(policy, "OnlyAnchorSigns")["Effect"] == "Deny"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:DeleteEndpoint", f"arn:aws:sagemaker:{REGION}:{DEV}:endpoint/credit"),
        ("sagemaker:UpdateEndpoint", f"arn:aws:sagemaker:{REGION}:{DEV}:endpoint/credit"),
        ("sagemaker:CreateModel", f"arn:aws:sagemaker:{REGION}:{DEV}:model/credit"),
        ("sagemaker:Search", "*"),
        ("s3:GetObject", "arn:aws:s3:::somebodys/object"),
        ("iam:PassRole", f"arn:aws:iam::{DEV}:role/mlgov-dev-execution"),
    ],
)
def test_a_reader_may_nothing_but_read_whatever_else_is_attached(action: str, resource: str) -> None:
    """Guards: a role with an inline policy more, and the hub could change every account."""
    role = reader_role(EXAMPLE, EXAMPLE.spoke("dev"))
    tried = case(role.name, action, resource, [*role.policies.values(), EVERYTHING], None, account=DEV)
    assert {found.layer: found.decision for found in layers(tried)}["identity"] == "denied"


@pytest.mark.parametrize(
    ("function", "account", "organisation_id", "allowed"),
    [
        ("inventory", HUB, ORGANISATION_ID, True),
        ("reconcile", HUB, ORGANISATION_ID, True),
        ("metrics", HUB, ORGANISATION_ID, False),
        ("capture", HUB, ORGANISATION_ID, False),
        ("inventory", HUB, "o-zzzzzzzzzz", False),
        ("inventory", OUTSIDER, ORGANISATION_ID, False),
    ],
)
def test_who_becomes_a_reader(function: str, account: str, organisation_id: str, allowed: bool) -> None:
    """Guards: a namesake of the function in another account."""
    role = reader_role(EXAMPLE, EXAMPLE.spoke("dev"))
    tried = Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{account}:assumed-role/mlgov-hub-{function}/mlgov-{function}",
                "action": "sts:AssumeRole",
                "resource": f"arn:aws:iam::{DEV}:role/{role.name}",
                "resource_account": DEV,
                "context": {"aws:PrincipalOrgID": organisation_id},
            },
            "identity_policies": [EVERYTHING],
            "role_trust": role.trust,
        }
    )
    assert decide(tried).allowed is allowed
