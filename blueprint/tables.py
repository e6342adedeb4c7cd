"""The governance tables: their keys, and which of their columns expires a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from blueprint.names import Table

AttributeType = Literal["S", "N"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table's keys. `expires`: column with the time, in epoch seconds, after which DynamoDB may delete a row."""

    table: Table
    hash_key: str
    range_key: str | None = None
    range_type: AttributeType = "S"
    expires: str | None = None


TABLE_SPECS: tuple[TableSpec, ...] = (
    TableSpec(table="modelgovernanceledger", hash_key="modelpackagearn", range_key="seq", range_type="N"),
    TableSpec(table="modelgovernancededup", hash_key="contentid"),
    TableSpec(table="modelpackagestatechanges", hash_key="modelpackagearn"),
    # By ARN, never by name: two accounts may have endpoints of one name.
    TableSpec(table="sagemakermodelendpoints", hash_key="endpointarn"),
    TableSpec(
        table="sagemakerendpointmetrics",
        hash_key="endpointvariant",
        range_key="timestamp",
        range_type="N",
        expires="expiresat",
    ),
    # One row a change, chained and never expired: what served where at a time that is past.
    TableSpec(table="sagemakerendpointhistory", hash_key="endpointarn", range_key="seq", range_type="N"),
)
