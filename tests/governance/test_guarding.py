"""What the guard finds in a version's rows: exact rules, and that order and repetition don't matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.canonical import Json
from governance.documents import card_document
from governance.events import Artifact
from governance.facts import Fact, StoredObject, actor_fact, incident_fact
from governance.guarding import Part, Rule, Same, description_of, judge, same_person
from governance.ledger import EMPTY, Head, Row, seal
from governance.terms import FIRST_SEEN_APPROVED, Clock, Identity, Kind, Witness
from tests.governance.samples import ARTIFACT_URL, CARD, GROUP, HUB, IMAGE, REGION, arn_of, moment, seen, stage

ANN = Identity("arn:aws:sts::222222222222:assumed-role/mlgov-dev-execution/ann", "ann")
BEA = Identity(f"arn:aws:sts::{HUB}:assumed-role/mlgov-hub-approver-dev/bea", "bea")
ANN_APPROVES = Identity(f"arn:aws:sts::{HUB}:assumed-role/mlgov-hub-approver-dev/somebody", "ann")
NOBODY: Identity | None = None
PENDING = {"ModelApprovalStatus": "PendingManualApproval", "ModelLifeCycle": stage("Development", "PendingApproval")}
STORED = StoredObject("v1", "SHA256:abc", "FULL_OBJECT")
SHOWN = Artifact(ARTIFACT_URL, "etag", IMAGE, "sha256:" + "c" * 64)


class Told:
    """A version's chain."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def _add(self, fact: Fact) -> Told:
        head = Head(len(self.rows), str(self.rows[-1]["hash"])) if self.rows else EMPTY
        self.rows.append(seal(fact, head, seen=moment(1000), came_from=None, late=False))
        return self

    def tell(self, kind: Kind, field: str, value: Json, at: float, by: Identity | None, **more: Any) -> Told:
        return self._add(
            Fact(
                arn=arn_of(), group=GROUP, version=1, kind=kind, field=field, value=value, happened=moment(at),
                created=moment(0), event_id="e", account=HUB, region=REGION, actor=by,
                sources=(("change", "event"),), **more,
            )
        )  # fmt: skip

    def registered(self, by: Identity | None = ANN, value: Json = PENDING, **more: Any) -> Told:
        return self.tell(Kind.REGISTRATION, "ModelPackage", value, 0, by, **more)

    def approved(self, at: float = 10, by: Identity | None = BEA, status: str = "Approved", **more: Any) -> Told:
        return self.tell(Kind.APPROVAL, "ModelApprovalStatus", status, at, by, **more)

    def staged(
        self, at: float = 10, by: Identity | None = BEA, name: str = "Development", status: str = "Approved"
    ) -> Told:
        return self.tell(Kind.STAGE, "ModelLifeCycle", stage(name, status), at, by)

    def changed(self, field: str, at: float, by: Identity | None = BEA, **more: Any) -> Told:
        return self.tell(Kind.METADATA, field, None, at, by, **more)

    def learnt(self, row: int, by: Identity) -> Told:
        return self._add(
            actor_fact(self.rows[row], by, event_id="c", account=HUB, region=REGION, witness=Witness.CLOUDTRAIL)
        )

    def found(self, now: Any = None, stored: StoredObject | None = None) -> tuple[list[str], list[str], int]:
        """Rules and parts of the incidents, of those that stand, and how many approvals are by nobody knows whom."""
        judged = judge(self.rows, now, stored)
        names = [
            [f"{each.rule}{'/' + each.part if each.part else ''}" for each in which]
            for which in (judged.incidents, judged.standing)
        ]
        return names[0], names[1], len(judged.unknown)


CLEAN: tuple[list[str], list[str], int] = ([], [], 0)


def test_an_approval_by_somebody_else_is_clean() -> None:
    """Guards: a guard that alarms on ordinary work."""
    assert Told().registered().approved().staged().staged(20, name="Staging").found(seen()) == CLEAN


@pytest.mark.parametrize("told", [Told().registered(), Told().registered().approved(status="Rejected", by=ANN)])
def test_without_an_approval_there_is_nothing_to_find(told: Told) -> None:
    """Guards: an author who withdraws the own version, taken for one who approves it."""
    assert told.found(seen()) == CLEAN


