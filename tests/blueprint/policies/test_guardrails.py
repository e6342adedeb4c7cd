"""The service control policies that docs/security.md hands out: what they close, and that they are in nobody's way."""

from __future__ import annotations

import re
from typing import Any

import pytest

from access import Case, decide
from blueprint.errors import PolicyTooLarge
from blueprint.limits import Document, stored_size
from blueprint.policies.guardrails import CONTROL_POLICY, guardrails
from blueprint.policies.hub_roles import hub_roles
from blueprint.policies.roles import RoleSpec
from blueprint.policies.spoke_role_list import spoke_roles
from tests.blueprint.policies.service_reference import actions, as_list, fits
from tests.blueprint.samples import DEV, HUB, KEY, KEYS, REGION, TEST, organisation, statements

DEPLOYER = "OrganizationAccountAccessRole"
EXAMPLE = organisation()
POLICIES = guardrails(EXAMPLE, DEPLOYER)
EVERYTHING: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
VERSION = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/1"
LEDGER = f"arn:aws:dynamodb:{REGION}:{HUB}:table/mlgov_modelgovernanceledger"
GOVERNANCE_KEY = f"arn:aws:kms:{REGION}:{HUB}:key/22222222-2222-2222-2222-222222222222"
ANCHORS = f"arn:aws:s3:::mlgov-anchors-{HUB}-{REGION}"
STATUS, STAGE = "sagemaker:ModelApprovalStatus", "sagemaker:ModelLifeCycle:Stage"
PENDING = {STATUS: "PendingManualApproval", STAGE: "Development", "sagemaker:ModelLifeCycle:StageStatus": "InProgress"}


def of(account: str) -> list[Document]:
    """The policies that an account is under."""
    return [policy for name, policy in POLICIES.items() if name.startswith("hub") is (account == HUB)]


def may(account: str, role: str, action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    """Whether a role that its account lets do everything may do this; the resource's owner lets it, too."""
    elsewhere = resource.split(":")[4] if resource.startswith("arn:") else ""
    case = {
        "request": {
            "principal": f"arn:aws:sts::{account}:assumed-role/{role}/session",
            "action": action,
            "resource": resource,
            "resource_account": elsewhere if elsewhere.isdigit() else account,
            "context": context or {},
        },
        "identity_policies": [EVERYTHING],
        "resource_policy": {"Statement": [{**EVERYTHING["Statement"][0], "Principal": "*"}]},
        "role_trust": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]},
        "service_control_policies": [[EVERYTHING], [EVERYTHING, *of(account)]],
    }
    if not action.startswith("sts:"):
        del case["role_trust"]
    return decide(Case.from_dict(case)).allowed


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


