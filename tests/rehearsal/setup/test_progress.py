"""What is said while long steps run."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from rehearsal.setup import progress as module
from rehearsal.setup.errors import SetupError
from rehearsal.setup.progress import Progress, run_tool


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


def play(out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a step that takes a few ticks, and return what was said."""
    monkeypatch.setattr(module, "PLAIN_SECONDS", 0.01)
    monkeypatch.setattr(module, "TERMINAL_SECONDS", 0.01)
    told = threading.Event()
    progress = Progress(out)

    def step() -> None:
        progress.note("Pulumi CLI", "12 packages compiled")
        told.wait(0.2)

    progress.together({"Pulumi CLI": step})
    return out.getvalue()


def test_outside_a_terminal_lines_say_step_and_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: minutes of silence in a log, or a log full of control characters."""
    said = play(io.StringIO(), monkeypatch)
    assert "set-up: Pulumi CLI 0 s (12 packages compiled)\n" in said
    assert said.endswith("set-up: Pulumi CLI: done in 0 s\n")
    assert "\r" not in said


def test_on_a_terminal_one_line_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a screen that scrolls away while a build runs."""
    said = play(Terminal(), monkeypatch)
    assert "\r\x1b[Kset-up: Pulumi CLI 0 s (12 packages compiled)" in said
    assert said.count("\n") == 1


def test_one_steps_failure_waits_for_the_others() -> None:
    """Guards: a build killed half-way, or left running, because the packages failed."""
    ended = threading.Event()

    def fail() -> None:
        raise SetupError("no index")

    def build() -> None:
        threading.Event().wait(0.1)
        ended.set()

    with pytest.raises(SetupError, match="no index"):
        Progress(io.StringIO()).together({"packages": fail, "cli": build})
    assert ended.is_set()


def test_an_interrupt_ends_the_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: Ctrl-C that waits for minutes until the build is done, or leaves it running."""
    progress = Progress(io.StringIO())
    started = threading.Event()

    def interrupt() -> None:
        if started.is_set():
            raise KeyboardInterrupt

    def build() -> None:
        code = "import time; print('up', flush=True); time.sleep(600)"
        run_tool(
            [sys.executable, "-c", code],
            directory=tmp_path,
            environment=os.environ,
            failure="ended",
            on_line=lambda _: started.set(),
        )

    monkeypatch.setattr(module, "PLAIN_SECONDS", 0.05)
    monkeypatch.setattr(progress, "_tick", interrupt)
    with pytest.raises(KeyboardInterrupt):
        progress.together({"build": build})


def test_a_tools_last_lines_come_with_its_failure(tmp_path: Path) -> None:
    """Guards: a failure whose reason is scrolled away, or not shown at all."""
    lines: list[str] = []
    code = "import sys\nfor i in range(100): print('line', i)\nprint('reason', file=sys.stderr)\nsys.exit(2)"
    with pytest.raises(SetupError, match="it failed") as caught:
        run_tool(
            [sys.executable, "-u", "-c", code],
            directory=tmp_path,
            environment=os.environ,
            failure="it failed",
            on_line=lines.append,
        )
    assert len(lines) == 101
    assert caught.value.details.splitlines()[-2:] == ["line 99", "reason"]
    assert len(caught.value.details.splitlines()) == 30
