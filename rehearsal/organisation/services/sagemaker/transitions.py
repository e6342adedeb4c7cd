"""States that change on the organisation's clock."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import Organisation

from .hosting import STATUSES, Hosted, Kind
from .registry import now

TRANSITION_SECONDS = 1.0
"""How long what takes minutes at AWS takes on the organisation's clock."""


def move(org: Organisation, kind: Kind, hosted: Hosted, status: str) -> None:
    """Give it a status; its LastModifiedTime never goes back."""
    hosted.record[STATUSES[kind]] = status
    hosted.record["LastModifiedTime"] = max(now(org), hosted.record["LastModifiedTime"])


def later(org: Organisation, hosted: Hosted, step: Callable[[], None], part: float = 1.0) -> None:
    """Do a step of a transition after this part of its time, under the organisation's lock."""

    def locked() -> None:
        with org.lock:
            step()

    virtual(org.clock).after(part * TRANSITION_SECONDS, locked, f"transition of {hosted.arn}")
