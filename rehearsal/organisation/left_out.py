"""Parameters that handlers, ours or moto's, don't act on: refused by name, or without effect as in AWS.

A handler that reads only what it knows would drop the rest without a word. So each input member of an operation of ours
is either read by its handler, or stands here, or is outside the operation's `core.takes`; a test compares the handlers'
code with botocore's models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rehearsal.organisation import core
from rehearsal.organisation.core import Call, NotEmulated

Table = dict[str, dict[str, tuple[str, ...]]]

_CUSTOMER_KEYS = ("SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5")
_EVENT_HOLD = ("ObjectLockEventHoldDurationDays", "ObjectLockEventHoldDurationYears")
_CHECKSUMS = tuple(
    f"Checksum{name}"
    for name in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")
)

REFUSED: Table = {
    "cloudtrail": {"LookupEvents": ("EventCategory",)},
    "dynamodb": {
        "ExecuteStatement": ("ReturnConsumedCapacity",),
        "ExecuteTransaction": ("ReturnConsumedCapacity",),
        "BatchGetItem": ("ReturnConsumedCapacity",),
        "BatchWriteItem": ("ReturnConsumedCapacity", "ReturnItemCollectionMetrics"),
        "DeleteItem": ("ReturnItemCollectionMetrics",),
        "PutItem": ("ReturnItemCollectionMetrics",),
        "PutResourcePolicy": ("ConfirmRemoveSelfResourceAccess",),
        "TransactWriteItems": ("ReturnConsumedCapacity", "ReturnItemCollectionMetrics"),
        "UpdateItem": ("ReturnItemCollectionMetrics",),
    },
    "events": {
        "ListEventBuses": ("NextToken",),
        "ListRuleNamesByTarget": ("NextToken",),
        "ListRules": ("NextToken",),
        "ListTargetsByRule": ("NextToken",),
    },
    "iam": {
        "CreateUser": ("PermissionsBoundary",),
        "ListAccessKeys": ("Marker", "MaxItems"),
        "ListInstanceProfilesForRole": ("Marker", "MaxItems"),
        "ListPolicyVersions": ("Marker", "MaxItems"),
        "ListRolePolicies": ("Marker", "MaxItems"),
        "ListUsers": ("Marker", "MaxItems"),
    },
    "kms": {
        "CreateGrant": ("GrantTokens", "DryRun", "RetiringServicePrincipal"),
        "Decrypt": ("GrantTokens", "DryRunModifiers"),
        "DescribeKey": ("GrantTokens",),
        "Encrypt": ("GrantTokens",),
        "GenerateDataKey": ("GrantTokens",),
        "GenerateDataKeyWithoutPlaintext": ("GrantTokens",),
        "GetPublicKey": ("GrantTokens",),
        "ListKeyPolicies": ("Limit", "Marker"),
        "ListKeys": ("ResourceOwners",),
        "ReEncrypt": ("GrantTokens", "DryRunModifiers"),
        "RevokeGrant": ("DryRun",),
        "Sign": ("GrantTokens",),
        "Verify": ("GrantTokens",),
    },
    "lambda": {
        "AddPermission": ("RevisionId",),
        "ListEventSourceMappings": ("Marker",),
        "ListFunctions": ("MasterRegion", "FunctionVersion", "Marker"),
        "ListVersionsByFunction": ("Marker", "MaxItems"),
        "RemovePermission": ("RevisionId",),
        "UpdateFunctionCode": ("S3ObjectStorageMode",),
    },
    "logs": {
        "DescribeLogGroups": ("accountIdentifiers", "nextToken", "includeLinkedAccounts"),
        "DescribeLogStreams": ("descending", "nextToken"),
        "FilterLogEvents": ("nextToken", "startFromHead", "unmask"),
        "GetLogEvents": ("unmask",),
        "PutLogEvents": ("entity",),
    },
    "ram": {
        "GetPermission": ("permissionTemplateParameters",),
        "ListPermissions": ("resourceOwner",),
        "ListResourceSharePermissions": ("nextToken", "maxResults"),
    },
    "s3": {
        "AbortMultipartUpload": ("IfMatchInitiatedTime",),
        "CompleteMultipartUpload": ("MpuObjectSize", *_CHECKSUMS, *_CUSTOMER_KEYS),
        "CopyObject": (
            "ACL", "AnnotationDirective", "SSECustomerKey", "SSECustomerKeyMD5", "CopySourceSSECustomerAlgorithm",
            "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5", *_EVENT_HOLD,
        ),
        "CreateMultipartUpload": ("ACL", "SSECustomerKey", "SSECustomerKeyMD5", *_EVENT_HOLD),
        "GetObject": _CUSTOMER_KEYS,
        "GetObjectAttributes": ("MaxParts", "PartNumberMarker", *_CUSTOMER_KEYS),
        "HeadObject": _CUSTOMER_KEYS,
        "ListMultipartUploads": ("EncodingType",),
        "ListParts": _CUSTOMER_KEYS,
        "PutBucketPolicy": ("ConfirmRemoveSelfBucketAccess",),
        "PutObjectLockConfiguration": ("Token",),
        "PutObject": ("SSECustomerKey", "SSECustomerKeyMD5", *_EVENT_HOLD),
        "UploadPart": _CUSTOMER_KEYS,
    },
    "sagemaker": {
        "CreatePresignedMlflowAppUrl": ("ExpiresInSeconds", "SessionExpirationDurationInSeconds"),
        "CreatePresignedMlflowTrackingServerUrl": ("ExpiresInSeconds", "SessionExpirationDurationInSeconds"),
    },
    "sqs": {
        "ListDeadLetterSourceQueues": ("NextToken", "MaxResults"),
        "ListQueues": ("NextToken",),
        "ReceiveMessage": ("ReceiveRequestAttemptId",),
        "StartMessageMoveTask": ("MaxNumberOfMessagesPerSecond",),
    },
    "sts": {"AssumeRole": ("MinimumSessionTokenSize",)},
}  # fmt: skip
"""By service and operation: refused by name before the handler runs."""

_STRONG = "every read here is strongly consistent"
_MANAGED = "concerns rules that AWS services manage; there are none here"
_ALGORITHM = "names the algorithm of a checksum header; a request over loopback isn't damaged on its way"
_DIGEST = "guards the request's body on its way; one over loopback isn't damaged"

WITHOUT_EFFECT: dict[tuple[str, str], dict[str, str]] = {
    ("dynamodb", "ExecuteStatement"): {"ConsistentRead": _STRONG},
    ("events", "DeleteRule"): {"Force": _MANAGED},
    ("events", "RemoveTargets"): {"Force": _MANAGED},
    ("logs", "FilterLogEvents"): {"interleaved": "ignored by AWS too: results are always interleaved"},
    ("logs", "GetLogEvents"): {"startFromHead": "the whole log is one page, oldest first"},
    ("logs", "PutLogEvents"): {"sequenceToken": "ignored by AWS too: PutLogEvents is always accepted"},
    ("s3", "DeleteObjects"): {"ChecksumAlgorithm": _ALGORITHM},
    ("s3", "PutBucketLifecycleConfiguration"): {"ChecksumAlgorithm": _ALGORITHM},
    **{
        ("s3", operation): {"ContentMD5": _DIGEST, "ChecksumAlgorithm": _ALGORITHM}
        for operation in (
            "PutBucketEncryption", "PutBucketOwnershipControls", "PutBucketPolicy", "PutBucketTagging",
            "PutBucketVersioning", "PutObjectLegalHold", "PutObjectLockConfiguration", "PutObjectRetention",
            "PutObjectTagging", "PutPublicAccessBlock",
        )
    },
}  # fmt: skip
"""By operation: accepted without a change of the answer, and why that is what AWS does."""


def refused_of(service: str, operation: str, members: Iterable[str]) -> Iterator[str]:
    """Those of an operation's members that are refused by name."""
    named = REFUSED.get(service, {}).get(operation, ())
    taken = core.TAKEN.get((service, operation))
    for member in members:
        if member in named or (taken is not None and member not in taken):
            yield member


def refuse_left_out(call: Call) -> None:
    """Raise NotEmulated for what the handler would drop; what is sent empty, false or `NONE` asks for nothing."""
    given = [name for name, value in call.params.items() if value not in (None, [], {}, "", False, "NONE")]
    if left_out := list(refused_of(call.service, call.operation, given)):
        raise NotEmulated(f"{call.service}:{call.operation} with {', '.join(left_out)}")
