"""CloudTrail: what an account's event history holds of its calls, when it shows them, and what reaches the bus."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config

from rehearsal.organisation.control import Control, boto_session
from rehearsal.organisation.core import Credentials
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.trail.kinds import is_management
from rehearsal.organisation.trail.settings import TrailSettings
from tests.rehearsal.organisation.services.registry_world import (
    DEV,
    HUB,
    REGION,
    allow,
    bucket_with_artifact,
    new_group,
    refused,
    role_with,
    share,
    unique,
    version_of,
)

ONCE = Config(retries={"total_max_attempts": 1})
Records = list[dict[str, Any]]


@dataclass(slots=True)
class Frozen:
    """A clock that stands until it is moved, for the services only."""

    time: datetime

    def now(self) -> datetime:
        return self.time

    def skip(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock(fresh: Emulator, monkeypatch: pytest.MonkeyPatch) -> Frozen:
    frozen = Frozen(datetime.now(UTC))
    monkeypatch.setattr(fresh, "clock", frozen)
    return frozen


@pytest.fixture
def world(fresh: Emulator) -> Control:
    """An organisation of the test's own that shows records at once."""
    control = Control(fresh.endpoint)
    control.trail(delay_seconds=0, lookups_per_second=1000)
    return control


def trail(world: Control, account: str = "hub", region: str = REGION) -> Any:
    session = world.session(account)
    return session.client("cloudtrail", region_name=region, endpoint_url=world.endpoint, config=ONCE)


