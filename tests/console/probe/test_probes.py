"""`governance probe` on the emulated organisation: every probe runs to its end, and leaves nothing behind.

What it answers says nothing about AWS; that each probe can tell one answer from another is shown in test_answers.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from blueprint.policies.shares import RESOURCE_TYPE, shares
from console.access.project import settings_of
from console.probe.running import PROBES
from rehearsal.engine import ROOT
from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from tests.console.conftest import Command
from tests.rehearsal.organisation.example import SETTINGS
from tests.rehearsal.organisation.services.registry_world import bucket_with_artifact, version_of

REGION = "eu-west-1"
GROUP = "ModelCreditRisk"
DRY_HERE = {
    "resource-type": "held",
    "shared-policy": "could not tell",
    "control-policy": "differs",
    "aws-permissions": "could not tell",
    "no-group-policy": "could not tell",
    "shared-call-records": "could not tell",
    "life-cycle-actions": "differs",
    "call-times": "held",
    "artifact-reader": "could not tell",
    "log-writer": "could not tell",
    "unlinked-account": "held",
}
LIVE_HERE = {
    "share-conditions": "held",
    "share-operators": "held",
    "group-policy": "could not tell",
    "self-share": "could not tell",
    "approval-status-left-out": "held",
    "stage-key-spelling": "held",
    "clone-status": "held",
    "etag-at-registration": "differs",
    "forwarded-event-id": "held",
    "deletion-events": "held",
    "queue-key-conditions": "held",
    "alarm-across-accounts": "could not tell",
    "self-link": "held",
    "duplicate-insert": "held",
}
"""What the emulator answers: its reading of AWS, or that it doesn't emulate the call."""


@pytest.fixture(scope="module")
def version() -> Iterator[tuple[Emulator, str]]:
    """The example's hub with its group, shared with the first stage, and an approved version."""
    with Emulator(SETTINGS) as emulator:
        client = Control(emulator.endpoint).client
        sagemaker, ram = client("hub", None, "sagemaker"), client("hub", None, "ram")
        arn = sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)["ModelPackageGroupArn"]
        for share in shares(settings_of(ROOT).organisation):
            permission = ram.create_permission(
                name=share.level, resourceType=RESOURCE_TYPE, policyTemplate=json.dumps(share.template)
            )["permission"]["arn"]
            ram.create_resource_share(
                name=share.level, resourceArns=[arn], permissionArns=[permission], allowExternalPrincipals=False,
                principals=[principal.identifier for principal in share.principals],
            )  # fmt: skip
        made = sagemaker.create_model_package(**version_of(GROUP, bucket_with_artifact(client)))["ModelPackageArn"]
        stage = {"Stage": "Development", "StageStatus": "Approved"}
        sagemaker.update_model_package(ModelPackageArn=made, ModelApprovalStatus="Approved", ModelLifeCycle=stage)
        client("hub", None, "oam").create_sink(Name="metrics")
        emulator.clock.advance(timedelta(minutes=20))  # CloudTrail's records are there by now
        yield emulator, made


@pytest.fixture
def hub(version: tuple[Emulator, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Control:
    """The environment of the hub's administrator, with a profile of the first spoke's."""
    emulator, _ = version
    control = Control(emulator.endpoint)
    held, spoke = control.credentials("hub"), control.credentials("dev")
    profile = {
        "aws_access_key_id": spoke.access_key, "aws_secret_access_key": spoke.secret_key,
        "aws_session_token": spoke.session_token, "region": REGION, "endpoint_url": emulator.endpoint,
    }  # fmt: skip
    lines = ["[profile dev]", *(f"{key} = {value}" for key, value in profile.items())]
    (tmp_path / "config").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": held.access_key,
        "AWS_SECRET_ACCESS_KEY": held.secret_key,
        "AWS_SESSION_TOKEN": str(held.session_token),
        "GOVERNANCE_PROJECT": str(ROOT),
    }.items():
        monkeypatch.setenv(name, value)
    return control


def run(governance: Command, version: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    given = ("--spoke", "dev", "--spoke-profile", "dev", "--version", version, "--json")
    status, out, err = governance("probe", *arguments, *given)
    assert err == ""
    document: dict[str, Any] = json.loads(out)
    return status, document


def results(document: dict[str, Any]) -> dict[str, str]:
    return {probe["name"]: probe["result"] for probe in document["probes"]}


def test_every_dry_probe_ends_and_says_that_it_asked_an_emulator(
    hub: Control, version: tuple[Emulator, str], governance: Command
) -> None:
    """Guards: a probe that breaks off the others; an emulator's answer that is taken for AWS's."""
    status, document = run(governance, version[1], "--run")
    assert (document["aws"], document["account"]) == (False, "111111111111")
    assert results(document) == DRY_HERE, [p for p in document["probes"] if p["result"] != DRY_HERE.get(p["name"])]
    assert status == 1
    assert all(probe["evidence"] for probe in document["probes"])


def test_every_live_probe_ends_and_leaves_nothing_behind(
    hub: Control, version: tuple[Emulator, str], governance: Command
) -> None:
    """Guards: roles, keys, queues of a probe that stay in the account; a right that a removed role leaves open."""
    status, document = run(governance, version[1], "--live")
    assert results(document) == LIVE_HERE, [p for p in document["probes"] if p["result"] != LIVE_HERE.get(p["name"])]
    assert status == 1
    assert [probe["left"] for probe in document["probes"]] == [[]] * len(LIVE_HERE)
    left = [
        *hub.client("hub", None, "iam").list_roles()["Roles"],
        *hub.client("hub", None, "sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"],
        *hub.client("hub", None, "events").list_rules()["Rules"],
        *hub.client("hub", None, "events").list_event_buses()["EventBuses"],
        *hub.client("hub", None, "sqs").list_queues().get("QueueUrls", []),
        *hub.client("hub", None, "dynamodb").list_tables()["TableNames"],
    ]
    assert [one for one in left if "-probe-" in str(one)] == []


def test_people_are_told_that_it_was_an_emulator(
    hub: Control, version: tuple[Emulator, str], governance: Command
) -> None:
    """Guards: a green line that somebody puts into a report."""
    status, out, _ = governance("probe", "unlinked-account", "--run")
    assert "is an emulator: what follows says nothing about AWS" in out
    assert (status, "1 held, 0 differs, 0 could not tell" in out) == (0, True)


def test_another_account_is_asked_nothing(hub: Control, governance: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: temporary roles in whatever account the credentials are of."""
    held = hub.credentials("test")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", held.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", held.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", str(held.session_token))
    status, out, err = governance("probe", "--live")
    assert (status, out) == (2, "")
    assert "these credentials are of 333333333333 in eu-west-1, the hub is 111111111111" in err


def test_the_tables_above_hold_every_probe() -> None:
    """Guards: a probe that no test runs."""
    assert {probe.name for probe in PROBES if not probe.live} == DRY_HERE.keys()
    assert {probe.name for probe in PROBES if probe.live} == LIVE_HERE.keys()
