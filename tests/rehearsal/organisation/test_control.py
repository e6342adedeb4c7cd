"""The control endpoint and its client, and the organisation served alone."""

from __future__ import annotations

import configparser
import io
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest

from rehearsal.organisation import core
from rehearsal.organisation.accounts import trusting
from rehearsal.organisation.control import Control, ControlError
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.loopback import NotLoopback
from rehearsal.organisation.serve import aws_config, description
from tests.rehearsal.organisation.example import DEV, HUB, MANAGEMENT, OUTSIDER, allow, policy, root, unique

SERVE = """
from rehearsal.organisation.serve import serve
from tests.rehearsal.organisation.example import SETTINGS
serve(SETTINGS, announce=lambda text: print(text, flush=True))
"""


@pytest.fixture
def control(org: Emulator) -> Control:
    return Control(org.endpoint)


def test_accounts_are_told_with_the_ways_in(control: Control) -> None:
    """Guards: a harness that must know the accounts' ids and roles from elsewhere."""
    told = control.accounts()
    ways = {one["name"]: (one["id"], one["admin_role"]) for one in told["accounts"]}
    assert ways["management"] == (MANAGEMENT, None)
    assert ways["dev"] == (DEV, "OrganizationAccountAccessRole")
    assert ways["outsider"] == (OUTSIDER, "Admin")
    assert told["admin"]["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/admin"


def test_a_role_of_the_companys_own_is_there_before_the_program(org: Emulator, control: Control) -> None:
    """Guards: trust policies of the program that name an SSO role, which must exist."""
    name = unique("sso")
    document = policy(allow("kms:ListKeys"))
    arn = org.people.add_role("dev", name, trust=trusting(root(DEV)), policies={"rights": document}, path="/sso/")
    assert arn == f"arn:aws:iam::{DEV}:role/sso/{name}"
    assert control.client("dev", name, "kms").list_keys()
    assert control.client("dev", name, "sts").get_caller_identity()["Arn"].endswith(f"assumed-role/{name}/rehearsal")


def test_unknown_verbs_and_broken_requests_are_told(control: Control) -> None:
    """Guards: a harness that goes on after a misspelt verb."""
    with pytest.raises(ControlError, match=r"no verb 'drian'.*drain"):
        control.send("drian")
    with pytest.raises(ControlError, match="BadRequest"):
        control.send("credentials", account="nowhere")
    with pytest.raises(ControlError, match="NoSuchEntity"):
        control.credentials("dev", "nobody")


def test_the_client_speaks_to_this_machine_only() -> None:
    """Guards: control requests, which carry credentials, sent elsewhere."""
    with pytest.raises(NotLoopback):
        Control("http://rehearsal.example:80")


def test_logs_are_told_from_a_number_on(control: Control) -> None:
    """Guards: a harness that reads the whole log at each step."""
    seen = control.state()["requests"]
    control.client("hub", None, "sts").get_caller_identity()
    rows = control.log(seen)
    assert [row["operation"] for row in rows] == ["AssumeRole", "GetCallerIdentity"]
    assert rows[0]["n"] == seen


class Work:
    """Background work that ends when told, as a test's own component."""

    def __init__(self) -> None:
        self.done = threading.Event()

    def pending(self) -> int:
        return 0 if self.done.is_set() else 3

    def stop(self) -> None:
        self.done.set()


def test_drain_waits_for_pending_work_and_names_it_when_it_lasts(
    fresh: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: looking at tables before the event has arrived."""
    monkeypatch.setitem(core.COMPONENTS, "slow", lambda _: Work())
    work: Work = fresh.component("slow")
    control = Control(fresh.endpoint)
    with pytest.raises(ControlError, match=r"slow \(3\)"):
        control.drain(0.1)
    threading.Timer(0.2, work.done.set).start()
    control.drain(5)
    assert work.done.is_set()
    assert fresh.component("slow") is work


def test_stop_ends_background_work(fresh: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: pollers and function processes that outlive the run."""
    monkeypatch.setitem(core.COMPONENTS, "slow", lambda _: Work())
    work: Work = fresh.component("slow")
    Control(fresh.endpoint).stop()
    assert work.done.wait(5)
    assert fresh.stopped.wait(5)


def test_two_organisations_of_one_process_do_not_see_each_other(org: Emulator, fresh: Emulator) -> None:
    """Guards: moto's one state per process: tests that find each other's roles."""
    name = unique("role")
    org.people.add_role("hub", name, trust=trusting(root(HUB)), policies={})
    assert org.identity.role_named(HUB, name) is not None
    assert fresh.identity.role_named(HUB, name) is None
    fresh.people.add_role("hub", name, trust=trusting(root(HUB)), policies={})
    assert org.identity.role_named(HUB, name) is not fresh.identity.role_named(HUB, name)


def test_the_description_is_a_configuration_that_works(
    org: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: instructions that a newcomer can't follow."""
    assert org.endpoint in description(org)
    parsed = configparser.ConfigParser()
    parsed.read_file(io.StringIO(aws_config(org)))
    assert len(parsed.sections()) == 6
    config = tmp_path / "config"
    config.write_text(aws_config(org))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")
    for name, account in (("management", MANAGEMENT), ("dev", DEV), ("outsider", OUTSIDER)):
        assert boto3.Session(profile_name=name).client("sts").get_caller_identity()["Account"] == account


def test_it_serves_alone_until_it_is_told_to_stop() -> None:
    """Guards: a server that needs a harness, or leaves a process behind."""
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        endpoint = process.stdout.readline().split()[-1]
        control = Control(endpoint)
        assert control.client("hub", None, "sts").get_caller_identity()["Account"] == HUB
        control.stop()
        assert process.wait(10) == 0
