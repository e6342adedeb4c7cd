"""Experiment tracking as resources: an app in the first stage, a server by choice, nothing in the way of the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blueprint.stateful import Stateful
from blueprint.tracking_settings import TrackingSettings
from tests.components.programs import hub_program, hub_run, hub_settings, spoke_program, spoke_run, spoke_settings
from tests.components.recorder import Run, run

APP = "aws:sagemaker/mlflowApp:MlflowApp"
SERVER = "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"
BUCKET = "mlgov-dev-tracking-222222222222-eu-west-1"


def dev_with(tracking: TrackingSettings, stateful: Stateful = "protect") -> Run:
    settings = replace(spoke_settings("dev"), tracking=tracking, stateful=stateful)
    return run(spoke_program(settings, hub_run().exports), stack="dev")


def test_the_first_stage_has_an_app_that_registers_nothing() -> None:
    """Guards: automatic registration, which goes round the role that may register."""
    app = spoke_run("dev").one(APP, "dev-tracking").inputs
    assert app["modelRegistrationMode"] == "AutoModelRegistrationDisabled"
    assert (app["name"], app["artifactStoreUri"]) == ("mlgov-dev-tracking", f"s3://{BUCKET}/mlflow")
    assert app["weeklyMaintenanceWindowStart"] == "Tue:03:30"
    assert app["roleArn"].endswith("mlgov-dev-tracking")
    assert spoke_run("dev").exports["trackingArn"] != ""


def test_other_stages_and_the_hub_have_none() -> None:
    """Guards: an app for each account, which nobody uses."""
    for made in (spoke_run("test"), hub_run()):
        assert not made.of(APP)
        assert not made.of(SERVER)
    assert spoke_run("test").exports["trackingArn"] == ""


def test_a_server_is_made_by_choice() -> None:
    """Guards: settings that don't reach the server; a version that makes the provider replace it at every `up`."""
    made = dev_with(TrackingSettings(kind="server", size="Medium", version="3.0", maintenance_window="Sun:01:00"))
    server = made.one(SERVER, "dev-tracking").inputs
    assert server["automaticModelRegistration"] is False
    assert (server["trackingServerSize"], server["mlflowVersion"]) == ("Medium", "3.0")
    assert (server["trackingServerName"], server["weeklyMaintenanceWindowStart"]) == ("mlgov-dev-tracking", "Sun:01:00")
    assert "mlflowVersion" not in dev_with(TrackingSettings(kind="server")).one(SERVER, "dev-tracking").inputs
    assert not made.of(APP)


def test_the_hub_can_have_one_too() -> None:
    """Guards: a key that is read in every stack and counts in some."""
    made = run(hub_program(replace(hub_settings(), tracking=TrackingSettings(kind="app"))))
    assert made.one(APP, "hub-tracking").inputs["name"] == "mlgov-hub-tracking"
    assert "sagemaker:CallMlflowAppApi" in str(made.policy("aws:iam/rolePolicy:RolePolicy", "hub-execution-tracking"))


@pytest.mark.parametrize("kind", ["app", "server"])
def test_nothing_waits_for_mlflow(kind: str) -> None:
    """Guards: a stack that stands still for the 25 minutes that a server takes."""
    made = dev_with(TrackingSettings(kind="app" if kind == "app" else "server"))
    (mlflow,) = [*made.of(APP), *made.of(SERVER)]
    assert not [resource.name for resource in made.custom() if mlflow.urn in resource.dependencies]


def test_it_waits_for_its_role_s_policies() -> None:
    """Guards: a role that SageMaker takes before it may do anything."""
    made = spoke_run("dev")
    app = made.one(APP, "dev-tracking")
    policies = {resource.urn for resource in made.of("aws:iam/rolePolicy:RolePolicy") if "tracking-" in resource.name}
    assert {urn.rpartition("::")[2] for urn in policies} >= {"dev-tracking-artifacts", "dev-tracking-never"}
    assert {urn for urn in policies if "execution" not in urn} <= app.dependencies


def test_its_bucket_is_guarded_as_the_others() -> None:
    """Guards: runs that anybody reads, that are lost when overwritten, or that pile up for ever."""
    made = spoke_run("dev")
    assert made.one("aws:s3/bucket:Bucket", "dev-tracking").inputs["bucket"] == BUCKET
    block = made.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "dev-tracking").inputs
    assert all(
        block[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    )
    versions = made.one("aws:s3/bucketVersioning:BucketVersioning", "dev-tracking").inputs
    assert versions["versioningConfiguration"] == {"status": "Enabled"}
    encryption = made.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "dev-tracking"
    ).inputs
    assert encryption["rules"] == [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    assert [found["Sid"] for found in made.policy("aws:s3/bucketPolicy:BucketPolicy", "dev-tracking")["Statement"]] == [
        "TlsOnly"
    ]
    life = made.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "dev-tracking").inputs
    assert [rule["id"] for rule in life["rules"]] == ["abandoned-uploads", "overwritten"]
    assert life["rules"][1]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}


@pytest.mark.parametrize(
    ("stateful", "protect", "retain"),
    [("protect", True, False), ("retain", False, True), ("destroy", False, False)],
)
def test_runs_are_kept_as_the_settings_say(stateful: Stateful, protect: bool, retain: bool) -> None:
    """Guards: experiments that no `up` can bring back, deleted by one; names that are taken when one is replaced."""
    made = dev_with(TrackingSettings(), stateful)
    for type_ in (APP, "aws:s3/bucket:Bucket"):
        found = made.one(type_, "dev-tracking")
        assert (found.protect, found.retain_on_delete, found.delete_before_replace) == (protect, retain, True)


def test_a_region_without_apps_is_said_and_comes_up_without() -> None:
    """Guards: an `up` that fails where AWS has no apps."""
    settings = spoke_settings("dev", region="eu-south-1")
    hub = {**hub_run().exports, "region": "eu-south-1"}
    made = run(spoke_program(settings, hub), stack="dev")
    assert made.exports["trackingArn"] == ""
    assert not made.of("aws:s3/bucket:Bucket")
