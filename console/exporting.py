"""Taking the evidence out of an account: tables as JSON Lines, anchors and keys as they lie in the bucket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blueprint.names import Table
from console.anchors import VERSIONS, LiveAnchors
from console.errors import CommandError
from console.tables import DEDUP, ENDPOINTS, HISTORY, LEDGER, STATE, Row, Source
from console.verify import verify
from governance.anchor import key_of, public_key_file, read
from governance.canonical import Json, canonical
from governance.errors import AnchorError
from governance.stages import Stages

READINGS = 3
"""How often the tables are read, if capture writes meanwhile: an export is to agree with itself."""

TABLES: tuple[Table, ...] = (STATE, DEDUP, LEDGER, ENDPOINTS, HISTORY)
"""State before ledger: a row that is written meanwhile shows as one too many, never as a missing tail."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tables as they were read."""

    tables: Mapping[Table, Sequence[Row]]

    def rows(self, table: Table) -> Sequence[Row]:
        return self.tables[table]

    def ledger_of(self, arn: str) -> Sequence[Row]:
        return [row for row in self.tables[LEDGER] if row.get("modelpackagearn") == arn]


def write_export(source: Source, anchors: LiveAnchors, folder: Path, prefix: str, stages: Stages) -> dict[str, int]:
    """Write an export; answers how many rows of each table, and anchors, it holds.

    What is broken is exported as it is: to judge is for whoever reads it. Raises CommandError if the folder holds
    something: two exports in one contradict each other.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there and not empty; an export wants a folder of its own")
    anchors.begin()
    tables = _consistent(source, stages)
    for table, rows in tables.tables.items():
        _write_lines(folder / "tables" / f"{prefix}_{table}.jsonl", sorted(map(_line, rows)))
    keys = set()
    numbers = anchors.numbers()
    for number in numbers:
        content = anchors.file(number)
        _write(folder / key_of(prefix, number), content)
        keys |= _key_in(content)
    for sha256 in sorted(keys):
        public = anchors.public_key(sha256)
        if public is not None:
            _write(folder / public_key_file(sha256), public)
    (folder / "anchors").mkdir(parents=True, exist_ok=True)
    _write_lines(folder / VERSIONS, map(_line, anchors.listing()))
    return {**{table: len(rows) for table, rows in tables.tables.items()}, "anchors": len(numbers)}


def _consistent(source: Source, stages: Stages) -> Snapshot:
    for _ in range(READINGS):
        read_tables: dict[Table, Sequence[Row]] = {table: source.rows(table) for table in TABLES}
        snapshot = Snapshot(read_tables)
        if verify(snapshot, stages).sound:
            break
    return snapshot


def _key_in(content: bytes) -> set[str]:
    try:
        return {read(content).statement.key.public_sha256}
    except AnchorError:
        return set()


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    _write(path, "".join(f"{line}\n" for line in lines).encode())


def _line(row: Mapping[str, Json]) -> str:
    try:
        return canonical(row)
    except TypeError:
        # Not a row of ours: shown as it is, so that `verify` names it.
        return json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
