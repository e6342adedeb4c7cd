"""Run long steps side by side and say what is going on, so that nobody wonders whether it hangs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TextIO

from rehearsal.setup.errors import SetupError

PLAIN_SECONDS = 15.0
TERMINAL_SECONDS = 1.0
TAIL_LINES = 30

_tools: set[subprocess.Popen[str]] = set()


class Progress:
    """Says what the running steps do: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._lock = threading.Lock()
        self._running: dict[str, tuple[float, str]] = {}

    def say(self, line: str) -> None:
        """Print one line that stays."""
        with self._lock:
            self._clear()
            self._out.write(f"{line}\n")
            self._out.flush()

    def note(self, step: str, what: str) -> None:
        """Say what a running step does at the moment; shown with the next line."""
        with self._lock:
            if step in self._running:
                self._running[step] = (self._running[step][0], what)

    def together(self, steps: Mapping[str, Callable[[], None]]) -> None:
        """Run named steps in threads of their own. Raises the first error, after all of them have ended."""
        with ThreadPoolExecutor(max_workers=max(1, len(steps))) as pool:
            futures = {pool.submit(self._run, name, step) for name, step in steps.items()}
            pending = futures
            interval = TERMINAL_SECONDS if self._terminal else PLAIN_SECONDS
            try:
                while pending:
                    _, pending = wait(pending, timeout=interval)
                    if pending:
                        self._tick()
            except BaseException:  # Ctrl-C: the pool waits for its threads, and these for their tools
                for tool in list(_tools):
                    tool.terminate()
                raise
            for future in futures:
                future.result()

    def _run(self, name: str, step: Callable[[], None]) -> None:
        started = time.monotonic()
        with self._lock:
            self._running[name] = (started, "")
        try:
            step()
        finally:
            with self._lock:
                del self._running[name]
        self.say(f"set-up: {name}: done in {time.monotonic() - started:.0f} s")

    def _tick(self) -> None:
        with self._lock:
            now = time.monotonic()
            parts = [
                f"{name} {now - started:.0f} s{f' ({what})' if what else ''}"
                for name, (started, what) in self._running.items()
            ]
            line = f"set-up: {'; '.join(parts)}"
            if self._terminal:
                self._clear()
                self._out.write(line[:118])
            else:
                self._out.write(f"{line}\n")
            self._out.flush()

    def _clear(self) -> None:
        if self._terminal:
            self._out.write("\r\x1b[K")


def run_tool(
    command: Sequence[str | Path],
    *,
    directory: Path,
    environment: Mapping[str, str],
    failure: str,
    on_line: Callable[[str], None] = lambda _: None,
) -> None:
    """Run a tool to its end. Raises SetupError with `failure` and its last lines unless it exits with 0."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        _tools.add(process)
        try:
            for line in process.stdout or ():
                tail.append(line.rstrip())
                on_line(line.rstrip())
        except BaseException:
            process.kill()
            raise
        finally:
            _tools.discard(process)
    if process.returncode != 0:
        raise SetupError(failure, "\n".join(tail))
