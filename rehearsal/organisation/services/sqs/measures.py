"""What SQS measures of its queues, for CloudWatch.

Source: sqs/sqs-available-cloudwatch-metrics: what an API call sends, receives and deletes is counted; a message that
SQS itself moves to a dead-letter queue is not counted as sent.
"""

from __future__ import annotations

from rehearsal.organisation.core import Organisation
from rehearsal.organisation.services.sqs.queues import Queue


def touched(org: Organisation, queue: Queue) -> None:
    """The queue was used: it counts as active, and its gauges may differ."""
    org.component("cloudwatch").queue_used(queue)


def sent(org: Organisation, queue: Queue, size: int) -> None:
    """A message of so many bytes was sent."""
    counts = {"NumberOfMessagesSent": (1.0, "Count"), "SentMessageSize": (float(size), "Bytes")}
    org.component("cloudwatch").queue_used(queue, counts)


def received(org: Organisation, queue: Queue, number: int) -> None:
    """A receive gave so many messages, or none."""
    name = "NumberOfMessagesReceived" if number else "NumberOfEmptyReceives"
    org.component("cloudwatch").queue_used(queue, {name: (float(number or 1), "Count")})


def deleted(org: Organisation, queue: Queue) -> None:
    """A message was deleted by its receipt handle; SQS counts also what was deleted before."""
    org.component("cloudwatch").queue_used(queue, {"NumberOfMessagesDeleted": (1.0, "Count")})
