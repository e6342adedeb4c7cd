"""DescribeModelPackage, BatchDescribeModelPackage and ListModelPackages."""

from __future__ import annotations

import copy

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves

from .encryption import decrypt_package
from .names import group_name, package_ref
from .needs import batch_need, list_packages_need, package_need
from .registry import Package, find_group, find_package, paged, registry

_MODEL = "botocore sagemaker service-2: "
_SUMMARY = (
    "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "ModelPackageDescription", "CreationTime",
    "ModelPackageStatus", "ModelApprovalStatus", "ModelLifeCycle", "ModelPackageRegistrationType",
)  # fmt: skip
_BATCH_SUMMARY = (
    "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "ModelPackageDescription", "CreationTime",
    "InferenceSpecification", "ModelPackageStatus", "ModelApprovalStatus", "ModelPackageRegistrationType",
)  # fmt: skip


@serves(
    "sagemaker", "DescribeModelPackage", needs=package_need,
    source=_MODEL + "DescribeModelPackage: Decrypt as the caller for an encrypted version, MetadataOnly without it "
    "and with the card's content blanked",
)  # fmt: skip
def describe_package(org: Organisation, call: Call) -> Params:
    package = find_package(org, package_ref(call.params["ModelPackageName"], call.owner, call.region))
    record = copy.deepcopy(package.record)
    if call.params.get("IncludedData") == "MetadataOnly":
        if "ModelCard" in record:
            record["ModelCard"]["ModelCardContent"] = ""
        return record
    decrypt_package(org, call, package)
    return record


@serves(
    "sagemaker", "BatchDescribeModelPackage", needs=batch_need,
    source=_MODEL + "BatchDescribeModelPackage: what isn't found goes to the error map, by ARN",
)  # fmt: skip
def batch_describe(org: Organisation, call: Call) -> Params:
    found: dict[str, Params] = {}
    errors: dict[str, Params] = {}
    for arn in call.params["ModelPackageArnList"]:
        try:
            package = find_package(org, package_ref(arn, call.owner, call.region))
        except ApiError as error:
            errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        else:
            found[arn] = _shown(package, _BATCH_SUMMARY)
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


@serves(
    "sagemaker", "ListModelPackages", needs=list_packages_need,
    source=_MODEL + "ListModelPackages: a group's versions by its name or, from another account, its full ARN; "
    "without a group and a type only unversioned packages, of which there are none here",
)  # fmt: skip
def list_packages(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = [package for package in _candidates(org, call) if _matches(package, params)]
    member = "ModelPackageVersion" if params.get("SortBy") == "Name" else "CreationTime"
    rows.sort(
        key=lambda package: (package.record[member], package.ref.version),
        reverse=params.get("SortOrder") == "Descending",
    )
    return paged("ModelPackageSummaryList", [_shown(package, _SUMMARY) for package in rows], params)


def _candidates(org: Organisation, call: Call) -> list[Package]:
    params = call.params
    if params.get("ModelPackageGroupName"):
        group = find_group(org, call.owner, call.region, group_name(params["ModelPackageGroupName"]))
        return list(group.packages.values())
    if params.get("ModelPackageType") not in ("Versioned", "Both"):
        return []
    groups = registry(org, call.owner, call.region).groups.values()
    return [package for group in groups for package in group.packages.values()]


def _matches(package: Package, params: Params) -> bool:
    record = package.record
    after, before = params.get("CreationTimeAfter"), params.get("CreationTimeBefore")
    return (
        params.get("ModelApprovalStatus") in (None, record["ModelApprovalStatus"])
        and (params.get("NameContains") or "").lower() in package.ref.group.lower()
        and (after is None or record["CreationTime"] > after)
        and (before is None or record["CreationTime"] < before)
    )


def _shown(package: Package, members: tuple[str, ...]) -> Params:
    return {member: copy.deepcopy(package.record[member]) for member in members if member in package.record}
