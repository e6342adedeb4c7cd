"""The pool of execution environments: which one takes an invocation, when a new one starts, what is logged.

Sources: lambda/lambda-runtime-environment (reuse, one invocation at a time), configuration-concurrency (reserved
concurrency, throttling), monitoring-cloudwatchlogs (the role writes the log), lambda-runtimes-api (INIT, START, END,
REPORT lines).
"""

from __future__ import annotations

import io
import math
import shutil
import tempfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from weakref import WeakValueDictionary

from rehearsal.organisation.core import ApiError, NotEmulated, Organisation
from rehearsal.organisation.runtime.forks import ForkServer
from rehearsal.organisation.runtime.functions import Function
from rehearsal.organisation.runtime.sandbox import INIT_SECONDS, MEGABYTE, Outcome, Sandbox

ACCOUNT_CONCURRENCY = 1000
"""Source: lambda/gettingstarted-limits."""

MOST_IDLE = 4
"""Warm environments kept of one function; Lambda keeps as many as were busy at once, this machine can't."""

RENEW_BEFORE = timedelta(minutes=5)
LAMBDA = "lambda.amazonaws.com"


@dataclass(slots=True)
class Stock:
    """The environments of one function. `version` tells whether they still run what the function is now."""

    version: str = ""
    idle: list[Sandbox] = field(default_factory=list)
    busy: int = 0


