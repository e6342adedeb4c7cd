"""The data plane: functions, queues, rules, schedules, and how they hang together."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from blueprint.accounts import ACCOUNTS_FILE, accounts_file
from blueprint.data_settings import MOST_QUALITY_METRICS
from blueprint.functions import FUNCTION_SPECS, FUNCTIONS, FunctionSpec
from blueprint.limits import ENVIRONMENT_BYTES
from blueprint.packages import build_all
from blueprint.settings import LOG_RETENTION_DAYS
from blueprint.sizes import oversize
from tests.blueprint.samples import organisation
from tests.components.programs import ROOT, hub_program, hub_run, hub_settings
from tests.components.recorder import run

GOVERNANCE_KEY = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000002"
GIVEN = {"AWS_REGION": "eu-west-1"}
"""What Lambda itself sets (lambda configuration-envvars)."""

FUNCTION = "aws:lambda/function:Function"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_finds_all_its_settings_and_nothing_else(function: str) -> None:
    """Guards: an environment variable that deployment and code spell differently, or that nobody reads any more."""
    variables = hub_run().one(FUNCTION, f"hub-{function}").inputs["environment"]["variables"]
    handler = importlib.import_module(f"lambdas.{function}.handler")
    noting = Noting(at_package(variables) | GIVEN)
    assert handler.Settings.read(noting) is not None
    assert noting.read - GIVEN.keys() == set(variables)


class Noting(Mapping[str, str]):
    """An environment that notes which variables are read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def at_package(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment as the unpacked package has it: with the list of accounts, which lies there."""
    if "ACCOUNTS" not in variables:
        return dict(variables)
    path = ROOT / "build" / "tests" / variables["ACCOUNTS"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(accounts_file(organisation()))
    return {**variables, "ACCOUNTS": str(path)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_handler_keeps_its_repository_path(function: str) -> None:
    """Guards: a handler that tests import from one place and AWS from another."""
    inputs = hub_run().one(FUNCTION, f"hub-{function}").inputs
    assert inputs["handler"] == f"lambdas.{function}.handler.handler"
    assert (ROOT / "build" / "functions" / f"{function}.zip").is_file()


def test_the_accounts_lie_in_the_packages_of_those_who_read_them() -> None:
    """Guards: a function without its list; a list that changes the packages of functions that don't read it."""
    packages = build_all(ROOT, organisation())
    holding = {function for function, package in packages.items() if ACCOUNTS_FILE in package.files}
    assert holding == {"inventory", "metrics", "reconcile"}


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


def test_as_many_quality_metrics_as_the_configuration_admits_fit_the_environment() -> None:
    """Guards: long names of metrics, with which an `up` stops half-way."""
    settings = hub_settings()
    names = tuple(f"M{number:063}" for number in range(MOST_QUALITY_METRICS))
    made = run(hub_program(replace(settings, data=replace(settings.data, quality_metrics=names))))
    variables = made.one(FUNCTION, "hub-metrics").inputs["environment"]["variables"]
    assert json.loads(variables["QUALITY_METRICS"]) == list(names)
    assert sum(len(name) + len(text) for name, text in variables.items()) <= ENVIRONMENT_BYTES


def test_a_trial_in_one_account_has_its_whole_data_plane() -> None:
    """Guards: a mode that nobody uses until it is needed: a function, a schedule or an alarm that hangs on a spoke."""
    made, example = run(hub_program(hub_settings(same_account=True))), hub_run()
    for type_ in (FUNCTION, "aws:sqs/queue:Queue", "aws:cloudwatch/metricAlarm:MetricAlarm"):
        assert {one.name for one in made.of(type_)} == {one.name for one in example.of(type_)}
    rules = {one.name for one in example.of("aws:cloudwatch/eventRule:EventRule")}
    assert {one.name for one in made.of("aws:cloudwatch/eventRule:EventRule")} == rules - {"hub-forwarded"}


@pytest.mark.parametrize("spec", FUNCTION_SPECS, ids=FUNCTIONS)
def test_queues_outlast_their_function_s_attempts(spec: FunctionSpec) -> None:
    """Guards: a message that becomes visible while it is being handled, and is handled twice at once."""
    made = hub_run()
    inputs = made.one("aws:sqs/queue:Queue", f"hub-{spec.queue}").inputs
    redrive = json.loads(inputs["redrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(f":mlgov-{spec.dead_letters}")
    assert inputs["visibilityTimeoutSeconds"] == 6 * made.one(FUNCTION, f"hub-{spec.function}").inputs["timeout"]


def test_every_queue_is_encrypted_with_the_governance_key() -> None:
    """Guards: events at rest under a key that nobody controls."""
    keys = {queue.inputs["kmsMasterKeyId"] for queue in hub_run().of("aws:sqs/queue:Queue")}
    assert keys == {GOVERNANCE_KEY}


def test_every_rule_sends_to_its_queue_and_keeps_what_it_can_t_deliver() -> None:
    """Guards: events that EventBridge gave up on, gone without a trace; a schedule that starts another function."""
    made = hub_run()
    for target in made.of("aws:cloudwatch/eventTarget:EventTarget"):
        scheduled = target.name.startswith("hub-schedule-")
        queue = f"{target.name.removeprefix('hub-schedule-')}-jobs" if scheduled else "capture"
        assert target.inputs["arn"].endswith(f":mlgov-{queue}")
        assert target.inputs["deadLetterConfig"]["arn"].endswith(":mlgov-rules-dlq")
        policies = {urn.rpartition("::")[2] for urn in target.dependencies if "queuePolicy" in urn}
        assert policies == {f"hub-{queue}", "hub-rules-dlq"}, "a target without its queues' policies loses events"


def test_each_schedule_s_queue_admits_its_rule_and_no_other() -> None:
    """Guards: a scheduled run that EventBridge drops, since nothing admits its rule."""
    made = hub_run()
    for function in ("anchor", "inventory", "metrics", "reconcile"):
        rule = made.one("aws:cloudwatch/eventRule:EventRule", f"hub-schedule-{function}").inputs
        policy = made.policy("aws:sqs/queuePolicy:QueuePolicy", f"hub-{function}-jobs")
        sends = [found for found in policy["Statement"] if found["Effect"] == "Allow"]
        assert [found["Condition"]["ArnEquals"]["aws:SourceArn"].rpartition("/")[2] for found in sends] == [
            rule["name"]
        ]
        dead_letters = made.policy("aws:sqs/queuePolicy:QueuePolicy", "hub-rules-dlq")
        assert rule["name"] in json.dumps(dead_letters)


def test_schedules_are_the_configured_ones() -> None:
    """Guards: a schedule that the configuration doesn't reach."""
    found = {
        rule.name.removeprefix("hub-schedule-"): rule.inputs["scheduleExpression"]
        for rule in hub_run().of("aws:cloudwatch/eventRule:EventRule")
        if "scheduleExpression" in rule.inputs
    }
    assert found == {
        "anchor": "rate(1 hour)",
        "inventory": "rate(15 minutes)",
        "metrics": "rate(1 hour)",
        "reconcile": "rate(1 hour)",
    }


def test_rules_on_the_governance_bus_wait_for_it() -> None:
    """Guards: a rule that lands on the default bus, where spokes' events never arrive."""
    rules = hub_run().of("aws:cloudwatch/eventRule:EventRule")
    assert {rule.name for rule in rules if rule.inputs.get("eventBusName") == "mlgov-governance"} == {
        "hub-forwarded",
        "hub-requests",
    }


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
