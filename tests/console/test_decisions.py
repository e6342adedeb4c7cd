"""`governance approve` and `reject`: exactly status, stage and description; refused before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from console.decisions import arn_of as package_arn
from console.errors import CommandError
from tests.console.test_verify import run
from tests.governance.samples import APPROVER, HUB, REGION, arn_of, stage


class SageMaker:
    """A registry with one version; records what it is sent."""

    def __init__(self, approval: str = "PendingManualApproval") -> None:
        self.approval = approval
        self.sent: list[dict[str, Any]] = []
        self.meta = type("Meta", (), {"region_name": REGION})
        self.refuses = False

    def describe_model_package(self, **parameters: Any) -> dict[str, Any]:
        return {"ModelApprovalStatus": self.approval, "ModelLifeCycle": stage("Development", "PendingApproval")}

    def update_model_package(self, **parameters: Any) -> dict[str, Any]:
        if self.refuses:
            error = {"Code": "AccessDeniedException", "Message": "User: x is not authorized"}
            raise ClientError({"Error": error}, "UpdateModelPackage")
        self.sent.append(parameters)
        return {"ModelPackageArn": parameters["ModelPackageArn"]}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": APPROVER, "Account": HUB}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> SageMaker:
    made = SageMaker()
    monkeypatch.setattr("boto3.client", lambda service: made)
    return made


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    return lambda *arguments: run(capsys, monkeypatch, *arguments)


Command = Callable[..., tuple[int, str, str]]


def test_the_first_stages_approver_says_deployable_and_the_stage_in_one_call(
    registry: SageMaker, command: Command
) -> None:
    """Guards: a version that is approved for its stage and can't be deployed, or more than a decision is sent."""
    status, out, _ = command("approve", "ModelCreditRisk/1", "--stage", "dev", "--reason", "AUC 0.78", "--json")
    assert status == 0
    assert registry.sent == [
        {
            "ModelPackageArn": arn_of(1),
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": "AUC 0.78",
            "ModelLifeCycle": {"Stage": "Development", "StageStatus": "Approved", "StageDescription": "AUC 0.78"},
        }
    ]
    assert json.loads(out)["caller"] == APPROVER


def test_a_later_stages_approver_says_only_the_stage(registry: SageMaker, command: Command) -> None:
    """Guards: the approver of test, who may not say "deployable at all", is refused by IAM for sending it."""
    registry.approval = "Approved"
    status, out, _ = command("approve", arn_of(1), "--stage", "test", "--reason", "validated")
    assert status == 0
    assert [set(sent) for sent in registry.sent] == [{"ModelPackageArn", "ModelLifeCycle"}]
    assert registry.sent[0]["ModelLifeCycle"]["Stage"] == "Staging"
    assert "bea" in out


def test_a_stage_before_the_version_is_approved_is_refused_unsent(registry: SageMaker, command: Command) -> None:
    """Guards: an approval that looks done and admits nothing."""
    status, _, err = command("approve", arn_of(1), "--stage", "test", "--reason", "validated")
    assert (status, registry.sent) == (1, [])
    assert "the approver of dev has to approve first" in err


def test_a_rejection_is_said_of_version_and_stage(registry: SageMaker, command: Command) -> None:
    """Guards: a rejected version that stays deployable."""
    registry.approval = "Approved"
    assert command("reject", arn_of(1), "--stage", "test", "--reason", "drift")[0] == 0
    [sent] = registry.sent
    assert (sent["ModelApprovalStatus"], sent["ModelLifeCycle"]["StageStatus"]) == ("Rejected", "Rejected")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1025])
def test_a_decision_without_a_usable_reason_is_refused_unsent(
    registry: SageMaker, command: Command, reason: str
) -> None:
    """Guards: an audit that finds empty reasons, or a call that the API refuses after the fact."""
    status, _, err = command("approve", arn_of(1), "--stage", "dev", "--reason", reason)
    assert (status, registry.sent) == (2, [])
    assert "wanted: 1 to 1024" in err


def test_an_unknown_stage_is_refused_with_the_known_ones(registry: SageMaker, command: Command) -> None:
    """Guards: a misspelt stage is written into the registry as free text."""
    status, _, err = command("approve", arn_of(1), "--stage", "staging", "--reason", "r")
    assert (status, registry.sent) == (2, [])
    assert "known: dev, test, prod" in err


def test_what_aws_refuses_is_status_1_with_its_words(registry: SageMaker, command: Command) -> None:
    """Guards: a refusal that ends in a traceback, or reads as done."""
    registry.refuses = True
    status, _, err = command("approve", arn_of(1), "--stage", "dev", "--reason", "r")
    assert status == 1
    assert "not authorized" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("package", ["ModelCreditRisk", "ModelCreditRisk/", "/1", "ModelCreditRisk/one", ""])
def test_what_names_no_version_is_refused(package: str) -> None:
    """Guards: a whole group approved by a forgotten version."""
    with pytest.raises(CommandError, match="names no version"):
        package_arn(package, HUB, REGION)


def test_the_arn_has_the_partition_of_its_region() -> None:
    """Guards: a command that works in the commercial partition only."""
    assert package_arn("g/1", HUB, "cn-north-1").startswith("arn:aws-cn:sagemaker:cn-north-1:")
    assert package_arn("ModelCreditRisk/1", HUB, REGION) == arn_of(1)
