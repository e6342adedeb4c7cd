"""Stacks of the real engine against the emulated organisation: one organisation a session, one stack a test."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine import ROOT, Engine
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings
from rehearsal.setup import launchers

STACK = "hub"
REGION = "eu-west-1"
HUB = "111111111111"
ADMIN = f"arn:aws:iam::{HUB}:role/OrganizationAccountAccessRole"
PROJECT = {
    "name": "plugin",
    "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}},
}
SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region=REGION,
    accounts=(Account("management", "999999999999"), Account("hub", HUB), Account("dev", "222222222222")),
    management="management",
    units={},
    placed={},
    service_control_policies={},
)
HEADER = f"""\
import json
import pulumi
import pulumi_aws as aws

def document(*statements):
    return json.dumps({{"Version": "2012-10-17", "Statement": list(statements)}})

TRUST = document({{"Effect": "Allow", "Principal": {{"Service": "lambda.amazonaws.com"}}, "Action": "sts:AssumeRole"}})
account = aws.Provider("account", region="{REGION}", assume_roles=[{{"role_arn": "{ADMIN}"}}],
                       allowed_account_ids=["{HUB}"], default_tags={{"tags": {{"owner": "risk"}}}})
here = pulumi.ResourceOptions(provider=account)
"""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack of the real engine: write a program, run it, look at state and cloud."""

    engine: Engine
    folder: Path
    control: Control

    def program(self, source: str, header: str = HEADER) -> None:
        """Replace the program. Its header gives `account` (provider), `here` (options), `document`, `TRUST`."""
        (self.folder / "__main__.py").write_text(header + textwrap.dedent(source), "utf-8")

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state by logical name: keys `id`, `inputs`, `outputs`."""
        found = self.engine.export(STACK)["deployment"].get("resources", [])
        return {item["urn"].rpartition("::")[2]: item for item in found}

    def aws(self, service: str) -> Any:
        """A boto3 client of the hub's administrator."""
        return self.control.client("hub", None, service)


@pytest.fixture(scope="session")
def organisation() -> Iterator[Emulator]:
    """The emulated organisation on a free loopback port; each test leaves it as it found it."""
    with Emulator(SETTINGS) as emulator:
        yield emulator


@pytest.fixture
def stack(tmp_path: Path, organisation: Emulator) -> Iterator[Stack]:
    """An empty stack, run by the management account's administrator; what is left is destroyed afterwards."""
    launchers.install(ROOT)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(json.dumps(PROJECT), "utf-8")
    control = Control(organisation.endpoint)
    credentials = control.credentials("management")
    environment = {
        "AWS_ENDPOINT_URL": organisation.endpoint,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }
    engine = Engine(folder, None, tmp_path / "backend", {key: value for key, value in environment.items() if value})
    engine.init(STACK)
    yield Stack(engine, folder, control)
    engine.destroy(STACK)
