"""Who works at the company, and the roles that its identity centre signs them in to, before the first `pulumi up`.

Each role may become the program's roles that the configuration names it for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from blueprint.names import HUB
from blueprint.organisation import Organisation
from rehearsal.scenario import company

OFFICER, SCIENTIST, DEPLOYER, OPERATOR = "ada.lovelace", "grace.hopper", "joan.clarke", "katherine.johnson"
"""Who approves (and audits), registers, deploys, mends. Their names travel as source identities of their sessions."""


@dataclass(frozen=True, slots=True)
class Post:
    """A role of the company in an account, by the stack's name, and what it may become."""

    stack: str
    role: str
    becomes: tuple[str, ...]

    @property
    def rights(self) -> dict[str, Any]:
        """Its only policy."""
        statement = {
            "Sid": "BecomeOurRoles",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            "Resource": list(self.becomes),
        }
        return {"Version": "2012-10-17", "Statement": [statement]}


def posts(of: Organisation) -> list[Post]:
    """The company's roles. A pattern of the configuration with wildcards names none."""
    found: dict[tuple[str, str], list[str]] = {}
    for stack, role, becomes in _named(of):
        found.setdefault((stack, role), []).append(becomes)
    return [Post(stack, role, tuple(sorted(set(becomes)))) for (stack, role), becomes in found.items()]


def _named(of: Organisation) -> Iterator[tuple[str, str, str]]:
    names, hub = of.names, of.hub
    stacks = {hub: HUB} | {spoke.account: spoke.stack for spoke in of.spokes}
    for stage in of.stages:
        for who in stage.approvers:
            yield from _at(stacks, who, names.role_arn(hub, names.approver_role(stage.name)))
        for spoke in of.spokes_of(stage.name):
            for user in stage.users:
                yield spoke.stack, user, names.role_arn(spoke.account, names.role(spoke.stack, "execution"))
            for who in stage.deployers:
                arn = who if who.startswith("arn:") else names.role_arn(spoke.account, who)
                yield from _at(stacks, arn, names.role_arn(spoke.account, names.role(spoke.stack, "deployer")))
    for who in of.auditors:
        yield from _at(stacks, who, names.role_arn(hub, names.hub_role("auditor")))
    for who in of.operators:
        yield from _at(stacks, who, names.role_arn(hub, names.hub_role("operator")))


def _at(stacks: dict[str, str], pattern: str, becomes: str) -> Iterator[tuple[str, str, str]]:
    account, resource = pattern.split(":")[4:6]
    if account in stacks and resource.startswith("role/") and not set("*?") & set(resource):
        yield stacks[account], resource.removeprefix("role/"), becomes


def sign_in_trust() -> dict[str, Any]:
    """People sign in through the management account (as an identity centre's role would let them)."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{company.MANAGEMENT.id}:root"},
                "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            }
        ],
    }
