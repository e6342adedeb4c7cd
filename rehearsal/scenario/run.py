"""`make rehearse`: start the organisation, play the flow, take everything down, write and print what happened."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from blueprint.organisation import Organisation
from rehearsal.engine import ROOT, Engine, EngineError
from rehearsal.scenario import (
    answering,
    emulated,
    flow,
    guarding,
    losing,
    permitted,
    proving,
    remedies,
    reviewing,
    studio,
    teardown,
    validating,
    watching,
)
from rehearsal.scenario.cast import Cast
from rehearsal.scenario.configuration import organisation_of
from rehearsal.scenario.console import ConsoleFailed
from rehearsal.scenario.culprits import name_the_culprits, nothing_unexpected, unexpected_denials
from rehearsal.scenario.emulated import FOLDER, Emulated
from rehearsal.scenario.expectations import PhaseFailed, Score
from rehearsal.scenario.performance import Run
from rehearsal.scenario.report import counted, facts, figures, summary, unexpected_denial
from rehearsal.scenario.signing_in import exports, people
from rehearsal.scenario.workspace import copy_program

ENGINE_LOG = "engine-failure.log"

LOG_COLUMNS = 120
"""How wide tables may be where nobody says (a CI log)."""

Step = Callable[[Run], None]

PHASES: Sequence[tuple[str, Step]] = (
    ("stacks up", flow.bring_up),
    ("preview without change", reviewing.preview_again),
    ("validate", validating.validate),
    ("Studio", studio.work_in_studio),
    ("train", flow.train),
    ("publish and register", flow.register),
    ("forbidden attempts", flow.forbid),
    ("approve", flow.approve),
    ("serve", flow.serve),
    ("inference API", answering.answer),
    ("promote", flow.promote),
    ("guard", guarding.guard_the_approvals),
    ("outside account", flow.keep_outsiders_out),
    ("shadow endpoint", watching.find_shadows),
    ("doubled and reordered events", flow.disturb),
    ("lost revocation", losing.lose_a_revocation),
    ("dead letter", losing.leave_what_nobody_can_read),
    ("metrics", watching.measure),
    ("as of then and now", proving.ask_about_the_past),
    ("verify", flow.verify),
    ("anchors", proving.anchor),
    ("runbook", remedies.follow_the_runbook),
    ("nothing unexpected", nothing_unexpected),
)


def rehearse(*, keep: bool, seed: int) -> int:
    """Play it all. Returns the exit status: 0 if every expectation held, else 1."""
    console = Console(width=None if sys.stdout.isatty() else LOG_COLUMNS, highlight=False)
    started = time.monotonic()
    if emulated.stop():
        console.print("The organisation that was left up is ended.")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    organisation = organisation_of(ROOT)
    score = Score()
    organisation_process = emulated.start(FOLDER, seed, outlive=keep)
    try:
        run = _prepare(organisation, organisation_process, score, console)
        held = all(_phase(run, name, step, console) for name, step in PHASES)  # stops at the first that fails
        if run.outputs:
            exported = _phase(run, "export", teardown.export, console)
            held = held and exported and _phase(run, "who can do what", permitted.prove_access, console)
        if held and not keep:
            _phase(run, "destroy", teardown.take_down, console)
        return _finish(run, console, time.monotonic() - started)
    except BaseException:
        keep = False  # interrupted, or broken in an unforeseen way: there is nothing whole to look at
        raise
    finally:
        if keep:
            _tell_how_to_reach(organisation_process, organisation, console)
        else:
            emulated.stop()


def _prepare(organisation: Organisation, process: Emulated, score: Score, console: Console) -> Run:
    cast = Cast(process.control, organisation, process.admin_keys)
    engine = Engine(
        copy_program(ROOT, FOLDER / "program"),
        None,
        FOLDER / "state",
        cast.platform.environment(),
        checkpoints=False,
    )
    return Run(
        score=score,
        organisation=organisation,
        control=process.control,
        engine=engine,
        cast=cast,
        folder=FOLDER,
        say=lambda text: console.print(f"   {text}", style="dim", soft_wrap=True),
    )


def _phase(run: Run, name: str, step: Step, console: Console) -> bool:
    """Play one phase and tell of it. False if an expectation in it failed: what comes after would build on it."""
    console.print(f"[bold]{name}[/bold]")
    try:
        with run.score.phase(name) as phase:
            try:
                step(run)
            except EngineError as error:
                (run.folder / ENGINE_LOG).write_text(f"{error}\n\n{error.output}\n", encoding="utf-8")
                where = os.path.relpath(run.folder / ENGINE_LOG)
                run.score.expect(f"{name} goes through", False, f"{error.brief}\n(the engine's whole output: {where})")
            except ConsoleFailed as error:
                run.score.expect(f"{name} goes through", False, str(error))
            except Exception as error:  # noqa: BLE001  # whatever breaks a phase is a failed expectation, by name
                run.score.expect(f"{name} goes through", False, f"{type(error).__name__}: {error}")
            if phase.failed and step is not nothing_unexpected:
                name_the_culprits(run)
    except PhaseFailed:
        return False
    console.print(f"   {counted(len(phase.expectations), 'expectation')} held, {phase.seconds:.1f} s", style="dim")
    return True


def _finish(run: Run, console: Console, seconds: float) -> int:
    requests, events = run.control.log(), run.control.events()
    _write_lines(FOLDER / "requests.jsonl", requests)
    _write_lines(FOLDER / "events.jsonl", events)
    unexpected = unexpected_denials(run, requests)
    result = figures(
        run.score,
        accounts=len({row["account"] for row in requests if row.get("account")}),
        resources=run.resources,
        requests=requests,
        events=sum(row["kind"] == "event" for row in events),
        facts=len(run.ledger),
        unexpected=len(unexpected),
        seconds_total=seconds,
    )
    content: dict[str, Any] = {
        **asdict(result),
        "refusals": [asdict(each) for each in run.refusals],
        "failures": [asdict(each) for each in run.score.failures],
        "expectations": [asdict(each) for phase in run.score.phases for each in phase.expectations],
        "unexpected_denials": [unexpected_denial(row) for row in unexpected],
    }
    (FOLDER / "summary.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    console.print()
    if not run.score.failures:
        facts(console, run.ledger)
    summary(console, result, run.score, run.refusals)
    console.print(
        f"Written to {os.path.relpath(FOLDER)}/: summary.json, requests.jsonl, events.jsonl, stacks/, tables/"
    )
    return 1 if run.score.failures else 0


def _write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows), encoding="utf-8")


def _tell_how_to_reach(process: Emulated, organisation: Organisation, console: Console) -> None:
    cast = Cast(process.control, organisation, process.admin_keys)
    console.print(
        "\nThe organisation is left up; `make stop` ends it. The hub's administrator, for the AWS CLI or boto3:\n"
    )
    console.print(exports(cast.administrator(organisation.hub)), soft_wrap=True, markup=False)
    console.print(
        '\nAnybody else: eval "$(.venv/bin/python -m rehearsal sign-in WHO)", where WHO is one of'
        f"\n  {', '.join(people(organisation))}",
        soft_wrap=True,
        markup=False,
    )
