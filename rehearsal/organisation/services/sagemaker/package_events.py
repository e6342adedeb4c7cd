"""`SageMaker Model Package State Change` events, in the documented shape.

Source: developer guide, automating-sagemaker-with-eventbridge: PascalCase detail, `resources` = the version's ARN,
`UpdatedModelPackageFields` on updates. Documented fields of that list: ModelLifeCycle, ModelApprovalStatus,
ApprovalDescription, sourceUri (spelt so), CustomerMetadataProperties, InferenceSpecification. The sample's detail has
neither CustomerMetadataProperties nor ModelCard; ApprovalDescription was seen in working consumers. A change of the
card alone, of tags, and a deletion have no documented event: none is sent, so a consumer must reconcile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rehearsal.organisation.core import Organisation, Params

from .registry import Package

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Model Package State Change"
ANNOUNCED_FIELDS = {
    "ModelLifeCycle": "ModelLifeCycle",
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "SourceUri": "sourceUri",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
}
_DETAIL_MEMBERS = (
    "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "InferenceSpecification", "ModelPackageStatus",
    "ModelPackageStatusDetails", "CertifyForMarketplace", "ModelApprovalStatus", "ApprovalDescription",
    "MetadataProperties", "ModelMetrics", "ModelLifeCycle",
)  # fmt: skip


def announced(params: Params) -> list[str]:
    """The request's fields as `UpdatedModelPackageFields` names them, in the documented order, each once."""
    names = [name for member, name in ANNOUNCED_FIELDS.items() if params.get(member) is not None]
    return list(dict.fromkeys(names))


def iso(time: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`: as precise as DescribeModelPackage, so that a read-back can be matched."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def detail(package: Package, updated: Sequence[str] = ()) -> Params:
    record = package.record
    content = {member: record[member] for member in _DETAIL_MEMBERS if member in record}
    content["CreationTime"] = iso(record["CreationTime"])
    content["LastModifiedTime"] = iso(record["LastModifiedTime"])
    if updated:
        content["UpdatedModelPackageFields"] = list(updated)
    return content


def emit_created(org: Organisation, package: Package) -> None:
    """Tell the group owner's default bus that a version came to be."""
    _emit(org, package, detail(package))


def emit_updated(org: Organisation, package: Package, updated: Sequence[str]) -> None:
    """Tell the group owner's default bus which announced fields an update sent; silent for none."""
    if updated:
        _emit(org, package, detail(package, updated))


def _emit(org: Organisation, package: Package, content: Params) -> None:
    ref = package.ref
    org.emit(ref.account, ref.region, SOURCE, DETAIL_TYPE, content, [ref.arn])
