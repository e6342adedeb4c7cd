"""The anchor function as Lambda calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from governance.errors import SettingError
from lambdas.anchor import handler as module
from lambdas.anchor.core import Anchoring
from lambdas.anchor.handler import Settings, Warm, handler
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from tests.lambdas.anchor.world import INSTALLATION, JOB, Installation, scheduled, story

Letters = list[tuple[str, str, str]]


def warm_of(made: Installation, letters: Letters) -> Warm:
    log = Log(installation=INSTALLATION)
    anchoring = Anchoring(
        chains=(made.ledger, made.history),
        vault=made.vault,
        signer=made.signer,
        measures=Measures(made.cloudwatch, INSTALLATION, log),
        installation=INSTALLATION,
        now=made.vault.now,
    )
    return Warm(anchoring, lambda *letter: letters.append(letter), log)


@pytest.fixture
def made() -> Installation:
    return story(until=1)


@pytest.fixture
def dead(made: Installation, monkeypatch: pytest.MonkeyPatch) -> Letters:
    letters: Letters = []
    warm = warm_of(made, letters)
    monkeypatch.setattr(module, "_warm", lambda: warm)
    return letters


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def test_a_schedule_and_a_job_make_anchors_and_a_stray_message_is_kept_aside(made: Installation, dead: Letters) -> None:
    """Guards: a message that is no run stops the schedule; a completed run without a heartbeat raises an alarm."""
    assert handler(batch("stray", scheduled(3000), JOB), None) == {"batchItemFailures": []}
    assert made.count == 3
    assert dead == [("stray", "not-an-anchor-job", "m0")]
    assert made.cloudwatch.names == ["Heartbeat"] * 3


def test_a_refusal_comes_again_and_says_why(
    made: Installation, dead: Letters, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a refusal that is swallowed, or that nobody can act on."""
    made.vault.objects.clear()
    made.vault.lay_over("anchors/mlgov/0000000002.json", b"x")
    capsys.readouterr()
    assert handler(batch(JOB), None) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["message"] for entry in entries] == ["incident", "failed, comes again"]
    assert "anchor 1 is missing" in entries[1]["detail"]
    assert (dead, made.cloudwatch.names[-1]) == ([], "Incidents")


@pytest.mark.usefixtures("dead")
def test_a_throttled_call_comes_again_without_an_alarm(made: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a busy moment of AWS is logged as an error of ours."""

    def throttled(point: str) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "m"}}, "Sign")

    made.signer.fault = throttled
    capsys.readouterr()
    assert handler(batch(JOB), None) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    [entry] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (entry["level"], entry["problem"]) == ("WARNING", "Sign: ThrottlingException")
    assert made.cloudwatch.names == ["Heartbeat"], "of the run before"


def test_all_missing_settings_are_named_at_once() -> None:
    """Guards: a deployment that is mended one variable at a time."""
    with pytest.raises(SettingError) as told:
        Settings.read({"PREFIX": "mlgov"})
    for name in ("LEDGER_TABLE", "STATE_TABLE", "HISTORY_TABLE", "ANCHOR_BUCKET", "SIGNING_KEY_ARN", "DLQ_URL"):
        assert f"{name} is not set" in str(told.value)