@pytest.mark.parametrize("account", [DEV, TEST])
@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateRole", role(DEV, "mlgov-dev-execution"), {}),
        ("iam:PutRolePolicy", role(DEV, "mlgov-dev-execution"), {}),
        ("iam:UpdateAssumeRolePolicy", role(DEV, "mlgov-test-serving"), {}),
        ("iam:DeleteRolePermissionsBoundary", role(DEV, "mlgov-dev-execution"), {}),
        ("iam:PassRole", role(DEV, "mlgov-dev-serving"), {}),
        ("sagemaker:CreateModelPackage", VERSION, {**PENDING, STATUS: "Approved"}),
        ("sagemaker:CreateModelPackage", VERSION, {**PENDING, STAGE: "Production"}),
        ("sagemaker:CreateModelPackage", VERSION, {}),
        ("sagemaker:UpdateModelPackage", VERSION, {}),
        ("sagemaker:DeleteModelPackage", VERSION, {}),
        ("events:DisableRule", f"arn:aws:events:{REGION}:{DEV}:rule/mlgov-dev-states", {}),
        ("events:PutTargets", f"arn:aws:events:{REGION}:{DEV}:rule/mlgov-dev-calls", {}),
        ("sqs:PurgeQueue", f"arn:aws:sqs:{REGION}:{DEV}:mlgov-dev-forward-dlq", {}),
        ("oam:DeleteLink", f"arn:aws:oam:{REGION}:{DEV}:link/0", {}),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:{REGION}:{DEV}:trail/organisation", {}),
        ("organizations:LeaveOrganization", "*", {}),
    ],
)
def test_an_administrator_of_a_spoke_may_no_longer(
    account: str, action: str, resource: str, context: dict[str, Any]
) -> None:
    """Guards: what docs/security.md says is closed, and isn't."""
    assert not may(account, "Administrator", action, resource.replace(DEV, account), context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("sagemaker:UpdateModelPackage", VERSION, {STATUS: "Approved"}),
        ("sagemaker:CreateModelPackage", VERSION, PENDING),
        ("s3:PutObjectTagging", f"arn:aws:s3:::mlgov-artifacts-{HUB}-{REGION}/artifacts/dev/m", {}),
        ("iam:PutRolePolicy", role(HUB, "mlgov-hub-capture"), {}),
        ("iam:PassRole", role(HUB, "mlgov-hub-anchor"), {}),
        ("dynamodb:PutItem", LEDGER, {}),
        ("dynamodb:DeleteItem", LEDGER, {}),
        ("dynamodb:PartiQLUpdate", LEDGER, {}),
        ("dynamodb:UpdateTimeToLive", LEDGER, {}),
        ("dynamodb:DeleteTable", LEDGER, {}),
        ("s3:BypassGovernanceRetention", f"{ANCHORS}/anchors/mlgov/1.json", {}),
        ("s3:DeleteBucketPolicy", ANCHORS, {}),
        ("s3:PutLifecycleConfiguration", ANCHORS, {}),
        ("kms:ScheduleKeyDeletion", GOVERNANCE_KEY, {"kms:ResourceAliases": ["alias/mlgov-governance"]}),
        ("kms:PutKeyPolicy", GOVERNANCE_KEY, {"kms:ResourceAliases": ["alias/mlgov-governance"]}),
        ("kms:DeleteAlias", f"arn:aws:kms:{REGION}:{HUB}:alias/mlgov-governance", {}),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{HUB}:function:mlgov-capture", {}),
        ("events:RemoveTargets", f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-governance/mlgov-hub-forwarded", {}),
        ("events:PutRule", f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-hub-packages", {}),
        ("sqs:SetQueueAttributes", f"arn:aws:sqs:{REGION}:{HUB}:mlgov-capture", {}),
    ],
)
def test_an_administrator_of_the_hub_may_no_longer(action: str, resource: str, context: dict[str, Any]) -> None:
    """Guards: as above, for the account that holds the evidence."""
    assert not may(HUB, "Administrator", action, resource, context)


@pytest.mark.parametrize("account", [HUB, DEV])
def test_what_isn_t_ours_stays_everybody_s(account: str) -> None:
    """Guards: a policy that stops the other work of an account."""
    for action, resource in (
        ("iam:CreateRole", role(account, "another")),
        ("iam:PassRole", role(account, "another")),
        ("sagemaker:CreateModelPackage", f"arn:aws:sagemaker:{REGION}:{account}:model-package/own/1"),
        ("sagemaker:UpdateModelPackage", f"arn:aws:sagemaker:{REGION}:{account}:model-package/own/1"),
        ("events:PutRule", f"arn:aws:events:{REGION}:{account}:rule/another"),
        ("sqs:DeleteQueue", f"arn:aws:sqs:{REGION}:{account}:another"),
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{account}:table/another"),
        ("kms:ScheduleKeyDeletion", GOVERNANCE_KEY.replace(HUB, account)),
        ("s3:PutBucketPolicy", "arn:aws:s3:::another"),
    ):
        assert may(account, "Administrator", action, resource), action


@pytest.mark.parametrize("account", [HUB, DEV])
def test_those_who_deploy_may_go_on_deploying(account: str) -> None:
    """Guards: an installation that nobody can update any more."""
    for action, resource in (
        ("iam:CreateRole", role(account, "mlgov-x")),
        ("iam:PassRole", role(account, "mlgov-x")),
        ("events:PutRule", f"arn:aws:events:{REGION}:{account}:rule/mlgov-x"),
        ("sqs:SetQueueAttributes", f"arn:aws:sqs:{REGION}:{account}:mlgov-x"),
        ("oam:UpdateLink", f"arn:aws:oam:{REGION}:{account}:link/0"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{account}:function:mlgov-x"),
        ("s3:PutBucketPolicy", ANCHORS),
        ("dynamodb:UpdateTable", LEDGER),
    ):
        assert may(account, DEPLOYER, action, resource, {"kms:ResourceAliases": ["alias/mlgov-governance"]}), action
    assert not may(HUB, DEPLOYER, "dynamodb:PutItem", LEDGER)
    assert not may(HUB, DEPLOYER, "sagemaker:UpdateModelPackage", VERSION)


def _allowed(spec: RoleSpec) -> list[tuple[str, str]]:
    """Each action that a role's policies allow, with a resource of it."""
    found = []
    for policy in spec.policies.values():
        for statement in statements(policy):
            if statement["Effect"] == "Allow":
                meant = [one.name for pattern in as_list(statement["Action"]) for one in actions(pattern)]
                found += [(name, resource) for name in meant for resource in as_list(statement["Resource"])]
    return found


def test_every_role_of_ours_may_go_on_working() -> None:
    """Guards: a policy that stops capture, an approver, a scientist or an endpoint."""
    roles = [(HUB, spec) for spec in hub_roles(EXAMPLE, KEYS)]
    for spoke in EXAMPLE.spokes:
        roles += [(spoke.account, spec) for spec in spoke_roles(EXAMPLE, spoke, KEY, "server")]
    stopped = {
        (spec.name, action)
        for account, spec in roles
        for action, resource in _allowed(spec)
        if not may(account, spec.name, action, re.sub(r"[*?]", "x", resource) if resource != "*" else "*", PENDING)
    }
    assert stopped == set()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_action_exists_and_takes_its_resource(name: str) -> None:
    """Guards: a Deny of a misspelt action, which AWS takes and never matches."""
    for statement in statements(POLICIES[name]):
        for pattern in as_list(statement["Action"]):
            (meant,) = actions(pattern)
            resources = as_list(statement["Resource"])
            assert resources == ["*"] or any(fits(meant, resource) for resource in resources), (
                statement["Sid"],
                pattern,
            )


def test_they_fit_what_aws_allows_and_say_so_where_they_don_t() -> None:
    """Guards: a policy that the management account can't attach."""
    for many in (1, 10):
        made = guardrails(organisation(groups=tuple(f"Group{number}" for number in range(many))), DEPLOYER)
        assert all(stored_size(policy) <= CONTROL_POLICY.characters for policy in made.values())
    with pytest.raises(PolicyTooLarge, match="service control policy hub-decisions has"):
        guardrails(organisation(groups=tuple(f"Group{number:040}" for number in range(60))), DEPLOYER)
