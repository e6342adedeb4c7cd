"""Roles of the hub: execution, one approver per stage, and one per function with exactly the calls it makes.

Sources: Service Authorization Reference (actions, condition keys); dynamodb ql-iam and transaction-apis-iam (PartiQL
rights); lambda with-sqs (event source mapping); kms ViaService.
"""

from __future__ import annotations

from typing import Any

from blueprint.limits import Document
from blueprint.names import Function, Table
from blueprint.organisation import Organisation
from blueprint.policies import trust
from blueprint.policies.artifact_bucket import (
    APPROVED,
    ARTIFACTS,
    DELETE_ACTIONS,
    READ_ACTIONS,
    TAG_ACTIONS,
    holders_tag,
)
from blueprint.policies.conditions import (
    APPROVAL_STATUS,
    ENCLOSING_OPERATION,
    LIFECYCLE_STAGE,
    LIFECYCLE_STATUS,
    request_tag,
    via,
)
from blueprint.policies.documents import Statement, allow, both, deny, document
from blueprint.policies.roles import (
    DECIDE,
    DESTROY_EVIDENCE,
    READ_VERSIONS,
    SEARCH,
    RoleSpec,
    read_registry,
    version_arns,
)
from blueprint.stages import DECIDED_STATUSES, Stage

LEDGER: Table = "modelgovernanceledger"
DEDUP: Table = "modelgovernancededup"
STATE: Table = "modelpackagestatechanges"
ENDPOINTS: Table = "sagemakermodelendpoints"

LOG_KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
CONSUME = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
REWRITE = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:DeleteTable",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
)
"""What could replace, remove or expire a row. A Put is authorised as PutItem and replaces; only a PartiQL INSERT fails
on an existing key (dynamodb transaction-apis-iam, ql-reference.insert)."""


def execution_role(organisation: Organisation, artifact_key_arn: str) -> RoleSpec:
    """The hub's own SageMaker work: read registry and artifacts."""
    names = organisation.names
    bucket = names.bucket_arn(organisation.hub)
    return RoleSpec(
        name=names.hub_role("execution"),
        description="Read registry and artifacts in the hub",
        trust=trust.trust(trust.sagemaker(organisation.region, organisation.hub)),
        policies={
            "registry": document(*read_registry(organisation)),
            "artifacts": document(
                allow("ListArtifacts", ["s3:ListBucket"], [bucket]),
                allow("ReadArtifacts", READ_ACTIONS, [f"{bucket}/*"]),
                allow(
                    "DecryptThroughS3",
                    ["kms:Decrypt"],
                    [artifact_key_arn],
                    condition=via(["s3"], organisation.region),
                ),
            ),
            "never": document(
                deny("NeverDecide", ["sagemaker:CreateModelPackage", *DECIDE], ["*"]),
                deny("NeverDestroyEvidence", DESTROY_EVIDENCE, ["*"]),
                deny("NeverSearch", SEARCH, ["*"]),
                deny("NeverChangeArtifacts", ["s3:PutObject", *DELETE_ACTIONS, *TAG_ACTIONS], [f"{bucket}/*"]),
            ),
        },
    )


def approver_role(organisation: Organisation, stage: Stage, artifact_key_arn: str, governance_key_arn: str) -> RoleSpec:
    """Decide on one stage, by people who say who they are.

    It can't create versions nor become another role, so the author's role is never the approver's. The first stage's
    approver sets `Approved` ("deployable at all"); every approver may set `Rejected`.
    """
    names, region = organisation.names, organisation.region
    tables = [names.table_arn(organisation.hub, table) for table in (LEDGER, STATE)]
    return RoleSpec(
        name=names.approver_role(stage.name),
        description=f"Approve or reject model versions for {stage.name} ({stage.lifecycle})",
        trust=trust.trust(trust.people("ApproversDecide", stage.approvers, require_mfa=stage.require_mfa)),
        policies={
            "registry": document(*read_registry(organisation), *_decisions(organisation, stage)),
            "ledger": document(
                allow("ReadHistory", ["dynamodb:GetItem", "dynamodb:Query"], tables),
                allow("DecryptTables", ["kms:Decrypt"], [governance_key_arn], condition=via(["dynamodb"], region)),
                # DescribeModelPackage decrypts as the caller where a version's card is encrypted (botocore sagemaker).
                allow("DecryptCards", ["kms:Decrypt"], [artifact_key_arn], condition=via(["sagemaker"], region)),
            ),
            "never": document(
                deny("NeverRegister", ["sagemaker:CreateModelPackage"], ["*"]),
                deny("NeverDestroyEvidence", DESTROY_EVIDENCE, ["*"]),
                deny("NeverBecomeAnother", ["sts:AssumeRole"], ["*"]),
                deny("NeverChangeArtifacts", [*DELETE_ACTIONS, *TAG_ACTIONS, "s3:PutObject"], ["*"]),
            ),
        },
    )  # fmt: skip


def _decisions(organisation: Organisation, stage: Stage) -> list[Statement]:
    """What an approver of the stage may send in UpdateModelPackage; each form of request has its own statement."""
    versions = version_arns(organisation)
    this_stage = {"StringEquals": {LIFECYCLE_STAGE: stage.lifecycle, LIFECYCLE_STATUS: list(DECIDED_STATUSES)}}
    statements = [
        allow(
            "DecideStage", DECIDE, versions, condition=both(this_stage, {"Null": {APPROVAL_STATUS: "true"}})
        ),
        allow(
            "RejectVersion", DECIDE, versions,
            condition={"StringEquals": {APPROVAL_STATUS: "Rejected"}, "Null": {LIFECYCLE_STAGE: "true"}},
        ),
    ]  # fmt: skip
    statuses = ["Approved", "Rejected"] if stage == organisation.first_stage else ["Rejected"]
    with_status = both(this_stage, {"StringEquals": {APPROVAL_STATUS: statuses if len(statuses) > 1 else statuses[0]}})
    statements.append(allow("DecideStageAndStatus", DECIDE, versions, condition=with_status))
    return statements


