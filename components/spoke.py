"""A spoke: the roles that work and serve there, and the rule that forwards endpoint states to the hub.

Everything of the hub comes from its contract. Studio, endpoints and the inference API join here as components of their
own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, sqs

from blueprint.contracts import HubContract, SpokeContract
from blueprint.limits import compact
from blueprint.policies.queues import fed_by_rules
from blueprint.policies.spoke_roles import execution_role, forwarder_role, serving_role
from blueprint.rules import endpoint_pattern
from blueprint.settings import SpokeSettings
from components.events import retry_policy
from components.options import child
from components.queues import KEPT_SECONDS
from components.roles import Role, RoleArgs


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokeArgs:
    settings: SpokeSettings
    hub: HubContract


class Spoke(pulumi.ComponentResource):
    contract: SpokeContract

    def __init__(self, name: str, args: SpokeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:spoke:Spoke", name, None, opts)
        settings, hub = args.settings, args.hub
        organisation, spoke, boundary = settings.organisation, settings.spoke, settings.boundary_arn
        inside = pulumi.ResourceOptions(parent=self)
        key = (hub.artifact_key_arn,)
        execution = Role(
            f"{name}-execution",
            RoleArgs(build=lambda arn: execution_role(organisation, spoke, arn), late=key, boundary_arn=boundary),
            inside,
        )
        serving = Role(
            f"{name}-serving",
            RoleArgs(build=lambda arn: serving_role(organisation, spoke, arn), late=key, boundary_arn=boundary),
            inside,
        )
        # In same-account mode endpoint states arise where the hub's own rule sees them.
        forwarding = None if organisation.same_account else Forwarding(f"{name}-endpoints", args, inside)
        self.contract = SpokeContract(
            account=spoke.account,
            stage=spoke.stage,
            execution_role_arn=execution.arn,
            serving_role_arn=serving.arn,
            forward_dlq="" if forwarding is None else forwarding.dead_letter_url,
        )
        self.register_outputs(self.contract.export())


class Forwarding(pulumi.ComponentResource):
    """The rule on the spoke's default bus, its forwarder role, and the queue for what the hub's bus refuses."""

    dead_letter_url: pulumi.Output[str]

    def __init__(self, name: str, args: SpokeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:spoke:Forwarding", name, None, opts)
        settings = args.settings
        organisation, spoke = settings.organisation, settings.spoke
        names = organisation.names
        dlq_name = names.forward_dlq(spoke.stack)
        # Encrypted by SQS itself: a spoke has no key of its own for one queue of events.
        dlq = sqs.Queue(
            name, name=dlq_name, sqs_managed_sse_enabled=True, message_retention_seconds=KEPT_SECONDS, opts=child(self)
        )
        rule_arn = names.rule_arn(spoke.account, names.forward_rule(spoke.stack))
        admitted = sqs.QueuePolicy(
            name,
            queue_url=dlq.url,
            policy=compact(
                fed_by_rules(names.queue_arn(spoke.account, dlq_name), spoke.account, {"RuleEndpointsSends": rule_arn})
            ),
            opts=child(self),
        )
        forwarder = Role(
            f"{name}-forwarder",
            RoleArgs(build=lambda: forwarder_role(organisation, spoke), boundary_arn=settings.boundary_arn),
            pulumi.ResourceOptions(parent=self),
        )
        rule = cloudwatch.EventRule(
            name,
            name=names.forward_rule(spoke.stack),
            description="Endpoint states for the governance hub",
            event_pattern=compact(endpoint_pattern()),
            opts=child(self),
        )
        cloudwatch.EventTarget(
            name,
            rule=rule.name,
            target_id="governance-bus",
            arn=args.hub.governance_bus_arn,
            role_arn=forwarder.arn,
            dead_letter_config=cloudwatch.EventTargetDeadLetterConfigArgs(arn=dlq.arn),
            retry_policy=retry_policy(),
            opts=child(self, after=[admitted, *forwarder.ready]),
        )
        self.dead_letter_url = dlq.url
        self.register_outputs({"dead_letter_url": self.dead_letter_url})
