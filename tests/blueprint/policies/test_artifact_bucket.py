"""The artifact bucket's policy, statement by statement."""

from __future__ import annotations

import pytest

from access import Case, layers
from blueprint.policies.artifact_bucket import artifact_bucket
from tests.blueprint.samples import (
    BUCKET,
    DEV,
    HUB,
    KEY,
    ORGANISATION_ID,
    TEST,
    actions,
    as_list,
    fleet,
    grants,
    organisation,
    statement,
    statements,
)

ARN = f"arn:aws:s3:::{BUCKET}"
POLICY = artifact_bucket(organisation(), KEY)


def test_the_allows_are_exactly_these() -> None:
    """Guards: a right that nobody decided on."""
    publish = {"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"}
    serve = {"s3:GetObject", "s3:GetObjectVersion"}
    assert grants(POLICY) == {
        "PublishDev": (publish, {f"{ARN}/artifacts/dev/*"}),
        "PublishTest": (publish, {f"{ARN}/evaluations/test/*"}),
        "ServeDev": (serve, {f"{ARN}/artifacts/*"}),
        "ServeTest": (serve, {f"{ARN}/artifacts/*"}),
        "RegistryReadsObjects": ({"s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectVersion"}, {f"{ARN}/*"}),
        "RegistryReadsBucket": ({"s3:GetBucketAcl", "s3:ListBucket"}, {ARN}),
    }


def test_the_denies_are_exactly_these() -> None:
    """Guards: a boundary that was dropped."""
    assert grants(POLICY, "Deny") == {
        "TlsOnly": ({"s3:*"}, {ARN, f"{ARN}/*"}),
        "NeverOverwritten": ({"s3:PutObject"}, {f"{ARN}/*"}),
        "NoOtherEncryption": ({"s3:PutObject"}, {f"{ARN}/*"}),
        "NoOtherKey": ({"s3:PutObject"}, {f"{ARN}/*"}),
        "NoKeyOfAws": ({"s3:PutObject"}, {f"{ARN}/*"}),
        "NeverDeleted": ({"s3:DeleteObject", "s3:DeleteObjectVersion"}, {f"{ARN}/*"}),
        "OnlyApprovalTags": (
            {
                "s3:DeleteObjectTagging",
                "s3:DeleteObjectVersionTagging",
                "s3:PutObjectTagging",
                "s3:PutObjectVersionTagging",
            },
            {f"{ARN}/*"},
        ),
    }
    assert all(found["Principal"] == "*" for found in statements(POLICY) if found["Effect"] == "Deny")


def test_a_spoke_is_admitted_by_account_root_and_exact_role() -> None:
    """Guards: a role ARN as principal (refused while the role doesn't exist), or a whole account."""
    publish = statement(POLICY, "PublishDev")
    assert publish["Principal"] == {"AWS": f"arn:aws:iam::{DEV}:root"}
    assert publish["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{DEV}:role/mlgov-dev-execution"},
        "StringEquals": {"aws:PrincipalOrgID": ORGANISATION_ID},
    }


def test_a_serving_role_reads_only_what_carries_its_stage_s_tag() -> None:
    """Guards: an endpoint in test that serves a model which nobody approved for test."""
    serve = statement(POLICY, "ServeTest")
    assert serve["Principal"] == {"AWS": f"arn:aws:iam::{TEST}:root"}
    assert serve["Condition"]["StringEquals"]["s3:ExistingObjectTag/test"] == "approved"
    assert serve["Condition"]["ArnLike"] == {"aws:PrincipalArn": f"arn:aws:iam::{TEST}:role/mlgov-test-serving"}


