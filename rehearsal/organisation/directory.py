"""The organisation as AWS Organizations names it: ids, ARNs and paths of roots, units, accounts and policies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rehearsal.organisation.core import Account, Document
from rehearsal.organisation.settings import FULL_ACCESS, RCP_FULL_ACCESS, ROOT, OrganisationSettings

PolicyType = Literal["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]
PATHS: Mapping[PolicyType, str] = {
    "SERVICE_CONTROL_POLICY": "service_control_policy",
    "RESOURCE_CONTROL_POLICY": "resource_control_policy",
}
FULL: Mapping[PolicyType, tuple[str, Document]] = {
    "SERVICE_CONTROL_POLICY": ("FullAWSAccess", FULL_ACCESS),
    "RESOURCE_CONTROL_POLICY": ("RCPFullAWSAccess", RCP_FULL_ACCESS),
}


@dataclass(frozen=True, slots=True)
class ControlPolicy:
    """A control policy with its id; `managed` by AWS: the full-access ones."""

    id: str
    arn: str
    name: str
    type: PolicyType
    content: Document
    managed: bool

    def summary(self) -> dict[str, Any]:
        """As shape PolicySummary."""
        return {
            "Id": self.id,
            "Arn": self.arn,
            "Name": self.name,
            "Description": "",
            "Type": self.type,
            "AwsManaged": self.managed,
        }


class Directory:
    """Ids and ARNs (formats: botocore's organizations model, patterns of the Arn and Id shapes)."""

    def __init__(self, settings: OrganisationSettings) -> None:
        self.settings = settings
        self.management = next(one for one in settings.accounts if one.name == settings.management)
        self.members = [one for one in settings.accounts if one.in_organisation]

    def arn(self, kind: str, rest: str = "") -> str:
        middle = f"{self.settings.id}/{rest}" if rest else self.settings.id
        return f"arn:aws:organizations::{self.management.id}:{kind}/{middle}"

    def target_id(self, target: str) -> str:
        """The id of `root`, a unit or an account by its name in the settings."""
        if target == ROOT:
            return self.settings.root_id()
        if target in self.settings.units:
            return self.settings.unit_id(target)
        return next(one.id for one in self.members if one.name == target)

    def target_arn(self, target_id: str) -> str | None:
        """The ARN of a root, unit or account by its id; None for an unknown one."""
        if target_id == self.settings.root_id():
            return self.arn("root", target_id)
        if target_id in {self.settings.unit_id(unit) for unit in self.settings.units}:
            return self.arn("ou", target_id)
        return self.arn("account", target_id) if any(one.id == target_id for one in self.members) else None

    def parent_of(self, target_id: str) -> str | None:
        """The id of the root or unit in which a unit or account lies; None for the root and for unknown ids."""
        settings = self.settings
        for unit, parent in settings.units.items():
            if settings.unit_id(unit) == target_id:
                return self.target_id(parent)
        for account in self.members:
            if account.id == target_id:
                return self.target_id(settings.placed.get(account.name, ROOT))
        return None

    def account(self, account: Account) -> dict[str, Any]:
        """As shape Account. Addresses end in `.example` (RFC 2606): no one's."""
        return {
            "Id": account.id,
            "Arn": self.arn("account", account.id),
            "Email": f"{account.name}@accounts.example",
            "Name": account.name,
            "Status": "ACTIVE",
            "State": "ACTIVE",
            "JoinedMethod": "INVITED" if account.id == self.management.id else "CREATED",
        }

    def unit(self, unit: str) -> dict[str, Any]:
        """As shape OrganizationalUnit."""
        unit_id = self.settings.unit_id(unit)
        return {"Id": unit_id, "Arn": self.arn("ou", unit_id), "Name": unit}

    def policies(self, kind: PolicyType) -> list[ControlPolicy]:
        """Every policy of a type: AWS's full-access one, then the organisation's own, by name."""
        name, document = FULL[kind]
        policy_id = f"p-{name}"
        arn = f"arn:aws:organizations::aws:policy/{PATHS[kind]}/{policy_id}"
        found = [ControlPolicy(policy_id, arn, name, kind, document, managed=True)]
        own = {name: document for attached in self._attached(kind).values() for name, document in attached.items()}
        for name, document in sorted(own.items()):
            policy_id = "p-" + hashlib.sha256(f"{kind} {name}".encode()).hexdigest()[:8]
            arn = self.arn("policy", f"{PATHS[kind]}/{policy_id}")
            found.append(ControlPolicy(policy_id, arn, name, kind, document, managed=False))
        return found

    def _attached(self, kind: PolicyType) -> Mapping[str, Mapping[str, Document]]:
        settings = self.settings
        if kind == "SERVICE_CONTROL_POLICY":
            return settings.service_control_policies
        return settings.resource_control_policies

    def policies_of(self, target_id: str, kind: PolicyType) -> list[ControlPolicy]:
        """What is attached to a root, unit or account itself (not what it inherits)."""
        target = next((one for one in self._attached(kind) if self.target_id(one) == target_id), None)
        names = set(self._attached(kind)[target]) if target is not None else set()
        return [one for one in self.policies(kind) if one.managed or one.name in names]
