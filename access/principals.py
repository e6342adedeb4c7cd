"""Who asks, and whom a Principal element names.

Sources (docs.aws.amazon.com/IAM/latest/UserGuide/): reference_policies_elements_principal.html,
reference_policies_elements_notprincipal.html, reference_policies_variables.html#principaltable (aws:PrincipalType).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

from access.errors import MalformedPolicy, shown

_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>iam|sts)::(?P<account>\d{12}):"
    r"(?P<type>root|user/|role/|assumed-role/|federated-user/|oidc-provider/|saml-provider/)(?P<name>.*)"
)
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")
_CANONICAL = re.compile(r"[0-9a-f]{64}")
WEB_IDENTITY_PROVIDERS = (
    "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com",
)  # fmt: skip


class Kind(Enum):
    """What sort of principal makes the request; the value is `aws:PrincipalType` where AWS documents one."""

    ROOT = "Account"
    USER = "User"
    ROLE = "Role"
    SESSION = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    FEDERATED = "Federated"
    SERVICE = "Service"
    ANONYMOUS = "Anonymous"


PRINCIPAL_FORMS = (
    "arn:aws:iam::<12 digits>:root, :user/<name> or :role/<name>, "
    "arn:aws:sts::<12 digits>:assumed-role/<role>/<session> or :federated-user/<name>, "
    "a service (events.amazonaws.com), an identity provider's ARN or name, or * for an anonymous caller"
)


class Reach(IntEnum):
    """How closely a Principal element names the caller; the closer, the less else must allow in the same account.

    ACCOUNT delegates to the caller's account, whose identity policies decide. ROLE names the role: an implicit deny
    of its boundary or session policy still limits. DIRECT names the session, the user, the root, the service, or
    everybody (`*`): nothing else must allow.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a request.

    `account` is "" for services, identity providers and anonymous callers. `role_arn` is the role of a session with
    its path where the context told it (`aws:PrincipalArn`); a session's own ARN has none. `canonical` is the
    account's canonical user id for S3, where the case gives it.
    """

    kind: Kind
    arn: str
    account: str
    role_arn: str | None = None
    canonical: str | None = None

    @property
    def principal_arn(self) -> str | None:
        """The value of aws:PrincipalArn: "for roles the role's ARN, not the session's"."""
        if self.kind in (Kind.SERVICE, Kind.ANONYMOUS, Kind.FEDERATED):
            return None
        return self.role_arn or self.arn

    @property
    def has_identity(self) -> bool:
        """Whether identity policies speak for it: users, roles, root and their sessions."""
        return bool(self.account)

    @property
    def is_service_linked_role(self) -> bool:
        return self.role_arn is not None and ":role/aws-service-role/" in self.role_arn

    @property
    def short(self) -> str:
        """The name for messages: a role's, user's or service's, else the ARN."""
        if self.kind in (Kind.ROLE, Kind.SESSION) and self.role_arn:
            return self.role_arn.rsplit("/", 1)[1]
        if self.kind is Kind.USER:
            return self.arn.rsplit("/", 1)[1]
        if self.kind is Kind.ROOT:
            return f"the root user of {self.account}"
        return "an anonymous caller" if self.kind is Kind.ANONYMOUS else self.arn


def caller(text: str, *, principal_arn: str | None = None, canonical: str | None = None) -> Caller | None:
    """The caller behind a request's `principal`, or None if the text has none of the forms (PRINCIPAL_FORMS).

    `principal_arn` is the context's aws:PrincipalArn: it tells a session's role with its path, if it is that role.
    """
    if text in ("*", "anonymous"):
        return Caller(Kind.ANONYMOUS, "*", "")
    if text in WEB_IDENTITY_PROVIDERS:
        return Caller(Kind.FEDERATED, text, "")
    if _SERVICE.fullmatch(text):
        return Caller(Kind.SERVICE, text, "")
    match = _ARN.fullmatch(text)
    if match is None:
        return None
    account, kind, name = match["account"], match["type"], match["name"]
    of_sts = kind in ("assumed-role/", "federated-user/")
    if (kind == "root") != (name == "") or of_sts != (match["service"] == "sts"):
        return None
    if kind == "root":
        return Caller(Kind.ROOT, text, account, canonical=canonical)
    if kind == "user/":
        return Caller(Kind.USER, text, account, canonical=canonical)
    if kind == "role/":
        return Caller(Kind.ROLE, text, account, text, canonical)
    if kind == "federated-user/":
        return Caller(Kind.FEDERATED_USER, text, account, canonical=canonical)
    if kind == "assumed-role/":
        role, slash, session = name.partition("/")
        if not (role and slash and session) or "/" in session:
            return None
        derived = f"arn:{match['partition']}:iam::{account}:role/{role}"
        return Caller(Kind.SESSION, text, account, _role_of(derived, principal_arn), canonical)
    return Caller(Kind.FEDERATED, text, "")