def test_the_same_person_through_two_roles_is_found() -> None:
    """Guards: an approval by the author, whose roles have nothing in common but the person."""
    rules, standing, unknown = Told().registered(ANN).approved(by=ANN_APPROVES).found()
    assert (rules, standing, unknown) == (["self-approved"], ["self-approved"], 0)
    assert Told().registered(ANN).staged(by=ANN_APPROVES, name="Production").found()[1] == ["self-approved"]


def test_who_changes_the_specification_is_an_author_too() -> None:
    """Guards: an approver who swaps the model and approves it in the same breath."""
    told = Told().registered(ANN).changed("InferenceSpecification", 10, BEA).approved(10, BEA)
    assert told.found()[1] == ["self-approved"]
    assert Told().registered(ANN).changed("ModelCard", 9, BEA).approved(10, BEA).found() == CLEAN


def test_another_s_decision_ends_what_stands_and_not_what_was() -> None:
    """Guards: a version that can never be approved again, or an incident that is forgotten."""
    told = Told().registered(ANN).approved(10, ANN_APPROVES).approved(20, BEA)
    assert told.found() == (["self-approved"], [], 0)
    assert Told().registered(ANN).approved(10, ANN_APPROVES).approved(20, BEA, "Rejected").found()[1] == []


def test_an_unknown_actor_is_unknown_and_not_clean() -> None:
    """Guards: nobody known, taken for somebody else; an old approval of nobody that is told for ever."""
    assert Told().registered(ANN).approved(by=NOBODY).found() == ([], [], 1)
    assert Told().registered(NOBODY).approved(by=BEA).found() == ([], [], 1)
    assert Told().approved(by=BEA).found() == ([], [], 1), "the registration isn't known yet"
    assert Told().registered(ANN).approved(10, NOBODY).approved(20, BEA).found() == CLEAN


def test_who_it_was_may_be_learnt_later() -> None:
    """Guards: CloudTrail's name for the approver that comes after the verdict."""
    told = Told().registered(ANN).approved(by=NOBODY)
    assert told.learnt(1, ANN_APPROVES).found() == (["self-approved"], ["self-approved"], 0)


def test_a_version_born_approved_stands_until_somebody_decides() -> None:
    """Guards: a forged registration that stays approved; one that nobody may approve after all."""
    born = Told().registered(value={**PENDING, "ModelApprovalStatus": "Approved"}, incident=FIRST_SEEN_APPROVED)
    assert born.found() == ([FIRST_SEEN_APPROVED], [FIRST_SEEN_APPROVED], 0)
    assert born.approved(10, BEA, "Rejected").found()[1] == [FIRST_SEEN_APPROVED]
    assert born.approved(20, BEA).found() == ([FIRST_SEEN_APPROVED], [], 0)


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("InferenceSpecification", Part.SPECIFICATION),
        ("AdditionalInferenceSpecifications", Part.ADDITIONAL),
        ("SourceUri", Part.SOURCE),
        ("ModelCard", Part.CARD),
    ],
)
def test_a_change_after_the_approval_is_found_by_its_row(field: str, part: Part) -> None:
    """Guards: an approved version whose artifact, origin or card somebody swaps, with or without a read-back."""
    told = Told().registered().approved(10).changed(field, 20, ANN)
    assert told.found() == ([f"{Rule.CHANGED}/{part}"], [f"{Rule.CHANGED}/{part}"], 0)
    assert told.changed(field, 30, ANN).found()[0] == [f"{Rule.CHANGED}/{part}"], "once for a part"
    assert told.approved(40, BEA).found()[1] == [], "approved anew as it is"


@pytest.mark.parametrize("field", ["CustomerMetadataProperties", "ApprovalDescription"])
def test_what_isn_t_the_model_may_change(field: str) -> None:
    """Guards: a version rejected because somebody put a ticket's number to it."""
    assert Told().registered().approved(10).changed(field, 20).found(seen()) == CLEAN


