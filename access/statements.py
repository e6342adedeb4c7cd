"""One statement of a policy, compiled, and what the kinds of policies ask of their statements.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and
reference_policies_elements_notprincipal.html; docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
(a key policy's statement without Action or Resource is accepted and does nothing).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from access.conditions import Test, condition_test
from access.errors import MalformedPolicy, shown
from access.patterns import Context, Glob, Template, compiled, glob
from access.principals import Caller, PrincipalElement, Reach


class PolicyKind(Enum):
    """What a document is attached to; it decides which elements it must and may have.

    KEY is a KMS key's policy, RESOURCE_ITSELF the policy of a resource whose statements may leave Resource out, since
    it could only be that resource (ECR repositories), TRUST a role's.
    """

    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SCP = "scp"
    RCP = "rcp"
    RESOURCE = "resource policy"
    RESOURCE_ITSELF = "resource policy of the resource alone"
    KEY = "key policy"
    TRUST = "role trust"
    ENDPOINT = "vpc endpoint policy"

    @property
    def title(self) -> str:
        """The name in messages."""
        return PolicyKind.RESOURCE.value if self is PolicyKind.RESOURCE_ITSELF else self.value

    @property
    def names_principals(self) -> bool:
        """Whether its statements have a Principal."""
        return self not in IDENTITY_LIKE


IDENTITY_LIKE = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.SCP})
_COMPLETES_ARNS = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SCP})
_NO_NOT_PRINCIPAL = frozenset({PolicyKind.TRUST, PolicyKind.RCP})
_STATEMENT_ELEMENTS = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
)  # fmt: skip
_ACTION = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_ARN_PARTS = 6

Pattern = Glob | Template


class Statement:
    """One compiled statement.

    `name` is its Sid, else its index. `inert` tells that a key policy's statement lacks Action or Resource: KMS
    accepts it, and it does nothing.
    """

    __slots__ = (
        "_actions", "_not_action", "_not_resource", "_resources", "_tests", "allows", "inert", "name", "not_principal",
        "principal",
    )  # fmt: skip

    def __init__(self, body: object, index: int, kind: PolicyKind, *, variables: bool) -> None:
        where = f"statement {index}"
        if not isinstance(body, Mapping):
            raise MalformedPolicy(where, f"{shown(body)} is not an object")
        sid = body.get("Sid")
        if sid is not None and not isinstance(sid, str):
            raise MalformedPolicy(where, f"Sid {shown(sid)} is not a string")
        self.name = sid or str(index)
        if sid:
            where += f" ({sid})"
        for element in body:
            if element not in _STATEMENT_ELEMENTS:
                raise MalformedPolicy(
                    where, f"{shown(element)} is no element of a statement; known are {', '.join(_STATEMENT_ELEMENTS)}"
                )
        if body.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicy(where, f'Effect must be "Allow" or "Deny", not {shown(body.get("Effect"))}')
        self.allows = body["Effect"] == "Allow"
        self.principal, self.not_principal = _principals(body, kind, self.allows, where)
        self.inert = kind is PolicyKind.KEY and not (
            ("Action" in body or "NotAction" in body) and ("Resource" in body or "NotResource" in body)
        )
        self._not_action, actions = _either(body, "Action", where, needed=kind is not PolicyKind.KEY)
        for action in actions:
            if not _ACTION.fullmatch(action):
                raise MalformedPolicy(where, f'Action {shown(action)} is neither "*" nor <service>:<action>')
        self._actions = tuple(glob(action.lower()) for action in actions)
        if kind is PolicyKind.TRUST and ("Resource" in body or "NotResource" in body):
            raise MalformedPolicy(where, "a role's trust has no Resource: it is the role that it is attached to")
        optional = kind in (PolicyKind.KEY, PolicyKind.TRUST, PolicyKind.RESOURCE_ITSELF)
        self._not_resource, resources = _either(body, "Resource", where, needed=not optional)
        self._resources: tuple[Pattern, ...] = tuple(
            _resource(resource, kind, variables=variables, where=where) for resource in resources
        )
        self._tests = tuple(_conditions(body.get("Condition"), variables=variables, where=f"{where}: Condition"))

    def speaks_of(self, action: str) -> bool:
        """Whether an action (in lower case) is among its actions."""
        return not self.inert and any(glob.matches(action) for glob in self._actions) != self._not_action

    def covers(self, resource: str, context: Context) -> bool:
        """Whether resource and conditions match; action and principal are not looked at."""
        if self._resources and not self._resource_matches(resource, context):
            return False
        return all(test(context) for test in self._tests)

    def _resource_matches(self, resource: str, context: Context) -> bool:
        for pattern in self._resources:
            if isinstance(pattern, Glob):
                matched = pattern.matches(resource)
            else:
                expanded = pattern.expand(context)
                matched = expanded is not None and compiled(expanded).matches(resource)
            if matched:
                return not self._not_resource
        return self._not_resource

    def reach(self, who: Caller, *, bounded: bool) -> Reach:
        """How closely the statement names `who`; a Deny with NotPrincipal reaches everybody it doesn't except."""
        if self.principal is not None:
            return self.principal.reach(who)
        if self.not_principal is not None:
            return Reach.NONE if self.not_principal.excepts(who, bounded=bounded) else Reach.DIRECT
        return Reach.DIRECT


