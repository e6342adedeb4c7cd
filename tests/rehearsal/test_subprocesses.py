"""Commands run line by line."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from rehearsal.subprocesses import Interrupted, end_all, run_lines


def run(code: str, tmp_path: Path, timeout_seconds: float = 30.0) -> tuple[int, list[tuple[str, str]]]:
    """Run Python code as a command; its status and lines."""
    lines: list[tuple[str, str]] = []
    status = run_lines(
        [sys.executable, "-c", code],
        directory=tmp_path,
        environment=dict(os.environ),
        on_line=lambda stream, line: lines.append((stream, line)),
        timeout_seconds=timeout_seconds,
    )
    return status, lines


def test_each_line_comes_with_its_stream(tmp_path: Path) -> None:
    """Guards: output lost at the end, or an undecodable byte that ends the reading."""
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.stdout.buffer.write(b'\\xff'); sys.exit(3)"
    status, lines = run(code, tmp_path)
    assert status == 3
    assert sorted(lines) == [("stderr", "two"), ("stdout", "one"), ("stdout", "\ufffd")]


def test_a_timeout_ends_the_whole_tree(tmp_path: Path) -> None:
    """Guards: a grandchild that ignores the interrupt and lives on."""
    stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
    code = (
        "import pathlib, subprocess, sys, time; "
        f"child = subprocess.Popen([sys.executable, '-c', {stubborn!r}]); "
        "pathlib.Path('child').write_text(str(child.pid)); time.sleep(600)"
    )
    with pytest.raises(Interrupted, match="ended after 2 s without a result"):
        run(code, tmp_path, timeout_seconds=2.0)
    child = int((tmp_path / "child").read_text("utf-8"))
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_commands_of_other_threads_can_be_ended(tmp_path: Path) -> None:
    """Guards: Ctrl-C while stacks come up side by side, and a wait for engines that nobody wants any more."""
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(run, "import time; time.sleep(600)", tmp_path, 60.0) for _ in range(2)]
        time.sleep(0.5)
        end_all()
        statuses = [each.result()[0] for each in waiting]
    assert all(status != 0 for status in statuses)
    assert time.monotonic() - started < 20
