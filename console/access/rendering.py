"""What `governance access` prints on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from rich.console import Console
from rich.text import Text

from console import render
from console.access.comparing import Comparison
from console.access.differences import Difference, Proof, Verdict
from console.access.explaining import Explanation
from console.access.matrix import Answer
from console.access.summary import Row, may_in_words, rows

KINDS = {
    "policy": "computed from the policies",
    "service": "AWS refuses",
    "function": "our function checks",
    "detected": "not prevented: detected",
}


def proof(screen: Console, found: Proof, *, pattern: str | None) -> None:
    """Claims, roles, everybody else, what isn't proved; then what differs."""
    _claims(screen, [verdict for verdict in found.verdicts if verdict.claim.kind == "policy"])
    listed = rows(found)
    for title, chosen in (
        ("role", [row for row in listed if row.is_role]),
        ("who else", [row for row in listed if not row.is_role]),
    ):
        columns = render.table(title, "may", "refused by", fold=(title, "may", "refused by"))
        for row in chosen:
            columns.add_row(Text(row.principal), Text(may_in_words(row)), Text(refused_in_words(row)))
        screen.print(columns)
    head = "not provable by policies"
    columns = render.table(head, "what stands for it", "shown by", fold=(head, "shown by"))
    for verdict in found.verdicts:
        claim = verdict.claim
        if claim.kind != "policy":
            columns.add_row(Text(claim.text), Text(KINDS[claim.kind]), Text(claim.shown))
    screen.print(columns)
    if pattern is not None:
        _cells(screen, found, pattern)
    for difference in found.differences:
        screen.print(Text(str(difference), style="red"), soft_wrap=True)
    screen.print(counts(found), soft_wrap=True)


def counts(found: Proof) -> str:
    proved = sum(verdict.proved for verdict in found.verdicts)
    computed = sum(verdict.claim.kind == "policy" for verdict in found.verdicts)
    principals = len({cell.principal.id for cell in found.cells})
    return (
        f"{len(found.cells):,} cells ({principals} principals, {len(found.intent.asks):,} requests), each by identity,"
        f" resource and both: {len(found.differences) or 'none'} not as intended; {proved} of {computed} claims proved,"
        f" {len(found.verdicts) - computed} not provable by policies"
    )


def _claims(screen: Console, verdicts: Iterable[Verdict]) -> None:
    columns = render.table("claim", "cells", "holds alone", "verdict", fold=("claim", "verdict"), right=("cells",))
    for verdict in verdicts:
        claim = verdict.claim
        if verdict.proved:
            told = Text("proved", style="green")
        else:
            told = Text("\n".join(map(str, few(verdict.against))) or "covers nothing", style="red")
        alone = "allowed" if claim.allowed else " and ".join(claim.alone) or "together"
        columns.add_row(Text(claim.text), f"{verdict.cells:,}", alone, told)
    screen.print(columns)


def few(against: Sequence[Difference], most: int = 5) -> list[object]:
    more = len(against) - most
    return [*against[:most], *([f"and {more} more"] if more > 0 else [])]


def refused_in_words(row: Row) -> str:
    return (
        f"{row.by_both:,} by each side alone, {row.by_identity:,} by identity, {row.by_resource:,} by resource;"
        f" {row.explicit:,} explicitly"
    )


def _cells(screen: Console, found: Proof, pattern: str) -> None:
    columns = render.table("principal", "request", "action", "identity", "resource", "both", fold=("request", "action"))
    for cell in found.cells:
        if fnmatchcase(cell.principal.id, pattern):
            answer = found.matrix[cell.key]
            columns.add_row(*cell.key, cell.ask.action, answer.identity, answer.resource, answer.both)
    screen.print(columns)


def explanations(screen: Console, found: Sequence[Explanation]) -> None:
    """Each request: what decides, what each layer says, whether it was meant so."""
    for one in found:
        request = one.cell.request
        style = "green" if one.decision.allowed else "yellow"
        head = f"{one.cell.principal.id} {request.action} on {request.resource}: {one.decision.decision}"
        screen.print(Text(head, style=f"bold {style}"), soft_wrap=True)
        screen.print(Text(f"  {one.decision.reason}"), soft_wrap=True)
        if one.cell.ask.context:
            told = ", ".join(f"{key}={value}" for key, value in sorted(one.cell.ask.context.items()))
            screen.print(Text(f"  with {told}"), soft_wrap=True)
        for layer in one.layers:
            if layer.decision != "absent":
                by = f": {layer.by}" if layer.by else ""
                screen.print(Text(f"  {layer.layer}: {layer.decision}{by}", style="dim"), soft_wrap=True)
        if one.intended is None:
            screen.print(Text("  the intent says nothing of this request", style="yellow"), soft_wrap=True)
        elif one.intended != one.answer:
            told = f"  NOT AS INTENDED ({one.cell.ask.id}): {_in_words(one.intended)}"
            screen.print(Text(told, style="red"), soft_wrap=True)
        else:
            screen.print(Text(f"  as intended ({one.cell.ask.id})", style="dim"), soft_wrap=True)


def _in_words(answer: Answer) -> str:
    return f"identity side {answer.identity}, resource side {answer.resource}, both {answer.both}"


def comparison(screen: Console, found: Comparison) -> None:
    """What changed, in words; what opens first."""
    for name in found.came:
        screen.print(Text(f"new: {name}"), soft_wrap=True)
    for name in found.went:
        screen.print(Text(f"gone: {name}"), soft_wrap=True)
    sentences = found.sentences()
    styles = {"opened": "red", "weakened": "yellow", "closed": "green", "strengthened": "green"}
    for change, style in styles.items():
        for kind, sentence in sentences:
            if kind == change:
                screen.print(Text(f"{change}: {sentence}", style=style), soft_wrap=True)
    totals = {change: sum(one.change == change for one in found.changed) for change in styles}
    told = ", ".join(f"{number} {change}" for change, number in totals.items() if number)
    screen.print(told or "Nobody may more or less than before, nor is held by less.")
