"""Alarms and who hears of them, and the sink through which the hub sees the spokes' metrics.

Owns topic, subscriptions, alarms, sink. One topic, in the hub: alarms of the spokes publish to it across accounts, so
that nobody has to subscribe in each account, and an account's own topic isn't one more thing to encrypt and to watch.
The forward DLQ's alarm stands in the spoke, as its metric does: the hub is up before a spoke links its metrics, and an
alarm on metrics of an account that isn't linked is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import cloudwatch, oam, sns

from blueprint.alarms import AlarmSpec, hub_alarms
from blueprint.limits import compact
from blueprint.organisation import Organisation
from blueprint.policies import observability
from blueprint.settings import HubSettings
from components.options import child


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmsArgs:
    """`topic_arn`: where they publish. `known_later`: by a dimension's placeholder what it is once it is made."""

    organisation: Organisation
    specs: Sequence[AlarmSpec]
    topic_arn: pulumi.Input[str]
    known_later: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class Alarms(pulumi.ComponentResource):
    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:observability:Alarms", name, None, opts)
        for spec in args.specs:
            cloudwatch.MetricAlarm(
                spec.what,
                name=args.organisation.names.alarm(spec.what),
                alarm_description=f"{spec.meaning[0].upper()}{spec.meaning[1:]} (docs/runbook.md)",
                namespace=spec.namespace,
                metric_name=spec.metric,
                dimensions={key: args.known_later.get(value, value) for key, value in spec.dimensions.items()},
                statistic=spec.statistic,
                comparison_operator=spec.comparison,
                threshold=spec.threshold,
                period=spec.period_seconds,
                evaluation_periods=spec.periods,
                treat_missing_data=spec.missing,
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                opts=child(self),
            )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservabilityArgs:
    settings: HubSettings
    key_arn: pulumi.Input[str]


class Observability(pulumi.ComponentResource):
    """`sink_arn` is "" where no other account's metrics are read."""

    topic_arn: pulumi.Output[str]
    sink_arn: pulumi.Input[str]

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:observability:Observability", name, None, opts)
        settings = args.settings
        organisation = settings.organisation
        topic = sns.Topic(
            f"{name}-alarms", name=organisation.names.topic, kms_master_key_id=args.key_arn, opts=child(self)
        )
        sns.TopicPolicy(
            f"{name}-alarms",
            arn=topic.arn,
            policy=compact(observability.topic(organisation)),
            opts=child(self),
        )
        for address in settings.data.alarm_emails:
            sns.TopicSubscription(
                f"{name}-alarms-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=child(self)
            )
        Alarms(
            name,
            AlarmsArgs(
                organisation=organisation,
                specs=hub_alarms(organisation, settings.data.schedules),
                topic_arn=topic.arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.topic_arn = topic.arn
        self.sink_arn = self._sink(name, settings)
        self.register_outputs({"topic_arn": self.topic_arn, "sink_arn": self.sink_arn})

    def _sink(self, name: str, settings: HubSettings) -> pulumi.Input[str]:
        """The hub's sink: an account has one a region, so one that exists is adopted by its ARN, its policy included.

        The policy comes before any spoke's link, since spokes come up after the hub.
        """
        document = observability.sink(settings.organisation)
        if document is None:
            return ""
        if settings.data.oam_sink_arn is not None:
            return settings.data.oam_sink_arn
        sink = oam.Sink(f"{name}-metrics", name=settings.organisation.names.sink, opts=child(self))
        oam.SinkPolicy(f"{name}-metrics", sink_identifier=sink.arn, policy=compact(document), opts=child(self))
        arn: pulumi.Output[str] = sink.arn
        return arn
