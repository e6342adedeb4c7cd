"""Events that are lost, messages that nobody can read: found, recovered, sent back or left where they are said."""

from __future__ import annotations

import json

from rehearsal.scenario.performance import Run
from rehearsal.scenario.watching import ENDPOINT, WALK_SECONDS, verdict

GRACE_SECONDS = 16 * 60
"""The reconcile leaves younger changes alone: their events may be on the way; CloudTrail shows them after minutes."""

WATCH_SECONDS = 10 * 60
"""Two periods of an alarm."""


def lose_a_revocation(run: Run) -> None:
    """The officer revokes an approval, and no event of it ever comes. The reconcile finds who did it, when and why."""
    version, hub = run.registered(), run.cast.administrator(run.organisation.hub)
    first = run.organisation.stages[0]
    before = len(run.tables().ledger(version.package_arn))
    with run.control.disturbance(drop_probability=1.0):
        run.console.run(
            "reject", version.package_arn, "--stage", first.name, "--reason", "drift in production",
            actor=run.cast.approver(first.name),
        )  # fmt: skip
        run.settle()
    run.score.equal("the ledger knows nothing of it", len(run.tables().ledger(version.package_arn)), before)
    run.score.equal("nor does the state", run.tables().state(version.package_arn)["modelapprovalstatus"], "Approved")
    run.control.advance(GRACE_SECONDS)
    run.settle()
    status, printed = run.console.try_run("reconcile", "--settle", "1", actor=hub)
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
    state = run.tables().state(version.package_arn)
    run.score.equal("the state says rejected", state["modelapprovalstatus"], "Rejected")
    status, printed = run.console.try_run("reconcile", "--settle", "1", actor=hub)
    run.score.equal("a second run finds nothing", (status, printed.splitlines()[-1]), (0, "No rows were missing"))
    run.control.advance(WALK_SECONDS)
    run.settle()
    run.score.equal("the endpoint that still serves it is named", verdict(run, ENDPOINT), "revoked-after-deploy")


def leave_what_nobody_can_read(run: Run) -> None:
    """A message that is no event: kept apart with its reason, alarmed, left by redrive, and gone once purged."""
    hub = run.cast.administrator(run.organisation.hub)
    names, sqs = run.organisation.names, hub.client("sqs")
    queue, letters = (sqs.get_queue_url(QueueName=names.queue(name))["QueueUrl"] for name in ("capture", "capture-dlq"))
    sqs.send_message(QueueUrl=queue, MessageBody="no event")
    run.settle()
    run.control.advance(WATCH_SECONDS)
    run.settle()
    alarm = names.alarm("capture-dlq-depth")
    run.score.equal("an alarm tells of the dead letter", _alarm(run, alarm), "ALARM")
    status, printed = run.console.try_run("redrive", actor=hub)
    run.score.equal("`governance redrive` leaves it and fails", status, 1)
    run.score.expect("saying why", f"{names.queue('capture-dlq')}: 1 left: not-an-event" in printed, printed)
    sqs.purge_queue(QueueUrl=letters)
    run.control.advance(WATCH_SECONDS)
    run.settle()
    run.score.equal("the alarm ends with it", _alarm(run, alarm), "OK")


def _alarm(run: Run, name: str) -> str:
    cloudwatch = run.cast.administrator(run.organisation.hub).client("cloudwatch")
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])
