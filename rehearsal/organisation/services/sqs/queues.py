"""Standard queues: messages with their visibility, receive counts and dead letters, on the organisation's clock.

Sources: sqs/sqs-visibility-timeout, sqs-dead-letter-queues, sqs-message-metadata (attributes and their digests),
quotas-messages.
"""

from __future__ import annotations

import hashlib
import json
import struct
import uuid
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Organisation

DEFAULTS: dict[str, str] = {
    "VisibilityTimeout": "30",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
}
"""Source: sqs API CreateQueue (1 MiB since August 2025)."""

MAX_IN_FLIGHT = 120_000
"""Messages of a standard queue that may be invisible at once (sqs/quotas-messages)."""


@dataclass(slots=True)
class Message:
    """One message. Times are the organisation's clock's; `receipt` is the handle of the last receive."""

    body: str
    sender: str
    sent: datetime
    visible: datetime
    attributes: dict[str, Any] = field(default_factory=dict)
    system: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    receipt: str = ""
    receives: int = 0
    first_received: datetime | None = None

    def in_flight(self, now: datetime) -> bool:
        return self.receives > 0 and self.visible > now


@dataclass(slots=True)
class Queue:
    """One queue. `attributes` holds what was set, as text; what wasn't set has AWS's default."""

    name: str
    account: str
    region: str
    created: datetime
    modified: datetime
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    handles: dict[str, str] = field(default_factory=dict)
    purged: datetime | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.name}"

    @property
    def url(self) -> str:
        return f"https://sqs.{self.region}.amazonaws.com/{self.account}/{self.name}"

    def get(self, name: str) -> str:
        """An attribute as set, else its default, else the empty text."""
        return self.attributes.get(name) or DEFAULTS.get(name, "")

    def seconds(self, name: str) -> int:
        return int(self.get(name))

    @property
    def key(self) -> str | None:
        """The KMS key that its messages are encrypted with, as it was given (id, ARN or alias)."""
        return self.attributes.get("KmsMasterKeyId") or None

    @property
    def redrive(self) -> tuple[str, int] | None:
        """Where messages go after so many receives: the ARN and the number; None without a redrive policy."""
        if not self.attributes.get("RedrivePolicy"):
            return None
        policy = json.loads(self.attributes["RedrivePolicy"])
        return str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])

    def put(self, message: Message) -> None:
        self.messages.append(message)

    def expire(self, now: datetime) -> None:
        """Drop what is older than the retention period, also in flight (sqs-basic-architecture)."""
        oldest = now - timedelta(seconds=self.seconds("MessageRetentionPeriod"))
        self.messages = [one for one in self.messages if one.sent >= oldest]

    def visible(self, now: datetime) -> int:
        return sum(one.visible <= now for one in self.messages)

    def in_flight(self, now: datetime) -> int:
        return sum(one.in_flight(now) for one in self.messages)

    def delayed(self, now: datetime) -> int:
        return sum(one.receives == 0 and one.visible > now for one in self.messages)

    def receive(self, now: datetime, most: int, hidden_seconds: int) -> tuple[list[Message], list[Message]]:
        """Take visible messages: those received, and those that have had their receives and are dead letters.

        Dead letters leave this queue; the caller moves them. Raises ApiError (OverLimit).
        """
        if self.in_flight(now) >= MAX_IN_FLIGHT:
            raise ApiError("OverLimit", f"Queue {self.name} has {MAX_IN_FLIGHT} messages in flight.", 403)
        received: list[Message] = []
        dead: list[Message] = []
        most_receives = self.redrive[1] if self.redrive else None
        for one in [one for one in self.messages if one.visible <= now]:
            if len(received) == most:
                break
            if most_receives is not None and one.receives >= most_receives:
                self.messages.remove(one)
                dead.append(one)
                continue
            one.receives += 1
            one.first_received = one.first_received or now
            one.visible = now + timedelta(seconds=hidden_seconds)
            one.receipt = str(uuid.uuid4())
            self.handles[one.receipt] = one.id
            received.append(one)
        return received, dead

    def by_handle(self, handle: str) -> Message | None:
        """The message of a receipt handle, also of an earlier receive; None once it is gone.

        Raises ApiError (ReceiptHandleIsInvalid) for a handle that this queue never gave.
        """
        if handle not in self.handles:
            raise ApiError(
                "ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.'
            )
        wanted = self.handles[handle]
        return next((one for one in self.messages if one.id == wanted), None)

    def delete(self, handle: str) -> None:
        message = self.by_handle(handle)
        if message is not None:
            self.messages.remove(message)


def queues(org: Organisation, account: str, region: str) -> dict[str, Queue]:
    """The queues of an account and region by name."""
    found: dict[str, Queue] = org.state("sqs", account, region).setdefault("queues", {})
    return found


def all_queues(org: Organisation, region: str) -> Iterable[Queue]:
    for account in org.accounts.values():
        yield from queues(org, account.id, region).values()


def find_queue(org: Organisation, arn: str) -> Queue | None:
    """The queue of an ARN, of whatever account; None where there is none."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sqs":
        return None
    return queues(org, parts[4], parts[3]).get(parts[5])


def digest(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def attributes_digest(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """The MD5 of message attributes, which SDKs check (sqs-message-metadata, calculating the digest)."""
    md5 = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        kind = str(value["DataType"])
        binary = "BinaryValue" in value
        raw = value["BinaryValue"] if binary else str(value["StringValue"]).encode()
        raw = b64decode(raw) if isinstance(raw, str) else raw
        for part in (name.encode(), kind.encode()):
            md5.update(struct.pack(">I", len(part)) + part)
        md5.update((b"\x02" if binary else b"\x01") + struct.pack(">I", len(raw)) + raw)
    return md5.hexdigest()
