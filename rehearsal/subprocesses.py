"""Run a command line by line, and leave nothing behind: on a timeout or an interrupt its whole tree ends."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

INTERRUPT_GRACE_SECONDS = 10.0
KILL_GRACE_SECONDS = 5.0


_under_way: set[subprocess.Popen[str]] = set()
"""The commands that run now, in any thread: an interrupt reaches the main thread only."""


class Interrupted(Exception):
    """The command took longer than it may, and was ended."""


def run_lines(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str, str], None],
    timeout_seconds: float,
) -> int:
    """Run a command and pass each line that it prints to `on_line(stream, line)`; stream is stdout or stderr.

    Returns the exit status. `on_line` is called from two threads, one call at a time. Raises Interrupted
    when `timeout_seconds` have passed; then, and when this thread is interrupted (Ctrl-C), the command and
    all that it started have ended before the exception leaves.
    """
    process = subprocess.Popen(
        list(command),
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches us only; we pass it on and wait
    )
    _under_way.add(process)
    turn = threading.Lock()

    def pump(name: str, source: IO[str]) -> None:
        with source:
            for line in source:
                with turn:
                    on_line(name, line.rstrip("\n"))

    if process.stdout is None or process.stderr is None:
        raise AssertionError("both streams were asked for as pipes")
    pumps = [
        threading.Thread(target=pump, args=("stdout", process.stdout), daemon=True),
        threading.Thread(target=pump, args=("stderr", process.stderr), daemon=True),
    ]
    for thread in pumps:
        thread.start()
    try:
        status = process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        end_tree(process)
        raise Interrupted(f"ended after {timeout_seconds:.0f} s without a result") from None
    except BaseException:
        end_tree(process)
        raise
    finally:
        _under_way.discard(process)
    for thread in pumps:
        thread.join()
    return status


def end_all() -> None:
    """End the commands of all threads, side by side; each then ends like one that failed."""
    enders = [threading.Thread(target=end_tree, args=(process,)) for process in list(_under_way)]
    for ender in enders:
        ender.start()
    for ender in enders:
        ender.join()


def end_tree(process: subprocess.Popen[str]) -> None:
    """Interrupt a process, so that it can end what it started; kill what is left of its tree after that."""
    tree = _descendants(process.pid)
    for _ in range(2):  # the first interrupt cancels a Pulumi operation, the second one ends it
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(INTERRUPT_GRACE_SECONDS)
    if process.poll() is None:
        tree |= _descendants(process.pid)
        process.kill()
        process.wait()
    _, left = psutil.wait_procs(list(tree), timeout=KILL_GRACE_SECONDS)
    for member in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(left, timeout=KILL_GRACE_SECONDS)


def _descendants(pid: int) -> set[psutil.Process]:
    try:
        return set(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return set()
