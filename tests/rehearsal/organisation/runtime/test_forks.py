"""Nothing outlives the emulator, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rehearsal.organisation.runtime.forks import ForkServer
from rehearsal.organisation.runtime.site import interpreter, make_site

PARENT = """
import os, signal, sys, time
from pathlib import Path
from rehearsal.organisation.runtime.forks import ForkServer
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it
root = Path(sys.argv[1])
(root / "index.py").write_text("import subprocess\\nsubprocess.Popen(['sleep', '60'])\\ndef handler(e, c): pass\\n")
server = ForkServer(root)
env = {"LAMBDA_TASK_ROOT": str(root), "_HANDLER": "index.handler", "PATH": "/usr/bin:/bin"}
requests_out, requests_in = os.pipe()
results_out, results_in = os.pipe()
log = os.open(root / "log", os.O_WRONLY | os.O_CREAT)
server.fork(env, requests_out, results_in, log)
os.read(results_out, 1)
print("ready", flush=True)
time.sleep(60)
"""


def _descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def _gone(processes: list[psutil.Process]) -> bool:
    return all(not one.is_running() or one.status() == psutil.STATUS_ZOMBIE for one in processes)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_its_parent(tmp_path: Path, end: signal.Signals) -> None:
    """Guards `make stop` and a crash alike: fork server, environments and what these started are gone."""
    root = tmp_path / "root"
    root.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(root)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd(),
        env={**os.environ, "PYTHONPATH": str(Path.cwd())}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        processes = _descendants(parent.pid)
        assert len(processes) >= 3, "fork server, environment, and the process that it started"
        parent.send_signal(end)
        parent.wait(timeout=10)
    deadline = time.monotonic() + 10
    while not _gone(processes) or root.exists():
        assert time.monotonic() < deadline, f"still there: {[one for one in processes if one.is_running()]} {root}"
        time.sleep(0.02)


def test_stop_ends_the_server_and_its_folder(tmp_path: Path) -> None:
    """Guards the ordinary end."""
    root = tmp_path / "root"
    root.mkdir()
    server = ForkServer(root)
    processes = [one for one in psutil.Process().children() if str(root) in " ".join(one.cmdline())]
    assert processes
    server.stop()
    assert _gone(processes)
    assert not root.exists()


def test_the_site_holds_the_sdk_and_nothing_else(tmp_path: Path) -> None:
    """Guards what functions can import: boto3 and its requirements, as in the managed run time."""
    names = {entry.name for entry in make_site(tmp_path / "site").iterdir()}
    assert {"boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil"} <= names
    assert not {"moto", "pulumi", "pytest", "numpy"} & names


def test_the_interpreter_is_told() -> None:
    """Guards the coverage report: what functions really run on is never guessed from their declaration."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor} with boto3 "
    assert interpreter().startswith(version)
