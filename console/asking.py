"""Commands that answer questions: as-of, endpoints, flow."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from console import render, render_answers
from console.answers import answer_as_of, answer_flow, inventory, time_of
from console.errors import FOUND, OK
from console.options import AsJson, Export, Prefix, StageList, source_of, stages_of
from governance.verdicts import Verdict

commands = typer.Typer()

Time = Annotated[str, typer.Argument(help="When: 2026-11-23, 2026-11-23T14:30 (UTC) or with a zone.")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="Only what had been recorded by then: what could we have known?")
]
At = Annotated[str | None, typer.Option("--at", help="The figures as of a time; default: now.")]
Deleted = Annotated[bool, typer.Option("--deleted", help="With endpoints that are gone, by their last verdict.")]
Verdicts = Annotated[list[Verdict] | None, typer.Option("--verdict", help="Only these verdicts; may be repeated.")]


@commands.command("as-of")
def as_of(
    time: Time, known_at: KnownAt = None, prefix: Prefix = "mlgov", export: Export = None, stages: StageList = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """What was approved at a time, what served where, and was it approved then. Status 1: something was not."""
    at = time_of(time, "TIME")
    known = None if known_at is None else time_of(known_at, "--known-at")
    answer = answer_as_of(source_of(prefix, export), stages_of(stages), at, known)
    if as_json:
        render.as_json(asdict(answer))
    else:
        render_answers.as_of(render.screen(), answer)
    good = all(endpoint.versions and all(v.approved for v in endpoint.versions) for endpoint in answer.endpoints)
    raise typer.Exit(OK if good else FOUND)


@commands.command()
def endpoints(
    verdict: Verdicts = None, deleted: Deleted = False, prefix: Prefix = "mlgov", export: Export = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """What serves in every account, with the inventory's verdicts. Status 1: something isn't known to be right."""
    found = inventory(source_of(prefix, export), deleted=deleted, verdicts=verdict or ())
    if as_json:
        render.as_json({"accounts": found.accounts, "endpoints": found.endpoints})
    else:
        render_answers.inventory(render.screen(), found)
    raise typer.Exit(FOUND if found.wrong else OK)


@commands.command()
def flow(
    at: At = None, prefix: Prefix = "mlgov", export: Export = None, stages: StageList = None, as_json: AsJson = False
) -> None:
    """Time to approve, what waits and for how long, rework, and how fast revocations took effect."""
    moment = datetime.now(UTC) if at is None else time_of(at, "--at")
    found = answer_flow(source_of(prefix, export), stages_of(stages), moment)
    if as_json:
        render.as_json(asdict(found))
    else:
        render_answers.flow(render.screen(), found)
