"""The guard's role: exact rights, and that it can reject and never approve, decided by the evaluator."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, decide, layers
from blueprint.organisation import Organisation
from blueprint.policies.guard_role import guard_role
from tests.blueprint.policies.role_rights import GOVERNANCE, OWN_METRICS, allowed, logs, queues, table
from tests.blueprint.samples import BUCKET, HUB, KEY, KEYS, ORGANISATION_ID, REGION, organisation

EXAMPLE = organisation()
VERSIONS = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"
STATUS, STAGE = "sagemaker:ModelApprovalStatus", "sagemaker:ModelLifeCycle:Stage"
LEDGER, DEDUP = table("modelgovernanceledger"), table("modelgovernancededup")
STATE = table("modelpackagestatechanges")


def update(context: dict[str, Any], of: Organisation = EXAMPLE, action: str = "sagemaker:UpdateModelPackage") -> Case:
    role = guard_role(of, KEYS)
    return Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{HUB}:assumed-role/{role.name}/session",
                "action": action,
                "resource": VERSIONS.replace("*", "1"),
                "resource_account": HUB,
                "context": {"aws:PrincipalOrgID": ORGANISATION_ID, **context},
            },
            "identity_policies": [{"name": name, "policy": policy} for name, policy in role.policies.items()],
        }
    )


def test_its_rights_are_exactly_these() -> None:
    """Guards: a function that watches approvals with rights to give them."""
    assert allowed(guard_role(EXAMPLE, KEYS)) == {
        "queue": queues("guard-jobs", "guard-jobs-dlq"),
        "registry": {
            "ReadBack": ({"sagemaker:DescribeModelPackage"}, {VERSIONS}),
            "Reject": ({"sagemaker:UpdateModelPackage"}, {VERSIONS}),
        },
        "ledger": {
            "ReadHead": ({"dynamodb:Query"}, {LEDGER}),
            "Append": ({"dynamodb:PartiQLInsert"}, {LEDGER, DEDUP}),
            "MoveState": ({"dynamodb:PartiQLUpdate"}, {STATE}),
            "ReadState": ({"dynamodb:GetItem"}, {STATE}),
        },
        "artifacts": {"ReadChecksum": ({"s3:GetObject"}, {f"arn:aws:s3:::{BUCKET}/artifacts/*"})},
        "keys": {
            **GOVERNANCE,
            "DecryptCards": ({"kms:Decrypt"}, {KEY}),
            "DecryptThroughS3": ({"kms:Decrypt"}, {KEY}),
        },
        "metrics": OWN_METRICS,
        "logs": logs("guard"),
    }


def test_it_rejects() -> None:
    """Guards: a guard that finds and can do nothing."""
    assert decide(update({STATUS: "Rejected"})).allowed


@pytest.mark.parametrize(
    "context",
    [
        {STATUS: "Approved"},
        {STATUS: "PendingManualApproval"},
        {},
        {STAGE: "Production"},
        {STATUS: "Rejected", STAGE: "Production"},
    ],
    ids=["approve", "reopen", "change what has no key", "move", "move while rejecting"],
)
def test_it_can_do_nothing_else_whatever_another_policy_allows(context: dict[str, str]) -> None:
    """Guards: an approval, or a swap of the specification, by the function that must prevent both."""
    found = {layer.layer: layer.decision for layer in layers(update(context))}
    assert found["identity"] == "denied"


def test_it_registers_nothing() -> None:
    """Guards: the author of a version and the one who judges it in one role."""
    assert not decide(update({STATUS: "Rejected"}, action="sagemaker:CreateModelPackage")).allowed


def test_where_only_an_alarm_is_wanted_it_has_no_right_to_reject() -> None:
    """Guards: a right that no code uses."""
    alarming = organisation(guard="alarm")
    assert "Reject" not in allowed(guard_role(alarming, KEYS))["registry"]
    assert not decide(update({STATUS: "Rejected"}, alarming)).allowed
