"""Amazon EventBridge: event buses and their policies.

Sources: botocore's events model, the EventBridge API reference, eb/eb-quota. Buses with a key of the customer's,
dead-letter queues or logs of their own, and partner buses are refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Document,
    Need,
    NotEmulated,
    Organisation,
    Params,
    condition_keys,
    resource_policy,
    serves,
)
from rehearsal.organisation.delivery.buses import DEFAULT, Bus, bus_arn, buses, find_bus
from rehearsal.organisation.policies import parsed

SOURCE = "eventbridge/APIReference"
NAME = re.compile(r"[.\-_A-Za-z0-9]{1,256}")
MAX_POLICY_CHARACTERS = 10_240
MAX_BUSES = 100
"""Source: eb/eb-quota."""

SHOWN = (("Description", "description"), ("Policy", "policy"))

condition_keys("events", "events:source", "events:detail-type", "events:eventBusInvocation")


@resource_policy("events")
def policy_of(org: Organisation, arn: str, account: str, region: str) -> Document | None:
    if ":event-bus/" not in arn:
        return None
    bus = buses(org, account, region).get(arn.split(":event-bus/")[1])
    return parsed(bus.policy) if bus and bus.policy else None


UNSCOPED = frozenset({"ListEventBuses", "PutPermission", "RemovePermission"})
"""Actions that no resource narrows (Service Authorization Reference, Amazon EventBridge)."""


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    name = str(call.params.get("Name", call.params.get("EventBusName", DEFAULT)))
    arn = name if name.startswith("arn:") else bus_arn(call.owner, call.region, name)
    yield Need(f"events:{call.operation}", "*" if call.operation in UNSCOPED else arn, arn.split(":")[4])
    if call.operation == "CreateEventBus" and call.params.get("Tags"):
        yield Need("events:TagResource", arn, call.owner)


@serves("events", "CreateEventBus", source=f"{SOURCE}/API_CreateEventBus", needs=needs)
def create_event_bus(org: Organisation, call: Call) -> Params:
    name, store = call.params["Name"], buses(org, call.owner, call.region)
    for unknown in ("EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"):
        if unknown in call.params:
            raise NotEmulated(f"events: CreateEventBus with {unknown}")
    if not NAME.fullmatch(name):
        raise ApiError(
            "ValidationException", f"Event bus name {name} must be 1 to 256 of letters, digits, '.', '-', '_'."
        )
    if name in store:
        raise ApiError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    if len(store) >= MAX_BUSES:
        raise ApiError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    now = org.clock.now()
    bus = Bus(
        name, bus_arn(call.owner, call.region, name), call.owner, call.region, now, now, call.params.get("Description")
    )
    bus.tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}
    store[name] = bus
    return {"EventBusArn": bus.arn, **({"Description": bus.description} if bus.description else {})}


@serves("events", "DescribeEventBus", source=f"{SOURCE}/API_DescribeEventBus", needs=needs)
def describe_event_bus(org: Organisation, call: Call) -> Params:
    bus = find_bus(org, call.owner, call.region, call.params.get("Name"))
    return {**_summary(bus), "CreationTime": bus.created, "LastModifiedTime": bus.modified}


def _summary(bus: Bus) -> Params:
    optional = {shown: getattr(bus, name) for shown, name in SHOWN if getattr(bus, name)}
    return {"Name": bus.name, "Arn": bus.arn, **optional}


@serves(
    "events", "ListEventBuses", source=f"{SOURCE}/API_ListEventBuses", needs=needs, fidelity="emulated", note="one page"
)
def list_event_buses(org: Organisation, call: Call) -> Params:
    prefix = call.params.get("NamePrefix", "")
    found = [one for one in buses(org, call.owner, call.region).values() if one.name.startswith(prefix)]
    if len(found) > call.params.get("Limit", 100):
        raise NotEmulated(f"events: ListEventBuses beyond one page ({len(found)} buses)")
    return {"EventBuses": [_summary(bus) for bus in found]}


@serves("events", "DeleteEventBus", source=f"{SOURCE}/API_DeleteEventBus", needs=needs)
def delete_event_bus(org: Organisation, call: Call) -> Params:
    name = call.params["Name"].split(":event-bus/")[-1]
    if name == DEFAULT:
        raise ApiError("ValidationException", "Cannot delete event bus default.")
    bus = buses(org, call.owner, call.region).get(name)
    if bus is not None and bus.rules:
        raise ApiError("ValidationException", f"Event bus {name} still has rules: {', '.join(sorted(bus.rules))}.")
    buses(org, call.owner, call.region).pop(name, None)
    return {}


@serves("events", "PutPermission", source=f"{SOURCE}/API_PutPermission", needs=needs)
def put_permission(org: Organisation, call: Call) -> Params:
    bus = find_bus(org, call.owner, call.region, call.params.get("EventBusName"))
    if "Policy" in call.params:
        if {"StatementId", "Action", "Principal", "Condition"} & call.params.keys():
            raise ApiError(
                "ValidationException",
                "Policy can't be given together with Action, Principal, StatementId or Condition.",
            )
        document = _parsed(call.params["Policy"])
    else:
        document = _with_statement(bus, call.params)
    _check(bus, document)
    text = json.dumps(document, separators=(",", ":"))
    if len(text) > MAX_POLICY_CHARACTERS:
        raise ApiError(
            "PolicyLengthExceededException",
            f"The event bus policy has {len(text)} characters, at most {MAX_POLICY_CHARACTERS} are allowed.",
        )
    bus.policy, bus.modified = text, org.clock.now()
    return {}


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list | dict):
        raise ApiError("ValidationException", "The policy is not a JSON object with statements.")
    if isinstance(document["Statement"], dict):
        document["Statement"] = [document["Statement"]]
    return document


def _with_statement(bus: Bus, params: Mapping[str, Any]) -> dict[str, Any]:
    missing = [name for name in ("StatementId", "Action", "Principal") if name not in params]
    if missing:
        raise ApiError("ValidationException", f"Without Policy, {', '.join(missing)} must be given.")
    principal = params["Principal"]
    statement: dict[str, Any] = {
        "Sid": params["StatementId"], "Effect": "Allow", "Action": params["Action"], "Resource": bus.arn,
        "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
    }  # fmt: skip
    if condition := params.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    others = [one for one in _statements(bus) if one.get("Sid") != params["StatementId"]]
    return {"Version": "2012-10-17", "Statement": [*others, statement]}


def _statements(bus: Bus) -> list[dict[str, Any]]:
    return list(json.loads(bus.policy)["Statement"]) if bus.policy else []


def _check(bus: Bus, document: Mapping[str, Any]) -> None:
    """Refuse what EventBridge refuses in a bus's policy (eb/eb-event-bus-permissions-manage)."""
    for statement in document["Statement"]:
        lacking = [name for name in ("Effect", "Action", "Resource") if name not in statement]
        if "Principal" not in statement and "NotPrincipal" not in statement:
            lacking.append("Principal")
        if lacking:
            raise ApiError("ValidationException", f"A statement of the policy lacks {', '.join(lacking)}.")
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if any(not action.startswith("events:") for action in actions):
            raise ApiError(
                "ValidationException", f"The policy of an event bus admits events actions only, not {actions}."
            )
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for resource in resources:
            own_rule = bus.arn.replace(":event-bus/", ":rule/")
            if resource != bus.arn and not resource.startswith(own_rule) and bus.name != DEFAULT:
                raise ApiError(
                    "ValidationException",
                    f"The policy of {bus.arn} names the resource {resource}, neither the bus nor a rule on it.",
                )


@serves("events", "RemovePermission", source=f"{SOURCE}/API_RemovePermission", needs=needs)
def remove_permission(org: Organisation, call: Call) -> Params:
    bus = find_bus(org, call.owner, call.region, call.params.get("EventBusName"))
    if call.params.get("RemoveAllPermissions"):
        bus.policy = None
        return {}
    sid = call.params.get("StatementId")
    statements = _statements(bus)
    kept = [one for one in statements if one.get("Sid") != sid]
    if len(kept) == len(statements):
        raise ApiError(
            "ResourceNotFoundException", f"Statement {sid} does not exist in the policy of event bus {bus.name}."
        )
    bus.policy = json.dumps({"Version": "2012-10-17", "Statement": kept}) if kept else None
    return {}
