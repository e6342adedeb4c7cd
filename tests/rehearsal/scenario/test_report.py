"""What a newcomer reads at the end of a run."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from rehearsal.scenario.attempts import Refusal
from rehearsal.scenario.expectations import PhaseFailed, Score
from rehearsal.scenario.report import counted, figures, summary, unexpected_denial

REFUSALS = [
    Refusal(
        "the data scientist",
        "overwrite an artifact",
        {
            "identity": "identity policy mlgov-dev-execution/never statement NeverOverwriteArtifacts",
            "resource": "no statement of the resource policy",
        },
        {"identity": "denied", "resource": "silent"},
    ),
    Refusal("the data scientist", "make it anew", {"service": "PreconditionFailed"}, {"service": "PreconditionFailed"}),
    Refusal("the outsider", "become an approver", {"trust": "no statement of the trust"}, {"trust": "silent"}),
]


def told(score: Score, **changes: Any) -> str:
    """The summary as a terminal of 100 columns shows it."""
    given: dict[str, Any] = {
        "accounts": 5, "resources": {"hub": 98}, "requests": [], "events": 3, "facts": 1, "unexpected": 0,
        "seconds_total": 31.24,
    }  # fmt: skip
    console = Console(width=100, color_system=None, force_terminal=False)
    with console.capture() as capture:
        summary(console, figures(score, **(given | changes)), score, REFUSALS)
    return capture.get()


def test_each_forbidden_attempt_is_one_line_with_both_sides() -> None:
    """Guards: a table of 90 wrapped lines that nobody reads."""
    score = Score()
    with score.phase("attempts"):
        score.expect("all is well", True)
    lines = [" ".join(line.split()) for line in told(score).splitlines()]
    start = lines.index("the data scientist")
    assert lines[start + 1 : start + 5] == [
        "overwrite an artifact Deny NeverOverwriteArtifacts no Allow",
        "make it anew - PreconditionFailed",
        "the outsider",
        "become an approver - trusts others only",
    ]
    assert lines[-1] == "1 expectation held, none failed, 31 s"
    assert "facts 1 row in the ledger" in lines


def test_after_a_failure_the_cause_is_told_before_its_consequences() -> None:
    """Guards: the missing permission, below a page of what came of it."""
    score = Score()
    try:
        with score.phase("approve"):
            score.equal("the state says approved", None, "Approved")
            score.expect("no permission is missing", False, "mlgov-hub-capture lacks sqs:ReceiveMessage", cause=True)
    except PhaseFailed:
        pass
    text = told(score)
    assert text.index("mlgov-hub-capture lacks sqs:ReceiveMessage") < text.index("the state says approved")
    assert "NeverOverwriteArtifacts" not in text, "what went well is in the way"
    assert text.rstrip().endswith("2 expectations FAILED, 31 s")


def test_one_thing_has_no_plural() -> None:
    """Guards: "1 rows"."""
    assert (counted(1, "row"), counted(2, "row"), counted(0, "row")) == ("1 row", "2 rows", "0 rows")


def test_a_missing_permission_is_named_with_each_layer_s_word() -> None:
    """Guards: a denial from which one can't tell on which side of the call to look."""
    row = {
        "principal": "arn:aws:sts::333333333333:assumed-role/mlgov-test-serving/SageMaker",
        "denied_action": "s3:GetObject",
        "denied_resource": "arn:aws:s3:::b/k", "why": "no statement of the resource policy allows it",
        "layers": [
            ("identity", "allowed", "x"), ("scp", "allowed", "y"), ("rcp", "absent", ""), ("resource", "silent", ""),
        ],
    }  # fmt: skip
    first, second = unexpected_denial(row).splitlines()
    assert first.startswith(
        "arn:aws:sts::333333333333:assumed-role/mlgov-test-serving/SageMaker lacks s3:GetObject on "
    )
    assert second == "each layer alone: resource silent (no statement); identity, scp allowed"
