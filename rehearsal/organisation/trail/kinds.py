"""Which calls are management events, and which of those only read.

Data events are in no event history and, unless a trail asks for them, on no bus (awscloudtrail
logging-data-events-with-cloudtrail); the emulated trail doesn't ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from rehearsal.organisation.core import NotEmulated
from rehearsal.organisation.resolve import REFERENCE, actions_of

_ALL_OF_SERVICE = frozenset({"sagemaker-runtime", "dynamodbstreams"})

DATA_EVENTS: Mapping[str, frozenset[str]] = {
    "cloudwatch": frozenset({"GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"}),
    "dynamodb": frozenset(
        {
            "BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "DeleteItem", "ExecuteStatement",
            "ExecuteTransaction", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems",
            "UpdateItem",
        }
    ),
    "events": frozenset({"PutEvents"}),
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
    "logs": frozenset({"FilterLogEvents", "GetLogEvents", "PutLogEvents"}),
    "s3": frozenset(
        {
            "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "DeleteObject",
            "DeleteObjects", "DeleteObjectTagging", "GetObject", "GetObjectAttributes", "GetObjectLegalHold",
            "GetObjectRetention", "GetObjectTagging", "HeadBucket", "HeadObject", "ListMultipartUploads",
            "ListObjects", "ListObjectsV2", "ListObjectVersions", "ListParts", "PutObject", "PutObjectLegalHold",
            "PutObjectRetention", "PutObjectTagging", "UploadPart", "UploadPartCopy",
        }
    ),
    "sns": frozenset({"Publish", "PublishBatch"}),
    "sqs": frozenset(
        {
            "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch",
            "ReceiveMessage", "SendMessage", "SendMessageBatch",
        }
    ),
}  # fmt: skip
"""Operations that CloudTrail counts as data plane: S3 objects, DynamoDB items, SQS messages, Lambda invocations, SNS
publications, custom events, metric values, log lines (awscloudtrail logging-data-events-with-cloudtrail; the services'
own CloudTrail pages).
"""

_READS: Mapping[str, frozenset[str]] = {
    "kms": frozenset(
        {
            "Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext", "GenerateMac", "GetPublicKey", "ReEncrypt", "Sign", "Verify",
            "VerifyMac",
        }
    ),
    "sts": frozenset({"AssumeRole"}),
}  # fmt: skip
"""Recorded as read-only though their access level says Write (kms logging-using-cloudtrail, iam
cloudtrail-integration: the samples' `readOnly`).
"""

_READ_LEVELS = frozenset({"Read", "List"})
_READ_NAMES = ("Describe", "Get", "List")

GLOBAL_SERVICES = frozenset({"iam", "organizations"})
GLOBAL_REGION = "us-east-1"
"""Calls to global services are recorded in us-east-1 (awscloudtrail cloudtrail-concepts, global service events)."""


def is_management(service: str, operation: str) -> bool:
    return service not in _ALL_OF_SERVICE and operation not in DATA_EVENTS.get(service, frozenset())


@cache
def is_read_only(service: str, operation: str) -> bool:
    """Whether the record says `readOnly`: by the action's access level in the Service Authorization Reference."""
    if operation in _READS.get(service, frozenset()):
        return True
    try:
        actions = actions_of(service, operation)
    except NotEmulated:
        return operation.startswith(_READ_NAMES)
    levels = (REFERENCE.actions.get_action_details(*action.split(":"))["accessLevel"] for action in actions)
    return all(level in _READ_LEVELS for level in levels)


def region_of(service: str, region: str) -> str:
    """Where the record of a call lies."""
    return GLOBAL_REGION if service in GLOBAL_SERVICES else region
