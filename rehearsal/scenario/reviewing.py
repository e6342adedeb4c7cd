"""What a reviewer sees of stacks that are up: a preview without a change, and every rule of the policy pack kept."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from rehearsal.engine import ROOT, EngineError
from rehearsal.engine_events import Outcome
from rehearsal.scenario.performance import Run, together

POLICY_PACK = ROOT / "policy_pack"
CONFIGURATION = {"stateful-protected": "disabled"}
"""The rehearsed stacks are trials: what is stateful goes with them."""


def preview_again(run: Run) -> None:
    """A second look finds nothing to do: no perpetual diff, packages byte-identical; and nothing to object to."""
    configuration = run.folder / "policy-pack.json"
    configuration.write_text(json.dumps(CONFIGURATION), encoding="utf-8")
    outcomes = together(partial(_previewed, run, configuration), run.stacks)
    for stack, outcome in zip(run.stacks, outcomes, strict=True):
        run.score.expect(
            f"a preview of {stack} right after up shows no change",
            not outcome.steps,
            "; ".join(str(step) for step in outcome.steps) or f"{outcome.resources} unchanged",
        )
        run.score.expect(
            f"{stack} keeps every rule of the policy pack",
            not outcome.objections,
            "; ".join(map(str, outcome.objections)) or "no objection, and no value that isn't known",
        )


def _previewed(run: Run, configuration: Path, stack: str) -> Outcome:
    """The outcome, also where a rule that is broken made the engine fail."""
    try:
        return run.engine.preview(stack, policy_pack=POLICY_PACK, policy_config=configuration)
    except EngineError as error:
        if error.outcome is None or not error.outcome.objections:
            raise
        return error.outcome
