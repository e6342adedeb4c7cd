"""The only maker of physical names and of the ARNs that follow from them.

Deterministic, so that the hub's policies can name the roles of spokes that don't exist yet. Distinct inputs give
distinct names: prefixes hold no dash, `hub` is no spoke's name, and a name that has to be shortened ends in a hash of
the whole. A test proves it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from blueprint import limits

PREFIX_PATTERN = re.compile(r"[a-z][a-z0-9]{1,15}")
"""Without dashes: `a` + `b-c` and `a-b` + `c` would be one role name."""

STACK_PATTERN = re.compile(r"[a-z](?:-?[a-z0-9]){0,23}")
STAGE_PATTERN = re.compile(r"[a-z](?:-?[a-z0-9]){0,23}")
HUB = "hub"

Purpose = Literal["execution", "serving", "forwarder", "reader", "deployer", "tracking", "inference"]
PURPOSES: tuple[Purpose, ...] = ("execution", "serving", "forwarder", "reader")
"""Those of a spoke that the hub's policies admit, or that its functions become. The others stay within their account,
but for what RAM shares with the account as a whole.
"""

Function = Literal["capture", "approval", "anchor", "inventory", "metrics", "reconcile", "guard"]
HubPurpose = Literal["execution", "auditor", "operator", "tracking"] | Function
Table = Literal[
    "modelgovernanceledger",
    "modelgovernancededup",
    "modelpackagestatechanges",
    "sagemakermodelendpoints",
    "sagemakerendpointmetrics",
    "sagemakerendpointhistory",
]
TABLES: tuple[Table, ...] = (
    "modelgovernanceledger",
    "modelgovernancededup",
    "modelpackagestatechanges",
    "sagemakermodelendpoints",
    "sagemakerendpointmetrics",
    "sagemakerendpointhistory",
)
Queue = Literal[
    "capture",
    "capture-dlq",
    "rules-dlq",
    "approvals",
    "approvals-dlq",
    "anchor-jobs",
    "anchor-jobs-dlq",
    "inventory-jobs",
    "inventory-jobs-dlq",
    "metrics-jobs",
    "metrics-jobs-dlq",
    "reconcile-jobs",
    "reconcile-jobs-dlq",
    "guard-jobs",
    "guard-jobs-dlq",
]
HubRule = Literal["packages", "states", "calls", "forwarded", "requests"]
SpokeRule = Literal["states", "calls"]
SPOKE_RULES: tuple[SpokeRule, ...] = ("states", "calls")
Bucket = Literal["artifacts", "documents", "anchors", "notebooks"]
Key = Literal["artifacts", "governance", "anchors"]

DIGEST_CHARACTERS = 8


def fit(name: str, limit: int) -> str:
    """The name itself, or, over the limit, its beginning and a hash of the whole."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_CHARACTERS]
    return f"{name[: limit - DIGEST_CHARACTERS - 1]}-{digest}"


