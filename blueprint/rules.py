"""EventBridge rules: which events are captured, by which rule, on which bus.

Package events arise in the hub, on its default bus, and go straight to the queue: an event that came from another bus
isn't routed on to a third (eventbridge eb-cross-account). Endpoint events and requests come over the governance bus; in
same-account mode endpoint events, too, arise on the hub's default bus.
"""

from __future__ import annotations

from dataclasses import dataclass

from blueprint.limits import Document
from blueprint.names import HubRule
from blueprint.organisation import Organisation
from blueprint.policies.bus import ENDPOINT_DETAIL_TYPES, PACKAGE_DETAIL_TYPE, SAGEMAKER_SOURCE
from blueprint.stages import REQUEST_DETAIL_TYPE, REQUEST_SOURCE


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


def endpoint_pattern() -> Document:
    """Every state of every endpoint: the spelling of the states differs between event and API, so code filters."""
    return {"source": [SAGEMAKER_SOURCE], "detail-type": list(ENDPOINT_DETAIL_TYPES)}


def hub_rules(organisation: Organisation) -> tuple[RuleSpec, ...]:
    """The hub's rules, all of which send to the capture queue."""
    bus = organisation.names.bus
    return (
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
        RuleSpec(
            rule="endpoints",
            description="Endpoint states of the spokes",
            bus=None if organisation.same_account else bus,
            pattern=endpoint_pattern(),
        ),
        RuleSpec(
            rule="requests",
            description="Requests for a stage",
            bus=bus,
            pattern={"source": [REQUEST_SOURCE], "detail-type": [REQUEST_DETAIL_TYPE]},
        ),
    )
