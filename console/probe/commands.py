"""`governance probe`: list the probes, run the dry ones, or the live ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from blueprint.organisation import Organisation, Spoke
from console import render
from console.access.project import settings_of
from console.errors import FOUND, OK, UNUSABLE, CommandError
from console.options import AsJson, client
from console.probe.model import Clients, Ground, Probe, Verdict, is_aws
from console.probe.running import PROBES, Outcome, chosen, run_all

commands = typer.Typer()

Names = Annotated[list[str] | None, typer.Argument(help="Only these probes.")]
Run = Annotated[bool, typer.Option("--run", help="Run the dry ones: they read, or send what can't succeed.")]
Live = Annotated[
    bool, typer.Option("--live", help="Run those that make temporary resources, and remove them again.")
]  # fmt: skip
SpokeName = Annotated[str | None, typer.Option("--spoke", help="The stack of a spoke, such as dev.")]
SpokeProfile = Annotated[
    str | None, typer.Option("--spoke-profile", help="AWS profile of an administrator of that spoke.")
]  # fmt: skip
Version = Annotated[str | None, typer.Option("--version", help="ARN of a registered version, to make copies of.")]
Project = Annotated[
    Path, typer.Option(help="The project's folder, whose Pulumi.yaml says the accounts.", envvar="GOVERNANCE_PROJECT")
]
COLOURS = {Verdict.HELD: "green", Verdict.DIFFERS: "red", Verdict.UNCLEAR: "yellow"}
EMULATED_PATIENCE = 0.03
"""Pauses against an emulator, which answers at once."""


@commands.command()
def probe(
    names: Names = None, run: Run = False, live: Live = False, spoke: SpokeName = None,
    spoke_profile: SpokeProfile = None, version: Version = None, project: Project = Path(), as_json: AsJson = False,
) -> None:  # fmt: skip
    """What no document of AWS settles, asked of AWS. Lists; --run or --live asks. Status 1: an answer differs from what
    the product assumes, or something was left behind. 2: something couldn't be told.
    """
    if not (run or live):
        _list(names or [], as_json=as_json)
        return
    if run and live:
        raise typer.BadParameter("--run and --live: one after the other; live ones make resources")
    probes = chosen(names or [], live=live)
    ground, endpoint = _ground(project, spoke, spoke_profile, version)
    outcomes = list(run_all(ground, probes))
    if as_json:
        found = [outcome.document() for outcome in outcomes]
        render.as_json({"aws": is_aws(endpoint), "endpoint": endpoint, "account": ground.account, "probes": found})
    else:
        _print(outcomes, endpoint)
    raise typer.Exit(status_of(outcomes))


def status_of(outcomes: list[Outcome]) -> int:
    """1 before 2: what differs is to be looked at first."""
    if any(outcome.result.verdict is Verdict.DIFFERS or outcome.left for outcome in outcomes):
        return FOUND
    return UNUSABLE if any(outcome.result.verdict is Verdict.UNCLEAR for outcome in outcomes) else OK


def _ground(folder: Path, stack: str | None, profile: str | None, version: str | None) -> tuple[Ground, str]:
    """Where to ask: the project's hub, whose credentials these must be."""
    organisation = settings_of(folder).organisation
    if (stack is None) != (profile is None):
        raise typer.BadParameter("--spoke and --spoke-profile belong together")
    sts = client("sts")
    _require(sts, organisation.hub, "the hub", organisation)
    endpoint = str(sts.meta.endpoint_url)
    spoke = None if stack is None else _spoke(organisation, stack)
    clients = None if profile is None else _profile(profile, organisation.region)
    if spoke is not None and clients is not None:
        _require(clients("sts"), spoke.account, spoke.stack, organisation)
    ground = Ground(
        organisation=organisation,
        hub=client,
        spoke=clients,
        spoke_account=spoke,
        version=version,
        patience=1.0 if is_aws(endpoint) else EMULATED_PATIENCE,
    )
    return ground, endpoint


def _spoke(organisation: Organisation, stack: str) -> Spoke:
    known = {spoke.stack: spoke for spoke in organisation.spokes}
    if stack not in known:
        raise CommandError(f"there is no spoke {stack}; known: {', '.join(sorted(known)) or 'none'}")
    return known[stack]


def _profile(profile: str, region: str) -> Clients:
    import boto3

    made: Clients = boto3.Session(profile_name=profile, region_name=region).client
    return made


def _require(sts: Any, account: str, what: str, organisation: Organisation) -> None:
    """Ask nothing of an account that the project doesn't name."""
    found = sts.get_caller_identity()["Account"]
    region = sts.meta.region_name
    if found != account or region != organisation.region:
        raise CommandError(
            f"these credentials are of {found} in {region}, {what} is {account} in {organisation.region}: sign in"
            " there, or give the project's folder by --project"
        )


def _list(names: list[str], *, as_json: bool) -> None:
    probes = [probe for probe in PROBES if not names or probe.name in names]
    if names:
        chosen(names, live=True)
    if as_json:
        render.as_json([_described(probe) for probe in probes])
        return
    screen = render.screen()
    table = render.table("probe", "kind", "question", fold=("question",))
    for each in probes:
        table.add_row(Text(each.name), _kind(each), Text(each.title))
    screen.print(table)
    if names:
        for each in probes:
            for label, value in (("why", each.why), ("expected", each.expected), ("otherwise", each.otherwise)):
                screen.print(Text(f"{label:>9}  {value}"), soft_wrap=True)
            screen.print(Text(f"{'calls':>9}  {', '.join(each.calls)}"), soft_wrap=True)
    else:
        screen.print("--run asks the dry ones, --live the others; a name alone says more of it")


def _described(probe: Probe) -> dict[str, Any]:
    names = ("name", "title", "why", "calls", "expected", "otherwise", "live", "needs")
    return {name: getattr(probe, name) for name in names}


def _kind(probe: Probe) -> str:
    needs = [f"--{need}" for need in probe.needs]
    return ", ".join(["live" if probe.live else "dry", *needs])


def _print(outcomes: list[Outcome], endpoint: str) -> None:
    screen = render.screen()
    if not is_aws(endpoint):
        screen.print(Text(f"{endpoint} is an emulator: what follows says nothing about AWS", style="yellow"))
    for outcome in outcomes:
        verdict = outcome.result.verdict
        screen.print(Text.assemble((f"{verdict:>14}", COLOURS[verdict]), f"  {outcome.probe.name}"), soft_wrap=True)
        lines = [f"expected: {outcome.probe.expected}"] if verdict is not Verdict.HELD else []
        lines += outcome.result.evidence
        lines += [f"to do: {outcome.probe.otherwise}"] if verdict is Verdict.DIFFERS else []
        lines += [f"left behind: {left}" for left in outcome.left]
        for line in lines:
            screen.print(Text(f"{'':>16}{line}"), soft_wrap=True)
    counts = {verdict: sum(outcome.result.verdict is verdict for outcome in outcomes) for verdict in Verdict}
    screen.print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
