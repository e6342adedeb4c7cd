"""Roles of the hub: exact rights of each, and what no approver and no function may."""

from __future__ import annotations

import pytest

from blueprint.functions import FUNCTIONS
from blueprint.policies.hub_roles import FUNCTION_ROLES, approver_role, execution_role, hub_roles
from tests.blueprint.samples import (
    GOVERNANCE_KEY,
    HUB,
    KEY,
    KEYS,
    OFFICER,
    REGION,
    actions,
    grants,
    organisation,
    statement,
    statements,
)

EXAMPLE = organisation()


def decisions(stage_name: str) -> dict[str, dict[str, dict[str, object]]]:
    spec = approver_role(EXAMPLE, EXAMPLE.stage(stage_name), KEYS)
    return {
        found["Sid"]: found["Condition"]
        for found in statements(spec.policies["registry"])
        if found["Action"] == "sagemaker:UpdateModelPackage"
    }


def test_the_first_stage_s_approver_sets_approved() -> None:
    """Guards: a deployable version that no first approval preceded."""
    decided = ["Approved", "Rejected", "OnHold", "Retired"]
    this_stage = {"sagemaker:ModelLifeCycle:Stage": "Development", "sagemaker:ModelLifeCycle:StageStatus": decided}
    assert decisions("dev") == {
        "DecideStage": {"StringEquals": this_stage, "Null": {"sagemaker:ModelApprovalStatus": "true"}},
        "DecideStageAndStatus": {
            "StringEquals": {**this_stage, "sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]}
        },
        "RejectVersion": {
            "StringEquals": {"sagemaker:ModelApprovalStatus": "Rejected"},
            "Null": {"sagemaker:ModelLifeCycle:Stage": "true"},
        },
    }


@pytest.mark.parametrize(("stage", "lifecycle"), [("test", "Staging"), ("prod", "Production")])
def test_a_later_stage_s_approver_only_decides_on_that_stage(stage: str, lifecycle: str) -> None:
    """Guards: an approver of test who approves for production, or makes a version deployable."""
    for condition in decisions(stage).values():
        equals = condition["StringEquals"]
        assert equals.get("sagemaker:ModelLifeCycle:Stage", lifecycle) == lifecycle
        assert equals.get("sagemaker:ModelApprovalStatus", "Rejected") == "Rejected"


@pytest.mark.parametrize("stage", ["dev", "test", "prod"])
def test_an_approver_can_t_be_the_author(stage: str) -> None:
    """Guards: no separation of duties: whoever approves could have created the version."""
    spec = approver_role(EXAMPLE, EXAMPLE.stage(stage), KEYS)
    never = spec.policies["never"]
    assert statement(never, "NeverRegister")["Action"] == "sagemaker:CreateModelPackage"
    assert statement(never, "NeverBecomeAnother")["Action"] == "sts:AssumeRole"
    assert all("Condition" not in found for found in statements(never))
    assert "sagemaker:CreateModelPackage" not in actions(spec.policies["registry"])


def test_an_approver_reads_the_ledger_and_no_other_table() -> None:
    """Guards: an approver who decides blind, since `governance history` is refused; a view of tables beside it."""
    ledger = f"arn:aws:dynamodb:{REGION}:{HUB}:table/mlgov_modelgovernanceledger"
    assert grants(approver_role(EXAMPLE, EXAMPLE.stage("dev"), KEYS).policies["ledger"]) == {
        "ReadHistory": ({"dynamodb:Query"}, {ledger}),
        "DecryptTables": ({"kms:Decrypt"}, {GOVERNANCE_KEY}),
        "DecryptCards": ({"kms:Decrypt"}, {KEY}),
    }


def test_approvers_are_who_the_configuration_says_and_say_who_they_are() -> None:
    """Guards: no approver identity in the audit."""
    (trusted,) = approver_role(EXAMPLE, EXAMPLE.stage("dev"), KEYS).trust["Statement"]
    assert trusted["Principal"] == {"AWS": f"arn:aws:iam::{HUB}:root"}
    assert trusted["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": OFFICER},
        "StringLike": {"sts:SourceIdentity": "?*"},
    }


def test_the_hub_s_own_role_reads_and_changes_nothing() -> None:
    """Guards: a hub that can't read the artifacts it registers, or that decides on the side."""
    spec = execution_role(EXAMPLE, KEY)
    assert grants(spec.policies["artifacts"])["DecryptThroughS3"] == ({"kms:Decrypt"}, {KEY})
    assert "sagemaker:UpdateModelPackage" in actions(spec.policies["never"], "Deny")
    assert "s3:PutObject" in actions(spec.policies["never"], "Deny")


def test_functions_are_assumed_by_lambda_alone() -> None:
    """Guards: a function's role in the hands of people."""
    for build in FUNCTION_ROLES.values():
        assert [found["Principal"] for found in statements(build(EXAMPLE, KEYS).trust)] == [
            {"Service": "lambda.amazonaws.com"}
        ]


def test_every_function_has_its_role() -> None:
    """Guards: two functions that share one role and with it each other's rights."""
    names = [FUNCTION_ROLES[function](EXAMPLE, KEYS).name for function in FUNCTIONS]
    assert names == [f"mlgov-hub-{function}" for function in FUNCTIONS]


def test_no_statement_of_any_role_allows_a_wildcard_action() -> None:
    """Guards: `sagemaker:*` and the like."""
    for spec in hub_roles(EXAMPLE, KEYS):
        for policy in spec.policies.values():
            assert not [action for action in actions(policy) if "*" in action], spec.name
