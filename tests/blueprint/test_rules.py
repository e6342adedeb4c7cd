"""Event patterns of the hub's rules."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from moto.events.models import EventPattern

from blueprint.limits import compact
from blueprint.names import SPOKE_RULES
from blueprint.rules import MUTATING_CALLS, call_pattern, hub_rules, schedule_arns, spoke_rules, state_pattern
from tests.blueprint.samples import HUB, organisation

RULES = {rule.rule: rule for rule in hub_rules(organisation())}


SPOKE = {rule.rule: rule for rule in spoke_rules()}


def event(detail_type: str, source: str = "aws.sagemaker", **detail: str) -> Any:
    return {"source": source, "detail-type": detail_type, "account": HUB, "detail": detail}


def call(name: str, **detail: str) -> Any:
    return event("AWS API Call via CloudTrail", eventSource="sagemaker.amazonaws.com", eventName=name, **detail)


def matches(pattern: Any, sent: Any) -> bool:
    return bool(EventPattern.load(compact(pattern)).matches_event(sent))


def on(bus: str | None, sent: Any) -> set[str]:
    return {name for name, rule in RULES.items() if rule.bus == bus and matches(rule.pattern, sent)}


PACKAGE = event("SageMaker Model Package State Change", ModelPackageGroupName="ModelCreditRisk")
ENDPOINT = event("SageMaker Endpoint State Change", EndpointStatus="IN_SERVICE")
GOVERNANCE_BUS = "mlgov-governance"


@pytest.mark.parametrize(
    ("sent", "default", "forwarded"),
    [
        (PACKAGE, {"packages"}, set()),
        (event("SageMaker Model Package State Change", ModelPackageGroupName="SomebodyElses"), set(), set()),
        (ENDPOINT, {"states"}, {"forwarded"}),
        (event("SageMaker Endpoint State Change", EndpointStatus="FAILED"), {"states"}, {"forwarded"}),
        (event("SageMaker Endpoint Deployment State Change"), {"states"}, {"forwarded"}),
        (event("SageMaker Model Card State Change"), {"states"}, {"forwarded"}),
        (event("SageMaker Training Job State Change"), set(), set()),
        (call("DeleteModelPackage"), {"calls"}, {"forwarded"}),
        (call("CreateInferenceComponent"), {"calls"}, {"forwarded"}),
        (call("DescribeModelPackage"), set(), {"forwarded"}),
        (call("DeleteModelPackage", errorCode="AccessDenied"), set(), {"forwarded"}),
        (event("Stage Requested", "mlgov.requests"), set(), {"requests"}),
        (event("Stage Requested", "somebody"), set(), set()),
    ],
)
def test_each_event_goes_through_exactly_one_rule(sent: Any, default: set[str], forwarded: set[str]) -> None:
    """Guards: failed and deleted endpoints that stay "live"; an event that comes twice, or never."""
    assert on(None, sent) == default
    assert on(GOVERNANCE_BUS, sent) == forwarded


@pytest.mark.parametrize("sent", [ENDPOINT, call("UpdateModelPackage"), event("SageMaker Model Card State Change")])
def test_what_a_spoke_forwards_the_hub_captures(sent: Any) -> None:
    """Guards: two patterns that drift apart; an event that two of a spoke's rules forward."""
    assert sum(matches(rule.pattern, sent) for rule in SPOKE.values()) == 1
    assert on(GOVERNANCE_BUS, sent) == {"forwarded"}


def test_a_spoke_forwards_no_reads_no_refusals_and_no_packages_of_its_own() -> None:
    """Guards: each Describe of each notebook through the hub's bus; registries that nobody governs."""
    for sent in (call("DescribeEndpoint"), call("DeleteEndpoint", errorCode="AccessDenied"), PACKAGE):
        assert not [rule for rule in SPOKE.values() if matches(rule.pattern, sent)]
    assert tuple(SPOKE) == SPOKE_RULES


def test_hub_and_spokes_look_for_the_same_states_and_calls() -> None:
    """Guards: a call that is captured where the spoke makes it, but not where the hub does."""
    assert RULES["states"].pattern == SPOKE["states"].pattern == state_pattern()
    assert RULES["calls"].pattern == SPOKE["calls"].pattern == call_pattern()


def test_the_captured_calls_are_calls_of_sagemaker_that_change_something() -> None:
    """Guards: a misspelt call, which no record ever matches."""
    known = botocore.session.get_session().get_service_model("sagemaker").operation_names
    assert set(MUTATING_CALLS) <= set(known)
    assert all(name.startswith(("Create", "Update", "Delete")) for name in MUTATING_CALLS)
    assert list(MUTATING_CALLS) == sorted(MUTATING_CALLS)


def test_in_one_account_everything_arises_on_the_default_bus() -> None:
    """Guards: endpoint states of a trial that nobody forwards to the governance bus."""
    rules = {rule.rule: rule.bus for rule in hub_rules(organisation(same_account=True))}
    assert rules == {"packages": None, "states": None, "calls": None, "requests": GOVERNANCE_BUS}


def test_schedules_stand_on_the_default_bus() -> None:
    """Guards: a schedule on a named bus, which EventBridge refuses."""
    assert schedule_arns(organisation()) == {
        function: f"arn:aws:events:eu-west-1:{HUB}:rule/mlgov-hub-schedule-{function}"
        for function in ("anchor", "inventory", "metrics", "reconcile")
    }
