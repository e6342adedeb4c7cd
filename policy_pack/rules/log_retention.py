"""Logs end: a group without retention keeps them for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

GROUP = "aws:cloudwatch/logGroup:LogGroup"
FUNCTION = "aws:lambda/function:Function"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if resource.type != GROUP:
        return
    days = resource.at("retentionInDays")
    if days is UNKNOWN:
        yield NotKnown("retentionInDays")
    elif not days:
        yield Violation("retentionInDays isn't set: the logs stay for ever")


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource, Finding]]:
    """A function that has no group of the program's makes its own at its first run, without retention or key."""
    groups = [one for one in resources if one.type == GROUP]
    for function in resources:
        if function.type == FUNCTION and not any(_logs_to(function, group) for group in groups):
            yield function, Violation("the function logs to a group that isn't in the program")


def _logs_to(function: Resource, group: Resource) -> bool:
    named = function.at("loggingConfig.logGroup") or f"/aws/lambda/{function.at('name')}"
    return (named is not UNKNOWN and named == group.at("name")) or group.urn in function.depends.get(
        "loggingConfig", frozenset()
    )


RULE = Rule(
    name="log-retention",
    description="Every log group has a retention, and every function a group of the program's.",
    remedy="set retention_in_days (logRetentionDays of the configuration); make functions by components/function.py",
    check=check,
    check_stack=check_stack,
)
