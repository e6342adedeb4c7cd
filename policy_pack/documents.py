"""The policy documents among a resource's properties, whatever the type calls the property."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from policy_pack.resource import UNKNOWN, Resource
from policy_pack.rule import NotKnown

POLICY_PROPERTIES = frozenset(
    {"assumeRolePolicy", "policy", "policyDocument", "policyTemplate", "policyText", "resourcePolicy"}
)
"""Under these names the provider's types take policies; an unknown value of theirs is a policy that isn't known."""

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A policy and the path of the property that holds it."""

    path: str
    statements: tuple[Statement, ...]

    @property
    def names_principals(self) -> bool:
        """Whether it is a resource's policy or a role's trust: identity policies name nobody."""
        return any("Principal" in one or "NotPrincipal" in one for one in self.statements)


def documents(resource: Resource) -> Iterator[Document | NotKnown]:
    """Every policy of a resource: text that is one, wherever it stands."""
    for path, value in resource.leaves():
        if value is UNKNOWN:
            if path.rpartition(".")[2] in POLICY_PROPERTIES:
                yield NotKnown(path)
        elif isinstance(value, str) and value.lstrip().startswith("{"):
            statements = _statements(value)
            if statements:
                yield Document(path, statements)


def _statements(text: str) -> tuple[Statement, ...]:
    """The statements of a policy, or of a RAM permission's template, which is a single one; () of any other text."""
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    if not isinstance(found, dict):
        return ()
    given = found.get("Statement", [found] if "Effect" in found else [])
    listed = given if isinstance(given, list) else [given]
    return tuple(one for one in listed if isinstance(one, dict) and "Effect" in one)


def allows(statement: Statement) -> bool:
    return statement.get("Effect") == "Allow"


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def sid(statement: Statement) -> str:
    """How a message names a statement."""
    return f"statement {statement['Sid']}" if statement.get("Sid") else "a statement without Sid"


def covers_action(statement: Statement, action: str) -> bool:
    """Whether a statement speaks of an action (`service:Name`), by its Action or its NotAction."""
    wanted = action.lower()
    if "NotAction" in statement:
        return not any(fnmatchcase(wanted, str(one).lower()) for one in as_list(statement["NotAction"]))
    return any(fnmatchcase(wanted, str(one).lower()) for one in as_list(statement.get("Action")))


def accounts_named(statement: Statement) -> list[str]:
    """The principals that are accounts, roles or users, or everybody; no services."""
    given = statement.get("Principal")
    return [str(one) for one in as_list(given.get("AWS") if isinstance(given, Mapping) else given)]


def principals(statement: Statement) -> list[str]:
    """Every principal that a statement names, of all kinds."""
    given = statement.get("Principal")
    if isinstance(given, Mapping):
        return [str(one) for values in given.values() for one in as_list(values)]
    return [str(one) for one in as_list(given)]


def conditions(statement: Statement) -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key in lower case and values of each condition."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator, key.lower(), [str(value) for value in as_list(values)]
