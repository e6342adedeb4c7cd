"""Condition keys, each spelt once, and the conditions that are made of them.

A misspelt key in a Deny never matches and nobody is told; the spelling of the lifecycle keys differs between AWS's own
pages. These follow the Service Authorization Reference (list_amazonsagemaker); key names are case-insensitive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

APPROVAL_STATUS = "sagemaker:ModelApprovalStatus"
LIFECYCLE_STAGE = "sagemaker:ModelLifeCycle:Stage"
LIFECYCLE_STATUS = "sagemaker:ModelLifeCycle:StageStatus"

IF_NONE_MATCH = "s3:if-none-match"
OBJECT_CREATION = "s3:ObjectCreationOperation"
SERVER_SIDE_ENCRYPTION = "s3:x-amz-server-side-encryption"
SERVER_SIDE_ENCRYPTION_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"

METRIC_NAMESPACE = "cloudwatch:namespace"
OAM_RESOURCE_TYPES = "oam:ResourceTypes"
SIGNING_ALGORITHM = "kms:SigningAlgorithm"
MESSAGE_TYPE = "kms:MessageType"

GRANT_FOR_AWS = "kms:GrantIsForAWSResource"
PASSED_TO = "iam:PassedToService"
ENCLOSING_OPERATION = "dynamodb:EnclosingOperation"
SOURCE_IDENTITY = "sts:SourceIdentity"

Condition = dict[str, dict[str, str | list[str]]]


def existing_tag(stage: str) -> str:
    """The key of an object's own tag; usable for GetObject, not for PutObject (AmazonS3 tagging-and-policies)."""
    return f"s3:ExistingObjectTag/{stage}"


def request_tag(stage: str) -> str:
    return f"s3:RequestObjectTag/{stage}"


def via(services: Sequence[str], region: str, suffix: str = "amazonaws.com") -> Condition:
    """Only when one of these services makes the KMS call on the caller's behalf."""
    hosts = [f"{service}.{region}.{suffix}" for service in sorted(services)]
    return {"StringEquals": {"kms:ViaService": hosts[0] if len(hosts) == 1 else hosts}}


def created_without_precondition() -> Condition:
    """A request that makes an object and doesn't demand that none exists.

    `ObjectCreationOperation` leaves UploadPart alone; CompleteMultipartUpload must carry the header
    (AmazonS3 conditional-writes-enforce).
    """
    return {"Null": {IF_NONE_MATCH: "true"}, "Bool": {OBJECT_CREATION: "true"}}


def equals(keys: Mapping[str, str | list[str]]) -> Condition:
    return {"StringEquals": dict(keys)}
