"""The processes that score for emulated endpoints: started when a model is first asked, kept for the next request.

Endpoints that serve the same artifact in the same image share a process; at AWS each instance has its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rehearsal.organisation.core import NotEmulated, Organisation, component

COMPONENT = "sagemaker-containers"
SERVER = Path(__file__).with_name("xgboost_server.py")
XGBOOST = "sagemaker-xgboost"
START_SECONDS = 60.0
ANSWER_SECONDS = 60.0
"""Source: botocore sagemaker-runtime, InvokeEndpoint (containers must answer within 60 seconds)."""

MOST = 2
"""Processes at once: each holds about 200 MB."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a container answered; `status` 0: nothing, in time."""

    status: int
    content_type: str
    body: bytes


class Process:
    """One container. Answers one request at a time, as one worker of AWS's does."""

    def __init__(self, artifact: bytes, environment: Mapping[str, str]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rehearsal-container-"))
        (self._folder / "model.tar.gz").write_bytes(artifact)
        self._lock = threading.Lock()
        self._child = subprocess.Popen(
            [sys.executable, "-I", str(SERVER), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"},
        )
        self.started = self._read(START_SECONDS)
        """What it said when it had loaded its model: status 200, or why it can't."""

    def ask(self, body: bytes, content_type: str, accept: str) -> Answer:
        asked = {"content_type": content_type, "accept": accept, "length": len(body)}
        with self._lock:
            stdin: IO[bytes] = self._child.stdin  # type: ignore[assignment]  # it was opened as a pipe
            with suppress(BrokenPipeError):
                stdin.write(json.dumps(asked).encode() + b"\n" + body)
                stdin.flush()
            return self._read(ANSWER_SECONDS)

    def end(self) -> None:
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self, seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        line = self._until(b"\n", None, deadline)
        if not line.endswith(b"\n"):
            return Answer(0, "", b"")
        told = json.loads(line)
        body = self._until(None, told["length"], deadline)
        return Answer(int(told["status"]), str(told["content_type"]), body)

    def _until(self, end: bytes | None, length: int | None, deadline: float) -> bytes:
        """Bytes up to an end or of a length; fewer where the process ended or the time did."""
        stdout: IO[bytes] = self._child.stdout  # type: ignore[assignment]  # it was opened as a pipe
        found = b""
        while (length is None and not found.endswith(end or b"")) or (length is not None and len(found) < length):
            ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            read = os.read(stdout.fileno(), 1 if length is None else length - len(found)) if ready else b""
            if not read:
                break
            found += read
        return found


class Containers:
    """The running containers by image, artifact and environment (component `sagemaker-containers`)."""

    def __init__(self, _: Organisation) -> None:
        self._running: OrderedDict[str, Process] = OrderedDict()
        self._lock = threading.Lock()

    def invoke(
        self, image: str, artifact: bytes, environment: Mapping[str, str], body: bytes, content_type: str, accept: str
    ) -> Answer:  # fmt: skip
        """Ask the container of an image with an artifact. Raises NotEmulated for an image that isn't AWS's XGBoost."""
        if image.partition("/")[2].partition(":")[0].partition("@")[0] != XGBOOST:
            raise NotEmulated(f"sagemaker-runtime: a container of image {image} (AWS's {XGBOOST} only)")
        process = self._process(artifact, environment)
        if process.started.status != 200:
            return process.started if process.started.status else Answer(500, "text/plain", b"the container ended")
        return process.ask(body, content_type, accept)

    def _process(self, artifact: bytes, environment: Mapping[str, str]) -> Process:
        key = hashlib.sha256(artifact + json.dumps(dict(environment), sort_keys=True).encode()).hexdigest()
        with self._lock:
            found = self._running.get(key)
            if found is None:
                found = self._running[key] = Process(artifact, environment)
            self._running.move_to_end(key)
            while len(self._running) > MOST:
                _, oldest = self._running.popitem(last=False)
                oldest.end()
        return found

    def pending(self) -> int:
        return 0

    def stop(self) -> None:
        with self._lock:
            running = list(self._running.values())
            self._running.clear()
        for one in running:
            one.end()


@component(COMPONENT)
def make(org: Organisation) -> Any:
    return Containers(org)
