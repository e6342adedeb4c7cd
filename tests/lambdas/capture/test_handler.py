"""The handler as Lambda calls it: a batch in, failures out, and what its log lines may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.capture import handler as module
from lambdas.capture.handler import Warm, handler
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from tests.governance.samples import (
    ARTIFACT_URL,
    CARD,
    SECRET,
    arn_of,
    endpoint_event,
    envelope,
    iso,
    moment,
    package_detail,
    seen,
    stage,
)
from tests.lambdas.capture.world import World


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m{n}", "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for n, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    made.registry.versions[arn_of()] = seen()
    log = Log(installation="mlgov")
    monkeypatch.setattr(
        module, "_warm", lambda: Warm(made.capture, made.tally, Measures(made.cloudwatch, "mlgov", log), log)
    )
    return made


def test_a_batch_is_recorded_message_by_message(world: World) -> None:
    """Guards: a message that isn't one takes the batch's others with it, or is lost."""
    good = envelope(package_detail(), event_id="good")
    answer = handler(batch(good, "no event", envelope({}, event_id="bad")), None)
    assert answer == {"batchItemFailures": []}
    assert [(reason, event_id) for _, reason, event_id in world.outbox.dead] == [
        ("not-an-event", "(unknown)"), ("missing-field", "bad"),
    ]  # fmt: skip
    assert len(world.tables.rows(arn_of())) == 1


def test_lag_and_incidents_are_measured_once_a_batch(world: World) -> None:
    """Guards: an alarm on a lag that nobody measures, or that a repeated message measures again."""
    event = envelope(package_detail(approval="Approved"), event_id="one")
    handler(batch(event, event, endpoint_event("IN_SERVICE", 5)), None)
    handler(batch(event), None)
    [put] = world.cloudwatch.puts
    values = {datum["MetricName"]: (datum["Value"], datum["Unit"]) for datum in put["MetricData"]}
    assert values["Incidents"] == (1.0, "Count")
    assert values["CaptureLagSeconds"][1] == "Seconds"
    assert values["CaptureLagSeconds"][0] == pytest.approx(60_000, abs=10)
    assert all(
        datum["Dimensions"] == [{"Name": "Installation", "Value": "mlgov"}, {"Name": "Function", "Value": "capture"}]
        for datum in put["MetricData"]
    )


def test_b8_log_lines_carry_ids_and_never_an_event_or_a_card(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """B8 of the reference system: every event and every card was logged whole, and kept for ever."""
    changed = ("ModelApprovalStatus", "ModelLifeCycle", "CustomerMetadataProperties")
    reason = "private words of the approver"
    bodies = [
        envelope(package_detail(), event_id="one"),
        envelope(
            package_detail(modified=iso(moment(5)), changed=changed, approval="Approved", ApprovalDescription=reason,
                           lifecycle=stage("Staging", "Approved", reason), CustomerMetadataProperties={"k": SECRET}),
            event_id="two",
        ),
        envelope(package_detail() | {"CreationTime": {"a": SECRET * 9}}, event_id="three"),
        envelope(package_detail(), source="x", event_id="four"),
    ]  # fmt: skip
    handler(batch(*bodies), None)
    written = capsys.readouterr().out
    for words in (SECRET, reason, ARTIFACT_URL, "model_overview", CARD["business_details"]["line_of_business"]):
        assert words not in written
    entries = [json.loads(line) for line in written.splitlines()]
    assert {entry.get("eventid") for entry in entries} >= {"one", "two", "three", "four"}
    assert all(entry["installation"] == "mlgov" for entry in entries)


def test_warm_invocations_share_their_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: each batch pays for new clients."""
    made: list[str] = []
    variables = {
        "LEDGER_TABLE": "l", "DEDUP_TABLE": "d", "STATE_TABLE": "s", "ENDPOINTS_TABLE": "e", "PREFIX": "mlgov",
        "GROUPS": '["ModelCreditRisk"]', "STAGES": '[{"stage": "dev", "lifecycle": "Development"}]',
        "DLQ_URL": "https://dlq", "APPROVALS_URL": "https://approvals", "INVENTORY_JOBS_URL": "https://jobs",
        "GUARD_JOBS_URL": "https://guard",
        "DOCUMENTS_BUCKET": "documents",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def client(service: str) -> object:
        made.append(service)
        return object()

    monkeypatch.setattr(module, "client", client)
    module._warm.cache_clear()
    try:
        assert handler({"Records": []}, None) == handler({"Records": []}, None) == {"batchItemFailures": []}
    finally:
        module._warm.cache_clear()
    assert sorted(made) == ["cloudwatch", "dynamodb", "s3", "sagemaker", "sqs"]
