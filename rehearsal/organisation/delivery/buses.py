"""Buses, rules and targets as EventBridge keeps them, per account and region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.organisation.clock import Timer
from rehearsal.organisation.core import ApiError, Organisation

DEFAULT = "default"


@dataclass(slots=True)
class Rule:
    """One rule. `targets` are as PutTargets gave them, by id; `pattern` is the parsed `pattern_text`."""

    name: str
    bus: str
    arn: str
    account: str
    region: str
    pattern_text: str | None = None
    pattern: Mapping[str, Any] | None = None
    schedule: str | None = None
    state: str = "ENABLED"
    description: str | None = None
    role: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    timer: Timer | None = None


@dataclass(slots=True)
class Bus:
    name: str
    arn: str
    account: str
    region: str
    created: datetime
    modified: datetime
    description: str | None = None
    policy: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)


def bus_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:events:{region}:{account}:event-bus/{name}"


def rule_arn(account: str, region: str, bus: str, name: str) -> str:
    """A rule's ARN: the bus stands in it, unless it is the default one (eb/eb-manage-iam-access)."""
    path = name if bus == DEFAULT else f"{bus}/{name}"
    return f"arn:aws:events:{region}:{account}:rule/{path}"


def buses(org: Organisation, account: str, region: str) -> dict[str, Bus]:
    """The buses of an account and region by name; the default one is there from the start."""
    store: dict[str, Bus] = org.state("events", account, region).setdefault("buses", {})
    if DEFAULT not in store:
        now = org.clock.now()
        store[DEFAULT] = Bus(DEFAULT, bus_arn(account, region, DEFAULT), account, region, now, now)
    return store


def find_bus(org: Organisation, account: str, region: str, name_or_arn: str | None) -> Bus:
    """The bus of a name in an account and region, or of an ARN anywhere.

    Raises ApiError (ResourceNotFoundException).
    """
    name = name_or_arn or DEFAULT
    if name.startswith("arn:"):
        region, account, name = name.split(":")[3], name.split(":")[4], name.split(":event-bus/")[-1]
    bus = buses(org, account, region).get(name)
    if bus is None:
        raise ApiError("ResourceNotFoundException", f"Event bus {name} does not exist.")
    return bus


def find_rule(org: Organisation, account: str, region: str, bus: str | None, name: str) -> Rule:
    """A rule of a bus.

    Raises ApiError (ResourceNotFoundException).
    """
    found = find_bus(org, account, region, bus)
    rule = found.rules.get(name)
    if rule is None:
        raise ApiError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {found.name}.")
    return rule


def all_rules(org: Organisation, region: str) -> Iterable[Rule]:
    for account in org.accounts.values():
        for bus in buses(org, account.id, region).values():
            yield from bus.rules.values()
