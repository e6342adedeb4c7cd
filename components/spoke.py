"""A spoke: the roles that work and serve there, Studio, and what shows the account to the hub.

Everything of the hub comes from its contract. Endpoints aren't the program's: deployers make them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pulumi
from pulumi_aws import cloudwatch, oam, sqs

from blueprint.alarms import spoke_alarms
from blueprint.contracts import HubContract, SpokeContract
from blueprint.library import LibraryFacts
from blueprint.limits import compact
from blueprint.packages import Package
from blueprint.policies.data_roles import reader_role
from blueprint.policies.deployer_role import deployer_role
from blueprint.policies.observability import METRIC_FILTER, METRICS_TYPE
from blueprint.policies.queues import fed_by_rules
from blueprint.policies.spoke_roles import execution_role, forwarder_role, serving_role
from blueprint.rules import spoke_rules
from blueprint.settings import SpokeSettings
from components.events import retry_policy
from components.inference import InferenceApi, InferenceArgs
from components.observability import Alarms, AlarmsArgs
from components.options import child
from components.queues import KEPT_SECONDS
from components.roles import OptionalRoleArgs, Role, RoleArgs, optional_role_arn
from components.studio import Workplace, WorkplaceArgs
from components.tracking import TrackingArgs, tracking_arn

LABEL = "$AccountName"
"""How the hub sees the account beside its id (botocore oam, LabelTemplate); create-only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokeArgs:
    """`root` is the project's folder, in which the notebooks and the script that fetches them lie. `inference_package`:
    of the inference API's function, None where the settings have no API.
    """

    settings: SpokeSettings
    hub: HubContract
    root: Path
    inference_package: Package | None


