"""`governance resume STACK`: go on after an update that was killed, with no resource lost and none adopted by mistake.

The engine writes each creation down before it calls AWS. Killed before the answer, it leaves a lock, and creations of
which nobody knows whether they happened; a plain `pulumi up` makes them again and fails on every name that is taken.
Here each is looked up in AWS: what is there goes into the state, what isn't is forgotten, and an update converges.
(`pulumi refresh --import-pending-creates` means to do this; Pulumi 3.250 drops what it is given.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from blueprint.tags import OWNERSHIP
from console import render
from console.errors import FOUND, CommandError
from console.finders import Aws
from console.pending import PROVIDER, id_of, known
from console.pulumi_cli import Pulumi

commands = typer.Typer()

StackName = Annotated[str, typer.Argument(help="The stack's name, such as test.")]
Project = Annotated[Path, typer.Option("--project", help="The folder that holds Pulumi.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask: the update is known to be dead.")]
Up = Annotated[bool, typer.Option("--up/--no-up", help="Bring the stack up afterwards; --no-up before a destroy.")]

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Creation:
    """A creation of which nobody knows whether it happened. `id`: where to look, None: make it again."""

    resource: State
    id: str | None

    @property
    def urn(self) -> str:
        return str(self.resource["urn"])

    @property
    def label(self) -> str:
        *_, kind, name = self.urn.split("::")
        return f"{kind.rpartition('$')[2]} {name}"


@commands.command()
def resume(stack: StackName, project: Project = Path(), yes: Yes = False, up: Up = True) -> None:
    """Mend a stack whose update was killed: lock, creations under way, then an update. May be repeated."""
    pulumi = Pulumi(project, stack)
    if not yes:
        typer.confirm(f"This ends any update of {stack} that somebody else may be running. Go on?", abort=True)
    screen = render.screen()
    for line in pulumi.mend_files():
        screen.print(line, markup=False, highlight=False, soft_wrap=True)
    pulumi.run("cancel", "--yes")
    state = pulumi.export()
    creations = creations_of(state)
    if state["deployment"].get("pending_operations"):
        pulumi.replace_state(with_creations(state, creations))
        pulumi.run("refresh", "--yes", "--skip-preview")
        state = pulumi.export()
        _judge(pulumi, state, creations)
    for line in _told(state, creations):
        screen.print(line, markup=False, highlight=False, soft_wrap=True)
    if up:
        pulumi.show("up", "--yes", "--skip-preview")


def creations_of(state: State) -> list[Creation]:
    """The pending creations of a state, each with where to look for it. Nothing is changed in AWS.

    Raises CommandError for a type of which it isn't known how to look, before anything is changed.
    """
    deployment = state["deployment"]
    pending = [
        operation["resource"]
        for operation in deployment.get("pending_operations") or []
        if operation["type"] == "creating" and operation["resource"].get("custom")
    ]
    strange = sorted({resource["type"] for resource in pending if not known(resource["type"])})
    if strange:
        raise CommandError(
            f"it isn't known how to look for an interrupted {', '.join(strange)}: find it in AWS and delete it, then"
            " run `pulumi refresh --clear-pending-creates`",
            FOUND,
        )
    providers = _providers(deployment.get("resources") or [])
    found = []
    for resource in pending:
        aws = providers[resource["provider"]]
        found.append(Creation(resource, id_of(resource["type"], resource.get("inputs") or {}, aws)))
    return found


def _providers(resources: Sequence[State]) -> Mapping[str, Aws]:
    """The accounts of the state's AWS providers, by the reference that resources hold: `<urn>::<id>`."""
    return {
        f"{resource['urn']}::{resource['id']}": Aws(resource.get("inputs") or {})
        for resource in resources
        if resource["type"] == PROVIDER
    }


def with_creations(state: State, creations: Sequence[Creation]) -> State:
    """The state as if each creation that may have happened had; a refresh then drops those that didn't.

    A pending creation depends only on what is in the state already, so it may stand at the end.
    """
    deployment = dict(state["deployment"])
    made = [
        {**creation.resource, "id": creation.id, "outputs": creation.resource.get("inputs") or {}}
        for creation in creations
        if creation.id is not None
    ]
    deployment["resources"] = [*(deployment.get("resources") or []), *made]
    deployment["pending_operations"] = [
        operation for operation in deployment.get("pending_operations") or [] if operation["type"] != "creating"
    ]
    return {**state, "deployment": deployment}


def _judge(pulumi: Pulumi, state: State, creations: Sequence[Creation]) -> None:
    """Take what carries another owner's tags out of the state again: the creation had failed, on a taken name.

    Raises CommandError naming it. What carries no tags at all counts as half made.
    """
    present = {resource["urn"]: resource for resource in state["deployment"]["resources"]}
    foreign = []
    for creation in creations:
        resource = present.get(creation.urn)
        if resource is not None and not _ours(creation.resource, resource):
            pulumi.run("state", "delete", creation.urn, "--yes", "--force")
            foreign.append(f"{creation.label} ({creation.id})")
    if foreign:
        raise CommandError(
            f"{', '.join(foreign)} exists and carries other tags than this stack's, so it isn't adopted: rename or"
            " delete one of the two, or adopt it by configuration, then run the command again",
            FOUND,
        )


def _ours(wanted: State, found: State) -> bool:
    tags = (found.get("outputs") or {}).get("tagsAll") or {}
    expected = (wanted.get("inputs") or {}).get("tagsAll") or {}
    return not tags or all(tags.get(key) == expected.get(key) for key in OWNERSHIP)


def _told(state: State, creations: Sequence[Creation]) -> list[str]:
    """One line for each creation: what became of it."""
    present = {resource["urn"] for resource in state["deployment"].get("resources") or []}
    lines = []
    for creation in creations:
        if creation.urn in present:
            lines.append(f"{creation.label}: was made ({creation.id}); the stack holds it now")
        else:
            lines.append(f"{creation.label}: is made again")
    return lines or ["No creation was under way."]
