"""What capture makes of the sources beside package events: CloudTrail's records, cards, documents, artifacts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.documents import object_key
from governance.errors import MissingField
from governance.facts import StoredObject
from governance.ledger import actors
from governance.state import approved_artifact
from governance.terms import Identity
from lambdas.common.aws import Busy
from tests.governance.samples import (
    APPROVER,
    ARTIFACT_URL,
    CARD,
    DEV,
    HUB,
    REGION,
    SECRET,
    arn_of,
    endpoint_event,
    envelope,
    iso,
    moment,
    package_detail,
    seen,
    stage,
)
from tests.lambdas.capture.test_core import REGISTERED, decided
from tests.lambdas.capture.world import World

ARN = arn_of()
OTHER = f"arn:aws:sts::{HUB}:assumed-role/mlgov-hub-approver-test/cyd"


def called(
    name: str, minutes: float, request: dict[str, Any], *, who: str = APPROVER, person: str = "bea",
    account: str = HUB, **more: Any,
) -> str:  # fmt: skip
    """CloudTrail's record of a call as EventBridge delivers it."""
    record = {
        "eventVersion": "1.11", "eventID": f"t-{minutes}", "eventTime": f"{moment(minutes):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "sagemaker.amazonaws.com", "eventName": name, "awsRegion": REGION,
        "recipientAccountId": account, "requestParameters": request,
        "responseElements": {"modelPackageArn": ARN} if name != "DeleteModelPackage" else None,
        "userIdentity": {
            "type": "AssumedRole", "arn": who, "accountId": account, "sessionContext": {"sourceIdentity": person},
        },
    }  # fmt: skip
    return envelope(
        record | more, event_id=f"b-{minutes}", account=account, **{"detail-type": "AWS API Call via CloudTrail"}
    )


def approve(minutes: float, **more: Any) -> str:
    lifecycle = {"stage": "Staging", "stageStatus": "Approved"}
    return called("UpdateModelPackage", minutes, {"modelPackageArn": ARN, "modelLifeCycle": lifecycle}, **more)


@pytest.fixture
def world() -> World:
    made = World()
    made.registry.versions[ARN] = seen(modified=moment(50))
    return made


def test_a_name_that_comes_later_is_a_fact_of_its_own(world: World) -> None:
    """S6: the registry's last modifier is another one by the time of the read-back; CloudTrail names the right one."""
    world.deliver(decided("Staging", 9))
    assert "actor" not in world.tables.rows(ARN)[0]
    assert world.deliver(approve(9)) == "recorded"
    decision, learnt = world.tables.rows(ARN)
    assert (learnt["kind"], learnt["witness"], learnt["actor"]) == ("actor", "cloudtrail", APPROVER)
    assert actors(world.tables.rows(ARN))[str(decision["contentid"])] == Identity(APPROVER, "bea")
    entry = json.loads(str(world.tables.state[ARN]["stages"]))["Staging"]
    assert (entry["actor"], entry["kind"]) == (APPROVER, "stage")


def test_a_name_is_learnt_once(world: World) -> None:
    """Guards: each copy of a record adds a row."""
    world.deliver(decided("Staging", 9))
    assert [world.deliver(approve(9)) for _ in range(3)] == ["recorded", "duplicate", "duplicate"]
    assert len(world.tables.rows(ARN)) == 2


def test_a_name_that_the_registry_gave_rightly_is_no_new_fact(world: World) -> None:
    """Guards: a second row for each decision, of which nothing is learnt."""
    world.registry.versions[ARN] = seen(modified=moment(9))
    world.deliver(decided("Staging", 9))
    assert world.deliver(approve(9)) == "duplicate"


def test_cloudtrail_s_name_counts_before_the_registry_s(world: World) -> None:
    """Guards: two changes of one moment laid to the one who came last."""
    world.registry.versions[ARN] = seen(modified=moment(9))
    world.deliver(decided("Staging", 9, changed=("ModelApprovalStatus", "ModelLifeCycle")))
    world.deliver(approve(9, who=OTHER, person="cyd"))
    state = world.tables.state[ARN]
    assert json.loads(str(state["stages"]))["Staging"]["actor"] == OTHER
    assert state["approvalactor"] == APPROVER


def test_a_change_that_only_cloudtrail_tells_is_recorded_and_a_late_event_adds_nothing(world: World) -> None:
    """Guards: a lost event is a lost decision; or the event that comes after all is a second decision."""
    assert world.deliver(approve(9)) == "recorded"
    [row] = world.tables.rows(ARN)
    assert (row["kind"], row["witness"], row["clock"], row["actor"]) == ("stage", "cloudtrail", "request", APPROVER)
    assert world.deliver(decided("Staging", 9.05)) == "duplicate"
    assert world.deliver(decided("Staging", 9.5)) == "recorded"


