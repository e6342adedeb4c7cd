"""aws.cloudwatch: LogGroup. Id: the log group's name."""

from __future__ import annotations

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, tag_calls
from rehearsal.provider.values import Props

NEVER_EXPIRES = 0
"""What the Terraform provider says for a log group without a retention policy."""


def _create(aws: Clients, args: Props) -> str:
    aws.call(
        "logs", "create_log_group",
        logGroupName=args["name"], kmsKeyId=args.get("kmsKeyId"), logGroupClass=args.get("logGroupClass"),
        deletionProtectionEnabled=args.get("deletionProtectionEnabled"), tags=args.get("tagsAll") or None,
    )  # fmt: skip
    name: str = args["name"]
    return name


def _set_retention(aws: Clients, name: str, days: int) -> None:
    if days == NEVER_EXPIRES:
        aws.call("logs", "delete_retention_policy", logGroupName=name)
    else:
        aws.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)


def _configure(aws: Clients, physical_id: str, args: Props) -> None:
    if args["retentionInDays"] != NEVER_EXPIRES:
        _set_retention(aws, physical_id, args["retentionInDays"])


def _read(aws: Clients, physical_id: str, known: Props) -> Props | None:
    groups = aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=physical_id)
    group = next((item for item in groups if item["logGroupName"] == physical_id), None)
    if group is None:
        return None
    return {
        "name": group["logGroupName"],
        "arn": group["arn"].removesuffix(":*"),
        "kmsKeyId": group.get("kmsKeyId"),
        "logGroupClass": group.get("logGroupClass", "STANDARD"),
        "retentionInDays": group.get("retentionInDays", NEVER_EXPIRES),
        "deletionProtectionEnabled": group.get("deletionProtectionEnabled", False),
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if new["retentionInDays"] != old.get("retentionInDays"):
        _set_retention(aws, physical_id, new["retentionInDays"])
    if new.get("kmsKeyId") != old.get("kmsKeyId"):
        if new.get("kmsKeyId"):
            aws.call("logs", "associate_kms_key", logGroupName=physical_id, kmsKeyId=new["kmsKeyId"])
        else:
            aws.call("logs", "disassociate_kms_key", logGroupName=physical_id)
    protected = new.get("deletionProtectionEnabled")
    if protected is not None and protected != old.get("deletionProtectionEnabled"):
        aws.call(
            "logs", "put_log_group_deletion_protection",
            logGroupIdentifier=physical_id, deletionProtectionEnabled=protected,
        )  # fmt: skip


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        aws.call("logs", "delete_log_group", logGroupName=physical_id)


LOG_GROUP = ResourceType(
    pulumi_type="aws:cloudwatch/logGroup:LogGroup",
    cfn="AWS::Logs::LogGroup",
    name=AutoName(),
    arguments={
        "deletionProtectionEnabled": Argument(cfn="DeletionProtectionEnabled", computed=True),
        "kmsKeyId": Argument(cfn="KmsKeyId"),
        # The class of a log group can't be changed (boto:logs CreateLogGroup); CloudFormation's schema doesn't mark it.
        "logGroupClass": Argument(cfn="LogGroupClass", replaces=True, computed=True),
        "name": Argument(cfn="LogGroupName"),
        "retentionInDays": Argument(cfn="RetentionInDays", default=NEVER_EXPIRES),
        "skipDestroy": Argument(default=False, kept=True),
    },
    tags=tag_calls(
        "logs",
        by_arn("resourceArn"),
        read="list_tags_for_resource",
        add="tag_resource",
        remove="untag_resource",
        field="tags",
        keys="tagKeys",
        pair=None,
    ),
    create=_create,
    configure=_configure,
    read=_read,
    update=_update,
    delete=_delete,
    gone=("ResourceNotFoundException",),
)

TYPES = (LOG_GROUP,)
