"""The forms of a share's principal: account id, organisation, organisational unit, role or user.

Sources: ram AssociateResourceShare in the botocore model; `:root` ARNs and other forms are refused as callers met it
(InvalidParameterException); principals outside the organisation: RAM user guide, troubleshooting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rehearsal.organisation.core import Caller, NotEmulated, Organisation

from .store import invalid

Kind = Literal["account", "organization", "role", "user"]
_ACCOUNT = re.compile(r"\d{12}")
_ORGANIZATION = re.compile(r"arn:aws[a-z-]*:organizations::\d{12}:organization/(?P<id>o-[a-z0-9]{10,32})")
_UNIT = re.compile(r"arn:aws[a-z-]*:organizations::\d{12}:ou/o-[a-z0-9]{10,32}/ou-[a-z0-9-]+")
_IDENTITY = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):(?P<kind>role|user)/.+")


@dataclass(frozen=True, slots=True)
class Principal:
    """A share's principal: as given, its kind, and its account ("" for an organisation)."""

    text: str
    kind: Kind
    account: str

    def policy_principals(self) -> list[str]:
        """The `AWS` principals that the shared resource's policy names; none for an organisation."""
        if self.kind == "account":
            return [f"arn:aws:iam::{self.account}:root"]
        return [] if self.kind == "organization" else [self.text]


def read_principal(org: Organisation, text: str) -> Principal:
    """Read a principal, or raise InvalidParameterException naming the forms that RAM takes."""
    if _ACCOUNT.fullmatch(text):
        return Principal(text, "account", text)
    if match := _ORGANIZATION.fullmatch(text):
        if match["id"] != org.id:
            raise invalid(f"Principal {text} is not the organization of this account, {org.id}.")
        return Principal(text, "organization", "")
    if _UNIT.fullmatch(text):
        raise NotEmulated("a RAM principal that is an organisational unit")
    if match := _IDENTITY.fullmatch(text):
        return Principal(text, "role" if match["kind"] == "role" else "user", match["account"])
    raise invalid(
        f"Principal ID {text} is malformed. Verify the ID and try again: a 12-digit account id, or the ARN of an "
        "organization, organizational unit, role or user."
    )


def is_external(org: Organisation, owner: str, principal: Principal) -> bool:
    """Whether the principal lies outside the owner's organisation, so that it must accept an invitation."""
    inside = {account.id for account in org.accounts.values() if account.in_organisation}
    if owner not in inside:
        return True
    return principal.kind != "organization" and principal.account not in inside


def covers(org: Organisation, principal: Principal, caller: Caller) -> bool:
    """Whether a share with this principal shows its resources to the caller."""
    if principal.kind == "account":
        return principal.account == caller.account
    if principal.kind == "organization":
        return any(account.id == caller.account and account.in_organisation for account in org.accounts.values())
    return principal.text in (caller.role_arn, caller.arn)
