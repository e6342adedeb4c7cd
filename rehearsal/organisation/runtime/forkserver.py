"""Forks execution environments: a process that has boto3 imported and does nothing else, so that a fork is safe.

Started as `python -I -S forkserver.py <site> <clock> <root>`: of installed packages functions see only those in `site`
(boto3 and what it needs, as in the managed run time), nothing of the rehearsal; `clock` holds what moves their time.
Its standard input is a socket to the parent: a JSON line `{"env": {...}}` with three descriptors (requests, results,
log) is answered by `{"pid": …}`, `{"wait": pid}` by `{"status": …}`. When the socket ends, by whatever death of the
parent, it kills all it forked, removes `root` and ends.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import json
import os
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""


def preload(site: str, clock: str) -> ModuleType:
    """Import what every function starts with. Returns the worker's module."""
    sys.dont_write_bytecode = True
    travel = load_clock(clock)
    sys.path.append(site)
    with suppress(ModuleNotFoundError):  # an environment without boto3 still runs functions that need none
        import boto3

        # Modules of botocore that the first client imports; no session or client is kept, so none is shared by forks.
        session = boto3.Session("none", "none", region_name="us-east-1")
        session.client("sts")
    spec = importlib.util.spec_from_file_location("lambda_worker", Path(__file__).with_name("worker.py"))
    if spec is None or spec.loader is None:
        raise RuntimeError("runtime/worker.py is missing beside forkserver.py")
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)
    worker.CLOCK.travel = travel
    return worker


def load_clock(folder: str) -> Any:
    """time_machine.travel, imported from `folder`, which no function has on its path.

    The module stays loaded, since what it replaces asks it for the time: a function could import it by name.
    """
    sys.path.insert(0, folder)
    try:
        import time_machine
    finally:
        sys.path.remove(folder)
    return time_machine.travel


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent ends (Linux; elsewhere the kill at end of input serves)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def become(worker: ModuleType, env: dict[str, str], requests: int, results: int, log: int) -> None:
    """Turn a fresh fork into an execution environment; never returns."""
    status = 1
    try:
        os.environ.clear()
        os.environ.update(env)
        time.tzset()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.close(log)
        sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - lives as long as the process
        sys.stdout = open(1, "w", closefd=False, encoding="utf-8", buffering=1)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False, encoding="utf-8", buffering=1)  # noqa: SIM115
        gc.unfreeze()
        worker.serve(os.fdopen(requests, encoding="utf-8"), os.fdopen(results, "w", encoding="utf-8"))
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException as error:  # noqa: BLE001 - a broken environment shows as an exit status, with its reason in the log
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


class ForkServer:
    """Answers fork and wait requests until the socket ends."""

    def __init__(self, control: socket.socket, worker: ModuleType) -> None:
        self._control = control
        self._worker = worker
        self._children: set[int] = set()
        self._buffer = b""

    def run(self) -> None:
        while True:
            request, descriptors = self._next()
            if request is None:
                return
            answer = (
                {"pid": self._fork(request["env"], *descriptors)} if "env" in request else self._wait(request["wait"])
            )
            self._control.sendall(json.dumps(answer).encode() + b"\n")

    def kill_all(self) -> None:
        for pid in self._children:
            for kill in (os.killpg, os.kill):
                with suppress(ProcessLookupError, PermissionError):
                    kill(pid, signal.SIGKILL)

    def _next(self) -> tuple[dict[str, Any] | None, list[int]]:
        descriptors: list[int] = []
        while b"\n" not in self._buffer:
            data, received, _, _ = socket.recv_fds(self._control, 65_536, 3)
            descriptors += received
            if not data:
                return None, []
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line), descriptors

    def _fork(self, env: dict[str, str], requests: int, results: int, log: int) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            die_with_parent(parent)
            self._control.close()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            become(self._worker, env, requests, results, log)
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # both sides do it, so that the group is there whoever runs first
        for descriptor in (requests, results, log):
            os.close(descriptor)
        self._children.add(pid)
        return pid

    def _wait(self, pid: int) -> dict[str, int]:
        self._children.discard(pid)
        _, status = os.waitpid(pid, 0)
        return {"status": os.waitstatus_to_exitcode(status)}


def main() -> None:
    site, clock, root = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when to end
    control = socket.socket(fileno=os.dup(0))
    control.set_inheritable(False)
    worker = preload(site, clock)
    gc.freeze()
    server = ForkServer(control, worker)
    control.sendall(b'{"ready": true}\n')
    try:
        server.run()
    finally:
        server.kill_all()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
