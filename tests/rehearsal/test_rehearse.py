"""The rehearsal itself, as a newcomer runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psutil

from tests.rehearsal.sabotage import copy_source, rehearse


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
    left = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline", "cwd"])
        if str(source) in (process.info["cwd"] or "")
        or any(str(source) in part for part in process.info["cmdline"] or [])
    ]
    assert not left, f"processes outlive the run: {left}"

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