def _principals(
    body: Mapping[str, Any], kind: PolicyKind, allows: bool, where: str
) -> tuple[PrincipalElement | None, PrincipalElement | None]:
    has, has_not = "Principal" in body, "NotPrincipal" in body
    if not kind.names_principals:
        if has or has_not:
            fault = f"Principal has no place in the {kind.title}: it speaks for whom it is attached to"
            raise MalformedPolicy(where, fault)
        return None, None
    if has == has_not:
        raise MalformedPolicy(where, f"a statement of the {kind.title} needs exactly one of Principal and NotPrincipal")
    if has:
        element = PrincipalElement(body["Principal"], f"{where}: Principal")
        if kind is PolicyKind.RCP and not element.everybody:
            raise MalformedPolicy(where, f'the Principal of an RCP must be "*", not {shown(body["Principal"])}')
        return element, None
    if allows:
        raise MalformedPolicy(where, "NotPrincipal with Allow isn't supported; it must stand with Deny")
    if kind in _NO_NOT_PRINCIPAL:
        raise MalformedPolicy(where, f"the {kind.title} can't hold NotPrincipal; use aws:PrincipalArn with ArnNotLike")
    return None, PrincipalElement(body["NotPrincipal"], f"{where}: NotPrincipal")


def _either(body: Mapping[str, Any], element: str, where: str, *, needed: bool) -> tuple[bool, list[str]]:
    """(whether it is the Not… form, its strings) of Action/NotAction or Resource/NotResource."""
    has, has_not = element in body, f"Not{element}" in body
    if has and has_not:
        raise MalformedPolicy(where, f"{element} and Not{element} exclude each other")
    if not has and not has_not:
        if needed:
            raise MalformedPolicy(where, f"neither {element} nor Not{element} is there; one is needed")
        return False, []
    name = f"Not{element}" if has_not else element
    value = body[name]
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
        raise MalformedPolicy(where, f"{name} must be a string or a list of strings, not {shown(value)}")
    return has_not, values


def _resource(text: str, kind: PolicyKind, *, variables: bool, where: str) -> Pattern:
    """A Resource pattern. An incomplete ARN in an identity policy is completed with `*` (grammar page)."""
    if text[:1] not in ("*", "?") and not text.startswith(("arn:", "execute-api:/")):
        raise MalformedPolicy(where, f'Resource {shown(text)} is neither an ARN nor "*"; it could never match')
    if text.startswith("arn:") and "*" not in text and "${" not in text and text.count(":") < _ARN_PARTS - 1:
        if kind is PolicyKind.SESSION:
            raise MalformedPolicy(where, f"Resource {shown(text)} is an incomplete ARN, which AWS STS refuses")
        if kind in _COMPLETES_ARNS:
            text += ":*" * (_ARN_PARTS - 1 - text.count(":"))
    template = Template(text, variables=variables, wildcards=True, where=where)
    return template if template.static is None else compiled(template.static)


def _conditions(block: object, *, variables: bool, where: str) -> Iterator[Test]:
    if block is None:
        return
    if not isinstance(block, Mapping):
        raise MalformedPolicy(where, f"{shown(block)} is not an object of operators")
    for spelling, keys in block.items():
        if not isinstance(keys, Mapping):
            raise MalformedPolicy(f"{where}.{spelling}", f"{shown(keys)} is not an object of condition keys")
        for key, value in keys.items():
            place = f"{where}.{spelling}.{key}"
            values = value if isinstance(value, list) else [value]
            if not all(isinstance(v, (str, bool, int, float)) for v in values):
                raise MalformedPolicy(place, f"{shown(value)} must be a string, number, boolean or a list of these")
            yield condition_test(
                spelling, key, tuple(v if isinstance(v, str) else json.dumps(v) for v in values),
                variables=variables, where=place,
            )  # fmt: skip
