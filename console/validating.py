"""`governance validate`: does AWS hold what this stack made, set as the program sets it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from blueprint.names import HUB
from blueprint.organisation import Organisation
from console import render
from console.access.project import settings_of
from console.errors import FOUND, OK, UNUSABLE, CommandError
from console.options import AsJson, client
from console.validation.plan import checks_of
from console.validation.site import Checked, Site, look

commands = typer.Typer()

Project = Annotated[
    Path, typer.Option(help="The project's folder, whose Pulumi.yaml says the accounts.", envvar="GOVERNANCE_PROJECT")
]
Stack = Annotated[str | None, typer.Argument(help="The stack; without it that of the credentials' account.")]
Everything = Annotated[bool, typer.Option("--all", help="List what is well, too.")]


@commands.command()
def validate(
    stack: Stack = None, everything: Everything = False, project: Project = Path(), as_json: AsJson = False
) -> None:  # fmt: skip
    """Look at everything that the stack of these credentials made, call by call; changes nothing. Status 1: something
    is missing or set otherwise. 2: something couldn't be looked at.
    """
    sts = client("sts")
    account, region = sts.get_caller_identity()["Account"], sts.meta.region_name
    stack = stack_of(settings_of(project).organisation, account, stack)
    settings = settings_of(project, stack)
    if (account, region) != (settings.account, settings.organisation.region):
        raise CommandError(
            f"these credentials are of {account} in {region}, stack {stack} is in {settings.account} in"
            f" {settings.organisation.region}: sign in there, or give the project's folder by --project"
        )
    site = Site(settings, client)
    checked = [look(site, check) for check in checks_of(settings)]
    if as_json:
        render.as_json({"stack": stack, "account": account, "checks": [_document(one) for one in checked]})
    else:
        _print(stack, checked, everything=everything)
    raise typer.Exit(status_of(checked))


def stack_of(organisation: Organisation, account: str, asked: str | None) -> str:
    """The stack to look at: the one that was asked for, or the only one of the account. Raises CommandError."""
    owners = {HUB: organisation.hub} | {spoke.stack: spoke.account for spoke in organisation.spokes}
    if asked is not None:
        if asked not in owners:
            raise CommandError(f"there is no stack {asked}; known: {', '.join(owners)}")
        return asked
    found = [stack for stack, owner in owners.items() if owner == account]
    if len(found) != 1:
        told = "no stack" if not found else f"the stacks {', '.join(found)}"
        raise CommandError(f"account {account} has {told} of this project: name one of {', '.join(owners)}")
    return found[0]


def status_of(checked: list[Checked]) -> int:
    if any(one.problems for one in checked):
        return FOUND
    return UNUSABLE if any(one.problems is None for one in checked) else OK


def _document(one: Checked) -> dict[str, object]:
    problems = None if one.problems is None else list(one.problems)
    return {"thing": one.check.thing, "calls": one.check.calls, "problems": problems, "reason": one.reason or None}


def _print(stack: str, checked: list[Checked], *, everything: bool) -> None:
    screen = render.screen()
    table = render.table("thing", "found", fold=("thing", "found"))
    for one in checked:
        if one.problems is None:
            table.add_row(Text(one.check.thing), Text(f"not looked at: {one.reason}", style="yellow"))
        elif one.problems:
            table.add_row(Text(one.check.thing), Text("\n".join(one.problems), style="red"))
        elif everything:
            table.add_row(Text(one.check.thing), Text("as it should be", style="green"))
    if table.row_count:
        screen.print(table)
    wrong = sum(bool(one.problems) for one in checked)
    unseen = sum(one.problems is None for one in checked)
    screen.print(
        f"{stack}: {render.counted(len(checked), 'thing')}, {wrong or 'none'} wrong, {unseen or 'none'} not seen"
    )
