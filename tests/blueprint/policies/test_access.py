"""Who may do what, decided by the evaluator over the policies as the blueprint makes them, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from access import Case, decide, layers
from blueprint.organisation import Organisation, Spoke
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.bus import governance_bus
from blueprint.policies.function_roles import approval_role, capture_role
from blueprint.policies.hub_roles import approver_role
from blueprint.policies.keys import artifact_key, governance_key
from blueprint.policies.roles import RoleSpec
from blueprint.policies.shares import shares
from blueprint.policies.spoke_roles import execution_role, forwarder_role, serving_role
from tests.blueprint.samples import (
    BUCKET,
    DEV,
    GOVERNANCE_KEY,
    HUB,
    KEY,
    KEYS,
    OFFICER,
    ORGANISATION_ID,
    OUTSIDER,
    REGION,
    TEST,
    fleet,
    organisation,
)

EXAMPLE = organisation()
VERSION = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/1"
NEW_VERSION = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"
BUS = f"arn:aws:events:{REGION}:{HUB}:event-bus/mlgov-governance"
STATUS, STAGE = "sagemaker:ModelApprovalStatus", "sagemaker:ModelLifeCycle:Stage"
STAGE_STATUS = "sagemaker:ModelLifeCycle:StageStatus"

PENDING = {STATUS: "PendingManualApproval", STAGE: "Development", STAGE_STATUS: "PendingApproval"}
CREATES = {"s3:ObjectCreationOperation": "true", "aws:SecureTransport": "true"}
ONCE = {**CREATES, "s3:if-none-match": "*"}
Context = Mapping[str, Any]


def artifact(path: str) -> str:
    return f"arn:aws:s3:::{BUCKET}/{path}"


OWN = artifact("artifacts/dev/ModelCreditRisk/0/model.tar.gz")


def scientist(of: Organisation = EXAMPLE) -> tuple[str, RoleSpec]:
    return DEV, execution_role(of, of.spoke("dev"), KEY)


def validator() -> tuple[str, RoleSpec]:
    return TEST, execution_role(EXAMPLE, EXAMPLE.spoke("test"), KEY)


def serving() -> tuple[str, RoleSpec]:
    return TEST, serving_role(EXAMPLE, EXAMPLE.spoke("test"), KEY)


def approver(stage: str) -> tuple[str, RoleSpec]:
    return HUB, approver_role(EXAMPLE, EXAMPLE.stage(stage), KEYS)


def case(who: tuple[str, RoleSpec], action: str, resource: str, context: Context, resource_policy: Any) -> Case:
    account, role = who
    return Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{account}:assumed-role/{role.name}/session",
                "action": action,
                "resource": resource,
                "resource_account": HUB,
                "context": {"aws:PrincipalOrgID": ORGANISATION_ID, **context},
            },
            "identity_policies": [
                {"name": f"{role.name}/{name}", "policy": policy} for name, policy in role.policies.items()
            ],
            "resource_policy": resource_policy,
        }
    )


def shared_with(spoke: Spoke) -> list[dict[str, Any]]:
    """What RAM's shares come to as the group's resource policy: one statement per share and spoke."""
    return [
        {
            "Version": "2012-10-17",
            "Statement": [
                {**share.template, "Principal": {"AWS": f"arn:aws:iam::{spoke.account}:root"}, "Resource": "*"}
            ],
        }
        for share in shares(EXAMPLE)
        if spoke in share.spokes
    ]


def registry(who: tuple[str, RoleSpec], action: str, context: Context) -> Case:
    resource = NEW_VERSION if action.endswith(":CreateModelPackage") else VERSION
    stack = "dev" if who[0] == DEV else "test"
    policy = None if who[0] == HUB else shared_with(EXAMPLE.spoke(stack))
    return case(who, action, resource, context, policy)


def bucket(who: tuple[str, RoleSpec], action: str, resource: str, context: Context) -> Case:
    return case(who, action, resource, {"aws:SecureTransport": "true", **context}, artifact_bucket(EXAMPLE, KEY))


def sides(of: Case) -> dict[str, str]:
    return {found.layer: found.decision for found in layers(of) if found.layer in ("identity", "resource")}


def test_the_data_scientist_registers_a_pending_version_in_the_first_stage() -> None:
    """Guards: a boundary so tight that nobody can work."""
    assert decide(registry(scientist(), "sagemaker:CreateModelPackage", PENDING)).allowed
    assert decide(registry(scientist(), "sagemaker:DescribeModelPackage", {})).allowed


@pytest.mark.parametrize(
    "changes",
    [
        {STATUS: "Approved"},
        {STATUS: "Rejected"},
        {STAGE: "Production"},
        {STAGE: "Staging"},
        {STATUS: "Approved", STAGE: "Production", STAGE_STATUS: "Approved"},
    ],
)
def test_a_version_can_t_be_born_approved_or_elsewhere_by_either_side_alone(changes: Context) -> None:
    """Guards: a refusal that rests on one layer: take the role's Deny away, and the share still refuses."""
    tried = registry(scientist(), "sagemaker:CreateModelPackage", {**PENDING, **changes})
    assert sides(tried) == {"identity": "denied", "resource": "silent"}


