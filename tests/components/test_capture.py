"""Capture: functions, queues, rules, and how they hang together."""

from __future__ import annotations

import json

import pytest

from blueprint.settings import LOG_RETENTION_DAYS
from blueprint.sizes import oversize
from components.function import TIMEOUT_SECONDS
from components.queues import VISIBILITY_SECONDS
from lambdas.approval.handler import Settings as ApprovalSettings
from lambdas.capture.handler import Settings as CaptureSettings
from tests.blueprint.samples import organisation
from tests.components.programs import ROOT, hub_program, hub_run, hub_settings
from tests.components.recorder import run

GOVERNANCE_KEY = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000002"
ENVIRONMENT_BYTES = 4096
"""lambda/latest/dg/gettingstarted-limits: all environment variables of a function together."""

FUNCTION = "aws:lambda/function:Function"


@pytest.mark.parametrize("function", ["capture", "approval"])
def test_a_function_finds_all_its_settings(function: str) -> None:
    """Guards: an environment variable that deployment and code spell differently."""
    variables = hub_run().one(FUNCTION, f"hub-{function}").inputs["environment"]["variables"]
    read = CaptureSettings.read(variables) if function == "capture" else ApprovalSettings.read(variables)
    assert read.state_table == "mlgov_modelpackagestatechanges"
    assert [stage.lifecycle for stage in read.stages.ordered] == ["Development", "Staging", "Production"]


@pytest.mark.parametrize("function", ["capture", "approval"])
def test_the_handler_keeps_its_repository_path(function: str) -> None:
    """Guards: a handler that tests import from one place and AWS from another."""
    inputs = hub_run().one(FUNCTION, f"hub-{function}").inputs
    assert inputs["handler"] == f"lambdas.{function}.handler.handler"
    assert (ROOT / "build" / "functions" / f"{function}.zip").is_file()


def test_as_many_groups_as_their_roles_hold_fit_a_function_s_environment() -> None:
    """Guards: many or long group names, with which CreateFunction fails in the middle of an `up`. What is refused
    beforehand, by the size of the roles' policies, has to be the tighter bound.
    """
    for length in (4, 63):
        groups = tuple(f"{number:0{length}}" for number in range(40))
        fits = max(number for number in range(1, 41) if not oversize(organisation(groups=groups[:number])))
        assert fits < len(groups), "the roles' policies no longer bound the groups"
        made = run(hub_program(hub_settings(groups=groups[:fits])))
        for function in made.of(FUNCTION):
            variables = function.inputs["environment"]["variables"]
            assert sum(len(name) + len(text) for name, text in variables.items()) <= ENVIRONMENT_BYTES


def test_queues_outlast_their_function_s_attempts() -> None:
    """Guards: a message that becomes visible while it is being handled, and is handled twice at once."""
    assert VISIBILITY_SECONDS >= 6 * TIMEOUT_SECONDS
    made = hub_run()
    for queue in ("capture", "approvals"):
        inputs = made.one("aws:sqs/queue:Queue", f"hub-{queue}").inputs
        redrive = json.loads(inputs["redrivePolicy"])
        assert redrive["deadLetterTargetArn"].endswith(f":mlgov-{queue}-dlq")
        assert inputs["visibilityTimeoutSeconds"] == VISIBILITY_SECONDS


def test_every_queue_is_encrypted_with_the_governance_key() -> None:
    """Guards: events at rest under a key that nobody controls."""
    keys = {queue.inputs["kmsMasterKeyId"] for queue in hub_run().of("aws:sqs/queue:Queue")}
    assert keys == {GOVERNANCE_KEY}


def test_every_rule_sends_to_the_queue_and_keeps_what_it_can_t_deliver() -> None:
    """Guards: events that EventBridge gave up on, gone without a trace."""
    made = hub_run()
    for target in made.of("aws:cloudwatch/eventTarget:EventTarget"):
        assert target.inputs["arn"].endswith(":mlgov-capture")
        assert target.inputs["deadLetterConfig"]["arn"].endswith(":mlgov-rules-dlq")
        policies = {urn for urn in target.dependencies if "queuePolicy" in urn}
        assert len(policies) == 2, "a target without its queues' policies loses events at once"


def test_rules_on_the_governance_bus_wait_for_it() -> None:
    """Guards: a rule that lands on the default bus, where spokes' events never arrive."""
    buses = {rule.name: rule.inputs.get("eventBusName") for rule in hub_run().of("aws:cloudwatch/eventRule:EventRule")}
    assert buses == {"hub-packages": None, "hub-endpoints": "mlgov-governance", "hub-requests": "mlgov-governance"}


def test_only_one_approval_is_worked_on_at_a_time() -> None:
    """Guards: two versions that share an artifact, approved at once: each invocation reads the object's tags and puts
    them back whole, so the later one would drop the other's.
    """
    made = hub_run()
    function = made.one(FUNCTION, "hub-approval").inputs
    mapping = made.one("aws:lambda/eventSourceMapping:EventSourceMapping", "hub-approval").inputs
    assert function["reservedConcurrentExecutions"] == 1
    assert (mapping["batchSize"], mapping["scalingConfig"]) == (1, {"maximumConcurrency": 2})


def test_capture_isn_t_held_to_one_at_a_time() -> None:
    """Guards: the approval function's reservation on the function that must keep up with all events."""
    made = hub_run()
    assert "reservedConcurrentExecutions" not in made.one(FUNCTION, "hub-capture").inputs
    assert made.one("aws:lambda/eventSourceMapping:EventSourceMapping", "hub-capture").inputs["batchSize"] == 10


def test_mappings_report_failures_message_by_message() -> None:
    """Guards: one bad message that sends its whole batch round again."""
    for mapping in hub_run().of("aws:lambda/eventSourceMapping:EventSourceMapping"):
        assert mapping.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]


def test_logs_have_retention_and_the_governance_key() -> None:
    """Guards: full events in logs that never expire."""
    for group in hub_run().of("aws:cloudwatch/logGroup:LogGroup"):
        assert group.inputs["retentionInDays"] in LOG_RETENTION_DAYS
        assert group.inputs["kmsKeyId"] == GOVERNANCE_KEY
        assert group.inputs["name"].startswith("/aws/lambda/mlgov-")


def test_a_function_waits_for_its_rights_and_its_log() -> None:
    """Guards: first events that fail, since the role's policies came later; a log group that Lambda made itself."""
    made = hub_run()
    for function in made.of(FUNCTION):
        policies = [urn for urn in function.dependencies if "rolePolicy" in urn]
        assert len(policies) == len(
            [p for p in made.of("aws:iam/rolePolicy:RolePolicy") if p.name.startswith(f"{function.name}-")]
        )
        assert [urn for urn in function.dependencies if "logGroup" in urn]
