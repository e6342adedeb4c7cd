"""Where the matrices and the intent differ, and which claims hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from blueprint.intent import Intent
from blueprint.intent.model import Claim
from console.access.estate import Estate
from console.access.expected import Expectations, Patterns
from console.access.matrix import Answer, Cell, Evaluator, Key, cells, compute, roles_of

Where = Literal["both", "identity", "resource", "role"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that isn't as intended, in one of the matrices; or a role that the intent doesn't know, or misses."""

    principal: str
    ask: str
    where: Where
    found: str
    intended: str
    reason: str = ""

    def __str__(self) -> str:
        if self.where == "role":
            return f"{self.principal}: {self.found}"
        side = "" if self.where == "both" else f" by the {self.where} side alone"
        told = f" ({self.reason})" if self.reason else ""
        return f"{self.principal} {self.ask}: {self.found}{side}, intended {self.intended}{told}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a claim: how many cells it covers, and those that speak against it."""

    claim: Claim
    cells: int
    against: tuple[Difference, ...]

    @property
    def proved(self) -> bool:
        """Never true of what isn't computed, nor of what covers nothing."""
        return self.claim.kind == "policy" and self.cells > 0 and not self.against


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Everything computed of an estate."""

    intent: Intent
    cells: Sequence[Cell]
    matrix: Mapping[Key, Answer]
    differences: tuple[Difference, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def holds(self) -> bool:
        return not self.differences and not any(verdict.against for verdict in self.verdicts)


def prove(estate: Estate, intent: Intent) -> Proof:
    """Compute the matrices of an estate and compare them with the intent."""
    roles = roles_of(estate, intent.organisation)
    asked = cells(intent, roles)
    matrix = compute(estate, asked)
    evaluator = Evaluator(estate)
    return Proof(
        intent=intent,
        cells=asked,
        matrix=matrix,
        differences=(
            *unknown_roles(intent, [role.id for role in roles]),
            *differences(intent, asked, matrix, evaluator),
        ),
        verdicts=judged(intent, asked, matrix, evaluator),
    )


def judged(
    intent: Intent, asked: Sequence[Cell], matrix: Mapping[Key, Answer], evaluator: Evaluator
) -> tuple[Verdict, ...]:
    """Every claim of the intent."""
    by_key = {cell.key: cell for cell in asked}
    principals: dict[str, None] = dict.fromkeys(cell.principal.id for cell in asked)
    return tuple(_judge(claim, by_key, list(principals), intent, matrix, evaluator) for claim in intent.claims)


def unknown_roles(intent: Intent, found: Sequence[str]) -> list[Difference]:
    """Roles without a row, and rows without a role: either would leave something unlooked at."""
    extra = [
        Difference(name, "", "role", "the intent has no row for this role: say in blueprint/intent what it may", "")
        for name in found
        if name not in intent.roles
    ]
    missing = [
        Difference(name, "", "role", "the intent has a row for this role, and it isn't there", "")
        for name in intent.roles
        if name not in found
    ]
    return extra + missing


def differences(
    intent: Intent, asked: Iterable[Cell], matrix: Mapping[Key, Answer], evaluator: Evaluator
) -> list[Difference]:
    """Every cell of a known role, or of anybody else, that differs in one of the three matrices."""
    expectations = Expectations(intent)
    found = []
    for cell in asked:
        if not expectations.knows(cell.principal):
            continue
        answer, wanted = matrix[cell.key], expectations.of(cell)
        if answer == wanted:
            continue
        where: Where = (
            "both" if answer.both != wanted.both else "identity" if answer.identity != wanted.identity else "resource"
        )
        is_, want = getattr(answer, where), getattr(wanted, where)
        found.append(Difference(*cell.key, where, is_, want, evaluator.decide(cell).reason))
    return found


def _judge(
    claim: Claim,
    asked: Mapping[Key, Cell],
    principals: Sequence[str],
    intent: Intent,
    matrix: Mapping[Key, Answer],
    evaluator: Evaluator,
) -> Verdict:
    """The cells of a claim that speak against it."""
    if claim.kind != "policy":
        return Verdict(claim, 0, ())
    count, against = 0, []
    for cell in _covered(claim, asked, principals, intent):
        count += 1
        answer = matrix[cell.key]
        wanted = "allowed" if claim.allowed else "refused"
        where: Where | None = None if answer.both == wanted else "both"
        if where is None and not claim.allowed:
            where = next((side for side in claim.alone if getattr(answer, side) == "allowed"), None)
        if where is not None:
            against.append(Difference(*cell.key, where, getattr(answer, where), wanted, evaluator.decide(cell).reason))
    return Verdict(claim, count, tuple(against))


def _covered(claim: Claim, asked: Mapping[Key, Cell], principals: Sequence[str], intent: Intent) -> Iterable[Cell]:
    who, asks = Patterns(claim.who), Patterns(claim.asks)
    requests = [ask.id for ask in intent.asks if asks.cover(ask.id)]
    for principal in principals:
        if who.cover(principal):
            yield from (asked[principal, ask] for ask in requests if (principal, ask) in asked)
