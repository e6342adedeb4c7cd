"""Mutants of policies: each statement dropped, widened in action, resource, principal, and without each condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.access.estate import Document, Estate, Slot

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one statement. `document` is the whole policy after it, None where nothing of it is left."""

    slot: Slot
    sid: str
    change: str
    document: Document | None

    @property
    def name(self) -> str:
        return f"{self.slot.name} {self.sid}: {self.change}"


def mutants(estate: Estate) -> Iterator[Mutant]:
    """Every mutant of every policy, in the order of the slots."""
    for slot in estate.slots:
        yield from mutants_of(slot)


def mutants_of(slot: Slot) -> Iterator[Mutant]:
    """A RAM permission is one statement without principal and resource."""
    whole = slot.document
    if "Statement" not in whole:
        for change, statement in _changes(whole):
            yield Mutant(slot, "", change, statement)
        return
    statements = whole["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    for index, one in enumerate(listed):
        for change, statement in _changes(one):
            left = [*listed[:index], *([] if statement is None else [statement]), *listed[index + 1 :]]
            document = {**whole, "Statement": left} if left else None
            yield Mutant(slot, one.get("Sid", str(index)), change, document)


def _changes(statement: Statement) -> Iterator[tuple[str, Statement | None]]:
    """(what was changed, the statement after it; None where it is dropped)."""
    yield "dropped", None
    for element in ("Action", "NotAction"):
        if element in statement:
            actions = _listed(statement[element])
            wide = sorted({f"{action.partition(':')[0]}:*" if ":" in action else action for action in actions})
            if wide != sorted(actions):
                yield f"{element} widened to {', '.join(wide)}", {**statement, element: wide}
    for element in ("Resource", "NotResource"):
        if element in statement and _listed(statement[element]) != ["*"]:
            yield f"{element} widened to *", {**statement, element: "*"}
    if "Principal" in statement and statement["Principal"] != "*":
        yield "Principal widened to *", {**statement, "Principal": "*"}
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            yield f"without {operator} {key}", _without(statement, operator, key)


def _without(statement: Statement, operator: str, key: str) -> Statement:
    condition = {
        name: {each: value for each, value in keys.items() if (name, each) != (operator, key)}
        for name, keys in statement["Condition"].items()
    }
    left = {name: keys for name, keys in condition.items() if keys}
    without = {name: value for name, value in statement.items() if name != "Condition"}
    return {**without, "Condition": left} if left else without


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