@pytest.mark.parametrize(
    ("now", "part"),
    [
        ({"Image": IMAGE + "0", "ModelDataUrl": ARTIFACT_URL}, Part.SPECIFICATION),
        ({"Image": IMAGE, "ModelDataUrl": ARTIFACT_URL + "x"}, Part.SPECIFICATION),
        ({"Image": IMAGE, "ModelDataUrl": ARTIFACT_URL, "ImageDigest": "sha256:" + "d" * 64}, Part.SPECIFICATION),
        ({"Image": IMAGE, "ModelDataUrl": ARTIFACT_URL, "ModelDataETag": "other"}, Part.ARTIFACT),
    ],
)
def test_what_the_registry_shows_otherwise_is_found_without_an_event(now: Mapping[str, str], part: Part) -> None:
    """Guards: a change whose event was lost."""
    told = Told().registered(artifact=SHOWN).approved()
    shown = seen(InferenceSpecification={"Containers": [dict(now)]})
    assert told.found(shown) == ([f"{Rule.CHANGED}/{part}"], [f"{Rule.CHANGED}/{part}"], 0)


def test_the_same_as_approved_is_clean_however_it_is_written() -> None:
    """Guards: quotes round an ETag, or a digest in another form, taken for another model."""
    told = Told().registered(artifact=SHOWN, stored=STORED).approved()
    same = {"Image": IMAGE, "ModelDataUrl": ARTIFACT_URL, "ModelDataETag": '"etag"', "ImageDigest": "tag-1"}
    assert told.found(seen(InferenceSpecification={"Containers": [same]}), STORED) == CLEAN
    assert told.found(seen(), None) == CLEAN, "what can't be read shows no change"


def test_another_object_under_the_key_is_found() -> None:
    """Guards: an artifact that was replaced under an approved URL."""
    told = Told().registered(artifact=SHOWN, stored=STORED).approved()
    assert told.found(seen(), StoredObject("v2", "SHA256:abc", "FULL_OBJECT"))[1] == [f"{Rule.CHANGED}/artifact"]


def test_another_card_is_found_unless_it_came_with_the_approval() -> None:
    """Guards: a risk rating that is lowered after the approval; a card that the approver writes while approving."""
    old = (card_document(json.dumps({**CARD, "business_details": {}})),)
    told = Told().registered(documents=old, card_as_of=moment(0)).approved()
    assert told.found(seen())[1] == [f"{Rule.CHANGED}/card"]
    beside = Told().registered(documents=old, card_as_of=moment(0)).changed("ModelCard", 10).approved(10)
    assert beside.found(seen()) == CLEAN
    same = (card_document(json.dumps(CARD)),)
    assert Told().registered(documents=same, card_as_of=moment(0)).approved().found(seen()) == CLEAN


def test_cloudtrail_s_seconds_make_no_change_of_the_same_call_a_later_one() -> None:
    """Guards: an approver who changes and approves in one call, found to have changed it afterwards."""
    beside = moment(10) + timedelta(seconds=1)
    told = Told().registered().approved(10)
    told._add(
        Fact(
            arn=arn_of(), group=GROUP, version=1, kind=Kind.METADATA, field="SourceUri", value=None, happened=beside,
            created=None, event_id="c", account=HUB, region=REGION, actor=BEA, sources=(("change", "cloudtrail"),),
            witness=Witness.CLOUDTRAIL, clock=Clock.REQUEST,
        )
    )  # fmt: skip
    assert told.found()[0] == ["self-approved"]