@pytest.mark.parametrize("missing", [STATUS, STAGE, STAGE_STATUS])
def test_what_a_creation_leaves_out_counts_as_wrong(missing: str) -> None:
    """Guards: an absent key that slips past a negated operator."""
    context = {key: value for key, value in PENDING.items() if key != missing}
    assert not decide(registry(scientist(), "sagemaker:CreateModelPackage", context)).allowed


@pytest.mark.parametrize("who", [scientist(), validator()], ids=["scientist", "validator"])
@pytest.mark.parametrize(
    "action",
    ["sagemaker:UpdateModelPackage", "sagemaker:DeleteModelPackage", "sagemaker:DeleteModelPackageGroup"],
)
def test_nobody_in_a_spoke_decides_or_destroys(who: tuple[str, RoleSpec], action: str) -> None:
    """Guards: dev and test that approve or delete (duties weren't separated)."""
    assert sides(registry(who, action, {})) == {"identity": "denied", "resource": "silent"}


def test_the_validator_makes_models_of_shared_versions_but_registers_none() -> None:
    """Guards: a consumer that contributes."""
    assert sides(registry(validator(), "sagemaker:CreateModelPackage", PENDING)) == {
        "identity": "denied",
        "resource": "silent",
    }


PUT = "s3:PutObject"
SSE = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        (PUT, OWN, ONCE, True),
        (PUT, OWN, {**ONCE, SSE: "aws:kms", f"{SSE}-aws-kms-key-id": KEY}, True),
        # S3 would take the AWS managed key, which no other account can decrypt with.
        (PUT, OWN, {**ONCE, SSE: "aws:kms"}, False),
        (PUT, OWN, {**ONCE, SSE: "AES256"}, False),
        (PUT, OWN, {**ONCE, f"{SSE}-aws-kms-key-id": GOVERNANCE_KEY}, False),
        (PUT, OWN, CREATES, False),
        (PUT, OWN, {**ONCE, "aws:SecureTransport": "false"}, False),
        # Parts of a multipart upload make no object; its completion does.
        (PUT, OWN, {"s3:ObjectCreationOperation": "false"}, True),
        ("s3:GetObject", OWN, {}, True),
        ("s3:GetObject", artifact("artifacts/test/x"), {}, False),
        ("s3:GetObject", artifact("evaluations/test/x"), {}, False),
        (PUT, artifact("artifacts/test/x"), ONCE, False),
        (PUT, artifact("artifacts/dev2/x"), ONCE, False),
        ("s3:DeleteObject", OWN, {}, False),
        ("s3:DeleteObjectVersion", OWN, {}, False),
        ("s3:PutObjectTagging", OWN, {}, False),
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {}, False),
    ],
)
def test_the_data_scientist_s_artifacts(action: str, resource: str, context: Context, allowed: bool) -> None:
    """Guards: an overwritten, deleted or self-tagged artifact; a publication that is refused."""
    assert decide(bucket(scientist(), action, resource, context)).allowed is allowed


@pytest.mark.parametrize(
    ("action", "context"),
    [
        (PUT, CREATES),
        ("s3:DeleteObject", {}),
        ("s3:DeleteObjectVersion", {}),
        ("s3:PutObjectTagging", {}),
        ("s3:PutObjectVersionTagging", {}),
    ],
)
def test_tampering_is_denied_by_role_and_bucket_alike(action: str, context: Context) -> None:
    """Guards: one statement between an author and the approved artifact."""
    assert sides(bucket(scientist(), action, OWN, context)) == {"identity": "denied", "resource": "denied"}


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [({"test": "approved"}, True), ({"dev": "approved"}, False), ({"test": "no"}, False), ({}, False)],
)
def test_serving_follows_the_tag_of_the_own_stage(tags: Mapping[str, str], allowed: bool) -> None:
    """Guards: an unapproved model behind an endpoint; an approved one that can't be read."""
    context = {f"s3:ExistingObjectTag/{stage}": value for stage, value in tags.items()}
    read = bucket(serving(), "s3:GetObject", OWN, context)
    assert sides(read) == dict.fromkeys(("identity", "resource"), "allowed" if allowed else "silent")


