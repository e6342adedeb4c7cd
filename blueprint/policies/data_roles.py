"""Roles of the functions that look and prove: inventory, metrics, anchor; and of the readers that they become.

Each holds exactly the calls that its code makes, and the KMS calls that these imply.
"""

from __future__ import annotations

from blueprint.names import Function
from blueprint.organisation import Organisation, Spoke
from blueprint.policies import trust
from blueprint.policies.anchors_bucket import ANCHORS, KEYS, LOCK_ACTIONS, UNLOCK_ACTIONS
from blueprint.policies.artifact_bucket import ARTIFACTS, DELETE_ACTIONS
from blueprint.policies.conditions import MESSAGE_TYPE, SIGNING_ALGORITHM, via
from blueprint.policies.documents import Condition, Statement, allow, deny, deny_all_but, document
from blueprint.policies.function_parts import (
    DEDUP,
    ENDPOINTS,
    HISTORY,
    LEDGER,
    METRICS,
    REWRITE,
    STATE,
    assume_readers,
    function_logs,
    governance_key_through,
    own_metrics,
    queue_rights,
    table_arns,
)
from blueprint.policies.roles import READ_VERSIONS, KeyArns, RoleSpec, version_arns

WALK_LISTS = (
    "sagemaker:ListEndpoints",
    "sagemaker:ListInferenceComponents",
    "sagemaker:ListTransformJobs",
)
WALK_DESCRIBES = {
    "sagemaker:DescribeEndpoint": "endpoint",
    "sagemaker:DescribeEndpointConfig": "endpoint-config",
    "sagemaker:DescribeInferenceComponent": "inference-component",
    "sagemaker:DescribeModel": "model",
    "sagemaker:DescribeTransformJob": "transform-job",
}
LOOK_UP = "cloudtrail:LookupEvents"
READING_FUNCTIONS: tuple[Function, ...] = ("inventory", "reconcile")
"""The functions that become readers."""

SIGNING: Condition = {"StringEquals": {SIGNING_ALGORITHM: "ECDSA_SHA_256", MESSAGE_TYPE: "DIGEST"}}


def walk(organisation: Organisation, account: str) -> list[Statement]:
    """Read what serves in an account. The lists have no resource type (Service Authorization Reference)."""
    base = f"arn:{organisation.names.partition}:sagemaker:{organisation.region}:{account}"
    kinds = [f"{base}:{kind}/*" for kind in WALK_DESCRIBES.values()]
    return [allow("ListServing", WALK_LISTS, ["*"]), allow("DescribeServing", WALK_DESCRIBES, kinds)]


def inventory_role(organisation: Organisation, keys: KeyArns) -> RoleSpec:
    """Walk all accounts' endpoints, resolve what they serve, and write one row for each."""
    names, region = organisation.names, organisation.region
    bucket = names.bucket_arn(organisation.hub)
    state, endpoints, history = table_arns(organisation, STATE, ENDPOINTS, HISTORY)
    readers = assume_readers(organisation)
    return RoleSpec(
        name=names.hub_role("inventory"),
        description="Compare what every account serves with what is approved",
        trust=trust.trust(trust.function()),
        policies={
            "queue": queue_rights(organisation, "inventory-jobs", "inventory-jobs", "inventory-jobs-dlq"),
            **({} if readers is None else {"readers": readers}),
            "serving": document(*walk(organisation, organisation.hub)),
            "registry": document(allow("ReadVersions", READ_VERSIONS, version_arns(organisation))),
            "artifacts": document(
                # Without it S3 answers 403 for an artifact that isn't there (AmazonS3 API HeadObject).
                allow("TellMissingFromForbidden", ["s3:ListBucket"], [bucket]),
                allow("ReadChecksum", ["s3:GetObject"], [f"{bucket}/{ARTIFACTS}/*"]),
            ),
            "tables": document(
                allow("ReadStates", ["dynamodb:GetItem", "dynamodb:Scan"], [state]),
                allow(
                    "KeepEndpoints", ["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"], [endpoints]
                ),
                allow("AppendHistory", ["dynamodb:PartiQLInsert", "dynamodb:Query"], [history]),
                deny("NeverRewrite", REWRITE, [history]),
            ),
            "keys": document(
                *governance_key_through(organisation, keys.governance),
                allow("DecryptThroughS3", ["kms:Decrypt"], [keys.artifacts], condition=via(["s3"], region)),
            ),
            "metrics": own_metrics(),
            "logs": function_logs(organisation, "inventory", keys.governance),
        },
    )  # fmt: skip


