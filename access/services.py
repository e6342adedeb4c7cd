"""What single services and AWS Organizations do differently from the general rule, as data, each with its page.

Sources: docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html (which services, what is
not restricted), docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html,
docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limitations-of-custom-policies.html,
docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html and its Get and Delete twins,
docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html.
Actions are in lower case, as they are compared.
"""

from __future__ import annotations

from access.statements import PolicyKind

RCP_SERVICES = frozenset(
    {
        "appstream", "dsql", "clouddirectory", "cloudfront", "cloudsearch", "logs", "networkmonitor",
        "cognito-identity", "cognito-idp", "comprehend", "comprehendmedical", "firehose", "dynamodb", "dax",
        "autoscaling", "ecr", "ecr-public", "gamelift", "inspector-scan", "kendra", "kinesisvideo", "memorydb", "aoss",
        "personalize", "polly", "s3", "swf", "sqs", "textract", "timestream-influxdb", "transcribe", "translate",
        "workspaces", "appconfig", "autoscaling-plans", "budgets", "servicediscovery", "cloudtrail-data",
        "codeartifact", "codebuild", "codecommit", "codepipeline", "compute-optimizer", "cost-optimization-hub",
        "events", "fms", "fis", "health", "rolesanywhere", "kms", "opensearch", "pricing", "pca-connector-ad",
        "resource-groups", "secretsmanager", "sts", "signin", "support", "transfer", "notifications", "wafv2", "xray",
    }
)  # fmt: skip
"""Action prefixes to which an RCP applies. SageMaker isn't among them."""

RCP_EXEMPT_ACTIONS = frozenset({"kms:retiregrant"})

ASSUME_ACTIONS = frozenset(
    {
        "sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity",
        "sts:tagsession", "sts:setsourceidentity",
    }
)  # fmt: skip
"""Actions on a role that its trust policy must allow."""

NEVER_DENIED = frozenset({"sts:getcalleridentity"})
""""No permissions are required …, even if an administrator attaches a policy that explicitly denies" it."""

ANONYMOUS_SERVICES = frozenset({"s3", "sqs", "sns"})
""""Anonymous caller (Amazon SQS, Amazon SNS, and Amazon S3 only)" (reference_policies_variables.html)."""

KEY_ACTIONS = frozenset(
    "kms:" + name
    for name in (
        "decrypt", "derivesharedsecret", "encrypt", "generatedatakey", "generatedatakeypair",
        "generatedatakeypairwithoutplaintext", "generatedatakeywithoutplaintext", "generatemac", "reencryptfrom",
        "reencryptto", "sign", "verify", "verifymac", "creategrant", "describekey", "getkeyrotationstatus",
        "getpublickey", "listgrants", "retiregrant", "revokegrant",
    )
)  # fmt: skip
"""Actions on a key that work across accounts too; each is authorised on the key's ARN, never on an alias."""

_SQS_WITHIN_ACCOUNT = frozenset(
    "sqs:" + name
    for name in (
        "addpermission", "cancelmessagemovetask", "createqueue", "deletequeue", "listmessagemovetasks", "listqueues",
        "listqueuetags", "removepermission", "setqueueattributes", "startmessagemovetask", "tagqueue", "untagqueue",
    )
)  # fmt: skip
_BUCKET_POLICY_ACTIONS = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})
_ARN_PARTS = 6
_WITHOUT_RESOURCE = frozenset({"ecr", "oam"})
"""Services whose resource policies may leave Resource out."""


def policy_kind(service: str) -> PolicyKind:
    """How a resource policy of this service is read."""
    if service == "kms":
        return PolicyKind.KEY
    return PolicyKind.RESOURCE_ITSELF if service in _WITHOUT_RESOURCE else PolicyKind.RESOURCE


def is_key(resource: str) -> bool:
    """Whether an ARN is a KMS key's. Aliases and `*` (CreateKey, ListKeys) are governed by IAM policies alone."""
    parts = resource.split(":", _ARN_PARTS - 1)
    return len(parts) == _ARN_PARTS and parts[2] == "kms" and parts[5].startswith("key/")


def is_role(resource: str) -> bool:
    """Whether an ARN is an IAM role's."""
    parts = resource.split(":", _ARN_PARTS - 1)
    return len(parts) == _ARN_PARTS and parts[2] == "iam" and parts[5].startswith("role/")


def works_across_accounts(action: str) -> bool:
    """Whether a permission given to another account has any effect."""
    if action.startswith("kms:"):
        return action in KEY_ACTIONS
    return action not in _SQS_WITHIN_ACCOUNT and action not in _BUCKET_POLICY_ACTIONS


def root_overrides_resource_policy(action: str) -> bool:
    """Whether the owner's root user may do it although the resource policy denies it, so as not to be locked out."""
    return action in _BUCKET_POLICY_ACTIONS
