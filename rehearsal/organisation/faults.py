"""Faults of the calls that functions make: throttled by the service, or the function's process killed around one.

A call is a function's if it comes with the credentials of one of its execution environments, or with those of a role
that it assumed with them. The same seed and the same calls of a function give the same faults, whatever other functions
do meanwhile. Source: the services' error pages (the codes of a throttling error, which the SDKs try again);
lambda/invocation-retries (a killed process is Runtime.ExitError, and the event source delivers again).
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rehearsal.organisation.core import ApiError, Call
from rehearsal.organisation.model import model

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator
    from rehearsal.organisation.runtime.sandbox import Sandbox

RATE = "Rate exceeded"
THROTTLED: dict[str, tuple[str, str, int]] = {
    "dynamodb": (
        "ThrottlingException", "Throughput exceeds the current capacity of your table or index.", 400,
    ),
    "iam": ("Throttling", RATE, 400),
    "lambda": ("TooManyRequestsException", RATE, 429),
    "organizations": ("TooManyRequestsException", RATE, 400),
    "ram": ("ThrottlingException", RATE, 429),
    "resourcegroupstaggingapi": ("ThrottledException", RATE, 400),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "sns": ("Throttled", RATE, 429),
    "sqs": ("RequestThrottled", "The request was denied due to request throttling.", 400),
    "sts": ("Throttling", RATE, 400),
}  # fmt: skip
"""Code, message and HTTP status by service; all others answer ThrottlingException with 400."""

OTHERS_THROTTLED = ("ThrottlingException", RATE, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """A share (`probability`, 0 to 1) of a service's calls by functions answers its throttling error.

    `operations` and `functions` (names) narrow it; empty: all of them.
    """

    service: str
    probability: float
    operations: Sequence[str] = ()
    functions: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(
                f"probability is {self.probability}, not from 0 to 1: {self.service} can't be throttled so"
            )
        unknown = sorted(set(self.operations) - set(model(self.service).operation_names))
        if unknown:
            raise ValueError(f"{self.service} has no operation {', '.join(unknown)}: nothing would be throttled")

    def concerns(self, call: Call, function: str) -> bool:
        return (
            call.service == self.service
            and (not self.operations or call.operation in self.operations)
            and (not self.functions or function in self.functions)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A function's process is killed before or after the `call`-th AWS call of an invocation, counted from 1.

    With `service` and `operation` only their calls count. `times`: in how many invocations; then it is over. Tries that
    an SDK makes again count too; calls while the function's module is loaded don't.
    """

    function: str
    call: int
    when: Literal["before", "after"]
    service: str = ""
    operation: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        if self.call < 1 or self.times < 1:
            raise ValueError(f"call is {self.call} and times {self.times}: both count from 1, so nothing would crash")
        if self.when not in ("before", "after"):
            raise ValueError(f"when is {self.when!r}, neither before nor after: nothing would crash")

    def counts(self, call: Call, function: str) -> bool:
        return (
            function == self.function
            and self.service in ("", call.service)
            and self.operation in ("", call.operation)
        )  # fmt: skip


class Crashed(Exception):
    """The function that made this call is dead: nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Blow:
    """A crash that one call of an execution environment brings about."""

    crash: Crash
    call: Call
    environment: Sandbox
    note: Callable[..., None]

    def strike(self, when: str) -> None:
        """Kill the function's process, if this is when it has to be. Raises Crashed."""
        if when != self.crash.when:
            return
        self.note(
            "crash", function=self.environment.function, request=self.environment.request_id, when=when,
            call=self.crash.call, operation=f"{self.call.service}:{self.call.operation}",
        )  # fmt: skip
        self.environment.kill()
        raise Crashed(self.environment.function)


class Faults:
    """The faults of calls that are set now; none at first."""

    def __init__(self, org: Emulator) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._throttles: Sequence[Throttle] = ()
        self._crashes: Sequence[Crash] = ()
        self._calls: Counter[tuple[Any, ...]] = Counter()
        self._crashed: Counter[int] = Counter()

    def set(self, throttles: Sequence[Throttle] = (), crashes: Sequence[Crash] = ()) -> None:
        """Replace the faults; counting begins anew."""
        with self._lock:
            self._throttles, self._crashes = tuple(throttles), tuple(crashes)
            self._calls, self._crashed = Counter(), Counter()

    def throttle(self, call: Call) -> None:
        """Refuse a call of a function as its service does when there are too many. Raises ApiError."""
        environment = self._environment(call) if self._throttles else None
        if environment is None:
            return
        name = environment.function
        for place, one in enumerate(self._throttles):
            if one.concerns(call, name) and self._hit(one.probability, place, name, call.service, call.operation):
                self._org.note(
                    "throttled", function=name, request=environment.request_id,
                    operation=f"{call.service}:{call.operation}",
                )  # fmt: skip
                code, message, status = THROTTLED.get(call.service, OTHERS_THROTTLED)
                raise ApiError(code, message, status)

    def blow(self, call: Call) -> Blow | None:
        """Count a call; the crash that it brings about, if it does."""
        environment = self._environment(call) if self._crashes else None
        if environment is None or not environment.request_id:
            return None
        with self._lock:
            due = [
                crash
                for place, crash in enumerate(self._crashes)
                if crash.counts(call, environment.function) and self._due(place, crash, environment.request_id)
            ]
        return Blow(due[0], call, environment, self._org.note) if due else None

    def _environment(self, call: Call) -> Sandbox | None:
        """The execution environment whose credentials a call carries, or those of a role that it assumed with them."""
        pool, key = self._org.component("lambda").pool, call.caller.access_key
        while key:
            found: Sandbox | None = pool.environment(key)
            if found is not None:
                return found
            session = self._org.identity.session(key)
            key = session.asked_by if session is not None else ""
        return None

    def _due(self, place: int, crash: Crash, request_id: str) -> bool:
        """Count one call of an invocation for a crash; whether it is the one."""
        key = (place, request_id)
        self._calls[key] += 1
        if self._calls[key] != crash.call or self._crashed[place] >= crash.times:
            return False
        self._crashed[place] += 1
        return True

    def _hit(self, probability: float, *what: object) -> bool:
        """Draw for the next call of its kind: each kind has a sequence of its own."""
        with self._lock:
            number = self._calls[what]
            self._calls[what] += 1
        drawn = random.Random(f"{self._org.seed} {what} {number}").random()  # noqa: S311 - reproducible faults
        return drawn < probability
