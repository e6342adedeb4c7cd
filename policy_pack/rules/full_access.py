"""No role may do everything, nor everything of a service."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_pack.documents import Document, allows, as_list, documents, sid
from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

MANAGED = re.compile(r":iam::aws:policy/.*(?:FullAccess|Administrator(?:Access)?|PowerUserAccess)")
ATTACHED_BY = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
ROLE = "aws:iam/role:Role"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    yield from _attached(resource)
    if resource.type.startswith("aws:iam/"):
        for found in documents(resource):
            if isinstance(found, NotKnown):
                yield found
            elif not found.names_principals:
                yield from _everything(found)


def _attached(resource: Resource) -> Iterator[Finding]:
    """AWS's own policies of that kind, attached to whom ever."""
    if resource.type in ATTACHED_BY:
        given = [resource.at("policyArn")]
    elif resource.type == ROLE:
        listed = resource.at("managedPolicyArns")
        given = [listed] if listed is UNKNOWN else as_list(listed)
    else:
        return
    for arn in given:
        if arn is UNKNOWN:
            yield NotKnown("policyArn")
        elif MANAGED.search(str(arn)):
            yield Violation(f"{arn} is attached")


def _everything(found: Document) -> Iterator[Finding]:
    for statement in found.statements:
        if not allows(statement):
            continue
        if "NotAction" in statement:
            yield Violation(f"{found.path}: {sid(statement)} allows every action but those of its NotAction")
        for action in as_list(statement.get("Action")):
            if str(action).rpartition(":")[2] == "*":
                yield Violation(f"{found.path}: {sid(statement)} allows {action}")


RULE = Rule(
    name="full-access",
    description="No identity gets AdministratorAccess, a FullAccess policy, or all actions of a service.",
    remedy="list the actions that are called, each with its reason, in blueprint/policies",
    check=check,
)
