"""JSON documents in strings, compared by meaning: AWS returns policies in its own spelling and key order.

Rules for policies: `hashicorp/awspolicyequivalence`, which the real provider uses: one value and a list of
it are the same, order within lists and among statements means nothing, an account id stands for the
account's root."""

from __future__ import annotations

import json
import re
from typing import Any

_ACCOUNT = re.compile(r"\d{12}")
_SETS = ("Action", "NotAction", "Resource", "NotResource")


class NotJson(ValueError):
    """A document isn't JSON, or not a JSON object; the text says where."""


def parse(text: str) -> dict[str, Any]:
    """Parse a JSON object, or raise NotJson saying where it breaks."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise NotJson(f"is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise NotJson(f"is JSON, but a {type(document).__name__} and not an object")
    return document


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sorted(values: Any) -> list[str]:
    return sorted({str(value).lower() if isinstance(value, bool) else str(value) for value in _as_list(values)})


def _principal(value: Any) -> Any:
    if not isinstance(value, dict):
        return {"AWS": ["*"]} if value == "*" else value
    found = {}
    for kind, names in value.items():
        roots = [f"arn:aws:iam::{name}:root" if _ACCOUNT.fullmatch(str(name)) else name for name in _as_list(names)]
        found[kind] = _sorted(roots if kind == "AWS" else names)
    return found


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    found = dict(statement)
    for key in _SETS:
        if key in found:
            found[key] = _sorted(found[key])
    for key in ("Principal", "NotPrincipal"):
        if key in found:
            found[key] = _principal(found[key])
    if isinstance(found.get("Condition"), dict):
        found["Condition"] = {
            operator: {key.lower(): _sorted(values) for key, values in keys.items()} if isinstance(keys, dict) else keys
            for operator, keys in found["Condition"].items()
        }
    if found.get("Sid") == "":
        del found["Sid"]
    return found


def canonical_policy(document: dict[str, Any]) -> str:
    """Spell a policy so that two with the same meaning are the same text."""
    found = dict(document)
    if "Statement" in found:
        statements = [json.dumps(_statement(item), sort_keys=True) for item in _as_list(found["Statement"])]
        found["Statement"] = sorted(statements)
    return json.dumps(found, sort_keys=True)


def same_document(left: Any, right: Any, *, policy: bool) -> bool:
    """Say whether two JSON texts mean the same; texts that aren't JSON are compared as they stand."""
    if left == right:
        return True
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    try:
        one, other = parse(left), parse(right)
    except NotJson:
        return False
    return canonical_policy(one) == canonical_policy(other) if policy else one == other
