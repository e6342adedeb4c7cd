"""The tables that requests name, as moto keeps them: names, ARNs, keys, encryption."""

from __future__ import annotations

from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, Organisation, Params

SERVICE = "dynamodb"
Attributes = dict[str, Any]
"""An item or key in DynamoDB's JSON: attribute name to `{"S": "text"}`, `{"N": "1"}`, …"""


def table_arn(call: Call, name_or_arn: str) -> str:
    if name_or_arn.startswith("arn:"):
        return name_or_arn
    return f"arn:aws:dynamodb:{call.region}:{call.owner}:table/{name_or_arn}"


def name_of(name_or_arn: str) -> str:
    """The table's name, of an ARN of the table or of one of its indexes too."""
    return name_or_arn.split(":table/", 1)[-1].split("/", 1)[0]


def find_table(org: Organisation, arn: str) -> Any:
    """moto's table object of a table's ARN, None where there is none."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return org.moto(SERVICE, account, region).tables.get(name_of(arn))


def require_table(org: Organisation, arn: str) -> Any:
    table = find_table(org, arn)
    if table is None:
        raise ApiError("ResourceNotFoundException", "Requested resource not found")
    return table


def key_of_table(table: Any) -> str | None:
    """The ARN of the customer's key that encrypts the table; None for the key that AWS owns."""
    specification = table.sse_specification or {}
    return specification.get("KMSMasterKeyId") if specification.get("Enabled") else None


def use_table_key(org: Organisation, arn: str, caller: Caller) -> None:
    """Authorise as the caller the Decrypt of the table's key that a data operation makes.

    Source: DynamoDB developer guide, encryption.usagenotes and encryption.howitworks: the context holds
    `aws:dynamodb:tableName` and `aws:dynamodb:subscriberId`. DynamoDB keeps the plain table key for minutes; here each
    operation is authorised, the strictest case.
    """
    table = find_table(org, arn)
    key = key_of_table(table) if table is not None else None
    if key is None:
        return
    _, _, _, region, account, _ = arn.split(":", 5)
    org.use_key(
        key, "kms:Decrypt", caller, region=region, via=f"dynamodb.{region}.amazonaws.com",
        encryption_context={"aws:dynamodb:tableName": table.name, "aws:dynamodb:subscriberId": account},
        reason="DynamoDB decrypts the table's key",
    )  # fmt: skip


def key_attributes(table: Any) -> tuple[str, ...]:
    """The names of the table's key attributes, the partition key first."""
    return (table.hash_key_attr, table.range_key_attr) if table.range_key_attr else (table.hash_key_attr,)


def leading_key(table: Any, item: Params | None) -> str | None:
    """The partition key's value as text, as `dynamodb:LeadingKeys` holds it."""
    value = (item or {}).get(table.hash_key_attr)
    if not isinstance(value, dict) or len(value) != 1:
        return None
    return str(next(iter(value.values())))
