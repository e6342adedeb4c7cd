"""Batches: each message on its own, nothing of its content in the log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from governance.errors import LedgerError, MissingField
from lambdas.common.aws import Busy
from lambdas.common.batch import Message, process
from lambdas.common.log import Log
from tests.governance.samples import SECRET


def records(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def failing(error: Exception) -> Any:
    def handle(message: Message, log: Log) -> str:
        if message.body == "bad":
            raise error
        return "recorded"

    return handle


@pytest.mark.parametrize(
    "error",
    [
        Busy("TransactionConflict"),
        LedgerError("contradiction"),
        KeyError("anything"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "DescribeModelPackage"),
    ],
)
def test_b10_one_failing_message_comes_again_and_takes_no_other_with_it(error: Exception) -> None:
    """B10 of the reference system: an exception failed everything, and silently after the retries."""
    answer = process(records("good", "bad", "good"), failing(error), lambda *_: None, Log())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_what_can_never_be_handled_goes_to_the_dead_letter_queue_with_its_reason() -> None:
    """Guards: a poisoned message returns until the queue gives up, without anybody knowing why."""
    dead: list[tuple[str, str, str]] = []
    answer = process(
        records("bad"), failing(MissingField("e-1", "detail.x")), lambda *letter: dead.append(letter), Log()
    )
    assert answer == {"batchItemFailures": []}
    assert dead == [("bad", "missing-field", "e-1")]


def test_a_dead_letter_that_can_not_be_sent_keeps_its_message() -> None:
    """Guards: a message that is neither handled, nor kept, nor retried."""

    def refuse(*_letter: str) -> None:
        raise ConnectionError

    answer = process(records("bad"), failing(MissingField("e-1", "detail.x")), refuse, Log())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_log_lines_are_json_and_hold_no_foreign_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: an exception whose text quotes the event or the card writes it into the log (B8)."""
    process(records("bad"), failing(ValueError(SECRET)), lambda *_: None, Log(installation="mlgov"))
    [line] = capsys.readouterr().out.splitlines()
    assert SECRET not in line
    entry = json.loads(line)
    assert (entry["level"], entry["error"], entry["messageid"], entry["installation"]) == (
        "ERROR", "ValueError", "m0", "mlgov",
    )  # fmt: skip


def test_a_refused_call_is_named_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a missing right that shows only as "failed", so that nobody knows which to grant."""
    message = "User: x is not authorized to perform: kms:Decrypt on resource: y"
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, "DescribeModelPackage")
    process(records("bad"), failing(denied), lambda *_: None, Log())
    entry = json.loads(capsys.readouterr().out)
    assert (entry["operation"], entry["detail"]) == ("DescribeModelPackage", message)
