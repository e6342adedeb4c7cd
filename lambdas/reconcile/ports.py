"""What reconcile needs of the world beside ledger and registry (lambdas/common), in the domain's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from governance.canonical import Json
from governance.evidence import Action
from lambdas.common.accounts import Account


class Unreadable(Exception):
    """An account's CloudTrail can't be read with the rights that there are; trying again won't help."""


@dataclass(frozen=True, slots=True)
class Records:
    """One page of records, newest first, each as JSON text; `token` of the next page, None after the last."""

    texts: tuple[str, ...]
    token: str | None


class Trail(Protocol):
    """CloudTrail's event history of each account."""

    def lookup(self, account: Account, name: str, start: datetime, end: datetime, token: str | None) -> Records:
        """One page of the records of one kind of call; waits so as to stay within CloudTrail's rate.

        Raises Unreadable, Busy, or the client's error.
        """


@dataclass(frozen=True, slots=True)
class Versions:
    """One page of a group's versions by ARN; `token` of the next page, None after the last."""

    arns: tuple[str, ...]
    token: str | None


class Catalogue(Protocol):
    """What the registry lists."""

    def versions(self, group: str, token: str | None) -> Versions:
        """One page of a group. Raises Busy, or the client's error."""

    def actions(self, after: datetime) -> Sequence[Action]:
        """The life-cycle actions since a time. Raises Busy, or the client's error."""


class States(Protocol):
    """The state table, read whole."""

    def alive(self) -> Iterable[str]:
        """ARNs of all versions that no row calls deleted. Raises Busy, or the client's error."""


class Outbox(Protocol):
    """Queues that reconcile sends to."""

    def approval_changed(self, arn: str, content_id: str) -> None:
        """Tell the approval function that a version's approvals may have changed. May be told twice."""

    def judge_again(self, arn: str) -> None:
        """Tell the guard that something is known anew of a version. May be told twice."""

    def again(self, job: Mapping[str, Json], delay_seconds: int = 0) -> None:
        """Send a job to reconcile's own queue, to be seen after at most 900 seconds. May be sent twice."""

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        """Keep a message that is no job."""


class Meter(Protocol):
    """The function's own metrics."""

    def beat(self) -> None:
        """Say that a run was completed."""
