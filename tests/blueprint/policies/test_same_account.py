"""All stacks in one account: resource policies restrict nothing there, so what a role may never is its own Deny."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, decide
from blueprint.organisation import Spoke
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.bus import governance_bus
from blueprint.policies.hub_roles import hub_roles
from blueprint.policies.keys import artifact_key
from blueprint.policies.roles import RoleSpec
from blueprint.policies.spoke_role_list import spoke_roles
from tests.blueprint.samples import HUB, KEY, KEYS, REGION, organisation

SPOKES = tuple(Spoke(stack=stage, account=HUB, stage=stage) for stage in ("dev", "test", "prod"))
TRIAL = organisation(id=None, same_account=True, spokes=SPOKES)
NAMES = TRIAL.names
ROLES: dict[str, RoleSpec] = {
    spec.name.removeprefix("mlgov-"): spec
    for spec in (*hub_roles(TRIAL, KEYS), *(role for spoke in SPOKES for role in spoke_roles(TRIAL, spoke, KEY)))
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
"""What an administrator might attach to a role of a trial."""

VERSION = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/1"
OBJECT = f"{NAMES.bucket_arn(HUB)}/artifacts/dev/ModelCreditRisk/0/model.tar.gz"
LEDGER = NAMES.table_arn(HUB, "modelgovernanceledger")
BORN = {"sagemaker:ModelLifeCycle:Stage": "Development", "sagemaker:ModelLifeCycle:StageStatus": "PendingApproval"}
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "approve": ("sagemaker:UpdateModelPackage", VERSION, {"sagemaker:ModelApprovalStatus": "Approved"}),
    "register": (
        "sagemaker:CreateModelPackage",
        VERSION,
        {"sagemaker:ModelApprovalStatus": "PendingManualApproval"} | BORN,
    ),
    "be born approved": ("sagemaker:CreateModelPackage", VERSION, {"sagemaker:ModelApprovalStatus": "Approved"} | BORN),
    "delete a version": ("sagemaker:DeleteModelPackage", VERSION, {}),
    "search": ("sagemaker:Search", "*", {}),
    "overwrite": ("s3:PutObject", OBJECT, {"s3:ObjectCreationOperation": "true"}),
    "delete an artifact": ("s3:DeleteObjectVersion", OBJECT, {}),
    "tag": ("s3:PutObjectVersionTagging", OBJECT, {}),
    "read an artifact": ("s3:GetObject", OBJECT, {}),
    "rewrite the ledger": ("dynamodb:PutItem", LEDGER, {}),
    "become an approver": ("sts:AssumeRole", NAMES.role_arn(HUB, NAMES.approver_role("dev")), {}),
    "pass the execution role": ("iam:PassRole", NAMES.role_arn(HUB, NAMES.role("dev", "execution")), {}),
}
WORKERS = ("approve", "be born approved", "delete a version", "search", "overwrite", "delete an artifact", "tag")
RECORDERS = ("rewrite the ledger",)
DECIDERS = ("register", "be born approved", "delete a version", "delete an artifact", "tag", "become an approver")
NEVER: dict[str, tuple[str, ...]] = {
    "dev-execution": WORKERS,
    "test-execution": (*WORKERS, "register"),
    "prod-execution": (*WORKERS, "register"),
    "test-deployer": (*WORKERS, "register", "read an artifact", "pass the execution role"),
    "prod-deployer": (*WORKERS, "register", "read an artifact", "pass the execution role"),
    "hub-execution": (*WORKERS, "register"),
    "hub-approver-dev": DECIDERS,
    "hub-approver-test": DECIDERS,
    "hub-approver-prod": DECIDERS,
    "hub-capture": RECORDERS,
    "hub-reconcile": RECORDERS,
    "hub-anchor": RECORDERS,
    "hub-guard": ("approve", "register", "be born approved", *RECORDERS),
    "hub-auditor": tuple(CALLS),
    "hub-operator": tuple(CALLS),
}


def decision(role: str, call: str, *more: dict[str, Any]) -> Any:
    action, resource, context = CALLS[call]
    spec = ROLES[role]
    policies = [{"name": name, "policy": policy} for name, policy in spec.policies.items()]
    request = {
        "principal": f"arn:aws:sts::{HUB}:assumed-role/{spec.name}/trial", "action": action, "resource": resource,
        "resource_account": HUB, "context": context,
    }  # fmt: skip
    return decide(Case.from_dict({"request": request, "identity_policies": [*policies, *more]}))


@pytest.mark.parametrize(("role", "call"), [(role, call) for role, calls in NEVER.items() for call in calls])
def test_what_a_role_may_never_is_refused_whatever_else_it_is_given(role: str, call: str) -> None:
    """Guards: a trial that shows duties apart, where an attached policy joins them again."""
    found = decision(role, call, EVERYTHING)
    assert not found.allowed
    assert role in found.by or "statement" in found.by, found.by


def test_no_resource_policy_of_a_trial_gives_a_role_what_its_own_policies_don_t() -> None:
    """Guards: a statement whose principal is a role, which in one account grants alone; the account delegates."""
    policies = (artifact_bucket(TRIAL, KEY), artifact_key(TRIAL), governance_bus(TRIAL) or {"Statement": []})
    for statement in (statement for policy in policies for statement in policy["Statement"]):
        if statement["Effect"] == "Allow":
            assert statement["Principal"] == {"AWS": f"arn:aws:iam::{HUB}:root"}, statement["Sid"]


def test_every_role_of_a_trial_has_a_name_of_its_own() -> None:
    """Guards: a stage's role that takes another's place, as all are in one account."""
    assert len({spec.name for spec in ROLES.values()}) == len(ROLES)
    assert NEVER.keys() <= ROLES.keys()
