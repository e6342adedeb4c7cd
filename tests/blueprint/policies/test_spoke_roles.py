"""Roles of the spokes: exact rights, and every "may never"."""

from __future__ import annotations

import pytest

from blueprint.organisation import Organisation
from blueprint.policies.observability import METRIC_FILTER
from blueprint.policies.roles import RoleSpec
from blueprint.policies.spoke_roles import execution_role, forwarder_role, serving_role
from blueprint.policies.studio import studio_rights
from governance.quality import NAMESPACE
from tests.blueprint.samples import (
    BUCKET,
    DEV,
    HUB,
    KEY,
    REGION,
    TEST,
    actions,
    grants,
    organisation,
    statement,
)

EXAMPLE = organisation()
GROUP = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package-group/ModelCreditRisk"
VERSIONS = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"
BUS = f"arn:aws:events:{REGION}:{HUB}:event-bus/mlgov-governance"
S3 = f"arn:aws:s3:::{BUCKET}"


def role(stack: str, of: Organisation = EXAMPLE) -> RoleSpec:
    return execution_role(of, of.spoke(stack), KEY)


def allowed(spec: RoleSpec) -> dict[str, dict[str, tuple[set[str], set[str]]]]:
    return {name: grants(policy) for name, policy in spec.policies.items() if grants(policy)}


