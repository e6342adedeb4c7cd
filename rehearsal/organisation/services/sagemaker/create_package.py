"""CreateModelPackage: a new version of a group, by the group's name or, from another account, its ARN."""

from __future__ import annotations

import copy

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves

from .artifacts import registry_root, resolved_specification
from .cards import new_card
from .encryption import use_package_key
from .names import PackageRef, group_name, package_ref
from .needs import create_package_need
from .package_events import emit_created
from .registry import (
    Group,
    Package,
    answer_once,
    find_group,
    find_package,
    invalid,
    now,
    tags_of,
    user_context,
)

_UNSERVED = (
    "ValidationSpecification", "SourceAlgorithmSpecification", "ManagedStorageType", "CertifyForMarketplace",
)  # fmt: skip
_KEPT = (
    "ModelPackageDescription", "ModelPackageRegistrationType", "MetadataProperties", "ModelMetrics", "Domain", "Task",
    "SamplePayloadUrl", "CustomerMetadataProperties", "DriftCheckBaselines", "AdditionalInferenceSpecifications",
    "SkipModelValidation", "SourceUri", "ModelLifeCycle",
)  # fmt: skip
_CLONED = (
    "ModelPackageDescription", "InferenceSpecification", "MetadataProperties", "ModelMetrics", "Domain", "Task",
    "SamplePayloadUrl", "CustomerMetadataProperties", "DriftCheckBaselines", "AdditionalInferenceSpecifications",
    "ModelCard",
)  # fmt: skip
_READS = "SageMaker reads the artifact of the new version as the registry's account"


@serves(
    "sagemaker", "CreateModelPackage", needs=create_package_need, fidelity="emulated",
    source="botocore sagemaker service-2: CreateModelPackage; model-registry-version (who must be able to read)",
    note="versioned packages only; Completed at once, no validation job; the image is not pulled (no ECR), its digest "
    "is made up; that the registry's account reads the artifact, that a clone starts as PendingManualApproval without "
    "a stage, and that a deleted version's number is never given again are assumptions, documented nowhere",
)  # fmt: skip
def create_package(org: Organisation, call: Call) -> Params:
    return answer_once(org, call, call.params.get("ClientToken"), lambda: _create(org, call))


def _create(org: Organisation, call: Call) -> Params:
    params = call.params
    _check(params)
    group = find_group(org, call.owner, call.region, group_name(params["ModelPackageGroupName"]))
    record = _cloned(org, call) | {name: copy.deepcopy(params[name]) for name in _KEPT if params.get(name) is not None}
    specification = params.get("InferenceSpecification") or record.get("InferenceSpecification")
    if specification:
        reader = registry_root(call.owner)
        record["InferenceSpecification"] = resolved_specification(org, specification, reader, call.region, _READS)
    if params.get("ModelCard"):
        record["ModelCard"] = new_card(params["ModelCard"])
    if params.get("SecurityConfig"):
        key = org.key_arn(params["SecurityConfig"]["KmsKeyId"], call.caller.account, call.region)
        use_package_key(org, call, key)
        record["SecurityConfig"] = {"KmsKeyId": key}
    package = _added(org, call, group, record)
    emit_created(org, package)
    return {"ModelPackageArn": package.ref.arn}


def _check(params: Params) -> None:
    for member in _UNSERVED:
        if params.get(member):
            raise NotEmulated(f"sagemaker:CreateModelPackage with {member}")
    if params.get("ModelPackageName"):
        raise invalid(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one "
            "to use."
        )
    if tags_of(params):
        raise invalid(
            "Tags cannot be provided with ModelPackageGroupName: a version uses the tags of its model package group."
        )


def _cloned(org: Organisation, call: Call) -> Params:
    """What a version takes over from the package that `SourceUri` names; nothing for another kind of source."""
    source = call.params.get("SourceUri") or ""
    if not source.startswith("arn:") or ":model-package/" not in source:
        return {}
    original = find_package(org, package_ref(source, call.owner, call.region)).record
    return {name: copy.deepcopy(original[name]) for name in _CLONED if name in original}


def _added(org: Organisation, call: Call, group: Group, record: Params) -> Package:
    """Number the version and put it in its group."""
    created, author = now(org), user_context(call.caller)
    group.last_version += 1
    ref = PackageRef(group.name, group.last_version, call.owner, call.region)
    package = Package(ref, record)
    record.update(
        ModelPackageGroupName=group.name,
        ModelPackageVersion=ref.version,
        ModelPackageArn=ref.arn,
        ModelPackageStatus="Completed",
        ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
        CertifyForMarketplace=False,
        ModelApprovalStatus=call.params.get("ModelApprovalStatus") or "PendingManualApproval",
        CreationTime=created,
        CreatedBy=author,
        LastModifiedTime=created,
        LastModifiedBy=author,
    )
    group.packages[ref.version] = package
    return package
