"""One execution environment from the parent's side: start, initialise, invoke, watch time and memory, end.

Sources: lambda/lambda-runtime-environment (10 s for the initialisation), configuration-memory, configuration-timeout,
runtimes-api (error types). Memory is the resident set of the process, interpreter and boto3 included whether or not the
function imports it: about 45 MB before its first line, a little more than the managed run time starts with.
"""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import Caller, Clock, Credentials
from rehearsal.organisation.runtime.forks import ForkServer
from rehearsal.organisation.runtime.functions import Function

INIT_SECONDS = 10.0
WATCH_SECONDS = 0.1
MEGABYTE = 1_048_576
PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(slots=True)
class Outcome:
    """What an invocation gave. `payload` is JSON text; `error`: it is a function error.

    Times in milliseconds; `peak_bytes` 0 where the process ended without saying. `alive`: the environment can be used
    again. `init_ms` and `init_log` are there at an environment's first invocation.
    """

    request_id: str
    payload: str
    error: bool
    log: list[str]
    duration_ms: float
    peak_bytes: int
    alive: bool
    init_ms: float | None = None
    init_log: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Answer:
    """A line from the worker, or why there is none (`timeout`, or how the process ended)."""

    told: dict[str, Any] = field(default_factory=dict)
    ended: str = ""
    elapsed_ms: float = 0.0


