"""What reconcile does with single losses, with sources that fail, and with too little time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from governance.evidence import Action
from governance.readback import ReadBack
from governance.state import approved_artifact
from lambdas.reconcile.fakes import Recorded
from lambdas.reconcile.jobs import GRACE, KEPT, PATIENCE, NotAJob
from tests.governance.samples import (
    APPROVER,
    AUTHOR,
    BUCKET,
    DEV,
    GROUP,
    HUB,
    REGION,
    START,
    arn_of,
    envelope,
    iso,
    moment,
    package_detail,
    seen,
    stage,
)
from tests.lambdas.reconcile.cloud import LIFECYCLE, live, url_of
from tests.lambdas.reconcile.world import Crash, World

ARN = arn_of()
NOW = START + timedelta(days=1)
RUN = {"job": "run"}
PENDING = stage("Development", "PendingApproval")


def record(
    name: str, at: datetime, request: dict[str, Any], *, key: str = "", who: str = APPROVER, arn: str = ARN
) -> Recorded:
    content = {
        "eventID": key or f"{name}-{iso(at)}", "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventName": name,
        "awsRegion": REGION, "recipientAccountId": HUB, "requestParameters": request,
        "responseElements": {"modelPackageArn": arn} if name != "DeleteModelPackage" else None,
        "userIdentity": {"type": "AssumedRole", "arn": who, "accountId": HUB, "sessionContext": {}},
    }  # fmt: skip
    return Recorded(name, at.replace(microsecond=0), at, json.dumps(content))


def approval(at: datetime, status: str = "Approved", **more: Any) -> Recorded:
    return record("UpdateModelPackage", at, {"modelPackageArn": ARN, "modelApprovalStatus": status}, **more)


def event(at: datetime, status: str = "Approved", event_id: str = "e") -> str:
    detail = package_detail(modified=iso(at), changed=("ModelApprovalStatus",), approval=status, lifecycle=PENDING)
    return envelope(detail, event_id=f"{event_id}-{iso(at)}")


def shown(at: datetime, approved: str = "PendingManualApproval", **more: Any) -> ReadBack:
    return seen(modified=at, ModelApprovalStatus=approved, **more)


@pytest.fixture
def world() -> World:
    """A day after a version was registered, of which the event came."""
    made = World(now=NOW)
    made.catalogue.groups = {GROUP: [ARN]}
    made.registry.versions[ARN] = shown(START)
    assert made.delivered(envelope(package_detail(lifecycle=PENDING), event_id="registered"))
    return made


def kinds(world: World, arn: str = ARN) -> list[tuple[str, str]]:
    return [(str(row["kind"]), str(row["witness"])) for row in world.tables.chains.get(arn, [])]


def measures(world: World) -> dict[str, float]:
    return {measure.name: measure.value for measure in world.tally.take()}


def test_a_run_that_finds_nothing_lost_records_nothing_and_beats(world: World) -> None:
    """Guards: a reconcile that adds rows to a sound ledger each hour, or that ends without a heartbeat."""
    world.tally.take()
    world.work(RUN)
    assert kinds(world) == [("registration", "event")]
    assert measures(world) == {"FactsRecovered": 0, "Gaps": 0, "Heartbeat": 1}


def test_lost_changes_are_recovered_one_row_each_and_a_second_run_finds_none(world: World) -> None:
    """Guards: k events that were lost are fewer than k rows, or more."""
    times = [moment(minutes) for minutes in (5, 9, 14)]
    world.registry.versions[ARN] = shown(times[-1], "Approved")
    world.trail.histories = {HUB: [approval(times[0]), approval(times[1], "Rejected"), approval(times[2])]}
    world.tally.take()
    world.work(RUN)
    assert kinds(world)[1:] == [("approval", "recovered")] * 3
    assert measures(world)["FactsRecovered"] == 3
    world.work(RUN)
    assert len(kinds(world)) == 4
    assert world.told == {ARN}


def test_an_event_that_comes_after_its_recovery_adds_nothing(world: World) -> None:
    """Guards: a redriven message doubles what the reconcile has mended."""
    world.registry.versions[ARN] = shown(moment(9), "Rejected")
    world.trail.histories = {HUB: [approval(moment(5)), approval(moment(9), "Rejected")]}
    world.work(RUN)
    for at, status in ((moment(5.02), "Approved"), (moment(9), "Rejected")):
        assert world.delivered(event(at, status))
    assert len(kinds(world)) == 3


def test_the_same_value_set_twice_in_a_moment_is_two_facts(world: World) -> None:
    """Guards: of two approvals within seconds, one of whose events was lost, only one is ever recorded."""
    first, second = moment(5), moment(5) + timedelta(seconds=3)
    assert world.delivered(event(first + timedelta(seconds=3.5)))
    world.registry.versions[ARN] = shown(second + timedelta(seconds=2), "Approved")
    world.trail.histories = {HUB: [approval(first), approval(second, who=AUTHOR)]}
    world.work(RUN)
    assert [kind for kind, _ in kinds(world) if kind == "approval"] == ["approval", "approval"]
    world.work(RUN)
    assert len([kind for kind, _ in kinds(world) if kind == "approval"]) == 2


def test_two_lost_calls_of_one_moment_are_two_facts(world: World) -> None:
    """Guards: the row that was recovered from one record taken for the row of another."""
    first, second = moment(5), moment(5) + timedelta(seconds=3)
    world.registry.versions[ARN] = shown(moment(20), "Rejected")
    world.trail.histories = {
        HUB: [approval(first), approval(second, who=AUTHOR), approval(moment(20), "Rejected")]
    }  # fmt: skip
    for _ in range(2):
        world.work(RUN)
        assert kinds(world)[1:] == [("approval", "recovered")] * 3


def test_a_call_repeated_with_its_token_is_one_change(world: World) -> None:
    """Guards: an SDK's own retry counts as a second approval."""
    request = {"modelPackageArn": ARN, "modelApprovalStatus": "Approved", "clientToken": "one"}
    world.registry.versions[ARN] = shown(moment(5), "Approved")
    world.trail.histories = {
        HUB: [record("UpdateModelPackage", moment(5) + timedelta(seconds=n), request, key=f"k{n}") for n in (0, 20)]
    }
    world.work(RUN)
    assert kinds(world)[1:] == [("approval", "recovered")]


