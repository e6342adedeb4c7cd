"""The command that takes down what blocks a `destroy`: `governance cleanup`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from blueprint.names import Names
from console import render
from console.draining import Drained, drain, look
from console.errors import FOUND, OK
from console.options import AsJson, Prefix, client

commands = typer.Typer()

Stack = Annotated[str | None, typer.Option("--stack", help="Only this stack's domain, such as dev.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Give up waiting after so many seconds.")]


@commands.command()
def cleanup(
    stack: Stack = None, yes: Yes = False, wait: Wait = 1800, prefix: Prefix = "mlgov", as_json: AsJson = False
) -> None:  # fmt: skip
    """Stop what runs in Studio, and delete spaces that the program didn't make, with the account's credentials.

    Status 1: something is there and wasn't taken down.
    """
    sagemaker = client("sagemaker")
    found = look(sagemaker, Names(prefix, sagemaker.meta.region_name), stack)
    blocking = [one for one in found if not one.empty]
    if not as_json:
        _show(found)
    agreed = bool(blocking) and (yes or (not as_json and typer.confirm("Take them down? Volumes of spaces are lost")))
    if agreed:
        for one in blocking:
            drain(sagemaker, one, wait)
    if as_json:
        render.as_json({"domains": [one.document() for one in found], "done": agreed})
    elif agreed:
        render.screen().print("They are gone: `pulumi destroy` finds nothing in its way.")
    raise typer.Exit(FOUND if blocking and not agreed else OK)


def _show(found: list[Drained]) -> None:
    screen = render.screen()
    if not found:
        screen.print("There is no Studio domain of this installation in this account and region.")
    for one in found:
        said = [str(app) for app in one.apps] + [f"space {space}, with its volume" for space in one.spaces]
        screen.print(
            Text(f"{one.name} ({one.domain}): {'; '.join(said) or 'nothing but what the program made'}"), soft_wrap=True
        )
