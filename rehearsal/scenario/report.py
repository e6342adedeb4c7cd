"""What is printed while the rehearsal runs, and the table at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.render import change
from rehearsal.scenario.attempts import Refusal
from rehearsal.scenario.expectations import Expectation, Score

OWN = frozenset({"identity", "boundary", "session"})
"""Layers on the caller's side; all others are on the side of what is called."""

RIGHT = ("held", "failed", "seconds")


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of a run. `denials_unexpected` must be 0."""

    accounts: int
    resources: dict[str, int]
    requests: int
    requests_on_behalf: int
    events: int
    facts: int
    denials_expected: int
    denials_unexpected: int
    seconds: dict[str, float]
    seconds_total: float
    expectations_held: int
    expectations_failed: int


def figures(
    score: Score, *, accounts: int, resources: dict[str, int], requests: Sequence[dict[str, Any]], events: int,
    facts: int, unexpected: int, seconds_total: float,
) -> Figures:  # fmt: skip
    """`requests` are rows of the request log; a denied one that isn't among the unexpected was expected."""
    denied = sum(row["decision"] == "denied" for row in requests)
    return Figures(
        accounts=accounts,
        resources=resources,
        requests=sum(not row.get("on_behalf_of") for row in requests),
        requests_on_behalf=sum(bool(row.get("on_behalf_of")) for row in requests),
        events=events,
        facts=facts,
        denials_expected=denied - unexpected,
        denials_unexpected=unexpected,
        seconds={phase.name: round(phase.seconds, 1) for phase in score.phases},
        seconds_total=round(seconds_total, 1),
        expectations_held=score.held,
        expectations_failed=len(score.failures),
    )


def summary(console: Console, result: Figures, score: Score, refusals: Sequence[Refusal]) -> None:
    """Refusals with what each side said, then the figures. After a failure what failed is all, causes first."""
    if refusals and not score.failures:
        console.print(_refusals(refusals), "")
    console.print(_phases(score), "")
    console.print(_figures(result), "")
    for failure in score.failures:
        console.print(failed(failure), soft_wrap=True)
    count, style = (len(score.failures), "bold red") if score.failures else (score.held, "bold green")
    said = (
        f"{counted(count, 'expectation')} FAILED"
        if score.failures
        else f"{counted(count, 'expectation')} held, none failed"
    )
    console.print(Text(f"{said}, {result.seconds_total:.0f} s", style=style))


def facts(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Every fact of the ledger, version by version in the order of its chain."""
    table = _table(f"All {counted(len(rows), 'fact')}", "happened (UTC)", "what", "change", "by", "told by")
    last = ""
    for row in sorted(rows, key=lambda row: (_version(row), int(row["seq"]))):
        if row["modelpackagearn"] != last:
            table.add_row(Text(_version(row), style="bold"))
        table.add_row(
            f"  {str(row['happenedat'])[11:23]}", str(row["kind"]), change(row), _who(row), _witness(row)
        )  # fmt: skip
        last = row["modelpackagearn"]
    console.print(table, "")


def _version(row: dict[str, Any]) -> str:
    return str(row["modelpackagearn"]).rpartition(":model-package/")[2]


def _who(row: dict[str, Any]) -> str:
    return str(row.get("actorsourceidentity") or str(row.get("actor") or "").rpartition("/")[2])


def _witness(row: dict[str, Any]) -> str:
    return f"{row.get('witness', 'event')}{', late' if row.get('late') else ''}"


def failed(failure: Expectation) -> Text:
    """What failed, and what was seen instead, one indented block."""
    seen = failure.detail.replace("\n", "\n       ")
    return Text.assemble(("FAILED ", "bold red"), f"{failure.phase}: {failure.claim}\n       {seen}")


def counted(number: int, what: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def unexpected_denial(row: dict[str, Any]) -> str:
    """Two lines that name principal, action, resource and what lacked the permission, each layer alone."""
    layers = [(layer, decision, by) for layer, decision, by in row.get("layers") or [] if decision != "absent"]
    alone = [f"{layer} {decision} ({by or 'no statement'})" for layer, decision, by in layers if decision != "allowed"]
    allowing = [layer for layer, decision, _ in layers if decision == "allowed"]
    alone += [f"{', '.join(allowing)} allowed"] if allowing else []
    on_behalf = f", which AWS calls for {row['on_behalf_of']}" if row.get("on_behalf_of") else ""
    return (
        f"{row['principal']} lacks {row['denied_action']} on {row['denied_resource']}{on_behalf}: {row['why']}\n"
        f"each layer alone: {'; '.join(alone)}"
    )


def _refusals(refusals: Sequence[Refusal]) -> Table:
    """Who tried what, and what the policies on either side of the call said of it, each alone."""
    table = _table(f"{len(refusals)} forbidden attempts, all refused", "who tried to", "own role", "other side")
    last = ""
    for each in refusals:
        if each.who != last:
            table.add_row(Text(each.who, style="bold"))
        table.add_row(f"  {each.what}", *_sides(each))
        last = each.who
    return table


def _sides(refusal: Refusal) -> tuple[str, str]:
    own = [_said(refusal, layer) for layer in refusal.layers if layer in OWN]
    other = [_said(refusal, layer) for layer in refusal.layers if layer not in OWN]
    return " ".join(own) or "-", " ".join(other) or "-"


def _said(refusal: Refusal, layer: str) -> str:
    """`Deny <statement>`, `allows it`, `no Allow` or AWS's error code."""
    _, found, statement = refusal.layers[layer].rpartition("statement ")
    match refusal.decisions[layer]:
        case "denied":
            return f"Deny {statement}" if found else "Deny"
        case "allowed":
            return "allows it"
        case "silent":
            return "trusts others only" if layer == "trust" else "no Allow"
        case code:
            return code


def _phases(score: Score) -> Table:
    table = _table("Phases", "phase", *RIGHT)
    for phase in score.phases:
        count = Counter(each.held for each in phase.expectations)
        table.add_row(phase.name, str(count[True]), str(count[False]), f"{phase.seconds:.1f}")
    return table


def _figures(result: Figures) -> Table:
    table = _table("Summary", "what", "count")
    stacks = ", ".join(f"{stack} {count}" for stack, count in result.resources.items())
    table.add_row("accounts called", str(result.accounts))
    table.add_row("resources", f"{sum(result.resources.values())}{f' ({stacks})' if stacks else ''}")
    table.add_row("requests", f"{result.requests}, and {result.requests_on_behalf} that AWS makes on a caller's behalf")
    table.add_row("events", f"{result.events} raised by AWS services or put by callers")
    table.add_row("facts", f"{counted(result.facts, 'row')} in the ledger")
    table.add_row("denials", f"{result.denials_expected} expected, {result.denials_unexpected} unexpected")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for column in columns:
        table.add_column(column, justify="right" if column in RIGHT else "left", overflow="fold")
    return table
