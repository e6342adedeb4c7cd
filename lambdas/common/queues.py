"""Sending what can never be handled to a dead-letter queue, with why."""

from __future__ import annotations

from typing import Any


def send_dead_letter(client: Any, url: str, body: str, reason: str, event_id: str) -> None:
    """Keep a message: its body as it came, attributes `reason` (a stable word) and `event_id`.

    `client` is a boto3 sqs client.
    """
    texts = {"reason": reason, "event_id": event_id}
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
    client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
