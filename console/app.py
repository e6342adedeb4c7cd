"""The commands and their options. What they do stands in their own modules."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console

from console import asking, cleanup, evidence, guardrails, recovery, render, resuming, validating
from console.access import commands as access_commands
from console.decisions import Verdict, arn_of, decide
from console.errors import FOUND, UNUSABLE, CommandError
from console.options import AsJson, Export, Prefix, StageList, client, source_of, stages_of
from console.probe import commands as probe_commands
from console.tables import ExportedTables
from governance.errors import GovernanceError

app = typer.Typer(
    name="governance",
    help="Govern models across accounts: what is approved, by whom, since when, what serves where, and is it proved.",
    epilog="Status: 0 all is well; 1 something was found, or AWS refused what was asked; 2 it couldn't look. "
    "docs/commands.md says what each --json prints.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(evidence.commands)
app.add_typer(asking.commands)
app.add_typer(recovery.commands)
app.add_typer(access_commands.commands, name="access")
app.add_typer(resuming.commands)
app.add_typer(probe_commands.commands)
app.add_typer(guardrails.commands)
app.add_typer(validating.commands)
app.add_typer(cleanup.commands)

ENDED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""Codes of credentials that were good once."""

Package = Annotated[str, typer.Argument(help="ARN of a model package version, or GROUP/VERSION of this account.")]
StageName = Annotated[str, typer.Option("--stage", help="The stage decided on, such as test.")]
Reason = Annotated[str, typer.Option(help="Why; recorded with the decision.")]


@app.command()
def history(package: Package, prefix: Prefix = "mlgov", export: Export = None, as_json: AsJson = False) -> None:
    """Print the facts of one version: who, what, from, to, when, why. Status 1 if none is recorded."""
    source = source_of(prefix, export)
    arn = _arn_in_export(source, package) if isinstance(source, ExportedTables) else _arn(package)
    rows = sorted(source.ledger_of(arn), key=lambda row: row.get("seq") or 0)
    if not rows:
        raise CommandError(f"nothing is recorded of {arn}", FOUND)
    if as_json:
        render.as_json({"modelpackagearn": arn, "rows": rows})
    else:
        render.history(render.screen(), arn, rows)


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
    made = decide(client("sagemaker"), arn, caller, stages_of(stages), stage, verdict, reason)
    if as_json:
        render.as_json(made.document())
    else:
        render.decision(render.screen(), made)


def _caller() -> dict[str, str]:
    answer: dict[str, str] = client("sts").get_caller_identity()
    return answer


def _arn(package: str) -> str:
    sagemaker = client("sagemaker")
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
        _fail(_refusal(problem), FOUND if problem.operation_name == "UpdateModelPackage" else UNUSABLE)
    except NoCredentialsError:
        _fail(
            "no AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID and its siblings, of a role in the hub", UNUSABLE
        )
    except NoRegionError:
        _fail("no region: set AWS_REGION to the installation's, such as eu-west-1", UNUSABLE)
    except (BotoCoreError, OSError, json.JSONDecodeError) as problem:
        _fail(str(problem), UNUSABLE)


def _refusal(problem: Any) -> str:
    """What AWS said of a call, in one line. `problem`: a botocore ClientError."""
    error = problem.response.get("Error", {})
    code = error.get("Code", "no code")
    remedy = ": sign in again" if code in ENDED else ""
    return f"AWS refused {problem.operation_name} ({code}): {error.get('Message') or 'no reason given'}{remedy}"


def _fail(message: str, status: int) -> None:
    Console(stderr=True).print(f"governance: {message}", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(status)
