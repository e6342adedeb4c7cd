"""What is printed while the rehearsal runs, and the table at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rehearsal.scenario.attempts import Refusal
from rehearsal.scenario.expectations import Expectation, Score


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
    """Refusals with the layers that gave them, then the figures, then what failed."""
    if refusals:
        console.print(_refusals(refusals))
    console.print(_phases(score))
    console.print(_figures(result))
    for failure in score.failures:
        console.print(failed(failure), soft_wrap=True)
    verdict = "every expectation held" if not score.failures else f"{len(score.failures)} expectations FAILED"
    console.print(
        Text(
            f"{result.expectations_held} held, {verdict}, {result.seconds_total} s",
            style="bold green" if not score.failures else "bold red",
        )
    )


def failed(failure: Expectation) -> Text:
    return Text.assemble(("FAILED ", "bold red"), f"{failure.phase}: {failure.claim}\n       {failure.detail}")


def unexpected_denial(row: dict[str, Any]) -> str:
    """One line that names principal, action, resource and what lacked the permission."""
    layers = "; ".join(
        f"{layer} side alone: {decision}, {by or 'no statement'}"
        for layer, decision, by in row.get("layers") or []
        if decision != "absent"
    )
    on_behalf = f", which AWS calls for {row['on_behalf_of']}" if row.get("on_behalf_of") else ""
    return (
        f"{row['principal']} lacks {row['denied_action']} on {row['denied_resource']}{on_behalf}: {row['why']}"
        f" [{layers}]"
    )


def _refusals(refusals: Sequence[Refusal]) -> Table:
    table = Table("who", "tried to", "refused by", title="Forbidden attempts", title_justify="left")
    for each in refusals:
        layers = "\n".join(f"{layer}: {by or 'no statement allows it'}" for layer, by in each.layers.items())
        table.add_row(each.who, each.what, layers)
    return table


def _phases(score: Score) -> Table:
    table = Table("phase", "held", "failed", "seconds", title="Phases", title_justify="left")
    for phase in score.phases:
        count = Counter(each.held for each in phase.expectations)
        table.add_row(phase.name, str(count[True]), str(count[False]), f"{phase.seconds:.1f}")
    return table


def _figures(result: Figures) -> Table:
    table = Table("what", "count", title="Summary", title_justify="left")
    shown = asdict(result)
    for name in ("accounts", "requests", "requests_on_behalf", "events", "facts"):
        table.add_row(name.replace("_", " "), str(shown[name]))
    table.add_row("resources", ", ".join(f"{stack} {count}" for stack, count in result.resources.items()))
    table.add_row("denials expected", str(result.denials_expected))
    table.add_row("denials unexpected", str(result.denials_unexpected))
    return table
