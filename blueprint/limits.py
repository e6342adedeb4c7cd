"""What AWS allows, each number once, with its source.

Policies are counted as AWS stores them: without white space (the callers write compact JSON), account ids as ARNs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyLimit:
    """The largest policy of a kind of resource, in characters of compact JSON."""

    what: str
    characters: int


BUCKET_POLICY = PolicyLimit("bucket policy", 20_480)
"""AmazonS3/userguide/add-bucket-policy: 20 KB."""

KEY_POLICY = PolicyLimit("key policy", 32_768)
"""kms/latest/developerguide/key-policy-overview: 32 KB."""

BUS_POLICY = PolicyLimit("event bus policy", 10_240)
"""eventbridge/latest/userguide/eb-quota: 10,240 by default; adjustable, which we don't count on."""

QUEUE_POLICY = PolicyLimit("queue policy", 8_192)
"""AWSSimpleQueueService quotas-policies: 8,192 bytes."""

TRUST_POLICY = PolicyLimit("role trust policy", 2_048)
"""IAM/latest/UserGuide/reference_iam-quotas: 2,048 by default, 8,192 on request."""

ROLE_POLICIES = PolicyLimit("inline policies of a role together", 10_240)
"""IAM/latest/UserGuide/reference_iam-quotas; white space isn't counted."""

TOPIC_POLICY = PolicyLimit("topic policy", 30_720)
"""sns/latest/dg/sns-access-policy-use-cases: 30 KB."""

REPOSITORY_POLICY = PolicyLimit("image repository policy", 10_240)
"""botocore ecr RepositoryPolicyText."""

ENVIRONMENT_BYTES = 4_096
"""lambda/latest/dg/gettingstarted-limits: all environment variables of a function together."""

ROLE_NAME = 64  # IAM reference_iam-quotas
BUCKET_NAME = 63  # AmazonS3/userguide/bucketnamingrules
QUEUE_NAME = 80  # AWSSimpleQueueService quotas-queues
RULE_NAME = 64  # botocore events RuleName
BUS_NAME = 256  # botocore events EventBusName
TABLE_NAME = 255  # botocore dynamodb TableName
FUNCTION_NAME = 64  # botocore lambda FunctionName (64 without the ARN)
TOPIC_NAME = 256  # SNS API CreateTopic
ALARM_NAME = 255  # botocore cloudwatch AlarmName
SINK_NAME = 255  # botocore oam SinkName
STUDIO_NAME = 63  # botocore sagemaker DomainName, SpaceName, UserProfileName, StudioLifecycleConfigName
TRACKING_NAME = 256  # botocore sagemaker MlflowAppName, TrackingServerName
ALIAS_NAME = 256  # botocore kms AliasNameType
SECURITY_GROUP_NAME = 255  # EC2 API CreateSecurityGroup
REPOSITORY_NAME = 256  # botocore ecr RepositoryName
PERMISSION_NAME = 36  # botocore ram PermissionName
SHARE_NAME = 255  # RAM: the service model gives no bound; the console's

OBJECT_TAGS = 10  # botocore s3 PutObjectTagging

PACKAGE_BYTES = 2 * 1024 * 1024
"""Our own budget of a function's zip; AWS allows 50 MB by direct upload."""


def compact(document: Mapping[str, Any]) -> str:
    """The JSON that is sent: sorted keys, no white space, so equal documents are equal texts."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def stored_size(document: Mapping[str, Any]) -> int:
    """Bytes of a policy as AWS counts it: compact, every account root written as an ARN (which we always do)."""
    return len(compact(document).encode())
