"""Events that are lost, messages that nobody can read: found, recovered, sent back or left where they are said."""

from __future__ import annotations

import json
from typing import Any

from blueprint.functions import FUNCTION_SPECS
from rehearsal.scenario.cast import Actor
from rehearsal.scenario.configuration import contributor
from rehearsal.scenario.console import SETTLED
from rehearsal.scenario.performance import Run
from rehearsal.scenario.registration import version_request
from rehearsal.scenario.watching import ENDPOINT, WALK_SECONDS, verdict

GRACE_SECONDS = 16 * 60
"""The reconcile leaves younger changes alone: their events may be on the way; CloudTrail shows them after minutes."""

WATCH_SECONDS = 10 * 60
"""Two periods of an alarm."""


def lose_a_revocation(run: Run) -> None:
    """The officer revokes an approval, and no event of it ever comes. The reconcile finds who did it, when and why."""
    version, operator = run.registered(), run.cast.operator()
    first = run.organisation.stages[0]
    before = len(run.tables().ledger(version.package_arn))
    registry = run.cast.data_scientist().client("sagemaker")
    with run.control.disturbance(drop_probability=1.0):
        unheard = registry.create_model_package(**version_request(version.group_arn, version.card, version.url))
        run.console.run(
            "reject", version.package_arn, "--stage", first.name, "--reason", "drift in production",
            actor=run.cast.approver(first.name),
        )  # fmt: skip
        run.settle()
    run.score.equal("the ledger knows nothing of it", len(run.tables().ledger(version.package_arn)), before)
    run.score.equal("nor of a version that was registered", run.tables().ledger(unheard["ModelPackageArn"]), [])
    run.score.equal("nor does the state", run.tables().state(version.package_arn)["modelapprovalstatus"], "Approved")
    run.control.advance(GRACE_SECONDS)
    run.settle()
    status, printed = run.console.try_run("reconcile", "--settle", SETTLED, actor=operator)
    run.score.equal("`governance reconcile` finds something", status, 1)
    run.say(printed.splitlines()[-1])
    recovered = [row for row in run.tables().ledger(version.package_arn) if row.get("witness") == "recovered"]
    decisions = [row for row in recovered if row["kind"] == "approval"]
    run.score.equal(
        "the revocation is recovered, once", [json.loads(row["tovalue"]) for row in decisions], ["Rejected"]
    )
    [row] = decisions or [{}]
    run.score.equal("with its reason", row.get("reason"), "drift in production")
    run.score.expect("and the person", "approver" in str(row.get("actor")), f"{row.get('actor')}")
    told = [(row["kind"], row["witness"]) for row in run.tables().ledger(unheard["ModelPackageArn"])]
    run.score.equal("the registration is recovered, too", told, [("registration", "recovered")])
    state = run.tables().state(version.package_arn)
    run.score.equal("the state says rejected", state["modelapprovalstatus"], "Rejected")
    status, printed = run.console.try_run("reconcile", "--settle", SETTLED, actor=operator)
    run.score.equal("a second run finds nothing", (status, printed.splitlines()[-1]), (0, "No rows were missing"))
    run.control.advance(WALK_SECONDS)
    run.settle()
    run.score.equal("the endpoint that still serves it is named", verdict(run, ENDPOINT), "revoked-after-deploy")


def leave_what_nobody_can_read(run: Run) -> None:
    """What no function can read: kept apart with its reason, alarmed, left by redrive, and gone once purged."""
    hub = run.cast.operator()
    names, sqs = run.organisation.names, hub.client("sqs")
    for spec in FUNCTION_SPECS:
        sqs.send_message(QueueUrl=_url(sqs, names.queue(spec.queue)), MessageBody="nothing")
    run.settle()
    run.control.advance(WATCH_SECONDS)
    run.settle()
    alarms = [names.alarm(f"{spec.dead_letters}-depth") for spec in FUNCTION_SPECS]
    run.score.equal("an alarm tells of each dead letter", _states(run, alarms), dict.fromkeys(alarms, "ALARM"))
    looked, seen = run.console.try_run("redrive", "--dry-run", actor=hub)
    status, printed = run.console.try_run("redrive", actor=hub)
    run.score.equal("a look beforehand says the same", (looked, seen), (status, printed))
    run.score.equal("`governance redrive` leaves them and fails", status, 1)
    for spec in FUNCTION_SPECS:
        left = f"{names.queue(spec.dead_letters)}: 1 left: not-a"
        run.score.expect(f"saying why of {spec.dead_letters}", left in printed, printed)
    _redrive_of_a_spoke(run, hub)
    _, printed = run.console.try_run("redrive", "--unparseable", actor=hub)
    run.settle()
    run.score.expect("told to, it sends back what can't be read, too", f"1 sent to {names.queue('capture')}" in printed
                     or f"2 sent to {names.queue('capture')}" in printed, printed)  # fmt: skip
    for spec in FUNCTION_SPECS:
        sqs.purge_queue(QueueUrl=_url(sqs, names.queue(spec.dead_letters)))
    run.control.advance(WATCH_SECONDS)
    run.settle()
    run.score.equal("the alarms end with them", _states(run, alarms), dict.fromkeys(alarms, "OK"))


def _redrive_of_a_spoke(run: Run, hub: Actor) -> None:
    """What a spoke couldn't forward goes to the hub's capture queue, by the operator's credentials of both."""
    spoke = contributor(run.organisation)
    there, queue = run.cast.administrator(spoke.account), run.organisation.names.forward_dlq(spoke.stack)
    there.client("sqs").send_message(QueueUrl=_url(there.client("sqs"), queue), MessageBody="nothing")
    status, printed = run.console.try_run(
        "redrive", "--stack", spoke.stack, "--spoke-profile", spoke.stack, actor=hub, profiles={spoke.stack: there}
    )
    run.settle()
    run.score.expect("a spoke's dead letters reach capture", status == 0 and f"{queue}: 1 sent" in printed, printed)


def _url(sqs: Any, queue: str) -> str:
    return str(sqs.get_queue_url(QueueName=queue)["QueueUrl"])


def _states(run: Run, names: list[str]) -> dict[str, str]:
    cloudwatch = run.cast.auditor().client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
