"""What capture does with single messages; each defect of the reference system's capture has its test here."""

from __future__ import annotations

import json

import pytest

from governance.errors import LedgerError
from governance.ledger import Head, verify_chain, verify_dedup
from governance.state import approved_artifact
from lambdas.capture.core import UnknownPackage
from lambdas.common.aws import Busy
from tests.governance.samples import (
    APPROVER,
    ARTIFACT_URL,
    DEV,
    REGION,
    SHA256,
    arn_of,
    endpoint_event,
    envelope,
    iso,
    moment,
    package_detail,
    seen,
    stage,
)
from tests.lambdas.capture.world import World

ARN = arn_of()
ENDPOINT = f"arn:aws:sagemaker:{REGION}:{DEV}:endpoint/credit-risk"
REGISTERED = envelope(package_detail(lifecycle=stage("Development", "PendingApproval")), event_id="registered")


def decided(
    name: str,
    minutes: float,
    status: str = "Approved",
    *,
    changed: tuple[str, ...] = ("ModelLifeCycle",),
    artifact_url: str = ARTIFACT_URL,
) -> str:
    """The event of a decision on a stage, as the registry sends it."""
    detail = package_detail(
        modified=iso(moment(minutes)),
        changed=changed,
        approval="Approved",
        lifecycle=stage(name, status),
        artifact_url=artifact_url,
    )
    return envelope(detail, event_id=f"{name}-{status}-{minutes}")


@pytest.fixture
def world() -> World:
    made = World()
    made.registry.versions[ARN] = seen()
    return made


def test_a_registration_is_recorded_and_projected(world: World) -> None:
    """Guards: the first event of a version leaves no row, or a row without what is known."""
    assert world.deliver(REGISTERED) == "recorded"
    [row], state = world.tables.rows(ARN), world.tables.state[ARN]
    assert (row["seq"], row["kind"], row["artifactsha256"]) == (1, "registration", SHA256)
    assert (state["modelapprovalstatus"], state["modellifecycledevstatus"]) == (
        "PendingManualApproval",
        "PendingApproval",
    )
    assert verify_chain(ARN, [row], Head(1, str(row["hash"]))) == []


def test_b1_s4_each_event_adds_a_row_and_none_replaces_one(world: World) -> None:
    """B1, S4: `'Item' in response` of a Query is never true, so every event overwrote the one before."""
    world.deliver(REGISTERED)
    world.deliver(decided("Development", 5))
    world.deliver(decided("Staging", 9))
    rows = world.tables.rows(ARN)
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert [row["kind"] for row in rows] == ["registration", "stage", "stage"]
    assert json.loads(str(rows[2]["fromvalue"]))["Stage"] == "Development"


def test_b2_s5_a_promotion_keeps_the_approval_of_the_stage_before(world: World) -> None:
    """B2, S5: the move to Staging reset Development to N/A and wiped the evidence of its approval."""
    for event in (REGISTERED, decided("Development", 5), decided("Staging", 9)):
        world.deliver(event)
    state = world.tables.state[ARN]
    assert (state["modellifecycledevstatus"], state["modellifecycleteststatus"]) == ("Approved", "Approved")
    assert state["modellifecycleprodstatus"] is None


@pytest.mark.parametrize("name", ["Proposal", "QA", "PreProduction", "Archived"])
def test_b3_a_stage_of_any_name_is_kept(world: World, name: str) -> None:
    """B3: stages other than three literal names were recorded nowhere."""
    world.deliver(decided(name, 5, "OnHold"))
    assert json.loads(str(world.tables.state[ARN]["stages"]))[name]["status"] == "OnHold"


def test_b4_description_and_project_come_from_where_they_are(world: World) -> None:
    """B4: two card keys that don't exist were read, so both columns said N/A for ever."""
    world.deliver(REGISTERED)
    state = world.tables.state[ARN]
    assert (state["modeldescription"], state["modelproject"]) == ("Credit risk, XGBoost", "Estimate defaults")
    assert (state["modelowner"], state["modellob"], state["modelrisk"]) == (
        "Credit risk team", "Consumer Lending", "Medium",
    )  # fmt: skip


def test_b5_events_with_iso_and_epoch_times_are_the_same_fact(world: World) -> None:
    """B5: an ISO CreationTime raised TypeError and lost the event."""
    epoch = str(int(moment(0).timestamp() * 1000))
    assert world.deliver(REGISTERED) == "recorded"
    same = package_detail(created=epoch, lifecycle=stage("Development", "PendingApproval"))
    assert world.deliver(envelope(same, event_id="again")) == "duplicate"


def test_b6_all_evaluations_are_kept_as_json(world: World) -> None:
    """B6: the metrics column held the Python repr of the first evaluation."""
    world.deliver(REGISTERED)
    metrics = json.loads(str(world.tables.state[ARN]["modelvalidationmetrics"]))
    assert [evaluation["name"] for evaluation in metrics] == ["held-out", "drift"]
    assert metrics[0]["metric_groups"][0]["metric_data"][0]["value"] == 0.78


