"""Policy documents, compiled: validated once, then matched against many requests.

Sources (docs.aws.amazon.com/IAM/latest/UserGuide/): reference_policies_grammar.html,
reference_policies_elements_notprincipal.html; docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
(a key policy's statement without Action or Resource is accepted and does nothing).

A document is found again by its content, not by its identity, so a caller may change a document in place and the
change is seen.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, cast

from access.conditions import Test, condition_test
from access.errors import MalformedPolicy, shown
from access.patterns import Context, Glob, Template, compiled
from access.principals import Caller, PrincipalElement, Reach


class PolicyKind(Enum):
    """What a document is attached to; it decides which elements it must and may have.

    KEY is a KMS key's policy, RESOURCE_ONLY the policy of a resource whose statements may leave Resource out, since
    it could only be that resource (ECR repositories), TRUST a role's.
    """

    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SCP = "scp"
    RCP = "rcp"
    RESOURCE = "resource policy"
    RESOURCE_ONLY = "resource policy "
    KEY = "key policy"
    TRUST = "role trust"
    ENDPOINT = "vpc endpoint policy"

    @property
    def title(self) -> str:
        """The name in messages."""
        return self.value.strip()

    @property
    def names_principals(self) -> bool:
        """Whether its statements have a Principal."""
        return self not in _IDENTITY_LIKE


_IDENTITY_LIKE = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.SCP})
_COMPLETES_ARNS = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SCP})
_NO_NOT_PRINCIPAL = frozenset({PolicyKind.TRUST, PolicyKind.RCP})
_POLICY_ELEMENTS = ("Version", "Id", "Statement")
_STATEMENT_ELEMENTS = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
)  # fmt: skip
_VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_ARN_PARTS = 6
_REMEMBERED_ACTIONS = 4096

Pattern = Glob | Template


class Statement:
    """One compiled statement.

    `name` is its Sid, else its index. `inert` tells that a key policy's statement lacks Action or Resource: KMS
    accepts it, and it does nothing.
    """

    __slots__ = (
        "_action_globs", "_actions", "_not_action", "_not_resource", "_resources", "_tests", "allows", "inert", "name",
        "not_principal", "principal",
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
        self._action_globs = [Template(a.lower(), variables=False, wildcards=True, where=where) for a in actions]
        self._actions: dict[str, bool] = {}
        if kind is PolicyKind.TRUST and ("Resource" in body or "NotResource" in body):
            raise MalformedPolicy(where, "a role's trust has no Resource: it is the role that it is attached to")
        optional = kind in (PolicyKind.KEY, PolicyKind.TRUST, PolicyKind.RESOURCE_ONLY)
        self._not_resource, resources = _either(body, "Resource", where, needed=not optional)
        self._resources: tuple[Pattern, ...] = tuple(
            _resource(resource, kind, variables=variables, where=where) for resource in resources
        )
        self._tests = tuple(_conditions(body.get("Condition"), variables=variables, where=f"{where}: Condition"))

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether action (in lower case), resource and conditions match; who asks is not looked at."""
        if self.inert:
            return False
        known = self._actions.get(action)
        if known is None:
            known = any(compiled(t.static or "").matches(action) for t in self._action_globs) != self._not_action
            if len(self._actions) >= _REMEMBERED_ACTIONS:
                self._actions.clear()
            self._actions[action] = known
        if not known:
            return False
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
            raise MalformedPolicy(where, f"a {kind.title} names no Principal; it speaks for whom it is attached to")
        return None, None
    if has == has_not:
        raise MalformedPolicy(where, f"a {kind.title}'s statement needs exactly one of Principal and NotPrincipal")
    if has:
        element = PrincipalElement(body["Principal"], f"{where}: Principal")
        if kind is PolicyKind.RCP and not element.everybody:
            raise MalformedPolicy(where, f'the Principal of an RCP must be "*", not {shown(body["Principal"])}')
        return element, None
    if allows:
        raise MalformedPolicy(where, "NotPrincipal with Allow isn't supported; it must stand with Deny")
    if kind in _NO_NOT_PRINCIPAL:
        raise MalformedPolicy(where, f"a {kind.title} can't hold NotPrincipal; use aws:PrincipalArn with ArnNotLike")
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


class Policy:
    """A compiled document."""

    __slots__ = ("kind", "statements")

    def __init__(self, document: object, kind: PolicyKind) -> None:
        """Compile a document (an object, as from JSON). Raises MalformedPolicy."""
        if not isinstance(document, Mapping):
            raise MalformedPolicy("", f"{shown(document)} is not a policy document (an object with Statement)")
        for element in document:
            if element not in _POLICY_ELEMENTS:
                raise MalformedPolicy(
                    "", f"{shown(element)} is no element of a policy; known are {', '.join(_POLICY_ELEMENTS)}"
                )
        version = document.get("Version", "2008-10-17")
        if version not in _VERSIONS:
            raise MalformedPolicy("Version", f"{shown(version)} is unknown; known are {' and '.join(_VERSIONS)}")
        if "Statement" not in document:
            raise MalformedPolicy("", "Statement is missing")
        body = document["Statement"]
        statements = body if isinstance(body, list) else [body]
        self.kind = kind
        self.statements = tuple(
            Statement(statement, index, kind, variables=version == _VERSIONS[0])
            for index, statement in enumerate(statements)
        )
        sids = [s.name for s, b in zip(self.statements, statements, strict=True) if b.get("Sid")]
        if kind in _IDENTITY_LIKE and len(sids) != len(set(sids)):
            twice = next(sid for sid in sids if sids.count(sid) > 1)
            raise MalformedPolicy("", f"the Sid {shown(twice)} stands on several statements; it must be unique")


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A compiled policy and the name that reasons call it by ("" where there is but one of its kind)."""

    name: str
    policy: Policy

    def statement(self, statement: Statement) -> str:
        """`identity policy mlgov-dev-execution/registry statement DenyApproval`."""
        middle = f" {self.name}" if self.name else ""
        return f"{self.policy.kind.title}{middle} statement {statement.name}"


@lru_cache(maxsize=4096)
def _from_content(content: bytes, kind: PolicyKind) -> Policy:
    return Policy(marshal.loads(content), kind)  # noqa: S302 - bytes that compile_policy itself made, never input


@lru_cache(maxsize=4096)
def _from_text(text: str, kind: PolicyKind) -> Policy:
    try:
        document = json.loads(text, object_pairs_hook=unique_keys)
    except ValueError as error:
        raise MalformedPolicy("", f"{shown(text)} is not JSON: {error}") from None
    return Policy(document, kind)


def compile_policy(document: object, kind: PolicyKind) -> Policy:
    """The compiled form of a document, of its JSON text, or of a Policy; compiled once for each content.

    Raises MalformedPolicy.
    """
    if isinstance(document, Policy):
        return document
    if isinstance(document, str):
        return _from_text(document, kind)
    try:
        # Format 2 has no references between equal parts, so that equal documents give equal bytes.
        content = marshal.dumps(cast(Any, document), 2)
    except ValueError:
        return Policy(document, kind)
    return _from_content(content, kind)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For json.loads: an object whose keys are unique ("must not contain multiple instances of the same key")."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {shown(key)} stands twice in one object; AWS refuses that, JSON keeps the last")
        result[key] = value
    return result
