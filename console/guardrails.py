"""`governance guardrails`: the service control policies of an installation, for whoever may attach them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blueprint.errors import PolicyTooLarge
from blueprint.limits import stored_size
from blueprint.policies.guardrails import CONTROL_POLICY
from blueprint.policies.guardrails import guardrails as policies_of
from console import render
from console.access.project import settings_of
from console.errors import CommandError

commands = typer.Typer()

Name = Annotated[str | None, typer.Argument(help="Print this one as JSON: spokes, hub-decisions, hub-evidence.")]
Project = Annotated[
    Path, typer.Option(help="The project's folder, whose Pulumi.yaml says the accounts.", envvar="GOVERNANCE_PROJECT")
]
ATTACH = {
    "spokes": "to the units of the spokes' accounts",
    "hub-decisions": "to the hub's account",
    "hub-evidence": "to the hub's account",
}


@commands.command()
def guardrails(name: Name = None, project: Project = Path()) -> None:
    """Service control policies that bind the accounts' administrators, too. Attach them in the management account."""
    settings = settings_of(project)
    if settings.deploy_role is None:
        raise CommandError(
            "deployRole is empty, so nobody would be exempt and no `pulumi up` could change anything: set it"
        )
    try:
        made = policies_of(settings.organisation, settings.deploy_role)
    except PolicyTooLarge as problem:
        raise CommandError(str(problem)) from None
    if name is not None:
        if name not in made:
            raise CommandError(f"there is no policy {name}; known: {', '.join(made)}")
        render.as_json(made[name])
        return
    table = render.table("policy", "attach", "statements", "characters", fold=("attach",), right=("characters",))
    for label, policy in made.items():
        table.add_row(label, ATTACH[label], str(len(policy["Statement"])), f"{stored_size(policy):,}")
    screen = render.screen()
    screen.print(table)
    screen.print(f"each may have {CONTROL_POLICY.characters:,} characters; governance guardrails NAME prints one")
