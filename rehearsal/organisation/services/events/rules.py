"""Amazon EventBridge: rules and targets.

Sources: botocore's events model, the EventBridge API reference (PutRule, PutTargets), eb/eb-quota, eb/eb-cross-account
(a role for another account's bus), eb/eb-rule-dlq (a standard queue of the rule's Region).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    NotEmulated,
    Organisation,
    Params,
    condition_keys,
    pass_role,
    serves,
)
from rehearsal.organisation.delivery.buses import DEFAULT, Rule, find_bus, find_rule, rule_arn
from rehearsal.organisation.delivery.patterns import InvalidPattern, load_pattern
from rehearsal.organisation.delivery.schedules import parse_schedule
from rehearsal.organisation.delivery.targets import PRINCIPAL, kind_of
from rehearsal.organisation.delivery.transform import check_target_input
from rehearsal.organisation.services.events.buses import SOURCE

MAX_TARGETS = 5
MAX_RULES = 300
"""Source: eb/eb-quota."""

ADJUSTABLE = frozenset(
    {"Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "DeadLetterConfig", "RetryPolicy"}
)

condition_keys("events", "events:TargetArn", "events:creatorAccount")


UNSCOPED = frozenset({"ListRules", "ListRuleNamesByTarget"})
"""Actions that no resource narrows (Service Authorization Reference, Amazon EventBridge)."""


def _bus_name(params: Mapping[str, Any]) -> str:
    return str(params.get("EventBusName", DEFAULT)).split(":event-bus/")[-1]


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The action on the rule's ARN, with the targets' ARNs, and iam:PassRole for each role that is handed over."""
    name = str(call.params.get("Name", call.params.get("Rule", "*")))
    arn = rule_arn(call.owner, call.region, _bus_name(call.params), name)
    context: dict[str, str | list[str]] = {"events:creatorAccount": call.owner}
    targets = call.params.get("Targets", [])
    if call.operation == "PutTargets":
        context["events:TargetArn"] = [target["Arn"] for target in targets]
    resource = "*" if call.operation in UNSCOPED else arn
    yield Need(f"events:{call.operation}", resource, call.owner, context)
    if call.operation == "PutRule" and call.params.get("Tags"):
        yield Need("events:TagResource", arn, call.owner)
    for role in sorted({one["RoleArn"] for one in [call.params, *targets] if "RoleArn" in one}):
        yield pass_role(role, PRINCIPAL)


def _rule(org: Organisation, call: Call) -> Rule:
    name = call.params.get("Name", call.params.get("Rule"))
    return find_rule(org, call.owner, call.region, call.params.get("EventBusName"), str(name))


