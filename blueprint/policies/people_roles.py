"""Roles of the hub for people: the auditor, who reads everything that proves, and the operator, who mends.

Sources: Service Authorization Reference (actions, resource types); sqs-key-management (what sending and receiving ask
of a queue's key); AmazonCloudWatch/logs encrypt-log-data-kms (a group's key is used for the caller, too).
"""

from __future__ import annotations

from collections.abc import Iterable

from blueprint.functions import FUNCTION_SPECS, FUNCTIONS
from blueprint.names import TABLES, Queue
from blueprint.organisation import Organisation
from blueprint.policies import trust
from blueprint.policies.anchors_bucket import ANCHORS, KEYS
from blueprint.policies.conditions import via
from blueprint.policies.documents import Statement, allow, document
from blueprint.policies.function_parts import DOCUMENTS_PREFIX, LEDGER, table_arns
from blueprint.policies.roles import KeyArns, RoleSpec, nothing_else, read_registry

ALARMS = ("cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms")
FIND_QUEUE = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")
EMPTY_QUEUE = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage")


def auditor_role(organisation: Organisation, keys: KeyArns) -> RoleSpec | None:
    """Read what the ledger says, what proves it, and what it is about; None where nobody is named to.

    What `governance verify`, `history`, `as-of`, `endpoints`, `flow`, `export` and `prove` ask, the documents that rows
    name by digest, the locks of the anchors, the key that signed them. No artifact and no log.
    """
    if not organisation.auditors:
        return None
    names, hub, region = organisation.names, organisation.hub, organisation.region
    anchors, documents = names.bucket_arn(hub, "anchors"), names.bucket_arn(hub, "documents")
    own = [f"{anchors}/{ANCHORS}/{organisation.prefix}/*", f"{anchors}/{KEYS}/*"]
    policies = {
        "registry": document(*read_registry(organisation)),
        "tables": document(
            allow("ReadRecords", ["dynamodb:Query", "dynamodb:Scan"], table_arns(organisation, *TABLES))
        ),
        "evidence": document(
            allow("ListVersions", ["s3:ListBucketVersions"], [anchors, documents]),
            allow("SeeLock", ["s3:GetBucketObjectLockConfiguration"], [anchors]),
            # GetObject tells a version's retention only to whom has the second right (AmazonS3 API GetObject).
            allow("ReadAnchors", ["s3:GetObjectRetention", "s3:GetObjectVersion"], own),
            allow("ReadDocuments", ["s3:GetObjectVersion"], [f"{documents}/{DOCUMENTS_PREFIX}/*"]),
        ),
        "keys": document(
            allow("ReadEncrypted", ["kms:Decrypt"], [keys.governance], condition=via(["dynamodb", "s3"], region)),
            # DescribeModelPackage decrypts as the caller where a version's card is encrypted (botocore sagemaker).
            allow("DecryptCards", ["kms:Decrypt"], [keys.artifacts], condition=via(["sagemaker"], region)),
            allow("CheckSignatures", ["kms:GetPublicKey", "kms:Verify"], [keys.anchors]),
        ),
        "alarms": document(_alarms(organisation)),
    }
    return RoleSpec(
        name=names.hub_role("auditor"),
        description="Read ledger, evidence and registry, and change nothing",
        trust=trust.trust(trust.people("AuditorsRead", organisation.auditors, require_mfa=_mfa(organisation))),
        policies={**policies, "never": document(nothing_else(policies.values()))},
    )


def operator_role(organisation: Organisation, keys: KeyArns) -> RoleSpec | None:
    """Send dead letters back, start jobs, see why; None where nobody is named to.

    Who may send to the capture queue can have the ledger say what no registry said: hence a role of its own, which
    nobody has by default, and which is neither an approver's nor an auditor's.
    """
    if not organisation.operators:
        return None
    names, hub, region = organisation.names, organisation.hub, organisation.region
    queues: list[Queue] = [spec.queue for spec in FUNCTION_SPECS]
    dead: list[Queue] = ["rules-dlq", *(spec.dead_letters for spec in FUNCTION_SPECS)]

    def arns(which: Iterable[Queue]) -> list[str]:
        return [names.queue_arn(hub, names.queue(queue)) for queue in which]

    policies = {
        "queues": document(
            allow("FindQueues", FIND_QUEUE, arns([*queues, *dead])),
            allow("Send", ["sqs:SendMessage"], arns(queues)),
            allow("EmptyDeadLetters", EMPTY_QUEUE, arns(dead)),
        ),
        # What a reconcile or backfill recovered, and whether it is done.
        "ledger": document(allow("ReadLedger", ["dynamodb:Scan"], table_arns(organisation, LEDGER))),
        "keys": document(
            allow(
                "ReadEncrypted", ["kms:Decrypt"], [keys.governance],
                condition=via(["dynamodb", "logs", "sqs"], region),
            ),
            allow("EncryptSent", ["kms:GenerateDataKey"], [keys.governance], condition=via(["sqs"], region)),
        ),
        "watch": document(
            _alarms(organisation),
            allow(
                "ReadLogs", ["logs:FilterLogEvents"],
                [f"{names.log_group_arn(hub, function)}:*" for function in FUNCTIONS],
            ),
            allow(
                "SeeSchedules", ["events:DescribeRule"],
                [names.rule_arn(hub, names.schedule_rule(spec.function)) for spec in FUNCTION_SPECS
                 if spec.every_minutes is not None],
            ),
            # Neither has a resource type (Service Authorization Reference).
            allow("SeeMappings", ["lambda:ListEventSourceMappings"], ["*"]),
            allow("LookUpCalls", ["cloudtrail:LookupEvents"], ["*"]),
        ),
    }  # fmt: skip
    return RoleSpec(
        name=names.hub_role("operator"),
        description="Send dead letters back and start jobs; decide and rewrite nothing",
        trust=trust.trust(trust.people("OperatorsMend", organisation.operators, require_mfa=_mfa(organisation))),
        policies={**policies, "never": document(nothing_else(policies.values()))},
    )


def _alarms(organisation: Organisation) -> Statement:
    """All alarms of the account: a look by prefix or state has no alarm of its own as resource."""
    names = organisation.names
    base = f"arn:{names.partition}:cloudwatch:{organisation.region}:{organisation.hub}"
    return allow("SeeAlarms", ALARMS, [f"{base}:alarm:*"])


def _mfa(organisation: Organisation) -> bool:
    """As strict as the strictest stage."""
    return any(stage.require_mfa for stage in organisation.stages)