class Sandbox:
    """A process that runs one function for one invocation at a time."""

    def __init__(
        self, forks: ForkServer, function: Function, task: Path, scratch: Path, endpoint: str,
        credentials: Credentials, caller: Caller, log_stream: str, clock: Clock,
    ) -> None:  # fmt: skip
        self.stream = log_stream
        self.function = function.name
        self.request_id = ""
        self.group = function.log_group
        self.credentials = credentials
        self.caller = caller
        self.stream_made = False
        self._first: tuple[float | None, list[str]] | None = None
        self._memory_mb = function.memory_mb
        self._forks = forks
        self._clock = clock
        self._buffer = b""
        self._ending = threading.Lock()
        self._log_path = scratch / "log"
        (scratch / "tmp").mkdir(parents=True)
        log = os.open(self._log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        requests_out, self._requests = os.pipe()
        self._results, results_in = os.pipe()
        env = environment(function, task, scratch / "tmp", endpoint, credentials, log_stream)
        try:
            self.pid = forks.fork(env, requests_out, results_in, log)
        finally:
            for descriptor in (requests_out, results_in, log):
                os.close(descriptor)

    def initialise(self, seconds: float) -> Answer:
        """Wait for the end of the initialisation; `told["error"]` where the module can't be loaded."""
        answer = self._wait(seconds)
        if answer.told and "error" not in answer.told:
            self._first = (answer.told["init_ms"], self.log())
        return answer

    def invoke(self, function: Function, event: object, seconds: float) -> Outcome:
        """Run one invocation within so many seconds of real time; it sees the organisation's time."""
        request_id = self.request_id = str(uuid.uuid4())
        now = self._clock.now().timestamp()
        context = {
            "aws_request_id": request_id, "invoked_function_arn": function.arn, "now": now, "deadline": now + seconds,
        }  # fmt: skip
        line = json.dumps({"event": event, "context": context}).encode() + b"\n"
        with suppress(BrokenPipeError):
            _write_all(self._requests, line)
        outcome = self.outcome(request_id, self._wait(seconds), seconds)
        if self._first is not None:
            (outcome.init_ms, outcome.init_log), self._first = self._first, None
        return outcome

    def refused(self, answer: Answer, seconds: float) -> Outcome:
        """The outcome of an invocation whose environment couldn't be initialised."""
        return self.outcome(str(uuid.uuid4()), answer, seconds)

    def outcome(self, request_id: str, answer: Answer, seconds: float) -> Outcome:
        """What an answer of the worker, or its end, means to the caller."""
        peak = int(answer.told.get("peak_bytes", 0))
        if answer.told and peak > self._memory_mb * MEGABYTE:
            self._forks_end()
            answer = Answer(ended=_killed(peak, self._memory_mb), elapsed_ms=answer.elapsed_ms)
        log = self.log()
        if not answer.told:
            kind, message = ("Runtime.ExitError", f"Error: {answer.ended}")
            if answer.ended == "timeout":
                kind, message = ("Sandbox.Timedout", f"Error: Task timed out after {seconds:.2f} seconds")
            payload = json.dumps({"errorType": kind, "errorMessage": f"RequestId: {request_id} {message}"})
            log.append(f"RequestId: {request_id} {message}")
            return Outcome(request_id, payload, True, log, answer.elapsed_ms, peak, alive=False)
        if "error" in answer.told:
            payload = json.dumps({"requestId": request_id, **answer.told["error"]})
            alive = "init_ms" not in answer.told
            return Outcome(request_id, payload, True, log, answer.elapsed_ms, peak, alive)
        return Outcome(request_id, str(answer.told.get("ok", "")), False, log, answer.elapsed_ms, peak, alive=True)

    def log(self) -> list[str]:
        """The lines printed since last asked."""
        text = self._log_path.read_text(encoding="utf-8", errors="replace")
        os.truncate(self._log_path, 0)
        return [line for line in text.splitlines() if line]

    def kill(self) -> None:
        """Kill the process in the middle of what it does; who waits for its answer sees it ended."""
        with self._ending, suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill the process and what it started."""
        self._forks_end()
        for descriptor in (self._requests, self._results):
            with suppress(OSError):
                os.close(descriptor)
        self._requests = self._results = -1

    def _forks_end(self) -> int:
        with self._ending:
            if self.pid == 0:
                return 0
            pid, self.pid = self.pid, 0
            return self._forks.end(pid)

    def _wait(self, seconds: float) -> Answer:
        """The worker's next answer. A time that it sleeps and that the organisation skips counts as passed."""
        started = time.monotonic()
        while True:
            elapsed = time.monotonic() - started
            if b"\n" in self._buffer:
                line, _, self._buffer = self._buffer.partition(b"\n")
                told = json.loads(line)
                if "sleep" not in told:
                    return Answer(told=told, elapsed_ms=elapsed * 1000)
                started -= self._sleep(told["sleep"], seconds - elapsed)
                continue
            if elapsed >= seconds:
                self._forks_end()
                return Answer(ended="timeout", elapsed_ms=seconds * 1000)
            ready, _, _ = select.select([self._results], [], [], min(WATCH_SECONDS, seconds - elapsed))
            if ready:
                data = os.read(self._results, 65_536)
                if not data:
                    return Answer(ended=self._how_it_ended(), elapsed_ms=(time.monotonic() - started) * 1000)
                self._buffer += data
            elif (held := self._resident()) > self._memory_mb * MEGABYTE:
                self._forks_end()
                return Answer(ended=_killed(held, self._memory_mb), elapsed_ms=(time.monotonic() - started) * 1000)

    def _sleep(self, wanted: float, left: float) -> float:
        """Let the function sleep, for no longer than it has left. Returns how many seconds of it were skipped."""
        began, seconds = time.monotonic(), min(wanted, max(0.0, left))
        virtual(self._clock).sleep(seconds)
        if seconds == wanted:
            with suppress(BrokenPipeError):
                _write_all(self._requests, json.dumps({"now": self._clock.now().timestamp()}).encode() + b"\n")
        return max(0.0, seconds - (time.monotonic() - began))

    def _resident(self) -> int:
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def _how_it_ended(self) -> str:
        status = self._forks_end()
        if status == 0:
            return "Runtime exited without providing a reason"
        return f"Runtime exited with error: {'signal: killed' if status < 0 else f'exit status {status}'}"


def _killed(held: int, limit_mb: int) -> str:
    return f"Runtime exited with error: signal: killed (it held {held / MEGABYTE:.0f} MB of {limit_mb} MB)"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def environment(
    function: Function, task: Path, scratch: Path, endpoint: str, credentials: Credentials, log_stream: str
) -> Mapping[str, str]:
    """All variables of an execution environment: nothing of the parent's.

    Source: lambda/configuration-envvars (reserved names). Not AWS's: AWS_ENDPOINT_URL, AWS_EC2_METADATA_DISABLED (no
    address outside this machine is asked for credentials), TMPDIR (each environment has a /tmp of its own).
    """
    return {
        **function.variables,
        "_HANDLER": str(function.settings["Handler"]),
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.settings['Runtime']}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": function.region,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_TASK_ROOT": str(task),
        "LANG": "en_US.UTF-8",
        "PATH": PATH,
        "TMPDIR": str(scratch),
        "TZ": ":UTC",
    }
