"""Roles of the hub: exact rights of each, and what no approver and no function may."""

from __future__ import annotations

import pytest

from blueprint.policies.hub_roles import (
    LOG_KEY_ACTIONS,
    approval_role,
    approver_role,
    capture_role,
    execution_role,
    hub_roles,
)
from blueprint.policies.roles import RoleSpec
from tests.blueprint.samples import (
    BUCKET,
    GOVERNANCE_KEY,
    HUB,
    KEY,
    OFFICER,
    REGION,
    actions,
    as_list,
    grants,
    organisation,
    statement,
    statements,
)

EXAMPLE = organisation()
VERSIONS = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"
S3 = f"arn:aws:s3:::{BUCKET}"


def table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{HUB}:table/mlgov_{name}"


def queue(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{HUB}:mlgov-{name}"


LEDGER, DEDUP = table("modelgovernanceledger"), table("modelgovernancededup")
STATE, ENDPOINTS = table("modelpackagestatechanges"), table("sagemakermodelendpoints")
CAPTURE = capture_role(EXAMPLE, KEY, GOVERNANCE_KEY)
APPROVAL = approval_role(EXAMPLE, KEY, GOVERNANCE_KEY)


def allowed(spec: RoleSpec) -> dict[str, dict[str, tuple[set[str], set[str]]]]:
    return {name: grants(policy) for name, policy in spec.policies.items() if grants(policy)}


def test_capture_s_rights_are_exactly_these() -> None:
    """Guards: a shared Lambda role; a right that could rewrite the ledger."""
    assert allowed(CAPTURE) == {
        "queue": {
            "Consume": ({"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, {queue("capture")}),
            "HandOn": ({"sqs:SendMessage"}, {queue("approvals"), queue("capture-dlq")}),
        },
        "registry": {"ReadBack": ({"sagemaker:DescribeModelPackage"}, {VERSIONS})},
        "ledger": {
            "ReadHead": ({"dynamodb:Query"}, {LEDGER}),
            "Append": ({"dynamodb:PartiQLInsert"}, {LEDGER, DEDUP}),
            "ReadState": ({"dynamodb:GetItem"}, {STATE}),
            "MoveState": ({"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"}, {STATE}),
        },
        "endpoints": {"RecordEndpoint": ({"dynamodb:UpdateItem"}, {ENDPOINTS})},
        "keys": {
            "GovernanceKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {GOVERNANCE_KEY}),
            "DecryptCards": ({"kms:Decrypt", "kms:GenerateDataKey"}, {KEY}),
        },
        "logs": {
            "WriteOwnLog": (
                {"logs:CreateLogStream", "logs:PutLogEvents"},
                {f"arn:aws:logs:{REGION}:{HUB}:log-group:/aws/lambda/mlgov-capture:*"},
            ),
            "GovernanceKeyThroughLogs": (set(LOG_KEY_ACTIONS), {GOVERNANCE_KEY}),
        },
    }


def test_ledger_rows_are_written_in_a_transaction_and_never_again() -> None:
    """Guards: no history, since a put overwrote the row; a row without its dedup item and state."""
    ledger = CAPTURE.policies["ledger"]
    in_transaction = {"StringEquals": {"dynamodb:EnclosingOperation": "ExecuteTransaction"}}
    assert statement(ledger, "Append")["Condition"] == in_transaction
    assert statement(ledger, "MoveState")["Condition"] == in_transaction
    never = statement(ledger, "NeverRewrite")
    assert set(as_list(never["Resource"])) == {LEDGER, DEDUP}
    assert {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:PartiQLUpdate"} <= set(
        never["Action"]
    )
    assert {"dynamodb:PartiQLDelete", "dynamodb:BatchWriteItem", "dynamodb:UpdateTimeToLive"} <= set(never["Action"])


def test_the_approval_function_only_tags_artifacts_with_stages() -> None:
    """Guards: a function that could approve, write artifacts, or set any tag."""
    assert allowed(APPROVAL) == {
        "queue": {
            "Consume": ({"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, {queue("approvals")}),
            "GiveUp": ({"sqs:SendMessage"}, {queue("approvals-dlq")}),
        },
        "state": {"ReadState": ({"dynamodb:GetItem"}, {STATE})},
        "artifacts": {
            "TellMissingFromForbidden": ({"s3:ListBucket"}, {S3}),
            "ReadChecksum": ({"s3:GetObject"}, {f"{S3}/artifacts/*"}),
            "ReadTags": ({"s3:GetObjectVersionTagging"}, {f"{S3}/artifacts/*"}),
            "TagForStage": ({"s3:PutObjectVersionTagging"}, {f"{S3}/artifacts/*"}),
        },
        "keys": {
            "GovernanceKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, {GOVERNANCE_KEY}),
            "DecryptThroughS3": ({"kms:Decrypt"}, {KEY}),
        },
        "logs": {
            "WriteOwnLog": (
                {"logs:CreateLogStream", "logs:PutLogEvents"},
                {f"arn:aws:logs:{REGION}:{HUB}:log-group:/aws/lambda/mlgov-approval:*"},
            ),
            "GovernanceKeyThroughLogs": (set(LOG_KEY_ACTIONS), {GOVERNANCE_KEY}),
        },
    }
    condition = statement(APPROVAL.policies["artifacts"], "TagForStage")["Condition"]
    assert condition["ForAllValues:StringEquals"] == {
        "s3:RequestObjectTagKeys": ["dev", "dev-versions", "prod", "prod-versions", "test", "test-versions"]
    }
    assert condition["StringEqualsIfExists"] == {
        f"s3:RequestObjectTag/{stage}": "approved" for stage in ("dev", "test", "prod")
    }


def decisions(stage_name: str) -> dict[str, dict[str, dict[str, object]]]:
    spec = approver_role(EXAMPLE, EXAMPLE.stage(stage_name), KEY, GOVERNANCE_KEY)
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
    spec = approver_role(EXAMPLE, EXAMPLE.stage(stage), KEY, GOVERNANCE_KEY)
    never = spec.policies["never"]
    assert statement(never, "NeverRegister")["Action"] == "sagemaker:CreateModelPackage"
    assert statement(never, "NeverBecomeAnother")["Action"] == "sts:AssumeRole"
    assert all("Condition" not in found for found in statements(never))
    assert "sagemaker:CreateModelPackage" not in actions(spec.policies["registry"])


def test_approvers_are_who_the_configuration_says_and_say_who_they_are() -> None:
    """Guards: no approver identity in the audit."""
    (trusted,) = approver_role(EXAMPLE, EXAMPLE.stage("dev"), KEY, GOVERNANCE_KEY).trust["Statement"]
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
    for spec in (CAPTURE, APPROVAL):
        assert [found["Principal"] for found in statements(spec.trust)] == [{"Service": "lambda.amazonaws.com"}]


def test_no_statement_of_any_role_allows_a_wildcard_action() -> None:
    """Guards: `sagemaker:*` and the like."""
    for spec in hub_roles(EXAMPLE, KEY, GOVERNANCE_KEY):
        for policy in spec.policies.values():
            assert not [action for action in actions(policy) if "*" in action], spec.name
