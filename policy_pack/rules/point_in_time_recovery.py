"""A table can be brought back to any second of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator

from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

TABLE = "aws:dynamodb/table:Table"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if resource.type != TABLE:
        return
    enabled = resource.at("pointInTimeRecovery.enabled")
    if enabled is UNKNOWN:
        yield NotKnown("pointInTimeRecovery.enabled")
    elif enabled is not True:
        yield Violation("pointInTimeRecovery.enabled isn't true")


RULE = Rule(
    name="point-in-time-recovery",
    description="Every table has point-in-time recovery.",
    remedy="set point_in_time_recovery with enabled=True, as components/tables.py does",
    check=check,
)
