"""What the intent expects of every cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from typing import Literal

from blueprint.intent import Intent
from blueprint.intent.model import Ask, Principal, RoleIntent
from console.access.matrix import Answer, Cell, Key, Says


class Patterns:
    """Patterns of ids, compiled as one; answers are remembered."""

    def __init__(self, patterns: Iterable[str]) -> None:
        listed = list(patterns)
        self._form = re.compile("|".join(translate(one) for one in listed)) if listed else None
        self._known: dict[str, bool] = {}

    def cover(self, name: str) -> bool:
        if self._form is None:
            return False
        found = self._known.get(name)
        if found is None:
            short = name.partition("#")[0]
            found = bool(self._form.fullmatch(name) or self._form.fullmatch(short))
            self._known[name] = found
        return found


class _Role:
    def __init__(self, row: RoleIntent, asks: Iterable[Ask]) -> None:
        self.may, self.never, self.held = Patterns(row.may), Patterns(row.never), Patterns(row.held)
        self.anywhere = frozenset(row.anywhere)
        self.used = {ask.action for ask in asks if self.may.cover(ask.id)} if row.only else None

    def identity(self, ask: Ask) -> Says:
        if self.may.cover(ask.id) or self.held.cover(ask.id):
            return "allowed"
        if ask.action in self.anywhere or self.never.cover(ask.id):
            return "denied"
        return "denied" if self.used is not None and ask.action not in self.used else "silent"


class Expectations:
    """Answers, cell by cell, what is intended."""

    def __init__(self, intent: Intent) -> None:
        self._roles = {name: _Role(row, intent.asks) for name, row in intent.roles.items()}
        self._admissions = [(Patterns(row.asks), Patterns(row.who), row.direct) for row in intent.admissions]
        self._refusals = [(Patterns(row.asks), Patterns(row.who), Patterns(row.but)) for row in intent.refusals]
        self._admitting: dict[str, list[tuple[Patterns, bool]]] = {}
        self._refusing: dict[str, list[tuple[Patterns, Patterns]]] = {}

    def knows(self, principal: Principal) -> bool:
        """Whether the intent has a row for a role of the program; everybody else is known."""
        return not principal.is_role or principal.id in self._roles

    def of(self, cell: Cell) -> Answer:
        principal, ask = cell.principal, cell.ask
        resource, direct = self._resource(cell)
        both: Literal["allowed", "refused"]
        if not principal.is_role:
            identity: Says = "allowed" if principal.identity else "absent"
            return Answer(identity, resource, "allowed" if resource == "allowed" else "refused")
        role = self._roles.get(principal.id)
        direct = direct and cell.request.same_account
        if role is None:
            return Answer("silent", resource, "allowed" if direct else "refused")
        identity = role.identity(ask)
        both = "allowed" if role.may.cover(ask.id) or (direct and identity != "denied") else "refused"
        return Answer(identity, resource, both)

    def _resource(self, cell: Cell) -> tuple[Says, bool]:
        """What the resource's side alone says, and whether it says so to everybody."""
        principal, ask = cell.principal, cell.ask
        if ask.id not in self._admitting:
            self._admitting[ask.id] = [(who, direct) for asks, who, direct in self._admissions if asks.cover(ask.id)]
            self._refusing[ask.id] = [(who, but) for asks, who, but in self._refusals if asks.cover(ask.id)]
        if any(who.cover(principal.id) and not but.cover(principal.id) for who, but in self._refusing[ask.id]):
            return "denied", False
        admitted = [direct for who, direct in self._admitting[ask.id] if who.cover(principal.id)]
        if admitted:
            return "allowed", any(admitted)
        own = bool(principal.account) and cell.request.same_account
        left_to_identity = own and not cell.request.assumes_role and not ask.gated
        return ("allowed" if left_to_identity else "silent"), False


def unused_patterns(intent: Intent, principals: Sequence[str]) -> list[str]:
    """Words of the intent that name nothing: a misspelt row would promise what nobody looks at.

    A row may name a verb that one of several things doesn't have: things and verbs are looked for each alone.
    """
    things = {ask.thing for ask in intent.asks}
    verbs = {ask.id.partition(":")[2] for ask in intent.asks}
    found = []

    def look(row: str, patterns: Iterable[str]) -> None:
        for one in patterns:
            thing, _, verb = one.partition(":")
            if one != "*" and not (_covers(thing, things) and _covers(verb, verbs)):
                found.append(f"{row} {one}")

    for role in intent.roles.values():
        look(role.id, (*role.may, *role.never, *role.held))
    sides = [(row.asks, row.who) for row in intent.admissions]
    sides += [(row.asks, (*row.who, *row.but)) for row in intent.refusals]
    for asks_of, named in sides:
        look("resources", asks_of)
        found += [f"resources {one}" for one in named if not _covers(one, principals)]
    return found


def _covers(pattern: str, names: Iterable[str]) -> bool:
    """Whether the pattern names one of them."""
    return any(map(Patterns([pattern]).cover, names))


def expected(intent: Intent, asked: Iterable[Cell]) -> dict[Key, Answer]:
    expectations = Expectations(intent)
    return {cell.key: expectations.of(cell) for cell in asked}
