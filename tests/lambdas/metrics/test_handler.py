"""The handler as Lambda calls it: a job in, failures out; its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from governance.errors import SettingError
from lambdas.common.log import Log
from lambdas.metrics import handler as module
from lambdas.metrics.handler import Settings, Warm, handler
from tests.lambdas.metrics.world import ALIGNED, DEV, HUB, PERIOD, SCHEDULED, World, endpoint_row, variant_series

ACCOUNTS = [
    {"account": HUB, "stack": "hub", "lifecycle": None, "readerrole": None},
    {"account": DEV, "stack": "dev", "lifecycle": "Development", "readerrole": f"arn:aws:iam::{DEV}:role/reader"},
]


class Context:
    """Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    accounts = tmp_path / "accounts.json"
    accounts.write_text(json.dumps(ACCOUNTS), encoding="utf-8")
    return {
        "ENDPOINTS_TABLE": "e", "METRICS_TABLE": "m", "ACCOUNTS": str(accounts), "PERIOD_SECONDS": "300",
        "METRICS_RETENTION_DAYS": "455", "QUALITY_NAMESPACE": "MLGovernance/Quality", "JOBS_URL": "https://jobs",
        "DLQ_URL": "https://dlq", "PREFIX": "mlgov", "AWS_REGION": "eu-west-1",
    }  # fmt: skip


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def test_a_job_is_done_and_what_is_none_is_kept_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a message that is no job comes again for ever."""
    world = World()
    world.endpoints.table = [endpoint_row(DEV, "e", "v")]
    world.put(variant_series(DEV, "e", "v", "AWS/SageMaker", "Invocations", "Sum"), {ALIGNED - PERIOD: 1.0})
    monkeypatch.setattr(module, "_warm", lambda: Warm(world.metrics, Log(installation="mlgov")))
    assert handler(batch(SCHEDULED, "no job"), Context()) == {"batchItemFailures": []}
    assert len(world.table.rows) == 1
    assert [(reason, event) for _, reason, event in world.outbox.dead] == [("not-a-metrics-job", "m1")]


def test_what_stays_unanswered_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a window that was throttled and is never collected."""
    world = World()
    world.endpoints.table = [endpoint_row(DEV, "e", "v")]
    world.telemetry.partial = 99
    monkeypatch.setattr(module, "_warm", lambda: Warm(world.metrics, Log()))
    assert handler(batch(SCHEDULED), Context()) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_the_hub_is_asked_as_itself_and_spokes_by_their_account(variables: dict[str, str]) -> None:
    """Guards: S9, M4: an AccountId where there is no link, or none where there is."""
    settings = Settings.read(variables)
    assert settings.own == {HUB}
    assert {one.account for one in settings.accounts} == {HUB, DEV}


def test_further_quality_metrics_are_read_where_they_are_set(variables: dict[str, str]) -> None:
    """Guards: a setting that nobody reads; a function that can't start without it."""
    assert Settings.read(variables).quality_metrics == ()
    assert Settings.read(variables | {"QUALITY_METRICS": '["Recall"]'}).quality_metrics == ("Recall",)


def test_all_problems_are_said_at_once(variables: dict[str, str]) -> None:
    """Guards: one deployment per mistake."""
    wrong = {"PERIOD_SECONDS": "7", "METRICS_RETENTION_DAYS": "x", "QUALITY_METRICS": '["Accuracy"]'}
    with pytest.raises(SettingError) as refused:
        Settings.read(wrong)
    assert all(name in str(refused.value) for name in (*variables, "QUALITY_METRICS"))


def test_warm_invocations_share_their_clients(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Guards: each job pays for new clients."""
    made: list[str] = []
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def client(service: str) -> object:
        made.append(service)
        return object()

    monkeypatch.setattr(module, "client", client)
    module._warm.cache_clear()
    try:
        assert handler({"Records": []}, Context()) == handler({"Records": []}, Context()) == {"batchItemFailures": []}
    finally:
        module._warm.cache_clear()
    assert sorted(made) == ["cloudwatch", "dynamodb", "sqs"]
