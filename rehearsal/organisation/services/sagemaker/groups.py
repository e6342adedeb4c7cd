"""Model package groups: create, describe, list, delete."""

from __future__ import annotations

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.services.ram.sharing import shared_resources

from .names import group_arn, group_name, group_of
from .needs import anywhere, group_need
from .registry import Group, conflict, find_group, invalid, now, paged, registry, tags_of, user_context

_MODEL = "botocore sagemaker service-2: "


@serves(
    "sagemaker", "CreateModelPackageGroup", needs=group_need,
    source=_MODEL + "CreateModelPackageGroup; a taken name: ValidationException 'already exists' as callers met it",
)  # fmt: skip
def create_group(org: Organisation, call: Call) -> Params:
    params = call.params
    if params.get("ManagedConfiguration"):
        raise NotEmulated("sagemaker:CreateModelPackageGroup with ManagedConfiguration")
    name = params["ModelPackageGroupName"]
    arn = group_arn(call.owner, call.region, name)
    record: Params = {
        "ModelPackageGroupName": name,
        "ModelPackageGroupArn": arn,
        "CreationTime": now(org),
        "CreatedBy": user_context(call.caller),
        "ModelPackageGroupStatus": "Completed",
    }
    if params.get("ModelPackageGroupDescription") is not None:
        record["ModelPackageGroupDescription"] = params["ModelPackageGroupDescription"]
    group = Group(name, arn, record, tags_of(params))
    store = registry(org, call.owner, call.region)
    if name in store.groups:
        raise invalid(f"Model Package Group already exists: {arn}")
    store.groups[name] = group
    return {"ModelPackageGroupArn": arn}


@serves(
    "sagemaker", "DescribeModelPackageGroup", needs=group_need,
    source=_MODEL + "DescribeModelPackageGroup; another account's group by its full ARN (developer guide, "
    "model-registry-ram-discover)",
)  # fmt: skip
def describe_group(org: Organisation, call: Call) -> Params:
    return dict(find_group(org, call.owner, call.region, group_name(call.params["ModelPackageGroupName"])).record)


@serves(
    "sagemaker", "ListModelPackageGroups", needs=anywhere,
    source=_MODEL + "ListModelPackageGroups: CrossAccountFilterOption CrossAccount shows what others share",
)  # fmt: skip
def list_groups(org: Organisation, call: Call) -> Params:
    params = call.params
    if params.get("CrossAccountFilterOption") == "CrossAccount":
        groups = _shared_groups(org, call)
    else:
        groups = list(registry(org, call.owner, call.region).groups.values())
    rows = [_summary(group) for group in groups if _matches(group, params)]
    member = "ModelPackageGroupName" if params.get("SortBy") == "Name" else "CreationTime"
    rows.sort(key=lambda row: row[member], reverse=params.get("SortOrder") == "Descending")
    return paged("ModelPackageGroupSummaryList", rows, params)


def _shared_groups(org: Organisation, call: Call) -> list[Group]:
    found: list[Group] = []
    for arn in shared_resources(org, call.caller, call.region):
        where = group_of(arn)
        if where is None:
            continue
        account, region, name = where
        group = registry(org, account, region).groups.get(name)
        if group is not None and region == call.region:
            found.append(group)
    return found


def _matches(group: Group, params: Params) -> bool:
    created = group.record["CreationTime"]
    after, before = params.get("CreationTimeAfter"), params.get("CreationTimeBefore")
    return (
        (params.get("NameContains") or "").lower() in group.name.lower()
        and (after is None or created > after)
        and (before is None or created < before)
    )


def _summary(group: Group) -> Params:
    return {member: value for member, value in group.record.items() if member != "CreatedBy"}


@serves(
    "sagemaker", "DeleteModelPackageGroup", needs=group_need,
    source=_MODEL + "DeleteModelPackageGroup; only an empty group can be deleted (developer guide, "
    "model-registry-delete-model-group)",
)  # fmt: skip
def delete_group(org: Organisation, call: Call) -> Params:
    name = group_name(call.params["ModelPackageGroupName"])
    group = find_group(org, call.owner, call.region, name)
    if group.packages:
        raise conflict(
            f"Model Package Group {group.arn} cannot be deleted because it still contains "
            f"{len(group.packages)} model package(s). Delete them first."
        )
    del registry(org, call.owner, call.region).groups[name]
    return {}