def metrics_role(organisation: Organisation, keys: KeyArns) -> RoleSpec:
    """Read the time series of all accounts through the sink, and write one row for each period."""
    endpoints, metrics = table_arns(organisation, ENDPOINTS, METRICS)
    return RoleSpec(
        name=organisation.names.hub_role("metrics"),
        description="Collect the metrics of all endpoints",
        trust=trust.trust(trust.function()),
        policies={
            "queue": queue_rights(organisation, "metrics-jobs", "metrics-jobs", "metrics-jobs-dlq"),
            # Metrics have no ARN; which accounts' there are is decided by their links to the sink.
            "series": document(allow("ReadSeries", ["cloudwatch:GetMetricData"], ["*"])),
            "tables": document(
                allow("ListEndpoints", ["dynamodb:Scan"], [endpoints]),
                allow(
                    "KeepSeries", ["dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"], [metrics]
                ),
            ),
            "keys": document(*governance_key_through(organisation, keys.governance)),
            "metrics": own_metrics(),
            "logs": function_logs(organisation, "metrics", keys.governance),
        },
    )  # fmt: skip


def anchor_role(organisation: Organisation, keys: KeyArns) -> RoleSpec:
    """Sign the heads of the ledger, and put them where nobody can change them for years."""
    names = organisation.names
    bucket = names.bucket_arn(organisation.hub, "anchors")
    own = f"{ANCHORS}/{organisation.prefix}/"
    ledger, dedup, state, history = table_arns(organisation, LEDGER, DEDUP, STATE, HISTORY)
    return RoleSpec(
        name=names.hub_role("anchor"),
        description="Anchor the ledger's heads, signed, in a bucket that it can't unlock",
        trust=trust.trust(trust.function()),
        policies={
            "queue": queue_rights(organisation, "anchor-jobs", "anchor-jobs-dlq"),
            "ledger": document(
                allow("ReadHeads", ["dynamodb:Scan"], [history, state]),
                allow("ReadRows", ["dynamodb:Query"], [history, ledger]),
                deny("NeverWrite", [*REWRITE, "dynamodb:PartiQLInsert"], [dedup, history, ledger, state]),
            ),
            "anchors": document(
                allow(
                    "ListAnchors", ["s3:ListBucketVersions"], [bucket], condition={"StringEquals": {"s3:prefix": own}}
                ),
                # GetObject tells a version's retention only to whom has the second right (AmazonS3 API GetObject).
                allow("ReadAnchors", ["s3:GetObjectRetention", "s3:GetObjectVersion"], [f"{bucket}/{own}*"]),
                # How long they are kept says the bucket's default: no right to say so for a version.
                allow("PutAnchors", ["s3:PutObject"], [f"{bucket}/{own}*", f"{bucket}/{KEYS}/*"]),
                deny("NeverUnlock", [*DELETE_ACTIONS, *LOCK_ACTIONS], [f"{bucket}/*"]),
                deny("NeverReconfigure", UNLOCK_ACTIONS, [bucket]),
            ),
            "keys": document(
                *governance_key_through(organisation, keys.governance),
                allow("SignAnchors", ["kms:Sign", "kms:Verify"], [keys.anchors], condition=SIGNING),
                allow("PublishKey", ["kms:GetPublicKey"], [keys.anchors]),
            ),
            "metrics": own_metrics(),
            "logs": function_logs(organisation, "anchor", keys.governance),
        },
    )  # fmt: skip


def reader_role(organisation: Organisation, spoke: Spoke) -> RoleSpec:
    """What the hub's functions become in a spoke: it reads what serves there and who called what, and nothing else."""
    names, hub = organisation.names, organisation.hub
    readers = [names.role_arn(hub, names.hub_role(function)) for function in READING_FUNCTIONS]
    return RoleSpec(
        name=names.role(spoke.stack, "reader"),
        description=f"Read endpoints and calls of {spoke.stack} for the hub, and change nothing",
        trust=trust.trust(trust.functions_of(organisation, readers)),
        policies={
            "serving": document(*walk(organisation, spoke.account)),
            # Events have no ARN (Service Authorization Reference).
            "trail": document(allow("LookUpCalls", [LOOK_UP], ["*"])),
            "never": document(deny_all_but("NothingElse", [*WALK_LISTS, *WALK_DESCRIBES, LOOK_UP])),
        },
    )
