"""Roles of the functions that record and approve: capture, approval, reconcile.

Each holds exactly the calls that its code makes, and the KMS calls that these imply.
"""

from __future__ import annotations

from typing import Any

from blueprint.organisation import Organisation
from blueprint.policies import trust
from blueprint.policies.artifact_bucket import APPROVED, ARTIFACTS, holders_tag
from blueprint.policies.conditions import request_tag, via
from blueprint.policies.documents import Statement, allow, document
from blueprint.policies.function_parts import (
    ENDPOINTS,
    STATE,
    assume_readers,
    documents_rights,
    function_logs,
    governance_key_through,
    ledger_rights,
    own_metrics,
    queue_rights,
    table_arns,
)
from blueprint.policies.roles import READ_VERSIONS, KeyArns, RoleSpec, version_arns


def capture_role(organisation: Organisation, keys: KeyArns) -> RoleSpec:
    """Consume the queue, read the package back, append to the ledger and move the state, tell the other functions."""
    names = organisation.names
    state, endpoints = table_arns(organisation, STATE, ENDPOINTS)
    return RoleSpec(
        name=names.hub_role("capture"),
        description="Capture registry events in the ledger, which it can't rewrite",
        trust=trust.trust(trust.function()),
        policies={
            "queue": queue_rights(organisation, "capture", "approvals", "capture-dlq", "guard-jobs", "inventory-jobs"),
            "registry": document(allow("ReadBack", READ_VERSIONS, version_arns(organisation))),
            "ledger": ledger_rights(organisation, allow("ReadState", ["dynamodb:GetItem"], [state])),
            # Not evidence but a view of what runs now; the walk over all endpoints corrects it.
            "endpoints": document(allow("RecordEndpoint", ["dynamodb:UpdateItem"], [endpoints])),
            "documents": documents_rights(organisation),
            "artifacts": document(_read_checksums(organisation)),
            "keys": _recording_keys(organisation, keys),
            "metrics": own_metrics(),
            "logs": function_logs(organisation, "capture", keys.governance),
        },
    )


def reconcile_role(organisation: Organisation, keys: KeyArns) -> RoleSpec:
    """Compare registry and trails with the ledger, and append what is missing; rewrite as little as capture may."""
    names, hub, region = organisation.names, organisation.hub, organisation.region
    (state,) = table_arns(organisation, STATE)
    readers = assume_readers(organisation)
    return RoleSpec(
        name=names.hub_role("reconcile"),
        description="Recover lost changes into the ledger, which it can't rewrite",
        trust=trust.trust(trust.function()),
        policies={
            "queue": queue_rights(
                organisation, "reconcile-jobs", "reconcile-jobs", "reconcile-jobs-dlq", "approvals", "guard-jobs"
            ),
            "registry": document(
                allow("ReadBack", READ_VERSIONS, version_arns(organisation)),
                # Neither list names a resource in its request (Service Authorization Reference).
                allow("List", ["sagemaker:ListActions", "sagemaker:ListModelPackages"], ["*"]),
                allow(
                    "ReadLifecycleActions", ["sagemaker:DescribeAction"],
                    [f"arn:{names.partition}:sagemaker:{region}:{hub}:action/*"],
                ),
            ),
            "trail": document(allow("LookUpCalls", ["cloudtrail:LookupEvents"], ["*"])),
            **({} if readers is None else {"readers": readers}),
            "ledger": ledger_rights(
                organisation,
                allow("ReadStates", ["dynamodb:GetItem", "dynamodb:Scan"], [state]),
            ),
            "documents": documents_rights(organisation),
            "artifacts": document(_read_checksums(organisation)),
            "keys": _recording_keys(organisation, keys),
            "metrics": own_metrics(),
            "logs": function_logs(organisation, "reconcile", keys.governance),
        },
    )  # fmt: skip


def _read_checksums(organisation: Organisation) -> Statement:
    bucket = organisation.names.bucket_arn(organisation.hub)
    return allow("ReadChecksum", ["s3:GetObject"], [f"{bucket}/{ARTIFACTS}/*"])


def _recording_keys(organisation: Organisation, keys: KeyArns) -> dict[str, Any]:
    """Tables, queues and documents by the governance key; artifacts and cards by the artifact key."""
    region = organisation.region
    return document(
        *governance_key_through(organisation, keys.governance),
        # A PUT in one part needs a data key and nothing else (AmazonS3 UsingKMSEncryption).
        allow("EncryptDocuments", ["kms:GenerateDataKey"], [keys.governance], condition=via(["s3"], region)),
        # DescribeModelPackage decrypts as the caller where a version's card is encrypted (botocore sagemaker).
        allow("DecryptCards", ["kms:Decrypt"], [keys.artifacts], condition=via(["sagemaker"], region)),
        # A HEAD with checksum mode decrypts (AmazonS3 API HeadObject).
        allow("DecryptThroughS3", ["kms:Decrypt"], [keys.artifacts], condition=via(["s3"], region)),
    )  # fmt: skip


def approval_role(organisation: Organisation, keys: KeyArns) -> RoleSpec:
    """After a recorded approval: check the artifact and set the stage's tag on exactly the approved version."""
    names, region = organisation.names, organisation.region
    bucket = names.bucket_arn(organisation.hub)
    artifacts = [f"{bucket}/{ARTIFACTS}/*"]
    return RoleSpec(
        name=names.hub_role("approval"),
        description="Tag approved artifact versions for their stage, and nothing else",
        trust=trust.trust(trust.function()),
        policies={
            "queue": queue_rights(organisation, "approvals", "approvals-dlq"),
            "state": document(allow("ReadState", ["dynamodb:GetItem"], table_arns(organisation, STATE))),
            "artifacts": document(
                # Without it S3 answers 403 for an artifact that isn't there (AmazonS3 API HeadObject).
                allow("TellMissingFromForbidden", ["s3:ListBucket"], [bucket]),
                _read_checksums(organisation),
                allow("ReadTags", ["s3:GetObjectVersionTagging"], artifacts),
                allow(
                    "TagForStage", ["s3:PutObjectVersionTagging"], artifacts, condition=_only_stage_tags(organisation)
                ),
            ),
            "keys": document(
                *governance_key_through(organisation, keys.governance),
                allow("DecryptThroughS3", ["kms:Decrypt"], [keys.artifacts], condition=via(["s3"], region)),
            ),
            "logs": function_logs(organisation, "approval", keys.governance),
        },
    )  # fmt: skip


def _only_stage_tags(organisation: Organisation) -> dict[str, dict[str, Any]]:
    """The tags that say which stages an artifact is approved for, and by which versions; no other key or value."""
    stages = [stage.name for stage in organisation.stages]
    return {
        "ForAllValues:StringEquals": {
            "s3:RequestObjectTagKeys": sorted([*stages, *(holders_tag(stage) for stage in stages)])
        },
        "StringEqualsIfExists": {request_tag(stage): APPROVED for stage in stages},
    }
