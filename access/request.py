"""A request: who wants to do what to which resource, and the context that conditions look at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from access.errors import MalformedCase, shown
from access.patterns import Context, Value
from access.principals import PRINCIPAL_FORMS, Caller, Kind, caller
from access.services import ASSUME_ACTIONS, KEY_ACTIONS, is_key, is_role

KEYS = ("principal", "action", "resource", "resource_account", "context", "canonical_user")
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
        return self.action_key in ASSUME_ACTIONS and is_role(self.resource)

    @property
    def uses_key(self) -> bool:
        """Whether a KMS key's policy must allow it."""
        return self.service == "kms" and is_key(self.resource)

    @classmethod
    def from_dict(cls, data: object) -> Request:
        """Read a request. Raises MalformedCase."""
        if not isinstance(data, Mapping):
            raise MalformedCase("request", f"{shown(data)} is not an object of {', '.join(KEYS)}")
        for key in data:
            if key not in KEYS:
                raise MalformedCase(f"request.{key}", f"unknown key; known are {', '.join(KEYS)}")
        action = _string(data, "action")
        if not _ACTION.fullmatch(action):
            raise MalformedCase("request.action", f"{shown(action)} is not <service>:<action>, such as s3:GetObject")
        resource = _string(data, "resource")
        if resource != "*" and (not resource.startswith("arn:") or resource.count(":") < _ARN_PARTS - 1):
            raise MalformedCase("request.resource", f'{shown(resource)} is neither a whole ARN nor "*"')
        _check_type(action, resource)
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


def _check_type(action: str, resource: str) -> None:
    """Refuse a resource that the action is never authorised on, where it would let a policy go unread."""
    key = action.lower()
    if key in KEY_ACTIONS and not is_key(resource):
        fault = f"{shown(resource)} is no key's ARN; KMS authorises {action} on the key, not on an alias"
        raise MalformedCase("request.resource", fault)
    if key.startswith("sts:assumerole") and not is_role(resource):
        fault = f"{shown(resource)} is no role's ARN; {action} is authorised on the role"
        raise MalformedCase("request.resource", fault)


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
