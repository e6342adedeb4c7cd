"""What capture needs of the world beside ledger and registry (lambdas/common), in the domain's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from governance.canonical import Json


class Endpoints(Protocol):
    """The endpoints' table."""

    def record(self, row: Mapping[str, str | None], order: str) -> bool:
        """Write an endpoint's row unless one of a higher `order` is there; whether it was written."""


class Outbox(Protocol):
    """Queues that capture sends to."""

    def approval_changed(self, arn: str, content_id: str) -> None:
        """Tell the approval function that a version's approvals may have changed. May be told twice."""

    def look_again(self, job: Mapping[str, Json]) -> None:
        """Ask the inventory to look at an endpoint, or an account. May be asked twice."""

    def judge_again(self, arn: str) -> None:
        """Tell the guard that something is known anew of a version. May be told twice."""

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        """Keep a message that can never be recorded."""