def test_what_only_the_registry_shows_is_one_gap_that_admits_nothing(world: World) -> None:
    """Guards: an approval that nobody witnessed opens a stage; or each run adds another gap."""
    world.registry.versions[ARN] = shown(moment(9), "Approved", ModelLifeCycle=stage("Staging"))
    world.tally.take()
    world.work(RUN)
    world.work(RUN)
    assert kinds(world)[1:] == [("gap", "gap")]
    assert measures(world)["Gaps"] == 1
    state, row = world.tables.state[ARN], world.tables.chains[ARN][-1]
    assert (state["modelapprovalstatus"], state["approvalkind"]) == ("Approved", "gap")
    assert row["incident"] == state["incident"] == "unwitnessed-approval"
    assert json.loads(str(row["tovalue"])) == {
        "ModelApprovalStatus": "Approved", "ModelLifeCycle": {"Stage": "Staging", "StageStatus": "Approved"},
    }  # fmt: skip


def test_an_event_that_comes_while_a_gap_is_written_closes_it(world: World) -> None:
    """Guards: a gap decided on a state that moved meanwhile: it says that nobody witnessed what just was."""
    world.registry.versions[ARN] = shown(moment(9), "Approved")

    def race(point: str) -> None:
        if point == "tables.append:before":
            world.tables.fault = lambda point: None
            assert world.delivered(event(moment(9)))

    world.tables.fault = race
    world.work(RUN)
    assert kinds(world)[1:] == [("approval", "event")]
    assert world.tables.state[ARN]["incident"] is None


