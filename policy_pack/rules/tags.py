"""Every resource says whose it is: the provider's default tags, which no resource may overwrite."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from blueprint.tags import tags
from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

PROVIDER = "pulumi:providers:aws"
NEEDED = frozenset(tags("prefix", "stack"))


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if resource.type == PROVIDER:
        yield from _defaults(resource, facts)
    else:
        own = resource.at("tags")
        if isinstance(own, Mapping):
            for key in sorted(NEEDED & own.keys()):
                yield Violation(f"tags sets {key}, which the provider's default tags own")


def _defaults(resource: Resource, facts: Facts) -> Iterator[Finding]:
    given = _decoded(resource.at("defaultTags"))
    found = given.get("tags", {}) if isinstance(given, Mapping) else given
    if found is UNKNOWN:
        yield NotKnown("defaultTags")
        return
    missing = NEEDED - (found or {}).keys()
    if missing:
        yield Violation(f"defaultTags lack {', '.join(sorted(missing))}")
    elif found["governance:stack"] not in (facts.stack, facts.account_stack):
        yield Violation(f"defaultTags say governance:stack {found['governance:stack']}, the stack is {facts.stack}")


def _decoded(value: Any) -> Any:
    """A provider's properties are text: objects arrive as JSON."""
    return json.loads(value) if isinstance(value, str) else value


RULE = Rule(
    name="tags",
    description=f"The provider tags everything with {', '.join(sorted(NEEDED))}.",
    remedy="make the provider by components/engine.py, account_provider",
    check=check,
)
