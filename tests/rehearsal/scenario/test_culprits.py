"""What counts as trouble: rows of the event log as the emulated organisation writes them."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.scenario.culprits import trouble

DELIVERY = {"kind": "delivery", "rule": "mlgov-packages", "target": "queue", "error_code": "NO_PERMISSIONS"}


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"kind": "lost", "rule": "mlgov-packages", "reason": "no dead-letter queue"}, "mlgov-packages"),
        ({"kind": "lost-logs", "function": "mlgov-capture", "reason": "denied"}, "mlgov-capture"),
        ({"kind": "dead-letter", "queue": "mlgov-capture", "reason": "5 receives"}, "mlgov-capture"),
        ({"kind": "delete-failed", "queue": "mlgov-capture", "reason": "denied"}, "mlgov-capture"),
        ({**DELIVERY, "outcome": "dead-letter", "denied_by": "queue policy"}, "queue policy"),
        ({"kind": "invocation", "function": "mlgov-capture", "error": "Unhandled", "payload": "KeyError"}, "KeyError"),
        ({"kind": "mapping-problem", "mapping": "1234", "reason": "kms:Decrypt"}, "kms:Decrypt"),
    ],
)
def test_what_was_lost_or_failed_is_named(row: dict[str, Any], named: str) -> None:
    """Guards: a run is green although an event, a log or an invocation was lost."""
    assert named in str(trouble(row))


@pytest.mark.parametrize(
    "row",
    [
        {**DELIVERY, "outcome": "failed", "denied_by": "queue policy"},
        {**DELIVERY, "outcome": "delivered"},
        {"kind": "invocation", "function": "mlgov-capture", "error": None},
        {"kind": "event", "event": "1"},
        {"kind": "duplicate", "event": "1"},
    ],
)
def test_an_attempt_that_is_made_again_and_an_ordinary_row_are_no_trouble(row: dict[str, Any]) -> None:
    """Guards: the deliveries that the scenario itself makes fail count as lost, though they arrived in the end."""
    assert trouble(row) is None
