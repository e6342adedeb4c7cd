"""What capture needs of the world, in the domain's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from governance.canonical import Json
from governance.ledger import Head, Row
from governance.readback import ReadBack
from governance.state import State


class Appended(Enum):
    """How an append ended."""

    COMMITTED = "committed"
    DUPLICATE = "duplicate"
    HEAD_MOVED = "head moved"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Tip:
    """A package's state row (None: never seen) and the end of its chain, as read."""

    state: Mapping[str, Json] | None
    head: Head


class Registry(Protocol):
    """SageMaker's model registry."""

    def read(self, arn: str) -> ReadBack | None:
        """Read a version; None if it doesn't exist (any more). Raises Busy, or the client's error."""


class Tables(Protocol):
    """Ledger, dedup and state table, written together or not at all."""

    def tip(self, arn: str) -> Tip:
        """Read state row and chain end, both consistently."""

    def append(self, row: Row, state: State, before: Head) -> Appended:
        """Write a row after `before`, its dedup item, and the state row, in one transaction."""


class Endpoints(Protocol):
    """The endpoints' table."""

    def record(self, row: Mapping[str, str | None], order: str) -> bool:
        """Write an endpoint's row unless one of a higher `order` is there; whether it was written."""


class Outbox(Protocol):
    """Queues that capture sends to."""

    def approval_changed(self, arn: str, content_id: str) -> None:
        """Tell the approval function that a version's approvals may have changed. May be told twice."""

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        """Keep a message that can never be recorded."""
