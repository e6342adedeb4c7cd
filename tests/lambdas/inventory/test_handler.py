"""The handler as Lambda calls it: a job in, failures out; its settings; and what its log lines may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from governance.errors import SettingError
from governance.inventory import Unreadable
from lambdas.common.log import Log
from lambdas.inventory import handler as module
from lambdas.inventory.handler import Settings, Warm, endpoint_arn, handler
from tests.governance.samples import DEV, HUB, moment
from tests.lambdas.inventory.test_shadow_endpoints import EXPECTED, organisation
from tests.lambdas.inventory.world import TEST, Organisation, scheduled

ENTRIES = [
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
    accounts.write_text(json.dumps(ENTRIES), encoding="utf-8")
    return {
        "STATE_TABLE": "s", "ENDPOINTS_TABLE": "e", "HISTORY_TABLE": "h", "PREFIX": "mlgov",
        "GROUPS": '["ModelCreditRisk"]',
        "STAGES": '[{"stage": "dev", "lifecycle": "Development"}]', "ACCOUNTS": str(accounts),
        "ARTIFACT_BUCKET": "b", "JOBS_URL": "https://jobs", "DLQ_URL": "https://dlq",
    }  # fmt: skip


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Organisation:
    made = organisation()
    monkeypatch.setattr(module, "_warm", lambda: Warm(made.inventory, Log(installation="mlgov")))
    return made


def test_jobs_are_done_and_what_is_none_is_kept_aside(org: Organisation) -> None:
    """Guards: a message that is no job comes again for ever."""
    assert handler(batch(scheduled("run", moment(600)), "no job"), Context()) == {"batchItemFailures": []}
    assert [(reason, event_id) for _, reason, event_id in org.jobs.dead] == [("not-a-job", "m1")]
    while org.jobs.sent:
        assert handler(batch(org.jobs.sent.pop(0)), Context()) == {"batchItemFailures": []}
    assert org.verdicts() == EXPECTED


def test_what_is_throttled_comes_again(org: Organisation) -> None:
    """Guards: an account left out because SageMaker was busy."""
    org.hosting(TEST).refused["config"] = Unreadable("ThrottlingException", passing=True)
    body = json.dumps({"job": "endpoint", "account": TEST, "endpoint": "approved"})
    assert handler(batch(body), Context()) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_the_settings_are_read_whole(variables: dict[str, str]) -> None:
    """Guards: a function that fails at its first account instead of at once, or takes a spoke for the hub."""
    settings = Settings.read(variables)
    assert (settings.hub, [account.stack for account in settings.accounts]) == (HUB, ["hub", "dev"])
    with pytest.raises(SettingError) as refused:
        Settings.read({"STAGES": "x"})
    for name in variables:
        assert name in str(refused.value)


def test_warm_invocations_share_their_clients(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: each job pays for new clients."""
    made: list[str] = []
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def client(service: str, *_config: object) -> object:
        made.append(service)
        return object()

    monkeypatch.setattr(module, "client", client)
    module._warm.cache_clear()
    try:
        assert handler({"Records": []}, Context()) == handler({"Records": []}, Context()) == {"batchItemFailures": []}
    finally:
        module._warm.cache_clear()
    assert sorted(made) == ["cloudwatch", "dynamodb", "s3", "sagemaker", "sqs", "sts"]


def test_an_endpoints_arn_is_lower_cased() -> None:
    """Guards: one endpoint under two keys: that of its events, and that of the walk."""
    assert endpoint_arn("aws", "eu-west-1", TEST, "Credit") == f"arn:aws:sagemaker:eu-west-1:{TEST}:endpoint/credit"
