"""Alarms that fire in ordinary work, and those that don't when they should."""

from __future__ import annotations

from typing import Any

from blueprint.alarms import hub_alarms
from blueprint.data_settings import Interval
from blueprint.functions import SCHEDULED
from rehearsal.scenario.alarming import FRESH, PROVOKED, unprovoked
from tests.blueprint.samples import HUB, REGION, organisation

EXAMPLE = organisation()


def fired(what: str, before: str = "OK", state: str = "ALARM") -> dict[str, Any]:
    arn = f"arn:aws:cloudwatch:{REGION}:{HUB}:alarm:{EXAMPLE.names.alarm(what)}"
    return {"kind": "alarm", "alarm": arn, "before": before, "state": state, "reason": "Threshold Crossed"}


EXPECTED = [*(fired(what) for what in PROVOKED), *(fired(what, "INSUFFICIENT_DATA") for what in FRESH)]


def test_alarms_of_what_was_brought_about_are_as_they_should_be() -> None:
    """Guards: an expectation that no run can meet."""
    assert unprovoked([*EXPECTED, fired("gaps", state="OK"), {"kind": "event"}], EXAMPLE) == []


def test_an_alarm_in_ordinary_work_is_named_with_its_reason() -> None:
    """Guards: alarms that fire every day, until nobody looks at any."""
    assert unprovoked([*EXPECTED, fired("approval-errors")], EXAMPLE) == [
        "mlgov-approval-errors fired: Threshold Crossed"
    ]


def test_a_heartbeat_may_be_missing_at_first_and_never_again() -> None:
    """Guards: a function whose runs stopped, taken for one that didn't start yet."""
    assert unprovoked([*EXPECTED, fired("inventory-heartbeat")], EXAMPLE) == [
        "mlgov-inventory-heartbeat fired: Threshold Crossed"
    ]


def test_an_alarm_that_never_fires_is_named() -> None:
    """Guards: an alarm on a metric or dimension that doesn't exist."""
    told = unprovoked(EXPECTED[1:], EXAMPLE)
    assert told == [f"mlgov-{PROVOKED[0]} never fired, although what it watches for happened"]


def test_all_names_are_those_of_alarms() -> None:
    """Guards: a misspelt name, which would excuse nothing and be missed for ever."""
    schedules = {spec.function: Interval(spec.every_minutes or 0) for spec in SCHEDULED}
    assert {*PROVOKED, *FRESH} <= {spec.what for spec in hub_alarms(EXAMPLE, schedules)}