@serves(
    "events", "PutRule", source=f"{SOURCE}/API_PutRule", needs=needs, fidelity="emulated",
    note="cron without LW, L-n and lists with L or W; one skip of the clock fires a rule at most 1,000 times; numbers "
    "of a pattern match as they are written (300 isn't 300.0)",
)  # fmt: skip
def put_rule(org: Organisation, call: Call) -> Params:
    params = call.params
    bus = find_bus(org, call.owner, call.region, params.get("EventBusName"))
    pattern_text, schedule = params.get("EventPattern") or None, params.get("ScheduleExpression") or None
    if pattern_text is None and schedule is None:
        raise ApiError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if schedule is not None and bus.name != DEFAULT:
        raise ApiError("ValidationException", "ScheduleExpression is supported only on the default event bus.")
    if params.get("State") == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS":
        raise NotEmulated("events: a rule in state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    try:
        pattern = load_pattern(pattern_text) if pattern_text else None
    except InvalidPattern as error:
        raise ApiError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from error
    if schedule is not None:
        parse_schedule(schedule)
    rule = bus.rules.get(params["Name"])
    if rule is None:
        if len(bus.rules) >= MAX_RULES:
            raise ApiError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        arn = rule_arn(bus.account, bus.region, bus.name, params["Name"])
        rule = Rule(params["Name"], bus.name, arn, bus.account, bus.region)
        rule.tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
        bus.rules[rule.name] = rule
    rule.pattern_text, rule.pattern, rule.schedule = pattern_text, pattern, schedule
    rule.state, rule.description, rule.role = (
        params.get("State", "ENABLED"),
        params.get("Description"),
        params.get("RoleArn"),
    )
    org.component("events").arm(rule)
    return {"RuleArn": rule.arn}


def _described(rule: Rule) -> Params:
    shown = {
        "Name": rule.name, "Arn": rule.arn, "EventPattern": rule.pattern_text, "State": rule.state,
        "ScheduleExpression": rule.schedule, "Description": rule.description, "RoleArn": rule.role,
        "EventBusName": rule.bus,
    }  # fmt: skip
    return {name: value for name, value in shown.items() if value is not None}


@serves("events", "DescribeRule", source=f"{SOURCE}/API_DescribeRule", needs=needs)
def describe_rule(org: Organisation, call: Call) -> Params:
    rule = _rule(org, call)
    return {**_described(rule), "CreatedBy": rule.account}


@serves("events", "ListRules", source=f"{SOURCE}/API_ListRules", needs=needs, fidelity="emulated", note="one page")
def list_rules(org: Organisation, call: Call) -> Params:
    bus = find_bus(org, call.owner, call.region, call.params.get("EventBusName"))
    prefix = call.params.get("NamePrefix", "")
    found = [rule for name, rule in sorted(bus.rules.items()) if name.startswith(prefix)]
    return {"Rules": [_described(rule) for rule in _one_page(call, found)]}


def _one_page(call: Call, found: list[Any]) -> list[Any]:
    if len(found) > call.params.get("Limit", 100):
        raise NotEmulated(f"events: {call.operation} beyond one page ({len(found)} items)")
    return found


@serves(
    "events",
    "ListRuleNamesByTarget",
    source=f"{SOURCE}/API_ListRuleNamesByTarget",
    needs=needs,
    fidelity="emulated",
    note="one page",
)
def list_rule_names_by_target(org: Organisation, call: Call) -> Params:
    bus = find_bus(org, call.owner, call.region, call.params.get("EventBusName"))
    wanted = call.params["TargetArn"]
    names = [name for name, rule in sorted(bus.rules.items()) if any(t["Arn"] == wanted for t in rule.targets.values())]
    return {"RuleNames": _one_page(call, names)}


@serves("events", "EnableRule", "DisableRule", source=f"{SOURCE}/API_EnableRule", needs=needs)
def switch_rule(org: Organisation, call: Call) -> Params:
    rule = _rule(org, call)
    rule.state = "ENABLED" if call.operation == "EnableRule" else "DISABLED"
    org.component("events").arm(rule)
    return {}


@serves("events", "DeleteRule", source=f"{SOURCE}/API_DeleteRule", needs=needs)
def delete_rule(org: Organisation, call: Call) -> Params:
    bus = find_bus(org, call.owner, call.region, call.params.get("EventBusName"))
    rule = bus.rules.get(call.params["Name"])
    if rule is not None:
        if rule.targets:
            raise ApiError("ValidationException", "Rule can't be deleted since it has targets.")
        if rule.timer is not None:
            rule.timer.cancel()
        del bus.rules[rule.name]
    return {}


@serves(
    "events", "PutTargets", source=f"{SOURCE}/API_PutTargets", needs=needs, fidelity="emulated",
    note="targets: standard queues, functions, event buses; retries back off from 1 s doubling to 10 min, no jitter",
)  # fmt: skip
def put_targets(org: Organisation, call: Call) -> Params:
    rule = _rule(org, call)
    targets = call.params["Targets"]
    ids = [target["Id"] for target in targets]
    if len(set(ids)) < len(ids):
        raise ApiError("ValidationException", f"The target ids {ids} are not distinct.")
    for target in targets:
        _check_target(org, rule, target)
    if len({*rule.targets, *ids}) > MAX_TARGETS:
        raise ApiError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    for target in targets:
        rule.targets[target["Id"]] = dict(target)
    return {"FailedEntryCount": 0, "FailedEntries": []}


def _check_target(org: Organisation, rule: Rule, target: Mapping[str, Any]) -> None:
    """Refuse what PutTargets refuses, and by name what isn't emulated."""
    kind, arn = kind_of(target["Arn"]), target["Arn"]
    if kind is None:
        raise NotEmulated(f"events: a target of {':'.join(arn.split(':')[2:3]) or arn} ({arn})")
    if other := sorted(set(target) - ADJUSTABLE):
        raise NotEmulated(f"events: a target with {', '.join(other)}")
    if arn.endswith(".fifo"):
        raise NotEmulated(f"events: a FIFO queue as target ({arn})")
    foreign = arn.split(":")[4] != rule.account
    if kind == "bus":
        if foreign and "RoleArn" not in target:
            raise ApiError(
                "ValidationException",
                f"RoleArn is required for target {target['Id']}: {arn} is an event bus in another account.",
            )
        if given := sorted({"Input", "InputPath", "InputTransformer"} & target.keys()):
            raise ApiError(
                "ValidationException",
                f"Modifying the input for target {target['Id']} is not supported: {given[0]} with an event bus.",
            )
    elif arn.split(":")[3] != rule.region:
        raise ApiError(
            "ValidationException", f"Provided Arn is not in correct format or not of the rule's Region: {arn}"
        )
    check_target_input(target)
    if dead_letters := target.get("DeadLetterConfig", {}).get("Arn"):
        parts = dead_letters.split(":")
        if len(parts) != 6 or parts[2] != "sqs" or dead_letters.endswith(".fifo") or parts[3] != rule.region:
            raise ApiError(
                "ValidationException",
                f"The dead-letter queue of target {target['Id']} must be a standard SQS queue of the rule's "
                f"Region, not {dead_letters}.",
            )


@serves(
    "events",
    "ListTargetsByRule",
    source=f"{SOURCE}/API_ListTargetsByRule",
    needs=needs,
    fidelity="emulated",
    note="one page",
)
def list_targets(org: Organisation, call: Call) -> Params:
    return {"Targets": _one_page(call, list(_rule(org, call).targets.values()))}


@serves("events", "RemoveTargets", source=f"{SOURCE}/API_RemoveTargets", needs=needs)
def remove_targets(org: Organisation, call: Call) -> Params:
    rule = _rule(org, call)
    failed = [
        {"TargetId": id_, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"Target {id_} does not exist."}
        for id_ in call.params["Ids"]
        if rule.targets.pop(id_, None) is None
    ]
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}
