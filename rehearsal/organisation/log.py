"""The request log and the event log: rows that can be written as JSON Lines, without payloads and secrets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

LONGEST_TEXT = 512
SECRET_NAMES = frozenset({"secretaccesskey", "sessiontoken", "password", "secretstring", "secretbinary", "plaintext"})
PAYLOAD_NAMES = frozenset({"body", "zipfile", "payload", "messagebody", "item", "records"})


class Log:
    """An append-only list of rows, safe between threads; each row gets its number `n`, from 0."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def append(self, row: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            numbered = {"n": len(self._rows), **row}
            self._rows.append(numbered)
        return numbered

    def since(self, n: int) -> list[dict[str, Any]]:
        """The rows from number n on."""
        with self._lock:
            return self._rows[n:]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.since(0))

    def __getitem__(self, n: int) -> dict[str, Any]:
        return self._rows[n]

    def write(self, path: Path) -> None:
        """Write the rows as JSON Lines."""
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, sort_keys=True, default=str) + "\n" for row in self)


def tell(value: Any, name: str = "") -> Any:
    """A parameter as the log shows it: blobs and payloads as their size, secrets and long texts cut.

    Policies (parameters whose name holds `polic`) stay whole: they are what a reader of the log looks for.
    """
    key = name.lower()
    if key in SECRET_NAMES:
        return "(secret)"
    if isinstance(value, (bytes, bytearray)):
        return f"({len(value)} bytes)"
    if key in PAYLOAD_NAMES:
        size = len(value) if isinstance(value, str | list | dict) else 1
        return f"({type(value).__name__} of {size})"
    if isinstance(value, str):
        whole = len(value) <= LONGEST_TEXT or "polic" in key
        return value if whole else f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): tell(v, str(k)) for k, v in value.items()}
    if isinstance(value, Iterable):
        return [tell(item, name) for item in value]
    return value
