"""The governance tables as an auditor reads them, and as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from blueprint.names import TABLES, Table
from blueprint.organisation import Organisation
from rehearsal.scenario.cast import Actor

Row = dict[str, Any]


class Tables:
    """Reads tables page by page; numbers become int where they are whole."""

    def __init__(self, reader: Actor, organisation: Organisation) -> None:
        self._client = reader.client("dynamodb")
        self._names = organisation.names
        self._deserialise = TypeDeserializer().deserialize

    def ledger(self, package_arn: str) -> list[Row]:
        """A package's rows, in order."""
        rows = [row for row in self.rows("modelgovernanceledger") if row["modelpackagearn"] == package_arn]
        return sorted(rows, key=lambda row: int(row["seq"]))

    def state(self, package_arn: str) -> Row:
        return self._one("modelpackagestatechanges", {"modelpackagearn": {"S": package_arn}})

    def endpoint(self, endpoint_arn: str) -> Row:
        return self._one("sagemakermodelendpoints", {"endpointarn": {"S": endpoint_arn}})

    def rows(self, table: Table) -> Iterator[Row]:
        pages = self._client.get_paginator("scan").paginate(TableName=self._names.table(table), ConsistentRead=True)
        for page in pages:
            yield from (self._plain(item) for item in page["Items"])

    def export(self, folder: Path) -> None:
        """Write `tables/<name>.jsonl` below `folder`, rows in a stable order."""
        target = folder / "tables"
        target.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            lines = sorted(json.dumps(row, sort_keys=True) for row in self.rows(table))
            path = target / f"{self._names.table(table)}.jsonl"
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def tamper(self, folder: Path, package_arn: str) -> str:
        """Change the reason of a package's second row in an export; return how `verify` has to name the row."""
        path = folder / "tables" / f"{self._names.table('modelgovernanceledger')}.jsonl"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for row in rows:
            if row["modelpackagearn"] == package_arn and int(row["seq"]) == 2:
                row["reason"] = "somebody else's reason"
        path.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows), encoding="utf-8")
        return "row 2"

    def _one(self, table: Table, key: dict[str, Any]) -> Row:
        answer = self._client.get_item(TableName=self._names.table(table), Key=key, ConsistentRead=True)
        return self._plain(answer.get("Item", {}))

    def _plain(self, item: dict[str, Any]) -> Row:
        return {name: _number(self._deserialise(value)) for name, value in item.items()}


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