def test_a_change_that_the_registry_still_shows_has_the_event_s_own_content_id(world: World) -> None:
    """Guards: a recovered fact that no event can be matched with exactly."""
    at = moment(9.02)
    world.registry.versions[ARN] = seen(modified=at, ModelLifeCycle=stage("Staging"))
    world.deliver(approve(9))
    [row] = world.tables.rows(ARN)
    assert (row["clock"], row["happenedat"]) == ("registry", iso(at))
    assert world.deliver(decided("Staging", 9.02)) == "duplicate"
    other = World()
    other.deliver(decided("Staging", 9.02))
    assert other.tables.rows(ARN)[0]["contentid"] == row["contentid"]


def test_a_deletion_has_no_event_and_is_recorded_from_cloudtrail_once(world: World) -> None:
    """B7: deleted packages left their rows as they were; SageMaker announces no deletion."""
    world.deliver(REGISTERED)
    world.registry.versions[ARN] = None
    deleted = called("DeleteModelPackage", 20, {"modelPackageName": ARN})
    assert [world.deliver(deleted), world.deliver(deleted)] == ["recorded", "duplicate"]
    assert world.tables.state[ARN]["deletedat"] == iso(moment(20))
    assert world.tables.rows(ARN)[-1]["actor"] == APPROVER
    late = envelope(package_detail(status="Deleting", modified=iso(moment(20.1))), event_id="deleting")
    assert world.deliver(late) == "duplicate"


def test_a_refused_call_changes_nothing(world: World) -> None:
    """Guards: an attempt that AWS denied stands in the ledger as an approval."""
    assert world.deliver(approve(9, errorCode="AccessDenied")) == "ignored"
    assert world.tables.ledger == {}


@pytest.mark.parametrize("name", ["DeleteModelPackageGroup", "UpdateModelCard", "DeleteModel", "DeleteEndpointConfig"])
def test_calls_that_make_no_fact_are_ignored_by_name(world: World, name: str) -> None:
    """Guards: a record that the rule lets through and that ends in the dead-letter queue."""
    assert world.deliver(called(name, 9, {"modelName": "m"})) == "ignored"


def test_a_record_of_a_group_that_is_not_governed_is_ignored(world: World) -> None:
    """Guards: other people's packages of the account appear in the governance tables."""
    other = called("DeleteModelPackage", 9, {"modelPackageName": arn_of(1, "Other")})
    assert world.deliver(other) == "ignored"


def test_a_record_that_names_no_version_is_refused_by_name(world: World) -> None:
    """Guards: a record above 100 KB, which lost its parameters, goes round the queue for ever."""
    with pytest.raises(MissingField):
        world.deliver(called("UpdateModelPackage", 9, {}, responseElements=None))


@pytest.mark.parametrize(
    ("name", "sent", "job"),
    [
        ("CreateEndpoint", {"endpointName": "e"}, {"job": "endpoint", "account": DEV, "endpoint": "e"}),
        ("CreateInferenceComponent", {"endpointName": "e"}, {"job": "endpoint", "account": DEV, "endpoint": "e"}),
        ("DeleteInferenceComponent", {"inferenceComponentName": "c"},
         {"job": "account", "account": DEV, "walk": "event-b-9", "started": "2026-03-01T09:00:01.000Z"}),
    ],
)  # fmt: skip
def test_calls_on_endpoints_have_the_inventory_look(
    world: World, name: str, sent: dict[str, Any], job: dict[str, str]
) -> None:
    """Guards: an inference component, for which SageMaker has no event, serves for an hour before anybody looks."""
    assert world.deliver(called(name, 9, sent, account=DEV)) == "passed on"
    assert world.outbox.jobs == [job]


@pytest.mark.parametrize("kind", ["SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"])
def test_events_of_endpoints_are_recorded_and_have_the_inventory_look(world: World, kind: str) -> None:
    """E1, E2 of the reference system: only IN_SERVICE was looked at, and only by a tag."""
    event = json.loads(endpoint_event("UPDATING", 5)) | {"detail-type": kind}
    assert world.deliver(json.dumps(event)) == "recorded"
    assert world.outbox.jobs == [{"job": "endpoint", "account": DEV, "endpoint": "Credit-Risk"}]


