"""EventBridge rules: which events are captured, by which rule, on which bus; and which rules start scheduled runs.

Events arise on the default bus of the account that owns what changed, records of calls on that of the caller's. The
hub's own go straight to the queue: an event that came from another bus isn't routed on to a third (eventbridge
eb-cross-account). The spokes' come over the governance bus; in same-account mode all arise in the hub.
"""

from __future__ import annotations

from dataclasses import dataclass

from blueprint.functions import SCHEDULED
from blueprint.limits import Document
from blueprint.names import Function, HubRule, SpokeRule
from blueprint.organisation import Organisation
from blueprint.policies.bus import CALL_DETAIL_TYPE, PACKAGE_DETAIL_TYPE, SAGEMAKER_SOURCE, STATE_DETAIL_TYPES
from blueprint.stages import REQUEST_DETAIL_TYPE, REQUEST_SOURCE

MUTATING_CALLS = (
    "CreateEndpoint",
    "CreateInferenceComponent",
    "CreateModelCard",
    "CreateModelPackage",
    "DeleteEndpoint",
    "DeleteEndpointConfig",
    "DeleteInferenceComponent",
    "DeleteModel",
    "DeleteModelCard",
    "DeleteModelPackage",
    "DeleteModelPackageGroup",
    "UpdateEndpoint",
    "UpdateEndpointWeightsAndCapacities",
    "UpdateInferenceComponent",
    "UpdateInferenceComponentRuntimeConfig",
    "UpdateModelCard",
    "UpdateModelPackage",
)
"""Calls whose CloudTrail records are captured: SageMaker's own events promise nothing for deletions and inference
components, and name no caller (botocore sagemaker)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """A rule of the hub. `bus` is None for the default bus."""

    rule: HubRule
    description: str
    bus: str | None
    pattern: Document

    def arn(self, organisation: Organisation) -> str:
        names = organisation.names
        return names.rule_arn(organisation.hub, names.hub_rule(self.rule), self.bus)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokeRuleSpec:
    """A rule on a spoke's default bus, which forwards to the governance bus."""

    rule: SpokeRule
    description: str
    pattern: Document


def state_pattern() -> Document:
    """Every state of every endpoint, deployment and card: their spelling differs between event and API, so code
    filters.
    """
    return {"source": [SAGEMAKER_SOURCE], "detail-type": list(STATE_DETAIL_TYPES)}


def call_pattern() -> Document:
    """Records of calls that changed something: a refused call carries an `errorCode`."""
    return {
        "source": [SAGEMAKER_SOURCE],
        "detail-type": [CALL_DETAIL_TYPE],
        "detail": {"eventName": list(MUTATING_CALLS), "errorCode": [{"exists": False}]},
    }


def spoke_rules() -> tuple[SpokeRuleSpec, ...]:
    """A spoke's rules. The record of a call on the hub's registry is the caller's, so spokes forward these, too."""
    return (
        SpokeRuleSpec(
            rule="states", description="Endpoint and card states for the governance hub", pattern=state_pattern()
        ),
        SpokeRuleSpec(
            rule="calls", description="Calls that change models, for the governance hub", pattern=call_pattern()
        ),
    )


def hub_rules(organisation: Organisation) -> tuple[RuleSpec, ...]:
    """The hub's rules, all of which send to the capture queue."""
    bus = organisation.names.bus
    own = (
        RuleSpec(
            rule="packages",
            description="Changes of governed model versions",
            bus=None,
            pattern={
                "source": [SAGEMAKER_SOURCE],
                "detail-type": [PACKAGE_DETAIL_TYPE],
                "detail": {"ModelPackageGroupName": list(organisation.groups)},
            },
        ),
        RuleSpec(rule="states", description="Endpoint and card states of the hub", bus=None, pattern=state_pattern()),
        RuleSpec(
            rule="calls", description="Calls in the hub that change models", bus=None, pattern=call_pattern()
        ),
    )  # fmt: skip
    requests = RuleSpec(
        rule="requests",
        description="Requests for a stage",
        bus=bus,
        pattern={"source": [REQUEST_SOURCE], "detail-type": [REQUEST_DETAIL_TYPE]},
    )
    if organisation.same_account:
        return (*own, requests)
    forwarded = RuleSpec(
        rule="forwarded",
        description="States and calls that the spokes forward",
        bus=bus,
        pattern={"source": [SAGEMAKER_SOURCE], "detail-type": [*STATE_DETAIL_TYPES, CALL_DETAIL_TYPE]},
    )
    return (*own, forwarded, requests)


def schedule_arns(organisation: Organisation) -> dict[Function, str]:
    """ARN by function of the rules that start scheduled runs; schedules stand on the default bus only."""
    names = organisation.names
    return {spec.function: names.rule_arn(organisation.hub, names.schedule_rule(spec.function)) for spec in SCHEDULED}
