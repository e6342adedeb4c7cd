"""Structured log lines: one JSON object a line, with ids and outcomes, never an event, a card or an
environment.
"""

from __future__ import annotations

import json


class Log:
    """Writes to standard output, which Lambda sends to the function's log group. `bound` stands in every
    line.
    """

    def __init__(self, **bound: str) -> None:
        self._bound = bound

    def bind(self, **fields: str) -> Log:
        """A log whose lines carry these fields too."""
        return Log(**{**self._bound, **fields})

    def info(self, message: str, **fields: object) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        self._write("WARNING", message, fields)

    def error(self, message: str, **fields: object) -> None:
        self._write("ERROR", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, object]) -> None:
        line = {"level": level, "message": message, **self._bound, **fields}
        print(json.dumps(line, ensure_ascii=False, default=str), flush=True)