def test_what_was_recovered_is_told_also_after_a_crash(world: World) -> None:
    """Guards: a recovered approval of which the approval function never hears, so that its artifact stays shut."""
    world.registry.versions[ARN] = shown(moment(20), "Rejected")
    assert world.delivered(event(moment(20), "Rejected"))
    world.trail.histories = {HUB: [approval(moment(9)), approval(moment(20), "Rejected")]}

    def crash_once(point: str) -> None:
        if point == "outbox.approval_changed:before":
            world.outbox.fault = lambda point: None
            raise Crash(point)

    world.outbox.fault = crash_once
    world.work(RUN)
    [recovered] = [row for row in world.tables.chains[ARN] if row["witness"] == "recovered"]
    assert (ARN, recovered["contentid"]) in world.outbox.approvals


def test_a_gap_leaves_what_is_witnessed_as_it_is(world: World) -> None:
    """Guards: a lost change of metadata takes an approved version out of production."""
    world.registry.versions[ARN] = shown(moment(5), "Approved")
    assert world.delivered(event(moment(5)))
    world.registry.versions[ARN] = shown(moment(9), "Approved")
    world.work(RUN)
    assert kinds(world)[-1] == ("gap", "gap")
    assert world.tables.chains[ARN][-1]["tovalue"] == "{}"
    assert (world.tables.state[ARN]["approvalkind"], world.tables.state[ARN]["incident"]) == ("approval", None)


def test_changes_whose_events_may_be_on_the_way_are_left_alone(world: World) -> None:
    """Guards: a run that races with the queue and marks as recovered what was never lost."""
    fresh = NOW - GRACE + timedelta(minutes=2)
    world.registry.versions[ARN] = shown(fresh, "Approved")
    world.trail.histories = {HUB: [approval(fresh)]}
    world.work(RUN)
    assert len(kinds(world)) == 1
    world.now = fresh + PATIENCE
    world.work(RUN)
    assert kinds(world)[1:] == [("approval", "recovered")]


def test_a_record_that_comes_late_is_waited_for(world: World) -> None:
    """Guards: a gap for what CloudTrail shows five minutes later."""
    changed = NOW - timedelta(minutes=40)
    world.registry.versions[ARN] = shown(changed, "Approved")
    world.work(RUN)
    assert len(kinds(world)) == 1
    world.trail.histories = {HUB: [approval(changed)]}
    world.now = NOW + timedelta(hours=1)
    world.work(RUN)
    assert kinds(world)[1:] == [("approval", "recovered")]


def test_an_account_that_can_not_be_read_delays_gaps_and_ends_no_run(world: World) -> None:
    """Guards: one account that left the organisation stops the reconcile of all; or its records are gaps at once."""
    changed = NOW - timedelta(hours=2)
    world.trail.denied = {DEV}
    world.registry.versions[ARN] = shown(changed, "Approved")
    world.tally.take()
    world.work(RUN)
    assert len(kinds(world)) == 1
    assert measures(world)["Heartbeat"] == 1
    world.now = changed + timedelta(hours=25)
    world.work(RUN)
    assert kinds(world)[1:] == [("gap", "gap")]


def test_a_call_that_two_accounts_show_is_one_change_with_its_caller_s_name(world: World) -> None:
    """Guards: the owner's copy of a foreign call counts as a second call, or hides the caller."""
    versions = live(Random(5), range(1, 2), 0)
    version = versions[0]
    change = version.changes[0]
    fresh = World(now=NOW)
    fresh.catalogue.groups = {GROUP: [version.arn]}
    fresh.registry.versions[version.arn] = version.read_back(0)
    at = change.dated.replace(microsecond=0)
    for account, copied in ((HUB, True), (DEV, False)):
        text = json.dumps(version.record(change, account, copied))
        fresh.trail.histories.setdefault(account, []).append(Recorded(change.name, at, at, text))
    fresh.work(RUN)
    assert kinds(fresh, version.arn) == [("registration", "recovered"), ("actor", "cloudtrail")]
    assert fresh.tables.state[version.arn]["registeredby"] == change.by[1]


