"""`governance redrive`, `reconcile` and `backfill` against a queue service in memory, with crashes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from blueprint.names import Names
from console.errors import CommandError, NotThere
from console.jobs import Patience, run
from console.redriving import SOURCES, redrive_all, redrive_spoke
from tests.console.conftest import Command
from tests.governance.samples import HUB, REGION

NAMES = Names("mlgov", REGION)


class Crash(Exception):
    """The command ends here."""


class Sqs:
    """SQS as far as commands use it: what is received is hidden until deleted or shown again. Messages by queue."""

    meta = type("Meta", (), {"region_name": REGION})

    def __init__(self) -> None:
        self.queues: dict[str, list[dict[str, Any]]] = {}
        self.calls = 0
        self.crash_at: int | None = None
        self.serve: Callable[[str], None] = lambda queue: None

    def put(self, queue: str, body: str, **attributes: str) -> None:
        told = {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()}
        messages = self.queues.setdefault(queue, [])
        number = f"{queue}-{sum(map(len, self.queues.values()))}-{self.calls}"
        messages.append({"MessageId": number, "ReceiptHandle": number, "Body": body, "MessageAttributes": told})

    def bodies(self, queue: str) -> list[str]:
        return [message["Body"] for message in self.queues.get(queue, [])]

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self.crash_at:
            raise Crash

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        return {"QueueUrl": f"https://sqs/{HUB}/{QueueName}"}

    def receive_message(self, QueueUrl: str, **parameters: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self._call()
        visible = [m for m in self.queues.get(_queue(QueueUrl), []) if not m.get("hidden")][:10]
        for message in visible:
            message["hidden"] = True
        return {"Messages": [dict(message) for message in visible]}

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's names
        self._call()
        self.put(_queue(QueueUrl), MessageBody)
        self._call()
        self.serve(_queue(QueueUrl))

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803 - boto3's names
        self._call()
        queue = self.queues[_queue(QueueUrl)]
        queue[:] = [message for message in queue if message["ReceiptHandle"] != ReceiptHandle]

    def change_message_visibility(self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        for message in self.queues[_queue(QueueUrl)]:
            if message["ReceiptHandle"] == ReceiptHandle:
                message["hidden"] = bool(VisibilityTimeout)

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803
        there = str(len(self.queues.get(_queue(QueueUrl), [])))
        return {
            "Attributes": {name: there if name == "ApproximateNumberOfMessages" else "0" for name in AttributeNames}
        }

    def time_out(self) -> None:
        """What was received and not deleted is visible again."""
        for queue in self.queues.values():
            for message in queue:
                message["hidden"] = False


def _queue(url: str) -> str:
    return url.rpartition("/")[2]


def lost() -> Sqs:
    """Dead letters of both kinds, and one that nothing can read."""
    sqs = Sqs()
    for number in range(12):
        sqs.put("mlgov-capture-dlq", f"given up {number}")
    sqs.put("mlgov-capture-dlq", "no event", reason="not-an-event", event_id="(unknown)")
    jobs = NAMES.queue_arn(HUB, "mlgov-inventory-jobs")
    sqs.put(
        "mlgov-rules-dlq", "an event", TARGET_ARN=NAMES.queue_arn(HUB, "mlgov-capture"), ERROR_CODE="NO_PERMISSIONS"
    )
    sqs.put("mlgov-rules-dlq", "a schedule", TARGET_ARN=jobs, ERROR_CODE="SDK_CLIENT_ERROR")
    sqs.put("mlgov-metrics-jobs-dlq", "a job")
    return sqs


def test_both_kinds_of_dead_letters_go_where_they_belong() -> None:
    """Guards: a rule's lost events left behind, or a schedule's sent to capture, which can't read it."""
    sqs = lost()
    redrive_all(sqs, NAMES, HUB, unparseable=False, dry=False)
    assert sorted(sqs.bodies("mlgov-capture")) == sorted(["an event", *(f"given up {n}" for n in range(12))])
    assert sqs.bodies("mlgov-inventory-jobs") == ["a schedule"]
    assert sqs.bodies("mlgov-metrics-jobs") == ["a job"]
    assert sqs.bodies("mlgov-rules-dlq") == []


