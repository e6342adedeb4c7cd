"""Which artifact versions carry which stage's tag, after any messages in any order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.stages import DEFAULT_STAGES
from lambdas.approval.core import Approval, NotARequest, UnsafeArtifact
from lambdas.approval.fakes import FakeArtifacts, FakeStates
from lambdas.approval.ports import StoredObject
from lambdas.common.aws import Busy
from lambdas.common.log import Log
from tests.governance.samples import (
    ARTIFACT_URL,
    BUCKET,
    GROUP,
    SHA256,
    arn_of,
    envelope,
    iso,
    moment,
    package_detail,
    seen,
    stage,
)
from tests.lambdas.capture.world import World

KEY = f"artifacts/dev/{GROUP}/{SHA256}/model.tar.gz"
BOTH = ("ModelApprovalStatus", "ModelLifeCycle")
ADMITTED_TO_TEST = {"test": "approved", "test-versions": "1"}


class Hub:
    """Capture's state rows and the approval function over one bucket."""

    def __init__(self) -> None:
        self.world = World()
        self.states = FakeStates()
        self.artifacts = FakeArtifacts({KEY: StoredObject("v1", SHA256)})
        self.approval = Approval(states=self.states, artifacts=self.artifacts, bucket=BUCKET, stages=DEFAULT_STAGES)
        self.minutes = 0

    def decide(
        self, name: str, status: str, *, version: int = 1, approval: str = "Approved", url: str = ARTIFACT_URL
    ) -> None:
        """Record a decision, as capture does."""
        self.minutes += 1
        detail = package_detail(
            version=version, modified=iso(moment(self.minutes)), changed=BOTH, approval=approval,
            lifecycle=stage(name, status), artifact_url=url,
        )  # fmt: skip
        self.world.registry.versions[arn_of(version)] = seen(modified=moment(self.minutes))
        self.world.deliver(envelope(detail, event_id=f"e{self.minutes}"))
        self.states.rows[arn_of(version)] = self.world.tables.state[arn_of(version)]

    def tell(self, version: int = 1) -> str:
        """Deliver capture's message to the approval function."""
        body = json.dumps({"modelpackagearn": arn_of(version), "contentid": "c"})
        return self.approval.handle("m1", body, Log())

    @property
    def tags(self) -> dict[str, str]:
        return self.artifacts.tags(KEY, "v1")


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_an_approved_stage_tags_exactly_the_approved_version(hub: Hub) -> None:
    """Guards: the stage's serving role can't read what was approved, or can read more."""
    hub.decide("Staging", "Approved")
    assert hub.tell() == "tagged test"
    assert hub.artifacts.tagged == {(KEY, "v1"): ADMITTED_TO_TEST}


def test_foreign_tags_are_kept(hub: Hub) -> None:
    """Guards: PutObjectTagging replaces the whole set, so that cost or retention tags vanish."""
    hub.artifacts.tagged[KEY, "v1"] = {"cost-centre": "42"}
    hub.decide("Staging", "Approved")
    hub.tell()
    assert hub.tags == {"cost-centre": "42", **ADMITTED_TO_TEST}


def test_a_repeated_message_writes_nothing(hub: Hub) -> None:
    """Guards: each redelivery of a decision rewrites the tags."""
    hub.decide("Staging", "Approved")
    assert [hub.tell(), hub.tell()] == ["tagged test", "in line"]
    assert hub.artifacts.writes == 1


@pytest.mark.parametrize(
    ("status", "approval"), [("Rejected", "Approved"), ("Approved", "Rejected"), ("OnHold", "Approved")]
)
def test_a_revocation_removes_the_tag(hub: Hub, status: str, approval: str) -> None:
    """Guards: a rejected version stays readable for the stage."""
    hub.decide("Staging", "Approved")
    hub.tell()
    hub.decide("Staging", status, approval=approval)
    assert hub.tell() == "tagged test"
    assert hub.tags == {}


def test_a_stage_approved_without_the_versions_approval_is_not_admitted(hub: Hub) -> None:
    """Guards: a stage's status alone admits a version that isn't deployable at all."""
    hub.decide("Staging", "Approved", approval="Rejected")
    assert hub.tell() == "in line"


def test_a_version_that_began_approved_is_not_admitted(hub: Hub) -> None:
    """Guards: whoever registers a version as approved, in an approved stage, gets its artifact served."""
    body = envelope(package_detail(approval="Approved", lifecycle=stage("Staging")))
    hub.world.deliver(body)
    hub.states.rows[arn_of()] = hub.world.tables.state[arn_of()]
    assert hub.tell() == "in line"
    assert hub.tags == {}


def test_the_rejection_of_one_version_leaves_the_other_ones_admission(hub: Hub) -> None:
    """Guards: two versions share an artifact; rejecting the first shuts out the second's endpoints."""
    hub.decide("Staging", "Approved", version=1)
    hub.decide("Staging", "Approved", version=2)
    hub.tell(1)
    hub.tell(2)
    assert hub.tags == {"test": "approved", "test-versions": "1 2"}
    hub.decide("Staging", "Rejected", version=1)
    hub.tell(1)
    assert hub.tags == {"test": "approved", "test-versions": "2"}


