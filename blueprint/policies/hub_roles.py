"""Roles of the hub: execution, one approver per stage, and one per function with exactly the calls it makes.

Sources: Service Authorization Reference (actions, condition keys); dynamodb ql-iam and transaction-apis-iam (PartiQL
rights); lambda with-sqs (event source mapping); kms ViaService.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from blueprint.names import HUB, Function
from blueprint.organisation import Organisation
from blueprint.policies import trust
from blueprint.policies.artifact_bucket import DELETE_ACTIONS, READ_ACTIONS, TAG_ACTIONS
from blueprint.policies.conditions import APPROVAL_STATUS, LIFECYCLE_STAGE, LIFECYCLE_STATUS, via
from blueprint.policies.data_roles import anchor_role, inventory_role, metrics_role
from blueprint.policies.documents import Statement, allow, both, deny, document
from blueprint.policies.function_parts import LEDGER, table_arns
from blueprint.policies.function_roles import approval_role, capture_role, reconcile_role
from blueprint.policies.guard_role import guard_role
from blueprint.policies.people_roles import auditor_role, operator_role
from blueprint.policies.roles import (
    DECIDE,
    DESTROY_EVIDENCE,
    SEARCH,
    KeyArns,
    RoleSpec,
    read_registry,
    version_arns,
)
from blueprint.policies.studio import studio_rights
from blueprint.policies.tracking_roles import tracking_rights
from blueprint.stages import DECIDED_STATUSES, Stage
from blueprint.tracking_settings import TrackingKind

FUNCTION_ROLES: Mapping[Function, Callable[[Organisation, KeyArns], RoleSpec]] = {
    "capture": capture_role,
    "approval": approval_role,
    "anchor": anchor_role,
    "inventory": inventory_role,
    "metrics": metrics_role,
    "reconcile": reconcile_role,
    "guard": guard_role,
}


def execution_role(organisation: Organisation, artifact_key_arn: str, tracking: TrackingKind = "none") -> RoleSpec:
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
            **studio_rights(organisation, HUB, organisation.hub),
            **tracking_rights(organisation, HUB, organisation.hub, tracking),
            "never": document(
                deny("NeverDecide", ["sagemaker:CreateModelPackage", *DECIDE], ["*"]),
                deny("NeverDestroyEvidence", DESTROY_EVIDENCE, ["*"]),
                deny("NeverSearch", SEARCH, ["*"]),
                deny("NeverChangeArtifacts", ["s3:PutObject", *DELETE_ACTIONS, *TAG_ACTIONS], [f"{bucket}/*"]),
            ),
        },
    )


def approver_role(organisation: Organisation, stage: Stage, keys: KeyArns) -> RoleSpec:
    """Decide on one stage, by people who say who they are.

    It can't create versions nor become another role, so the author's role is never the approver's. The first stage's
    approver sets `Approved` ("deployable at all"); every approver may set `Rejected`.
    """
    names, region = organisation.names, organisation.region
    return RoleSpec(
        name=names.approver_role(stage.name),
        description=f"Approve or reject model versions for {stage.name} ({stage.lifecycle})",
        trust=trust.trust(trust.people("ApproversDecide", stage.approvers, require_mfa=stage.require_mfa)),
        policies={
            "registry": document(*read_registry(organisation), *_decisions(organisation, stage)),
            "ledger": document(
                # `governance history`, before they decide.
                allow("ReadHistory", ["dynamodb:Query"], table_arns(organisation, LEDGER)),
                allow("DecryptTables", ["kms:Decrypt"], [keys.governance], condition=via(["dynamodb"], region)),
                # DescribeModelPackage decrypts as the caller where a version's card is encrypted (botocore sagemaker).
                allow("DecryptCards", ["kms:Decrypt"], [keys.artifacts], condition=via(["sagemaker"], region)),
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


def hub_roles(organisation: Organisation, keys: KeyArns) -> tuple[RoleSpec, ...]:
    """All roles of the hub."""
    people = (auditor_role(organisation, keys), operator_role(organisation, keys))
    return (
        execution_role(organisation, keys.artifacts),
        *(build(organisation, keys) for build in FUNCTION_ROLES.values()),
        *(approver_role(organisation, stage, keys) for stage in organisation.stages),
        *(role for role in people if role is not None),
    )