def encryption(who: tuple[str, RoleSpec], action: str, **context: str) -> Case:
    through = {
        "kms:ViaService": f"s3.{REGION}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}",
        **context,
    }
    return case(who, action, KEY, through, artifact_key(EXAMPLE))


def test_the_artifact_key_opens_for_spokes_through_s3_only() -> None:
    """Guards: a serving role that can read an artifact, but not decrypt it; a key that is used for other data."""
    assert decide(encryption(serving(), "kms:Decrypt")).allowed
    assert decide(encryption(scientist(), "kms:GenerateDataKey")).allowed
    assert not decide(encryption(serving(), "kms:GenerateDataKey")).allowed
    assert not decide(
        encryption(scientist(), "kms:Decrypt", **{"kms:ViaService": f"sqs.{REGION}.amazonaws.com"})
    ).allowed
    other = {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::another"}
    assert not decide(encryption(scientist(), "kms:Decrypt", **other)).allowed


def test_capture_uses_the_governance_key_through_its_services() -> None:
    """Guards: an encrypted queue that its consumer can't read."""
    capture = HUB, capture_role(EXAMPLE, KEYS)
    for service, may in (
        ("sqs", {"Decrypt", "GenerateDataKey"}),
        ("dynamodb", {"Decrypt"}),
        ("s3", {"GenerateDataKey"}),
        ("logs", {"Decrypt", "GenerateDataKey"}),
        ("rds", set()),
    ):
        context = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
        for action in ("Decrypt", "GenerateDataKey"):
            tried = case(capture, f"kms:{action}", GOVERNANCE_KEY, context, governance_key(EXAMPLE))
            assert decide(tried).allowed is (action in may), (service, action)


@pytest.mark.parametrize(
    ("stage", "context", "allowed"),
    [
        ("dev", {STATUS: "Approved", STAGE: "Development", STAGE_STATUS: "Approved"}, True),
        ("dev", {STATUS: "Rejected"}, True),
        ("dev", {STATUS: "Approved"}, False),
        ("dev", {STAGE: "Staging", STAGE_STATUS: "Approved"}, False),
        ("dev", {STAGE: "Development", STAGE_STATUS: "approved"}, False),
        ("test", {STAGE: "Staging", STAGE_STATUS: "Approved"}, True),
        ("test", {STATUS: "Approved", STAGE: "Staging", STAGE_STATUS: "Approved"}, False),
        ("test", {STATUS: "Rejected", STAGE: "Staging", STAGE_STATUS: "Rejected"}, True),
        ("test", {STAGE: "Production", STAGE_STATUS: "Approved"}, False),
        ("prod", {STAGE: "Production", STAGE_STATUS: "Approved"}, True),
        ("prod", {STATUS: "Rejected"}, True),
        ("prod", {}, False),
    ],
)
def test_an_approver_decides_on_the_own_stage(stage: str, context: Context, allowed: bool) -> None:
    """Guards: an approver of test who approves for production; an update that says nothing but swaps an artifact."""
    assert decide(registry(approver(stage), "sagemaker:UpdateModelPackage", context)).allowed is allowed


def test_an_approver_neither_registers_nor_becomes_an_author() -> None:
    """Guards: author and approver in one hand."""
    assert not decide(registry(approver("dev"), "sagemaker:CreateModelPackage", PENDING)).allowed
    author = f"arn:aws:iam::{DEV}:role/mlgov-dev-execution"
    account, role = approver("dev")
    tried = Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{account}:assumed-role/{role.name}/ada",
                "action": "sts:AssumeRole",
                "resource": author,
                "resource_account": DEV,
                "context": {"sts:SourceIdentity": "ada"},
            },
            "identity_policies": list(role.policies.values()),
            "role_trust": scientist()[1].trust,
        }
    )
    assert not decide(tried).allowed


@pytest.mark.parametrize(
    ("principal", "context", "allowed"),
    [
        (OFFICER, {"sts:SourceIdentity": "ada"}, True),
        (OFFICER, {}, False),
        (f"arn:aws:iam::{HUB}:role/Somebody", {"sts:SourceIdentity": "ada"}, False),
        (f"arn:aws:iam::{OUTSIDER}:role/ModelRiskOfficer", {"sts:SourceIdentity": "ada"}, False),
    ],
)
def test_who_may_become_an_approver(principal: str, context: Context, allowed: bool) -> None:
    """Guards: an approval without a person behind it; a namesake of the officer in another account."""
    account, name = principal.split(":")[4], principal.rpartition("/")[2]
    tried = Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{account}:assumed-role/{name}/ada",
                "action": "sts:AssumeRole",
                "resource": f"arn:aws:iam::{HUB}:role/mlgov-hub-approver-dev",
                "resource_account": HUB,
                "context": dict(context),
            },
            "identity_policies": [
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
            ],
            "role_trust": approver("dev")[1].trust,
        }
    )
    assert decide(tried).allowed is allowed


