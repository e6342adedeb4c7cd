"""Service control policies that close what an account's administrators could otherwise do (docs/security.md).

The program attaches none: that takes the management account. `governance guardrails` prints them for an installation.
They bind every principal of the accounts that they are attached to, root users too, and neither the management account
nor services. Where a statement names the role that deploys, it exempts it: no `up` could change anything otherwise.

Sources: organizations orgs_manage_policies_scps (what they bind), orgs_manage_policies_scps_syntax; Service
Authorization Reference (actions, resource types); kms alias-authorization (kms:ResourceAliases).
"""

from __future__ import annotations

from collections.abc import Mapping

from blueprint.errors import PolicyTooLarge
from blueprint.limits import Document, PolicyLimit, stored_size
from blueprint.names import HUB, Bucket
from blueprint.organisation import Organisation
from blueprint.policies.anchors_bucket import LOCK_ACTIONS
from blueprint.policies.artifact_bucket import TAG_ACTIONS
from blueprint.policies.conditions import APPROVAL_STATUS, LIFECYCLE_STAGE, LIFECYCLE_STATUS
from blueprint.policies.documents import Condition, Statement, both, deny, document
from blueprint.policies.function_parts import DEDUP, HISTORY, LEDGER, table_arns
from blueprint.policies.roles import DECIDE, DESTROY_EVIDENCE, version_arns
from blueprint.policies.shares import PENDING
from blueprint.stages import OPEN_STATUSES

CONTROL_POLICY = PolicyLimit("service control policy", 5_120)
"""organizations orgs_reference_limits."""

CREATE = ("sagemaker:CreateModelPackage",)
CHANGE_ROLES = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
)
CHANGE_RULES = (
    "events:DeleteRule",
    "events:DisableRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
)
CHANGE_QUEUES = ("sqs:AddPermission", "sqs:DeleteQueue", "sqs:PurgeQueue", "sqs:SetQueueAttributes")
CHANGE_TRAILS = (
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
)
CHANGE_BUCKETS = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
)
CHANGE_TABLES = (
    "dynamodb:DeleteResourcePolicy",
    "dynamodb:DeleteTable",
    "dynamodb:PutResourcePolicy",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
)
REWRITE_ROWS = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:ImportTable",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:RestoreTableFromBackup",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:UpdateItem",
)
CHANGE_KEYS = ("kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion")
CHANGE_FUNCTIONS = (
    "lambda:AddPermission",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionConcurrency",
    "lambda:PutFunctionConcurrency",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
)
EVIDENCE: tuple[Bucket, ...] = ("artifacts", "documents", "anchors")


def guardrails(organisation: Organisation, deploy_role: str) -> Mapping[str, Document]:
    """The policies by name: what to attach to the units of the spokes, and what to the hub's account.

    `deploy_role`: the role in each account that `pulumi up` works as. Raises PolicyTooLarge, from about 25 groups on.
    """
    policies = {
        "spokes": document(
            *_roles(organisation, deploy_role), *_registry(organisation), *_told(organisation, deploy_role)
        ),
        "hub-decisions": document(*_roles(organisation, deploy_role), *_decisions(organisation)),
        "hub-evidence": document(*_evidence(organisation, deploy_role)),
    }
    for name, policy in policies.items():
        size = stored_size(policy)
        if size > CONTROL_POLICY.characters:
            raise PolicyTooLarge(
                f"the {CONTROL_POLICY.what} {name} has {size:,} characters, AWS allows {CONTROL_POLICY.characters:,}:"
                " configure fewer model package groups"
            )
    return policies


def _all_but(organisation: Organisation, *roles: str) -> Condition:
    """Everybody but roles of these names, in whatever account."""
    arns = sorted(organisation.names.role_arn("*", role) for role in roles)
    return {"ArnNotLike": {"aws:PrincipalArn": arns if len(arns) > 1 else arns[0]}}


def _roles(organisation: Organisation, deploy_role: str) -> list[Statement]:
    """Our roles are what they were deployed as, and handed to no service but by those who deploy, and by themselves."""
    ours = f"{organisation.prefix}-*"
    roles = [organisation.names.role_arn("*", ours)]
    return [
        deny("RolesStay", CHANGE_ROLES, roles, condition=_all_but(organisation, deploy_role)),
        deny("RolesArentPassedOn", ["iam:PassRole"], roles, condition=_all_but(organisation, deploy_role, ours)),
        deny("AccountStays", ["organizations:LeaveOrganization"], ["*"]),
    ]


