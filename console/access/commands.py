"""`governance access`: the proof, the explanation of a cell, and what a change opens or closes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from console import render
from console.access import documents, rendering
from console.access.comparing import compare
from console.access.differences import prove
from console.access.estate import Estate
from console.access.explaining import explain as explain_cells
from console.access.project import intent_for
from console.access.pulumi_state import read_exports
from console.errors import FOUND, OK, CommandError
from console.options import AsJson

commands = typer.Typer(help="Who can do what: computed from the policies, compared with the declared intent.")

Exports = Annotated[
    list[Path] | None,
    typer.Option(
        "--exports",
        help="A stack export (`pulumi stack export`), or a folder of them, of hub and spokes; may be repeated.",
    ),
]
Project = Annotated[
    Path, typer.Option(help="The project's folder: its Pulumi.yaml says what is intended.", envvar="GOVERNANCE_PROJECT")
]
HERE = Path()


def _estate(exports: list[Path] | None) -> Estate:
    if not exports:
        raise CommandError("nothing to look at: give --exports, a folder of stack exports or each file")
    return read_exports(exports)


@commands.callback(invoke_without_command=True)
def access(
    context: typer.Context,
    exports: Exports = None,
    project: Project = HERE,
    cells: Annotated[str | None, typer.Option(help="Every cell of these principals, such as 'dev/*'.")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, with the roles' matrices.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute who can do what, by each side alone and by both, and compare with the intent. Status 1: it differs."""
    if context.invoked_subcommand is not None:
        return
    estate = _estate(exports)
    proof = prove(estate, intent_for(estate, project))
    if as_json:
        render.as_json(documents.document(proof))
    elif as_markdown:
        print(documents.markdown(proof))
    else:
        rendering.proof(render.screen(), proof, pattern=cells)
    raise typer.Exit(OK if proof.holds else FOUND)


@commands.command()
def explain(
    principal: Annotated[str, typer.Argument(help="dev/execution, a role's name or ARN, service/…, person/…")],
    action: Annotated[str, typer.Argument(help="An action, or a verb of the intent such as publish; * for all.")],
    resource: Annotated[str, typer.Argument(help="An ARN, or a thing of the intent such as version or artifacts/*.")],
    exports: Exports = None,
    project: Project = HERE,
    as_json: AsJson = False,
) -> None:
    """Why a request is allowed or refused: the statement that decides, and what every layer says alone."""
    estate = _estate(exports)
    found = explain_cells(estate, intent_for(estate, project), principal, action, resource)
    if as_json:
        render.as_json([one.document() for one in found])
    else:
        rendering.explanations(render.screen(), found)


@commands.command()
def diff(
    old: Annotated[Path, typer.Argument(help="Exports before: a file or a folder of them.")],
    new: Annotated[Path, typer.Argument(help="Exports after.")],
    project: Project = HERE,
    as_json: AsJson = False,
) -> None:
    """What a change of policies opens, closes, weakens or strengthens, in words. Status 1: it opens or weakens."""
    before, after = read_exports([old]), read_exports([new])
    found = compare((before, intent_for(before, project)), (after, intent_for(after, project)))
    if as_json:
        render.as_json(asdict(found))
    else:
        rendering.comparison(render.screen(), found)
    raise typer.Exit(FOUND if found.opens else OK)
