"""Deciding on a stage: status, stage and description, and nothing else of a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from blueprint.names import partition_of
from console.errors import FOUND, CommandError
from governance.stages import APPROVED, Stage, Stages
from governance.terms import PACKAGE_ARN

REJECTED = "Rejected"
LONGEST_REASON = 1024
"""ApprovalDescription and StageDescription of botocore's sagemaker model."""

Verdict = Literal["Approved", "Rejected"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided and sent, by whom."""

    arn: str
    caller: str
    sent: dict[str, Any]
    before: dict[str, Any]

    def document(self) -> dict[str, Any]:
        return {"modelpackagearn": self.arn, "caller": self.caller, "before": self.before, "sent": self.sent}


def arn_of(package: str, account: str, region: str) -> str:
    """The ARN of `<group>/<version>` in the caller's own account and region, or the ARN itself."""
    if PACKAGE_ARN.fullmatch(package):
        return package
    group, slash, version = package.partition("/")
    if not slash or not group or not version.isdecimal():
        raise CommandError(
            f"{package!r} names no version; wanted: an ARN, or <group>/<version> such as ModelCreditRisk/3"
        )
    return f"arn:{partition_of(region)}:sagemaker:{region}:{account}:model-package/{group}/{version}"


def decide(
    sagemaker: Any, arn: str, caller: str, stages: Stages, stage_name: str, verdict: Verdict, reason: str
) -> Decision:
    """Send one UpdateModelPackage. `sagemaker` is a boto3 client with the approver's credentials.

    The first stage's approver says `Approved` of the version as such ("deployable at all"); approvers of later stages
    say it of their stage, and only once it was said of the version. A rejection is said of both.
    Raises CommandError before anything is sent, and the client's errors.
    """
    stage = stages.of_stack(stage_name)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise CommandError(
            f"the reason has {len(reason)} characters; wanted: 1 to {LONGEST_REASON}: it is the evidence"
        )
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    before = {name: described[name] for name in ("ModelApprovalStatus", "ModelLifeCycle") if name in described}
    says_status = verdict == REJECTED or stage == stages.first
    if not says_status and before.get("ModelApprovalStatus") != APPROVED:
        raise CommandError(
            f"{arn} is {before.get('ModelApprovalStatus')}: the approver of {stages.first.stage} has to approve first"
            f" (governance approve {arn} --stage {stages.first.stage} --reason …)",
            FOUND,
        )
    sent = _request(stage, verdict, reason, says_status=says_status)
    sagemaker.update_model_package(ModelPackageArn=arn, **sent)
    return Decision(arn, caller, sent, before)


def _request(stage: Stage, verdict: Verdict, reason: str, *, says_status: bool) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "ModelLifeCycle": {"Stage": stage.lifecycle, "StageStatus": verdict, "StageDescription": reason}
    }
    return sent | ({"ModelApprovalStatus": verdict, "ApprovalDescription": reason} if says_status else {})
