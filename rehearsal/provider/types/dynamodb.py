"""aws.dynamodb: Table. Id: the table's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rehearsal.provider.clients import Clients, wait_gone, wait_until
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.types.table_shapes import (
    attributes,
    capacity,
    encryption,
    encryption_from_api,
    index_from_api,
    index_to_api,
    key,
    keys,
    stream,
    throughput,
)
from rehearsal.provider.values import UNKNOWN, Props

DEFAULT_RECOVERY_DAYS = 35
"""Point-in-time recovery keeps 35 days unless told otherwise (boto:dynamodb RecoveryPeriodInDays)."""


def _create(aws: Clients, args: Props) -> str:
    billing = args["billingMode"]
    indexes = [index_to_api(index, billing) for index in args.get("globalSecondaryIndexes", ())]
    aws.call(
        "dynamodb", "create_table",
        TableName=args["name"], BillingMode=billing, AttributeDefinitions=attributes(args),
        KeySchema=keys(args["hashKey"], args.get("rangeKey")),
        ProvisionedThroughput=throughput(args, billing), GlobalSecondaryIndexes=indexes or None,
        SSESpecification=encryption(args), StreamSpecification=stream(args),
        TableClass=args.get("tableClass"), DeletionProtectionEnabled=args["deletionProtectionEnabled"],
        Tags=pairs(args.get("tagsAll")),
    )  # fmt: skip
    name: str = args["name"]
    return name


def _wait_active(aws: Clients, name: str) -> None:
    def active() -> bool:
        table = aws.call("dynamodb", "describe_table", TableName=name)["Table"]
        indexes = table.get("GlobalSecondaryIndexes", ())
        return table["TableStatus"] == "ACTIVE" and all(index["IndexStatus"] == "ACTIVE" for index in indexes)

    wait_until(active, f"the table {name} and its indexes didn't become ACTIVE")


def _set_recovery(aws: Clients, name: str, block: Props | None) -> None:
    specification: Props = {"PointInTimeRecoveryEnabled": bool(block and block["enabled"])}
    if block and block["enabled"] and block.get("recoveryPeriodInDays"):
        specification["RecoveryPeriodInDays"] = block["recoveryPeriodInDays"]
    aws.call(
        "dynamodb",
        "update_continuous_backups",
        TableName=name,
        PointInTimeRecoverySpecification=specification,
    )


def _set_expiry(aws: Clients, name: str, block: Props) -> None:
    specification = {"AttributeName": block["attributeName"], "Enabled": block["enabled"]}
    aws.call("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification=specification)


def _configure(aws: Clients, physical_id: str, args: Props) -> None:
    _wait_active(aws, physical_id)
    if (args.get("pointInTimeRecovery") or {}).get("enabled"):
        _set_recovery(aws, physical_id, args["pointInTimeRecovery"])
    if (args.get("ttl") or {}).get("enabled"):
        _set_expiry(aws, physical_id, args["ttl"])


def _recovery(aws: Clients, physical_id: str) -> Props:
    answer = aws.call("dynamodb", "describe_continuous_backups", TableName=physical_id)["ContinuousBackupsDescription"]
    found = answer.get("PointInTimeRecoveryDescription", {})
    if found.get("PointInTimeRecoveryStatus") != "ENABLED":
        return {"enabled": False}
    return {"enabled": True, "recoveryPeriodInDays": found.get("RecoveryPeriodInDays", DEFAULT_RECOVERY_DAYS)}


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    table = aws.call("dynamodb", "describe_table", TableName=physical_id)["Table"]
    expiry = aws.call("dynamodb", "describe_time_to_live", TableName=physical_id)["TimeToLiveDescription"]
    billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    streaming = table.get("StreamSpecification", {})
    defined = sorted(table["AttributeDefinitions"], key=lambda item: str(item["AttributeName"]))
    indexes = sorted(table.get("GlobalSecondaryIndexes") or (), key=lambda item: str(item["IndexName"]))
    expires = expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    encrypted = encryption_from_api(table)
    if encrypted is None and (known.get("serverSideEncryption") or {}).get("enabled") is False:
        encrypted = {"enabled": False}
    return {
        "name": table["TableName"],
        "arn": table["TableArn"],
        "hashKey": key(table["KeySchema"], "HASH"),
        "rangeKey": key(table["KeySchema"], "RANGE"),
        "attributes": [{"name": item["AttributeName"], "type": item["AttributeType"]} for item in defined],
        "billingMode": billing,
        **capacity(table, billing),
        "globalSecondaryIndexes": [index_from_api(index, billing) for index in indexes] or None,
        "serverSideEncryption": encrypted,
        "pointInTimeRecovery": _recovery(aws, physical_id),
        "ttl": {"enabled": expires, "attributeName": expiry.get("AttributeName") or ""},
        "streamEnabled": streaming.get("StreamEnabled", False),
        "streamViewType": streaming.get("StreamViewType"),
        "streamArn": table.get("LatestStreamArn", ""),
        "streamLabel": table.get("LatestStreamLabel", ""),
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "tableClass": table.get("TableClassSummary", {}).get("TableClass"),
    }


def _update_indexes(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    """One index a call, as UpdateTable demands; a changed index is deleted and made again."""
    billing = new["billingMode"]
    before = {index["name"]: index for index in old.get("globalSecondaryIndexes") or ()}
    after = {index["name"]: index for index in new.get("globalSecondaryIndexes") or ()}
    changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    steps: list[dict[str, Any]] = [
        {"Delete": {"IndexName": name}} for name in sorted((before.keys() - after.keys()) | changed)
    ]
    steps += [
        {"Create": index_to_api(after[name], billing)} for name in sorted((after.keys() - before.keys()) | changed)
    ]
    for step in steps:
        definitions = attributes(new)
        aws.call("dynamodb", "update_table", TableName=physical_id, AttributeDefinitions=definitions,
                 GlobalSecondaryIndexUpdates=[step])  # fmt: skip
        _wait_active(aws, physical_id)


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    def changed(*names: str) -> bool:
        return any(old.get(name) != new.get(name) for name in names if new.get(name) is not None)

    separate: list[Props] = []  # UpdateTable takes one kind of change a call (boto:dynamodb UpdateTable)
    if changed("billingMode", "readCapacity", "writeCapacity"):
        billing = new["billingMode"]
        separate.append({"BillingMode": billing, "ProvisionedThroughput": throughput(new, billing)})
    if changed("streamEnabled", "streamViewType"):
        if old.get("streamEnabled"):
            separate.append({"StreamSpecification": {"StreamEnabled": False}})
        separate += [{"StreamSpecification": stream(new)}] if new.get("streamEnabled") else []
    if changed("deletionProtectionEnabled"):
        separate.append({"DeletionProtectionEnabled": new["deletionProtectionEnabled"]})
    if changed("tableClass"):
        separate.append({"TableClass": new["tableClass"]})
    if old.get("serverSideEncryption") != new.get("serverSideEncryption"):
        separate.append({"SSESpecification": encryption(new) or {"Enabled": False}})
    for step in separate:
        aws.call("dynamodb", "update_table", TableName=physical_id, **step)
        _wait_active(aws, physical_id)
    _update_indexes(aws, physical_id, old, new)
    if new.get("pointInTimeRecovery") is not None and changed("pointInTimeRecovery"):
        _set_recovery(aws, physical_id, new["pointInTimeRecovery"])
    if new.get("ttl") is not None and changed("ttl"):
        _set_expiry(aws, physical_id, new["ttl"])


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("dynamodb", "delete_table", TableName=physical_id)
    wait_gone(
        lambda: aws.call("dynamodb", "describe_table", TableName=physical_id),
        ("ResourceNotFoundException",),
        f"the table {physical_id}",
    )


def _check(args: Props) -> list[tuple[str, str]]:
    """What DynamoDB demands of keys and attributes (boto:dynamodb CreateTable, AttributeDefinitions)."""
    found = [*_check_keys(args)]
    if args.get("billingMode", "PROVISIONED") == "PROVISIONED":
        found += [
            (name, f"{name} must be at least 1 when billingMode is PROVISIONED")
            for name in ("readCapacity", "writeCapacity")
            if not args.get(name)
        ]
    if args.get("streamEnabled") and not args.get("streamViewType"):
        found.append(("streamViewType", "streamViewType must be set when streamEnabled is true"))
    return found


def _check_keys(args: Props) -> Iterator[tuple[str, str]]:
    if not args.get("hashKey"):
        yield "hashKey", "hashKey must be set: DynamoDB makes no table without a partition key"
    parts = ("attributes", "globalSecondaryIndexes", "hashKey", "rangeKey")
    if "attributes" not in args or any(args.get(part) is UNKNOWN for part in parts):
        return
    defined = {item["name"] for item in args["attributes"]}
    owners = [args, *(args.get("globalSecondaryIndexes") or ())]
    used = {owner[key] for owner in owners for key in ("hashKey", "rangeKey") if owner.get(key)}
    for name in sorted(used - defined):
        yield "attributes", f"all indexes must match a defined attribute: {name} is missing in attributes"
    for name in sorted(defined - used):
        yield "attributes", f"all attributes must be indexed: {name} is the key of no table or index"


TABLE = ResourceType(
    pulumi_type="aws:dynamodb/table:Table",
    cfn="AWS::DynamoDB::Table",
    name=AutoName(),
    arguments={
        "attributes": Argument(unordered=True),
        "attributes.name": Argument(cfn="AttributeDefinitions.AttributeName"),
        "attributes.type": Argument(cfn="AttributeDefinitions.AttributeType", shape="dynamodb.ScalarAttributeType"),
        "billingMode": Argument(shape="dynamodb.BillingMode", default="PROVISIONED"),
        "deletionProtectionEnabled": Argument(default=False),
        "globalSecondaryIndexes": Argument(unordered=True),
        "globalSecondaryIndexes.hashKey": Argument(shape="dynamodb.KeySchemaAttributeName"),
        "globalSecondaryIndexes.name": Argument(shape="dynamodb.IndexName"),
        "globalSecondaryIndexes.nonKeyAttributes": Argument(unordered=True),
        "globalSecondaryIndexes.projectionType": Argument(shape="dynamodb.ProjectionType"),
        "globalSecondaryIndexes.rangeKey": Argument(shape="dynamodb.KeySchemaAttributeName"),
        "globalSecondaryIndexes.readCapacity": Argument(shape="dynamodb.PositiveLongObject", computed=True),
        "globalSecondaryIndexes.writeCapacity": Argument(shape="dynamodb.PositiveLongObject", computed=True),
        # The primary key can't be changed: no parameter of UpdateTable has it. CloudFormation's schema marks
        # KeySchema conditionally, outside createOnlyProperties, and Pulumi splits it in two arguments.
        "hashKey": Argument(shape="dynamodb.KeySchemaAttributeName", replaces=True),
        "name": Argument(cfn="TableName", shape="dynamodb.TableName"),
        "pointInTimeRecovery": Argument(),
        "pointInTimeRecovery.enabled": Argument(),
        "pointInTimeRecovery.recoveryPeriodInDays": Argument(shape="dynamodb.RecoveryPeriodInDays", computed=True),
        "rangeKey": Argument(shape="dynamodb.KeySchemaAttributeName", replaces=True),
        "readCapacity": Argument(shape="dynamodb.PositiveLongObject", computed=True),
        "serverSideEncryption": Argument(),
        "serverSideEncryption.enabled": Argument(),
        "serverSideEncryption.kmsKeyArn": Argument(computed=True),
        "streamEnabled": Argument(),
        "streamViewType": Argument(shape="dynamodb.StreamViewType", computed=True),
        "tableClass": Argument(shape="dynamodb.TableClass"),
        "ttl": Argument(computed=True),
        "ttl.attributeName": Argument(shape="dynamodb.TimeToLiveAttributeName"),
        "ttl.enabled": Argument(default=False),
        "writeCapacity": Argument(shape="dynamodb.PositiveLongObject", computed=True),
    },
    tags=tag_calls(
        "dynamodb",
        by_arn("ResourceArn"),
        read="list_tags_of_resource",
        add="tag_resource",
        remove="untag_resource",
    ),
    check=_check,
    create=_create,
    configure=_configure,
    read=_read,
    update=_update,
    delete=_delete,
    gone=("ResourceNotFoundException",),
    recomputed={
        "streamArn": ("streamEnabled", "streamViewType"),
        "streamLabel": ("streamEnabled", "streamViewType"),
    },
)

TYPES = (TABLE,)