def test_a_card_that_stands_by_itself_is_a_fact_of_the_version_that_it_names(world: World) -> None:
    """Guards: a card's review that nobody finds beside the version that it is about."""
    card = {
        "ModelCardName": "credit", "ModelCardVersion": 2, "ModelCardStatus": "Approved", "ModelId": ARN,
        "LastModifiedTime": iso(moment(9)), "LastModifiedBy": {"UserProfileArn": "arn:profile"},
    }  # fmt: skip
    body = envelope(card, **{"detail-type": "SageMaker Model Card State Change"})
    assert [world.deliver(body), world.deliver(body)] == ["recorded", "duplicate"]
    [row] = world.tables.rows(ARN)
    assert (row["kind"], row["field"], row["actor"]) == ("card", "ModelCard", "arn:profile")
    assert world.tables.state[ARN]["modelapprovalstatus"] is None
    assert world.deliver(body.replace(ARN, "some-model")) == "ignored"


def test_documents_are_stored_before_the_row_that_names_them(world: World) -> None:
    """B11: what was approved can't be shown later, since card, specification and event are kept nowhere."""
    world.registry.versions[ARN] = seen()
    world.deliver(REGISTERED)
    [row] = world.tables.rows(ARN)
    assert json.loads(str(row["documents"])) == ["card", "event", "specification"]
    for name in ("cardsha256", "eventsha256", "specificationsha256"):
        assert str(row[name]) in world.documents.texts
    assert json.loads(world.documents.texts[str(row["cardsha256"])])["intended_uses"] == CARD["intended_uses"]
    assert world.documents.texts[str(row["eventsha256"])] == REGISTERED
    assert object_key(str(row["cardsha256"])).startswith("sha256/")


def test_a_row_is_never_written_without_its_documents(world: World) -> None:
    """Guards: a digest in the ledger that leads to nothing, after the bucket was throttled."""

    def full(point: str) -> None:
        if point == "documents.store:before":
            raise Busy("SlowDown")

    world.documents.fault = full
    with pytest.raises(Busy):
        world.deliver(REGISTERED)
    assert world.tables.ledger == {}


def test_no_environment_value_reaches_row_or_document(world: World) -> None:
    """Guards: a container's password in tables that are kept for ever."""
    specification = {"Containers": [{"Image": "i", "ModelDataUrl": ARTIFACT_URL, "Environment": {"KEY": SECRET}}]}
    changed = ("InferenceSpecification",)
    detail = package_detail(modified=iso(moment(5)), changed=changed, InferenceSpecification=specification)
    world.registry.versions[ARN] = None
    world.deliver(envelope(detail, event_id="specification"))
    held = [json.dumps(world.tables.rows(ARN)), json.dumps(world.tables.state), *world.documents.texts.values()]
    assert not any(SECRET in text for text in held)


def test_the_artifact_s_object_is_recorded_where_it_can_be_looked_at(world: World) -> None:
    """B11: neither version nor checksum of the artifact stood in the audit table."""
    world.artifacts.objects = {ARTIFACT_URL: StoredObject("v1", "SHA256:abc=", "FULL_OBJECT")}
    world.deliver(REGISTERED)
    world.deliver(decided("Staging", 9, artifact_url=ARTIFACT_URL.replace("model.tar.gz", "other")))
    first, second = world.tables.rows(ARN)
    assert (first["artifactversionid"], first["artifactchecksum"], first["artifactchecksumtype"]) == (
        "v1", "SHA256:abc=", "FULL_OBJECT",
    )  # fmt: skip
    assert "artifactversionid" not in second
    assert world.tables.state[ARN]["artifactversionid"] is None


def respecified(minutes: float, url: str) -> str:
    detail = package_detail(modified=iso(moment(minutes)), changed=("InferenceSpecification",), artifact_url=url)
    return envelope(detail, event_id=f"specification-{minutes}")


def test_an_approval_that_shows_no_artifact_means_the_one_of_its_time(world: World) -> None:
    """Guards: bytes that were swapped in after an approval, or replaced before it, are admitted by it."""
    newer = ARTIFACT_URL.replace("ab" * 32, "cd" * 32)
    world.deliver(REGISTERED)
    world.deliver(approve(20))
    assert approved_artifact(world.tables.state[ARN], "Staging") == (ARTIFACT_URL, "ab" * 32)
    world.deliver(respecified(30, ARTIFACT_URL.replace("ab" * 32, "ef" * 32)))
    assert approved_artifact(world.tables.state[ARN], "Staging") == (ARTIFACT_URL, "ab" * 32)
    world.deliver(respecified(10, newer))
    assert approved_artifact(world.tables.state[ARN], "Staging") == (newer, "cd" * 32)


def test_an_approval_whose_artifact_nobody_knows_any_more_admits_none(world: World) -> None:
    """Guards: an approval that was lost and found admits what was swapped in meanwhile."""
    world.deliver(respecified(30, ARTIFACT_URL))
    world.deliver(approve(20))
    assert approved_artifact(world.tables.state[ARN], "Staging") == (None, None)
