"""Reading the governance tables: live ones by boto3, or an export of JSON Lines (`tables/<name>.jsonl`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from blueprint.names import Names, Table
from console.errors import CommandError, NotThere
from governance.canonical import Json

Row = Mapping[str, Json]

LEDGER: Table = "modelgovernanceledger"
DEDUP: Table = "modelgovernancededup"
STATE: Table = "modelpackagestatechanges"
HISTORY: Table = "sagemakerendpointhistory"
ENDPOINTS: Table = "sagemakermodelendpoints"


class MissingTable(CommandError):
    """An export holds no file of a table."""


class Source(Protocol):
    """Where rows come from."""

    def rows(self, table: Table) -> Sequence[Row]:
        """All rows of a table, in any order. Raises CommandError if it can't be read."""

    def ledger_of(self, arn: str) -> Sequence[Row]:
        """The ledger rows of one package."""


@dataclass(frozen=True, slots=True)
class LiveTables:
    """The installation's tables. `client` is a boto3 dynamodb client of the hub."""

    client: Any
    names: Names

    def rows(self, table: Table) -> list[Row]:
        return self._items("scan", table, ConsistentRead=True)

    def ledger_of(self, arn: str) -> list[Row]:
        return self._items(
            "query",
            LEDGER,
            KeyConditionExpression="modelpackagearn = :arn",
            ExpressionAttributeValues={":arn": {"S": arn}},
            ConsistentRead=True,
        )

    def _items(self, operation: str, table: Table, **parameters: Any) -> list[Row]:
        name = self.names.table(table)
        pages = self.client.get_paginator(operation).paginate(TableName=name, **parameters)
        try:
            return [_plain(item) for page in pages for item in page["Items"]]
        except self.client.exceptions.ResourceNotFoundException:
            raise NotThere(f"table {name} in {self.client.meta.region_name}", self.names.prefix) from None


def _plain(item: Mapping[str, Mapping[str, Any]]) -> Row:
    """A row from DynamoDB's typed attributes; a type that no row of ours has stays visible as it is."""
    row: dict[str, Json] = {}
    for name, attribute in item.items():
        [(kind, value)] = attribute.items()
        number = kind == "N" and value.lstrip("-").isdecimal()
        row[name] = int(value) if number else None if kind == "NULL" else value
    return row


@dataclass(frozen=True, slots=True)
class ExportedTables:
    """A folder of JSON Lines files whose names end in the tables' names; they may lie in its folder `tables`."""

    folder: Path

    def rows(self, table: Table) -> list[Row]:
        path = self._path(table)
        return list(lines_of(path))

    def ledger_of(self, arn: str) -> list[Row]:
        return [row for row in self.rows(LEDGER) if row.get("modelpackagearn") == arn]

    def _path(self, table: Table) -> Path:
        if not self.folder.is_dir():
            raise CommandError(f"{self.folder} is no folder; wanted: one with tables/*.jsonl, such as build/rehearsal")
        inner = self.folder / "tables"
        folder = inner if inner.is_dir() else self.folder
        found = sorted(path for path in folder.glob("*.jsonl") if path.stem == table or path.stem.endswith(f"_{table}"))
        if len(found) == 1:
            return found[0]
        which = "no file" if not found else f"{len(found)} files ({', '.join(path.name for path in found)})"
        problem = f"{folder} holds {which} for table {table}; wanted exactly one *{table}.jsonl"
        raise CommandError(problem) if found else MissingTable(problem)


def lines_of(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as problem:
                raise CommandError(f"{path} line {number} is no JSON: {problem}") from None
            if not isinstance(row, dict):
                raise CommandError(f"{path} line {number} is a {type(row).__name__}; wanted: one JSON object a line")
            yield row


def by_package(rows: Iterable[Row], key: str = "modelpackagearn") -> dict[str, list[Row]]:
    """Rows in groups by an ARN of theirs; a row without one stands under the empty text."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        arn = row.get(key)
        groups.setdefault(arn if isinstance(arn, str) else "", []).append(row)
    return groups
