"""A provider refuses every account but the stack's."""

from __future__ import annotations

import json
from collections.abc import Iterator

from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

PROVIDER = "pulumi:providers:aws"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if resource.type != PROVIDER:
        return
    given = resource.at("allowedAccountIds")
    if given is UNKNOWN:
        yield NotKnown("allowedAccountIds")
        return
    allowed = json.loads(given) if isinstance(given, str) else given
    if not allowed:
        yield Violation("allowedAccountIds isn't set: the stack lands in whatever account the credentials are of")
    elif facts.account is not None and list(allowed) != [facts.account]:
        yield Violation(f"allowedAccountIds is {', '.join(map(str, allowed))}, the stack's account is {facts.account}")


RULE = Rule(
    name="allowed-accounts",
    description="The provider works in the stack's account and in no other.",
    remedy="make the provider by components/engine.py, account_provider, and pass it to every resource",
    check=check,
)