def test_an_object_is_only_made_where_none_is() -> None:
    """Guards: an approved model.tar.gz that any spoke role overwrites (artifacts weren't pinned)."""
    assert statement(POLICY, "NeverOverwritten")["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


def test_a_put_without_encryption_headers_passes_to_the_bucket_s_default() -> None:
    """Guards: denying header-less puts, which the bucket's default encrypts with our key anyway."""
    for sid in ("NoOtherEncryption", "NoOtherKey"):
        condition = statement(POLICY, sid)["Condition"]
        (key,) = condition["StringNotEquals"]
        assert condition["Null"] == {key: "false"}


ENCRYPTION, ENCRYPTION_KEY = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"


@pytest.mark.parametrize(
    ("headers", "decision"),
    [
        ({}, "allowed"),
        ({ENCRYPTION: "aws:kms", ENCRYPTION_KEY: KEY}, "allowed"),
        ({ENCRYPTION_KEY: KEY}, "allowed"),
        ({ENCRYPTION: "aws:kms"}, "denied"),
        ({ENCRYPTION: "AES256"}, "denied"),
        ({ENCRYPTION: "aws:kms:dsse", ENCRYPTION_KEY: KEY}, "denied"),
        ({ENCRYPTION: "aws:kms", ENCRYPTION_KEY: KEY.replace("1111-", "2222-")}, "denied"),
    ],
)
def test_artifacts_are_encrypted_with_the_shared_key_alone(headers: dict[str, str], decision: str) -> None:
    """Guards: an artifact that the spokes can't decrypt. `aws:kms` without a key id means the AWS managed key, whatever
    the bucket's default is, and that key can't be shared.
    """
    request = {
        "principal": f"arn:aws:sts::{DEV}:assumed-role/mlgov-dev-execution/session",
        "action": "s3:PutObject",
        "resource": f"{ARN}/artifacts/dev/ModelCreditRisk/0/model.tar.gz",
        "resource_account": HUB,
        "context": {
            "aws:PrincipalOrgID": ORGANISATION_ID,
            "aws:SecureTransport": "true",
            "s3:ObjectCreationOperation": "true",
            "s3:if-none-match": "*",
            **headers,
        },
    }
    layer = next(
        found
        for found in layers(Case.from_dict({"request": request, "resource_policy": POLICY}))
        if found.layer == "resource"
    )
    assert layer.decision == decision, layer.by


def test_only_the_approval_function_may_tag() -> None:
    """Guards: an author who tags the own artifact as approved."""
    condition = statement(POLICY, "OnlyApprovalTags")["Condition"]
    assert condition == {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{HUB}:role/mlgov-hub-approval"}}


def test_the_test_account_writes_no_artifacts() -> None:
    """Guards: the test account's PutObject on the whole bucket (it could encrypt and put in the hub's bucket)."""
    for found in statements(POLICY):
        if found["Effect"] == "Allow" and found["Principal"] == {"AWS": f"arn:aws:iam::{TEST}:root"}:
            written = {a for a in as_list(found["Action"]) if "Put" in a}
            assert not written or as_list(found["Resource"]) == [f"{ARN}/evaluations/test/*"]


def test_nothing_but_publishing_and_reading_is_allowed_at_all() -> None:
    """Guards: bucket administration by policy."""
    assert not [action for action in actions(POLICY) if "Delete" in action or "Tagging" in action or "Policy" in action]


def test_without_an_organisation_no_statement_asks_for_one() -> None:
    """Guards: aws:PrincipalOrgID, absent outside an organisation, locks everybody out."""
    assert "aws:PrincipalOrgID" not in str(artifact_bucket(organisation(id=None), KEY))


@pytest.mark.parametrize("size", [2, 40, 150, 290, 1000])
def test_at_every_size_stages_stay_apart(size: int) -> None:
    """Guards: a wider form of the policy in which test roles publish, or dev roles serve test's artifacts."""
    policy = artifact_bucket(fleet(size), KEY)
    for found in statements(policy):
        if found["Effect"] == "Allow" and found["Sid"].startswith("ServeTest"):
            assert found["Condition"]["StringEquals"]["s3:ExistingObjectTag/test"] == "approved"
            principals = found["Principal"]
            if principals == "*":
                assert found["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == ORGANISATION_ID
                assert found["Condition"]["StringNotEquals"] == {"aws:PrincipalAccount": HUB}
                patterns = as_list(found["Condition"]["ArnLike"]["aws:PrincipalArn"])
                assert patterns == [
                    "arn:aws:iam::*:role/mlgov-test-*-serving",
                    "arn:aws:iam::*:role/mlgov-test-serving",
                ]