class Spoke(pulumi.ComponentResource):
    contract: SpokeContract

    def __init__(self, name: str, args: SpokeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:spoke:Spoke", name, None, opts)
        settings, hub = args.settings, args.hub
        organisation, spoke, boundary = settings.organisation, settings.spoke, settings.boundary_arn
        inside = pulumi.ResourceOptions(parent=self)
        key = (hub.artifact_key_arn,)
        tracking = settings.tracking.resolved(organisation, settings.stack)
        execution = Role(
            f"{name}-execution",
            RoleArgs(
                build=lambda arn: execution_role(organisation, spoke, arn, tracking), late=key, boundary_arn=boundary
            ),
            inside,
        )
        serving = Role(
            f"{name}-serving",
            RoleArgs(build=lambda arn: serving_role(organisation, spoke, arn), late=key, boundary_arn=boundary),
            inside,
        )
        deployer_arn = optional_role_arn(
            f"{name}-deployer",
            OptionalRoleArgs(build=lambda: deployer_role(organisation, spoke), boundary_arn=boundary),
            inside,
        )
        workplace = Workplace(
            f"{name}-studio",
            WorkplaceArgs(
                settings=settings,
                root=args.root,
                execution_role_arn=execution.arn,
                execution_ready=execution.ready,
                library=LibraryFacts(
                    bucket=hub.notebooks_bucket,
                    files=hub.notebooks,
                    artifact_bucket=hub.artifact_bucket,
                    groups=hub.model_package_groups,
                ),
            ),
            inside,
        )
        self.contract = SpokeContract(
            account=spoke.account,
            stage=spoke.stage,
            execution_role_arn=execution.arn,
            serving_role_arn=serving.arn,
            deployer_role_arn=deployer_arn,
            reader_role_arn="",
            forward_dlq="",
            tracking_arn=tracking_arn(f"{name}-tracking", TrackingArgs(settings=settings), inside),
            inference_url=self._inference(name, args),
            domain_id=workplace.domain_id,
            user_profiles=workplace.profiles,
        )
        # In same-account mode the hub's own rules, roles and metrics see everything.
        if not organisation.same_account:
            watched = Watched(f"{name}-watched", args, inside)
            self.contract = replace(
                self.contract, reader_role_arn=watched.reader_arn, forward_dlq=watched.dead_letter_url
            )
        self.register_outputs(self.contract.export())

    def _inference(self, name: str, args: SpokeArgs) -> pulumi.Input[str]:
        """The URL of the inference API, "" where the settings have none."""
        inference = args.settings.inference
        if inference is None or args.inference_package is None:
            return ""
        api = InferenceApi(
            f"{name}-inference",
            InferenceArgs(
                settings=args.settings,
                inference=inference,
                root=args.root,
                package=args.inference_package,
                topic_arn=args.hub.alarm_topic_arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return api.url


class Watched(pulumi.ComponentResource):
    """What shows an account to the hub: forwarded events, the role to read it with, the link to its metrics."""

    reader_arn: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]

    def __init__(self, name: str, args: SpokeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:spoke:Watched", name, None, opts)
        settings = args.settings
        organisation, spoke = settings.organisation, settings.spoke
        inside = pulumi.ResourceOptions(parent=self)
        stack = spoke.stack
        forwarding = Forwarding(stack, args, inside)
        reader = Role(
            f"{stack}-reader",
            RoleArgs(build=lambda: reader_role(organisation, spoke), boundary_arn=settings.boundary_arn),
            inside,
        )
        oam.Link(
            f"{stack}-metrics",
            label_template=LABEL,
            resource_types=[METRICS_TYPE],
            sink_identifier=args.hub.sink_arn,
            link_configuration=oam.LinkLinkConfigurationArgs(
                metric_configuration=oam.LinkLinkConfigurationMetricConfigurationArgs(filter=METRIC_FILTER)
            ),
            opts=child(self),
        )
        Alarms(
            stack,
            AlarmsArgs(
                organisation=organisation,
                specs=spoke_alarms(organisation, spoke),
                topic_arn=args.hub.alarm_topic_arn,
            ),
            inside,
        )
        self.reader_arn = reader.arn
        self.dead_letter_url = forwarding.dead_letter_url
        self.register_outputs({"reader_arn": self.reader_arn, "dead_letter_url": self.dead_letter_url})


class Forwarding(pulumi.ComponentResource):
    """The rules on the spoke's default bus, their forwarder role, and the queue for what the hub's bus refuses."""

    dead_letter_url: pulumi.Output[str]

    def __init__(self, name: str, args: SpokeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:spoke:Forwarding", name, None, opts)
        settings = args.settings
        organisation, spoke = settings.organisation, settings.spoke
        names = organisation.names
        dlq_name = names.forward_dlq(spoke.stack)
        # Encrypted by SQS itself: a spoke has no key of its own for one queue of events.
        dlq = sqs.Queue(
            f"{name}-forward-dlq",
            name=dlq_name,
            sqs_managed_sse_enabled=True,
            message_retention_seconds=KEPT_SECONDS,
            opts=child(self),
        )
        rule_arns = {
            f"Rule{spec.rule.title()}Sends": names.rule_arn(spoke.account, names.forward_rule(spoke.stack, spec.rule))
            for spec in spoke_rules()
        }
        admitted = sqs.QueuePolicy(
            f"{name}-forward-dlq",
            queue_url=dlq.url,
            policy=compact(fed_by_rules(names.queue_arn(spoke.account, dlq_name), spoke.account, rule_arns)),
            opts=child(self),
        )
        forwarder = Role(
            f"{name}-forwarder",
            RoleArgs(build=lambda: forwarder_role(organisation, spoke), boundary_arn=settings.boundary_arn),
            pulumi.ResourceOptions(parent=self),
        )
        for spec in spoke_rules():
            rule = cloudwatch.EventRule(
                f"{name}-{spec.rule}",
                name=names.forward_rule(spoke.stack, spec.rule),
                description=spec.description,
                event_pattern=compact(spec.pattern),
                opts=child(self),
            )
            cloudwatch.EventTarget(
                f"{name}-{spec.rule}",
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