def test_history_before_the_ledger_is_not_judged() -> None:
    """Guards: a backfill that rejects what was approved years ago."""
    told = Told().registered(ANN, witness=Witness.BACKFILL).approved(10, ANN_APPROVES, witness=Witness.BACKFILL)
    assert told.found(seen()) == CLEAN
    assert told.approved(20, ANN_APPROVES).found()[1] == ["self-approved"], "a new decision is"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ANN, ANN, Same.SELF),
        (ANN, BEA, Same.OTHER),
        (ANN, ANN_APPROVES, Same.SELF),
        (Identity("a", "Ann.Smith@example.com"), Identity("b", "ann-smith"), Same.SELF),
        (Identity("arn:aws:sagemaker:r:1:user-profile/d-1/ann"), ANN, Same.SELF),
        (Identity("arn:aws:iam::1:user/team/ann"), ANN_APPROVES, Same.SELF),
        (Identity("arn:aws:iam::1:user/bob"), ANN, Same.OTHER),
        (Identity("arn:aws:sts::1:assumed-role/r/ann"), Identity("x", "ann"), Same.SELF),
        (Identity("arn:aws:sts::1:assumed-role/r/SageMaker"), BEA, Same.UNKNOWN),
        (Identity("arn:aws:sts::1:assumed-role/r/s"), Identity("arn:aws:sts::1:assumed-role/r/s"), Same.SELF),
        (Identity("arn:aws:sts::1:assumed-role/r/s"), Identity("arn:aws:sts::1:assumed-role/r/t"), Same.UNKNOWN),
        (None, ANN, Same.UNKNOWN),
        (ANN, None, Same.UNKNOWN),
    ],
)
def test_who_is_whom(one: Identity | None, other: Identity | None, same: Same) -> None:
    """Guards: a session's name, which anybody may choose, taken as a proof that two are two."""
    assert (same_person(one, other), same_person(other, one)) == (same, same)


def test_an_incident_is_the_same_fact_whenever_it_is_found() -> None:
    """Guards: an incident recorded, counted and alarmed at each delivery."""
    told = Told().registered(ANN).approved(by=ANN_APPROVES).changed("SourceUri", 20)
    once = judge(told.rows, None, None).incidents
    again = judge(told.changed("SourceUri", 30).rows, seen(), STORED).incidents
    ids = [
        [incident_fact(each.about, each.value, each.rule, each.told).content_id for each in found]
        for found in (once, again)
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(once) == 2


def test_the_guard_s_own_rows_are_no_evidence() -> None:
    """Guards: incidents about incidents."""
    told = Told().registered(ANN, incident=FIRST_SEEN_APPROVED).approved(by=ANN_APPROVES)
    for each in judge(told.rows, None, None).incidents:
        told._add(incident_fact(each.about, each.value, each.rule, each.told))
    assert told.found()[0] == [FIRST_SEEN_APPROVED, "self-approved"]


def test_a_rejected_version_says_by_which_rule_and_fits() -> None:
    """Guards: a rejection that nobody understands, or that the API refuses for its length."""
    judged = judge(Told().registered(ANN).approved(by=ANN_APPROVES).rows, None, None)
    words = description_of(judged.standing, 1024)
    assert "self-approved" in words
    assert "ann" in words
    assert description_of(judged.standing, 30) == words[:30]


PEOPLE = st.sampled_from([ANN, BEA, ANN_APPROVES, NOBODY])
STEPS = st.one_of(
    st.tuples(st.just("approved"), PEOPLE, st.sampled_from(["Approved", "Rejected"])),
    st.tuples(st.just("staged"), PEOPLE, st.sampled_from(["Approved", "OnHold"])),
    st.tuples(st.just("changed"), PEOPLE, st.sampled_from(["SourceUri", "ModelCard", "CustomerMetadataProperties"])),
)


@given(st.lists(STEPS, max_size=7), st.randoms(use_true_random=False))
def test_in_whatever_order_rows_were_written_the_same_is_found(steps: list[tuple[Any, ...]], shuffle: Any) -> None:
    """Guards: a verdict that depends on which event came first."""
    facts: list[tuple[str, float, Any, str]] = [("registered", 0, ANN, "")]
    facts += [(what, number + 1, who, value) for number, (what, who, value) in enumerate(steps)]
    answers = []
    for _ in range(2):
        told = Told()
        for what, at, who, value in facts:
            if what == "registered":
                told.registered(who)
            elif what == "approved":
                told.approved(at, who, value)
            elif what == "staged":
                told.staged(at, who, status=value)
            else:
                told.changed(value, at, who)
        answers.append(told.found(seen(), STORED))
        shuffle.shuffle(facts)
    assert answers[0] == answers[1]
