"""Does each word of each policy matter? Every mutant must change a cell of one of the three matrices.

`python -m tests.console.access.mutation` prints the counts, and every mutant that changes nothing.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from access.policies import Policy
from access.services import policy_kind
from access.statements import PolicyKind
from console.access.estate import Document, Estate, Slot, owner_of
from console.access.matrix import Answer, Cell, Evaluator, Key
from tests.console.access.mutants import Mutant, mutants
from tests.console.access.needless import excuse_of

KINDS = {"identity": PolicyKind.IDENTITY, "boundary": PolicyKind.BOUNDARY, "trust": PolicyKind.TRUST}
WHOLE = {"Effect": "Allow", "Resource": "*"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant: the first cell that it changes, None where it changes none."""

    mutant: Mutant
    changed: Key | None

    @property
    def reason(self) -> str | None:
        """Why one that changes nothing stands nevertheless."""
        excuse = None if self.changed else excuse_of(self.mutant)
        return excuse.reason if excuse else None


class Neighbourhoods:
    """Which cells a policy can concern: those of its role, or those on its resource."""

    def __init__(self, estate: Estate, asked: Iterable[Cell]) -> None:
        self._by_role: dict[str, list[Cell]] = defaultdict(list)
        self._by_owner: dict[str, list[Cell]] = defaultdict(list)
        for cell in asked:
            if cell.principal.is_role and cell.request.principal.role_arn:
                self._by_role[cell.request.principal.role_arn].append(cell)
            if cell.request.resource != "*":
                self._by_owner[owner_of(cell.request.resource)].append(cell)
        self._groups = {slot.owner: _shared(estate, slot) for slot in estate.slots if slot.kind == "share"}

    def of(self, slot: Slot) -> Sequence[Cell]:
        if slot.kind in ("identity", "boundary"):
            return self._by_role[slot.owner]
        if slot.kind == "share":
            return [cell for group in self._groups[slot.owner] for cell in self._by_owner[group]]
        return self._by_owner[slot.owner]


def _shared(estate: Estate, slot: Slot) -> list[str]:
    """The groups that a RAM permission is used for."""
    return [group for share in estate.shares if slot.owner in share.permissions for group in share.resources]


def actions_of(slot: Slot, document: Document | None, actions: Iterable[str]) -> frozenset[str]:
    """Actions (in lower case) of which a document has a statement."""
    if document is None:
        return frozenset()
    kind = KINDS.get(slot.kind, policy_kind(slot.owner.split(":")[2]))
    if slot.kind == "share":
        kind, document = PolicyKind.IDENTITY, {"Version": "2012-10-17", "Statement": [{**WHOLE, **document}]}
    policy = Policy(document, kind)
    return frozenset(action for action in actions if any(one.speaks_of(action) for one in policy.statements))


def outcomes(estate: Estate, asked: Sequence[Cell], matrix: Mapping[Key, Answer]) -> list[Outcome]:
    """Every mutant's outcome. Only cells that it can concern are computed anew, until one differs."""
    around = Neighbourhoods(estate, asked)
    actions = {cell.request.action_key for cell in asked}
    found = []
    for mutant in mutants(estate):
        concerned = actions_of(mutant.slot, mutant.document, actions) | actions_of(
            mutant.slot, mutant.slot.document, actions
        )
        evaluator = Evaluator(estate.changed(mutant.slot, mutant.document))
        cells = (cell for cell in around.of(mutant.slot) if cell.request.action_key in concerned)
        changed = next((cell.key for cell in cells if evaluator.answer(cell) != matrix[cell.key]), None)
        found.append(Outcome(mutant, changed))
    return found


def counts(found: Sequence[Outcome]) -> str:
    by_change = Counter(outcome.mutant.change.split(" ")[0] for outcome in found)
    excused = sum(outcome.changed is None and outcome.reason is not None for outcome in found)
    idle = sum(outcome.changed is None and outcome.reason is None for outcome in found)
    told = ", ".join(f"{number} {change}" for change, number in sorted(by_change.items()))
    return (
        f"{len(found)} mutants ({told}): {len(found) - excused - idle} change a cell, {excused} none for a reason,"
        f" {idle} change nothing"
    )


def main() -> int:
    from tests.console.access.planned import planned, planned_proof

    started = time.process_time()
    proof = planned_proof()
    ready = time.process_time()
    found = outcomes(planned(), proof.cells, proof.matrix)
    for outcome in found:
        if outcome.changed is None:
            print(f"{outcome.mutant.name}: {outcome.reason or 'CHANGES NOTHING'}")
    print(counts(found))
    print(f"{ready - started:.1f} s for the proof, {time.process_time() - ready:.1f} s for the mutants (CPU)")
    return int(any(outcome.changed is None and outcome.reason is None for outcome in found))


if __name__ == "__main__":
    sys.exit(main())
