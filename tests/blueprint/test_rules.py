"""Event patterns of the hub's rules."""

from __future__ import annotations

from typing import Any

import pytest
from moto.events.models import EventPattern

from blueprint.limits import compact
from blueprint.rules import endpoint_pattern, hub_rules
from tests.blueprint.samples import HUB, organisation

RULES = {rule.rule: rule for rule in hub_rules(organisation())}


def event(detail_type: str, source: str = "aws.sagemaker", **detail: str) -> Any:
    return {"source": source, "detail-type": detail_type, "account": HUB, "detail": detail}


def matching(sent: Any) -> set[str]:
    return {name for name, rule in RULES.items() if EventPattern.load(compact(rule.pattern)).matches_event(sent)}


@pytest.mark.parametrize(
    ("sent", "rules"),
    [
        (event("SageMaker Model Package State Change", ModelPackageGroupName="ModelCreditRisk"), {"packages"}),
        (event("SageMaker Model Package State Change", ModelPackageGroupName="SomebodyElses"), set()),
        (event("SageMaker Endpoint State Change", EndpointStatus="IN_SERVICE"), {"endpoints"}),
        (event("SageMaker Endpoint State Change", EndpointStatus="FAILED"), {"endpoints"}),
        (event("SageMaker Training Job State Change"), set()),
        (event("Stage Requested", "mlgov.requests"), {"requests"}),
        (event("Stage Requested", "somebody"), set()),
    ],
)
def test_each_event_goes_through_exactly_one_rule(sent: Any, rules: set[str]) -> None:
    """Guards: failed and deleted endpoints that stay "live"; an event that comes twice, or never."""
    assert matching(sent) == rules


def test_a_spoke_forwards_what_the_hub_s_bus_captures() -> None:
    """Guards: two patterns that drift apart."""
    assert endpoint_pattern() == RULES["endpoints"].pattern


def test_in_one_account_endpoint_events_arise_on_the_default_bus() -> None:
    """Guards: endpoint states of a trial that nobody forwards to the governance bus."""
    rules = {rule.rule: rule.bus for rule in hub_rules(organisation(same_account=True))}
    assert rules == {"packages": None, "endpoints": None, "requests": "mlgov-governance"}