def test_a_version_that_is_gone_is_marked_after_its_witness_was_waited_for(world: World) -> None:
    """B7: a deleted version lived on for ever in the table; its deletion has no event."""
    world.registry.versions[ARN] = None
    world.catalogue.groups = {GROUP: []}
    began = world.now
    world.work(RUN)
    row = world.tables.chains[ARN][-1]
    assert (row["kind"], row["witness"], row["clock"]) == ("deletion", "gap", "found")
    assert world.now - began >= timedelta(minutes=30)
    world.work(RUN)
    assert len(kinds(world)) == 2
    assert world.told == {ARN}


def test_a_version_that_is_gone_and_whose_deletion_cloudtrail_shows_has_its_time_and_actor(world: World) -> None:
    """Guards: a deletion by nobody, dated when it was found."""
    world.registry.versions[ARN] = None
    world.catalogue.groups = {GROUP: []}
    world.trail.histories = {HUB: [record("DeleteModelPackage", moment(9), {"modelPackageName": ARN})]}
    world.work(RUN)
    row = world.tables.chains[ARN][-1]
    assert (row["kind"], row["witness"], row["actor"], row["happenedat"]) == (
        "deletion", "recovered", APPROVER, iso(moment(9)),
    )  # fmt: skip


def test_a_version_that_the_list_lacks_and_the_registry_still_shows_is_not_gone(world: World) -> None:
    """Guards: a page that came too early kills a version."""
    world.catalogue.groups = {GROUP: []}
    world.work(RUN)
    assert kinds(world) == [("registration", "event")]


@pytest.mark.parametrize("says", [True, False])
def test_life_cycle_actions_recover_what_cloudtrail_has_lost(world: World, says: bool) -> None:
    """Guards: SageMaker's own audit records are never asked; or one that doesn't say the stage invents one."""
    properties = {"Stage": "Staging", "StageStatus": "Approved"} if says else {}
    noted = Action(f"arn:aws:sagemaker:{REGION}:{HUB}:action/a", ARN, moment(9), properties, None)
    world.catalogue.noted = [noted]
    world.registry.versions[ARN] = shown(moment(20), ModelLifeCycle=stage("QA", "OnHold"))
    world.trail.histories = {
        HUB: [record("UpdateModelPackage", moment(20), {
            "modelPackageArn": ARN, "modelLifeCycle": {"stage": "QA", "stageStatus": "OnHold"},
        })]
    }  # fmt: skip
    world.work(RUN)
    world.work(RUN)
    found = [(row["kind"], row["clock"], row["tovalue"]) for row in world.tables.chains[ARN][2:]]
    staging = '{"Stage":"Staging","StageStatus":"Approved"}'
    assert found == ([("stage", "action", staging)] if says else [("gap", "action", "{}")])
    assert [row["field"] for row in world.tables.chains[ARN][1:2]] == [LIFECYCLE]


@pytest.mark.parametrize("digit", range(8))
def test_a_stage_and_a_specification_of_one_call_belong_together_however_they_are_told(
    world: World, digit: int
) -> None:
    """Guards: a stage that an action told first keeps the artifact before it when the event tells of the call's other
    half; which of the two came later in the order of one moment is an accident of their content ids.
    """
    world.catalogue.noted = [
        Action(f"arn:aws:sagemaker:{REGION}:{HUB}:action/a", ARN, moment(9),
               {"Stage": "Staging", "StageStatus": "Approved"}, None)
    ]  # fmt: skip
    world.registry.versions[ARN] = shown(moment(20))
    world.trail.histories = {HUB: [record("UpdateModelPackage", moment(20), {"sourceUri": "x"})]}
    world.work(RUN)
    swapped = package_detail(
        modified=iso(moment(9)), changed=("InferenceSpecification", "ModelLifeCycle"), lifecycle=stage("Staging"),
        artifact_url=url_of(digit),
    )  # fmt: skip
    assert world.delivered(envelope(swapped, event_id="late"))
    assert approved_artifact(world.tables.state[ARN], "Staging") == (url_of(digit), f"{digit:064x}")