def posted(who: tuple[str, RoleSpec], source: str, detail_type: str, *, by_rule: bool) -> bool:
    context = {
        "events:source": source,
        "events:detail-type": detail_type,
        "events:eventBusInvocation": "true" if by_rule else "false",
    }
    return decide(case(who, "events:PutEvents", BUS, context, governance_bus(EXAMPLE))).allowed


def test_what_reaches_the_governance_bus() -> None:
    """Guards: a forged endpoint state; a request from whom nobody asked."""
    forwarder = DEV, forwarder_role(EXAMPLE, EXAMPLE.spoke("dev"))
    endpoint = "SageMaker Endpoint State Change"
    assert posted(forwarder, "aws.sagemaker", endpoint, by_rule=True)
    assert not posted(forwarder, "aws.sagemaker", endpoint, by_rule=False)
    assert not posted(forwarder, "mlgov.requests", "Stage Requested", by_rule=True)
    assert posted(scientist(), "mlgov.requests", "Stage Requested", by_rule=False)
    assert not posted(scientist(), "aws.sagemaker", endpoint, by_rule=False)
    assert not posted(scientist(), "mlgov.requests", "Something Else", by_rule=False)
    assert not posted(serving(), "mlgov.requests", "Stage Requested", by_rule=False)


def test_capture_appends_and_can_t_rewrite() -> None:
    """Guards: history that its own writer can change."""
    capture = HUB, capture_role(EXAMPLE, KEYS)
    ledger = f"arn:aws:dynamodb:{REGION}:{HUB}:table/mlgov_modelgovernanceledger"
    inside = {"dynamodb:EnclosingOperation": "ExecuteTransaction"}
    assert decide(case(capture, "dynamodb:PartiQLInsert", ledger, inside, None)).allowed
    assert not decide(case(capture, "dynamodb:PartiQLInsert", ledger, {}, None)).allowed
    for action in ("PutItem", "UpdateItem", "DeleteItem", "PartiQLUpdate", "PartiQLDelete", "BatchWriteItem"):
        assert not decide(case(capture, f"dynamodb:{action}", ledger, inside, None)).allowed, action


def test_the_approval_function_sets_stage_tags_and_no_others() -> None:
    """Guards: a function that could mark an artifact in any way."""
    approval = HUB, approval_role(EXAMPLE, KEYS)

    def tags(values: Mapping[str, str]) -> bool:
        context: dict[str, Any] = {"s3:RequestObjectTagKeys": sorted(values)}
        context |= {f"s3:RequestObjectTag/{key}": value for key, value in values.items()}
        return decide(bucket(approval, "s3:PutObjectVersionTagging", OWN, context)).allowed

    assert tags({"dev": "approved", "dev-versions": "1 2"})
    assert not tags({"dev": "maybe"})
    assert not tags({"owner": "approved"})
    assert not decide(bucket(approval, "s3:PutObject", OWN, ONCE)).allowed


@pytest.mark.parametrize("size", [2, 60, 150, 400, 1000])
def test_an_outsider_with_all_rights_at_home_reaches_nothing(size: int) -> None:
    """Guards: a wider form of a policy that admits accounts outside the organisation, by our role names."""
    of = fleet(size)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for name in ("mlgov-dev-0000-execution", "mlgov-test-0001-serving", "mlgov-test-0001-forwarder"):
        for action, resource, policy in (
            ("s3:GetObject", OWN, artifact_bucket(of, KEY)),
            ("kms:Decrypt", KEY, artifact_key(of)),
            ("events:PutEvents", BUS, governance_bus(of)),
        ):
            tried = Case.from_dict(
                {
                    "request": {
                        "principal": f"arn:aws:sts::{OUTSIDER}:assumed-role/{name}/x",
                        "action": action,
                        "resource": resource,
                        "resource_account": HUB,
                        "context": {
                            "s3:ExistingObjectTag/test": "approved",
                            "kms:ViaService": f"s3.{REGION}.amazonaws.com",
                            "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}",
                            "events:source": "aws.sagemaker",
                            "events:detail-type": "SageMaker Endpoint State Change",
                            "events:eventBusInvocation": "true",
                            "aws:SecureTransport": "true",
                        },
                    },
                    "identity_policies": [everything],
                    "resource_policy": policy,
                }
            )
            assert not decide(tried).allowed, (size, name, action)
