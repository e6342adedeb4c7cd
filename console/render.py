"""What the commands print: tables for people, one JSON document for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.decisions import Decision
from console.tables import Row
from console.verify import PackageReport


def as_json(document: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True, default=str))


def reports(console: Console, found: Sequence[PackageReport]) -> None:
    """Rows and findings per package, the first broken row on top."""
    table = Table("package", "rows", "verdict", title="Ledger")
    for report in found:
        verdict = Text("sound", style="green")
        if report.findings:
            verdict = Text("\n".join(_finding(f.seq, f.problem) for f in report.findings), style="red")
        table.add_row(Text(_short(report.arn)), str(report.rows), verdict)
    console.print(table)
    broken = sum(1 for report in found if report.findings)
    rows = sum(report.rows for report in found)
    console.print(f"{len(found)} packages, {rows} rows, {broken or 'none'} broken")


def history(console: Console, arn: str, rows: Sequence[Row]) -> None:
    """One line per fact, in the order of the ledger."""
    table = Table("row", "happened", "what", "from", "to", "who", "why", title=_short(arn))
    for row in rows:
        marks = [str(row[name]) for name in ("incident",) if row.get(name)] + (["late"] if row.get("late") else [])
        what = " ".join([str(row.get("kind")), *(f"({mark})" for mark in marks)])
        who = row.get("actorsourceidentity") or _short(str(row.get("actor") or "unknown"))
        cells = (
            row.get("seq"),
            row.get("happenedat"),
            what,
            row.get("fromvalue"),
            row.get("tovalue"),
            who,
            row.get("reason"),
        )
        table.add_row(*(Text(_value(cell)) for cell in cells))
    console.print(table)


def decision(console: Console, made: Decision) -> None:
    """What was sent, after what, by whom."""
    console.print(Text(f"{made.caller}\n  sent to {made.arn}"))
    for name, value in made.sent.items():
        console.print(Text(f"  {name}: {_value(json.dumps(value, ensure_ascii=False))}"))
    console.print(Text(f"  it was: {json.dumps(made.before, ensure_ascii=False, default=str)}"))


def _finding(seq: int | None, problem: str) -> str:
    return f"row {seq} {problem}" if seq is not None else problem


def _short(arn: str) -> str:
    """What follows the resource type in an ARN: group and version, role and session."""
    return arn.partition("/")[2] or arn


def _value(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
