"""Invoking functions: at once for who waits, later for who doesn't, with Lambda's retries and destinations.

Source: lambda/invocation-async-error-handling (two more tries after 1 and 2 minutes; throttles for up to 6 hours),
invocation-async-retain-records (destinations are authorised by the function's role).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import ApiError, Organisation
from rehearsal.organisation.runtime.functions import Function, find_function
from rehearsal.organisation.runtime.pool import LAMBDA, Pool
from rehearsal.organisation.runtime.sandbox import Outcome
from rehearsal.organisation.unfinished import Unfinished

RETRY_SECONDS = (60.0, 120.0)
THROTTLE_FIRST_SECONDS = 1.0
THROTTLE_LONGEST_SECONDS = 300.0
LONGEST_AGE_SECONDS = 21_600
THREADS = 8


@dataclass(slots=True)
class Later:
    """An asynchronous invocation on its way. `failures` counts the function's errors, `throttles` refusals to run."""

    arn: str
    event: Any
    since: datetime
    failures: int = 0
    throttles: int = 0


class Invocations:
    """All invocations of functions (component `lambda`)."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._clock = virtual(org.clock)
        self._clock.settle_with(self.settle)
        self.pool = Pool(org)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lambda")
        self._unfinished = Unfinished()

    def exists(self, arn: str) -> bool:
        try:
            self._function(arn)
        except ApiError:
            return False
        return True

    def invoke(self, arn: str, event: object) -> Outcome:
        """Run a function and wait.

        Raises ApiError (ResourceNotFoundException, TooManyRequestsException, AccessDenied).
        """
        return self._measured(self._function(arn), event)

    def invoke_later(self, arn: str, event: object) -> None:
        """Run a function when there is time for it; its errors are tried again and end in its destination."""
        self._submit(Later(arn, event, self._clock.now()))

    def pending(self) -> int:
        return self._unfinished.count()

    def settle(self, timeout_seconds: float = 30.0) -> bool:
        """Wait until no asynchronous invocation is at work. Returns whether none was, or one can't be waited for."""
        return self._unfinished.settle(timeout_seconds)

    def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.pool.stop()

    def _function(self, arn: str) -> Function:
        return find_function(self._org, arn, "", self._org.region)

    def _measured(self, function: Function, event: object) -> Outcome:
        """Run a function, and tell CloudWatch what Lambda measures of it (lambda/monitoring-metrics-types).

        Raises ApiError, as the pool does; a refusal for want of concurrency counts as a throttle, not as an invocation.
        """
        try:
            outcome = self.pool.run(function, event)
        except ApiError as error:
            if error.code == "TooManyRequestsException":
                self._measure(function, {"Throttles": (1.0, "Count")})
            raise
        self._measure(
            function,
            {
                "Invocations": (1.0, "Count"),
                "Errors": (float(bool(outcome.error)), "Count"),
                "Throttles": (0.0, "Count"),
                "Duration": (float(outcome.duration_ms), "Milliseconds"),
            },
        )
        return outcome

    def _measure(self, function: Function, values: Mapping[str, tuple[float, str]]) -> None:
        names = {"FunctionName": function.name}
        self._org.component("cloudwatch").measure(function.account, function.region, "AWS/Lambda", names, values)

    def _submit(self, later: Later) -> None:
        self._unfinished.begin()
        self._threads.submit(self._run, later)

    def _run(self, later: Later) -> None:
        try:
            with self._clock.at_work(self._unfinished.asleep):
                self._attempt(later)
        except Exception as error:  # noqa: BLE001 - told in the event log: nobody waits for this thread's result
            self._org.note("lost", function=later.arn, reason=f"{type(error).__name__}: {error}")
        finally:
            self._unfinished.end()

    def _attempt(self, later: Later) -> None:
        function = self._function(later.arn)
        settings = function.event_invoke or {}
        try:
            outcome = self._measured(function, later.event)
        except ApiError as error:
            if error.code != "TooManyRequestsException":
                raise
            later.throttles += 1
            wait = min(THROTTLE_FIRST_SECONDS * 2.0 ** (later.throttles - 1), THROTTLE_LONGEST_SECONDS)
            self._again(later, function, wait, settings, "EventAgeExceeded", error.message)
            return
        if not outcome.error:
            self._destination(function, settings, "OnSuccess", later, "Success", outcome)
            return
        later.failures += 1
        if later.failures > settings.get("MaximumRetryAttempts", len(RETRY_SECONDS)):
            self._failed(function, settings, later, "RetriesExhausted", outcome)
        else:
            self._again(
                later,
                function,
                RETRY_SECONDS[later.failures - 1],
                settings,
                "EventAgeExceeded",
                outcome.payload,
                outcome,
            )

    def _again(
        self, later: Later, function: Function, seconds: float, settings: Mapping[str, Any], condition: str, why: str,
        outcome: Outcome | None = None,
    ) -> None:  # fmt: skip
        age = self._clock.now() + timedelta(seconds=seconds) - later.since
        if age > timedelta(seconds=settings.get("MaximumEventAgeInSeconds", LONGEST_AGE_SECONDS)):
            self._failed(function, settings, later, condition, outcome)
            return
        self._org.note("retry", function=later.arn, seconds=seconds, reason=why[:500])
        self._clock.after(seconds, lambda: self._submit(later), f"asynchronous retry of {later.arn}")

    def _failed(
        self, function: Function, settings: Mapping[str, Any], later: Later, condition: str, outcome: Outcome | None
    ) -> None:
        told = self._destination(function, settings, "OnFailure", later, condition, outcome)
        queue = function.settings.get("DeadLetterConfig", {}).get("TargetArn")
        if queue:
            message = outcome.payload if outcome else condition
            attributes = {"ErrorMessage": _text(message[:1024]), "ErrorCode": _text("200")}
            told |= self._send(function, queue, json.dumps(later.event), attributes)
        if not told:
            self._org.note(
                "lost", function=later.arn, reason=f"{condition}: neither destination nor dead-letter queue took it"
            )

    def _destination(
        self, function: Function, settings: Mapping[str, Any], kind: str, later: Later, condition: str,
        outcome: Outcome | None,
    ) -> bool:  # fmt: skip
        arn = settings.get("DestinationConfig", {}).get(kind, {}).get("Destination")
        if arn is None:
            return False
        record: dict[str, Any] = {
            "version": "1.0", "timestamp": f"{self._clock.now():%Y-%m-%dT%H:%M:%S.000Z}",
            "requestContext": {
                "requestId": outcome.request_id if outcome else "", "functionArn": f"{function.arn}:$LATEST",
                "condition": condition, "approximateInvokeCount": later.failures + (kind == "OnSuccess"),
            },
            "requestPayload": later.event,
        }  # fmt: skip
        if outcome:
            record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST"}
            record["responsePayload"] = json.loads(outcome.payload or "null")
            if outcome.error:
                record["responseContext"]["functionError"] = "Unhandled"
        return self._send(function, arn, json.dumps(record), {})

    def _send(self, function: Function, queue: str, body: str, attributes: dict[str, Any]) -> bool:
        """Send to a queue with the function's role. False where that failed, which is told."""
        _, _, _, region, account, name = queue.split(":")
        url = f"https://sqs.{region}.amazonaws.com/{account}/{name}"
        params = {"QueueUrl": url, "MessageBody": body, "MessageAttributes": attributes}
        try:
            _, caller = self._org.service_session(LAMBDA, function.role, session_name=function.name)
            self._org.call(caller, "sqs", "SendMessage", params, region=region, account=account)
        except ApiError as error:
            self._org.note("lost", function=function.arn, destination=queue, reason=error.message)
            return False
        return True


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}