def test_what_can_not_be_read_is_left_and_said() -> None:
    """Guards: poison that circles between queue and dead-letter queue for ever, or vanishes."""
    sqs = lost()
    found = {queue.queue: queue for queue in redrive_all(sqs, NAMES, HUB, unparseable=False, dry=False)}
    assert found["mlgov-capture-dlq"].left == {"not-an-event": 1}
    assert sqs.bodies("mlgov-capture-dlq") == ["no event"]
    assert not any(message.get("hidden") for message in sqs.queues["mlgov-capture-dlq"]), "visible to the next look"
    redrive_all(sqs, NAMES, HUB, unparseable=True, dry=False)
    assert sqs.bodies("mlgov-capture-dlq") == []


def test_what_comes_back_at_once_is_left() -> None:
    """Guards: a command that sends the same poison round and round until somebody kills it."""
    sqs = Sqs()
    sqs.put("mlgov-capture-dlq", "no event", reason="not-an-event", event_id="(unknown)")
    sqs.put("mlgov-capture-dlq", "an event", reason="unknown-event", event_id="1")
    sqs.serve = lambda queue: sqs.put(f"{queue}-dlq", sqs.bodies(queue)[-1], reason="not-an-event")
    found = {queue.queue: queue for queue in redrive_all(sqs, NAMES, HUB, unparseable=True, dry=False)}
    assert found["mlgov-capture-dlq"].sent == {"mlgov-capture": 2}
    assert found["mlgov-capture-dlq"].left == {"not-an-event": 2}
    assert sorted(sqs.bodies("mlgov-capture-dlq")) == ["an event", "no event"]


class LongPoll(Sqs):
    """Each first look takes until all queues are looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.all_looked_at = threading.Barrier(len(SOURCES))

    def receive_message(self, QueueUrl: str, **parameters: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.all_looked_at.wait(timeout=5)
        return super().receive_message(QueueUrl, **parameters)


def test_all_queues_are_looked_at_side_by_side() -> None:
    """Guards: a second of waiting for each empty queue, one after the other."""
    assert not any(
        queue.left or queue.sent for queue in redrive_all(LongPoll(), NAMES, HUB, unparseable=False, dry=False)
    )


def test_a_dry_run_moves_nothing_and_hides_nothing() -> None:
    """Guards: a look that changes what it looks at."""
    sqs = lost()
    before = {name: sqs.bodies(name) for name in sqs.queues}
    found = redrive_all(sqs, NAMES, HUB, unparseable=True, dry=True)
    assert sum(sum(queue.sent.values()) for queue in found) == 16
    assert {name: sqs.bodies(name) for name in sqs.queues} == before
    assert not any(message.get("hidden") for queue in sqs.queues.values() for message in queue)


@given(st.lists(st.integers(1, 60), max_size=4))
def test_repeated_after_any_crash_nothing_is_lost(crashes: list[int]) -> None:
    """Guards: a message deleted before it was sent, or lost between two runs. It may come twice."""
    sqs = lost()
    for crash in [*crashes, None]:
        sqs.calls, sqs.crash_at = 0, crash
        try:
            redrive_all(sqs, NAMES, HUB, unparseable=False, dry=False)
        except Crash:
            sqs.time_out()
    assert set(sqs.bodies("mlgov-capture")) == {"an event", *(f"given up {n}" for n in range(12))}
    assert sqs.bodies("mlgov-capture-dlq") == ["no event"]


def test_what_a_spoke_could_not_forward_reaches_capture() -> None:
    """Guards: events that end in an account which nobody looks at."""
    spoke, hub = Sqs(), Sqs()
    spoke.put("mlgov-dev-forward-dlq", "an event", ERROR_CODE="NO_PERMISSIONS")
    found = redrive_spoke(spoke, hub, NAMES, "dev", unparseable=False, dry=False)
    assert found.sent == {"mlgov-capture": 1}
    assert (hub.bodies("mlgov-capture"), spoke.bodies("mlgov-dev-forward-dlq")) == (["an event"], [])


def test_every_dead_letter_queue_of_the_hub_is_redriven() -> None:
    """Guards: a function added later whose dead letters nothing sends back."""
    from typing import get_args

    from blueprint.names import Queue

    assert set(SOURCES) == {queue for queue in get_args(Queue) if queue.endswith("-dlq")}


class Elsewhere(Sqs):
    """SQS of an account that has no such queue, by the protocol's code (botocore's sqs/2012-11-05)."""

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        error = {"Code": "AWS.SimpleQueueService.NonExistentQueue", "Message": "The specified queue does not exist."}
        raise ClientError({"Error": error}, "GetQueueUrl")


def test_another_account_or_prefix_is_said_with_the_remedy() -> None:
    """Guards: a code of SQS where a profile or prefix was mistyped; a spoke's queue blamed on the hub."""
    with pytest.raises(NotThere, match=r"mlgov-capture-dlq .*is 'mlgov' the installation's prefix .*its hub\?"):
        redrive_all(Elsewhere(), NAMES, HUB, unparseable=False, dry=True)
    with pytest.raises(NotThere, match=r"mlgov-dev-forward-dlq .*stack 'dev' \(--stack, --spoke-profile\)\?"):
        redrive_spoke(Elsewhere(), Sqs(), NAMES, "dev", unparseable=False, dry=True)
    with pytest.raises(NotThere, match="mlgov-reconcile-jobs"):
        run(Elsewhere(), NAMES, "reconcile-jobs", {"job": "run"}, patience(Time()))


