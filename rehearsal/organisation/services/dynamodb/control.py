"""Tables: create, describe, update, delete, point-in-time recovery, time to live, tags, resource policies (moto).

After each create or update what moto shows is compared with what was sent, so a parameter that moto drops is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Document,
    NotEmulated,
    Organisation,
    Params,
    moto_serves,
    resource_policy,
    resource_tags,
)
from rehearsal.organisation.policies import parsed

from .needs import on_table
from .tables import SERVICE, find_table, name_of, require_table, table_arn

_MODEL = "botocore dynamodb service-2: "
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_ON_CREATE = ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt")
_UNSERVED = ("GlobalTableSettingsReplicationMode", "OnDemandThroughput", "WarmThroughput", "ReplicaUpdates",
             "MultiRegionConsistency", "GlobalTableWitnessUpdates", "VectorIndexes")  # fmt: skip


def plain_name(org: Organisation, call: Call) -> None:
    """Name the table for moto, which looks for names in the owner's account."""
    for member in _UNSERVED:
        if call.params.get(member):
            raise NotEmulated(f"dynamodb:{call.operation} with {member}")
    if "TableName" in call.params:
        call.params["TableName"] = name_of(call.params["TableName"])


def _before_create(org: Organisation, call: Call) -> None:
    plain_name(org, call)
    name = call.params["TableName"]
    if not _NAME.fullmatch(name):
        raise ApiError(
            "ValidationException",
            f"TableName {name!r}: 3 to 255 characters of a-z, A-Z, 0-9, '_', '-' and '.' are allowed.",
        )
    _check_key(org, call)


def _before_update(org: Organisation, call: Call) -> None:
    plain_name(org, call)
    require_table(org, table_arn(call, call.params["TableName"]))
    if call.params.get("SSESpecification"):
        raise NotEmulated("dynamodb:UpdateTable with SSESpecification")


def _check_key(org: Organisation, call: Call) -> None:
    """Authorise as the caller what DynamoDB does with the table's new key, and write the key as its ARN.

    Source: developer guide, encryption.usagenotes (permissions of the principal that makes the table).
    """
    specification = call.params.get("SSESpecification") or {}
    if not specification.get("Enabled"):
        return
    if specification.get("SSEType") not in (None, "KMS"):
        raise ApiError("ValidationException", "One or more parameter values were invalid: SSEType must be KMS")
    given = specification.get("KMSMasterKeyId")
    if given is None:
        raise NotEmulated("a DynamoDB table encrypted with the AWS managed key aws/dynamodb")
    key = org.key_arn(given, call.caller.account, call.region)
    for action in _ON_CREATE:
        org.use_key(
            key, action, call.caller, region=call.region, via=f"dynamodb.{call.region}.amazonaws.com",
            encryption_context={
                "aws:dynamodb:tableName": call.params["TableName"],
                "aws:dynamodb:subscriberId": call.owner,
            },
            extra={"kms:GrantIsForAWSResource": "true"} if action == "kms:CreateGrant" else None,
            reason=f"DynamoDB makes the table's key with the key of its SSESpecification ({action})",
        )  # fmt: skip
    call.params["SSESpecification"] = {**specification, "SSEType": "KMS", "KMSMasterKeyId": key}


def _shown(org: Organisation, call: Call, _: Params) -> Mapping[str, Any]:
    """What DescribeTable shows, under the names of the request's parameters."""
    table = require_table(org, table_arn(call, call.params["TableName"]))
    described = table.describe(base_key="Table")["Table"]
    encryption = described.get("SSEDescription") or {}
    return {
        **described,
        "BillingMode": (described.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED"),
        "SSESpecification": {
            "Enabled": encryption.get("Status") == "ENABLED",
            "SSEType": encryption.get("SSEType"),
            "KMSMasterKeyId": encryption.get("KMSMasterKeyArn"),
        },
        "TableClass": (described.get("TableClassSummary") or {}).get("TableClass"),
        "Tags": table.tags,
    }


moto_serves(
    "dynamodb", "CreateTable", source=_MODEL + "CreateTable; encryption.usagenotes", fidelity="emulated",
    note="ACTIVE at once; no replicas; encryption with a customer's key or AWS's own, not with aws/dynamodb",
    needs=on_table, before=_before_create, read_back=_shown,
)  # fmt: skip
moto_serves(
    "dynamodb", "UpdateTable", source=_MODEL + "UpdateTable", fidelity="emulated",
    note="billing, throughput, deletion protection, streams and indexes; a change of encryption is refused",
    needs=on_table, before=_before_update,
    read_back=lambda org, call, answer: {
        **_shown(org, call, answer),
        "GlobalSecondaryIndexUpdates": call.params.get("GlobalSecondaryIndexUpdates"),
    },
)  # fmt: skip
moto_serves(
    "dynamodb", "DeleteTable", source=_MODEL + "DeleteTable: refused under deletion protection", needs=on_table,
    before=plain_name,
)  # fmt: skip
moto_serves(
    "dynamodb", "DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive",
    source=_MODEL + "DescribeTable, DescribeContinuousBackups, DescribeTimeToLive", needs=on_table, before=plain_name,
)  # fmt: skip
moto_serves("dynamodb", "ListTables", source=_MODEL + "ListTables", needs=on_table)


def _recovery(org: Organisation, call: Call, _: Params) -> Mapping[str, Any]:
    table = require_table(org, table_arn(call, call.params["TableName"]))
    status = table.continuous_backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return {
        "TableName": table.name,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": status == "ENABLED"},
    }


def _time_to_live(org: Organisation, call: Call, _: Params) -> Mapping[str, Any]:
    table = require_table(org, table_arn(call, call.params["TableName"]))
    shown = {
        "AttributeName": table.ttl.get("AttributeName", call.params["TimeToLiveSpecification"]["AttributeName"]),
        "Enabled": table.ttl["TimeToLiveStatus"] == "ENABLED",
    }
    return {"TableName": table.name, "TimeToLiveSpecification": shown}


moto_serves(
    "dynamodb", "UpdateContinuousBackups", source=_MODEL + "UpdateContinuousBackups", fidelity="emulated",
    note="the setting only: nothing can be restored", needs=on_table, before=plain_name, read_back=_recovery,
)  # fmt: skip
moto_serves(
    "dynamodb", "UpdateTimeToLive", source=_MODEL + "UpdateTimeToLive", fidelity="emulated",
    note="the setting only: no item expires", needs=on_table, before=plain_name, read_back=_time_to_live,
)  # fmt: skip
moto_serves(
    "dynamodb", "TagResource", "UntagResource", "ListTagsOfResource",
    source=_MODEL + "TagResource, UntagResource, ListTagsOfResource", needs=on_table,
)  # fmt: skip
moto_serves(
    "dynamodb", "PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy", fidelity="emulated",
    source=_MODEL + "PutResourcePolicy; rbac-cross-account-access", note="tables only, effective at once",
    needs=on_table,
)  # fmt: skip


@resource_policy(SERVICE)
def table_policy(org: Organisation, arn: str, account: str, region: str) -> Document | None:
    """The resource policy of a table, also for its indexes."""
    name = name_of(arn)
    held = org.moto(SERVICE, account, region).resource_policies
    found = held.get(f"arn:aws:dynamodb:{region}:{account}:table/{name}")
    return parsed(found.policy_doc) if found is not None else None


@resource_tags(SERVICE)
def table_tags(org: Organisation, arn: str, account: str, region: str) -> dict[str, str] | None:
    table = find_table(org, arn) if ":table/" in arn else None
    return None if table is None else {tag["Key"]: tag["Value"] for tag in table.tags}
