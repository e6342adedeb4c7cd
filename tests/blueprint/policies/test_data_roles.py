"""Roles of inventory, metrics, anchor, and the readers: exact rights, and what none of them may."""

from __future__ import annotations

import pytest

from blueprint.policies.data_roles import anchor_role, inventory_role, metrics_role, reader_role
from blueprint.policies.function_parts import REWRITE
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
    ANCHOR_KEY,
    BUCKET,
    DEV,
    HUB,
    KEY,
    KEYS,
    ORGANISATION_ID,
    REGION,
    TEST,
    organisation,
    statement,
    statements,
)

EXAMPLE = organisation()
S3 = f"arn:aws:s3:::{BUCKET}"
ANCHORS = f"arn:aws:s3:::mlgov-anchors-{HUB}-{REGION}"
LEDGER, DEDUP = table("modelgovernanceledger"), table("modelgovernancededup")
STATE, ENDPOINTS = table("modelpackagestatechanges"), table("sagemakermodelendpoints")
METRICS, HISTORY = table("sagemakerendpointmetrics"), table("sagemakerendpointhistory")
ANCHOR = anchor_role(EXAMPLE, KEYS)
LISTS = {"sagemaker:ListEndpoints", "sagemaker:ListInferenceComponents", "sagemaker:ListTransformJobs"}
DESCRIBES = {
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeInferenceComponent",
    "sagemaker:DescribeModel",
    "sagemaker:DescribeTransformJob",
}


def walk(account: str) -> Rights:
    kinds = ("endpoint", "endpoint-config", "inference-component", "model", "transform-job")
    return {
        "ListServing": (LISTS, {"*"}),
        "DescribeServing": (DESCRIBES, {f"arn:aws:sagemaker:{REGION}:{account}:{kind}/*" for kind in kinds}),
    }


def test_inventory_s_rights_are_exactly_these() -> None:
    """Guards: a walk that could change what it looks at."""
    spec = inventory_role(EXAMPLE, KEYS)
    assert allowed(spec) == {
        "queue": queues("inventory-jobs", "inventory-jobs", "inventory-jobs-dlq"),
        "readers": {
            "BecomeReaders": (
                {"sts:AssumeRole"},
                {f"arn:aws:iam::{DEV}:role/mlgov-dev-reader", f"arn:aws:iam::{TEST}:role/mlgov-test-reader"},
            )
        },
        "serving": walk(HUB),
        "registry": {
            "ReadVersions": (
                {"sagemaker:DescribeModelPackage"},
                {f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"},
            )
        },
        "artifacts": {
            "TellMissingFromForbidden": ({"s3:ListBucket"}, {S3}),
            "ReadChecksum": ({"s3:GetObject"}, {f"{S3}/artifacts/*"}),
        },
        "tables": {
            "ReadStates": ({"dynamodb:GetItem", "dynamodb:Scan"}, {STATE}),
            "KeepEndpoints": ({"dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"}, {ENDPOINTS}),
            "AppendHistory": ({"dynamodb:PartiQLInsert", "dynamodb:Query"}, {HISTORY}),
        },
        "keys": {**GOVERNANCE, "DecryptThroughS3": ({"kms:Decrypt"}, {KEY})},
        "metrics": OWN_METRICS,
        "logs": logs("inventory"),
    }
    assert denied(spec) == {"NeverRewrite": (set(REWRITE), {HISTORY})}


def test_metrics_rights_are_exactly_these() -> None:
    """Guards: a collector that reads more than numbers."""
    assert allowed(metrics_role(EXAMPLE, KEYS)) == {
        "queue": queues("metrics-jobs", "metrics-jobs", "metrics-jobs-dlq"),
        "series": {"ReadSeries": ({"cloudwatch:GetMetricData"}, {"*"})},
        "tables": {
            "ListEndpoints": ({"dynamodb:Scan"}, {ENDPOINTS}),
            "KeepSeries": ({"dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"}, {METRICS}),
        },
        "keys": GOVERNANCE,
        "metrics": OWN_METRICS,
        "logs": logs("metrics"),
    }


def test_anchor_s_rights_are_exactly_these() -> None:
    """Guards: who signs the ledger's heads could write the ledger, or say how long an anchor is kept."""
    assert allowed(ANCHOR) == {
        "queue": queues("anchor-jobs", "anchor-jobs-dlq"),
        "ledger": {
            "ReadHeads": ({"dynamodb:Scan"}, {STATE, HISTORY}),
            "ReadRows": ({"dynamodb:Query"}, {HISTORY, LEDGER}),
        },
        "anchors": {
            "ListAnchors": ({"s3:ListBucketVersions"}, {ANCHORS}),
            "ReadAnchors": (
                {"s3:GetObjectRetention", "s3:GetObjectVersion"},
                {f"{ANCHORS}/anchors/mlgov/*"},
            ),
            "PutAnchors": ({"s3:PutObject"}, {f"{ANCHORS}/anchors/mlgov/*", f"{ANCHORS}/keys/*"}),
        },
        "keys": {
            **GOVERNANCE,
            "SignAnchors": ({"kms:Sign", "kms:Verify"}, {ANCHOR_KEY}),
            "PublishKey": ({"kms:GetPublicKey"}, {ANCHOR_KEY}),
        },
        "metrics": OWN_METRICS,
        "logs": logs("anchor"),
    }
    listed = statement(ANCHOR.policies["anchors"], "ListAnchors")["Condition"]
    assert listed == {"StringEquals": {"s3:prefix": "anchors/mlgov/"}}
    signed = statement(ANCHOR.policies["keys"], "SignAnchors")["Condition"]
    assert signed == {"StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"}}