def test_b7_a_late_event_is_recorded_and_does_not_move_the_state_back(world: World) -> None:
    """B7: a late event overwrote newer state."""
    world.deliver(decided("Staging", 9))
    world.deliver(decided("Staging", 5, "Rejected"))
    assert world.tables.state[ARN]["modellifecycleteststatus"] == "Approved"
    assert [row["late"] for row in world.tables.rows(ARN)] == [False, True]


def test_a_late_approval_does_not_bring_back_an_older_artifact(world: World) -> None:
    """Guards: an event that comes late admits bytes that a later approval has replaced."""
    newer = ARTIFACT_URL.replace(SHA256, "cd" * 32)
    world.deliver(REGISTERED)
    world.deliver(decided("Staging", 20, artifact_url=newer))
    world.deliver(decided("Staging", 10))
    assert approved_artifact(world.tables.state[ARN], "Staging") == (newer, "cd" * 32)


def test_facts_of_one_moment_are_not_late(world: World) -> None:
    """Guards: of two fields that one call changed, the second is shown as recorded after the fact."""
    world.deliver(REGISTERED)
    world.deliver(decided("Development", 5, changed=("ModelApprovalStatus", "ModelLifeCycle")))
    world.deliver(decided("Staging", 3))
    assert [row["late"] for row in world.tables.rows(ARN)] == [False, False, False, True]


def test_b7_a_replayed_event_is_recorded_once(world: World) -> None:
    """B7: there was no idempotency key."""
    event = decided("Staging", 9)
    assert [world.deliver(event), world.deliver(event)] == ["recorded", "duplicate"]
    assert len(world.tables.rows(ARN)) == 1


def test_b7_a_deleted_version_is_marked(world: World) -> None:
    """B7: deleted packages left their rows as they were."""
    world.deliver(REGISTERED)
    world.registry.versions[ARN] = None
    world.deliver(envelope(package_detail(status="Deleting", modified=iso(moment(7))), event_id="gone"))
    assert world.tables.state[ARN]["deletedat"] == iso(moment(7))


def test_b11_s6_approver_reason_image_and_artifact_are_recorded(world: World) -> None:
    """B11, S6: the audit table knew neither who approved, nor why, nor which image and artifact."""
    world.registry.versions[ARN] = seen(modified=moment(5), ApprovalDescription="AUC 0.78 held out")
    world.deliver(decided("Development", 5, changed=("ModelApprovalStatus", "ModelLifeCycle")))
    state, [approval, _stage] = world.tables.state[ARN], world.tables.rows(ARN)
    assert (state["approvalactor"], state["approvalreason"]) == (APPROVER, "AUC 0.78 held out")
    assert approval["actorsourceidentity"] == "bea"
    assert approval["imagedigest"] == "sha256:" + "c" * 64
    assert approval["artifactsha256"] == SHA256


def test_no_column_says_not_available(world: World) -> None:
    """Guards: the text N/A in columns that are counted and filtered."""
    world.registry.versions[ARN] = None
    world.deliver(REGISTERED)
    state = world.tables.state[ARN]
    assert "N/A" not in state.values()
    assert state["modelrisk"] is None
    assert state["modelpackageversion"] == 1
    assert all(name == name.lower() for name in state)


def test_a_decision_is_told_to_the_approval_function_also_when_repeated(world: World) -> None:
    """Guards: a crash between transaction and message leaves an approved artifact unreadable for ever."""
    event = decided("Staging", 9)
    world.deliver(event)
    world.deliver(event)
    assert [arn for arn, _ in world.outbox.approvals] == [ARN, ARN]


def test_metadata_is_not_told_to_the_approval_function(world: World) -> None:
    """Guards: each change of metadata wakes the function that may tag artifacts."""
    world.deliver(REGISTERED)
    changed = ("CustomerMetadataProperties",)
    world.deliver(envelope(package_detail(modified=iso(moment(3)), changed=changed), event_id="meta"))
    assert world.outbox.approvals == []


def test_a_group_that_is_not_governed_is_ignored(world: World) -> None:
    """Guards: other people's packages of the account appear in the governance tables."""
    assert world.deliver(envelope(package_detail() | {"ModelPackageGroupName": "Other"})) == "ignored"
    assert world.tables.ledger == {}


