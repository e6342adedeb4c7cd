"""Options that several commands share, and what they mean: where rows come from, which stages there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from blueprint.names import Names
from console.tables import ExportedTables, LiveTables, Source
from governance.stages import DEFAULT_STAGES, Stages

Prefix = Annotated[str, typer.Option(help="The installation's prefix.", envvar="GOVERNANCE_PREFIX")]
Export = Annotated[
    Path | None, typer.Option(help="Read an exported folder (tables/*.jsonl, JSON Lines) instead of the live tables.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
StageList = Annotated[
    str | None,
    typer.Option(
        "--stages",
        help='As JSON, where they aren\'t dev, test, prod: [{"stage": "dev", "lifecycle": "Development"}, …].',
        envvar="GOVERNANCE_STAGES",
    ),
]


def client(service: str) -> Any:
    import boto3

    return boto3.client(service)


def source_of(prefix: str, export: Path | None) -> Source:
    if export is not None:
        return ExportedTables(export)
    dynamodb = client("dynamodb")
    return LiveTables(dynamodb, Names(prefix, dynamodb.meta.region_name))


def stages_of(text: str | None) -> Stages:
    return Stages.parse(text, "--stages") if text else DEFAULT_STAGES
