"""What a change of policies opens or closes, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from blueprint.intent import Intent
from console.access.estate import Estate
from console.access.matrix import Answer, Cell, Evaluator, Key, cells, compute, roles_of

SHOWN = 4
"""Requests that a sentence names."""

Change = Literal["opened", "closed", "weakened", "strengthened"]


@dataclass(frozen=True, slots=True)
class Changed:
    """A cell that answers otherwise than before.

    `opened` and `closed` are what AWS would answer. `weakened`: still refused, but a side that refused by itself
    does so no more, or not explicitly; `strengthened`: the other way round.
    """

    principal: str
    ask: str
    action: str
    change: Change
    why: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Between two estates: cells that changed, roles that came and went."""

    changed: tuple[Changed, ...]
    came: tuple[str, ...]
    went: tuple[str, ...]

    def sentences(self) -> list[tuple[Change, str]]:
        """One for all requests that changed in the same way for the same reason."""
        grouped: dict[tuple[Change, str, str], list[Changed]] = {}
        for one in self.changed:
            grouped.setdefault((one.change, one.principal, one.why), []).append(one)
        return [(key[0], _sentence(key[1], several)) for key, several in grouped.items()]

    @property
    def opens(self) -> bool:
        """Whether somebody may more, or is held by less."""
        return any(one.change in ("opened", "weakened") for one in self.changed)


def compare(old: tuple[Estate, Intent], new: tuple[Estate, Intent]) -> Comparison:
    """What changes from the old estate to the new. Each comes with the intent of its own ARNs; the ids are the same."""
    before, after = _answers(*old), _answers(*new)
    changed = []
    evaluators = Evaluator(old[0]), Evaluator(new[0])
    for key in sorted(after.keys() | before.keys()):
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            if other is not None and other[1].both == "allowed":
                changed.append(_changed("opened", other[0], evaluators[1]))
            if one is not None and one[1].both == "allowed":
                changed.append(_changed("closed", one[0], evaluators[0]))
        elif one[1] != other[1]:
            changed += _differ(key, one, other, evaluators)
    names = [{cell.principal.id for cell, _ in answers.values()} for answers in (before, after)]
    return Comparison(tuple(changed), tuple(sorted(names[1] - names[0])), tuple(sorted(names[0] - names[1])))


def _answers(estate: Estate, intent: Intent) -> Mapping[Key, tuple[Cell, Answer]]:
    asked: Sequence[Cell] = cells(intent, roles_of(estate, intent.organisation))
    matrix = compute(estate, asked)
    return {cell.key: (cell, matrix[cell.key]) for cell in asked}


def _differ(
    key: Key, one: tuple[Cell, Answer], other: tuple[Cell, Answer], evaluators: tuple[Evaluator, Evaluator]
) -> list[Changed]:
    before, after = one[1], other[1]
    if before.both != after.both:
        if after.both == "allowed":
            return [_changed("opened", other[0], evaluators[1])]
        return [_changed("closed", other[0], evaluators[1])]
    found = []
    for side, was, is_ in (
        ("identity", before.identity, after.identity),
        ("resource", before.resource, after.resource),
    ):
        if was != is_ and before.both != "allowed":
            change: Change = "weakened" if _strength(is_) < _strength(was) else "strengthened"
            said = f"the {side} side alone said {was} and says {is_}"
            found.append(Changed(*key, other[0].ask.action, change, said))
    return found


def _strength(says: str) -> int:
    """An explicit refusal holds most, then silence, then what allows."""
    return {"denied": 2, "silent": 1, "absent": 1, "allowed": 0}[says]


def _changed(change: Change, cell: Cell, evaluator: Evaluator) -> Changed:
    """A cell whose answer is another one, with what decides it where it is looked at."""
    return Changed(*cell.key, cell.ask.action, change, evaluator.decide(cell).by)


def _sentence(principal: str, several: Sequence[Changed]) -> str:
    first = several[0]
    may = {"opened": "may now", "closed": "may no longer"}.get(first.change, "is still refused")
    actions = ", ".join(sorted({one.action for one in several}))
    asks = [one.ask for one in several]
    shown = ", ".join(asks[:SHOWN]) + (f" and {len(asks) - SHOWN} more requests" if len(asks) > SHOWN else "")
    return f"{principal} {may} {actions} ({shown}): {first.why}"
