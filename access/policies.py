"""Policy documents, compiled: validated once, then matched against many requests.

A document is found again by its content, not by its identity, so a caller may change a document in place and the
change is seen.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from access.errors import MalformedPolicy, shown
from access.statements import IDENTITY_LIKE, PolicyKind, Statement

_ELEMENTS = ("Version", "Id", "Statement")
_VERSIONS = ("2012-10-17", "2008-10-17")
_REMEMBERED_ACTIONS = 4096
"""AWS has more actions, no program that many; a bound all the same."""


class Policy:
    """A compiled document."""

    __slots__ = ("_by_action", "kind", "statements")

    def __init__(self, document: object, kind: PolicyKind) -> None:
        """Compile a document (an object, as from JSON). Raises MalformedPolicy."""
        if not isinstance(document, Mapping):
            raise MalformedPolicy("", f"{shown(document)} is not a policy document (an object with Statement)")
        for element in document:
            if element not in _ELEMENTS:
                raise MalformedPolicy(
                    "", f"{shown(element)} is no element of a policy; known are {', '.join(_ELEMENTS)}"
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
        self._by_action: dict[str, tuple[Statement, ...]] = {}
        sids = [s.name for s, b in zip(self.statements, statements, strict=True) if b.get("Sid")]
        if kind in IDENTITY_LIKE and len(sids) != len(set(sids)):
            twice = next(sid for sid in sids if sids.count(sid) > 1)
            raise MalformedPolicy("", f"the Sid {shown(twice)} stands on several statements; it must be unique")

    def speaking_of(self, action: str) -> tuple[Statement, ...]:
        """The statements that an action (in lower case) is among, in their order; remembered."""
        found = self._by_action.get(action)
        if found is None:
            found = tuple(statement for statement in self.statements if statement.speaks_of(action))
            if len(self._by_action) >= _REMEMBERED_ACTIONS:
                self._by_action.clear()
            self._by_action[action] = found
        return found


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
