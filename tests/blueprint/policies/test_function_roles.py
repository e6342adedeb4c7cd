"""Roles of capture, approval and reconcile: exact rights, and what none of them may."""

from __future__ import annotations

import pytest

from blueprint.policies.function_parts import READERS_LISTED, REWRITE
from blueprint.policies.function_roles import approval_role, capture_role, reconcile_role
from blueprint.policies.roles import RoleSpec
from tests.blueprint.policies.role_rights import (
    GOVERNANCE,
    OWN_METRICS,
    Rights,
    allowed,
    denied,
    logs,
    queues,
    table,
)
from tests.blueprint.samples import (
    BUCKET,
    DEV,
    GOVERNANCE_KEY,
    HUB,
    KEY,
    KEYS,
    ORGANISATION_ID,
    REGION,
    TEST,
    fleet,
    organisation,
    statement,
)

EXAMPLE = organisation()
VERSIONS = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"
S3 = f"arn:aws:s3:::{BUCKET}"
DOCUMENTS = f"arn:aws:s3:::mlgov-documents-{HUB}-{REGION}/sha256/*"
LEDGER, DEDUP = table("modelgovernanceledger"), table("modelgovernancededup")
STATE, ENDPOINTS = table("modelpackagestatechanges"), table("sagemakermodelendpoints")
CAPTURE, APPROVAL, RECONCILE = (build(EXAMPLE, KEYS) for build in (capture_role, approval_role, reconcile_role))

READS_CHECKSUM: Rights = {"ReadChecksum": ({"s3:GetObject"}, {f"{S3}/artifacts/*"})}
KEEPS_DOCUMENTS: Rights = {"KeepDocuments": ({"s3:PutObject"}, {DOCUMENTS})}
RECORDING_KEYS: Rights = {
    **GOVERNANCE,
    "EncryptDocuments": ({"kms:GenerateDataKey"}, {GOVERNANCE_KEY}),
    "DecryptCards": ({"kms:Decrypt"}, {KEY}),
    "DecryptThroughS3": ({"kms:Decrypt"}, {KEY}),
}
APPENDS: Rights = {
    "ReadHead": ({"dynamodb:Query"}, {LEDGER}),
    "Append": ({"dynamodb:PartiQLInsert"}, {LEDGER, DEDUP}),
    "MoveState": ({"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"}, {STATE}),
}


def test_capture_s_rights_are_exactly_these() -> None:
    """Guards: a shared Lambda role; a right that could rewrite the ledger."""
    assert allowed(CAPTURE) == {
        "queue": queues("capture", "approvals", "capture-dlq", "guard-jobs", "inventory-jobs"),
        "registry": {"ReadBack": ({"sagemaker:DescribeModelPackage"}, {VERSIONS})},
        "ledger": {**APPENDS, "ReadState": ({"dynamodb:GetItem"}, {STATE})},
        "endpoints": {"RecordEndpoint": ({"dynamodb:UpdateItem"}, {ENDPOINTS})},
        "documents": KEEPS_DOCUMENTS,
        "artifacts": READS_CHECKSUM,
        "keys": RECORDING_KEYS,
        "metrics": OWN_METRICS,
        "logs": logs("capture"),
    }


def test_reconcile_s_rights_are_exactly_these() -> None:
    """Guards: a function that mends the ledger with rights to change it."""
    assert allowed(RECONCILE) == {
        "queue": queues("reconcile-jobs", "reconcile-jobs", "reconcile-jobs-dlq", "approvals", "guard-jobs"),
        "registry": {
            "ReadBack": ({"sagemaker:DescribeModelPackage"}, {VERSIONS}),
            "List": ({"sagemaker:ListActions", "sagemaker:ListModelPackages"}, {"*"}),
            "ReadLifecycleActions": (
                {"sagemaker:DescribeAction"},
                {f"arn:aws:sagemaker:{REGION}:{HUB}:action/*"},
            ),
        },
        "trail": {"LookUpCalls": ({"cloudtrail:LookupEvents"}, {"*"})},
        "readers": {
            "BecomeReaders": (
                {"sts:AssumeRole"},
                {f"arn:aws:iam::{DEV}:role/mlgov-dev-reader", f"arn:aws:iam::{TEST}:role/mlgov-test-reader"},
            )
        },
        "ledger": {
            **APPENDS,
            "ReadStates": ({"dynamodb:GetItem", "dynamodb:Scan"}, {STATE}),
        },
        "documents": KEEPS_DOCUMENTS,
        "artifacts": READS_CHECKSUM,
        "keys": RECORDING_KEYS,
        "metrics": OWN_METRICS,
        "logs": logs("reconcile"),
    }


