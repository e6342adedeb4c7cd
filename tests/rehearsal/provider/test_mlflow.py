"""MLflow's types against the emulated organisation, each call of their rows; the engine isn't needed for that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.services.sagemaker import transitions
from rehearsal.provider.check import Naming, check
from rehearsal.provider.clients import Clients, connect
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.lifecycle import Incomplete, Lifecycle
from rehearsal.provider.metadata import type_data
from rehearsal.provider.plan import compare, plan
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import Props

HUB = "111111111111"
REGION = "eu-west-1"
BUCKET = "runs-of-the-provider"
ROLE = f"arn:aws:iam::{HUB}:role/tracking"
APP = "aws:sagemaker/mlflowApp:MlflowApp"
SERVER = "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"
STORE = f"s3://{BUCKET}/mlflow"
INPUTS: dict[str, Props] = {
    APP: {"name": "mlgov-dev-tracking", "artifactStoreUri": STORE, "roleArn": ROLE},
    SERVER: {"trackingServerName": "mlgov-dev-tracking", "artifactStoreUri": STORE, "roleArn": ROLE},
}


@pytest.fixture(scope="module")
def aws(organisation: Emulator) -> Iterator[Clients]:
    """The hub's administrator; a bucket and a role for MLflow are there."""
    control = Control(organisation.endpoint)
    s3, iam = (control.client("hub", None, service) for service in ("s3", "iam"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    iam.create_role(RoleName="tracking", AssumeRolePolicyDocument=_document("sts:AssumeRole", service=True))
    iam.put_role_policy(RoleName="tracking", PolicyName="runs", PolicyDocument=_document("s3:*"))
    held = control.credentials("hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transitions, "TRANSITION_SECONDS", 0.05)
        yield connect(
            Configuration(
                region=REGION, access_key=held.access_key, secret_key=held.secret_key, token=held.session_token,
                endpoints=dict.fromkeys(("iam", "sagemaker"), organisation.endpoint),
            )
        )  # fmt: skip
    iam.delete_role_policy(RoleName="tracking", PolicyName="runs")
    iam.delete_role(RoleName="tracking")
    s3.delete_bucket(Bucket=BUCKET)


def _document(action: str, *, service: bool = False) -> str:
    who = {"Principal": {"Service": "sagemaker.amazonaws.com"}} if service else {"Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **who}]})


def planned(token: str, **changes: Any) -> Props:
    given = plan(TYPES[token], {**INPUTS[token], **changes})
    return {**given, "tags": {"owner": "risk"}, "tagsAll": {"owner": "risk"}}


def changed(token: str, old: Props, new: Props) -> dict[str, bool]:
    """What an update would change, and whether that replaces the resource."""
    found = compare(TYPES[token], type_data(token), old, new)
    return {change.path: change.replaces for change in found}


@pytest.mark.parametrize("token", [APP, SERVER])
def test_it_comes_up_changes_and_goes(aws: Clients, token: str) -> None:
    """Guards: a type that can't be created, read back as planned, changed in place, or deleted."""
    life = Lifecycle(TYPES[token], type_data(token), aws)
    first = planned(token)
    made = life.create(first)
    assert made.physical_id == (made.state["arn"] if token == APP else "mlgov-dev-tracking")
    assert made.state["tagsAll"] == {"owner": "risk"}
    again = life.read(made.physical_id, made.state)
    assert again is not None
    assert changed(token, again.state, first) == {}
    second = planned(token, weeklyMaintenanceWindowStart="Sun:04:00")
    assert changed(token, again.state, second) == {"weeklyMaintenanceWindowStart": False}
    after = life.update(made.physical_id, again.state, second)
    assert after.state["weeklyMaintenanceWindowStart"] == "Sun:04:00"
    life.delete(made.physical_id, after.state)
    assert life.read(made.physical_id, after.state) is None
    life.delete(made.physical_id, after.state)


@pytest.mark.parametrize(
    ("token", "changes"),
    [
        (APP, {"roleArn": f"{ROLE}-2"}),
        (SERVER, {"roleArn": f"{ROLE}-2"}),
        (SERVER, {"mlflowVersion": "2.16"}),
        (SERVER, {"trackingServerName": "other"}),
    ],
)
def test_what_the_real_provider_replaces_is_replaced(token: str, changes: Props) -> None:
    """Guards: an update in place that AWS has no call for (RequiresReplace, ForceNew of the provider)."""
    old = planned(token, mlflowVersion="3.0") if token == SERVER else planned(token)
    assert changed(token, old, {**old, **changes}) == dict.fromkeys(changes, True)


def test_a_version_with_its_patch_number_would_be_replaced_for_ever(aws: Clients) -> None:
    """Guards: a stand-in that forgives what the real provider doesn't (terraform-provider-aws#42435)."""
    life = Lifecycle(TYPES[SERVER], type_data(SERVER), aws)
    given = planned(SERVER, mlflowVersion="3.0.0")
    made = life.create(given)
    assert made.state["mlflowVersion"] == "3.0"
    assert changed(SERVER, made.state, given) == {"mlflowVersion": True}
    life.delete(made.physical_id, made.state)


def test_one_that_fails_is_kept_and_said(aws: Clients) -> None:
    """Guards: a creation that failed and passes, or that nobody deletes."""
    life = Lifecycle(TYPES[APP], type_data(APP), aws)
    aws.call("iam", "put_role_policy", RoleName="tracking", PolicyName="runs", PolicyDocument=_document("s3:GetObject"))
    try:
        with pytest.raises(Incomplete, match="has the status CreateFailed") as caught:
            life.create(planned(APP))
        life.delete(caught.value.physical_id, caught.value.state)
    finally:
        aws.call("iam", "put_role_policy", RoleName="tracking", PolicyName="runs", PolicyDocument=_document("s3:*"))


@pytest.mark.parametrize("token", [APP, SERVER])
def test_a_window_in_the_docstring_s_spelling_is_refused(token: str) -> None:
    """Guards: `TUE:03:30`, as the SDK's docstring has it and the API refuses."""
    given = {**INPUTS[token], "weeklyMaintenanceWindowStart": "TUE:03:30"}
    _, failures = check(TYPES[token], type_data(token), given, {}, Naming("mlflow", b""), {})
    assert [failure.path for failure in failures] == ["weeklyMaintenanceWindowStart"]
