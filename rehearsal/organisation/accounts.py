"""Who is there before the program runs: the organisation's first administrator and a way into every
account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rehearsal.organisation.core import Account, ApiError, Credentials, Document
from rehearsal.organisation.identity import ALLOW_ALL

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator

ADMIN_USER = "admin"
MEMBER_ROLE = "OrganizationAccountAccessRole"
OUTSIDER_ROLE = "Admin"


SESSION_ACTIONS = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")


def trusting(*principals: str, actions: Sequence[str] = SESSION_ACTIONS) -> dict[str, Any]:
    """A trust policy that lets AWS principals (ARNs) assume the role, with source identity and session tags."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Trust",
                "Effect": "Allow",
                "Principal": {"AWS": sorted(principals)},
                "Action": list(actions),
            }
        ],
    }


def root_of(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:root"


class Accounts:
    """The company's own set-up, and credentials in any account by real AssumeRole calls."""

    def __init__(self, org: Emulator) -> None:
        self._org = org

    def set_up(self) -> Credentials:
        """Make the management account's administrator and the admin role of each other account.

        As AWS Organizations does for accounts it creates
        (organizations/orgs_manage_accounts_access-cross-account-role) members get
        OrganizationAccountAccessRole, trusting the management account; an outsider has an administrator of
        its own. Returns the first administrator's long-term credentials.
        """
        org = self._org
        management = org.accounts[org.settings.management]
        everything = {"AdministratorAccess": ALLOW_ALL}
        admin = org.identity.create_user(management.id, ADMIN_USER, everything)
        self._outsiders: dict[str, Credentials] = {}
        for account in org.accounts.values():
            if account.name == management.name:
                continue
            truster = root_of(management.id) if account.in_organisation else root_of(account.id)
            org.identity.create_role(
                account.id, self.admin_role(account), trusting(truster, actions=["sts:AssumeRole"]), everything
            )
            if not account.in_organisation:
                self._outsiders[account.name] = org.identity.create_user(account.id, ADMIN_USER, everything)
        return admin

    def user_of(self, account: Account) -> Credentials | None:
        """The long-term credentials of an account's administrator: the management account and outsiders have one."""
        if account.name == self._org.settings.management:
            return self._org.admin
        return self._outsiders.get(account.name)

    def admin_role(self, account: Account) -> str:
        """The name of an account's administrator role; the management account has none, only its user."""
        return MEMBER_ROLE if account.in_organisation else OUTSIDER_ROLE

    def add_role(
        self, account: str, name: str, *, trust: Document, policies: Mapping[str, Document], path: str = "/",
        tags: Mapping[str, str] | None = None, max_session_seconds: int = 3600,
    ) -> str:  # fmt: skip
        """Create a role of the company's own (an SSO role, a pipeline's role) by account name. Returns its
        ARN.
        """
        org = self._org
        with org.lock:
            return org.identity.create_role(
                org.accounts[account].id, name, trust, policies, path=path, tags=tags,
                max_session_seconds=max_session_seconds,
            )  # fmt: skip

    def credentials(self, account: str, role: str | None = None, session_name: str = "rehearsal") -> Credentials:
        """Credentials in an account by its name: of its administrator, or of a role that trusts the account's
        root.

        Every step is an sts:AssumeRole that is authorised and logged. Raises ApiError where a trust refuses.
        """
        org = self._org
        described = org.accounts[account]
        current = self._outsiders.get(account, org.admin)
        if account != org.settings.management:
            current = self._assume(current, described.id, self.admin_role(described), session_name)
        if role is not None and role != self.admin_role(described):
            current = self._assume(current, described.id, role, session_name)
        return current

    def _assume(self, current: Credentials, account: str, role: str, session_name: str) -> Credentials:
        org = self._org
        found = org.identity.role_named(account, role)
        if found is None:
            raise ApiError("NoSuchEntity", f"account {account} has no role {role!r}", 404)
        codes = {"unknown": "InvalidClientTokenId", "expired": "ExpiredToken"}
        caller = org.identity.identify(current.access_key, current.session_token, codes)
        params = {"RoleArn": str(found.arn), "RoleSessionName": session_name}
        answer = org.call(caller, "sts", "AssumeRole", params, region=org.region)["Credentials"]
        return Credentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], answer["Expiration"],
            f"arn:aws:sts::{account}:assumed-role/{role}/{session_name}",
        )  # fmt: skip