def test_a_specification_swapped_after_the_approval_is_not_admitted(hub: Hub) -> None:
    """Guards: UpdateModelPackage swaps the artifact of an approved version, and the next message tags the new one."""
    hub.decide("Staging", "Approved")
    other = ARTIFACT_URL.replace(SHA256, "ef" * 32)
    hub.artifacts.objects[KEY.replace(SHA256, "ef" * 32)] = StoredObject("v9", "ef" * 32)
    hub.minutes += 1
    swapped = package_detail(
        modified=iso(moment(hub.minutes)), changed=("InferenceSpecification",), approval="Approved",
        lifecycle=stage("Staging"), artifact_url=other,
    )  # fmt: skip
    hub.world.deliver(envelope(swapped))
    hub.states.rows[arn_of()] = hub.world.tables.state[arn_of()]
    hub.tell()
    assert set(hub.artifacts.tagged) == {(KEY, "v1")}


@pytest.mark.parametrize(
    ("url", "stored", "why"),
    [
        (ARTIFACT_URL, StoredObject("v2", "ef" * 32), "only the approved bytes"),
        (ARTIFACT_URL, StoredObject("v2", None), "only the approved bytes"),
        (ARTIFACT_URL, None, "does not exist"),
        (f"s3://elsewhere/{KEY}", StoredObject("v1", SHA256), "does not lie in the artifact bucket"),
        (f"s3://{BUCKET}/artifacts/dev/model.tar.gz", StoredObject("v1", SHA256), "not published by the helper"),
        (ARTIFACT_URL.replace(GROUP, "Other"), StoredObject("v1", SHA256), "lies under group Other"),
    ],
)
def test_an_artifact_that_is_not_what_was_approved_is_refused(
    hub: Hub, url: str, stored: StoredObject | None, why: str
) -> None:
    """Guards: other bytes than those that were measured and approved are admitted to a stage."""
    hub.artifacts.objects = {KEY: stored} if stored else {}
    hub.decide("Staging", "Approved", url=url)
    with pytest.raises(UnsafeArtifact, match=why):
        hub.tell()
    assert hub.artifacts.tagged == {}


def test_an_approval_without_a_digest_admits_nothing(hub: Hub) -> None:
    """Guards: "unknown" on both sides passes as equal, so an object that S3 never hashed is admitted."""
    hub.decide("Staging", "Approved")
    row = hub.states.rows[arn_of()]
    hub.states.rows[arn_of()] = {**row, "stages": str(row["stages"]).replace(f'"sha256":"{SHA256}"', '"sha256":null')}
    hub.artifacts.objects = {KEY: StoredObject("v1", None)}
    with pytest.raises(UnsafeArtifact, match="only the approved bytes"):
        hub.tell()
    assert hub.artifacts.tagged == {}


def test_a_revocation_of_what_is_gone_is_done(hub: Hub) -> None:
    """Guards: the rejection of a version whose artifact can't be found ends in the dead-letter queue."""
    hub.decide("Staging", "Approved")
    hub.decide("Staging", "Rejected")
    hub.artifacts.objects = {}
    assert hub.tell() == "in line"


def test_a_decision_recorded_while_tagging_is_obeyed(hub: Hub) -> None:
    """Guards: the tag is set after a revocation whose own message was handled just before."""
    hub.decide("Staging", "Approved")

    def revoke_once() -> None:
        hub.artifacts.before_write = lambda: None
        hub.decide("Staging", "Rejected")

    hub.artifacts.before_write = revoke_once
    hub.tell()
    assert hub.tags == {}


def test_a_version_without_a_state_row_comes_again(hub: Hub) -> None:
    """Guards: a message that overtakes its transaction is taken as done."""
    with pytest.raises(Busy):
        hub.tell()


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"modelpackagearn": 1}', '{"modelpackagearn": ""}'])
def test_a_message_that_capture_did_not_send_is_refused(hub: Hub, body: str) -> None:
    """Guards: a stray message returns for ever."""
    with pytest.raises(NotARequest, match="m7"):
        hub.approval.handle("m7", body, Log())


@given(st.lists(st.tuples(st.sampled_from(["Development", "Staging", "Production"]),
                          st.sampled_from(["Approved", "Rejected"]), st.integers(1, 3),
                          st.sampled_from(["Approved", "Rejected"])), max_size=8), st.data())  # fmt: skip
def test_tags_end_as_the_state_rows_say(decisions: list[tuple[str, str, int, str]], data: st.DataObject) -> None:
    """Guards: tags that depend on how often and in which order messages arrive."""
    hub = Hub()
    for name, status, version, approval in decisions:
        hub.decide(name, status, version=version, approval=approval)
        if data.draw(st.booleans()):
            hub.tell(version)
    versions = sorted({version for _, _, version, _ in decisions})
    for version in data.draw(st.permutations(versions * 2)):
        hub.tell(version)
    expected: dict[str, str] = {}
    for stack in DEFAULT_STAGES.ordered:
        last = {v: (n, s) for n, s, v, _ in decisions if n == stack.lifecycle}
        approved = {v: a for _, _, v, a in decisions}
        holders = [
            str(v) for v in versions if last.get(v) == (stack.lifecycle, "Approved") and approved[v] == "Approved"
        ]
        if holders:
            expected |= {stack.stage: "approved", f"{stack.stage}-versions": " ".join(holders)}
    assert hub.tags == expected
