"""One execution environment of a function: initialises it, then answers invocations until its input ends.

Runs in a process forked by `forkserver`, which has imported this file: only the standard library here. Requests and
results are JSON lines on two pipes; what the function prints goes to the log file that is descriptor 1 and 2. Where the
function sleeps, the line `{"sleep": seconds}` is answered by `{"now": epoch seconds}` when that time has passed.
Source: lambda/runtimes-api, lambda/python-handler, python-context, python-logging, python-exceptions.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import IO, Any, SupportsIndex

MAX_RESPONSE_BYTES = 6_291_556
"""Source: lambda/gettingstarted-limits (6 MB, as the service's error states it)."""

Handler = Callable[[Any, Any], Any]
Failure = dict[str, Any]


class Clock:
    """The time that the function sees: the organisation's, which skips; the machine's where nothing can move it."""

    def __init__(self) -> None:
        self.travel: Callable[..., Any] | None = None
        self._journey: Any = None
        self._machine_sleep, self._machine_monotonic = time.sleep, time.monotonic
        self._skipped = 0.0

    def set(self, now: float) -> None:
        """Let it be `now` (epoch seconds) and go on from there."""
        if self.travel is None:
            return
        if self._journey is not None:
            self._journey.stop()
        self._journey = self.travel(now, tick=True)
        self._journey.start()

    def sleep_with(self, wait: Callable[[float], float]) -> None:
        """Let the main thread's sleep be the organisation's: `wait` waits so many seconds of its and says what time
        (epoch seconds) it is then.
        """

        def sleep(seconds: float | SupportsIndex) -> None:
            seconds = float(seconds)
            if seconds <= 0 or threading.current_thread() is not threading.main_thread():
                self._machine_sleep(seconds)
                return
            started = self._machine_monotonic()
            self.set(wait(seconds))
            self._skipped += max(0.0, seconds - (self._machine_monotonic() - started))

        time.sleep = sleep
        time.monotonic = lambda: self._machine_monotonic() + self._skipped


CLOCK = Clock()


class Context:
    """The second argument of a handler (lambda/python-context)."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.aws_request_id: str = told["aws_request_id"]
        self.invoked_function_arn: str = told["invoked_function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline: float = told["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


class LogFormatter(logging.Formatter):
    """`[LEVEL]<tab>time<tab>request id<tab>message`, as the managed run time writes it (lambda/python-logging)."""

    request_id = ""

    def __init__(self) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        return time.strftime(datefmt or "%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))

    def format(self, record: logging.LogRecord) -> str:
        record.aws_request_id = self.request_id
        return super().format(record)


def load_handler(path: str) -> tuple[Handler | None, Failure | None]:
    """Import the handler `module.function`: the function, or the error that every invocation will answer."""
    module, _, name = path.rpartition(".")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        return None, failure(f"Unable to import module '{module}': {error}", "Runtime.ImportModuleError")
    except SyntaxError as error:
        return None, failure(f"Syntax error in module '{module}': {error}", "Runtime.UserCodeSyntaxError")
    except Exception as error:  # noqa: BLE001 - whatever the module raises is its initialisation error
        return None, of_exception(error)
    handler = getattr(loaded, name, None)
    if handler is None:
        return None, failure(f"Handler '{name}' missing on module '{module}'", "Runtime.HandlerNotFound")
    return handler, None


def failure(message: str, kind: str, stack: list[str] | None = None) -> Failure:
    return {"errorMessage": message, "errorType": kind, "stackTrace": stack or []}


def of_exception(error: Exception) -> Failure:
    """An exception as the caller sees it; frames of this file are left out."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
    return failure(str(error), type(error).__name__, traceback.format_list(frames))


def invoke(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    """Call the handler: `{"ok": JSON text}` or `{"error": Failure}`."""
    try:
        answer = handler(request["event"], Context(request["context"]))
    except Exception as error:  # noqa: BLE001 - a function's error is its result
        return {"error": of_exception(error)}
    try:
        text = json.dumps(answer)
    except (TypeError, ValueError) as error:
        return {"error": failure(f"Unable to marshal response: {error}", "Runtime.MarshalError")}
    if len(text) > MAX_RESPONSE_BYTES:
        message = (
            f"Response payload size ({len(text)} bytes) exceeded maximum allowed payload size "
            f"({MAX_RESPONSE_BYTES} bytes)."
        )
        return {"error": failure(message, "Function.ResponseSizeTooLarge")}
    return {"ok": text}


def log_failure(error: Failure) -> None:
    trace = "".join(["Traceback (most recent call last):\n", *error["stackTrace"]]) if error["stackTrace"] else ""
    print(f"[ERROR] {error['errorType']}: {error['errorMessage']}\n{trace}".rstrip("\n"))


def peak_bytes() -> int:
    """The most memory that this process has held, pages shared with its parent included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): bytes on macOS, KiB elsewhere


def serve(requests: IO[str], results: IO[str]) -> None:
    """Initialise, say so, then answer requests until their end."""
    root = os.environ["LAMBDA_TASK_ROOT"]
    os.chdir(root)
    sys.path.insert(0, root)
    formatter = LogFormatter()
    handler_of_logs = logging.StreamHandler(sys.stdout)
    handler_of_logs.setFormatter(formatter)
    logging.getLogger().handlers[:] = [handler_of_logs]

    def answer(result: dict[str, Any]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        results.write(json.dumps({**result, "peak_bytes": peak_bytes()}) + "\n")
        results.flush()

    def wait(seconds: float) -> float:
        results.write(json.dumps({"sleep": seconds}) + "\n")
        results.flush()
        return float(json.loads(requests.readline())["now"])

    CLOCK.sleep_with(wait)
    started = time.perf_counter()
    handler, error = load_handler(os.environ["_HANDLER"])
    if error is not None:
        log_failure(error)
    answer({"init_ms": (time.perf_counter() - started) * 1000, **({"error": error} if error else {})})
    if handler is None:
        return
    for line in requests:
        request = json.loads(line)
        formatter.request_id = request["context"]["aws_request_id"]
        CLOCK.set(request["context"]["now"])
        result = invoke(handler, request)
        if "error" in result:
            result["error"]["requestId"] = formatter.request_id
            log_failure(result["error"])
        answer(result)