def test_backfill_takes_over_a_registry_that_existed_before() -> None:
    """Guards: versions from before the installation that no table knows; or that it approves by itself."""
    world = World(now=START + timedelta(days=400))
    world.catalogue.groups = {GROUP: [arn_of(1), arn_of(2)]}
    world.registry.versions = {
        arn_of(1): shown(START),
        arn_of(2): shown(moment(9), "Approved", InferenceSpecification=package_detail()["InferenceSpecification"]),
    }
    world.work({"job": "backfill"})
    assert kinds(world, arn_of(1)) == [("registration", "backfill")]
    assert kinds(world, arn_of(2)) == [("registration", "backfill"), ("gap", "backfill")]
    state = world.tables.state[arn_of(2)]
    assert (state["modelapprovalstatus"], state["approvalkind"], state["incident"]) == ("Approved", "gap", None)
    assert str(state["artifacturl"]).startswith(f"s3://{BUCKET}/")
    before = len(world.tables.ledger)
    world.work({"job": "backfill"})
    world.work(RUN)
    assert len(world.tables.ledger) == before


def test_backfill_looks_as_far_back_as_cloudtrail_keeps(world: World) -> None:
    """Guards: history of the last 90 days that was there to be had."""
    world.now = START + KEPT
    world.registry.versions[ARN] = shown(moment(9), "Approved")
    world.trail.histories = {HUB: [approval(moment(9))]}
    world.work({"job": "backfill"})
    assert kinds(world)[1:] == [("approval", "backfill")]


def test_a_run_with_too_little_time_goes_on_in_another_invocation(world: World) -> None:
    """Guards: a function that is ended by Lambda in the middle, again and again, at the same place."""
    times = [moment(5 + 20 * n) for n in range(12)]
    world.registry.versions[ARN] = shown(times[-1], "Rejected")
    world.trail.histories = {
        HUB: [approval(at, ("Approved", "Rejected")[n % 2]) for n, at in enumerate(times)]
    }  # fmt: skip
    answers = iter([300.0, 20.0] * 30)
    world.left = lambda: next(answers, 300.0)
    assert world.work(RUN) > 5
    assert kinds(world)[1:] == [("approval", "recovered")] * 12


@pytest.mark.parametrize(
    "body",
    [
        "no json", "[]", '{"job": "dance"}', '{"job": "trail", "account": 7}', '{"job": "trail", "account": "999"}',
        '{"job": "trail", "account": "111111111111", "step": 0}', '{"job": "registry", "group": "Other"}',
        '{"job": "registry", "start": "yesterday"}', '{"job": "registry", "unread": "x"}',
        '{"job": "registry", "witness": "x"}', '{"job": "deleted"}', '{"job": "deleted", "arn": "arn:other"}',
    ],
)  # fmt: skip
def test_what_is_no_job_can_never_be_done(world: World, body: str) -> None:
    """Guards: a malformed message that comes again until it is lost."""
    with pytest.raises(NotAJob):
        world.reconcile.handle("m", body, lambda: 300.0, world.log)


def test_the_schedule_s_event_begins_a_run(world: World) -> None:
    """Guards: a schedule whose messages are refused."""
    scheduled = {"source": "aws.events", "detail-type": "Scheduled Event", "id": "s1", "time": "2026-03-02T09:00:00Z"}
    world.tally.take()
    world.work(scheduled)
    assert measures(world)["Heartbeat"] == 1


def test_links_by_themselves_do_only_their_own(world: World) -> None:
    """Guards: an operator's look at one account starts a run of all, and its heartbeat hides that none ran."""
    world.tally.take()
    for job in ({"job": "trail", "account": HUB}, {"job": "registry"}, {"job": "registry", "group": GROUP}):
        world.work(job)
    assert "Heartbeat" not in measures(world)
