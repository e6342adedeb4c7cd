"""Starting a function's work by its queue of jobs, and waiting until it is done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from blueprint.names import Names, Queue
from console.errors import CommandError
from console.queues import url_of

POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait. SQS counts approximately and up to a minute late (GetQueueAttributes), so the queue has to stay
    empty for `settle_seconds`; after `limit_seconds` the wait is given up.
    """

    settle_seconds: float
    limit_seconds: float
    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


def run(sqs: Any, names: Names, to: Queue, job: Mapping[str, Any], patience: Patience) -> None:
    """Send a job and wait until its queue is empty. Raises CommandError where it isn't in time."""
    queue = names.queue(to)
    url = url_of(sqs, queue, names.prefix)
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(job))
    started = patience.now()
    empty_since: float | None = None
    while patience.now() - started < patience.limit_seconds:
        patience.pause(min(POLL_SECONDS, patience.settle_seconds / 2))
        if _waiting(sqs, url):
            empty_since = None
        elif empty_since is None:
            empty_since = patience.now()
        elif patience.now() - empty_since >= patience.settle_seconds:
            return
    raise CommandError(
        f"{queue} isn't empty after {patience.limit_seconds:.0f} s: the function still works, or fails; look at its"
        f" dead-letter queue ({queue}-dlq) and log, or wait longer (--wait)"
    )


def _waiting(sqs: Any, url: str) -> bool:
    names = [
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
    ]  # fmt: skip
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return any(int(attributes[name]) for name in names)
