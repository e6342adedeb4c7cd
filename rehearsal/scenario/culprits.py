"""What was denied, lost or failed although no attempt provoked it: each a failed expectation that names the culprit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rehearsal.scenario.alarming import unprovoked
from rehearsal.scenario.performance import Run
from rehearsal.scenario.report import unexpected_denial
from rehearsal.scenario.rights import unused


def nothing_unexpected(run: Run) -> None:
    """No call was denied but those that had to be, no event was lost, no right is idle, no alarm cried wolf."""
    requests, events = run.control.log(), run.control.events()
    if not name_the_culprits(run):
        run.score.expect("no permission is missing", True, f"{len(requests)} calls looked at")
        run.score.expect("no event is lost and no invocation fails", True, f"{len(events)} rows looked at")
    for claim, problems in (
        ("functions and readers use every right that they have", unused(requests, run.organisation)),
        ("an alarm fires when it has to, and only then", unprovoked(events, run.organisation)),
    ):
        for told in problems:
            run.score.expect(claim, False, told, cause=True)
        if not problems:
            run.score.expect(claim, True)


def name_the_culprits(run: Run) -> bool:
    """Fail an expectation for whatever was denied, lost or failed beyond what the attempts provoked. True if any."""
    denials = unexpected_denials(run, run.control.log())
    denied = sorted({unexpected_denial(row) for row in denials})
    lost = sorted({str(trouble(row)) for row in run.control.events() if trouble(row)})
    for told in denied:
        run.score.expect("no permission is missing", False, told, cause=True)
    for told in lost:
        run.score.expect("no event is lost and no invocation fails", False, told, cause=True)
    return bool(denied or lost)


def unexpected_denials(run: Run, requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The denied calls, and the calls of AWS on a caller's behalf, that no attempt provoked."""
    return [row for row in requests if row["decision"] == "denied" and row["request_id"] not in run.expected_denials]


def trouble(row: dict[str, Any]) -> str | None:
    """What went wrong by a row of the event log; None for what is as it should be."""
    match row["kind"]:
        case "lost" | "lost-logs" | "dead-letter" | "delete-failed":
            return f"{row['kind']}: {row.get('rule') or row.get('queue') or row.get('function')}: {row.get('reason')}"
        case "delivery" if row["outcome"] == "dead-letter":  # a failed attempt is tried again, or ends here
            return f"{row['rule']} could not deliver to {row['target']}: {row['error_code']}: {row['denied_by']}"
        case "invocation" if row["error"]:
            return f"{row['function']} failed: {row['error']}: {row.get('payload', '')}"
        case "mapping-problem":
            return f"{row.get('mapping')}: {row.get('reason')}"
        case _:
            return None