def _role_of(derived: str, told: str | None) -> str:
    """The role's ARN as told, if it is the derived one with a path between `role/` and the name."""
    if told:
        prefix, name = derived.split(":role/")
        if told.startswith(prefix + ":role/") and told.rsplit("/", 1)[1] == name:
            return told
    return derived


class PrincipalElement:
    """A compiled Principal or NotPrincipal element."""

    __slots__ = ("_accounts", "_arns", "_canonical", "_federated", "_services", "everybody")

    def __init__(self, element: object, where: str) -> None:
        """Parse `"*"` or a map of AWS, Service, Federated, CanonicalUser to one or more names.

        Raises MalformedPolicy for anything else, such as a partial wildcard ("You cannot use a wildcard to match
        part of a principal name or ARN").
        """
        self.everybody = False
        self._accounts: set[str] = set()
        self._arns: set[str] = set()
        self._services: set[str] = set()
        self._federated: set[str] = set()
        self._canonical: set[str] = set()
        if element == "*":
            self.everybody = True
            return
        if not isinstance(element, Mapping) or not element:
            raise MalformedPolicy(
                where, f'{shown(element)} is neither "*" nor a map of AWS, Service, Federated or CanonicalUser'
            )
        for kind, names in element.items():
            values = [names] if isinstance(names, str) else names
            if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
                raise MalformedPolicy(f"{where}.{kind}", f"{shown(names)} is neither a string nor a list of strings")
            self._add(kind, values, f"{where}.{kind}")

    def _add(self, kind: str, values: Iterable[str], where: str) -> None:
        for value in values:
            if kind == "AWS":
                self._add_aws(value, where)
            elif kind == "Service" and _SERVICE.fullmatch(value):
                self._services.add(value)
            elif kind == "Federated" and (value in WEB_IDENTITY_PROVIDERS or value.startswith("arn:")):
                self._federated.add(value)
            elif kind == "CanonicalUser" and _CANONICAL.fullmatch(value):
                self._canonical.add(value)
            elif kind in ("Service", "Federated", "CanonicalUser"):
                raise MalformedPolicy(where, f"{shown(value)} is no {kind} principal; it could never match")
            else:
                raise MalformedPolicy(
                    where, f"{shown(kind)} is no kind of principal; known are AWS, Service, Federated, CanonicalUser"
                )

    def _add_aws(self, value: str, where: str) -> None:
        if value == "*":
            self.everybody = True
        elif _ACCOUNT.fullmatch(value):
            self._accounts.add(value)
        elif "*" not in value and "?" not in value and (match := _ARN.fullmatch(value)):
            if match["type"] == "root" and not match["name"]:
                self._accounts.add(match["account"])
            else:
                self._arns.add(value)
        elif not _UNIQUE_ID.fullmatch(value):
            raise MalformedPolicy(
                where,
                f"{shown(value)} is no AWS principal: an account id, the ARN of an account's root, user, role or "
                'session, or "*"; a wildcard can\'t stand for a part of it (use aws:PrincipalArn with ArnLike)',
            )

    def reach(self, who: Caller) -> Reach:
        """How closely this Principal element names `who`."""
        if self.everybody:
            return Reach.DIRECT
        if who.kind is Kind.SERVICE:
            return Reach.DIRECT if who.arn in self._services else Reach.NONE
        if who.kind is Kind.FEDERATED:
            return Reach.DIRECT if who.arn in self._federated else Reach.NONE
        if who.kind is not Kind.ROLE and who.arn in self._arns:
            return Reach.DIRECT
        if who.role_arn in self._arns:
            return Reach.ROLE
        if who.account and (who.account in self._accounts or who.canonical in self._canonical):
            return Reach.DIRECT if who.kind is Kind.ROOT else Reach.ACCOUNT
        return Reach.NONE

    def excepts(self, who: Caller, *, bounded: bool) -> bool:
        """Whether this NotPrincipal element excepts `who` from the Deny.

        "You must also specify the account ARN of the not-denied principal": a user is excepted when the user and the
        account are named, a role or its session when the role and the account are. A principal with a permissions
        boundary (`bounded`) is never excepted.
        """
        if self.everybody:
            return True
        if who.kind in (Kind.SERVICE, Kind.FEDERATED, Kind.ANONYMOUS):
            return self.reach(who) is Reach.DIRECT
        if bounded or not (who.account in self._accounts or who.canonical in self._canonical):
            return False
        return who.kind is Kind.ROOT or (who.role_arn or who.arn) in self._arns
