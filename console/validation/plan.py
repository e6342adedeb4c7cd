"""What each stack must have made, as a list of looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from blueprint.alarms import hub_alarms, spoke_alarms
from blueprint.functions import FUNCTION_SPECS
from blueprint.names import SPOKE_RULES, Bucket, Key
from blueprint.policies import observability
from blueprint.policies.anchors_bucket import anchors_bucket, documents_bucket
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.roles import KeyArns
from blueprint.policies.spoke_role_list import spoke_roles
from blueprint.policies.tracking_roles import tracking_bucket
from blueprint.rules import hub_rules
from blueprint.settings import HubSettings, Settings, SpokeSettings
from blueprint.tables import TABLE_SPECS
from console.validation import things
from console.validation.site import KEYS, Check, Site


def checks_of(settings: Settings) -> list[Check]:
    if isinstance(settings, HubSettings):
        return list(_hub(settings))
    assert isinstance(settings, SpokeSettings), "a stack is the hub's or a spoke's"  # noqa: S101
    return list(_spoke(settings))


def _hub(settings: HubSettings) -> Iterator[Check]:
    organisation = settings.organisation
    names, hub = organisation.names, organisation.hub
    for key in KEYS:
        yield Check(f"key {names.alias(key)}", "kms:DescribeKey, GetKeyRotationStatus", things.key(key))
    policies: Mapping[Bucket, Callable[[Site], Any]] = {
        "artifacts": lambda site: artifact_bucket(organisation, site.keys["artifacts"]),
        "documents": lambda _: documents_bucket(organisation),
        "anchors": lambda _: anchors_bucket(organisation),
    }
    encrypted: Mapping[Bucket, Key | None] = {"artifacts": "artifacts", "documents": "governance", "anchors": None}
    for bucket, policy in policies.items():
        yield from things.bucket(names.bucket(hub, bucket), policy, encrypted[bucket])
    anchors, retention = names.bucket(hub, "anchors"), settings.data.anchor_retention
    yield Check(
        f"lock of bucket {anchors}",
        "s3:GetObjectLockConfiguration",
        things.lock(anchors, retention.mode, retention.days),
    )
    for spec in TABLE_SPECS:
        yield Check(
            f"table {names.table(spec.table)}", "dynamodb:DescribeTable, DescribeContinuousBackups",
            things.table(names.table(spec.table), protected=settings.stateful == "protect"),
        )  # fmt: skip
    for function in FUNCTION_SPECS:
        yield Check(
            f"function {names.function(function.function)}", "lambda:GetFunction, ListEventSourceMappings",
            things.function(names.function(function.function), names.queue_arn(hub, names.queue(function.queue))),
        )  # fmt: skip
        yield things.queue(names.queue(function.dead_letters))
    for rule in hub_rules(organisation):
        yield things.rule(names.hub_rule(rule.rule), rule.bus)
    for group in organisation.groups:
        yield Check(f"group {group}", "sagemaker:DescribeModelPackageGroup", things.group(group))
    if not organisation.same_account:
        yield Check("shares", "ram:GetResourceShares, ListPrincipals", things.shared)
    if observability.sink(organisation) is not None:
        yield Check("metrics sink", "oam:ListSinks", things.sink)
    keys = KeyArns(*(names.key_arn_like(hub) for _ in KEYS))
    for role in things.roles_of_hub(settings, keys).values():
        yield things.role(role, lambda site, name=role.name: things.hub_role(site, name))  # type: ignore[misc]  # bound now
    specs = hub_alarms(organisation, settings.data.schedules)
    yield Check("alarms", "cloudwatch:DescribeAlarms", things.alarms([names.alarm(spec.what) for spec in specs]))
    yield from _tracking(settings)


def _spoke(settings: SpokeSettings) -> Iterator[Check]:
    organisation, spoke = settings.organisation, settings.spoke
    names = organisation.names
    kind = settings.tracking.resolved(organisation, settings.stack)
    for role in spoke_roles(organisation, spoke, names.key_arn_like(organisation.hub), kind):
        yield things.role(role, lambda site, name=role.name: things.spoke_role(site, name))  # type: ignore[misc]  # bound now
    yield Check("registry of the hub", "sagemaker:ListModelPackageGroups, DescribeModelPackageGroup", things.registry)
    if not organisation.same_account:
        for rule in SPOKE_RULES:
            yield things.rule(names.forward_rule(spoke.stack, rule), None)
        yield things.queue(names.forward_dlq(spoke.stack))
        yield Check("metrics link", "oam:ListLinks", things.link)
        specs = spoke_alarms(organisation, spoke)
        yield Check("alarms", "cloudwatch:DescribeAlarms", things.alarms([names.alarm(spec.what) for spec in specs]))
    yield from _tracking(settings)


def _tracking(settings: Settings) -> Iterator[Check]:
    organisation, stack, account = settings.organisation, settings.stack, settings.account
    kind = settings.tracking.resolved(organisation, stack)
    if kind == "none":
        return
    names = organisation.names
    yield from things.bucket(
        names.tracking_bucket(stack, account), lambda _: tracking_bucket(organisation, stack, account), None
    )
    lists = "sagemaker:ListMlflowApps" if kind == "app" else "sagemaker:DescribeMlflowTrackingServer"
    yield Check(f"MLflow {names.tracking(stack)}", lists, things.app if kind == "app" else things.server)
