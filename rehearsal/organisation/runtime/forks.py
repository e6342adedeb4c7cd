"""The parent's side of the fork server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rehearsal.organisation.runtime.site import CLOCK, make_site

START_SECONDS = 60.0


class ForkServerEnded(RuntimeError):
    """The fork server is gone: no function can be started any more."""


class ForkServer:
    """A process that forks execution environments. `root` is removed when it ends."""

    def __init__(self, root: Path) -> None:
        self._lock = threading.Lock()
        self._buffer = b""
        site, clock = make_site(root / "site"), make_site(root / "clock", CLOCK)
        program = Path(__file__).with_name("forkserver.py")
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", *map(str, (program, site, clock, root))],
                stdin=theirs.fileno(), env={"PATH": os.defpath, "LANG": "C.UTF-8"}, cwd=root,
            )  # fmt: skip
        self._control = ours
        self._control.settimeout(START_SECONDS)
        self._answer()

    def fork(self, env: Mapping[str, str], requests: int, results: int, log: int) -> int:
        """Start an execution environment on three descriptors, which stay the caller's to close. Returns its pid."""
        with self._lock:
            self._send({"env": dict(env)}, [requests, results, log])
            return int(self._answer()["pid"])

    def end(self, pid: int) -> int:
        """Kill an environment with all that it started. Returns its exit status, negative for a signal."""
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        return self.status(pid)

    def status(self, pid: int) -> int:
        """Wait for an environment that ends by itself. Returns its exit status; ask once."""
        with self._lock:
            self._send({"wait": pid}, [])
            return int(self._answer()["status"])

    def stop(self) -> None:
        """End the server, and with it all environments and the folder."""
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, message: Mapping[str, Any], descriptors: list[int]) -> None:
        data = json.dumps(message).encode() + b"\n"
        sent = socket.send_fds(self._control, [data], descriptors) if descriptors else 0
        self._control.sendall(data[sent:])

    def _answer(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            data = self._control.recv(65_536)
            if not data:
                raise ForkServerEnded("the fork server of the Lambda run time has ended; see its message above")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer
