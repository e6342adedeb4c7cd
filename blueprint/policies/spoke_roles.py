"""Roles of a spoke: execution (by stage), serving, forwarder.

Allow and Deny of one boundary come from the same tables. Every "may never" of the execution role is an explicit Deny,
so that it also holds in the same account, where resource policies restrict nothing.
"""

from __future__ import annotations

from blueprint.functions import QUALITY_NAMESPACE
from blueprint.names import SPOKE_RULES
from blueprint.organisation import Organisation, Spoke
from blueprint.policies import trust
from blueprint.policies.artifact_bucket import (
    APPROVED,
    ARTIFACTS,
    DELETE_ACTIONS,
    EVALUATIONS,
    PUBLISH_ACTIONS,
    READ_ACTIONS,
    TAG_ACTIONS,
)
from blueprint.policies.conditions import (
    APPROVAL_STATUS,
    LIFECYCLE_STAGE,
    LIFECYCLE_STATUS,
    METRIC_NAMESPACE,
    created_without_precondition,
    existing_tag,
    via,
)
from blueprint.policies.documents import Statement, allow, deny, document
from blueprint.policies.repositories import LOGIN_ACTIONS, PULL_ACTIONS
from blueprint.policies.roles import (
    DECIDE,
    DESTROY_EVIDENCE,
    SEARCH,
    RoleSpec,
    read_registry,
    version_arns,
)
from blueprint.policies.shares import PENDING
from blueprint.policies.studio import studio_rights
from blueprint.policies.tracking_roles import tracking_rights
from blueprint.stages import OPEN_STATUSES, REQUEST_DETAIL_TYPE, REQUEST_SOURCE
from blueprint.tracking_settings import TrackingKind

CREATE = ("sagemaker:CreateModelPackage",)


def execution_role(
    organisation: Organisation, spoke: Spoke, artifact_key_arn: str, tracking: TrackingKind = "none"
) -> RoleSpec:
    """The role that people of a spoke work with, through SageMaker.

    First stage: registers versions and publishes artifacts. Later stages: read, publish evaluation results. All: ask
    for a stage. None: decide.
    """
    names = organisation.names
    stage = organisation.stage(spoke.stage)
    registers = stage == organisation.first_stage
    bucket = names.bucket_arn(organisation.hub)
    own = f"{bucket}/{ARTIFACTS if registers else EVALUATIONS}/{spoke.stack}/*"
    admitted: list[Statement] = [trust.sagemaker(organisation.region, spoke.account)]
    if stage.users:
        users = [names.role_arn(spoke.account, user) for user in stage.users]
        admitted.append(trust.people("PeopleWork", users, require_mfa=stage.require_mfa))
    registry = read_registry(organisation)
    if registers:
        # Without condition on purpose: what may never be created stands as a Deny below and as the RAM permission's
        # condition in the hub, two layers that are tested each alone.
        registry.append(allow("RegisterVersions", CREATE, version_arns(organisation)))
    return RoleSpec(
        name=names.role(spoke.stack, "execution"),
        description=f"{'Register and publish' if registers else 'Validate'} models in {spoke.stack}, never decide",
        trust=trust.trust(*admitted),
        policies={
            "registry": document(*registry),
            "artifacts": document(
                allow("PublishOwnPrefix", PUBLISH_ACTIONS, [own]),
                allow(
                    "ArtifactKeyThroughS3", ["kms:Decrypt", "kms:GenerateDataKey"], [artifact_key_arn],
                    condition=via(["s3"], organisation.region),
                ),
            ),
            # The one namespace that the hub collects quality from; PutMetricData has no resource type.
            "quality": document(
                allow(
                    "PublishQuality", ["cloudwatch:PutMetricData"], ["*"],
                    condition={"StringEquals": {METRIC_NAMESPACE: QUALITY_NAMESPACE}},
                )
            ),
            **_requests(organisation, spoke),
            **tracking_rights(organisation, spoke.stack, spoke.account, tracking),
            **studio_rights(organisation, spoke.stack, spoke.account),
            "never": document(*_never(organisation, registers)),
        },
    )  # fmt: skip


def _requests(organisation: Organisation, spoke: Spoke) -> dict[str, dict[str, object]]:
    """Ask for a stage on the governance bus, where this stage may ask."""
    if not any(spoke.stage in stage.asked_by for stage in organisation.stages):
        return {}
    asks = {"StringEquals": {"events:source": REQUEST_SOURCE, "events:detail-type": REQUEST_DETAIL_TYPE}}
    bus = organisation.names.bus_arn(organisation.hub)
    return {"requests": document(allow("AskForStage", ["events:PutEvents"], [bus], condition=asks))}


