"""What the roles of the hub's functions are made of: consuming a queue, keys, logs, metrics, and what none may do.

Sources: Service Authorization Reference (actions, condition keys); dynamodb ql-iam and transaction-apis-iam (PartiQL
rights); lambda with-sqs (event source mapping); kms ViaService.
"""

from __future__ import annotations

from blueprint.limits import Document
from blueprint.names import Function, Queue, Table
from blueprint.organisation import Organisation
from blueprint.policies.conditions import ENCLOSING_OPERATION, METRIC_NAMESPACE, via
from blueprint.policies.documents import Condition, Statement, allow, deny, document

LEDGER: Table = "modelgovernanceledger"
DEDUP: Table = "modelgovernancededup"
STATE: Table = "modelpackagestatechanges"
ENDPOINTS: Table = "sagemakermodelendpoints"
METRICS: Table = "sagemakerendpointmetrics"
HISTORY: Table = "sagemakerendpointhistory"

DOCUMENTS_PREFIX = "sha256"
"""Documents lie under `sha256/<first two hex>/<64 hex>`."""

OWN_NAMESPACE = "MLGovernance"
"""Namespace of the functions' own metrics (lambdas/common/measure.py)."""

LOG_KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
CONSUME = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
REWRITE = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:DeleteResourcePolicy",
    "dynamodb:DeleteTable",
    "dynamodb:ImportTable",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:PutResourcePolicy",
    "dynamodb:RestoreTableFromBackup",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
)
"""What could replace, remove or expire a row, put another table in its place, or let somebody else do so. A Put is
authorised as PutItem and replaces; only a PartiQL INSERT fails on an existing key (dynamodb transaction-apis-iam,
ql-reference.insert)."""

READERS_LISTED = 60
"""Reader roles that a function's policy names one by one: about 3,000 of the 10,240 characters of a role."""


def queue_rights(organisation: Organisation, consumed: Queue, *sent: Queue) -> Document:
    """Consume one queue, send to others."""
    names, hub = organisation.names, organisation.hub
    return document(
        allow("Consume", CONSUME, [names.queue_arn(hub, names.queue(consumed))]),
        allow("HandOn", ["sqs:SendMessage"], [names.queue_arn(hub, names.queue(queue)) for queue in sent]),
    )


def table_arns(organisation: Organisation, *tables: Table) -> list[str]:
    return [organisation.names.table_arn(organisation.hub, table) for table in tables]


def ledger_rights(organisation: Organisation, *reads: Statement, begins: bool = True) -> Document:
    """Append to the ledger and move the state, in transactions only; never rewrite.

    `begins`: whether the function may record the first row of a version, and with it its first state.
    """
    ledger, dedup, state = table_arns(organisation, LEDGER, DEDUP, STATE)
    inside: Condition = {"StringEquals": {ENCLOSING_OPERATION: "ExecuteTransaction"}}
    return document(
        allow("ReadHead", ["dynamodb:Query"], [ledger]),
        allow("Append", ["dynamodb:PartiQLInsert"], [dedup, ledger], condition=inside),
        *reads,
        allow(
            "MoveState",
            ["dynamodb:PartiQLUpdate", *(["dynamodb:PartiQLInsert"] if begins else [])],
            [state],
            condition=inside,
        ),
        deny("NeverRewrite", REWRITE, [dedup, ledger]),
    )


def governance_key_through(organisation: Organisation, key_arn: str) -> list[Statement]:
    """The governance key, as tables and queues use it for the function.

    DynamoDB decrypts the table's key whether a row is read or written (kms services-dynamodb); SQS needs a data key for
    what is sent and decrypts what is received (sqs-key-management).
    """
    region = organisation.region
    return [
        allow("ReadTables", ["kms:Decrypt"], [key_arn], condition=via(["dynamodb"], region)),
        allow("UseQueues", ["kms:Decrypt", "kms:GenerateDataKey"], [key_arn], condition=via(["sqs"], region)),
    ]


def documents_rights(organisation: Organisation) -> Document:
    """Keep a full document under its digest; the bucket demands that none is there yet."""
    bucket = organisation.names.bucket_arn(organisation.hub, "documents")
    return document(allow("KeepDocuments", ["s3:PutObject"], [f"{bucket}/{DOCUMENTS_PREFIX}/*"]))


def own_metrics() -> Document:
    """PutMetricData has no resource type; the namespace is its bound (Service Authorization Reference)."""
    return document(
        allow(
            "PutOwnMetrics", ["cloudwatch:PutMetricData"], ["*"],
            condition={"StringEquals": {METRIC_NAMESPACE: OWN_NAMESPACE}},
        )
    )  # fmt: skip


def assume_readers(organisation: Organisation) -> Document | None:
    """Become the reader of each spoke; None where there is none.

    Their own trust decides who may. Many of them are named by a pattern, within the organisation where there is one,
    since a role's policies hold 10,240 characters together.
    """
    names, spokes = organisation.names, organisation.spokes
    if organisation.same_account or not spokes:
        return None
    if len(spokes) <= READERS_LISTED:
        readers = [names.role_arn(spoke.account, names.role(spoke.stack, "reader")) for spoke in spokes]
        return document(allow("BecomeReaders", ["sts:AssumeRole"], readers))
    pattern = names.role_arn("*", f"{organisation.prefix}-*-reader")
    inside: Condition = {} if organisation.id is None else {"StringEquals": {"aws:ResourceOrgID": organisation.id}}
    return document(allow("BecomeReaders", ["sts:AssumeRole"], [pattern], condition=inside))


def function_logs(organisation: Organisation, function: Function, governance_key_arn: str) -> Document:
    """Write the function's own log group; the program makes the group, so no function may.

    CloudWatch Logs uses the group's key for the writer, too (AmazonCloudWatch/logs encrypt-log-data-kms, step 3).
    """
    group = organisation.names.log_group_arn(organisation.hub, function)
    return document(
        allow("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{group}:*"]),
        allow(
            "GovernanceKeyThroughLogs",
            LOG_KEY_ACTIONS,
            [governance_key_arn],
            condition=via(["logs"], organisation.region),
        ),
    )
