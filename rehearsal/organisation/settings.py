"""What an emulated organisation is made of: accounts, units and the control policies attached to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.organisation.core import Account, Document
from rehearsal.organisation.trail.settings import TrailSettings

ACCOUNT_ID = re.compile(r"\d{12}")
ORGANISATION_ID = re.compile(r"o-[a-z0-9]{10,32}")
"""Source: botocore's organizations model, shapes AccountId and OrganizationId."""

ROOT = "root"
FULL_ACCESS: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "FullAWSAccess", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}
RCP_FULL_ACCESS: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "RCPFullAWSAccess", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
"""Attached everywhere by AWS: organizations/orgs_manage_policies_scps_strategies,
orgs_manage_policies_rcps.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSettings:
    """An organisation as the company would have set it up before the program runs.

    `units` maps an organisational unit's name to its parent (`root` or another unit); `placed` maps an
    account's name to its unit (accounts not named lie in the root). `service_control_policies` and
    `resource_control_policies` map a target (`root`, a unit's or an account's name) to its named policies,
    beside the full-access one that AWS attaches to each target. Accounts that are not in the organisation are
    outsiders: no control policy binds them. `trail`: how CloudTrail behaves at first. `hurry`: the time in which
    functions sleep, and nothing else is at work, is skipped.
    """

    id: str
    region: str
    accounts: Sequence[Account]
    management: str
    units: Mapping[str, str] = field(default_factory=dict)
    placed: Mapping[str, str] = field(default_factory=dict)
    service_control_policies: Mapping[str, Mapping[str, Document]] = field(default_factory=dict)
    resource_control_policies: Mapping[str, Mapping[str, Document]] = field(default_factory=dict)
    seed: int = 0
    source_ip: str = "203.0.113.10"
    trail: TrailSettings = field(default_factory=TrailSettings)
    hurry: bool = False

    def __post_init__(self) -> None:
        problems = [*self._bad_accounts(), *self._bad_units()]
        if not ORGANISATION_ID.fullmatch(self.id):
            problems.append(f"organisation id {self.id!r} is not o- and 10 to 32 lower-case letters or digits")
        if problems:
            raise ValueError("the emulated organisation can't be set up: " + "; ".join(problems))

    def _bad_accounts(self) -> list[str]:
        names = [account.name for account in self.accounts]
        ids = [account.id for account in self.accounts]
        problems = [f"account id {one!r} is not 12 digits" for one in ids if not ACCOUNT_ID.fullmatch(one)]
        problems += [f"account name {one!r} is used twice" for one in sorted(set(names)) if names.count(one) > 1]
        problems += [f"account id {one!r} is used twice" for one in sorted(set(ids)) if ids.count(one) > 1]
        if self.management not in {account.name for account in self.accounts if account.in_organisation}:
            problems.append(f"management account {self.management!r} is not an account of the organisation")
        return problems

    def _bad_units(self) -> list[str]:
        members = {account.name for account in self.accounts if account.in_organisation}
        problems = [
            f"unit {unit!r} lies in {parent!r}, which is no unit"
            for unit, parent in self.units.items()
            if parent not in {ROOT, *self.units}
        ]
        problems += [
            f"account {name!r} is placed in {unit!r}: one of the two is unknown"
            for name, unit in self.placed.items()
            if name not in members or unit not in {ROOT, *self.units}
        ]
        for kind, attached in (
            ("service", self.service_control_policies),
            ("resource", self.resource_control_policies),
        ):
            unknown = sorted(set(attached) - {ROOT, *self.units, *members})
            problems += [f"a {kind} control policy is attached to {target!r}, which is unknown" for target in unknown]
        problems += [f"unit {unit!r} is its own ancestor" for unit in self.units if self._is_own_ancestor(unit)]
        return problems

    def _is_own_ancestor(self, unit: str) -> bool:
        seen = set()
        while unit in self.units:
            if unit in seen:
                return True
            seen.add(unit)
            unit = self.units[unit]
        return False

    def path(self, account: Account) -> list[str]:
        """The targets whose policies bind an account, from the root down to itself."""
        return [ROOT, *self._units_down_to(self.placed.get(account.name, ROOT)), account.name]

    def _units_down_to(self, unit: str) -> list[str]:
        units = []
        while unit != ROOT:
            units.append(unit)
            unit = self.units[unit]
        return units[::-1]

    def levels(self, account: Account, kind: str) -> list[list[dict[str, Any]]] | None:
        """The control policies that bind an account, level by level; None where none bind it.

        `kind` is `scp` or `rcp`. The management account is bound by neither
        (organizations/orgs_manage_policies_scps, orgs_manage_policies_rcps), an account outside the
        organisation neither.
        """
        if not account.in_organisation or account.name == self.management:
            return None
        attached = self.service_control_policies if kind == "scp" else self.resource_control_policies
        full = {"name": "FullAWSAccess", "policy": FULL_ACCESS}
        if kind == "rcp":
            full = {"name": "RCPFullAWSAccess", "policy": RCP_FULL_ACCESS}
        return [
            [full, *({"name": name, "policy": policy} for name, policy in attached.get(target, {}).items())]
            for target in self.path(account)
        ]

    def root_id(self) -> str:
        """Source: botocore's organizations model, shape RootId (`r-` and 4 to 32 characters)."""
        return "r-" + self.id.removeprefix("o-")[:4]

    def unit_id(self, unit: str) -> str:
        """Source: botocore's organizations model, shape OrganizationalUnitId (`ou-<root>-<8 to 32
        characters>`).
        """
        letters = re.sub("[^a-z0-9]", "", unit.lower())
        return f"ou-{self.root_id().removeprefix('r-')}-{(letters + '00000000')[: max(8, min(32, len(letters)))]}"

    def org_path(self, account: Account) -> str:
        """The value of aws:PrincipalOrgPaths: `o-…/r-…/ou-…/` (iam/reference_policies_condition-keys)."""
        return self.unit_path(self.placed.get(account.name, ROOT))

    def unit_path(self, unit: str) -> str:
        """That of the accounts which lie in a unit itself, or in the root."""
        units = [self.unit_id(one) for one in self._units_down_to(unit)]
        return "/".join([self.id, self.root_id(), *units]) + "/"
