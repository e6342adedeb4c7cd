"""A case: one request and all the policies that may speak to it.

README.md gives the shape of a case in words; :meth:`Case.from_dict` reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from access.errors import MalformedCase, MalformedPolicy, shown
from access.grants import Grant
from access.patterns import Context, Value
from access.policies import NamedPolicy, Policy, PolicyKind, compile_policy
from access.principals import PRINCIPAL_FORMS, Caller, Kind, caller
from access.services import ASSUME_ACTIONS, is_key, policy_kind

Policies = tuple[NamedPolicy, ...]
Levels = tuple[Policies, ...]

_KEYS = (
    "request", "identity_policies", "permissions_boundary", "session_policy", "service_control_policies",
    "resource_control_policies", "resource_policy", "vpc_endpoint_policy", "grants", "role_trust",
    "management_account",
)  # fmt: skip
_REMARKS = frozenset({"id", "name", "title", "description", "comment", "note", "source", "expect", "expected"})
"""Keys by which a case may be labelled; they decide nothing."""

_REQUEST_KEYS = ("principal", "action", "resource", "resource_account", "context", "canonical_user")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
_ACCOUNT = re.compile(r"\d{12}")
_ENCRYPTION_CONTEXT = "kms:encryptioncontext:"
_ARN_PARTS = 6
_ARN_ACCOUNT = 4


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants to do what to which resource.

    `action` and `resource` stand as they came, `action_key` is the action in lower case. `resource_account` is the
    owner, "" if it can't be told. `context` is keyed in lower case and holds the derived keys too.
    `encryption_context` holds the pairs of `kms:EncryptionContext:<key>` in their own spelling.
    """

    principal: Caller
    action: str
    resource: str
    resource_account: str
    context: Context
    action_key: str
    encryption_context: Mapping[str, str]

    @property
    def service(self) -> str:
        """The action's prefix: `s3`."""
        return self.action_key.partition(":")[0]

    @property
    def same_account(self) -> bool:
        return self.principal.account == self.resource_account

    @property
    def assumes_role(self) -> bool:
        """Whether a role's trust must allow it."""
        return self.action_key in ASSUME_ACTIONS

    @property
    def uses_key(self) -> bool:
        """Whether a KMS key's policy must allow it."""
        return self.service == "kms" and is_key(self.resource)

    @classmethod
    def from_dict(cls, data: object) -> Request:
        """Read a request. Raises MalformedCase."""
        if not isinstance(data, Mapping):
            raise MalformedCase("request", f"{shown(data)} is not an object of {', '.join(_REQUEST_KEYS)}")
        for key in data:
            if key not in _REQUEST_KEYS:
                raise MalformedCase(f"request.{key}", f"unknown key; known are {', '.join(_REQUEST_KEYS)}")
        action = _string(data, "action")
        if not _ACTION.fullmatch(action):
            raise MalformedCase("request.action", f"{shown(action)} is not <service>:<action>, such as s3:GetObject")
        resource = _string(data, "resource")
        if resource != "*" and (not resource.startswith("arn:") or resource.count(":") < _ARN_PARTS - 1):
            raise MalformedCase("request.resource", f'{shown(resource)} is neither a whole ARN nor "*"')
        context, encryption_context = _context(data.get("context"))
        text = _string(data, "principal")
        told = context.get("aws:principalarn")
        canonical = _string(data, "canonical_user") if data.get("canonical_user") is not None else None
        who = caller(text, principal_arn=told if isinstance(told, str) else None, canonical=canonical)
        if who is None:
            raise MalformedCase("request.principal", f"{shown(text)} is no principal; allowed: {PRINCIPAL_FORMS}")
        owner = _owner(data.get("resource_account"), resource, context, who)
        _derive(context, who, owner)
        return cls(who, action, resource, owner, context, action.lower(), encryption_context)


def _string(data: Mapping[str, Any], key: str) -> str:
    if key not in data:
        raise MalformedCase(f"request.{key}", "missing")
    value = data[key]
    if not isinstance(value, str) or not value:
        raise MalformedCase(f"request.{key}", f"{shown(value)} is not a string with something in it")
    return value


