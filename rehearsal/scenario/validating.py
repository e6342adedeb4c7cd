"""What an operator does after an `up`: look at all that each stack made, by the account's own calls."""

from __future__ import annotations

import json
from functools import partial

from blueprint.names import HUB
from rehearsal.scenario.performance import Run, together

PROJECT = "program"
"""The project's folder, beside what is written of the run."""


def validate(run: Run) -> None:
    """`governance validate` finds nothing wrong in any account, as its administrator."""
    for stack, (status, printed) in zip(run.stacks, together(partial(_validated, run), run.stacks), strict=True):
        checks = json.loads(printed)["checks"] if status in (0, 1) else []
        wrong = {check["thing"]: check["problems"] for check in checks if check["problems"]}
        run.score.expect(
            f"all that {stack} made is there and set as the program sets it",
            status == 0 and len(checks) > 1,
            f"status {status}, {wrong or printed[-300:]}" if status else f"{len(checks)} things",
        )


def _validated(run: Run, stack: str) -> tuple[int, str]:
    organisation = run.organisation
    account = organisation.hub if stack == HUB else organisation.spoke(stack).account
    administrator = run.cast.administrator(account)
    return run.console.try_run("validate", stack, "--project", PROJECT, "--json", actor=administrator)