def test_the_data_scientist_s_rights_are_exactly_these() -> None:
    """Guards: AmazonSageMakerFullAccess and whatever else crept in."""
    assert allowed(role("dev")) == {
        "registry": {
            "DescribeGroups": ({"sagemaker:DescribeModelPackageGroup"}, {GROUP}),
            "DescribeVersions": ({"sagemaker:DescribeModelPackage"}, {VERSIONS}),
            "List": ({"sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages"}, {"*"}),
            "RegisterVersions": ({"sagemaker:CreateModelPackage"}, {VERSIONS}),
        },
        "artifacts": {
            "PublishOwnPrefix": (
                {"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
                {f"{S3}/artifacts/dev/*"},
            ),
            "ArtifactKeyThroughS3": ({"kms:Decrypt", "kms:GenerateDataKey"}, {KEY}),
        },
        "quality": {"PublishQuality": ({"cloudwatch:PutMetricData"}, {"*"})},
        "requests": {"AskForStage": ({"events:PutEvents"}, {BUS})},
        "studio": grants(studio_rights(EXAMPLE, "dev", DEV)["studio"]),
    }


@pytest.mark.parametrize("stack", ["dev", "test"])
def test_quality_is_published_where_the_hub_collects_it_and_nowhere_else(stack: str) -> None:
    """Guards: an evaluation that nobody may publish; metrics of an endpoint, or of the hub's functions, made up."""
    publish = statement(role(stack).policies["quality"], "PublishQuality")
    assert publish["Action"] == "cloudwatch:PutMetricData"
    assert publish["Condition"] == {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
    assert NAMESPACE in METRIC_FILTER, "the account's link shows it to the hub"


def test_the_validator_s_rights_are_exactly_these() -> None:
    """Guards: a test account that registers, or writes artifacts."""
    spec = role("test")
    assert allowed(spec)["artifacts"]["PublishOwnPrefix"][1] == {f"{S3}/evaluations/test/*"}
    assert "sagemaker:CreateModelPackage" not in {a for p in spec.policies.values() for a in actions(p)}


@pytest.mark.parametrize("stack", ["dev", "test"])
@pytest.mark.parametrize(
    "action",
    [
        "sagemaker:UpdateModelPackage",
        "sagemaker:DeleteModelPackage",
        "sagemaker:DeleteModelPackageGroup",
        "sagemaker:PutModelPackageGroupPolicy",
        "sagemaker:Search",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
        "s3:DeleteObjectTagging",
    ],
)
def test_what_an_execution_role_may_never_is_denied_without_condition(stack: str, action: str) -> None:
    """Guards: dev approves or deletes its own versions, or touches what was approved."""
    never = role(stack).policies["never"]
    denies = [found for found in never["Statement"] if action in str(found["Action"])]
    assert denies
    assert all("Condition" not in found for found in denies)


def test_a_creation_must_state_that_it_is_pending_in_the_first_stage() -> None:
    """Guards: Approved at creation, or a start in Production; a field left out counts as wrong."""
    never = role("dev").policies["never"]
    conditions = {
        sid: statement(never, sid)["Condition"]
        for sid in ("NeverApproveAtCreation", "NeverStartElsewhere", "NeverStartDecided")
    }
    assert conditions == {
        "NeverApproveAtCreation": {"StringNotEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
        "NeverStartElsewhere": {"StringNotEquals": {"sagemaker:ModelLifeCycle:Stage": "Development"}},
        "NeverStartDecided": {
            "StringNotEquals": {"sagemaker:ModelLifeCycle:StageStatus": ["PendingApproval", "InProgress"]}
        },
    }


def test_the_validator_never_registers_nor_writes_artifacts() -> None:
    """Guards: the same in same-account mode, where the bucket's policy restricts nothing."""
    never = role("test").policies["never"]
    assert statement(never, "NeverRegister")["Resource"] == "*"
    assert statement(never, "NeverWriteArtifacts")["Resource"] == f"{S3}/artifacts/*"


def test_sagemaker_assumes_the_role_for_its_own_account_only() -> None:
    """Guards: a confused deputy; account-root trusts without a condition."""
    (trusted,) = role("dev").trust["Statement"]
    assert trusted["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trusted["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:{REGION}:{DEV}:*"},
        "StringEquals": {"aws:SourceAccount": DEV},
    }


def test_people_who_may_work_as_the_role_say_who_they_are() -> None:
    """Guards: facts whose author is a role's session, not a person."""
    dev, *others = EXAMPLE.stages
    from dataclasses import replace

    peopled = organisation(stages=(replace(dev, users=("DataScientist",), require_mfa=True), *others))
    people = statement(role("dev", peopled).trust, "PeopleWork")
    assert people["Principal"] == {"AWS": f"arn:aws:iam::{DEV}:root"}
    assert people["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert people["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{DEV}:role/DataScientist"},
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "StringLike": {"sts:SourceIdentity": "?*"},
    }


def test_the_serving_role_reads_approved_artifacts_and_writes_telemetry() -> None:
    """Guards: an endpoint that reads anything else, or has no key for what it may read."""
    spec = serving_role(EXAMPLE, EXAMPLE.spoke("test"), KEY)
    assert allowed(spec) == {
        "artifacts": {
            "ReadApproved": ({"s3:GetObject", "s3:GetObjectVersion"}, {f"{S3}/artifacts/*"}),
            "DecryptThroughS3": ({"kms:Decrypt"}, {KEY}),
        },
        "telemetry": {
            "WriteLogs": (
                {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
                {f"arn:aws:logs:{REGION}:{TEST}:log-group:/aws/sagemaker/Endpoints/*"},
            ),
            "PutMetrics": ({"cloudwatch:PutMetricData"}, {"*"}),
        },
    }
    read = statement(spec.policies["artifacts"], "ReadApproved")
    assert read["Condition"] == {"StringEquals": {"s3:ExistingObjectTag/test": "approved"}}
    metrics = statement(spec.policies["telemetry"], "PutMetrics")
    assert metrics["Condition"] == {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}}, "the only bound"


def test_own_images_are_pulled_from_admitted_repositories_only() -> None:
    """Guards: an image from anywhere, behind an approved artifact."""
    repository = f"arn:aws:ecr:{REGION}:{HUB}:repository/scoring"
    with_images = organisation(image_repositories=(repository,))
    spec = serving_role(with_images, with_images.spoke("test"), KEY)
    assert grants(spec.policies["images"])["PullAdmittedImages"][1] == {repository}
    assert "images" not in serving_role(EXAMPLE, EXAMPLE.spoke("test"), KEY).policies


def test_the_forwarder_posts_to_the_governance_bus_for_its_rules_only() -> None:
    """Guards: a role that any rule of the account could use."""
    spec = forwarder_role(EXAMPLE, EXAMPLE.spoke("dev"))
    assert allowed(spec) == {"forward": {"PostToGovernanceBus": ({"events:PutEvents"}, {BUS})}}
    (trusted,) = spec.trust["Statement"]
    assert trusted["Condition"] == {
        "ArnEquals": {
            "aws:SourceArn": [
                f"arn:aws:events:{REGION}:{DEV}:rule/mlgov-dev-calls",
                f"arn:aws:events:{REGION}:{DEV}:rule/mlgov-dev-states",
            ]
        },
        "StringEquals": {"aws:SourceAccount": DEV},
    }
