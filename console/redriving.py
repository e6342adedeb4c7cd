"""Sending dead letters back to where they were lost on the way to. Safe to repeat: every consumer is idempotent.

Two kinds. A queue's own dead-letter queue holds what its function gave up on: after too many failures, or at once and
with attribute `reason` where no repetition can help. A rule's holds what EventBridge couldn't deliver, with attribute
TARGET_ARN (eventbridge/latest/userguide/eb-rule-dlq). SQS's own redrive (StartMessageMoveTask) moves neither what was
sent to a queue directly nor what a rule lost, so all are sent and then deleted: a crash between the two doubles a
message, and never loses one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from blueprint.names import Names, Queue
from console.queues import url_of

RULES: Queue = "rules-dlq"
SOURCES: Mapping[Queue, Queue] = {
    "capture-dlq": "capture",
    "approvals-dlq": "approvals",
    "anchor-jobs-dlq": "anchor-jobs",
    "inventory-jobs-dlq": "inventory-jobs",
    "metrics-jobs-dlq": "metrics-jobs",
    "reconcile-jobs-dlq": "reconcile-jobs",
    "guard-jobs-dlq": "guard-jobs",
    RULES: "capture",
}
"""Where the messages of a dead-letter queue belong; a rule's say it themselves where they can."""

HIDDEN_SECONDS = 120
"""How long a message that is looked at stays hidden from others; longer than a batch takes."""

RETURNED = "came back"
"""Why a message is left that was sent by the same command a moment ago."""

Message = Mapping[str, Any]


@dataclass(slots=True)
class Redriven:
    """What became of one dead-letter queue. `left`: messages that no repetition can help, by reason."""

    queue: str
    sent: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def document(self) -> dict[str, Any]:
        return {"queue": self.queue, "sent": dict(self.sent), "left": dict(self.left)}


def redrive_all(sqs: Any, names: Names, account: str, *, unparseable: bool, dry: bool) -> list[Redriven]:
    """Redrive every dead-letter queue of the hub, side by side: an empty one takes a second to be known as such.

    `sqs` is a boto3 client of the hub, which threads may share. `unparseable`: also what was given up for its content
    (after an upgrade that can read it). `dry`: only look.
    """

    def one(dlq: Queue) -> Redriven:
        return redrive(
            sqs, url_of(sqs, names.queue(dlq), names.prefix), names.queue(dlq), sqs,
            _target(sqs, names, account, SOURCES[dlq]), unparseable=unparseable, dry=dry,
        )  # fmt: skip

    with ThreadPoolExecutor(len(SOURCES)) as pool:
        return list(pool.map(one, SOURCES))


def redrive_spoke(
    spoke_sqs: Any, hub_sqs: Any, names: Names, stack: str, *, unparseable: bool, dry: bool
) -> Redriven:  # fmt: skip
    """Hand what a spoke couldn't forward to the hub's capture queue. Clients of the spoke and of the hub."""
    name = names.forward_dlq(stack)
    capture = url_of(hub_sqs, names.queue("capture"), names.prefix)
    dlq = url_of(spoke_sqs, name, names.prefix, whose=f"the account of stack {stack!r} (--stack, --spoke-profile)")
    return redrive(spoke_sqs, dlq, name, hub_sqs, lambda message: capture, unparseable=unparseable, dry=dry)


def redrive(
    source: Any, dlq_url: str, name: str, destination: Any, target: Callable[[Message], str], *, unparseable: bool,
    dry: bool,
) -> Redriven:  # fmt: skip
    """Redrive one dead-letter queue. `target` says to which queue's URL a message goes.

    What comes back while we look, since its function still can't read it, is left: else it would circle for ever.
    """
    found = Redriven(name)
    kept = []
    sent: set[str] = set()
    for message in _messages(source, dlq_url):
        reason = _attribute(message, "reason")
        returned = message["Body"] in sent
        if returned or (reason is not None and not unparseable):
            found.left[reason or RETURNED] += 1
            kept.append(message)
            continue
        url = target(message)
        found.sent[url.rpartition("/")[2]] += 1
        if dry:
            kept.append(message)
            continue
        destination.send_message(QueueUrl=url, MessageBody=message["Body"])
        sent.add(message["Body"])
        source.delete_message(QueueUrl=dlq_url, ReceiptHandle=message["ReceiptHandle"])
    for message in kept:
        source.change_message_visibility(
            QueueUrl=dlq_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )  # fmt: skip
    return found


def _messages(sqs: Any, url: str) -> Iterator[Message]:
    """Every message once; what comes back while we look (another reader gave it up) ends the look."""
    seen: set[str] = set()
    while True:
        batch = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_SECONDS, WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        ).get("Messages", [])  # fmt: skip
        new = [message for message in batch if message["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen.add(message["MessageId"])
            yield message


def _target(sqs: Any, names: Names, account: str, source: Queue) -> Callable[[Message], str]:
    usual = url_of(sqs, names.queue(source), names.prefix)
    ours = {names.queue_arn(account, names.queue(queue)): names.queue(queue) for queue in SOURCES.values()}

    def target(message: Message) -> str:
        named = ours.get(_attribute(message, "TARGET_ARN") or "")
        return usual if named is None else url_of(sqs, named, names.prefix)

    return target


def _attribute(message: Message, name: str) -> str | None:
    value: str | None = (message.get("MessageAttributes") or {}).get(name, {}).get("StringValue")
    return value
