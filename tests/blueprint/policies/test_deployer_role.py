"""The deployer: exact rights, and what it may never, decided by the evaluator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from access import Case, decide, layers
from blueprint.organisation import Organisation
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.deployer_role import deployer_role
from blueprint.policies.roles import RoleSpec
from blueprint.policies.shares import shares
from blueprint.policies.spoke_role_list import spoke_roles
from tests.blueprint.policies.role_rights import allowed
from tests.blueprint.samples import (
    BUCKET,
    DEV,
    HUB,
    KEY,
    ORGANISATION_ID,
    REGION,
    SPOKES,
    STAGES,
    TEST,
    organisation,
    statement,
)

EXAMPLE = organisation()
GROUP = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package-group/ModelCreditRisk"
VERSIONS = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"
VERSION = VERSIONS.replace("*", "1")
SERVING = f"arn:aws:iam::{TEST}:role/mlgov-test-serving"
PEOPLE = f"arn:aws:iam::{TEST}:role/ModelDeployer"
VOLUME_KEY = f"arn:aws:kms:{REGION}:{TEST}:key/44444444-4444-4444-4444-444444444444"
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}


def here(kind: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{TEST}:{kind}"


def role(of: Organisation = EXAMPLE) -> RoleSpec:
    made = deployer_role(of, of.spoke("test"))
    assert made is not None
    return made


def tried(action: str, resource: str, context: dict[str, Any] | None = None, policy: Any = None, **more: Any) -> Case:
    spec = role(more.get("of", EXAMPLE))
    return Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{TEST}:assumed-role/{spec.name}/session",
                "action": action,
                "resource": resource,
                "resource_account": HUB if f":{HUB}:" in resource else more.get("owner", TEST),
                "context": {"aws:PrincipalOrgID": ORGANISATION_ID, **(context or {})},
            },
            "identity_policies": [
                {"name": f"{spec.name}/{name}", "policy": document} for name, document in spec.policies.items()
            ],
            "resource_policy": policy,
        }
    )


def sides(case: Case) -> dict[str, str]:
    return {found.layer: found.decision for found in layers(case) if found.layer in ("identity", "resource")}


def test_the_deployer_s_rights_are_exactly_these() -> None:
    """Guards: AmazonSageMakerFullAccess and whatever else crept in."""
    assert allowed(role()) == {
        "registry": {
            "DescribeGroups": ({"sagemaker:DescribeModelPackageGroup"}, {GROUP}),
            "DescribeVersions": ({"sagemaker:DescribeModelPackage"}, {VERSIONS}),
            "List": ({"sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages"}, {"*"}),
        },
        "serve": {
            "MakeModels": ({"sagemaker:CreateModel"}, {here("model/*")}),
            "OfVersions": ({"sagemaker:CreateModel"}, {VERSIONS}),
            "Serve": (
                {
                    "sagemaker:AddTags",
                    "sagemaker:CreateEndpoint",
                    "sagemaker:CreateEndpointConfig",
                    "sagemaker:DeleteEndpoint",
                    "sagemaker:DeleteEndpointConfig",
                    "sagemaker:DeleteModel",
                    "sagemaker:DescribeEndpoint",
                    "sagemaker:DescribeEndpointConfig",
                    "sagemaker:DescribeModel",
                    "sagemaker:UpdateEndpoint",
                },
                {here("endpoint/*"), here("endpoint-config/*"), here("model/*")},
            ),
            "ListServed": (
                {"sagemaker:ListEndpointConfigs", "sagemaker:ListEndpoints", "sagemaker:ListModels"},
                {"*"},
            ),
            "PassServing": ({"iam:PassRole"}, {SERVING}),
        },
    }


def test_it_serves_what_the_share_lets_its_account_deploy() -> None:
    """Guards: a deployer that the hub's share doesn't let make models of its versions."""
    (consumer,) = [share for share in shares(EXAMPLE) if share.level == "consumer"]
    shared = {
        "Version": "2012-10-17",
        "Statement": [{**consumer.template, "Principal": {"AWS": f"arn:aws:iam::{TEST}:root"}, "Resource": "*"}],
    }
    assert decide(tried("sagemaker:CreateModel", VERSION, policy=shared, owner=HUB)).allowed
    for action, kind in (("CreateModel", "model/m"), ("CreateEndpoint", "endpoint/e"), ("DeleteModel", "model/m")):
        assert decide(tried(f"sagemaker:{action}", here(kind))).allowed
    assert decide(tried("iam:PassRole", SERVING, TO_SAGEMAKER)).allowed


@pytest.mark.parametrize(
    ("resource", "context"),
    [
        (f"arn:aws:iam::{TEST}:role/mlgov-test-execution", TO_SAGEMAKER),
        (f"arn:aws:iam::{TEST}:role/Administrator", TO_SAGEMAKER),
    ],
)
def test_it_passes_no_other_role(resource: str, context: dict[str, str]) -> None:
    """Guards: an endpoint with a role that reads what nobody approved, also if somebody adds an Allow."""
    assert sides(tried("iam:PassRole", resource, context))["identity"] == "denied"


def test_it_passes_its_role_to_nothing_but_sagemaker() -> None:
    """Guards: a confused deputy: another service that works with the serving role."""
    assert not decide(tried("iam:PassRole", SERVING, {"iam:PassedToService": "ec2.amazonaws.com"})).allowed
    assert not decide(tried("iam:PassRole", SERVING)).allowed


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"])
def test_it_reaches_no_artifact_by_either_side_alone(action: str) -> None:
    """Guards: whoever deploys taking the model home, or swapping it."""
    artifact = f"arn:aws:s3:::{BUCKET}/artifacts/dev/ModelCreditRisk/0/model.tar.gz"
    context = {"aws:SecureTransport": "true", "s3:ExistingObjectTag/test": "approved", "s3:if-none-match": "*"}
    found = sides(tried(action, artifact, context, artifact_bucket(EXAMPLE, KEY), owner=HUB))
    assert found["identity"] == "denied"
    assert found["resource"] in ("silent", "denied")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:Search", "*"),
        ("sagemaker:CreateModelPackage", VERSION),
        ("sagemaker:UpdateModelPackage", VERSION),
        ("sagemaker:DeleteModelPackage", VERSION),
        ("sagemaker:CreateInferenceComponent", f"arn:aws:sagemaker:{REGION}:{TEST}:inference-component/c"),
        ("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:{REGION}:{TEST}:endpoint/e"),
        ("sts:AssumeRole", f"arn:aws:iam::{HUB}:role/mlgov-hub-approver-test"),
        ("kms:Decrypt", KEY),
    ],
)
def test_everything_else_is_denied_whatever_another_policy_allows(action: str, resource: str) -> None:
    """Guards: a policy that somebody attaches beside ours, and with it the registry."""
    assert sides(tried(action, resource))["identity"] == "denied"


def test_people_and_pipelines_say_who_they_are() -> None:
    """Guards: deployments by nobody; SageMaker, and any pipeline of it, as deployer."""
    (trusted,) = role().trust["Statement"]
    assert trusted["Principal"] == {"AWS": f"arn:aws:iam::{TEST}:root"}
    assert trusted["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert trusted["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": PEOPLE},
        "StringLike": {"sts:SourceIdentity": "?*"},
    }


@pytest.mark.parametrize(
    ("principal", "context", "trusted"),
    [
        (PEOPLE, {"sts:SourceIdentity": "ada"}, True),
        (PEOPLE, {}, False),
        (PEOPLE, {"sts:SourceIdentity": ""}, False),
        (f"arn:aws:iam::{TEST}:role/Somebody", {"sts:SourceIdentity": "ada"}, False),
        (f"arn:aws:iam::{DEV}:role/ModelDeployer", {"sts:SourceIdentity": "ada"}, False),
        ("sagemaker.amazonaws.com", {"aws:SourceAccount": TEST}, False),
    ],
)
def test_who_becomes_the_deployer(principal: str, context: dict[str, str], trusted: bool) -> None:
    """Guards: a confused deputy, a session without a person, the same role name in another account."""
    anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
    case = Case.from_dict(
        {
            "request": {
                "principal": principal,
                "action": "sts:AssumeRole",
                "resource": f"arn:aws:iam::{TEST}:role/mlgov-test-deployer",
                "resource_account": TEST,
                "context": context,
            },
            "identity_policies": [anything] if principal.startswith("arn:") else [],
            "role_trust": role().trust,
        }
    )
    assert decide(case).allowed is trusted


def test_deployers_are_roles_of_the_stage_s_accounts_or_arns() -> None:
    """Guards: a central pipeline's role that can't be named."""
    central = "arn:aws:iam::777777777777:role/release-*"
    stages = tuple(replace(stage, deployers=("ModelDeployer", central)) for stage in STAGES)
    (trusted,) = role(organisation(stages=stages)).trust["Statement"]
    assert trusted["Principal"] == {"AWS": [f"arn:aws:iam::{TEST}:root", "arn:aws:iam::777777777777:root"]}
    assert trusted["Condition"]["ArnLike"] == {"aws:PrincipalArn": [PEOPLE, central]}


def test_without_deployers_there_is_no_role() -> None:
    """Guards: the first stage serving what it registered, and a role that nobody may become."""
    assert deployer_role(EXAMPLE, EXAMPLE.spoke("dev")) is None
    assert {spec.name for spec in spoke_roles(EXAMPLE, EXAMPLE.spoke("dev"), KEY)} == {
        f"mlgov-dev-{purpose}" for purpose in ("execution", "serving", "forwarder", "reader", "tracking")
    }


def test_the_first_stage_serves_where_it_names_deployers() -> None:
    """Guards: a deployer of the first stage whom no share lets make a model, or a share that lets one unasked."""
    dev, *others = STAGES
    asked = organisation(stages=(replace(dev, deployers=("Lab",)), *others))

    def contributors(of: Organisation) -> list[str]:
        (found,) = [share.template["Action"] for share in shares(of) if share.level == "contributor-read"]
        return list(found)

    assert "sagemaker:CreateModel" in contributors(asked)
    assert "sagemaker:CreateModel" not in contributors(EXAMPLE)
    assert deployer_role(asked, asked.spoke("dev")) is not None


def test_a_key_of_the_volumes_is_granted_for_sagemaker_alone() -> None:
    """Guards: endpoints with an encrypted volume that fail; a grant that a person makes for themselves."""
    keyed = organisation(spokes=tuple(replace(spoke, volume_key=VOLUME_KEY) for spoke in SPOKES))
    via = {"StringEquals": {"kms:ViaService": f"sagemaker.{REGION}.amazonaws.com"}}
    volumes = role(keyed).policies["volumes"]
    assert statement(volumes, "GrantVolumes")["Condition"] == {**via, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert statement(volumes, "DescribeVolumesKey")["Condition"] == via
    through = {"kms:ViaService": f"sagemaker.{REGION}.amazonaws.com", "kms:GrantIsForAWSResource": "true"}
    delegates = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{TEST}:root"}, "Action": "kms:*", "Resource": "*"}
        ],
    }
    assert decide(tried("kms:CreateGrant", VOLUME_KEY, through, delegates, of=keyed)).allowed
    direct = {"kms:GrantIsForAWSResource": "false"}
    assert not decide(tried("kms:CreateGrant", VOLUME_KEY, direct, delegates, of=keyed)).allowed
    assert "volumes" not in role().policies


def test_its_denies_are_these_two() -> None:
    """Guards: a Deny that was lost: everything rests on what nobody allowed by mistake."""
    never = role().policies["never"]
    assert [found["Sid"] for found in never["Statement"]] == ["NeverPassAnother", "NothingElse"]
    assert statement(never, "NeverPassAnother")["NotResource"] == SERVING
    everything = {action for rights in allowed(role()).values() for found, _ in rights.values() for action in found}
    assert set(statement(never, "NothingElse")["NotAction"]) == everything
