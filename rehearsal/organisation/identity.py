"""Who calls: credentials issued and recognised, principals and the policies attached to them.

Roles, users and their policies lie in moto's IAM; sessions lie here.
"""

from __future__ import annotations

import json
import secrets
import string
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Caller, Clock, Credentials, Document
from rehearsal.organisation.policies import parsed

KEY_LETTERS = string.ascii_uppercase + "234567"
ALLOW_ALL: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials and what was fixed when they were issued."""

    credentials: Credentials
    caller: Caller
    issued: datetime
    transitive_tags: frozenset[str] = frozenset()
    asked_by: str = ""
    """The access key with which the role was assumed; empty where a service gave the session out."""


@dataclass(frozen=True, slots=True)
class Policies:
    """What is attached to a principal: named identity policies, and the permissions boundary."""

    identity: list[dict[str, Any]] = field(default_factory=list)
    boundary: dict[str, Any] | None = None


def account_of(arn: str) -> str:
    """The account in an ARN; empty where it has none (S3, service names)."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def name_of(arn: str) -> str:
    """The last part of an IAM ARN's path: the role's or user's name."""
    return arn.rsplit("/", 1)[-1]


class Identity:
    """The organisation's principals. `iam(account)` is moto's IAM backend of one of the `accounts`."""

    def __init__(self, iam: Callable[[str], Any], accounts: Sequence[str], clock: Clock) -> None:
        self._iam = iam
        self._accounts = accounts
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def role(self, arn: str) -> Any | None:
        """moto's role object of an ARN (path and all), or None."""
        return next((one for one in list(self._iam(account_of(arn)).roles.values()) if one.arn == arn), None)

    def role_named(self, account: str, name: str) -> Any | None:
        return next((one for one in list(self._iam(account).roles.values()) if one.name == name), None)

    def user(self, arn: str) -> Any | None:
        return next((one for one in list(self._iam(account_of(arn)).users.values()) if one.arn == arn), None)

    def exists(self, principal_arn: str) -> bool:
        """Whether a role or user ARN of a policy's Principal is there now; AWS refuses to store it
        otherwise.
        """
        kind = principal_arn.split(":", 5)[5]
        if kind.startswith("role/"):
            return self.role(principal_arn) is not None
        if kind.startswith("user/"):
            return self.user(principal_arn) is not None
        if principal_arn.split(":")[2] == "sts" and kind.startswith("assumed-role/"):
            return self.role_named(account_of(principal_arn), kind.split("/")[1]) is not None
        return kind == "root"

    def create_role(
        self, account: str, name: str, trust: Document, policies: Mapping[str, Document], *, path: str = "/",
        tags: Mapping[str, str] | None = None, max_session_seconds: int = 3600,
    ) -> str:  # fmt: skip
        """Create a role with inline policies, as the company had before the program runs. Returns its ARN."""
        backend = self._iam(account)
        role = backend.create_role(name, json.dumps(trust), path, None, "", _tag_list(tags), str(max_session_seconds))
        for policy, document in policies.items():
            backend.put_role_policy(name, policy, json.dumps(document))
        return str(role.arn)

    def create_user(self, account: str, name: str, policies: Mapping[str, Document]) -> Credentials:
        """Create an IAM user with inline policies and a long-term access key."""
        backend = self._iam(account)
        user = backend.create_user("aws", name)
        for policy, document in policies.items():
            backend.put_user_policy(name, policy, json.dumps(document))
        key = backend.create_access_key(name)
        never = self._clock.now() + timedelta(days=36500)
        return Credentials(key.access_key_id, key.secret_access_key, "", never, str(user.arn))

    def issue(
        self, role: Any, session_name: str, duration_seconds: int, *, session_policy: Document | None = None,
        source_identity: str | None = None, tags: Mapping[str, str] | None = None,
        transitive_tags: Sequence[str] = (), asked_by: str = "",
    ) -> Session:  # fmt: skip
        """Temporary credentials of a role session; whether the caller may have them was decided before."""
        account = account_of(role.arn)
        arn = f"arn:aws:sts::{account}:assumed-role/{role.name}/{session_name}"
        now = self._clock.now()
        expires = (now + timedelta(seconds=duration_seconds)).replace(microsecond=0)
        key = "ASIA" + "".join(secrets.choice(KEY_LETTERS) for _ in range(16))
        caller = Caller(
            arn=arn,
            account=account,
            user_id=f"{role.id}:{session_name}",
            role_arn=str(role.arn),
            access_key=key,
            session_policy=session_policy,
            source_identity=source_identity,
            tags=dict(tags or {}),
        )
        credentials = Credentials(key, secrets.token_urlsafe(30), secrets.token_urlsafe(120), expires, arn)
        session = Session(credentials, caller, now, frozenset(transitive_tags), asked_by)
        with self._lock:
            self._sessions[key] = session
        return session

    def session(self, access_key: str) -> Session | None:
        return self._sessions.get(access_key)

    def identify(self, access_key: str, token: str, codes: Mapping[str, str]) -> Caller:
        """The caller that an access key and session token belong to; signatures are not verified.

        `codes` gives the service's wire codes of `unknown` and `expired` credentials. Raises ApiError.
        """
        session = self._sessions.get(access_key)
        if session is not None:
            if not secrets.compare_digest(session.credentials.session_token.encode(), token.encode()):
                raise ApiError(codes["unknown"], "The security token included in the request is invalid.", 403)
            if session.credentials.expires <= self._clock.now():
                raise ApiError(codes["expired"], "The security token included in the request is expired", 403)
            return session.caller
        user = self._user_of(access_key)
        if user is None or token:
            raise ApiError(codes["unknown"], "The security token included in the request is invalid.", 403)
        return Caller(str(user.arn), account_of(user.arn), str(user.id), access_key=access_key)

    def _user_of(self, access_key: str) -> Any | None:
        for account in self._accounts:
            backend = self._iam(account)
            key = backend.access_keys.get(access_key)
            if key is not None and key.user_name:
                return backend.get_user(key.user_name) if key.status == "Active" else None
        return None

    def policies(self, caller: Caller) -> Policies:
        """What is attached to a caller now. A service has nothing; an account's root may do everything in
        it.
        """
        if caller.is_service:
            return Policies()
        if caller.arn.endswith(":root"):
            return Policies([{"name": "root user", "policy": ALLOW_ALL}])
        holder = self.role(caller.role_arn) if caller.role_arn else self.user(caller.arn)
        if holder is None or not caller.user_id.startswith(holder.id):
            return Policies()  # deleted, or made anew under the same name: the session belongs to the old one
        backend = self._iam(caller.account)
        attached = self._attached(holder)
        if caller.role_arn is None:
            for group in list(backend.groups.values()):
                if holder in group.users:
                    attached += self._attached(group)
        boundary_arn = getattr(holder, "permissions_boundary_arn", None)
        boundary = backend.managed_policies.get(boundary_arn) if boundary_arn else None
        if boundary_arn and boundary is None:
            return Policies(attached, {"name": boundary_arn, "policy": {"Version": "2012-10-17", "Statement": []}})
        named = None if boundary is None else {"name": boundary.name, "policy": parsed(document_of(boundary))}
        return Policies(attached, named)

    @staticmethod
    def _attached(holder: Any) -> list[dict[str, Any]]:
        inline = [{"name": f"{holder.name}/{name}", "policy": parsed(text)} for name, text in holder.policies.items()]
        managed = [{"name": one.name, "policy": parsed(document_of(one))} for one in holder.managed_policies.values()]
        return inline + managed

    def principal_tags(self, caller: Caller) -> dict[str, str]:
        """Session tags over the tags of the role or user (iam/id_session-tags: session tags override)."""
        if caller.role_arn:
            role = self.role(caller.role_arn)
            return {**_tags_of(role.tags if role is not None else []), **caller.tags}
        if ":user/" in caller.arn:
            user = self.user(caller.arn)
            return _tags_of((user.tags if user is not None else None) or [])
        return dict(caller.tags)


def document_of(policy: Any) -> str:
    """The text of a managed policy's default version."""
    return str(next(one.document for one in policy.versions if one.version_id == policy.default_version_id))


def _tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def _tags_of(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
