"""No Allow for everybody, unless a condition says who."""

from __future__ import annotations

from collections.abc import Iterator

from policy_pack.documents import Statement, allows, conditions, documents, principals, sid
from policy_pack.resource import Facts, Resource
from policy_pack.rule import Exemption, Finding, NotKnown, Rule, Violation

WHO = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
        "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpce", "aws:userid",
        "kms:calleraccount",
    }
)  # fmt: skip
"""Condition keys that say who asks, or for whose resource (IAM reference_policies_condition-keys), lower case."""

NARROWING = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike"})
"""Operators that match what is listed and nothing else. The forms with IfExists let pass who has no such key."""


def _bounded(statement: Statement) -> bool:
    return any(
        operator in NARROWING and key in WHO and values and not any(value == "*" for value in values)
        for operator, key, values in conditions(statement)
    )


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    for found in documents(resource):
        if isinstance(found, NotKnown):
            yield found
            continue
        for statement in found.statements:
            if not allows(statement):
                continue
            if "NotPrincipal" in statement:
                yield Violation(f"{found.path}: {sid(statement)} allows all but those of its NotPrincipal")
            elif "*" in principals(statement) and not _bounded(statement):
                yield Violation(f"{found.path}: {sid(statement)} allows everybody (Principal *), no condition says who")


RULE = Rule(
    name="wildcard-principal",
    description="A policy allows everybody only where a condition says who that is.",
    remedy="name account roots and narrow them by aws:PrincipalArn, or add StringEquals aws:PrincipalOrgID",
    check=check,
    exempt=(
        Exemption(
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            "*",
            "an endpoint's policy grants nothing by itself: it narrows what identities and resources allow",
        ),
    ),
)
