"""Why one request is allowed or refused: what each layer says, and which statement decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from access import Decision, LayerDecision, layers
from blueprint.intent import Intent
from blueprint.intent.model import Ask, Principal
from console.access.estate import Estate
from console.access.expected import Expectations
from console.access.matrix import Answer, Cell, Evaluator, cell_of, roles_of
from console.errors import FOUND, CommandError

SHOWN = 12
"""Names that an error lists."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One cell: what is asked, what each layer says, what AWS would answer, and what was intended.

    `intended` is None for a request that the intent doesn't hold.
    """

    cell: Cell
    layers: tuple[LayerDecision, ...]
    decision: Decision
    answer: Answer
    intended: Answer | None

    def document(self) -> dict[str, Any]:
        request = self.cell.request
        return {
            "principal": self.cell.principal.id,
            "arn": self.cell.principal.arn,
            "request": self.cell.ask.id or None,
            "action": request.action,
            "resource": request.resource,
            "context": dict(sorted(request.context.items())),
            "decision": self.decision.decision,
            "reason": self.decision.reason,
            "layers": {one.layer: {"says": one.decision, "by": one.by} for one in self.layers},
            "answer": _named(self.answer),
            "intended": None if self.intended is None else _named(self.intended),
        }


def _named(answer: Answer) -> dict[str, str]:
    return {"identity": answer.identity, "resource": answer.resource, "both": answer.both}


def explain(estate: Estate, intent: Intent, principal: str, action: str, resource: str) -> list[Explanation]:
    """All requests of the intent that are meant; else the one that the words spell out, without any context.

    `principal`: an id (`dev/execution`), a role's name or its ARN. `action`: an action or a verb of the intent.
    `resource`: an ARN, or a thing of the intent. Raises CommandError where a word names nothing.
    """
    people = [*roles_of(estate, intent.organisation), *intent.strangers]
    who = _principal(people, principal)
    meant = [ask for ask in intent.asks if _is(ask, action, resource)]
    evaluator, expectations = Evaluator(estate), Expectations(intent)
    if not meant:
        return [_explained(evaluator, cell_of(intent.organisation, who, _spelt(intent, who, action, resource)), None)]
    found = []
    for ask in meant:
        cell = cell_of(intent.organisation, who, ask)
        found.append(_explained(evaluator, cell, expectations))
    return found


def _explained(evaluator: Evaluator, cell: Cell, expectations: Expectations | None) -> Explanation:
    case = evaluator.case(cell)
    known = expectations is not None and expectations.knows(cell.principal)
    return Explanation(
        cell=cell,
        layers=layers(case),
        decision=evaluator.decide(cell),
        answer=evaluator.answer(cell),
        intended=expectations.of(cell) if known and expectations is not None else None,
    )


def _principal(people: Sequence[Principal], word: str) -> Principal:
    name = word.rpartition("/")[2]
    for one in people:
        session_role = one.arn.split("/")[1] if ":assumed-role/" in one.arn else ""
        role_arn = one.arn.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/").removesuffix("/session")
        if word in (one.id, one.arn, role_arn) or (one.is_role and name == word == session_role):
            return one
    known = [one.id for one in people if name in one.id] or [one.id for one in people if one.is_role]
    raise CommandError(f"{word} is no principal here; there are {', '.join(known[:SHOWN])}, …", FOUND)


def _is(ask: Ask, action: str, resource: str) -> bool:
    verb = ask.id.partition(":")[2]
    by_action = fnmatchcase(ask.action.lower(), action.lower())
    by_verb = fnmatchcase(verb, action) or fnmatchcase(verb.partition("#")[0], action)
    return (by_action or by_verb) and (fnmatchcase(ask.thing, resource) or fnmatchcase(ask.resource, resource))


def _spelt(intent: Intent, who: Principal, action: str, resource: str) -> Ask:
    """A request that the intent doesn't hold."""
    if ":" not in action or not (resource == "*" or resource.startswith("arn:")):
        things = sorted({ask.thing for ask in intent.asks if action in ("*", ask.action, ask.id.partition(":")[2])})
        raise CommandError(
            f"no request of the intent is {action} on {resource}; give an action and a whole ARN, or one of its words:"
            f" {', '.join(things[:SHOWN]) or ', '.join(sorted({ask.thing for ask in intent.asks})[:SHOWN])}, …",
            FOUND,
        )
    owners = {ask.resource.partition("/")[0]: ask.account for ask in intent.asks}
    account = owners.get(resource.partition("/")[0], "")
    owner = resource.split(":")[4] if resource.startswith("arn:") else ""
    return Ask(id="", action=action, resource=resource, account=account or owner, stack=who.stack, context={})
