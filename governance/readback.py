"""What DescribeModelPackage says of a version, reduced to what is recorded.

A read-back shows the version when it was read, not when the event happened: what depends on the moment (who,
why) is used only where `modified` is the event's own time. Shapes: botocore's sagemaker model,
DescribeModelPackageOutput.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from governance.canonical import Json
from governance.documents import Document, specification_document
from governance.events import NO_ARTIFACT, Artifact, LifeCycle, artifact_of
from governance.fields import Fields
from governance.terms import Identity


@dataclass(frozen=True, slots=True)
class ReadBack:
    """One reading of a version. `card` is the card's JSON text, None where the version has none."""

    created: datetime
    modified: datetime
    approval: str | None
    lifecycle: LifeCycle | None
    approval_description: str | None
    description: str | None
    created_by: Identity | None
    modified_by: Identity | None
    card: str | None
    card_status: str | None
    status: str | None = None
    artifact: Artifact = NO_ARTIFACT
    specification: Document | None = None


def read_back(answer: Mapping[str, Json]) -> ReadBack:
    """Reduce an answer of DescribeModelPackage (boto3's form, times as datetime)."""
    created: datetime = answer["CreationTime"]
    lifecycle = answer.get("ModelLifeCycle")
    card = answer.get("ModelCard") or {}
    specification = answer.get("InferenceSpecification")
    return ReadBack(
        created=created,
        modified=answer.get("LastModifiedTime") or created,
        approval=answer.get("ModelApprovalStatus"),
        lifecycle=LifeCycle(lifecycle["Stage"], lifecycle["StageStatus"], lifecycle.get("StageDescription") or None)
        if lifecycle
        else None,
        approval_description=answer.get("ApprovalDescription") or None,
        description=answer.get("ModelPackageDescription") or None,
        created_by=_identity(answer.get("CreatedBy")),
        modified_by=_identity(answer.get("LastModifiedBy")),
        card=card.get("ModelCardContent") or None,
        card_status=card.get("ModelCardStatus"),
        status=answer.get("ModelPackageStatus"),
        artifact=artifact_of(Fields(str(answer.get("ModelPackageArn")), "", specification) if specification else None),
        specification=specification_document(specification) if specification else None,
    )


def _identity(context: Mapping[str, Json] | None) -> Identity | None:
    if not context:
        return None
    iam = context.get("IamIdentity") or {}
    arn = iam.get("Arn") or context.get("UserProfileArn")
    return Identity(arn, iam.get("SourceIdentity") or None) if arn else None
