"""Facts of single events: what is an approval, who did it, where each part comes from."""

from __future__ import annotations

from typing import Any

import pytest

from governance.events import PackageEvent, parse_event
from governance.facts import Fact, facts_of
from governance.readback import ReadBack
from governance.stages import DEFAULT_STAGES
from governance.terms import FIRST_SEEN_APPROVED, Kind
from tests.governance.samples import APPROVER, AUTHOR, SHA256, envelope, iso, moment, package_detail, seen, stage

LATER = iso(moment(5))
BOTH = ("ModelApprovalStatus", "ModelLifeCycle")


def facts(
    read: ReadBack | None = None, known: dict[str, Any] | None = None, event_id: str = "event-1", **detail: Any
) -> tuple[Fact, ...]:
    event = parse_event(envelope(package_detail(**detail), event_id=event_id))
    assert isinstance(event, PackageEvent)
    return facts_of(event, read, known or {}, DEFAULT_STAGES)


def test_a_registration_is_one_fact_by_its_author() -> None:
    """Guards: the author of a version is unknown, or taken for an approver."""
    [fact] = facts(seen(), lifecycle=stage("Development", "PendingApproval"))
    assert (fact.kind, fact.incident) == (Kind.REGISTRATION, None)
    assert fact.actor is not None
    assert (fact.actor.arn, fact.actor.source_identity) == (AUTHOR, "ann")
    assert fact.artifact_sha256 == SHA256
    assert dict(fact.sources) == {"change": "event", "actor": "readback", "card": "readback"}


def test_each_changed_field_is_a_fact_of_its_own() -> None:
    """Guards: one call that changes two things is one thing when SageMaker sends it as one event, and two otherwise."""
    together = facts(changed=BOTH, approval="Approved", lifecycle=stage("Staging"), modified=LATER)
    apart = [
        fact
        for field in BOTH
        for fact in facts(changed=(field,), approval="Approved", lifecycle=stage("Staging"), modified=LATER)
    ]
    assert [fact.kind for fact in together] == [Kind.APPROVAL, Kind.STAGE]
    assert [fact.content_id for fact in together] == [fact.content_id for fact in apart]


def test_the_content_id_never_depends_on_the_events_id() -> None:
    """Guards: a forwarded or repeated copy with another id is recorded twice."""
    [one], [other] = facts(event_id="a"), facts(event_id="b")
    assert one.content_id == other.content_id


@pytest.mark.parametrize(
    "more",
    [
        {"version": 2},
        {"modified": iso(moment(6))},
        {"approval": "Rejected"},
    ],
)
def test_facts_that_differ_have_different_content_ids(more: dict[str, Any]) -> None:
    """Guards: a second, different change is dropped as a duplicate."""
    same: dict[str, Any] = {"changed": ("ModelApprovalStatus",), "approval": "Approved", "modified": LATER}
    [one], [other] = facts(**same), facts(**(same | more))
    assert one.content_id != other.content_id


@pytest.mark.parametrize("field", ["CustomerMetadataProperties", "sourceUri", "InferenceSpecification", "Anything"])
def test_only_named_changes_of_status_or_stage_are_decisions(field: str) -> None:
    """Guards: an event about metadata that shows an approved version is recorded as an approval."""
    [fact] = facts(seen(modified=moment(5)), changed=(field,), approval="Approved", modified=LATER)
    assert fact.kind is Kind.METADATA


def test_the_description_of_an_approval_is_its_reason_and_no_fact() -> None:
    """Guards: an approval counted twice; or a reason that was rewritten later leaving no trace."""
    fields = ("ApprovalDescription", "ModelApprovalStatus")
    [approval] = facts(changed=fields, approval="Approved", modified=LATER, ApprovalDescription="AUC 0.78 is enough")
    assert (approval.kind, approval.reason) == (Kind.APPROVAL, "AUC 0.78 is enough")
    [rewritten] = facts(changed=("ApprovalDescription",), modified=LATER, ApprovalDescription="other words")
    assert (rewritten.kind, rewritten.value) == (Kind.METADATA, "other words")


def test_s6_the_actor_is_recorded_when_the_read_back_is_of_the_same_moment() -> None:
    """S6 and B11 of the reference system: nobody knew who approved, although DescribeModelPackage says it."""
    read = seen(modified=moment(5), ApprovalDescription="fine")
    [fact] = facts(read, changed=("ModelApprovalStatus",), approval="Approved", modified=LATER)
    assert fact.actor is not None
    assert (fact.actor.arn, fact.reason) == (APPROVER, "fine")
    assert dict(fact.sources)["reason"] == "readback"


