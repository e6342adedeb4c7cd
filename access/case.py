"""A case: one request and all the policies that may speak to it.

README.md gives the shape of a case in words; :meth:`Case.from_dict` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from access.errors import MalformedCase, MalformedPolicy, shown
from access.grants import Grant
from access.policies import NamedPolicy, Policy, compile_policy
from access.request import Request
from access.services import policy_kind
from access.statements import PolicyKind

Policies = tuple[NamedPolicy, ...]
Levels = tuple[Policies, ...]

KEYS = (
    "request", "identity_policies", "permissions_boundary", "session_policy", "service_control_policies",
    "resource_control_policies", "resource_policy", "vpc_endpoint_policy", "grants", "role_trust",
    "management_account",
)  # fmt: skip
_REMARKS = frozenset({"id", "name", "title", "description", "comment", "note", "source", "expect", "expected"})
"""Keys by which a case may be labelled; they decide nothing."""

_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class Case:
    """A request with its policies, all compiled.

    None (or an empty tuple of levels) means that there is no such policy. `role_trust` speaks only to the actions
    that assume a role, `grants` only to KMS keys.
    """

    request: Request
    identity_policies: Policies = ()
    permissions_boundary: NamedPolicy | None = None
    session_policies: Policies | None = None
    service_control_policies: Levels = ()
    resource_control_policies: Levels = ()
    resource_policies: Policies | None = None
    vpc_endpoint_policy: NamedPolicy | None = None
    grants: tuple[Grant, ...] = ()
    role_trust: NamedPolicy | None = None
    management_account: str | None = None

    @classmethod
    def from_dict(cls, data: object, index: int | None = None) -> Case:
        """Read a case (README.md). `index` is its place in a list, for the message.

        Raises MalformedCase, naming the case, the key, the value and what is allowed. Policies may be documents,
        their JSON text, compiled :class:`~access.policies.Policy` objects, or {"name", "policy"} of these.
        """
        try:
            return cls._read(data)
        except MalformedCase as fault:
            raise MalformedCase(fault.key, fault.fault, index) from None

    @classmethod
    def _read(cls, data: object) -> Case:
        if not isinstance(data, Mapping):
            raise MalformedCase("", f"{shown(data)} is not an object with request and policies")
        for key in data:
            if key not in KEYS and key not in _REMARKS:
                raise MalformedCase(str(key), f"unknown key; known are {', '.join(KEYS)}")
        if "request" not in data:
            raise MalformedCase("request", "missing")
        request = Request.from_dict(data["request"])
        trust_key = "role_trust"
        if request.assumes_role and data.get("role_trust") is None:
            trust_key = "resource_policy"
        case = cls(
            request,
            identity_policies=_policies(data, "identity_policies", PolicyKind.IDENTITY) or (),
            permissions_boundary=_single(data, "permissions_boundary", PolicyKind.BOUNDARY),
            session_policies=_policies(data, "session_policy", PolicyKind.SESSION),
            service_control_policies=_levels(data, "service_control_policies", PolicyKind.SCP),
            resource_control_policies=_levels(data, "resource_control_policies", PolicyKind.RCP),
            resource_policies=None
            if request.assumes_role
            else _policies(data, "resource_policy", policy_kind(request.service)),
            vpc_endpoint_policy=_single(data, "vpc_endpoint_policy", PolicyKind.ENDPOINT),
            grants=_grants(data.get("grants")),
            role_trust=_single(data, trust_key, PolicyKind.TRUST),
            management_account=_management_account(data.get("management_account")),
        )
        if not request.principal.has_identity:
            for key in ("identity_policies", "permissions_boundary", "session_policy"):
                if data.get(key):
                    raise MalformedCase(
                        key, f"{request.principal.short} is no user or role: nothing of this kind can be attached to it"
                    )
        return case


def _management_account(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not _ACCOUNT.fullmatch(value)):
        raise MalformedCase("management_account", f"{shown(value)} is not a string of 12 digits")
    return value


def _named(item: object, kind: PolicyKind, key: str, default: str) -> NamedPolicy:
    if isinstance(item, NamedPolicy):
        return item
    name = default
    if isinstance(item, Mapping) and "policy" in item:
        extra = set(item) - {"name", "policy"}
        if extra:
            raise MalformedCase(key, f"unknown key {shown(min(extra))} beside name and policy")
        given = item.get("name")
        if given is not None and not isinstance(given, str):
            raise MalformedCase(f"{key}.name", f"{shown(given)} is not a string")
        name, item = given or default, item["policy"]
    if not isinstance(item, (Mapping, str, Policy)):
        raise MalformedCase(key, f"{shown(item)} is not a policy document (an object with Statement)")
    try:
        return NamedPolicy(name, compile_policy(item, kind))
    except MalformedPolicy as fault:
        raise MalformedCase(key, str(fault)) from None


def _list(items: list[object], kind: PolicyKind, key: str, prefix: str = "") -> Policies:
    many = len(items) > 1
    return tuple(
        _named(item, kind, f"{key}[{position}]", f"{prefix}{position}" if many or prefix else "")
        for position, item in enumerate(items)
    )


def _policies(data: Mapping[str, Any], key: str, kind: PolicyKind) -> Policies | None:
    """One document or a list of them, which together are one policy (a union); None if there is none."""
    value = data.get(key)
    if value is None or value == []:
        return None
    if isinstance(value, (list, tuple)):
        return _list(list(value), kind, key)
    return (_named(value, kind, key, ""),)


def _single(data: Mapping[str, Any], key: str, kind: PolicyKind) -> NamedPolicy | None:
    """One document, alone or as a list of one."""
    found = _policies(data, key, kind)
    if found is None:
        return None
    if len(found) > 1:
        raise MalformedCase(key, f"{len(found)} documents stand there; there can be only one {kind.title}")
    return found[0]


def _levels(data: Mapping[str, Any], key: str, kind: PolicyKind) -> Levels:
    """Levels from the organisation's root down to the account, each a list of documents."""
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise MalformedCase(key, f"{shown(value)} is not a list of levels, each a list of documents")
    levels: list[Policies] = []
    for position, level in enumerate(value):
        if not isinstance(level, (list, tuple)):
            raise MalformedCase(f"{key}[{position}]", f"{shown(level)} is not a level: a list of documents")
        levels.append(
            tuple(
                NamedPolicy(f"level {position} {found.name}", found.policy)
                for found in _list(list(level), kind, f"{key}[{position}]", "policy ")
            )
        )
    return tuple(levels)


def _grants(value: object) -> tuple[Grant, ...]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise MalformedCase("grants", f"{shown(value)} is not a list of grants")
    try:
        return tuple(
            item if isinstance(item, Grant) else Grant.parse(item, position) for position, item in enumerate(value)
        )
    except MalformedPolicy as fault:
        raise MalformedCase("grants", str(fault)) from None
