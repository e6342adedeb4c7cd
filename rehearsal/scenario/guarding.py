"""Approvals that no policy can forbid, since each call by itself is allowed: found, recorded, undone."""

from __future__ import annotations

from typing import Any

from rehearsal.scenario import staff
from rehearsal.scenario.performance import Run
from rehearsal.scenario.registration import IMAGE, version_request


def guard_the_approvals(run: Run) -> None:
    """A version born approved, one that its author approves in another role, one that is changed after its approval."""
    version, first = run.registered(), run.organisation.first_stage
    request = version_request(version.group_arn, version.card, version.url)
    administrator = run.cast.administrator(run.organisation.hub).client("sagemaker")
    scientist = run.cast.data_scientist().client("sagemaker")
    forged = administrator.create_model_package(**{**request, "ModelApprovalStatus": "Approved"})["ModelPackageArn"]
    own = scientist.create_model_package(**request)["ModelPackageArn"]
    swapped = scientist.create_model_package(**request)["ModelPackageArn"]
    run.settle()
    for arn, approver in ((own, run.cast.in_disguise(first.name)), (swapped, run.cast.approver(first.name))):
        run.console.run("approve", arn, "--stage", first.name, "--reason", "looks good", actor=approver)
    run.settle()
    _expect(run, "a version that was born approved", forged, "first-seen-approved")
    row = _expect(run, "a version that its author approved in another role", own, "self-approved")
    run.score.expect("the finding names the person", staff.SCIENTIST in row.get("reason", ""), row.get("reason", ""))
    held = run.tables().state(swapped)["modelapprovalstatus"]
    run.score.equal("what somebody else approved stands", held, "Approved")
    container = {**request["InferenceSpecification"]["Containers"][0], "Image": f"{IMAGE}-other"}
    changed = {**request["InferenceSpecification"], "Containers": [container]}
    administrator.update_model_package(ModelPackageArn=swapped, InferenceSpecification=changed)
    run.settle()
    _expect(run, "a version whose image was swapped afterwards", swapped, "changed-after-approval")


def _expect(run: Run, what: str, arn: str, rule: str) -> dict[str, Any]:
    """The finding's row, one for each fact that it is about, and the rejection that followed it."""
    rows = [row for row in run.tables().ledger(arn) if row["kind"] == "incident"]
    run.score.equal(f"{what} is found", {row["incident"] for row in rows}, {rule})
    run.score.equal("each finding is recorded once", len({row["tovalue"] for row in rows}), len(rows))
    seen = run.cast.auditor().client("sagemaker").describe_model_package(ModelPackageName=arn)
    run.score.equal(f"{what} is rejected", seen["ModelApprovalStatus"], "Rejected")
    run.score.expect("and says by which rule", rule in seen["ApprovalDescription"], seen["ApprovalDescription"])
    run.score.equal("the ledger has it, too", run.tables().state(arn)["modelapprovalstatus"], "Rejected")
    return rows[0] if rows else {}