def _registry(organisation: Organisation) -> list[Statement]:
    """Nobody in a spoke decides on a version of the hub, takes one away, or registers one that isn't pending."""
    registry = f"arn:{organisation.names.partition}:sagemaker:*:{organisation.hub}"
    versions, groups = [f"{registry}:model-package/*"], [f"{registry}:model-package-group/*"]
    first = organisation.first_stage.lifecycle
    unlike: Mapping[str, object] = {
        APPROVAL_STATUS: PENDING,
        LIFECYCLE_STAGE: first,
        LIFECYCLE_STATUS: list(OPEN_STATUSES),
    }
    sids = ("PendingAlone", "FirstStageAlone", "UndecidedAlone")
    return [
        deny("OnlyTheHubDecides", [*DECIDE, *DESTROY_EVIDENCE], [*groups, *versions]),
        *(
            deny(sid, CREATE, versions, condition={"StringNotEquals": {key: value}})
            for sid, (key, value) in zip(sids, unlike.items(), strict=True)
        ),
    ]


def _told(organisation: Organisation, deploy_role: str) -> list[Statement]:
    """What happens in a spoke goes on being told to the hub."""
    ours, but = f"{organisation.prefix}-*", _all_but(organisation, deploy_role)
    base = f"arn:{organisation.names.partition}"
    return [
        deny("EventsAreForwarded", CHANGE_RULES, [f"{base}:events:*:*:rule/{ours}"], condition=but),
        deny("DeadLettersStay", CHANGE_QUEUES, [f"{base}:sqs:*:*:{ours}"], condition=but),
        deny("MetricsAreSeen", ["oam:DeleteLink", "oam:UpdateLink"], ["*"], condition=but),
        deny("CallsAreRecorded", CHANGE_TRAILS, ["*"], condition=but),
    ]


def _decisions(organisation: Organisation) -> list[Statement]:
    """In the hub approvers decide, the guard rejects, nobody registers."""
    names, versions = organisation.names, version_arns(organisation)
    deciders = [f"{organisation.prefix}-{HUB}-approver-*", names.hub_role("guard")]
    artifacts = f"{names.bucket_arn(organisation.hub)}/*"
    return [
        deny("ApproversDecide", DECIDE, versions, condition=_all_but(organisation, *deciders)),
        deny("NobodyRegistersHere", CREATE, versions),
        deny("ApprovalTags", TAG_ACTIONS, [artifacts], condition=_all_but(organisation, names.hub_role("approval"))),
    ]


def _evidence(organisation: Organisation, deploy_role: str) -> list[Statement]:
    """Ledger, documents, anchors and artifacts stay as they were written, and so does what writes them."""
    names, hub, ours = organisation.names, organisation.hub, f"{organisation.prefix}-*"
    base = f"arn:{names.partition}"
    but = _all_but(organisation, deploy_role)
    buckets = [names.bucket_arn(hub, bucket) for bucket in EVIDENCE]
    rows = table_arns(organisation, LEDGER, DEDUP, HISTORY)
    aliased: Condition = {"ForAnyValue:StringLike": {"kms:ResourceAliases": f"alias/{ours}"}}
    return [
        deny("RowsStay", REWRITE_ROWS, rows),
        deny("TablesStay", CHANGE_TABLES, rows, condition=but),
        deny("LocksStay", LOCK_ACTIONS, [f"{names.bucket_arn(hub, 'anchors')}/*"]),
        deny("BucketsStay", CHANGE_BUCKETS, buckets, condition=but),
        deny("KeysStay", CHANGE_KEYS, ["*"], condition=both(but, aliased)),
        deny("AliasesStay", ["kms:DeleteAlias", "kms:UpdateAlias"], [f"{base}:kms:*:*:alias/{ours}"], condition=but),
        deny("FunctionsStay", CHANGE_FUNCTIONS, [f"{base}:lambda:*:*:function:{ours}"], condition=but),
        deny("EventsArrive", CHANGE_RULES, [f"{base}:events:*:*:rule/{ours}", f"{base}:events:*:*:rule/{names.bus}/*"],
             condition=but),
        deny("QueuesStay", CHANGE_QUEUES, [f"{base}:sqs:*:*:{ours}"],
             condition=_all_but(organisation, deploy_role, names.hub_role("operator"))),
        deny("CallsAreRecorded", CHANGE_TRAILS, ["*"], condition=but),
    ]  # fmt: skip
