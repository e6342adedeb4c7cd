"""The program's own stacks keep every rule, and need every exemption."""

from __future__ import annotations

import json
from functools import cache

import pytest

from blueprint.settings import PROJECT
from policy_pack.pack import Pack, told
from policy_pack.resource import Facts, Resource
from policy_pack.rules import RULES
from tests.blueprint.samples import configuration
from tests.schemas.stacks import STACKS, registered


@cache
def resources(stack: str) -> list[Resource]:
    """As the engine would show them, every value known."""
    return [
        Resource(type=one.type, name=one.name, urn=one.urn, props=one.inputs, protect=one.protect)
        for one in registered(stack).resources
    ]


def facts(label: str) -> Facts:
    stack = label.partition(" ")[0]
    return Facts.read(PROJECT, stack, {f"{PROJECT}:organisation": json.dumps(configuration()["organisation"])})


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_keeps_every_rule(stack: str) -> None:
    """Guards: a component that breaks what the pack demands of everybody else."""
    pack = Pack(facts(stack))
    found = [one for resource in resources(stack) for one in pack.judge(resource)]
    found += pack.judge_stack(resources(stack))
    assert [(one.rule, one.message) for one in found] == []


def test_every_exemption_is_needed() -> None:
    """Guards: an exemption that outlives its resource, and one day covers another one."""
    unneeded = [
        (rule.name, exemption.type, exemption.name)
        for rule in RULES
        for exemption in rule.exempt
        if not any(
            exemption.covers(resource) and told(rule.check(resource, facts("hub")))
            for stack in STACKS
            for resource in resources(stack)
        )
    ]
    assert unneeded == []
