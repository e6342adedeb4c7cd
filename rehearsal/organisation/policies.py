"""Policy documents: parsed once, and which condition keys a document asks for about an action."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import lru_cache
from typing import Any

import regex

from rehearsal.organisation.core import ApiError, Document


@lru_cache(maxsize=2048)
def parsed(text: str) -> dict[str, Any]:
    """A policy document from its text. The same object for the same text: read it, don't change it."""
    document: dict[str, Any] = json.loads(text)
    return document


def listed(value: Any) -> list[Any]:
    """A policy element that may be one value or a list of them."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def statements(document: Document) -> list[Mapping[str, Any]]:
    """A document's statements; what is no object there counts as an empty one (the grammar check refuses it)."""
    return [one if isinstance(one, Mapping) else {} for one in listed(document.get("Statement"))]


@lru_cache(maxsize=4096)
def _pattern(action: str) -> regex.Pattern[str]:
    return regex.compile(translate(action.lower().replace("[", "[[]")))


def concerns(statement: Mapping[str, Any], action: str) -> bool:
    """Whether a statement's Action or NotAction covers an action."""
    name = action.lower()
    if "NotAction" in statement:
        return not any(_pattern(str(one)).match(name) for one in listed(statement["NotAction"]))
    return any(_pattern(str(one)).match(name) for one in listed(statement.get("Action")))


def keys_asked(documents: Iterable[Document], action: str) -> set[str]:
    """The condition keys, in lower case, that the documents' statements about an action ask for."""
    return {
        str(key).lower()
        for document in documents
        for statement in statements(document)
        if statement.get("Condition") and concerns(statement, action)
        for operands in statement["Condition"].values()
        for key in operands
    }


def principals(document: Document) -> list[str]:
    """Every AWS principal that a document names (`*`, account ids, ARNs), from Principal and NotPrincipal."""
    named: list[str] = []
    for statement in statements(document):
        for element in ("Principal", "NotPrincipal"):
            value = statement.get(element)
            if isinstance(value, Mapping):
                named += [str(one) for one in listed(value.get("AWS"))]
            elif value is not None:
                named.append(str(value))
    return named


def document_of(text: str, code: str, what: str) -> dict[str, Any]:
    """Parse a document that a caller sent. Raises ApiError with `code` where it is no JSON object."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ApiError(code, f"{what} is not JSON: {error}") from error
    if not isinstance(document, dict) or not statements(document):
        raise ApiError(code, f"{what} must be a JSON object with at least one Statement")
    return document