def test_a_later_read_back_names_no_actor_and_no_reason() -> None:
    """Guards: an approval attributed to whoever touched the version afterwards."""
    read = seen(modified=moment(9), ApprovalDescription="of another change")
    [fact] = facts(read, changed=("ModelApprovalStatus",), approval="Approved", modified=LATER)
    assert (fact.actor, fact.reason) == (None, None)
    assert "actor" not in dict(fact.sources)


def test_s6_the_card_says_as_of_when_it_was_read() -> None:
    """S6 of the reference system: the card of handling time was stored as if it were that of the event."""
    [fact] = facts(seen(modified=moment(9)), changed=("ModelApprovalStatus",), modified=LATER)
    assert fact.card_as_of == moment(9)
    assert fact.card_sha256


def test_a_deleted_version_leaves_what_the_event_says() -> None:
    """Guards: the approval of a version that was deleted meanwhile is lost because it can't be read back."""
    [fact] = facts(None, changed=("ModelApprovalStatus",), approval="Approved", modified=LATER)
    assert (fact.kind, fact.value, fact.card_sha256) == (Kind.APPROVAL, "Approved", None)


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Failed"])
def test_an_unfinished_version_is_a_status_and_no_registration(status: str) -> None:
    """Guards: the event of the finished version is taken for a duplicate of the unfinished one's."""
    [fact] = facts(status=status)
    [finished] = facts()
    assert (fact.kind, fact.value) == (Kind.STATUS, status)
    assert fact.content_id != finished.content_id


def test_b7_a_deletion_is_a_fact() -> None:
    """B7 of the reference system: deleted packages left their rows untouched for ever."""
    [fact] = facts(None, status="Deleting", modified=LATER)
    assert fact.kind is Kind.DELETION


@pytest.mark.parametrize(
    "more",
    [
        {"approval": "Approved"},
        {"lifecycle": stage("Production", "PendingApproval")},
        {"lifecycle": stage("Development", "Approved")},
        {"lifecycle": stage("Development", "approved")},
        {"approval": "Approved", "status": "InProgress"},
    ],
)
def test_a_version_that_begins_approved_or_beyond_the_first_stage_is_an_incident(more: dict[str, Any]) -> None:
    """Guards: a clone, or a contributor's administrator, registers an approved version and nobody notices."""
    [fact] = facts(seen(), **more)
    assert fact.incident == FIRST_SEEN_APPROVED
    assert fact.kind is not Kind.APPROVAL


def test_an_approval_that_overtakes_the_registration_is_no_incident() -> None:
    """Guards: reordered events raise an alarm about an ordinary approval."""
    approval, entered = facts(changed=BOTH, approval="Approved", lifecycle=stage("Staging"), modified=LATER)
    assert (approval.incident, entered.incident) == (None, None)


def test_an_unnamed_change_is_an_approval_only_if_the_read_back_confirms_it() -> None:
    """Guards: an event that doesn't say what changed makes an approval out of a snapshot."""
    known = {"ModelApprovalStatus": "PendingManualApproval"}
    [confirmed] = facts(seen(modified=moment(5)), known, approval="Approved", modified=LATER)
    [unconfirmed] = facts(seen(modified=moment(9)), known, approval="Approved", modified=LATER)
    assert (confirmed.kind, dict(confirmed.sources)["change"]) == (Kind.APPROVAL, "readback")
    assert unconfirmed.kind is Kind.OBSERVATION


def test_an_unnamed_change_of_nothing_that_governs_is_an_observation() -> None:
    """Guards: an event is dropped because nothing in it is new."""
    known = {"ModelApprovalStatus": "PendingManualApproval"}
    [fact] = facts(seen(modified=moment(5)), known, modified=LATER)
    assert (fact.kind, fact.incident) == (Kind.OBSERVATION, None)


def test_the_first_sight_of_a_version_that_was_approved_before_is_an_incident() -> None:
    """Guards: a version whose beginning was never seen passes as ordinary."""
    [fact] = facts(None, approval="Approved", modified=LATER)
    assert (fact.kind, fact.incident) == (Kind.OBSERVATION, FIRST_SEEN_APPROVED)
