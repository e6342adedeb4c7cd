"""The governance bus: forwarded SageMaker events, and requests."""

from __future__ import annotations

from blueprint.policies.bus import governance_bus
from tests.blueprint.samples import DEV, HUB, ORGANISATION_ID, REGION, TEST, grants, organisation, statement

BUS = f"arn:aws:events:{REGION}:{HUB}:event-bus/mlgov-governance"
POLICY = governance_bus(organisation()) or {}


def test_two_statements_admit_and_nothing_else() -> None:
    """Guards: events:PutEvents for whole accounts."""
    assert grants(POLICY) == {
        "SpokesForward": ({"events:PutEvents"}, {BUS}),
        "StagesAreAskedFor": ({"events:PutEvents"}, {BUS}),
    }


def test_forwarding_is_for_forwarders_that_a_rule_invokes() -> None:
    """Guards: anybody in a spoke who posts what looks like a SageMaker event."""
    forward = statement(POLICY, "SpokesForward")
    assert forward["Principal"] == {"AWS": [f"arn:aws:iam::{DEV}:root", f"arn:aws:iam::{TEST}:root"]}
    assert forward["Condition"] == {
        "ArnLike": {
            "aws:PrincipalArn": [
                f"arn:aws:iam::{DEV}:role/mlgov-dev-forwarder",
                f"arn:aws:iam::{TEST}:role/mlgov-test-forwarder",
            ]
        },
        "Bool": {"events:eventBusInvocation": "true"},
        "StringEquals": {
            "aws:PrincipalOrgID": ORGANISATION_ID,
            "events:source": "aws.sagemaker",
            "events:detail-type": [
                "AWS API Call via CloudTrail",
                "SageMaker Endpoint Deployment State Change",
                "SageMaker Endpoint State Change",
                "SageMaker Model Card State Change",
            ],
        },
    }


def test_requests_come_from_the_roles_of_the_stages_that_may_ask() -> None:
    """Guards: a request that a forwarder or an unconfigured stage posts."""
    asked = statement(POLICY, "StagesAreAskedFor")
    assert asked["Condition"]["StringEquals"] == {
        "aws:PrincipalOrgID": ORGANISATION_ID,
        "events:source": "mlgov.requests",
        "events:detail-type": "Stage Requested",
    }
    assert asked["Condition"]["ArnLike"]["aws:PrincipalArn"] == [
        f"arn:aws:iam::{DEV}:role/mlgov-dev-execution",
        f"arn:aws:iam::{TEST}:role/mlgov-test-execution",
    ]


def test_a_bus_that_nobody_posts_to_has_no_policy() -> None:
    """Guards: an empty policy document, which EventBridge refuses."""
    assert governance_bus(organisation(spokes=())) is None
