"""Event source mappings at work: read a queue with the function's role, invoke the function, delete what it did.

Sources: lambda/services-sqs-scaling (5 batches at once, maximum concurrency), services-sqs-errorhandling (partial batch
responses, throttled batches tried again), services-sqs-parameters, invocation-eventfiltering. Lambda polls without end;
here a mapping reads when its queue has a visible message, so that the request log holds no empty polls.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import ApiError, Caller, Organisation, Params
from rehearsal.organisation.delivery.patterns import matches
from rehearsal.organisation.runtime.functions import find_function
from rehearsal.organisation.runtime.mappings import Mapping, filterable, item_failures, record
from rehearsal.organisation.runtime.pool import LAMBDA, RENEW_BEFORE
from rehearsal.organisation.runtime.sandbox import Outcome
from rehearsal.organisation.services.sqs.queues import find_queue

RECEIVE_MOST = 10
LONGEST_WAIT_SECONDS = 1.0
BLOCKED_SECONDS = 5.0
LONGEST_BLOCKED_SECONDS = 300.0
BATCH_BYTES = 6_291_456
THROTTLED_FIRST_SECONDS = 0.02
THROTTLED_LONGEST_SECONDS = 1.0
"""Real seconds between tries of a throttled batch; AWS publishes no numbers."""


class Pollers:
    """Reads the queues of all enabled mappings, each in a thread of its own (component `pollers`)."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._clock = virtual(org.clock)
        self._clock.settle_with(self.settle)
        self._threads: dict[str, threading.Thread] = {}
        self._mappings: dict[str, Mapping] = {}
        self._batches = ThreadPoolExecutor(32, thread_name_prefix="batch")
        self._changed = threading.Condition()
        self._stopped = False

    def changed(self, mapping: Mapping) -> None:
        """Begin, go on or cease reading after a mapping was made, changed or deleted."""
        mapping.blocked, mapping.problems, mapping.session = None, 0, None
        with self._changed:
            self._mappings[mapping.uuid] = mapping
            if mapping.uuid not in self._threads and not mapping.deleted:
                thread = threading.Thread(
                    target=self._poll, args=(mapping,), name=f"mapping-{mapping.uuid}", daemon=True
                )
                self._threads[mapping.uuid] = thread
                thread.start()
        self._org.component("queues").tell()

    def pending(self) -> int:
        return sum(one.busy + self._has_work(one) for one in list(self._mappings.values()))

    def settle(self, timeout_seconds: float = 30.0) -> bool:
        """Wait until what is visible has been read and worked on.

        A batch that waits for its window, or whose function sleeps, doesn't count: only time ends either. Returns
        whether it was so already, or can't be waited for.
        """

        def settled() -> bool:
            return all(one.gathering or self._only_sleeps(one) for one in list(self._mappings.values()))

        with self._changed:
            return settled() or not self._changed.wait_for(settled, timeout_seconds)

    def stop(self) -> None:
        self._stopped = True
        self._org.component("queues").tell()
        for thread in list(self._threads.values()):
            thread.join(timeout=5)
        self._batches.shutdown(wait=False, cancel_futures=True)

    def _only_sleeps(self, mapping: Mapping) -> bool:
        full = mapping.asleep >= mapping.concurrency
        return mapping.busy <= mapping.asleep and (full or not self._has_work(mapping))

    def _has_work(self, mapping: Mapping) -> bool:
        if mapping.deleted or not mapping.enabled or self._stopped:
            return False
        now = self._clock.now()
        if mapping.blocked is not None and mapping.blocked > now:
            return False
        queue = find_queue(self._org, mapping.queue)
        return queue is not None and queue.visible(now) > 0

    def _poll(self, mapping: Mapping) -> None:
        while not self._stopped and not mapping.deleted:
            if mapping.busy < mapping.concurrency and self._has_work(mapping):
                self._count(mapping, 1)
                records = self._guarded(mapping)
                if records:
                    self._batches.submit(self._work, mapping, records)
                else:
                    self._count(mapping, -1)
            else:
                self._org.component("queues").wait(self._until_next(mapping))
        with self._changed:
            self._threads.pop(mapping.uuid, None)
            if mapping.deleted:
                self._mappings.pop(mapping.uuid, None)

    def _until_next(self, mapping: Mapping) -> float:
        """Real seconds until a hidden message may show or a problem be over; arrivals and skips wake sooner."""
        now = self._clock.now()
        queue = find_queue(self._org, mapping.queue)
        times = [one.visible for one in list(queue.messages)] if queue else []
        times += [mapping.blocked] if mapping.blocked else []
        waits = [(time - now).total_seconds() for time in times if time > now]
        return max(0.001, min([LONGEST_WAIT_SECONDS, *waits]))

    def _count(self, mapping: Mapping, by: int) -> None:
        with self._changed:
            mapping.busy += by
            self._changed.notify_all()
        if by < 0:
            self._org.component("queues").tell()

    def _asleep(self, mapping: Mapping, by: int) -> None:
        with self._changed:
            mapping.asleep += by
            self._changed.notify_all()

    def _guarded(self, mapping: Mapping) -> list[Params]:
        """Read a batch; a problem blocks the mapping for a while and is told."""
        try:
            records = self._read(mapping)
        except ApiError as error:
            self._problem(mapping, f"Lambda could not read the queue with the function's role: {error.message}")
            return []
        except Exception as error:  # noqa: BLE001 - told; a mapping must not die silently
            self._problem(mapping, f"{type(error).__name__}: {error} (a fault of the rehearsal itself)")
            return []
        mapping.problems, mapping.blocked = 0, None
        return records

    def _problem(self, mapping: Mapping, what: str) -> None:
        mapping.result = f"PROBLEM: {what}"
        wait = min(BLOCKED_SECONDS * 2.0 ** min(mapping.problems, 20), LONGEST_BLOCKED_SECONDS)
        mapping.problems += 1
        mapping.blocked = self._clock.now() + timedelta(seconds=wait)
        self._clock.after(wait, self._org.component("queues").tell, f"next try of mapping {mapping.uuid}")
        self._org.note(
            "mapping-problem", mapping=mapping.uuid, queue=mapping.queue, function=mapping.function, reason=what
        )

    def _caller(self, mapping: Mapping) -> Caller:
        function = find_function(self._org, mapping.function, mapping.account, mapping.region)
        if mapping.session is not None:
            role, caller, expires = mapping.session
            if role == function.role and expires - RENEW_BEFORE > self._clock.now():
                return caller
        credentials, caller = self._org.service_session(LAMBDA, function.role, session_name=function.name)
        mapping.session = (function.role, caller, credentials.expires)
        return caller

    def _queue_call(self, mapping: Mapping, operation: str, params: Params) -> Params:
        _, _, _, region, account, name = mapping.queue.split(":")
        url = f"https://sqs.{region}.amazonaws.com/{account}/{name}"
        caller = self._caller(mapping)
        return self._org.call(caller, "sqs", operation, {"QueueUrl": url, **params}, region=region, account=account)

    def _read(self, mapping: Mapping) -> list[Params]:
        """Messages up to the batch size, for as long as the window is open; those that no filter wants are deleted."""
        records = self._receive(mapping, mapping.batch_size)
        end = self._clock.now() + timedelta(seconds=mapping.window_seconds)
        mapping.gathering = True
        try:
            while records and len(records) < mapping.batch_size and self._clock.now() < end and not self._stopped:
                more = self._receive(mapping, mapping.batch_size - len(records)) if self._has_work(mapping) else []
                records += more
                if sum(len(one["body"]) for one in records) >= BATCH_BYTES:
                    break
                if not more:
                    left = (end - self._clock.now()).total_seconds()
                    self._org.component("queues").wait(max(0.001, min(left, LONGEST_WAIT_SECONDS)))
        finally:
            mapping.gathering = False
        return self._wanted(mapping, records)

    def _receive(self, mapping: Mapping, most: int) -> list[Params]:
        params = {
            "MaxNumberOfMessages": min(most, RECEIVE_MOST),
            "WaitTimeSeconds": 0,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        answer = self._queue_call(mapping, "ReceiveMessage", params)
        return [record(message, mapping) for message in answer.get("Messages", [])]

    def _wanted(self, mapping: Mapping, records: list[Params]) -> list[Params]:
        patterns = mapping.filters
        if not patterns:
            return records
        wanted = [one for one in records if any(matches(pattern, filterable(one)) for pattern in patterns)]
        self._delete(mapping, [one for one in records if one not in wanted])
        return wanted

    def _work(self, mapping: Mapping, records: list[Params]) -> None:
        try:
            with self._clock.at_work(partial(self._asleep, mapping)):
                self._invoke(mapping, records)
        except ApiError as error:
            self._problem(mapping, error.message)
        except Exception as error:  # noqa: BLE001 - told; nobody waits for this thread's result
            self._problem(mapping, f"{type(error).__name__}: {error} (a fault of the rehearsal itself)")
        finally:
            self._count(mapping, -1)

    def _invoke(self, mapping: Mapping, records: list[Params]) -> None:
        outcome = self._answered(mapping, records)
        ids = [one["messageId"] for one in records]
        failed, why = self._failed(mapping, outcome, ids)
        self._org.note(
            "batch", mapping=mapping.uuid, function=mapping.function, queue=mapping.queue, request=outcome.request_id,
            messages=ids, failed=sorted(failed), **({"reason": why} if why else {}),
        )  # fmt: skip
        self._delete(mapping, [one for one in records if one["messageId"] not in failed])
        mapping.result = "PROBLEM: Function call failed" if why else "OK"

    def _answered(self, mapping: Mapping, records: list[Params]) -> Outcome:
        """The function's answer. A throttled batch is tried again until its messages show again in the queue, which
        counts no further receive (lambda/services-sqs-errorhandling).
        """
        queue = find_queue(self._org, mapping.queue)
        hidden = timedelta(seconds=queue.seconds("VisibilityTimeout") if queue else 0)
        end, wait = self._clock.now() + hidden, THROTTLED_FIRST_SECONDS
        while True:
            try:
                answer: Outcome = self._org.component("lambda").invoke(mapping.function, {"Records": records})
            except ApiError as error:
                if error.code != "TooManyRequestsException" or self._stopped or self._clock.now() >= end:
                    raise
            else:
                return answer
            self._org.component("queues").wait(wait)
            wait = min(wait * 2, THROTTLED_LONGEST_SECONDS)

    def _failed(self, mapping: Mapping, outcome: Outcome, ids: Sequence[str]) -> tuple[set[str], str]:
        """The ids that go back to the queue, and why if that is the whole batch."""
        if outcome.error:
            return set(ids), f"function error: {outcome.payload[:300]}"
        if not mapping.reports_failures:
            return set(), ""
        return item_failures(outcome.payload, ids)

    def _delete(self, mapping: Mapping, records: Sequence[Params]) -> None:
        for start in range(0, len(records), RECEIVE_MOST):
            entries = [
                {"Id": str(number), "ReceiptHandle": one["receiptHandle"]}
                for number, one in enumerate(records[start : start + RECEIVE_MOST])
            ]
            answer = self._queue_call(mapping, "DeleteMessageBatch", {"Entries": entries})
            for one in answer.get("Failed", []):
                self._org.note("delete-failed", mapping=mapping.uuid, queue=mapping.queue, reason=one.get("Message"))
