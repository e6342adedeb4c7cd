"""The approval function as Lambda calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.approval import handler as module
from lambdas.approval.handler import Warm, handler
from lambdas.common.log import Log
from tests.governance.samples import ARTIFACT_URL, arn_of
from tests.lambdas.approval.test_core import ADMITTED_TO_TEST, KEY, Hub


@pytest.fixture
def hub() -> Hub:
    made = Hub()
    made.decide("Staging", "Approved")
    return made


@pytest.fixture
def dead(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    letters: list[tuple[str, str, str]] = []
    warm = Warm(hub.approval, lambda *letter: letters.append(letter), Log(installation="mlgov"))
    monkeypatch.setattr(module, "_warm", lambda: warm)
    return letters


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


MESSAGE = json.dumps({"modelpackagearn": arn_of(), "contentid": "c"})


def test_a_decision_is_carried_out_and_a_stray_message_is_kept_aside(
    hub: Hub, dead: list[tuple[str, str, str]]
) -> None:
    """Guards: a message that isn't capture's stops the tagging of an approved artifact."""
    assert handler(batch("stray", MESSAGE), None) == {"batchItemFailures": []}
    assert hub.artifacts.tagged == {(KEY, "v1"): ADMITTED_TO_TEST}
    assert dead == [("stray", "not-an-approval-message", "m0")]


def test_an_unsafe_artifact_goes_to_the_dead_letter_queue(hub: Hub, dead: list[tuple[str, str, str]]) -> None:
    """Guards: an artifact that can't be admitted is retried until nobody knows why."""
    hub.artifacts.objects.clear()
    assert handler(batch(MESSAGE), None) == {"batchItemFailures": []}
    assert [reason for _, reason, _ in dead] == ["unsafe-artifact"]


def test_a_version_that_is_not_recorded_yet_comes_again(hub: Hub, dead: list[tuple[str, str, str]]) -> None:
    """Guards: a message that overtakes its state row is lost."""
    unknown = json.dumps({"modelpackagearn": arn_of(9), "contentid": "c"})
    assert handler(batch(unknown, MESSAGE), None) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert dead == []


@pytest.mark.usefixtures("dead")
def test_log_lines_name_version_and_key_but_no_bucket_content(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a log that can't be searched by version, or that repeats whole tag sets and URLs."""
    capsys.readouterr()
    handler(batch(MESSAGE), None)
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [tagged] = [entry for entry in entries if entry["message"] == "tags set"]
    assert (tagged["modelpackagearn"], tagged["key"], tagged["versionid"], tagged["held"]) == (
        arn_of(),
        KEY,
        "v1",
        True,
    )
    assert all(ARTIFACT_URL not in json.dumps(entry) for entry in entries)
