"""The commands about evidence: check it, prove one package's part of it, take it out of the account."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from blueprint.names import Names
from console import render
from console.anchors import Anchors, ExportedAnchors, LiveAnchors, NoBucket
from console.errors import FOUND, OK, CommandError
from console.exporting import write_export
from console.options import AsJson, Export, Prefix, StageList, client, source_of, stages_of
from console.signatures import KeyRing
from console.verify import Freshness, verify
from governance.anchor import proof, read

commands = typer.Typer()

PublicKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--public-key",
        help="File of a public key (PEM or DER) that counts; may be repeated. Else the published one does.",
    ),
]
MaxAge = Annotated[
    float | None,
    typer.Option(
        "--max-age",
        min=0,
        help="Hours that the newest anchor may be older than now; in an export: than the newest row.",
    ),
]


@commands.command("verify")
def verify_command(
    prefix: Prefix = "mlgov",
    export: Export = None,
    public_key: PublicKeys = None,
    max_age: MaxAge = None,
    without_anchors: Annotated[bool, typer.Option("--without-anchors", help="Check the tables alone.")] = False,
    stages: StageList = None,
    as_json: AsJson = False,
) -> None:
    """Check every chain, its head, dedup items, state row, and the anchors. Status 1: something is broken; 2: it can't
    look.
    """
    source = source_of(prefix, export)
    anchors = None if without_anchors else _anchors_of(prefix, export)
    freshness = Freshness(timedelta(hours=max_age)) if max_age is not None else None
    if freshness and export:
        freshness = Freshness(freshness.most, now=None)
    if anchors is None and (freshness or public_key):
        raise CommandError("there are no anchors to check: --max-age and --public-key need them", FOUND)
    keys = KeyRing.of(public_key or [], anchors.public_key) if anchors else None
    try:
        found = verify(source, stages_of(stages), anchors, keys, freshness)
    except NoBucket as problem:
        raise CommandError(f"{problem} --without-anchors checks the tables alone") from None
    if as_json:
        render.as_json(found.document())
    else:
        render.verification(render.screen(), found)
    raise typer.Exit(OK if found.sound else FOUND)


@commands.command()
def prove(
    package: Annotated[str, typer.Argument(help="ARN of a model package version, or its end, such as GROUP/VERSION.")],
    prefix: Prefix = "mlgov",
    export: Export = None,
    number: Annotated[int | None, typer.Option(help="The anchor; else the newest that holds the package.")] = None,
    public_key: PublicKeys = None,
) -> None:
    """Print a proof (JSON) of where one version's chain ended when an anchor was made; it names no other version."""
    anchors = _anchors_of(prefix, export)
    if anchors is None:
        raise CommandError(f"{export} holds no folder anchors", FOUND)
    keys = KeyRing.of(public_key or [], anchors.public_key)
    for at in reversed(anchors.numbers()):
        if number not in (None, at):
            continue
        anchor = read(anchors.file(at))
        arns = [arn for arn in anchor.heads if arn == package or arn.endswith(f":model-package/{package}")]
        if not arns:
            continue
        if problem := keys.check(anchor):
            raise CommandError(f"anchor {at} {problem}", FOUND)
        render.as_json(proof(anchor, arns[0]))
        return
    where = "no anchor" if number is None else f"no anchor {number}"
    raise CommandError(f"{where} holds {package}", FOUND)


@commands.command("export")
def export_command(
    folder: Annotated[Path, typer.Argument(help="A folder that doesn't exist yet, or is empty.")],
    prefix: Prefix = "mlgov",
    stages: StageList = None,
) -> None:
    """Write tables, anchors and public keys to a folder, for `verify --export` and for whoever checks without us."""
    anchors = _live_anchors(prefix)
    held = write_export(source_of(prefix, None), anchors, folder, prefix, stages_of(stages))
    told = ", ".join(f"{count} {what}" for what, count in held.items())
    render.screen().print(Text(f"Written to {folder}: {told}"), soft_wrap=True)


def _anchors_of(prefix: str, export: Path | None) -> Anchors | None:
    """None for an export without anchors."""
    if export is None:
        return _live_anchors(prefix)
    return ExportedAnchors(export, prefix) if ExportedAnchors.are_in(export) else None


def _live_anchors(prefix: str) -> LiveAnchors:
    s3 = client("s3")
    account = client("sts").get_caller_identity()["Account"]
    return LiveAnchors(s3, Names(prefix, s3.meta.region_name).bucket(account, "anchors"), prefix)
