"""The guard function as Lambda calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.guard import handler as module
from lambdas.guard.handler import Settings, Warm, handler
from tests.lambdas.capture.world import Cloudwatch
from tests.lambdas.guard.world import ANN_AS_APPROVER, ARN, NOBODY, World

VARIABLES = {
    "LEDGER_TABLE": "l", "DEDUP_TABLE": "d", "STATE_TABLE": "s", "PREFIX": "mlgov", "DLQ_URL": "https://dlq",
    "GROUPS": '["ModelCreditRisk"]', "STAGES": '[{"stage": "dev", "lifecycle": "Development"}]',
    "GUARD_MODE": "reject",
}  # fmt: skip


@pytest.fixture
def cloudwatch() -> Cloudwatch:
    return Cloudwatch()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, cloudwatch: Cloudwatch) -> Iterator[World]:
    made, log = World().register(), Log(installation="mlgov")
    dead: list[tuple[str, str, str]] = []
    warm = Warm(made.guard, lambda *letter: dead.append(letter), Measures(cloudwatch, "mlgov", log), log)
    monkeypatch.setattr(module, "_warm", lambda: warm)
    yield made
    assert [reason for _, reason, _ in dead] in ([], ["not-a-guard-job"])


def batch(*bodies: str, receives: int = 1) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(receives)}
    return {
        "Records": [{"messageId": f"m{n}", "body": body, "attributes": attributes} for n, body in enumerate(bodies)]
    }


JOB = json.dumps({"modelpackagearn": ARN})


def test_a_finding_is_measured_once_and_a_stray_message_kept_apart(world: World, cloudwatch: Cloudwatch) -> None:
    """Guards: an alarm that no metric feeds, or that each repetition feeds again."""
    world.decide(by=ANN_AS_APPROVER)
    for which in range(2):
        world.deliver(which)
    assert handler(batch("stray", JOB, JOB), None) == {"batchItemFailures": []}
    world.deliver(2)
    assert handler(batch(JOB), None) == {"batchItemFailures": []}
    [put] = cloudwatch.puts
    [datum] = put["MetricData"]
    assert (datum["MetricName"], datum["Value"]) == ("Incidents", 1.0)
    assert datum["Dimensions"] == [{"Name": "Installation", "Value": "mlgov"}, {"Name": "Function", "Value": "guard"}]


def test_how_often_a_message_came_decides_how_long_it_waits(world: World, cloudwatch: Cloudwatch) -> None:
    """Guards: a name that is waited for without end, until the message is a dead letter."""
    world.decide(by=NOBODY)
    for which in range(2):
        world.deliver(which)
    assert handler(batch(JOB), None) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert handler(batch(JOB, receives=4), None) == {"batchItemFailures": []}
    assert [put["MetricData"][0]["MetricName"] for put in cloudwatch.puts] == ["UnknownApprovals"]


def test_the_environment_is_read_at_the_first_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: clients made at import, or for each batch."""
    made: list[str] = []

    def client(service: str) -> object:
        made.append(service)
        return object()

    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "client", client)
    module._warm.cache_clear()
    try:
        assert handler({"Records": []}, None) == handler({"Records": []}, None) == {"batchItemFailures": []}
    finally:
        module._warm.cache_clear()
    assert sorted(made) == ["cloudwatch", "dynamodb", "s3", "sagemaker", "sqs"]


def test_a_mode_that_doesn_t_exist_is_refused_with_those_that_do() -> None:
    """Guards: a misspelt mode that leaves everything as it is."""
    from governance.errors import SettingError

    with pytest.raises(SettingError, match="GUARD_MODE is 'rejects'; wanted: one of alarm, reject"):
        Settings.read({**VARIABLES, "GUARD_MODE": "rejects"})