def capture_role(organisation: Organisation, artifact_key_arn: str, governance_key_arn: str) -> RoleSpec:
    """Consume the queue, read the package back, append to the ledger and move the state, tell the approval function."""
    names, hub, region = organisation.names, organisation.hub, organisation.region
    ledger, dedup, state = (names.table_arn(hub, table) for table in (LEDGER, DEDUP, STATE))
    in_transaction = {"StringEquals": {ENCLOSING_OPERATION: "ExecuteTransaction"}}
    queue = names.queue_arn(hub, names.queue("capture"))
    sends = [names.queue_arn(hub, names.queue(queue)) for queue in ("approvals", "capture-dlq")]
    return RoleSpec(
        name=names.hub_role("capture"),
        description="Capture registry events in the ledger, which it can't rewrite",
        trust=trust.trust(trust.function()),
        policies={
            "queue": document(
                allow("Consume", CONSUME, [queue]),
                allow("HandOn", ["sqs:SendMessage"], sends),
            ),
            "registry": document(allow("ReadBack", READ_VERSIONS, version_arns(organisation))),
            "ledger": document(
                allow("ReadHead", ["dynamodb:Query"], [ledger]),
                allow("Append", ["dynamodb:PartiQLInsert"], [dedup, ledger], condition=in_transaction),
                allow("ReadState", ["dynamodb:GetItem"], [state]),
                allow(
                    "MoveState", ["dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"], [state],
                    condition=in_transaction,
                ),
                deny("NeverRewrite", REWRITE, [dedup, ledger]),
            ),
            # Not evidence but a view of what runs now; the walk over all endpoints corrects it.
            "endpoints": document(
                allow("RecordEndpoint", ["dynamodb:UpdateItem"], [names.table_arn(hub, ENDPOINTS)]),
            ),
            "keys": document(
                allow(
                    "GovernanceKey", ["kms:Decrypt", "kms:GenerateDataKey"], [governance_key_arn],
                    condition=via(["dynamodb", "sqs"], region),
                ),
                # DescribeModelPackage decrypts as the caller where a version's card is encrypted (botocore sagemaker).
                allow(
                    "DecryptCards", ["kms:Decrypt", "kms:GenerateDataKey"], [artifact_key_arn],
                    condition=via(["sagemaker"], region),
                ),
            ),
            "logs": function_logs(organisation, "capture", governance_key_arn),
        },
    )  # fmt: skip


def approval_role(organisation: Organisation, artifact_key_arn: str, governance_key_arn: str) -> RoleSpec:
    """After a recorded approval: check the artifact and set the stage's tag on exactly the approved version."""
    names, hub, region = organisation.names, organisation.hub, organisation.region
    bucket = names.bucket_arn(hub)
    artifacts = [f"{bucket}/{ARTIFACTS}/*"]
    queue, dead_letters = (names.queue_arn(hub, names.queue(queue)) for queue in ("approvals", "approvals-dlq"))
    return RoleSpec(
        name=names.hub_role("approval"),
        description="Tag approved artifact versions for their stage, and nothing else",
        trust=trust.trust(trust.function()),
        policies={
            "queue": document(
                allow("Consume", CONSUME, [queue]), allow("GiveUp", ["sqs:SendMessage"], [dead_letters])
            ),
            "state": document(allow("ReadState", ["dynamodb:GetItem"], [names.table_arn(hub, STATE)])),
            "artifacts": document(
                # Without it S3 answers 403 for an artifact that isn't there (AmazonS3 API HeadObject).
                allow("TellMissingFromForbidden", ["s3:ListBucket"], [bucket]),
                allow("ReadChecksum", ["s3:GetObject"], artifacts),
                allow("ReadTags", ["s3:GetObjectVersionTagging"], artifacts),
                allow(
                    "TagForStage", ["s3:PutObjectVersionTagging"], artifacts, condition=_only_stage_tags(organisation)
                ),
            ),
            "keys": document(
                allow(
                    "GovernanceKey", ["kms:Decrypt", "kms:GenerateDataKey"], [governance_key_arn],
                    condition=via(["dynamodb", "sqs"], region),
                ),
                allow("DecryptThroughS3", ["kms:Decrypt"], [artifact_key_arn], condition=via(["s3"], region)),
            ),
            "logs": function_logs(organisation, "approval", governance_key_arn),
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


def function_logs(organisation: Organisation, function: Function, governance_key_arn: str) -> Document:
    """Write the function's own log group; the program makes the group, so no function may.

    CloudWatch Logs uses the group's key for the writer, too (AmazonCloudWatch/logs encrypt-log-data-kms, step 3).
    """
    group = organisation.names.log_group_arn(organisation.hub, function)
    return document(
        allow("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{group}:*"]),
        allow(
            "GovernanceKeyThroughLogs",
            LOG_KEY_ACTIONS,
            [governance_key_arn],
            condition=via(["logs"], organisation.region),
        ),
    )


def hub_roles(organisation: Organisation, artifact_key_arn: str, governance_key_arn: str) -> tuple[RoleSpec, ...]:
    """All roles of the hub."""
    keys = (artifact_key_arn, governance_key_arn)
    return (
        execution_role(organisation, artifact_key_arn),
        capture_role(organisation, *keys),
        approval_role(organisation, *keys),
        *(approver_role(organisation, stage, *keys) for stage in organisation.stages),
    )
