"""The forms of a share's principal: account id, organisation, organisational unit, role or user.

Sources: ram AssociateResourceShare in the botocore model; `:root` ARNs and other forms are refused as callers met it
(InvalidParameterException); principals outside the organisation: RAM user guide, troubleshooting. A unit stands for the
accounts in it and in the units below it, the owner's own included (RAM user guide, getting-started-sharing).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rehearsal.organisation.core import Caller, Organisation
from rehearsal.organisation.directory import Directory

from .store import invalid

Kind = Literal["account", "organization", "unit", "role", "user"]
_ACCOUNT = re.compile(r"\d{12}")
_ORGANIZATION = re.compile(r"arn:aws[a-z-]*:organizations::\d{12}:organization/(?P<id>o-[a-z0-9]{10,32})")
_UNIT = re.compile(r"arn:aws[a-z-]*:organizations::\d{12}:ou/o-[a-z0-9]{10,32}/ou-[a-z0-9-]+")
_IDENTITY = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):(?P<kind>role|user)/.+")


@dataclass(frozen=True, slots=True)
class Principal:
    """A share's principal: as given, its kind, its account ("" for an organisation or unit), and a unit's path."""

    text: str
    kind: Kind
    account: str
    path: str = ""

    def policy_principals(self) -> list[str]:
        """The `AWS` principals that the shared resource's policy names; none for an organisation or unit."""
        if self.kind == "account":
            return [f"arn:aws:iam::{self.account}:root"]
        return [] if self.kind in ("organization", "unit") else [self.text]


def read_principal(org: Organisation, text: str) -> Principal:
    """Read a principal, or raise InvalidParameterException naming the forms that RAM takes."""
    if _ACCOUNT.fullmatch(text):
        return Principal(text, "account", text)
    if match := _ORGANIZATION.fullmatch(text):
        if match["id"] != org.id:
            raise invalid(f"Principal {text} is not the organization of this account, {org.id}.")
        return Principal(text, "organization", "")
    if _UNIT.fullmatch(text):
        return Principal(text, "unit", "", _unit_path(org, text))
    if match := _IDENTITY.fullmatch(text):
        return Principal(text, "role" if match["kind"] == "role" else "user", match["account"])
    raise invalid(
        f"Principal ID {text} is malformed. Verify the ID and try again: a 12-digit account id, or the ARN of an "
        "organization, organizational unit, role or user."
    )


def _unit_path(org: Organisation, arn: str) -> str:
    """`o-…/r-…/ou-…/` of a unit of this organisation, as `aws:PrincipalOrgPaths` begins for its accounts."""
    directory = Directory(org.settings)
    for unit in org.settings.units:
        if directory.unit(unit)["Arn"] == arn:
            return org.settings.unit_path(unit)
    raise invalid(f"Principal {arn} is no organizational unit of the organization of this account, {org.id}.")


def is_external(org: Organisation, owner: str, principal: Principal) -> bool:
    """Whether the principal lies outside the owner's organisation, so that it must accept an invitation."""
    inside = {account.id for account in org.accounts.values() if account.in_organisation}
    if owner not in inside:
        return True
    return principal.kind not in ("organization", "unit") and principal.account not in inside


def covers(org: Organisation, principal: Principal, caller: Caller) -> bool:
    """Whether a share with this principal shows its resources to the caller."""
    if principal.kind == "account":
        return principal.account == caller.account
    if principal.kind in ("organization", "unit"):
        return any(
            account.id == caller.account
            and account.in_organisation
            and org.settings.org_path(account).startswith(principal.path)
            for account in org.accounts.values()
        )
    return principal.text in (caller.role_arn, caller.arn)