def records(world: Control, name: str, account: str = "hub", region: str = REGION) -> Records:
    """The records of an account with this event name, newest first."""
    attribute = {"AttributeKey": "EventName", "AttributeValue": name}
    events = trail(world, account, region).lookup_events(LookupAttributes=[attribute])["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in events]


class TestRecord:
    def test_a_change_is_recorded_with_who_what_and_when(self, world: Control) -> None:
        """Guards: a record without the actor, the parameters or the answer (record contents, version 1.11)."""
        name = role_with(world.client, "hub", allow("sagemaker:*"))
        sts = world.client("hub", None, "sts")
        arn = f"arn:aws:iam::{HUB}:role/{name}"
        trusted = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
                    "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
                }
            ],
        }  # fmt: skip
        world.client("hub", None, "iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusted))
        taken = sts.assume_role(RoleArn=arn, RoleSessionName="ada", SourceIdentity="ada@example.com")["Credentials"]
        session = boto_session(
            Credentials(
                taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"], taken["Expiration"], arn
            ),
            REGION,
        )
        registry = session.client("sagemaker", endpoint_url=world.endpoint)
        group = unique("Group")
        created = registry.create_model_package_group(ModelPackageGroupName=group)
        [record] = records(world, "CreateModelPackageGroup")
        issuer = record["userIdentity"]["sessionContext"]["sessionIssuer"]
        assert record["userIdentity"]["type"] == "AssumedRole"
        assert record["userIdentity"]["arn"] == f"arn:aws:sts::{HUB}:assumed-role/{name}/ada"
        assert record["userIdentity"]["accessKeyId"] == taken["AccessKeyId"]
        assert (issuer["type"], issuer["arn"], issuer["userName"]) == ("Role", arn, name)
        assert record["userIdentity"]["principalId"] == f"{issuer['principalId']}:ada"
        assert record["userIdentity"]["sessionContext"]["sourceIdentity"] == "ada@example.com"
        assert record["requestParameters"] == {"modelPackageGroupName": group}
        assert record["responseElements"] == {"modelPackageGroupArn": created["ModelPackageGroupArn"]}
        assert record["resources"] == [
            {"accountId": HUB, "type": "AWS::SageMaker::ModelPackageGroup", "ARN": created["ModelPackageGroupArn"]}
        ]
        assert (record["eventSource"], record["awsRegion"]) == ("sagemaker.amazonaws.com", REGION)
        assert (record["eventType"], record["eventCategory"]) == ("AwsApiCall", "Management")
        assert (record["readOnly"], record["managementEvent"], record["recipientAccountId"]) == (False, True, HUB)
        assert record["requestID"] == created["ResponseMetadata"]["RequestId"]
        assert "sharedEventID" not in record
        assert "errorCode" not in record
        [taking] = [one for one in records(world, "AssumeRole") if one["requestParameters"]["roleArn"] == arn]
        assert taking["requestParameters"]["sourceIdentity"] == "ada@example.com"
        assert set(taking["responseElements"]["credentials"]) == {"accessKeyId", "sessionToken", "expiration"}

    def test_a_denied_call_is_recorded_with_its_error(self, world: Control) -> None:
        """Guards: an attempt that was refused leaves no trace (record contents: errorCode, errorMessage)."""
        registry = world.client("hub", role_with(world.client, "hub", allow("sagemaker:List*")), "sagemaker")
        message = refused("AccessDeniedException", registry.create_model_package_group, ModelPackageGroupName="Never")
        [record] = records(world, "CreateModelPackageGroup")
        assert (record["errorCode"], record["errorMessage"]) == ("AccessDeniedException", message[:1024])
        assert record["responseElements"] is None
        assert record["requestParameters"] == {"modelPackageGroupName": "Never"}

    def test_reads_are_in_the_history_without_their_answer(self, world: Control) -> None:
        """Guards: event history shows writes only, or a read's answer (responseElements null for readOnly)."""
        world.client("hub", None, "sagemaker").list_models(NameContains="x")
        [record] = records(world, "ListModels")
        assert (record["readOnly"], record["responseElements"]) == (True, None)
        assert record["requestParameters"] == {"nameContains": "x"}

    def test_what_only_the_rehearsal_refuses_is_no_record(self, world: Control) -> None:
        """Guards: a call that AWS would have answered stands in the history as an error."""
        refused("NotEmulated", world.client("hub", None, "sagemaker").search, Resource="Endpoint")
        assert records(world, "Search") == []

    def test_data_events_are_never_there(self, world: Control) -> None:
        """Guards: object, item or message operations in the event history (logging-data-events-with-cloudtrail)."""
        bucket_with_artifact(world.client)
        queue = world.client("hub", None, "sqs")
        url = queue.create_queue(QueueName=unique("q"))["QueueUrl"]
        queue.send_message(QueueUrl=url, MessageBody="m")
        names = {event["EventName"] for event in trail(world).lookup_events()["Events"]}
        assert {"CreateBucket", "CreateQueue"} <= names
        assert not names & {"PutObject", "SendMessage"}
        items = ("PutItem", "GetItem", "Query", "ExecuteTransaction", "BatchGetItem")
        assert not any(is_management("dynamodb", name) for name in items)
        assert is_management("dynamodb", "CreateTable")

    def test_calls_of_global_services_lie_in_their_region(self, world: Control) -> None:
        """Guards: IAM changes are looked for where the company works (cloudtrail-concepts: us-east-1)."""
        name = role_with(world.client, "dev", allow("s3:ListBucket"))
        assert records(world, "CreateRole", "dev") == []
        found = records(world, "CreateRole", "dev", "us-east-1")
        assert name in [record["requestParameters"]["roleName"] for record in found]
        assert {record["awsRegion"] for record in found} == {"us-east-1"}

    def test_a_sensitive_member_is_hidden(self, world: Control) -> None:
        """Guards: a model card's content leaks into the trail (botocore: ModelCardContent is sensitive)."""
        url = bucket_with_artifact(world.client)
        content = json.dumps({"model_overview": {"model_creator": "nobody's business"}})
        request = version_of(new_group(world.client), url, ModelCard={"ModelCardContent": content})
        world.client("hub", None, "sagemaker").create_model_package(**request)
        [record] = records(world, "CreateModelPackage")
        assert record["requestParameters"]["modelCard"]["modelCardContent"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
        assert "nobody" not in json.dumps(record)
        container = record["requestParameters"]["inferenceSpecification"]["containers"][0]
        assert container["modelDataUrl"] == url


class TestAccounts:
    @staticmethod
    def register(world: Control) -> str:
        """Let dev register a version in the hub's group; returns its ARN."""
        url, group = bucket_with_artifact(world.client), new_group(world.client)
        share(world.client, group, [DEV], "sagemaker:CreateModelPackage")
        scientist = world.client("dev", role_with(world.client, "dev", allow("sagemaker:*")), "sagemaker")
        return str(scientist.create_model_package(**version_of(group, url))["ModelPackageArn"])

    def test_a_call_across_accounts_is_recorded_at_the_caller(self, world: Control) -> None:
        """Guards: the hub's history is searched for what only the spoke's holds (documented nowhere otherwise)."""
        arn = self.register(world)
        [record] = records(world, "CreateModelPackage", "dev")
        assert record["responseElements"] == {"modelPackageArn": arn}
        assert (record["recipientAccountId"], record["userIdentity"]["accountId"]) == (DEV, DEV)
        assert record["resources"][0]["accountId"] == HUB
        assert records(world, "CreateModelPackage") == []

    def test_the_owner_gets_a_copy_if_set_so(self, world: Control) -> None:
        """Guards: a copy that can't be told from the record, or that names the other account's user."""
        world.trail(copies_to_owner=True)
        self.register(world)
        [own], [copy] = records(world, "CreateModelPackage", "dev"), records(world, "CreateModelPackage")
        assert own["sharedEventID"] == copy["sharedEventID"]
        assert own["eventID"] != copy["eventID"]
        assert (own["recipientAccountId"], copy["recipientAccountId"]) == (DEV, HUB)
        identity = copy["userIdentity"]
        assert (identity["type"], identity["accountId"], "arn" in identity) == ("AWSAccount", DEV, False)

    def test_assuming_a_role_is_recorded_in_both_accounts(self, world: Control) -> None:
        """Guards: the owner of a role doesn't see who takes it (user identity: AWSAccount in the owner's account)."""
        world.credentials("hub")
        taken = records(world, "AssumeRole", "management")[0]
        seen = [one for one in records(world, "AssumeRole") if one.get("sharedEventID") == taken["sharedEventID"]]
        assert [one["userIdentity"]["type"] for one in seen] == ["AWSAccount"]


class TestLookup:
    def test_a_record_shows_after_its_delay(self, fresh: Emulator) -> None:
        """Guards: a reconcile that reads up to now misses what CloudTrail delivers minutes later."""
        world = Control(fresh.endpoint)
        new_group(world.client)
        assert records(world, "CreateModelPackageGroup") == []
        world.advance(TrailSettings().delay_seconds)
        assert len(records(world, "CreateModelPackageGroup")) == 1

    def test_a_third_call_within_a_second_is_throttled(self, fresh: Emulator, clock: Frozen) -> None:
        """Guards: a caller that doesn't slow down passes here and fails at AWS (two a second, account and Region)."""
        world = Control(fresh.endpoint)
        hub = trail(world)
        hub.lookup_events()
        clock.skip(0.5)
        hub.lookup_events()
        assert "Rate exceeded" in refused("ThrottlingException", hub.lookup_events)
        trail(world, "dev").lookup_events()
        trail(world, region="us-east-1").lookup_events()
        clock.skip(0.5)
        hub.lookup_events()
        refused("ThrottlingException", hub.lookup_events)

    def test_pages_hold_fifty_and_later_calls_don_t_shift_them(self, world: Control) -> None:
        """Guards: a record is read twice or never because new ones came between two pages."""
        registry, history = world.client("hub", None, "sagemaker"), trail(world)
        for _ in range(60):
            registry.list_models()
        wanted = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "ListModels"}]}
        first = history.lookup_events(**wanted)
        registry.list_models()
        second = history.lookup_events(**wanted, NextToken=first["NextToken"])
        assert (len(first["Events"]), len(second["Events"]), "NextToken" in second) == (50, 10, False)
        times = [event["EventTime"] for event in first["Events"] + second["Events"]]
        assert times == sorted(times, reverse=True)
        assert len({event["EventId"] for event in first["Events"] + second["Events"]}) == 60
        for wrong in ({"NextToken": "nonsense"}, {"NextToken": first["NextToken"]}):
            refused("InvalidNextTokenException", history.lookup_events, **wrong)

    def test_each_attribute_finds_its_records(self, world: Control) -> None:
        """Guards: a lookup by an attribute that is ignored answers everything."""
        group = new_group(world.client)
        history = trail(world)
        attribute = {"AttributeKey": "EventName", "AttributeValue": "CreateModelPackageGroup"}
        [event] = history.lookup_events(LookupAttributes=[attribute])["Events"]
        held = {
            "AccessKeyId": event["AccessKeyId"],
            "EventId": event["EventId"],
            "EventSource": "sagemaker.amazonaws.com",
            "ReadOnly": "false",
            "ResourceName": group,
            "ResourceType": "AWS::SageMaker::ModelPackageGroup",
            "Username": "OrganizationAccountAccessRole",
        }
        for key, value in held.items():
            found = history.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])["Events"]
            assert event["EventId"] in [one["EventId"] for one in found], key
            none = history.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": "other"}])
            assert none["Events"] == [], key
        assert event["Resources"] == [
            {"ResourceType": "AWS::SageMaker::ModelPackageGroup", "ResourceName": group}
        ]  # fmt: skip
        message = refused(
            "InvalidLookupAttributesException", history.lookup_events, LookupAttributes=[attribute, attribute]
        )
        assert "only one" in message

    def test_times_bound_the_answer(self, world: Control, clock: Frozen) -> None:
        """Guards: a run that continues where the last one ended reads everything again, or from the wrong side."""
        history = trail(world)
        history.lookup_events()
        clock.skip(100)
        middle = clock.now()
        clock.skip(100)
        history.lookup_events()
        clock.skip(1)
        attributes = [{"AttributeKey": "EventName", "AttributeValue": "LookupEvents"}]
        early = history.lookup_events(LookupAttributes=attributes, EndTime=middle)["Events"]
        late = history.lookup_events(LookupAttributes=attributes, StartTime=middle)["Events"]
        assert (len(early), len(late)) == (1, 2)
        moment = early[0]["EventTime"]
        at = history.lookup_events(LookupAttributes=attributes, StartTime=moment, EndTime=moment)["Events"]
        assert [event["EventId"] for event in at] == [early[0]["EventId"]]
        refused(
            "InvalidTimeRangeException", history.lookup_events, StartTime=clock.now(), EndTime=middle
        )  # fmt: skip

    def test_ninety_days_are_kept(self, world: Control, clock: Frozen) -> None:
        """Guards: a gap of months is taken for recoverable."""
        new_group(world.client)
        clock.skip(90 * 86_400)
        assert len(records(world, "CreateModelPackageGroup")) == 1
        clock.skip(1)
        assert records(world, "CreateModelPackageGroup") == []

    def test_insights_are_refused_by_name(self, world: Control) -> None:
        """Guards: an empty answer stands for events that nothing here makes."""
        assert "EventCategory" in refused("NotEmulated", trail(world).lookup_events, EventCategory="insight")

    def test_settings_that_mean_nothing_are_refused(self, world: Control) -> None:
        """Guards: a delay below 0 shows records before their calls."""
        for wrong in ({"delay_seconds": -1}, {"lookups_per_second": 0}, {"unknown": 1}):
            with pytest.raises(Exception, match="BadRequest"):
                world.trail(**wrong)
        assert world.trail()["delay_seconds"] == 0
