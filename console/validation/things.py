"""Looks at things of AWS: what each gives is what is set otherwise than the program sets it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from blueprint.names import HUB, Key
from blueprint.policies.hub_roles import execution_role, hub_roles
from blueprint.policies.roles import KeyArns, RoleSpec
from blueprint.policies.shares import shares
from blueprint.policies.spoke_role_list import spoke_roles
from blueprint.policies.tracking_roles import tracking_role
from blueprint.settings import Settings, SpokeSettings
from console.validation.site import Check, Site

BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
MLFLOW_STANDS = ("Created", "Updated")
CHUNK = 100
"""Names that DescribeAlarms takes at once."""


def key(key: Key) -> Callable[[Site], list[str]]:
    def look(site: Site) -> list[str]:
        kms, arn = site.client("kms"), site.keys[key]
        state = kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        found = [] if state == "Enabled" else [f"its state is {state}"]
        if key != "anchors" and not kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]:
            found.append("it isn't rotated")
        return found

    return look


def bucket(name: str, policy: Callable[[Site], Any], key: Key | None) -> Iterator[Check]:
    def guards(site: Site) -> list[str]:
        s3 = site.client("s3")
        found = []
        if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
            found.append("it keeps no versions")
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        found += [f"{each} is off" for each in BLOCKS if not block.get(each)]
        (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        default = rule["ApplyServerSideEncryptionByDefault"]
        wanted = ("AES256", None) if key is None else ("aws:kms", site.keys[key])
        if (default["SSEAlgorithm"], default.get("KMSMasterKeyID")) != wanted:
            found.append(f"it encrypts by {default}")
        return found

    def stated(site: Site) -> list[str]:
        held = json.loads(site.client("s3").get_bucket_policy(Bucket=name)["Policy"])
        return differences(policy(site), held)

    calls = "s3:GetBucketVersioning, GetBucketPublicAccessBlock, GetEncryptionConfiguration"
    yield Check(f"bucket {name}", calls, guards)
    yield Check(f"policy of bucket {name}", "s3:GetBucketPolicy", stated)


def lock(bucket: str, mode: str, days: int) -> Callable[[Site], list[str]]:
    def look(site: Site) -> list[str]:
        held = site.client("s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        retention = held.get("Rule", {}).get("DefaultRetention", {})
        found = (str(retention.get("Mode", "")).lower(), retention.get("Days"))
        return [] if found == (mode, days) else [f"it keeps {found[1]} days in mode {found[0] or 'none'}"]

    return look


def table(name: str, *, protected: bool) -> Callable[[Site], list[str]]:
    def look(site: Site) -> list[str]:
        dynamodb = site.client("dynamodb")
        table = dynamodb.describe_table(TableName=name)["Table"]
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        wanted = {
            f"its status is {table['TableStatus']}": table["TableStatus"] == "ACTIVE",
            "it has no point-in-time recovery": recovery == "ENABLED",
            "it isn't encrypted with the governance key": table.get("SSEDescription", {}).get("KMSMasterKeyArn")
            == site.keys["governance"],
            "its deletion protection is off": bool(table.get("DeletionProtectionEnabled")) or not protected,
        }
        return [problem for problem, good in wanted.items() if not good]

    return look


def function(name: str, queue_arn: str) -> Callable[[Site], list[str]]:
    def look(site: Site) -> list[str]:
        client = site.client("lambda")
        about = client.get_function(FunctionName=name)["Configuration"]
        mappings = client.list_event_source_mappings(FunctionName=name, EventSourceArn=queue_arn)["EventSourceMappings"]
        found = [] if about.get("State", "Active") == "Active" else [f"its state is {about['State']}"]
        if about.get("LastUpdateStatus", "Successful") != "Successful":
            found.append(f"its last update is {about['LastUpdateStatus']}")
        states = [mapping["State"] for mapping in mappings]
        return found if states == ["Enabled"] else [*found, f"mappings of its queue: {states or 'none'}"]

    return look


def queue(name: str) -> Check:
    return Check(
        f"queue {name}", "sqs:GetQueueUrl", lambda site: void(site.client("sqs").get_queue_url(QueueName=name))
    )


def rule(name: str, bus: str | None) -> Check:
    where = {} if bus is None else {"EventBusName": bus}

    def look(site: Site) -> list[str]:
        events = site.client("events")
        state = events.describe_rule(Name=name, **where)["State"]
        targets = events.list_targets_by_rule(Rule=name, **where)["Targets"]
        found = [] if state == "ENABLED" else [f"it is {state}"]
        return found if targets else [*found, "it has no target"]

    return Check(f"rule {name}", "events:DescribeRule, ListTargetsByRule", look)


def group(name: str) -> Callable[[Site], list[str]]:
    return lambda site: void(site.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name))


def void(_: object) -> list[str]:
    """It is there; nothing more is asked of it."""
    return []


def shared(site: Site) -> list[str]:
    ram, organisation = site.client("ram"), site.settings.organisation
    pages = ram.get_paginator("get_resource_shares").paginate(resourceOwner="SELF")
    held = {share["name"]: share for page in pages for share in page["resourceShares"]}
    found = []
    for share in shares(organisation):
        name = organisation.names.share(share.level)
        made = held.get(name)
        if made is None or made["status"] != "ACTIVE":
            found.append(f"{name} is {'missing' if made is None else made['status']}")
            continue
        arns = [made["resourceShareArn"]]
        principals = ram.get_paginator("list_principals").paginate(resourceOwner="SELF", resourceShareArns=arns)
        have = {principal["id"] for page in principals for principal in page["principals"]}
        missing = sorted({principal.identifier for principal in share.principals} - have)
        found += [f"{name} isn't shared with {principal}" for principal in missing]
    return found


def registry(site: Site) -> list[str]:
    """The groups of the hub, as RAM shows them to this account."""
    sagemaker, organisation = site.client("sagemaker"), site.settings.organisation
    return [
        found
        for group in organisation.groups
        for found in void(
            sagemaker.describe_model_package_group(
                ModelPackageGroupName=organisation.names.group_arn(organisation.hub, group)
            )
        )
    ]


def sink(site: Site) -> list[str]:
    return [] if site.client("oam").list_sinks()["Items"] else ["there is none"]


def link(site: Site) -> list[str]:
    links = site.client("oam").list_links()["Items"]
    hub = site.settings.organisation.hub
    return [] if any(link["SinkArn"].split(":")[4] == hub for link in links) else ["none leads to the hub"]


def alarms(names: list[str]) -> Callable[[Site], list[str]]:
    def look(site: Site) -> list[str]:
        client = site.client("cloudwatch")
        chunks = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
        held = {
            alarm["AlarmName"]: alarm
            for chunk in chunks
            for alarm in client.describe_alarms(AlarmNames=chunk, MaxRecords=CHUNK)["MetricAlarms"]
        }
        found = [f"{name} is missing" for name in names if name not in held]
        return found + [f"{name} tells nobody" for name, alarm in held.items() if not alarm.get("AlarmActions")]

    return look


def app(site: Site) -> list[str]:
    settings = site.settings
    name = settings.organisation.names.tracking(settings.stack)
    pages = site.client("sagemaker").get_paginator("list_mlflow_apps").paginate()
    states = [app["Status"] for page in pages for app in page["Summaries"] if app["Name"] == name]
    if len(states) != 1:
        return [f"there are {len(states)} of this name"]
    return [] if states[0] in MLFLOW_STANDS else [f"its status is {states[0]}"]


def server(site: Site) -> list[str]:
    settings = site.settings
    name = settings.organisation.names.tracking(settings.stack)
    held = site.client("sagemaker").describe_mlflow_tracking_server(TrackingServerName=name)
    found = [] if held["IsActive"] == "Active" else [f"it is {held['IsActive']}"]
    return [*found, "it registers by itself"] if held.get("AutomaticModelRegistration") else found


def roles_of_hub(settings: Settings, keys: KeyArns) -> Mapping[str, RoleSpec]:
    """The hub's roles by name, with what its own MLflow adds to them."""
    organisation = settings.organisation
    kind = settings.tracking.resolved(organisation, HUB)
    found = {role.name: role for role in hub_roles(organisation, keys)}
    tracked = [execution_role(organisation, keys.artifacts, kind)]
    tracked += [] if kind == "none" else [tracking_role(organisation, HUB, organisation.hub)]
    return found | {role.name: role for role in tracked}