def _never(organisation: Organisation, registers: bool) -> list[Statement]:
    """What the role may never, whatever another policy grants.

    Negated operators match an absent key: a creation that doesn't state its status, stage or stage status is refused
    (IAM reference_policies_elements_condition_operators).
    """
    bucket = organisation.names.bucket_arn(organisation.hub)
    objects = [f"{bucket}/*"]
    statements = [
        # One UpdateModelPackage could swap the artifact of an approved version: no condition key sees it.
        deny("NeverDecide", DECIDE, ["*"]),
        deny("NeverDestroyEvidence", DESTROY_EVIDENCE, ["*"]),
        deny("NeverSearch", SEARCH, ["*"]),
        deny("NeverDeleteArtifacts", DELETE_ACTIONS, objects),
        deny("NeverTagArtifacts", TAG_ACTIONS, objects),
        deny("NeverOverwriteArtifacts", ["s3:PutObject"], objects, condition=created_without_precondition()),
    ]
    if not registers:
        return [
            deny("NeverRegister", CREATE, ["*"]),
            deny("NeverWriteArtifacts", ["s3:PutObject"], [f"{bucket}/{ARTIFACTS}/*"]),
            *statements,
        ]
    first = organisation.first_stage.lifecycle
    return [
        deny("NeverApproveAtCreation", CREATE, ["*"], condition={"StringNotEquals": {APPROVAL_STATUS: PENDING}}),
        deny("NeverStartElsewhere", CREATE, ["*"], condition={"StringNotEquals": {LIFECYCLE_STAGE: first}}),
        deny(
            "NeverStartDecided", CREATE, ["*"],
            condition={"StringNotEquals": {LIFECYCLE_STATUS: list(OPEN_STATUSES)}},
        ),
        *statements,
    ]  # fmt: skip


def serving_role(organisation: Organisation, spoke: Spoke, artifact_key_arn: str) -> RoleSpec:
    """The role that is passed to CreateModel: SageMaker reads artifacts, the key and images as this role.

    Rights as dg/sagemaker-roles lists them for CreateModel, each scoped. AWS's own images need theirs too: an endpoint
    whose role lacks ecr:BatchGetImage on a pre-built image's repository fails (aws/deep-learning-containers#759,
    awslabs/aws-solutions-constructs#986), so those in use are admitted like one's own.
    """
    names = organisation.names
    bucket = names.bucket_arn(organisation.hub)
    account, region = spoke.account, organisation.region
    logs = f"arn:{names.partition}:logs:{region}:{account}:log-group:/aws/sagemaker/Endpoints/*"
    policies = {
        "artifacts": document(
            allow(
                "ReadApproved", READ_ACTIONS, [f"{bucket}/{ARTIFACTS}/*"],
                condition={"StringEquals": {existing_tag(spoke.stage): APPROVED}},
            ),
            allow("DecryptThroughS3", ["kms:Decrypt"], [artifact_key_arn], condition=via(["s3"], region)),
        ),
        "telemetry": document(
            # The four that dg/sagemaker-roles gives the role of CreateModel.
            allow(
                "WriteLogs",
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [logs],
            ),
            # PutMetricData has no resource type; the namespace is its bound (Service Authorization Reference).
            allow(
                "PutMetrics", ["cloudwatch:PutMetricData"], ["*"],
                condition={"StringLike": {METRIC_NAMESPACE: "/aws/sagemaker/*"}},
            ),
        ),
    }  # fmt: skip
    own = [names.repository_arn(organisation.hub, repository) for repository in organisation.repositories]
    if organisation.image_repositories or own:
        policies["images"] = document(
            allow("PullAdmittedImages", PULL_ACTIONS, [*organisation.image_repositories, *own]),
            allow("LogInToRegistries", LOGIN_ACTIONS, ["*"]),
        )
    return RoleSpec(
        name=names.role(spoke.stack, "serving"),
        description=f"Read by endpoints of {spoke.stack}: artifacts approved for {spoke.stage}, nothing else",
        trust=trust.trust(trust.sagemaker(region, account)),
        policies=policies,
    )


def forwarder_role(organisation: Organisation, spoke: Spoke) -> RoleSpec:
    """The role with which the forwarding rules post to the hub's bus."""
    names = organisation.names
    rules = [names.rule_arn(spoke.account, names.forward_rule(spoke.stack, rule)) for rule in SPOKE_RULES]
    bus = names.bus_arn(organisation.hub)
    return RoleSpec(
        name=names.role(spoke.stack, "forwarder"),
        description=f"Forward states and calls of {spoke.stack} to the hub",
        trust=trust.trust(trust.rules(rules, spoke.account)),
        policies={"forward": document(allow("PostToGovernanceBus", ["events:PutEvents"], [bus]))},
    )