def test_the_anchor_s_role_may_never_delete_unlock_or_write_the_ledger() -> None:
    """Guards: one function that can rewrite a chain and anchor it anew; each Deny holds whatever else is attached."""
    assert denied(ANCHOR) == {
        "NeverWrite": ({*REWRITE, "dynamodb:PartiQLInsert"}, {LEDGER, DEDUP, STATE, HISTORY}),
        "NeverUnlock": (
            {
                "s3:BypassGovernanceRetention",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:PutObjectLegalHold",
                "s3:PutObjectRetention",
            },
            {f"{ANCHORS}/*"},
        ),
        "NeverReconfigure": (
            {"s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"},
            {ANCHORS},
        ),
    }
    for policy in ANCHOR.policies.values():
        assert all("Condition" not in found for found in statements(policy) if found["Effect"] == "Deny")


@pytest.mark.parametrize(("stack", "account"), [("dev", DEV), ("test", TEST)])
def test_a_reader_reads_what_serves_and_who_called_and_nothing_else(stack: str, account: str) -> None:
    """Guards: a role in every account that can be made to change something."""
    spec = reader_role(EXAMPLE, EXAMPLE.spoke(stack))
    assert allowed(spec) == {
        "serving": walk(account),
        "trail": {"LookUpCalls": ({"cloudtrail:LookupEvents"}, {"*"})},
    }
    (never,) = statements(spec.policies["never"])
    assert never == {
        "Sid": "NothingElse",
        "Effect": "Deny",
        "NotAction": sorted({*LISTS, *DESCRIBES, "cloudtrail:LookupEvents"}),
        "Resource": "*",
    }


def test_only_the_two_functions_that_read_become_readers() -> None:
    """Guards: any principal of the hub that looks into every account."""
    (trusted,) = statements(reader_role(EXAMPLE, EXAMPLE.spoke("dev")).trust)
    assert trusted == {
        "Sid": "HubFunctionsRead",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {
                "aws:PrincipalArn": [
                    f"arn:aws:iam::{HUB}:role/mlgov-hub-inventory",
                    f"arn:aws:iam::{HUB}:role/mlgov-hub-reconcile",
                ]
            },
            "StringEquals": {"aws:PrincipalOrgID": ORGANISATION_ID},
        },
    }
