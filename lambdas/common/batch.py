"""A batch of an SQS event source mapping with partial failures: each message succeeds or returns on its own.

lambda/latest/dg/services-sqs-errorhandling: `{"batchItemFailures": [{"itemIdentifier": messageId}]}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from governance.errors import EventError, GovernanceError
from lambdas.common.aws import Busy, code_of, message_of
from lambdas.common.log import Log


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the queue. `receives`: how often it was received, this time included."""

    message_id: str
    body: str
    receives: int = 1


class Context(Protocol):
    """What is used of what Lambda tells of an invocation (lambda/latest/dg/python-context)."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is ended."""


def seconds_left(context: Context) -> Callable[[], float]:
    """How long the invocation still has, whenever it is asked."""
    return lambda: context.get_remaining_time_in_millis() / 1000


Handle = Callable[[Message, Log], str]
"""Handles one message and says what came of it; whatever it raises sends the message back to the queue."""

GiveUp = Callable[[str, str, str], None]
"""Sends what can never be handled to the dead-letter queue: body, reason, event id."""


def process(event: Mapping[str, Any], handle: Handle, give_up: GiveUp, log: Log) -> dict[str, Any]:
    """Handle each message of a batch and report those that must come again.

    An EventError can't be mended by trying again: the message goes to the dead-letter queue with its reason
    and counts as done. If even that fails, it comes again.
    """
    failures = []
    for record in event["Records"]:
        received = record.get("attributes", {}).get("ApproximateReceiveCount", 1)
        message = Message(record["messageId"], record["body"], int(received))
        bound = log.bind(messageid=message.message_id)
        try:
            _one(message, handle, give_up, bound)
        except Busy as problem:
            bound.warning("busy, comes again", problem=str(problem))
            failures.append({"itemIdentifier": message.message_id})
        except Exception as problem:  # noqa: BLE001 - one bad message must not take the batch's others with it
            _report(bound, problem)
            failures.append({"itemIdentifier": message.message_id})
    return {"batchItemFailures": failures}


def _one(message: Message, handle: Handle, give_up: GiveUp, log: Log) -> None:
    try:
        outcome = handle(message, log)
    except EventError as problem:
        give_up(message.body, problem.reason, problem.event_id)
        log.error("sent to the dead-letter queue", reason=problem.reason, eventid=problem.event_id)
    else:
        log.info("done", outcome=outcome)


def _report(log: Log, problem: Exception) -> None:
    """Say what failed without what it failed on: only our own errors' texts are known to hold no data."""
    ours = isinstance(problem, GovernanceError)
    denied = code_of(problem).startswith("AccessDenied")
    log.error(
        "failed, comes again",
        error=type(problem).__name__,
        code=code_of(problem),
        operation=getattr(problem, "operation_name", ""),
        detail=str(problem) if ours else message_of(problem)[:400] if denied else "",
    )
