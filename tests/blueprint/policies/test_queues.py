"""Queue policies: which rules may send."""

from __future__ import annotations

from blueprint.policies.queues import fed_by_rules
from blueprint.rules import hub_rules
from tests.blueprint.samples import HUB, REGION, organisation, statement, statements

QUEUE = f"arn:aws:sqs:{REGION}:{HUB}:mlgov-capture"


def test_each_rule_sends_by_a_statement_of_its_own() -> None:
    """Guards: no permission for a rule, so that what it matches never arrives (the tracker that never fired)."""
    rules = {f"Rule{rule.rule.title()}Sends": rule.arn(organisation()) for rule in hub_rules(organisation())}
    policy = fed_by_rules(QUEUE, HUB, rules)
    for sid, arn in rules.items():
        found = statement(policy, sid)
        assert found["Principal"] == {"Service": "events.amazonaws.com"}
        assert found["Action"] == "sqs:SendMessage"
        assert found["Resource"] == QUEUE
        assert found["Condition"] == {
            "ArnEquals": {"aws:SourceArn": arn},
            "StringEquals": {"aws:SourceAccount": HUB},
        }
    assert {found["Sid"] for found in statements(policy)} == {*rules, "TlsOnly"}


def test_rules_of_default_and_named_bus_are_told_apart() -> None:
    """Guards: one of the two ARN forms missing, and with it all package events or all spoke events."""
    arns = {rule.rule: rule.arn(organisation()) for rule in hub_rules(organisation())}
    assert arns == {
        "packages": f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-hub-packages",
        "states": f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-hub-states",
        "calls": f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-hub-calls",
        "forwarded": f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-governance/mlgov-hub-forwarded",
        "requests": f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-governance/mlgov-hub-requests",
    }
