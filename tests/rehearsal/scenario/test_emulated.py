"""The emulated organisation as a process: however it ends, nothing of it stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from rehearsal.engine import ROOT
from rehearsal.scenario import emulated
from rehearsal.scenario.emulated import Emulated
from tests.rehearsal.organisation.workbench import document, package, trust

SOON_SECONDS = 10.0
STARTER = """
import sys, time
from pathlib import Path
from rehearsal.scenario import emulated
emulated.start(Path(sys.argv[1]), 7, outlive=sys.argv[2] == "outlive")
if sys.argv[2] != "outlive":
    time.sleep(600)
"""


def with_function(running: Emulated) -> list[psutil.Process]:
    """Invoke a function, so that a fork server and an environment run. Returns all processes of the organisation."""
    clients = running.control.session("hub")
    iam, functions = (clients.client(name, endpoint_url=running.control.endpoint) for name in ("iam", "lambda"))
    role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    rights = document({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    iam.put_role_policy(RoleName="f", PolicyName="logs", PolicyDocument=rights)
    code = {"ZipFile": package("def handler(event, context):\n    return 1\n")}
    functions.create_function(FunctionName="f", Role=role, Runtime="python3.12", Handler="index.handler", Code=code)
    assert functions.invoke(FunctionName="f")["Payload"].read() == b"1"
    process = psutil.Process(running.process)
    family = [process, *process.children(recursive=True)]
    assert len(family) >= 3, "gateway, fork server, environment"
    return family


def listens(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname or "", address.port or 0)) == 0


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie that nobody has collected yet doesn't."""
    left = []
    for one in family:
        with suppress(psutil.NoSuchProcess):
            if one.is_running() and one.status() != psutil.STATUS_ZOMBIE:
                left.append(one)
    return left


def wait_for(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SOON_SECONDS
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()


def started_by(folder: Path, how: str) -> tuple[subprocess.Popen[bytes], Emulated]:
    """An organisation started by a process of its own, which stays (`parent`) or ends at once (`outlive`)."""
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(folder), how], cwd=ROOT)
    assert wait_for((folder / emulated.READY).exists)
    return starter, emulated.find(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_gateway_fork_server_and_environments(tmp_path: Path, number: signal.Signals) -> None:
    """Guards against a fork server that outlives the gateway, which keeps a folder and memory until the next boot."""
    starter, running = started_by(tmp_path, "outlive")
    starter.wait()
    family = with_function(running)
    os.kill(running.process, number)
    assert wait_for(lambda: not alive(family)), alive(family)
    assert not listens(running.control.endpoint)


def test_the_control_verb_ends_the_process_too(tmp_path: Path) -> None:
    """Guards against a process without a port: it would hold memory until somebody found it."""
    starter, running = started_by(tmp_path, "outlive")
    starter.wait()
    family = with_function(running)
    running.control.stop()
    assert wait_for(lambda: not alive(family)), alive(family)
    assert not listens(running.control.endpoint)


def test_the_organisation_ends_when_who_started_it_is_killed(tmp_path: Path) -> None:
    """Guards against an emulator left over from a run that was killed: its port and processes would stay."""
    starter, running = started_by(tmp_path, "parent")
    family = with_function(running)
    starter.kill()
    starter.wait()
    assert wait_for(lambda: not alive(family)), alive(family)
    assert not listens(running.control.endpoint)


def test_a_stop_does_not_wait_for_process_1_to_collect_the_dead(tmp_path: Path) -> None:
    """Guards against `make stop` that takes seconds: after --keep the parent is process 1, which collects late."""
    starter, running = started_by(tmp_path, "outlive")
    starter.wait()
    family = with_function(running)
    began = time.monotonic()
    running.stop()
    took = time.monotonic() - began
    assert not alive(family)
    assert not listens(running.control.endpoint)
    assert took < emulated.STOP_SECONDS / 2, f"{took:.1f} s"
