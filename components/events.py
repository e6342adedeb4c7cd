"""The governance bus, the hub's rules and its schedules, each with a target, retries and a dead-letter queue.

Owns bus, its policy, rules and targets. The queues and their policies come in: a target without the queue's permission
loses its events without a retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch

from blueprint.data_settings import Interval
from blueprint.functions import SCHEDULED
from blueprint.limits import compact
from blueprint.names import Function
from blueprint.organisation import Organisation
from blueprint.policies.bus import governance_bus
from blueprint.rules import hub_rules
from components.options import child
from components.queues import Queues

RETRY_SECONDS = 24 * 3600
RETRY_ATTEMPTS = 185
"""EventBridge's own maxima (eventbridge eb-rule-retry-policy), stated so that nobody lowers them unseen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BusArgs:
    organisation: Organisation


class Bus(pulumi.ComponentResource):
    """The bus that spokes post to."""

    arn: pulumi.Output[str]
    bus_name: pulumi.Output[str]

    def __init__(self, name: str, args: BusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:capture:Bus", name, None, opts)
        bus = cloudwatch.EventBus(
            name,
            name=args.organisation.names.bus,
            description="Events that concern model governance",
            opts=child(self),
        )
        document = governance_bus(args.organisation)
        if document is not None:
            cloudwatch.EventBusPolicy(name, event_bus_name=bus.name, policy=compact(document), opts=child(self))
        self.arn = bus.arn
        self.bus_name = bus.name
        self.register_outputs({"arn": self.arn, "bus_name": self.bus_name})


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesArgs:
    organisation: Organisation
    bus_name: pulumi.Input[str]
    queues: Queues
    schedules: Mapping[Function, Interval]


class Rules(pulumi.ComponentResource):
    """The hub's rules: events to the capture queue, scheduled runs to the functions' own queues."""

    def __init__(self, name: str, args: RulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:capture:Rules", name, None, opts)
        names, queues = args.organisation.names, args.queues
        for spec in hub_rules(args.organisation):
            bus_name = None if spec.bus is None else args.bus_name
            rule = cloudwatch.EventRule(
                f"{name}-{spec.rule}",
                name=names.hub_rule(spec.rule),
                description=spec.description,
                event_bus_name=bus_name,
                event_pattern=compact(spec.pattern),
                opts=child(self),
            )
            cloudwatch.EventTarget(
                f"{name}-{spec.rule}",
                rule=rule.name,
                event_bus_name=bus_name,
                target_id="capture",
                arn=queues.made["capture"].arn,
                dead_letter_config=cloudwatch.EventTargetDeadLetterConfigArgs(arn=queues.made["rules-dlq"].arn),
                retry_policy=retry_policy(),
                opts=child(self, after=[queues.admitted["capture"], queues.admitted["rules-dlq"]]),
            )
        for function in SCHEDULED:
            rule = cloudwatch.EventRule(
                f"{name}-schedule-{function.function}",
                name=names.schedule_rule(function.function),
                description=f"Scheduled runs of the {function.function} function",
                schedule_expression=args.schedules[function.function].expression,
                opts=child(self),
            )
            cloudwatch.EventTarget(
                f"{name}-schedule-{function.function}",
                rule=rule.name,
                target_id="jobs",
                arn=queues.made[function.queue].arn,
                dead_letter_config=cloudwatch.EventTargetDeadLetterConfigArgs(arn=queues.made["rules-dlq"].arn),
                retry_policy=retry_policy(),
                opts=child(self, after=[queues.admitted[function.queue], queues.admitted["rules-dlq"]]),
            )
        self.register_outputs({})


def retry_policy() -> cloudwatch.EventTargetRetryPolicyArgs:
    """As long and as often as EventBridge can."""
    return cloudwatch.EventTargetRetryPolicyArgs(
        maximum_event_age_in_seconds=RETRY_SECONDS, maximum_retry_attempts=RETRY_ATTEMPTS
    )
