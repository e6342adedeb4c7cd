"""The handler as Lambda calls it: settings, clients, a job in, failures out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from governance.errors import SettingError
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.reconcile import handler as module
from lambdas.reconcile.handler import Settings, Warm, handler
from tests.lambdas.capture.world import Cloudwatch
from tests.lambdas.reconcile.world import World


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def batch(body: object) -> dict[str, Any]:
    return {"Records": [{"messageId": "m0", "body": json.dumps(body), "eventSource": "aws:sqs", "attributes": {}}]}


def variables(folder: Path) -> dict[str, str]:
    accounts = folder / "accounts.json"
    accounts.write_text(
        json.dumps([{"account": "111111111111", "stack": "hub", "lifecycle": None, "readerrole": None}]), "utf-8"
    )
    return {
        "LEDGER_TABLE": "l", "DEDUP_TABLE": "d", "STATE_TABLE": "s", "PREFIX": "mlgov", "ACCOUNTS": str(accounts),
        "GROUPS": '["ModelCreditRisk"]', "STAGES": '[{"stage": "dev", "lifecycle": "Development"}]',
        "DLQ_URL": "https://dlq", "APPROVALS_URL": "https://approvals", "JOBS_URL": "https://jobs",
        "GUARD_JOBS_URL": "https://guard",
        "DOCUMENTS_BUCKET": "documents",
    }  # fmt: skip


def test_a_complete_environment_is_read(tmp_path: Path) -> None:
    """Guards: a variable is read under another name than the deployment sets."""
    settings = Settings.read(variables(tmp_path))
    assert [account.account for account in settings.accounts] == ["111111111111"]
    assert (settings.jobs_url, settings.documents_bucket) == ("https://jobs", "documents")


def test_each_missing_variable_is_named(tmp_path: Path) -> None:
    """Guards: a KeyError in the middle of a run instead of a sentence."""
    with pytest.raises(SettingError) as refused:
        Settings.read({})
    assert all(name in str(refused.value) for name in variables(tmp_path))


def test_a_scheduled_run_measures_and_a_message_that_is_no_job_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a run without a heartbeat; a message that comes again for ever."""
    world, cloudwatch, log = World(), Cloudwatch(), Log(installation="mlgov")
    warm = Warm(world.reconcile, world.tally, Measures(cloudwatch, "mlgov", log), log)
    monkeypatch.setattr(module, "_warm", lambda: warm)
    assert handler(batch({"job": "dance"}), Context()) == {"batchItemFailures": []}
    assert [(reason, event_id) for _, reason, event_id in world.outbox.dead] == [("not-a-job", "m0")]
    job: dict[str, Any] = {"job": "run"}
    while job:
        assert handler(batch(job), Context()) == {"batchItemFailures": []}
        job = world.outbox.jobs.pop()[0] if world.outbox.jobs else {}
    names = {datum["MetricName"] for put in cloudwatch.puts for datum in put["MetricData"]}
    assert names == {"FactsRecovered", "Gaps", "Heartbeat"}
    assert {"Name": "Function", "Value": "reconcile"} in cloudwatch.puts[-1]["MetricData"][0]["Dimensions"]


def test_warm_invocations_share_their_clients(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Guards: each job pays for new clients and new sessions in all accounts."""
    made: list[str] = []
    for name, value in variables(tmp_path).items():
        monkeypatch.setenv(name, value)

    def client(service: str, **_more: object) -> object:
        made.append(service)
        return object()

    monkeypatch.setattr(module, "client", client)
    module._warm.cache_clear()
    try:
        for _ in range(2):
            assert handler({"Records": []}, Context()) == {"batchItemFailures": []}
    finally:
        module._warm.cache_clear()
    assert sorted(made) == ["cloudtrail", "cloudwatch", "dynamodb", "s3", "sagemaker", "sqs", "sts"]