def hub_role(site: Site, name: str) -> RoleSpec:
    keys = KeyArns(site.keys["artifacts"], site.keys["governance"], site.keys["anchors"])
    return roles_of_hub(site.settings, keys)[name]


def spoke_role(site: Site, name: str) -> RoleSpec:
    settings = cast(SpokeSettings, site.settings)
    kind = settings.tracking.resolved(settings.organisation, settings.stack)
    key = key_named(site, name) or settings.organisation.names.key_arn_like(settings.organisation.hub)
    return next(role for role in spoke_roles(settings.organisation, settings.spoke, key, kind) if role.name == name)


def key_named(site: Site, role: str) -> str | None:
    """The hub's key that a spoke's role names: a spoke can't ask for it by its alias."""
    iam, hub = site.client("iam"), site.settings.organisation.hub
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]:
            for resource in listed(statement.get("Resource")):
                if resource.startswith("arn:") and f":{hub}:key/" in resource:
                    return str(resource)
    return None


def role(spec: RoleSpec, wanted: Callable[[Site], RoleSpec]) -> Check:
    def look(site: Site) -> list[str]:
        iam = site.client("iam")
        role = iam.get_role(RoleName=spec.name)["Role"]
        found = [f"trust: {line}" for line in differences(wanted(site).trust, role["AssumeRolePolicyDocument"])]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if boundary != site.settings.boundary_arn:
            found.append(f"its boundary is {boundary}")
        attached = iam.list_attached_role_policies(RoleName=spec.name)["AttachedPolicies"]
        found += [f"{policy['PolicyArn']} is attached" for policy in attached]
        held = set(iam.list_role_policies(RoleName=spec.name)["PolicyNames"])
        policies = wanted(site).policies
        found += [f"policy {name} is missing" for name in sorted(policies.keys() - held)]
        found += [f"policy {name} isn't ours" for name in sorted(held - policies.keys())]
        for name in sorted(held & policies.keys()):
            document = iam.get_role_policy(RoleName=spec.name, PolicyName=name)["PolicyDocument"]
            found += [f"policy {name}: {line}" for line in differences(policies[name], document)]
        return found

    return Check(f"role {spec.name}", "iam:GetRole, ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies", look)


def differences(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    """Statements, by their Sid, that one document has and the other hasn't, or has otherwise."""
    ours, theirs = by_sid(wanted), by_sid(held)
    found = [f"{sid} is missing" for sid in ours.keys() - theirs.keys()]
    found += [f"{sid} isn't ours" for sid in theirs.keys() - ours.keys()]
    found += [f"{sid} differs" for sid in ours.keys() & theirs.keys() if ours[sid] != theirs[sid]]
    return sorted(found)


def by_sid(document: Mapping[str, Any]) -> dict[str, Any]:
    statements = document["Statement"]
    several = statements if isinstance(statements, list) else [statements]
    return {str(one.get("Sid") or f"statement {place}"): plain(one) for place, one in enumerate(several)}


def plain(value: Any) -> Any:
    """Without what spelling alone makes different: one or a list of one, and the order of lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return sorted(str(item) for item in listed(value))


def listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
