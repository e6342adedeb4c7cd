"""Policy of the governance bus: forwarded SageMaker events, and requests for a stage.

Sources: eventbridge eb-cross-account (receiving bus), Service Authorization Reference list_amazoneventbridge
(`events:eventBusInvocation`, `events:source`, `events:detail-type`).
"""

from __future__ import annotations

from blueprint.limits import BUS_POLICY, Document
from blueprint.organisation import Organisation
from blueprint.policies.documents import Form, admit, allow, both, document, one_or_many, tightest
from blueprint.stages import REQUEST_DETAIL_TYPE, REQUEST_SOURCE

SAGEMAKER_SOURCE = "aws.sagemaker"
PACKAGE_DETAIL_TYPE = "SageMaker Model Package State Change"
STATE_DETAIL_TYPES = (
    "SageMaker Endpoint Deployment State Change",
    "SageMaker Endpoint State Change",
    "SageMaker Model Card State Change",
)
CALL_DETAIL_TYPE = "AWS API Call via CloudTrail"
FORWARDED_DETAIL_TYPES = (*STATE_DETAIL_TYPES, CALL_DETAIL_TYPE)
"""What spokes forward; package events arise in the hub."""


def governance_bus(organisation: Organisation) -> Document | None:
    """The bus's policy, None where no other account posts to it. Raises PolicyTooLarge."""
    if not organisation.spokes:
        return None
    return tightest(organisation, BUS_POLICY, lambda form: _policy(organisation, form))


def _policy(organisation: Organisation, form: Form) -> Document:
    bus = organisation.names.bus_arn(organisation.hub)
    statements = []
    if not organisation.same_account:
        principal, condition = admit(organisation, organisation.spokes, ["forwarder"], form)
        forwarded = both(
            condition,
            {
                "Bool": {"events:eventBusInvocation": "true"},
                "StringEquals": {
                    "events:source": SAGEMAKER_SOURCE,
                    "events:detail-type": one_or_many(FORWARDED_DETAIL_TYPES),
                },
            },
        )
        statements.append(allow("SpokesForward", ["events:PutEvents"], [bus], principal=principal, condition=forwarded))
    asking = organisation.spokes_of(*(name for stage in organisation.stages for name in stage.asked_by))
    if asking:
        principal, condition = admit(organisation, asking, ["execution"], form)
        asked = both(
            condition,
            {"StringEquals": {"events:source": REQUEST_SOURCE, "events:detail-type": REQUEST_DETAIL_TYPE}},
        )
        statements.append(allow("StagesAreAskedFor", ["events:PutEvents"], [bus], principal=principal, condition=asked))
    return document(*statements)
