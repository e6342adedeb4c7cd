"""The matrices in few words: what each principal may, by thing, and what refuses the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from blueprint.intent import Intent
from console.access.differences import Proof
from console.access.matrix import Cell


@dataclass(frozen=True, slots=True)
class Row:
    """A principal's part of the matrices. `may`: verbs by thing. The rest are cells that are refused.

    `by_both`: each side refuses alone. `by_identity`, `by_resource`: that side alone refuses. `explicit`: a Deny says
    so, so that no further grant would change it.
    """

    principal: str
    is_role: bool
    may: Mapping[str, tuple[str, ...]]
    by_both: int
    by_identity: int
    by_resource: int
    explicit: int


def rows(proof: Proof) -> list[Row]:
    """One row a principal, in their order."""
    grouped: dict[str, list[Cell]] = {}
    for cell in proof.cells:
        grouped.setdefault(cell.principal.id, []).append(cell)
    return [_row(proof, name, cells) for name, cells in grouped.items()]


def _row(proof: Proof, name: str, cells: list[Cell]) -> Row:
    counts: Counter[str] = Counter()
    allowed = []
    for cell in cells:
        answer = proof.matrix[cell.key]
        if answer.both == "allowed":
            allowed.append(cell.ask.id)
            continue
        identity, resource = answer.identity != "allowed", answer.resource != "allowed"
        counts["both" if identity and resource else "identity" if identity else "resource"] += 1
        counts["explicit"] += "denied" in (answer.identity, answer.resource)
    return Row(
        principal=name,
        is_role=cells[0].principal.is_role,
        may=verbs(allowed, proof.intent),
        by_both=counts["both"],
        by_identity=counts["identity"],
        by_resource=counts["resource"],
        explicit=counts["explicit"],
    )


def verbs(allowed: Iterable[str], intent: Intent) -> dict[str, tuple[str, ...]]:
    """Verbs by thing; one with all of its actions allowed stands without them."""
    whole: dict[str, set[str]] = {}
    for ask in intent.asks:
        whole.setdefault(ask.verb, set()).add(ask.id)
    chosen = set(allowed)
    found: dict[str, dict[str, None]] = {}
    for one in sorted(chosen):
        thing, _, verb = one.partition(":")
        short = one.partition("#")[0]
        found.setdefault(thing, {})[short.partition(":")[2] if whole[short] <= chosen else verb] = None
    return {thing: tuple(several) for thing, several in _folded(found).items()}


def _folded(found: Mapping[str, Mapping[str, None]]) -> dict[str, tuple[str, ...]]:
    """Things of one kind that get the same verbs stand together: `queue/a, queue/b`."""
    same: dict[tuple[str, ...], list[str]] = {}
    for thing, several in found.items():
        same.setdefault((thing.partition("/")[0].partition("@")[0], *several), []).append(thing)
    return {", ".join(things): key[1:] for key, things in same.items()}


def may_in_words(row: Row) -> str:
    return "; ".join(f"{thing}: {', '.join(several)}" for thing, several in row.may.items()) or "nothing"