@pytest.mark.parametrize("writer", [CAPTURE, RECONCILE], ids=["capture", "reconcile"])
def test_ledger_rows_are_written_in_a_transaction_and_never_again(writer: RoleSpec) -> None:
    """Guards: no history, since a put overwrote the row; a row without its dedup item and state."""
    ledger = writer.policies["ledger"]
    in_transaction = {"StringEquals": {"dynamodb:EnclosingOperation": "ExecuteTransaction"}}
    assert statement(ledger, "Append")["Condition"] == in_transaction
    assert statement(ledger, "MoveState")["Condition"] == in_transaction
    assert denied(writer) == {"NeverRewrite": (set(REWRITE), {LEDGER, DEDUP})}
    assert "Condition" not in statement(ledger, "NeverRewrite")
    assert {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:PartiQLUpdate"} <= set(REWRITE)
    assert {"dynamodb:PartiQLDelete", "dynamodb:BatchWriteItem", "dynamodb:UpdateTimeToLive"} <= set(REWRITE)


@pytest.mark.parametrize("size", [READERS_LISTED, READERS_LISTED + 1, 1000])
def test_readers_are_named_one_by_one_or_by_a_pattern_within_the_organisation(size: int) -> None:
    """Guards: a role of many accounts that IAM refuses in the middle of an `up`, or that may become anybody's role."""
    spec = reconcile_role(fleet(size), KEYS)
    become = statement(spec.policies["readers"], "BecomeReaders")
    if size <= READERS_LISTED:
        assert len(become["Resource"]) == size
        assert "Condition" not in become
    else:
        assert become["Resource"] == "arn:aws:iam::*:role/mlgov-*-reader"
        assert become["Condition"] == {"StringEquals": {"aws:ResourceOrgID": ORGANISATION_ID}}
    assert spec.oversize() == []


def test_in_one_account_there_is_no_reader_to_become() -> None:
    """Guards: a right to roles that don't exist."""
    assert "readers" not in reconcile_role(organisation(same_account=True), KEYS).policies
    assert "readers" not in reconcile_role(organisation(spokes=()), KEYS).policies


def test_own_metrics_go_to_our_namespace_only() -> None:
    """Guards: a function that fakes the metrics of another service, or another's heartbeat in another namespace."""
    for spec in (CAPTURE, RECONCILE):
        put = statement(spec.policies["metrics"], "PutOwnMetrics")
        assert put["Condition"] == {"StringEquals": {"cloudwatch:namespace": "MLGovernance"}}


def test_the_approval_function_only_tags_artifacts_with_stages() -> None:
    """Guards: a function that could approve, write artifacts, or set any tag."""
    assert allowed(APPROVAL) == {
        "queue": queues("approvals", "approvals-dlq"),
        "state": {"ReadState": ({"dynamodb:GetItem"}, {STATE})},
        "artifacts": {
            "TellMissingFromForbidden": ({"s3:ListBucket"}, {S3}),
            **READS_CHECKSUM,
            "ReadTags": ({"s3:GetObjectVersionTagging"}, {f"{S3}/artifacts/*"}),
            "TagForStage": ({"s3:PutObjectVersionTagging"}, {f"{S3}/artifacts/*"}),
        },
        "keys": {**GOVERNANCE, "DecryptThroughS3": ({"kms:Decrypt"}, {KEY})},
        "logs": logs("approval"),
    }
    condition = statement(APPROVAL.policies["artifacts"], "TagForStage")["Condition"]
    assert condition["ForAllValues:StringEquals"] == {
        "s3:RequestObjectTagKeys": ["dev", "dev-versions", "prod", "prod-versions", "test", "test-versions"]
    }
    assert condition["StringEqualsIfExists"] == {
        f"s3:RequestObjectTag/{stage}": "approved" for stage in ("dev", "test", "prod")
    }
