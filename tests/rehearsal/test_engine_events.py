"""The engine's event log says what a refresh found only when it is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rehearsal.engine_events import read_outcome

URN = "urn:pulumi:dev::probe::aws:iam/role:Role::role"


def pre(op: str) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"op": op, "urn": URN, "type": "aws:iam/role:Role"}}}


def done(op: str, old: dict[str, Any], new: dict[str, Any] | None) -> dict[str, Any]:
    metadata = {"op": op, "urn": URN, "type": "aws:iam/role:Role", "old": {"outputs": old}}
    return {"resOutputsEvent": {"metadata": metadata | ({"new": {"outputs": new}} if new is not None else {})}}


def steps(folder: Path, *events: dict[str, Any]) -> list[str]:
    log = folder / "events.jsonl"
    log.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return [str(step) for step in read_outcome(log, "", 0.0).steps]


def test_drift_is_a_step_that_names_the_property(tmp_path: Path) -> None:
    """Guards: a refresh that reports nothing although a role's tags were changed by hand."""
    found = steps(tmp_path, pre("refresh"), done("update", {"tags": {"a": "1"}}, {"tags": {}}))
    assert found == ["update aws:iam/role:Role role [tags]"]


def test_a_vanished_resource_is_a_step(tmp_path: Path) -> None:
    """Guards: a deleted table that a refresh passes over."""
    assert steps(tmp_path, pre("refresh"), done("delete", {"tags": {}}, None)) == ["delete aws:iam/role:Role role"]


def test_what_a_refresh_found_unchanged_is_no_step(tmp_path: Path) -> None:
    """Guards: every refreshed resource reported as drift."""
    assert steps(tmp_path, pre("refresh"), done("same", {"tags": {}}, {"tags": {}})) == []


def test_the_update_after_a_refresh_is_counted_once(tmp_path: Path) -> None:
    """Guards: `up --refresh` that reports the mending update as drift a second time."""
    found = steps(
        tmp_path,
        pre("refresh"),
        done("update", {"tags": {"a": "1"}}, {"tags": {}}),
        pre("update"),
        done("update", {"tags": {}}, {"tags": {"a": "1"}}),
    )
    assert found == ["update aws:iam/role:Role role [tags]", "update aws:iam/role:Role role"]


def test_what_a_policy_pack_says_is_kept_with_its_level(tmp_path: Path) -> None:
    """Guards: an advisory taken for a refusal, or an objection that names no resource."""
    log = tmp_path / "events.jsonl"
    told = {"policyName": "tags", "enforcementLevel": "warning", "resourceUrn": URN, "message": " no tags \n"}
    refused = told | {"enforcementLevel": "mandatory"}
    log.write_text("".join(json.dumps({"policyEvent": event}) + "\n" for event in (told, refused)), encoding="utf-8")
    advice, refusal = read_outcome(log, "", 0.0).objections
    assert str(advice) == "tags (advisory): no tags"
    assert (refusal.level, refusal.name) == ("mandatory", "role")
