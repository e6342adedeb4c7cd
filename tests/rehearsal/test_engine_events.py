"""The engine's event log, read from lines as the engine writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rehearsal.engine_events import Outcome, read_outcome

URN = "urn:pulumi:hub::governance::aws:kms/key:Key::artifacts"


def outcome(tmp_path: Path, *events: dict[str, Any], tail: str = "") -> Outcome:
    """What is read from a log of these events."""
    log = tmp_path / "events.jsonl"
    log.write_text("".join(json.dumps(event) + "\n" for event in events) + tail, "utf-8")
    return read_outcome(log, "printed", 1.5)


def metadata(op: str, **more: Any) -> dict[str, Any]:
    """The metadata of a step on one key."""
    return {"op": op, "urn": URN, "type": "aws:kms/key:Key", **more}


def test_a_step_names_the_properties_that_differ(tmp_path: Path) -> None:
    """Guards: a change reported without what changed."""
    diff = {"policy": {"kind": "update"}, "description": {"kind": "update"}}
    result = outcome(tmp_path, {"resourcePreEvent": {"metadata": metadata("update", detailedDiff=diff)}})
    assert [str(step) for step in result.steps] == ["update aws:kms/key:Key artifacts [description, policy]"]


def test_what_changes_nothing_is_no_step(tmp_path: Path) -> None:
    """Guards: an unchanged or only read resource that fails a preview without changes."""
    quiet = [{"resourcePreEvent": {"metadata": metadata(op)}} for op in ("same", "read", "refresh")]
    assert outcome(tmp_path, *quiet).steps == ()


def test_a_refresh_tells_drift_and_loss(tmp_path: Path) -> None:
    """Guards: drift that a refresh finds and nobody sees."""
    old = {"outputs": {"enabled": True, "arn": "a"}}
    drifted = metadata("refresh", old=old, new={"outputs": {"enabled": False, "arn": "a"}})
    lost = metadata("refresh", old=old, new=None)
    same = metadata("refresh", old=old, new=old)
    result = outcome(tmp_path, *({"resOutputsEvent": {"metadata": item}} for item in (drifted, lost, same)))
    assert [(step.op, step.properties) for step in result.steps] == [("update", ("enabled",)), ("delete", ())]


def test_warnings_and_errors_are_kept(tmp_path: Path) -> None:
    """Guards: a warning of the engine that scrolls away."""
    said = [
        {"diagnosticEvent": {"severity": severity, "message": f"{severity} text\n"}}
        for severity in ("debug", "info", "warning", "error")
    ]
    assert outcome(tmp_path, *said).messages == ("warning: warning text", "error: error text")


def test_the_log_of_an_interrupted_run_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    """Guards: a parse error of a half-written line that hides why the run failed."""
    summary = {"summaryEvent": {"resourceChanges": {"create": 1}, "durationSeconds": 3}}
    result = outcome(tmp_path, summary, tail='{"resourcePreEvent": {"meta')
    assert (result.counts, result.seconds, result.output) == ({"create": 1}, 1.5, "printed")