def test_credentials_that_ended_are_one_line_and_status_2(governance: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a morning's first command that answers with a stack trace, or says nothing of what to do."""

    def ended(service: str) -> Any:
        said = {"Code": "ExpiredToken", "Message": "The security token included in the request is expired"}
        raise ClientError({"Error": said}, "GetCallerIdentity")

    monkeypatch.setattr("console.recovery.client", ended)
    status, out, err = governance("redrive")
    assert (status, out) == (2, "")
    assert err == (
        "governance: AWS refused GetCallerIdentity (ExpiredToken): The security token included in the request is "
        "expired: sign in again\n"
    )


class Time:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds += seconds


def patience(clock: Time, settle: float = 60, limit: float = 900) -> Patience:
    return Patience(settle_seconds=settle, limit_seconds=limit, now=clock.now, pause=clock.pause)


def test_a_job_is_done_once_its_queue_stayed_empty() -> None:
    """Guards: done said between a job and its continuation."""
    sqs, clock = Sqs(), Time()
    continuations = [30.0, 70.0]
    attributes = sqs.get_queue_attributes

    def polled(**parameters: Any) -> dict[str, Any]:
        sqs.queues["mlgov-reconcile-jobs"].clear()
        if continuations and clock.seconds >= continuations[0]:
            continuations.pop(0)
            sqs.put("mlgov-reconcile-jobs", "more")
        return attributes(**parameters)

    sqs.get_queue_attributes = polled  # type: ignore[method-assign,assignment]
    run(sqs, NAMES, "reconcile-jobs", {"job": "run"}, patience(clock))
    assert clock.seconds >= 130


def test_a_job_that_does_not_end_is_said_with_the_remedy() -> None:
    """Guards: a command that waits for ever, or calls an unfinished reconcile clean."""
    with pytest.raises(CommandError, match="mlgov-reconcile-jobs-dlq"):
        run(Sqs(), NAMES, "reconcile-jobs", {"job": "run"}, patience(Time(), limit=100))


@pytest.mark.parametrize(("command", "job"), [("reconcile", "run"), ("backfill", "backfill")])
def test_rows_that_were_missing_are_named_with_status_1(
    command: str, job: str, governance: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: a recovery that nobody hears of; rows recovered last week counted again."""
    sqs = Sqs()
    arn = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/"
    row = {"kind": "approval", "happenedat": "2026-03-01T09:00:00.000Z", "witness": "recovered"}
    rows = [
        row | {"modelpackagearn": arn + "1", "seq": 3},
        row | {"modelpackagearn": arn + "1", "seq": 4, "witness": "event"},
    ]

    def work(queue: str) -> None:
        assert json.loads(sqs.queues[queue].pop()["Body"]) == {"job": job}
        rows.append(row | {"modelpackagearn": arn + "2", "seq": 1})

    class Tables:
        def rows(self, table: str) -> list[dict[str, Any]]:
            return list(rows)

    sqs.serve = work
    monkeypatch.setattr("console.recovery.client", lambda service: sqs)
    monkeypatch.setattr("console.recovery.source_of", lambda prefix, export: Tables())
    status, out, _ = governance(command, "--settle", "0.01")
    assert status == 1
    assert "ModelCreditRisk/2 row 1: approval of 2026-03-01T09:00:00.000Z (recovered)" in out
    assert "ModelCreditRisk/1" not in out
    sqs.serve = lambda queue: sqs.queues[queue].clear()
    status, out, _ = governance(command, "--settle", "0.01")
    assert (status, out) == (0, "No rows were missing\n")