def partition_of(region: str) -> str:
    """The ARN partition of a region (botocore's partitions.json)."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one installation (`prefix`) in one region. `buckets`: those that the configuration names."""

    prefix: str
    region: str
    buckets: tuple[tuple[Bucket, str], ...] = ()

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    # IAM

    def role(self, stack: str, purpose: Purpose) -> str:
        """A spoke's role."""
        return fit(f"{self.prefix}-{stack}-{purpose}", limits.ROLE_NAME)

    def hub_role(self, purpose: HubPurpose) -> str:
        return fit(f"{self.prefix}-{HUB}-{purpose}", limits.ROLE_NAME)

    def approver_role(self, stage: str) -> str:
        return fit(f"{self.prefix}-{HUB}-approver-{stage}", limits.ROLE_NAME)

    def role_arn(self, account: str, role: str) -> str:
        return f"arn:{self.partition}:iam::{account}:role/{role}"

    def root_arn(self, account: str) -> str:
        return f"arn:{self.partition}:iam::{account}:root"

    # Registry and shares

    def group_arn(self, hub: str, group: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region}:{hub}:model-package-group/{group}"

    def versions_arn(self, hub: str, group: str) -> str:
        """All versions of a group."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{hub}:model-package/{group}/*"

    def permission(self, level: str, template_digest: str) -> str:
        """A RAM permission's name. All its properties are create-only, hence the template's digest in the name."""
        return fit(f"{self.prefix}-{level}-{template_digest[:DIGEST_CHARACTERS]}", limits.PERMISSION_NAME)

    def share(self, level: str) -> str:
        return fit(f"{self.prefix}-{level}", limits.SHARE_NAME)

    # Images

    def repository(self, repository: str) -> str:
        """Of an image repository in the hub; the prefix is its namespace."""
        return fit(f"{self.prefix}/{repository}", limits.REPOSITORY_NAME)

    def repository_arn(self, hub: str, repository: str) -> str:
        return f"arn:{self.partition}:ecr:{self.region}:{hub}:repository/{self.repository(repository)}"

    # Buckets and keys

    def bucket(self, account: str, bucket: Bucket = "artifacts") -> str:
        named = dict(self.buckets).get(bucket)
        return named or fit(f"{self.prefix}-{bucket}-{account}-{self.region}", limits.BUCKET_NAME)

    def bucket_arn(self, account: str, bucket: Bucket = "artifacts") -> str:
        return f"arn:{self.partition}:s3:::{self.bucket(account, bucket)}"

    def alias(self, key: Key) -> str:
        return fit(f"alias/{self.prefix}-{key}", limits.ALIAS_NAME)

    def key_arn_like(self, account: str) -> str:
        """An ARN of the same length as any key's: to size policies before the key exists."""
        return f"arn:{self.partition}:kms:{self.region}:{account}:key/00000000-0000-0000-0000-000000000000"

    # Capture

    def table(self, table: Table) -> str:
        """Lower case without dashes: Athena's DynamoDB connector knows no quoted identifiers."""
        return fit(f"{self.prefix}_{table}", limits.TABLE_NAME)

    def table_arn(self, account: str, table: Table) -> str:
        return f"arn:{self.partition}:dynamodb:{self.region}:{account}:table/{self.table(table)}"

    @property
    def bus(self) -> str:
        return fit(f"{self.prefix}-governance", limits.BUS_NAME)

    def bus_arn(self, account: str) -> str:
        return f"arn:{self.partition}:events:{self.region}:{account}:event-bus/{self.bus}"

    def queue(self, queue: Queue) -> str:
        return fit(f"{self.prefix}-{queue}", limits.QUEUE_NAME)

    def forward_dlq(self, stack: str) -> str:
        return fit(f"{self.prefix}-{stack}-forward-dlq", limits.QUEUE_NAME)

    def queue_arn(self, account: str, queue: str) -> str:
        """ARN of a queue by its physical name."""
        return f"arn:{self.partition}:sqs:{self.region}:{account}:{queue}"

    def hub_rule(self, rule: HubRule) -> str:
        return fit(f"{self.prefix}-{HUB}-{rule}", limits.RULE_NAME)

    def schedule_rule(self, function: Function) -> str:
        """The rule that starts a function's scheduled runs."""
        return fit(f"{self.prefix}-{HUB}-schedule-{function}", limits.RULE_NAME)

    def forward_rule(self, stack: str, rule: SpokeRule) -> str:
        """A spoke's rule that forwards to the hub's bus."""
        return fit(f"{self.prefix}-{stack}-{rule}", limits.RULE_NAME)

    def rule_arn(self, account: str, rule: str, bus: str | None = None) -> str:
        """ARN of a rule by its physical name: on the default bus, or on the named one."""
        path = rule if bus is None else f"{bus}/{rule}"
        return f"arn:{self.partition}:events:{self.region}:{account}:rule/{path}"

    def function(self, function: Function) -> str:
        return fit(f"{self.prefix}-{function}", limits.FUNCTION_NAME)

    def log_group(self, function: Function) -> str:
        return f"/aws/lambda/{self.function(function)}"

    def log_group_arn(self, account: str, function: Function) -> str:
        return f"arn:{self.partition}:logs:{self.region}:{account}:log-group:{self.log_group(function)}"

    # Experiment tracking

    def tracking(self, stack: str) -> str:
        """The stack's MLflow, app or server."""
        return fit(f"{self.prefix}-{stack}-tracking", limits.TRACKING_NAME)

    def tracking_bucket(self, stack: str, account: str) -> str:
        """The artifacts of its runs. The name holds the stack: in same-account mode several have the one account."""
        return fit(f"{self.prefix}-{stack}-tracking-{account}-{self.region}", limits.BUCKET_NAME)

    def tracking_bucket_arn(self, stack: str, account: str) -> str:
        return f"arn:{self.partition}:s3:::{self.tracking_bucket(stack, account)}"

    # Network

    def network(self, stack: str, part: str = "") -> str:
        """An account's VPC, or a part of it, by the stack that makes it: in a trial several share an account."""
        return fit("-".join(filter(None, (self.prefix, stack, "network", part))), limits.SECURITY_GROUP_NAME)

    def flow_logs_role(self, stack: str) -> str:
        """The role with which the network's flow logs are written."""
        return fit(f"{self.prefix}-{stack}-flow-logs", limits.ROLE_NAME)

    def flow_logs_group(self, stack: str) -> str:
        return f"/aws/vpc/{self.prefix}-{stack}-flow-logs"

    def flow_logs_group_arn(self, account: str, stack: str) -> str:
        return f"arn:{self.partition}:logs:{self.region}:{account}:log-group:{self.flow_logs_group(stack)}"

    def flow_logs_alias(self, stack: str) -> str:
        return fit(f"alias/{self.prefix}-{stack}-flow-logs", limits.ALIAS_NAME)

    # Studio

    def domain(self, stack: str) -> str:
        return fit(f"{self.prefix}-{stack}", limits.STUDIO_NAME)

    def space(self, stack: str, profile: str) -> str:
        """The private space of a user profile."""
        return fit(f"{self.prefix}-{stack}-{profile}", limits.STUDIO_NAME)

    def lifecycle_config(self, stack: str, script_digest: str) -> str:
        """It can't be changed, hence the script's digest in the name: a new one is made before the old one goes."""
        return f"{fit(f'{self.prefix}-{stack}', limits.STUDIO_NAME - len(script_digest) - 1)}-{script_digest}"

    # Inference API

    def inference(self, stack: str) -> str:
        """A spoke's HTTP API, and the function behind it. Holds the stack: in a trial several share an account."""
        return fit(f"{self.prefix}-{stack}-inference", limits.FUNCTION_NAME)

    def inference_log_group(self, stack: str) -> str:
        """The function's log."""
        return f"/aws/lambda/{self.inference(stack)}"

    def inference_log_group_arn(self, account: str, stack: str) -> str:
        return f"arn:{self.partition}:logs:{self.region}:{account}:log-group:{self.inference_log_group(stack)}"

    def access_log_group(self, stack: str) -> str:
        """The API's access log. The prefix is AWS's for logs that services deliver: the one policy with which it admits
        the delivery has a limit on its size, and names such groups by pattern (logs AWS-logs-infrastructure-CWL)."""
        return f"/aws/vendedlogs/{self.inference(stack)}"

    # Observability

    @property
    def topic(self) -> str:
        """The topic of all alarms, in the hub."""
        return fit(f"{self.prefix}-alarms", limits.TOPIC_NAME)

    def topic_arn(self, account: str) -> str:
        return f"arn:{self.partition}:sns:{self.region}:{account}:{self.topic}"

    def alarm(self, what: str) -> str:
        return fit(f"{self.prefix}-{what}", limits.ALARM_NAME)

    def alarm_arns(self, account: str) -> str:
        """All alarms of this installation in an account, as a pattern."""
        return f"arn:{self.partition}:cloudwatch:{self.region}:{account}:alarm:{self.prefix}-*"

    @property
    def sink(self) -> str:
        return fit(f"{self.prefix}-metrics", limits.SINK_NAME)
