"""The commands and their options. What they do stands in their own modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from blueprint.names import Names
from console import render
from console.decisions import Verdict, arn_of, decide
from console.errors import FOUND, OK, UNUSABLE, CommandError
from console.tables import ExportedTables, LiveTables, Source
from console.verify import verify
from governance.errors import GovernanceError
from governance.stages import DEFAULT_STAGES, Stages

app = typer.Typer(
    name="governance",
    help="Govern models across accounts: verify the ledger, read histories, decide on stages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

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
Package = Annotated[str, typer.Argument(help="ARN of a model package version, or GROUP/VERSION of this account.")]
StageName = Annotated[str, typer.Option("--stage", help="The stage decided on, such as test.")]
Reason = Annotated[str, typer.Option(help="Why; recorded with the decision.")]


@app.command("verify")
def verify_command(
    prefix: Prefix = "mlgov", export: Export = None, stages: StageList = None, as_json: AsJson = False
) -> None:
    """Check every chain, its head, dedup items and state row. Status 1: a row is broken; 2: it can't look."""
    found = verify(_source(prefix, export), _stages(stages))
    if as_json:
        render.as_json({"packages": [report.document() for report in found]})
    else:
        render.reports(Console(), found)
    raise typer.Exit(FOUND if any(report.findings for report in found) else OK)


@app.command()
def history(package: Package, prefix: Prefix = "mlgov", export: Export = None, as_json: AsJson = False) -> None:
    """Print the facts of one version: who, what, from, to, when, why. Status 1 if none is recorded."""
    source = _source(prefix, export)
    arn = _arn_in_export(source, package) if isinstance(source, ExportedTables) else _arn(package)
    rows = sorted(source.ledger_of(arn), key=lambda row: row.get("seq") or 0)
    if not rows:
        raise CommandError(f"nothing is recorded of {arn}", FOUND)
    if as_json:
        render.as_json({"modelpackagearn": arn, "rows": rows})
    else:
        render.history(Console(), arn, rows)


@app.command()
def approve(
    package: Package, stage: StageName, reason: Reason, stages: StageList = None, as_json: AsJson = False
) -> None:
    """Approve a version for a stage, with the credentials of the stage's approver role."""
    _decide(package, stage, "Approved", reason, stages, as_json=as_json)


@app.command()
def reject(
    package: Package, stage: StageName, reason: Reason, stages: StageList = None, as_json: AsJson = False
) -> None:
    """Reject a version: it may be deployed nowhere any more."""
    _decide(package, stage, "Rejected", reason, stages, as_json=as_json)


def _decide(package: str, stage: str, verdict: Verdict, reason: str, stages: str | None, *, as_json: bool) -> None:
    arn, caller = _arn(package), _caller()["Arn"]
    made = decide(_client("sagemaker"), arn, caller, _stages(stages), stage, verdict, reason)
    if as_json:
        render.as_json(made.document())
    else:
        render.decision(Console(), made)


def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)


def _caller() -> dict[str, str]:
    answer: dict[str, str] = _client("sts").get_caller_identity()
    return answer


def _arn(package: str) -> str:
    sagemaker = _client("sagemaker")
    account = "" if package.startswith("arn:") else _caller()["Account"]
    return arn_of(package, account, sagemaker.meta.region_name)


def _arn_in_export(source: ExportedTables, package: str) -> str:
    """The one ARN in an export that is, or ends in, what was asked for."""
    known = {str(row.get("modelpackagearn")) for row in source.rows("modelgovernanceledger")}
    found = sorted(arn for arn in known if arn == package or arn.endswith(f":model-package/{package}"))
    if len(found) != 1:
        named = "no package" if not found else f"{len(found)} packages"
        raise CommandError(f"{package} names {named} of the export; known: {', '.join(sorted(known))}", FOUND)
    return found[0]


def _source(prefix: str, export: Path | None) -> Source:
    if export is not None:
        return ExportedTables(export)
    client = _client("dynamodb")
    return LiveTables(client, Names(prefix, client.meta.region_name))


def _stages(text: str | None) -> Stages:
    return Stages.parse(text, "--stages") if text else DEFAULT_STAGES


def main() -> None:
    """Run the command line; every foreseen failure is one line on standard error and a status, never a traceback."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    try:
        app(prog_name="governance")
    except CommandError as problem:
        _fail(str(problem), problem.status)
    except GovernanceError as problem:
        _fail(str(problem), UNUSABLE)
    except ClientError as problem:
        _fail(str(problem), FOUND if problem.operation_name == "UpdateModelPackage" else UNUSABLE)
    except NoCredentialsError:
        _fail(
            "no AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID and its siblings, of a role in the hub", UNUSABLE
        )
    except NoRegionError:
        _fail("no region: set AWS_REGION to the installation's, such as eu-west-1", UNUSABLE)
    except (BotoCoreError, OSError, json.JSONDecodeError) as problem:
        _fail(str(problem), UNUSABLE)


def _fail(message: str, status: int) -> None:
    Console(stderr=True).print(f"governance: {message}", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(status)