def _context(data: object) -> tuple[dict[str, Value], dict[str, str]]:
    """(context keys in lower case, encryption context in its own spelling)."""
    if data is None:
        return {}, {}
    if not isinstance(data, Mapping):
        raise MalformedCase("request.context", f"{shown(data)} is not an object of condition keys")
    context: dict[str, Value] = {}
    encryption: dict[str, str] = {}
    for key, raw in data.items():
        if raw is None:
            continue
        value = raw if isinstance(raw, str) else _value(raw, key)
        lower = key.lower()
        if lower in context and not lower.startswith(_ENCRYPTION_CONTEXT):
            raise MalformedCase(f"request.context.{key}", "stands twice; condition keys differ in more than their case")
        context[lower] = value
        if lower.startswith(_ENCRYPTION_CONTEXT) and isinstance(value, str):
            encryption[key[len(_ENCRYPTION_CONTEXT) :]] = value
    return context, encryption


def _value(raw: object, key: str) -> Value:
    """A value as strings: `true`, `10`; a list is a multivalued key."""
    if isinstance(raw, (bool, int, float)):
        return json.dumps(raw)
    if isinstance(raw, (list, tuple)) and all(isinstance(one, (str, bool, int, float)) for one in raw):
        return tuple(one if isinstance(one, str) else json.dumps(one) for one in raw)
    raise MalformedCase(
        f"request.context.{key}", f"{shown(raw)} is neither a string, number or boolean nor a list of these"
    )


def _owner(given: object, resource: str, context: Context, who: Caller) -> str:
    """The resource's account: as given, else from the ARN, else aws:ResourceAccount, else the caller's own."""
    parts = resource.split(":", _ARN_PARTS - 1)
    named = parts[_ARN_ACCOUNT] if len(parts) == _ARN_PARTS and _ACCOUNT.fullmatch(parts[_ARN_ACCOUNT]) else ""
    if given is not None:
        if not isinstance(given, str) or not _ACCOUNT.fullmatch(given):
            raise MalformedCase("request.resource_account", f"{shown(given)} is not a string of 12 digits")
        if named and named != given:
            raise MalformedCase("request.resource_account", f"{given} contradicts the account {named} of {resource}")
        return given
    if named:
        return named
    told = context.get("aws:resourceaccount")
    return told if isinstance(told, str) else who.account


def _derive(context: dict[str, Value], who: Caller, owner: str) -> None:
    """Add the global keys that follow from the request, where the context lacks them.

    docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html: PrincipalArn and PrincipalAccount
    are there for all but anonymous callers and services, PrincipalIsAWSService always, username for IAM users.
    """
    arn = who.principal_arn
    if arn is not None:
        context.setdefault("aws:principalarn", arn)
        context.setdefault("aws:principalaccount", who.account)
    if who.kind in (Kind.ROLE, Kind.SESSION):
        context.setdefault("aws:principaltype", Kind.SESSION.value)
    elif who.kind not in (Kind.SERVICE, Kind.FEDERATED):
        context.setdefault("aws:principaltype", who.kind.value)
    if who.kind is Kind.USER:
        context.setdefault("aws:username", who.arn.rsplit("/", 1)[1])
    is_service = who.kind is Kind.SERVICE
    context.setdefault("aws:principalisawsservice", "true" if is_service else "false")
    if is_service:
        context.setdefault("aws:principalservicename", who.arn)
    if owner:
        context.setdefault("aws:resourceaccount", owner)


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
            if key not in _KEYS and key not in _REMARKS:
                raise MalformedCase(str(key), f"unknown key; known are {', '.join(_KEYS)}")
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


T = TypeVar("T")


def _reading(key: str, read: Callable[[], T]) -> T:
    """Run `read`, and say at which key of the case a policy's fault lies."""
    try:
        return read()
    except MalformedPolicy as fault:
        raise MalformedCase(key, str(fault)) from None


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
    return NamedPolicy(name, _reading(key, lambda: compile_policy(item, kind)))


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
    return tuple(
        item if isinstance(item, Grant) else _reading("grants", lambda item=item, i=i: Grant.parse(item, i))  # type: ignore[misc]
        for i, item in enumerate(value)
    )
