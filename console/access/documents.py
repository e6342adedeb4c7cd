"""The proof as documents: Markdown for people, one JSON document for programs."""

from __future__ import annotations

from typing import Any

from console.access.differences import Proof
from console.access.matrix import Answer
from console.access.rendering import KINDS, counts, few, refused_in_words
from console.access.summary import may_in_words, rows

MARKS = {"allowed": "A", "denied": "D", "silent": "-", "absent": " ", "refused": "R"}
"""In matrices: allowed, denied explicitly, nothing grants it, no such side, refused."""

LEGEND = (
    "Three letters a cell: identity side alone, resource side alone, both."
    " A allowed, D denied explicitly, - nothing grants it, blank no such side; R refused."
)


def code(answer: Answer) -> str:
    return MARKS[answer.identity] + MARKS[answer.resource] + MARKS[answer.both]


def markdown(found: Proof) -> str:
    """The same for a document: claims, roles, everybody else, what isn't proved, and the matrix of the roles."""
    head = ["| claim | cells | holds alone | verdict |", "|---|---|---|---|"]
    lines = ["# Who can do what", "", counts(found), "", "## Claims", "", *head]
    for verdict in found.verdicts:
        claim = verdict.claim
        if claim.kind == "policy":
            alone = "allowed" if claim.allowed else " and ".join(claim.alone) or "together"
            told = "proved" if verdict.proved else "; ".join(map(str, few(verdict.against))) or "covers nothing"
            lines.append(_line(claim.text, f"{verdict.cells:,}", alone, told))
    lines += ["", "## Not provable by policies", "", "| what | what stands for it | shown by |", "|---|---|---|"]
    lines += [
        _line(v.claim.text, KINDS[v.claim.kind], v.claim.shown) for v in found.verdicts if v.claim.kind != "policy"
    ]
    listed = rows(found)
    for title, chosen in (("Roles", True), ("Everybody else", False)):
        lines += ["", f"## {title}", "", "| who | may | refused |", "|---|---|---|"]
        lines += [_line(r.principal, may_in_words(r), refused_in_words(r)) for r in listed if r.is_role == chosen]
    lines += ["", "## Differences from the intent", ""]
    lines += [f"- {difference}" for difference in found.differences] or ["None."]
    lines += ["", "## The roles' matrices", "", LEGEND, ""]
    lines += _matrix(found)
    return "\n".join(lines)


def _matrix(found: Proof) -> list[str]:
    roles = list(dict.fromkeys(cell.principal.id for cell in found.cells if cell.principal.is_role))
    lines = [_line("request", *roles), "|---" * (len(roles) + 1) + "|"]
    for ask in found.intent.asks:
        answers = [found.matrix.get((role, ask.id)) for role in roles]
        lines.append(_line(ask.id, *("" if one is None else f"`{code(one)}`" for one in answers)))
    return lines


def _line(*parts: str) -> str:
    return "| " + " | ".join(part.replace("|", "\\|") for part in parts) + " |"


def document(found: Proof) -> dict[str, Any]:
    """The document of --json. A cell of `matrix` is three letters, as in LEGEND."""
    matrix: dict[str, dict[str, str]] = {}
    for (principal, ask), answer in found.matrix.items():
        matrix.setdefault(principal, {})[ask] = code(answer)
    return {
        "holds": found.holds,
        "cells": len(found.cells),
        "claims": [
            {
                "id": v.claim.id, "text": v.claim.text, "kind": v.claim.kind, "proved": v.proved, "cells": v.cells,
                "alone": list(v.claim.alone), "shown": v.claim.shown or None, "against": [str(a) for a in v.against],
            }
            for v in found.verdicts
        ],
        "differences": [
            {
                "principal": d.principal, "request": d.ask or None, "where": d.where, "found": d.found,
                "intended": d.intended or None, "reason": d.reason or None,
            }
            for d in found.differences
        ],
        "requests": {
            ask.id: {"action": ask.action, "resource": ask.resource, "context": dict(ask.context)}
            for ask in found.intent.asks
        },
        "legend": LEGEND,
        "matrix": matrix,
    }  # fmt: skip