class Pool:
    """Runs functions of all accounts. Processes start at the first invocation."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._stocks: dict[str, Stock] = defaultdict(Stock)
        self._forks: ForkServer | None = None
        self._root: Path | None = None
        self._count = 0
        self._by_key: WeakValueDictionary[str, Sandbox] = WeakValueDictionary()
        self.cold_starts = 0
        self.invocations = 0

    def run(self, function: Function, event: object) -> Outcome:
        """Invoke a function and wait for its result.

        Raises ApiError (TooManyRequestsException; AccessDenied where the role can't be assumed).
        """
        self._enter(function)
        sandbox: Sandbox | None = None
        outcome: Outcome | None = None
        try:
            sandbox, outcome = self._ready(function)
            if outcome is None:
                outcome = sandbox.invoke(function, event, function.timeout_seconds)
            self._report(function, sandbox, outcome)
            return outcome
        finally:
            self._leave(function, sandbox, alive=outcome is not None and outcome.alive)

    def environment(self, access_key: str) -> Sandbox | None:
        """The execution environment that was given these credentials, if there is one still."""
        return self._by_key.get(access_key)

    def forget(self, arn: str) -> None:
        """End the idle environments of a function that was deleted."""
        with self._lock:
            stock = self._stocks.pop(arn, None)
        for sandbox in stock.idle if stock else ():
            sandbox.end()

    def stop(self) -> None:
        with self._lock:
            idle = [sandbox for stock in self._stocks.values() for sandbox in stock.idle]
            self._stocks.clear()
            forks, root = self._forks, self._root
        for sandbox in idle:
            sandbox.end()
        if forks is not None:
            forks.stop()
        if root is not None:
            shutil.rmtree(root, ignore_errors=True)

    def _enter(self, function: Function) -> None:
        most = function.reserved_concurrency
        with self._lock:
            stock = self._stocks[function.arn]
            if stock.busy >= (ACCOUNT_CONCURRENCY if most is None else most):
                reason = (
                    "ConcurrentInvocationLimitExceeded"
                    if most is None
                    else "ReservedFunctionConcurrentInvocationLimitExceeded"
                )
                raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason, Type="User")
            stock.busy += 1
            self.invocations += 1

    def _leave(self, function: Function, sandbox: Sandbox | None, *, alive: bool) -> None:
        with self._lock:
            stock = self._stocks[function.arn]
            stock.busy -= 1
            keep = alive and stock.version == function.revision and len(stock.idle) < MOST_IDLE
            if sandbox is not None and keep:
                stock.idle.append(sandbox)
        if sandbox is not None and not keep:
            sandbox.end()

    def _ready(self, function: Function) -> tuple[Sandbox, Outcome | None]:
        """A warm environment, or a new one; with an outcome where its initialisation already decided it."""
        with self._lock:
            stock = self._stocks[function.arn]
            stale = [] if stock.version == function.revision else stock.idle
            if stale:
                stock.idle = []
            stock.version = function.revision
            renew = self._org.clock.now() + RENEW_BEFORE
            stale += [one for one in stock.idle if one.credentials.expires <= renew]
            stock.idle = [one for one in stock.idle if one.credentials.expires > renew]
            warm = stock.idle.pop() if stock.idle else None
        for sandbox in stale:
            sandbox.end()
        return (warm, None) if warm is not None else self._start(function)

    def _start(self, function: Function) -> tuple[Sandbox, Outcome | None]:
        """Start an environment; too slow an initialisation is begun again, within the function's own time limit."""
        sandbox = self._new(function)
        answer = sandbox.initialise(INIT_SECONDS)
        limit = INIT_SECONDS
        if answer.ended == "timeout":
            self._write(
                function,
                sandbox,
                [f"INIT_REPORT Init Duration: {INIT_SECONDS * 1000:.2f} ms\tPhase: init\tStatus: timeout"],
            )
            sandbox.end()
            sandbox = self._new(function)
            limit = function.timeout_seconds
            answer = sandbox.initialise(limit)
        if answer.told and "error" not in answer.told:
            return sandbox, None
        return sandbox, sandbox.refused(answer, limit)

    def _new(self, function: Function) -> Sandbox:
        credentials, caller = self._org.service_session(LAMBDA, function.role, session_name=function.name)
        with self._lock:
            self._count += 1
            self.cold_starts += 1
            number = self._count
            forks, root = self._server()
            task = self._unpacked(root, function)
        now = self._org.clock.now()
        stream = f"{now:%Y/%m/%d}/[$LATEST]{number:032x}"
        made = Sandbox(
            forks, function, task, root / "sandboxes" / str(number), self._org.endpoint, credentials, caller, stream,
            self._org.clock,
        )  # fmt: skip
        self._by_key[credentials.access_key] = made
        return made

    def _server(self) -> tuple[ForkServer, Path]:
        if self._forks is None or self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="rehearsal-lambda-"))
            self._forks = ForkServer(self._root)
        return self._forks, self._root

    def _unpacked(self, root: Path, function: Function) -> Path:
        folder = root / "code" / function.code_sha256.replace("/", "_").replace("=", "")
        if not folder.exists():
            folder.mkdir(parents=True)
            with zipfile.ZipFile(io.BytesIO(function.code)) as package:
                package.extractall(folder)
        return folder

    def _report(self, function: Function, sandbox: Sandbox, outcome: Outcome) -> None:
        id_, billed = outcome.request_id, math.ceil(outcome.duration_ms + (outcome.init_ms or 0))
        initialised = f"\tInit Duration: {outcome.init_ms:.2f} ms" if outcome.init_ms is not None else ""
        used = math.ceil(outcome.peak_bytes / MEGABYTE)
        report = (
            f"REPORT RequestId: {id_}\tDuration: {outcome.duration_ms:.2f} ms\tBilled Duration: {billed} ms"
            f"\tMemory Size: {function.memory_mb} MB\tMax Memory Used: {used} MB{initialised}"
        )
        start = f"START RequestId: {id_} Version: $LATEST"
        lines = [*outcome.init_log, start, *outcome.log, f"END RequestId: {id_}", report]
        self._org.note(
            "invocation", function=function.arn, request=id_, error=outcome.error, cold=outcome.init_ms is not None,
            duration_ms=round(outcome.duration_ms, 2), peak_mb=used,
            **({"payload": outcome.payload[:500]} if outcome.error else {}),
        )  # fmt: skip
        self._write(function, sandbox, lines)

    def _write(self, function: Function, sandbox: Sandbox, lines: list[str]) -> None:
        """Write to the function's log group with its role's rights; what it lacks is told, and the log is lost."""
        names = {"logGroupName": sandbox.group, "logStreamName": sandbox.stream}
        now = int(self._org.clock.now().timestamp() * 1000)
        try:
            if not sandbox.stream_made:
                self._make_stream(function, sandbox, names)
            events = [{"timestamp": now, "message": line} for line in lines]
            self._logs(function, sandbox, "PutLogEvents", {**names, "logEvents": events})
        except NotEmulated:
            raise
        except ApiError as error:
            self._org.note(
                "lost-logs", function=function.arn, group=sandbox.group, lines=len(lines), reason=error.message
            )

    def _make_stream(self, function: Function, sandbox: Sandbox, names: dict[str, str]) -> None:
        try:
            self._logs(function, sandbox, "CreateLogStream", names)
        except ApiError as error:
            if error.code != "ResourceNotFoundException":
                raise
            self._make_group(function, sandbox)
            self._logs(function, sandbox, "CreateLogStream", names)
        sandbox.stream_made = True

    def _make_group(self, function: Function, sandbox: Sandbox) -> None:
        """Two environments that start together both find no group: the second one's attempt is no failure."""
        try:
            self._logs(function, sandbox, "CreateLogGroup", {"logGroupName": sandbox.group})
        except ApiError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise

    def _logs(self, function: Function, sandbox: Sandbox, operation: str, params: Mapping[str, object]) -> None:
        self._org.call(sandbox.caller, "logs", operation, dict(params), region=function.region)
