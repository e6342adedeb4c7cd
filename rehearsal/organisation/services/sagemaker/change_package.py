"""UpdateModelPackage and DeleteModelPackage."""

from __future__ import annotations

import copy

from rehearsal.organisation.core import Call, Organisation, Params, serves

from .actions import leave_action
from .artifacts import registry_root, resolved_specification
from .cards import updated_card
from .names import package_ref
from .needs import package_need
from .package_events import announced, emit_updated
from .registry import Package, answer_once, find_package, invalid, now, registry, user_context

_MODEL = "botocore sagemaker service-2: "
_REPLACED = (
    "ModelApprovalStatus", "ModelPackageRegistrationType", "ApprovalDescription", "SourceUri", "ModelLifeCycle",
)  # fmt: skip
_MOST_METADATA = 50
_MOST_SPECIFICATIONS = 15
_READS = "SageMaker reads the changed artifact of the version as the registry's account"


@serves(
    "sagemaker", "UpdateModelPackage", needs=package_need, fidelity="emulated",
    source=_MODEL + "UpdateModelPackage; automating-sagemaker-with-eventbridge for the event's fields",
    note="the image is not pulled (no ECR), its digest is made up; that an event names the fields sent, also when a "
    "value stays as it was, and that a change of the card alone sends none, are assumptions, documented nowhere; a "
    "life cycle that is sent leaves an action (ListActions)",
)  # fmt: skip
def update_package(org: Organisation, call: Call) -> Params:
    return answer_once(org, call, call.params.get("ClientToken"), lambda: _update(org, call))


def _update(org: Organisation, call: Call) -> Params:
    params = call.params
    package = find_package(org, package_ref(params["ModelPackageArn"], call.owner, call.region))
    specification = None
    if params.get("InferenceSpecification"):
        reader = registry_root(package.ref.account)
        specification = resolved_specification(
            org, params["InferenceSpecification"], reader, package.ref.region, _READS
        )
    changed = _changed(package, params)
    if specification is not None:
        changed["InferenceSpecification"] = specification
    record = package.record | changed
    if not record.get("CustomerMetadataProperties"):
        record.pop("CustomerMetadataProperties", None)
    record["LastModifiedTime"] = max(now(org), record["LastModifiedTime"])
    record["LastModifiedBy"] = user_context(call.caller)
    package.record = record
    snapshot = Package(package.ref, copy.deepcopy(record))
    if changed.get("ModelLifeCycle"):
        leave_action(org, package)
    emit_updated(org, snapshot, announced(params))
    return {"ModelPackageArn": package.ref.arn}


def _changed(package: Package, params: Params) -> Params:
    """The members that the request changes, checked wholly before anything is stored."""
    changed = {member: copy.deepcopy(params[member]) for member in _REPLACED if params.get(member) is not None}
    if params.get("CustomerMetadataProperties") or params.get("CustomerMetadataPropertiesToRemove"):
        changed["CustomerMetadataProperties"] = _merged_metadata(package, params)
    if params.get("AdditionalInferenceSpecificationsToAdd"):
        changed["AdditionalInferenceSpecifications"] = _more_specifications(package, params)
    if params.get("ModelCard"):
        changed["ModelCard"] = updated_card(package.record.get("ModelCard"), params["ModelCard"])
    return changed


def _merged_metadata(package: Package, params: Params) -> dict[str, str]:
    merged: dict[str, str] = dict(package.record.get("CustomerMetadataProperties") or {})
    merged.update(params.get("CustomerMetadataProperties") or {})
    for key in params.get("CustomerMetadataPropertiesToRemove") or []:
        merged.pop(key, None)
    if len(merged) > _MOST_METADATA:
        raise invalid(f"{len(merged)} CustomerMetadataProperties: a model package carries at most {_MOST_METADATA}.")
    return merged


def _more_specifications(package: Package, params: Params) -> list[Params]:
    held: list[Params] = list(package.record.get("AdditionalInferenceSpecifications") or [])
    names = {specification["Name"] for specification in held}
    for specification in params["AdditionalInferenceSpecificationsToAdd"]:
        if specification["Name"] in names:
            raise invalid(f"Additional inference specification {specification['Name']!r} already exists.")
        names.add(specification["Name"])
        held.append(copy.deepcopy(specification))
    if len(held) > _MOST_SPECIFICATIONS:
        raise invalid(
            f"{len(held)} additional inference specifications: the total can not exceed {_MOST_SPECIFICATIONS}."
        )
    return held


@serves(
    "sagemaker", "DeleteModelPackage", needs=package_need,
    source=_MODEL + "DeleteModelPackage; no event is documented for a deletion, so none is sent",
)  # fmt: skip
def delete_package(org: Organisation, call: Call) -> Params:
    package = find_package(org, package_ref(call.params["ModelPackageName"], call.owner, call.region))
    store = registry(org, package.ref.account, package.ref.region)
    del store.groups[package.ref.group].packages[package.ref.version]
    return {}
