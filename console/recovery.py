"""Commands that recover what was lost: redrive, reconcile, backfill."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from blueprint.names import Names
from console import jobs, render
from console.errors import FOUND, OK
from console.options import AsJson, Prefix, client, source_of
from console.redriving import Redriven, redrive_all, redrive_spoke
from console.tables import LEDGER, Row, Source
from governance.canonical import iso

commands = typer.Typer()

Unparseable = Annotated[
    bool, typer.Option("--unparseable", help="Also what could not be read: after an upgrade that reads it.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only say what is there.")]
Stack = Annotated[
    str | None,
    typer.Option("--stack", help="A spoke's queue of what it couldn't forward, instead of the hub's queues."),
]
SpokeProfile = Annotated[
    str | None, typer.Option("--spoke-profile", help="AWS profile with credentials of that spoke (with --stack).")
]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Give up waiting after so many seconds.")]
Settle = Annotated[float, typer.Option("--settle", min=0, help="Done once the queue was empty for so many seconds.")]


@commands.command()
def redrive(
    stack: Stack = None, spoke_profile: SpokeProfile = None, unparseable: Unparseable = False, dry_run: Dry = False,
    prefix: Prefix = "mlgov", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Send dead letters back to their queues; may be repeated. Status 1: some can't be read and are left."""
    sqs = client("sqs")
    names = Names(prefix, sqs.meta.region_name)
    if (stack is None) != (spoke_profile is None):
        raise typer.BadParameter("--stack and --spoke-profile belong together: a spoke's queue is read as the spoke")
    if stack is None:
        account = client("sts").get_caller_identity()["Account"]
        found = redrive_all(sqs, names, account, unparseable=unparseable, dry=dry_run)
    else:
        spoke = _spoke_client(str(spoke_profile))
        found = [redrive_spoke(spoke, sqs, names, stack, unparseable=unparseable, dry=dry_run)]
    if as_json:
        render.as_json({"queues": [queue.document() for queue in found], "dryrun": dry_run})
    else:
        _print_redriven(found, dry=dry_run)
    raise typer.Exit(FOUND if any(queue.left for queue in found) else OK)


@commands.command()
def reconcile(
    wait: Wait = 900, settle: Settle = 60, prefix: Prefix = "mlgov", as_json: AsJson = False
) -> None:  # fmt: skip
    """Compare the ledger with registry and CloudTrail now, and recover what is missing. Status 1: something was."""
    _recover("run", wait, settle, prefix, as_json=as_json)


@commands.command()
def backfill(
    wait: Wait = 3600, settle: Settle = 60, prefix: Prefix = "mlgov", as_json: AsJson = False
) -> None:  # fmt: skip
    """Record what a registry held before the ledger existed. Status 1: some of it was missing, and is recorded now."""
    _recover("backfill", wait, settle, prefix, as_json=as_json)


def _recover(job: str, wait: float, settle: float, prefix: str, *, as_json: bool) -> None:
    sqs = client("sqs")
    names = Names(prefix, sqs.meta.region_name)
    source = source_of(prefix, None)
    before = _recovered(source)
    patience = jobs.Patience(settle_seconds=settle, limit_seconds=wait)
    with Console(stderr=True).status(f"Waiting for {names.function('reconcile')}"):
        jobs.run(sqs, names, "reconcile-jobs", {"job": job}, patience)
    rows = [row for key, row in sorted(_recovered(source).items()) if key not in before]
    if as_json:
        render.as_json({"at": iso(datetime.now(UTC)), "rows": rows})
    else:
        _print_recovered(rows)
    raise typer.Exit(FOUND if rows else OK)


def _recovered(source: Source) -> dict[tuple[str, int], Row]:
    rows = (row for row in source.rows(LEDGER) if row.get("witness") in render.RECOVERED)
    return {(str(row["modelpackagearn"]), int(row["seq"])): row for row in rows}


def _spoke_client(profile: str) -> Any:
    import boto3

    return boto3.Session(profile_name=profile).client("sqs")


def _print_redriven(found: list[Redriven], *, dry: bool) -> None:
    console = render.screen()
    verb = "would go" if dry else "sent"
    for queue in found:
        said = [f"{count} {verb} to {target}" for target, count in sorted(queue.sent.items())]
        said += [f"{count} left: {reason}" for reason, count in sorted(queue.left.items())]
        console.print(Text(f"{queue.queue}: {'; '.join(said) or 'empty'}"), soft_wrap=True)
    if any(queue.left for queue in found):
        console.print("What is left can't be read by this version; --unparseable sends it all the same.")


def _print_recovered(rows: list[Row]) -> None:
    console = render.screen()
    for row in rows:
        what = f"{row['kind']} of {row['happenedat']} ({row['witness']})"
        console.print(Text(f"{str(row['modelpackagearn']).rpartition(':model-package/')[2]} row {row['seq']}: {what}"))
    was = "was" if len(rows) == 1 else "were"
    told = f"{render.counted(len(rows), 'row')} {was} missing and recorded" if rows else "No rows were missing"
    console.print(told)