def test_a_first_seen_approved_version_is_an_incident_that_stays(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a version that was never approved by an approver looks like any approved one."""
    world.deliver(envelope(package_detail(approval="Approved")))
    world.deliver(decided("Development", 5))
    assert world.tables.state[ARN]["incident"] == "first-seen-approved"
    incidents = [line for line in capsys.readouterr().out.splitlines() if json.loads(line)["level"] == "ERROR"]
    assert len(incidents) == 1


def test_a_ledger_that_contradicts_its_state_row_is_not_extended(world: World) -> None:
    """Guards: appending to a tampered chain hides where it was broken."""
    world.deliver(REGISTERED)
    world.tables.state[ARN]["ledgerhash"] = "f" * 64
    with pytest.raises(LedgerError, match="governance verify"):
        world.deliver(decided("Development", 5))
    assert len(world.tables.rows(ARN)) == 1


def test_a_head_that_never_stops_moving_sends_the_message_back(world: World) -> None:
    """Guards: a function that tries for ever, or drops the event."""

    def busy(point: str) -> None:
        if point == "tables.append:before":
            raise Busy("TransactionConflict")

    world.tables.fault = busy
    with pytest.raises(Busy):
        world.deliver(REGISTERED)


def test_a_request_for_a_stage_is_recorded_as_a_claim(world: World) -> None:
    """Guards: a request moves the state, or leaves no trace of who asked for what."""
    world.deliver(REGISTERED)
    before = world.tables.state[ARN]
    request = envelope(
        {"ModelPackageArn": ARN, "Stage": "Staging", "Reason": "validated"},
        source="mlgov.requests", account=DEV, time="2026-03-01T11:00:00Z", **{"detail-type": "Stage Requested"},
    )  # fmt: skip
    assert [world.deliver(request), world.deliver(request)] == ["recorded", "duplicate"]
    row, state = world.tables.rows(ARN)[-1], world.tables.state[ARN]
    assert (row["kind"], row["account"], row["reason"]) == ("request", DEV, "validated")
    assert state["stages"] == before["stages"]
    assert state["modelapprovalstatus"] == "PendingManualApproval"


def test_a_request_may_spell_the_group_as_sagemaker_s_arns_do(world: World) -> None:
    """Guards: ARNs in lower case, as the registry itself returns them, are refused as unknown versions."""
    lower = arn_of().replace("ModelCreditRisk", "modelcreditrisk")
    world.registry.versions[lower] = seen()
    request = envelope(
        {"ModelPackageArn": lower, "Stage": "Staging"}, source="mlgov.requests", **{"detail-type": "Stage Requested"}
    )
    assert world.deliver(request) == "recorded"
    assert world.tables.rows(lower)[-1]["modelpackagegroupname"] == "ModelCreditRisk"


@pytest.mark.parametrize("arn", [arn_of(99), arn_of(1, "Other"), arn_of(1)[:-2]])
def test_a_request_for_an_unknown_version_can_never_be_recorded(world: World, arn: str) -> None:
    """Guards: any requesting account fills the ledger with versions that don't exist."""
    request = envelope(
        {"ModelPackageArn": arn, "Stage": "Staging"}, source="mlgov.requests", **{"detail-type": "Stage Requested"}
    )
    with pytest.raises(UnknownPackage):
        world.deliver(request)
    assert world.tables.ledger == {}


def test_s1_an_endpoint_event_on_the_queue_is_recorded_without_any_tag(world: World) -> None:
    """S1: the endpoint tracker never fired, and recorded only endpoints that carried a tag."""
    assert world.deliver(endpoint_event("IN_SERVICE", 5)) == "recorded"
    row = world.endpoints.rows[ENDPOINT]
    assert (row["status"], row["account"], row["deletedat"]) == ("IN_SERVICE", DEV, None)
    assert "variants" not in row, "what each variant serves is the inventory's to say; an event knows their names only"


def test_endpoints_of_one_name_in_two_accounts_are_two_rows(world: World) -> None:
    """Guards: the reference system's table was keyed by name, so dev and test overwrote each other."""
    world.deliver(endpoint_event("IN_SERVICE", 5))
    world.deliver(endpoint_event("CREATING", 5, account="333333333333"))
    assert len(world.endpoints.rows) == 2


def test_an_older_endpoint_event_is_stale(world: World) -> None:
    """Guards: a late CREATING brings a deleted endpoint back to life."""
    world.deliver(endpoint_event("DELETING", 9))
    assert world.deliver(endpoint_event("IN_SERVICE", 5)) == "stale"
    assert world.endpoints.rows[ENDPOINT]["deletedat"] == iso(moment(9))


def test_endpoint_states_of_one_modification_follow_the_events_times(world: World) -> None:
    """Guards: a state whose name sorts lower loses against the one before it when LastModifiedTime stands still."""
    world.deliver(endpoint_event("UPDATING", 5, time="2026-03-01T09:05:01Z"))
    assert world.deliver(endpoint_event("IN_SERVICE", 5, time="2026-03-01T09:05:02Z")) == "recorded"
    assert world.deliver(endpoint_event("UPDATING", 5, time="2026-03-01T09:05:01Z")) == "stale"
    assert world.endpoints.rows[ENDPOINT]["status"] == "IN_SERVICE"


def test_each_row_has_its_dedup_item(world: World) -> None:
    """Guards: a row without its marker, so that the same event is recorded again."""
    for event in (REGISTERED, decided("Development", 5), decided("Staging", 9)):
        world.deliver(event)
    assert verify_dedup(ARN, world.tables.rows(ARN), world.tables.dedup) == []
