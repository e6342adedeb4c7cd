"""The rehearsal itself, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.rehearsal.sabotage import copy_source, rehearse


def processes_of(source: Path) -> list[list[str]]:
    """The command lines of all processes that work in a checkout or on a file of it."""
    return [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline", "cwd"])
        if str(source) in (process.info["cwd"] or "")
        or any(str(source) in part for part in process.info["cmdline"] or [])
    ]


def test_the_rehearsal_passes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Guards against a main job that fails, leaves a process, or dirties the checkout."""
    source = copy_source(tmp_path)
    subprocess.run(["git", "init", "-q", "."], cwd=source, check=True)
    subprocess.run(["git", "add", "-A"], cwd=source, check=True)
    status, printed = rehearse(source)
    assert status == 0, printed[-6000:]

    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=source, check=True, capture_output=True, text=True
    ).stdout
    assert not [line for line in changed.splitlines() if not line.startswith("A ")], changed
    assert not (left := processes_of(source)), f"processes outlive the run: {left}"

    written = source / "build" / "rehearsal"
    summary = json.loads((written / "summary.json").read_text(encoding="utf-8"))
    assert summary["denials_unexpected"] == 0
    assert summary["denials_expected"] > 20
    assert summary["facts"] > 5
    for stack in ("hub", "dev", "test"):
        export = json.loads((written / "stacks" / f"{stack}.json").read_text(encoding="utf-8"))
        assert export["deployment"]["resources"], f"the export of {stack} was taken after the destroy"
    for log in ("requests.jsonl", "events.jsonl", "tables/mlgov_modelgovernanceledger.jsonl"):
        assert (written / log).read_text(encoding="utf-8").count("\n") > 5, f"{log} is empty"


@pytest.mark.parametrize("seen", ["stacks up", "hub: "], ids=["one engine runs", "two run side by side"])
def test_an_interrupt_ends_all_that_runs_and_is_one_line(tmp_path: Path, seen: str) -> None:
    """Guards: Ctrl-C with a traceback, or engines, functions or the organisation left running."""
    source = copy_source(tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    running = subprocess.Popen(
        [source / ".venv" / "bin" / "python", "-m", "rehearsal"],
        cwd=source, env={**environment, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    with running.stdout:
        for line in running.stdout:
            if seen in line:
                break
        time.sleep(1.5)  # the engine has started its language host and plugin by then
        os.killpg(running.pid, signal.SIGINT)
        rest = running.stdout.read()
    assert running.wait(30) == 128 + signal.SIGINT
    assert "Traceback" not in rest
    assert rest.rstrip().endswith("Interrupted: all that was started has ended.")
    assert not (left := processes_of(source)), f"processes outlive the interrupt: {left}"
