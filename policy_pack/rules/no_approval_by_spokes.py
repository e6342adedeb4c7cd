"""Nobody in a spoke may change a registered version: one call could approve it, or swap what was approved."""

from __future__ import annotations

from collections.abc import Iterator

from policy_pack.documents import Statement, accounts_named, allows, covers_action, documents, sid
from policy_pack.resource import Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

APPROVES = "sagemaker:UpdateModelPackage"
PERMISSION = "aws:ram/permission:Permission"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    for found in documents(resource):
        if isinstance(found, NotKnown):
            yield found
            continue
        for statement in found.statements:
            if allows(statement) and covers_action(statement, APPROVES):
                wrong = _wrong(resource, statement, found.names_principals, facts)
                if wrong:
                    yield Violation(f"{found.path}: {sid(statement)} {wrong} {APPROVES}")


def _wrong(resource: Resource, statement: Statement, names_principals: bool, facts: Facts) -> str:
    """What is wrong with an Allow of it; "" where it is the hub's own affair."""
    if resource.type == PERMISSION:
        return "shares with other accounts"
    if not names_principals:
        return "" if facts.is_hub else "allows in a spoke"
    if not resource.type.startswith("aws:sagemaker/"):
        return ""  # a policy that is asked about other resources, such as a VPC endpoint's
    hub = "" if facts.organisation is None else facts.organisation.hub
    others = [one for one in accounts_named(statement) if not hub or hub not in one]
    return f"lets {', '.join(others)} call" if others else ""


RULE = Rule(
    name="no-approval-by-spokes",
    description=f"No spoke gets {APPROVES}, by its own roles or by what the hub shares.",
    remedy="approve through the hub's approver roles (`governance approve`); spokes ask",
    check=check,
)
