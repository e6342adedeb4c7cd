"""Who can do what, computed from the stacks as they were deployed, against the declared intent."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.scenario.configuration import contributor
from rehearsal.scenario.performance import Run

DOCUMENT = "access.json"
"""In the rehearsal's folder: every cell, every claim, every difference."""


def prove_access(run: Run) -> None:
    """`governance access` over the exports is clean, and explains why the author can't approve."""
    where = ["--exports", "stacks", "--project", "program"]
    status, printed = run.console.try_run("access", *where, "--json", actor=None)
    (run.folder / DOCUMENT).write_text(printed, encoding="utf-8")
    if not run.score.expect("the policies as deployed can be read and judged", status in (0, 1), printed[-2000:]):
        return
    found: dict[str, Any] = json.loads(printed)
    differences = [f"{one['principal']} {one['request']}: {one['found']}" for one in found["differences"]]
    run.score.expect("who can do what is as intended, in every cell", not differences, "\n".join(differences[:20]))
    unproved = [one["id"] for one in found["claims"] if one["kind"] == "policy" and not one["proved"]]
    run.score.expect("every claim that policies can keep is proved", not unproved, ", ".join(unproved))
    others = [one["id"] for one in found["claims"] if one["kind"] != "policy" and one["proved"]]
    run.score.expect("nothing is called proved that policies can't express", not others, ", ".join(others))
    run.say(f"{found['cells']:,} cells, each by identity, by resource and by both; {len(found['claims'])} claims.")
    author = f"{contributor(run.organisation).stack}/execution"
    told = run.console.run("access", "explain", author, "approve", "version", *where, actor=None)
    run.score.expect(
        "the author's approval is refused by a named statement", "NeverDecide" in told and "as intended" in told, told
    )
