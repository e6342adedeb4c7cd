"""Nothing outlives the engine: not on a timeout, not when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from rehearsal.engine import Engine, EngineError, Toolchain
from tests.rehearsal.projects import ProjectMaker

SLEEPER = """
import os, pathlib, time
pathlib.Path("started").write_text(str(os.getpid()))
time.sleep(600)
"""
DEADLINE_SECONDS = 30.0


def wait_for(path: Path) -> int:
    """The process id that a program wrote, once it has."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if path.is_file() and (text := path.read_text("utf-8")):
            return int(text)
        time.sleep(0.05)
    raise AssertionError(f"the program didn't start within {DEADLINE_SECONDS:.0f} s: no {path}")


def assert_ends(*pids: int) -> None:
    """Each of the processes ends in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while left := [pid for pid in pids if psutil.pid_exists(pid) and not is_zombie(pid)]:
        assert time.monotonic() < deadline, f"still running: {[psutil.Process(pid).cmdline() for pid in left]}"
        time.sleep(0.05)


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and only waits to be collected."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_timeout_ends_engine_host_and_program(project: ProjectMaker, tmp_path: Path) -> None:
    """Guards: a hanging program that blocks the run for ever, or lives on after it."""
    engine = project(SLEEPER, timeout_seconds=6.0)
    engine.init("dev")
    with pytest.raises(EngineError, match="ended after 6 s without a result"):
        engine.preview("dev")
    assert_ends(wait_for(tmp_path / "probe" / "started"))


def test_a_killed_engine_takes_host_and_program_with_it(project: ProjectMaker, tmp_path: Path) -> None:
    """Guards: orphans of a CLI that was killed and could tell nobody."""
    engine = project(SLEEPER)
    engine.init("dev")
    process = subprocess.Popen(
        [Toolchain.installed().cli, "preview", "--stack", "dev", "--non-interactive"],
        cwd=tmp_path / "probe",
        env=engine.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    program = wait_for(tmp_path / "probe" / "started")
    host = psutil.Process(program).ppid()
    process.kill()
    process.wait()
    assert_ends(program, host)


def test_an_interrupt_of_the_caller_ends_the_engine(project: ProjectMaker, tmp_path: Path) -> None:
    """Guards: Ctrl-C in `make rehearse` that leaves the engine and the program behind."""
    engine = project(SLEEPER)
    engine.init("dev")
    seen: list[int] = []

    def interrupt() -> None:
        seen.append(wait_for(tmp_path / "probe" / "started"))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_preview(engine)
    thread.join()
    assert_ends(*seen)


def run_preview(engine: Engine) -> None:
    """A preview in the main thread, which is the one that Python interrupts."""
    engine.preview("dev")
