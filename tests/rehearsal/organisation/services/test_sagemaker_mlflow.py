"""MLflow apps and tracking servers: made with a role that SageMaker tries, changed and deleted on the clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.hosting_world import slow_down
from tests.rehearsal.organisation.services.registry_world import Client, allow, refused, role_with, unique

HUB = "111111111111"


@pytest.fixture(autouse=True)
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_down(monkeypatch)


@dataclass(frozen=True, slots=True)
class World:
    """The hub's administrator, a bucket for artifacts, and a role that may keep them."""

    org: Emulator
    client: Client
    sagemaker: Any
    bucket: str
    role: str

    def new_role(self, *actions: str, service: str = "sagemaker.amazonaws.com") -> str:
        """A role with these rights on the bucket; its ARN."""
        arns = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/mlflow/*"]
        name = role_with(self.client, "hub", allow(*actions, resource=arns))
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        self.client("hub", None, "iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        return f"arn:aws:iam::{HUB}:role/{name}"

    def app(self, **more: Any) -> str:
        given = {"Name": unique("app"), "ArtifactStoreUri": f"s3://{self.bucket}/mlflow", "RoleArn": self.role}
        return str(self.sagemaker.create_mlflow_app(**{**given, **more})["Arn"])

    def server(self, **more: Any) -> str:
        given = {
            "TrackingServerName": unique("server"),
            "ArtifactStoreUri": f"s3://{self.bucket}/mlflow",
            "RoleArn": self.role,
        } | more
        self.sagemaker.create_mlflow_tracking_server(**given)
        return str(given["TrackingServerName"])

    def wait(self) -> None:
        self.org.clock.advance(timedelta(seconds=50))

    def app_status(self, arn: str) -> str:
        return str(self.sagemaker.describe_mlflow_app(Arn=arn)["Status"])

    def server_status(self, name: str) -> str:
        return str(self.sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)["TrackingServerStatus"])


@pytest.fixture(scope="module")
def world(org: Emulator, client: Client) -> World:
    bucket = unique("runs").lower()
    client("hub", None, "s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    made = World(org, client, client("hub", None, "sagemaker"), bucket, "")
    role = made.new_role("s3:GetObject", "s3:PutObject", "s3:ListBucket")
    return World(org, client, made.sagemaker, bucket, role)


def test_an_app_comes_up_changes_and_goes_on_the_clock(world: World) -> None:
    """Guards: an app that is there at once, so that nobody notices a program that waits for it."""
    arn = world.app(Tags=[{"Key": "team", "Value": "risk"}], WeeklyMaintenanceWindowStart="Sun:04:00")
    assert world.app_status(arn) == "Creating"
    refused("ConflictException", world.sagemaker.update_mlflow_app, Arn=arn, Name="other")
    world.wait()
    shown = world.sagemaker.describe_mlflow_app(Arn=arn)
    assert (shown["Status"], shown["WeeklyMaintenanceWindowStart"]) == ("Created", "Sun:04:00")
    assert shown["ModelRegistrationMode"] == "AutoModelRegistrationDisabled"
    assert world.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    world.sagemaker.update_mlflow_app(Arn=arn, WeeklyMaintenanceWindowStart="Mon:01:00")
    assert world.app_status(arn) == "Updating"
    world.wait()
    shown = world.sagemaker.describe_mlflow_app(Arn=arn)
    assert (shown["Status"], shown["WeeklyMaintenanceWindowStart"]) == ("Updated", "Mon:01:00")
    world.sagemaker.delete_mlflow_app(Arn=arn)
    assert world.app_status(arn) == "Deleting"
    refused("ValidationException", world.sagemaker.delete_mlflow_app, Arn=arn)
    world.wait()
    refused("ResourceNotFound", world.sagemaker.describe_mlflow_app, Arn=arn)


def test_a_server_comes_up_changes_and_goes_on_the_clock(world: World) -> None:
    """Guards: as above; a version that Describe shows otherwise than AWS, to which the provider owes a replacement."""
    name = world.server(MlflowVersion="2.16", TrackingServerSize="Medium")
    assert world.server_status(name) == "Creating"
    world.wait()
    shown = world.sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)
    assert (shown["TrackingServerStatus"], shown["IsActive"]) == ("Created", "Active")
    assert (shown["MlflowVersion"], shown["TrackingServerSize"]) == ("2.16.2", "Medium")
    world.sagemaker.update_mlflow_tracking_server(TrackingServerName=name, TrackingServerSize="Large")
    world.wait()
    assert world.server_status(name) == "Updated"
    world.sagemaker.delete_mlflow_tracking_server(TrackingServerName=name)
    world.wait()
    refused("ResourceNotFound", world.sagemaker.describe_mlflow_tracking_server, TrackingServerName=name)


@pytest.mark.parametrize("missing", ["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
def test_a_role_that_can_t_keep_artifacts_fails_the_creation(world: World, missing: str) -> None:
    """Guards: rights of MLflow's role that no rehearsal misses; runs would fail weeks later."""
    rights = {"s3:GetObject", "s3:PutObject", "s3:ListBucket"} - {missing}
    role = world.new_role(*sorted(rights))
    arn, name = world.app(RoleArn=role), world.server(RoleArn=role)
    world.wait()
    assert (world.app_status(arn), world.server_status(name)) == ("CreateFailed", "CreateFailed")


def test_a_role_that_sagemaker_can_t_take_is_refused_at_once(world: World) -> None:
    """Guards: a trust policy of another service (the provider waits for these very words, mlflow_app.go)."""
    role = world.new_role("s3:*", service="lambda.amazonaws.com")
    told = refused("ValidationException", world.app, RoleArn=role)
    assert "SageMaker is unable to perform: sts:AssumeRole" in told
    refused("ValidationException", world.server, RoleArn=role)


@pytest.mark.parametrize("uri", ["s3://there-is-no-such-bucket-0", "https://example.com/runs"])
def test_a_store_that_isn_t_there_is_refused(world: World, uri: str) -> None:
    """Guards: a misspelt bucket that is found when the first run is logged."""
    refused("ValidationException", world.app, ArtifactStoreUri=uri)
    refused("ValidationException", world.server, ArtifactStoreUri=uri)


def test_a_taken_name_is_refused(world: World) -> None:
    """Guards: a second one under a name, which a program that lost its state would make."""
    arn, name = world.app(), world.server()
    refused("ValidationException", world.app, Name=world.sagemaker.describe_mlflow_app(Arn=arn)["Name"])
    refused("ValidationException", world.server, TrackingServerName=name)


def test_what_isn_t_emulated_is_refused_by_name(world: World) -> None:
    """Guards: automatic registration, which goes round the role that may register, passing unseen."""
    for make, given in (
        (world.app, {"ModelRegistrationMode": "AutoModelRegistrationEnabled"}),
        (world.app, {"KmsKeyId": "alias/aws/sagemaker"}),
        (world.server, {"AutomaticModelRegistration": True}),
        (world.server, {"S3BucketOwnerVerification": True}),
    ):
        assert next(iter(given)) in refused("NotEmulated", make, **given)
    refused("ValidationException", world.server, MlflowVersion="2.1")
    refused("ValidationException", world.app, WeeklyMaintenanceWindowStart="TUE:03:30")


def test_who_makes_one_must_be_allowed_to_pass_the_role(world: World) -> None:
    """Guards: anybody who may create an app gives himself the rights of any role (iam/id_roles_use_passrole)."""
    actions = ["sagemaker:CreateMlflowApp", "sagemaker:CreateMlflowTrackingServer"]
    weak = world.client("hub", role_with(world.client, "hub", allow(*actions)), "sagemaker")
    store = {"ArtifactStoreUri": f"s3://{world.bucket}/mlflow", "RoleArn": world.role}
    assert "iam:PassRole" in refused("AccessDeniedException", weak.create_mlflow_app, Name=unique("a"), **store)
    refused("AccessDeniedException", weak.create_mlflow_tracking_server, TrackingServerName=unique("s"), **store)


def test_the_user_interface_is_opened_by_a_signed_url(world: World) -> None:
    """Guards: a right that a role has and no rehearsal ever uses."""
    arn, name = world.app(), world.server()
    refused("ValidationException", world.sagemaker.create_presigned_mlflow_app_url, Arn=arn)
    world.wait()
    app = world.sagemaker.create_presigned_mlflow_app_url(Arn=arn)["AuthorizedUrl"]
    server = world.sagemaker.create_presigned_mlflow_tracking_server_url(TrackingServerName=name)["AuthorizedUrl"]
    assert app.startswith("https://")
    assert "authToken=" in app
    assert app.partition(".")[0] != server.partition(".")[0]


def test_another_account_s_app_is_not_one_s_own(world: World) -> None:
    """Guards: an app found by its id alone, whoever's it is."""
    arn = world.app()
    other = world.client("dev", None, "sagemaker")
    refused("AccessDeniedException", other.describe_mlflow_app, Arn=arn)
    own = arn.replace(HUB, "222222222222")
    refused("ResourceNotFound", other.describe_mlflow_app, Arn=own)


@pytest.mark.parametrize("kind", ["app", "server"])
def test_lists_are_filtered_sorted_and_paged(world: World, kind: str) -> None:
    """Guards: a look for the stack's app that takes the first page for all (default 10)."""
    make: Callable[..., str] = world.app if kind == "app" else world.server
    call = world.sagemaker.list_mlflow_apps if kind == "app" else world.sagemaker.list_mlflow_tracking_servers
    member, name = ("Summaries", "Name") if kind == "app" else ("TrackingServerSummaries", "TrackingServerName")
    prefix = unique(f"list-{kind}")
    for number in range(11):
        make(**{name: f"{prefix}-{number:02}"})
    rows = call(MaxResults=100, SortBy="Name", SortOrder="Ascending")[member]
    names = [row[name] for row in rows if row[name].startswith(prefix)]
    assert names == [f"{prefix}-{number:02}" for number in range(11)]
    first = call()
    assert len(first[member]) == 10
    assert call(NextToken=first["NextToken"])[member]
    status = "Status" if kind == "app" else "TrackingServerStatus"
    assert {row[status] for row in call(MaxResults=100, **{status: "Creating"})[member]} == {"Creating"}
    world.wait()
