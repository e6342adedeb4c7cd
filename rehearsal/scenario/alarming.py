"""Which alarms fired, and whether anything was wrong then: an alarm in ordinary work teaches people to look away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from blueprint.functions import FUNCTION_SPECS, SCHEDULED
from blueprint.organisation import Organisation

PROVOKED = (
    "capture-incidents",
    "guard-incidents",
    "endpoints-unregistered",
    "endpoints-revoked-after-deploy",
    *(f"{spec.dead_letters}-depth" for spec in FUNCTION_SPECS),
)
"""What the phases bring about on purpose: somebody serves past the registry, a revocation is lost, messages that
nobody can read, approvals that must not be."""

FRESH = tuple(f"{spec.function}-heartbeat" for spec in SCHEDULED)
"""In the first minutes of an installation no scheduled run came to its end yet."""


def unprovoked(events: Sequence[Mapping[str, Any]], organisation: Organisation) -> list[str]:
    """One line for each alarm that fired although nothing was wrong, and for each that should have and didn't.

    `events`: rows of the event log; those of kind `alarm` are the changes of alarms' states.
    """
    name = organisation.names.alarm
    fired = [
        (row["alarm"].rpartition(":alarm:")[2], row)
        for row in events
        if row["kind"] == "alarm" and row["state"] == "ALARM"
    ]
    provoked, fresh = {name(what) for what in PROVOKED}, {name(what) for what in FRESH}
    wolves = {
        f"{alarm} fired: {row['reason']}"
        for alarm, row in fired
        if alarm not in provoked
        and not (alarm in fresh and row["before"] == "INSUFFICIENT_DATA")
        # The scenario puts a message there and takes it away: whether a minute ends in between is chance.
        and not alarm.endswith("-forward-dlq-depth")
    }
    silent = provoked - {alarm for alarm, _ in fired}
    return sorted(wolves | {f"{alarm} never fired, although what it watches for happened" for alarm in silent})
