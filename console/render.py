"""What the commands print: tables for people, one JSON document for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.decisions import Decision
from console.tables import Row
from console.verify import AnchorsReport, ChainReport, Verification

RECOVERED = ("recovered", "gap", "backfill")
"""Witnesses of rows that no event told in time (docs/ledger.md)."""

MARKS = {
    "recovered": "no event told it: reconcile found it in the registry or in CloudTrail",
    "gap": "changes were lost: only what they led to could still be read",
    "backfill": "what the registry held before the ledger existed",
    "late": "something younger was recorded before it arrived",
    "unknown": "the version had changed again before capture could read who made this change",
    "first-seen-approved": "registered as approved, or beyond the first stage: admits nothing, look into it",
}
"""What marks in a history mean."""

UNFOLDED = 10_000
"""A width that no row of ours reaches."""


def as_json(document: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True, default=str))


def screen() -> Console:
    """Standard output. Where it is no terminal and COLUMNS sets no width, rows stay whole, to be searched."""
    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if told else UNFOLDED)


def verification(console: Console, found: Verification) -> None:
    """The packages, the endpoints' histories, then the anchors and what their signatures are worth."""
    _chains(console, "package", found.packages)
    if found.endpoints is None:
        console.print("endpoints' history not checked: the export holds none", style="yellow")
    elif found.endpoints:
        _chains(console, "endpoint", found.endpoints)
    if found.anchors is None:
        console.print("anchors not checked: a ledger that was rewritten as a whole would not show", style="yellow")
    else:
        _anchors(console, found.anchors)


def _anchors(console: Console, found: AnchorsReport) -> None:
    for finding in found.findings:
        console.print(Text(str(finding), style="red"), soft_wrap=True)
    newest = found.report.newest
    if newest is None:
        console.print("no sound anchor: a ledger that was rewritten as a whole would not show", style="yellow")
        return
    verdict = counted(len(found.findings), "finding") if found.findings else "none broken"
    console.print(
        f"{counted(found.report.count, 'anchor')}, {verdict}, the newest {newest.number} of {newest.statement.made}; "
        f"{counted(found.unanchored, 'row')} not anchored yet",
        soft_wrap=True,
    )
    for key in sorted(found.report.keys):
        whose = (
            "given" if found.pinned else "published beside the anchors: compare it with a copy, or give --public-key"
        )
        console.print(Text(f"signed by key {key} ({whose})"), soft_wrap=True)


def _chains(console: Console, what: str, found: Sequence[ChainReport]) -> None:
    """Rows and findings per package or endpoint, the first broken row on top."""
    columns = table(what, "rows", "verdict", fold=(what, "verdict"), right=("rows",))
    for report in found:
        verdict = Text("sound", style="green")
        if report.findings:
            verdict = Text("\n".join(_finding(f.seq, f.problem) for f in report.findings), style="red")
        columns.add_row(Text(_named(report.arn)), str(report.rows), verdict)
    console.print(columns)
    broken = sum(1 for report in found if report.findings)
    rows = sum(report.rows for report in found)
    console.print(f"{counted(len(found), what)}, {counted(rows, 'row')}, {broken or 'none'} broken")


def history(console: Console, arn: str, rows: Sequence[Row]) -> None:
    """Two lines per fact, in the order of the ledger: when and what, by whom and why. Then what its marks mean."""
    console.print(Text(arn, style="bold"), soft_wrap=True)
    marks: set[str] = set()
    for row in rows:
        marked = [str(row["incident"])] if row.get("incident") else []
        marked += ["late"] if row.get("late") else []
        marked += [str(row["witness"])] if row.get("witness") in RECOVERED else []
        who = str(row.get("actorsourceidentity") or short(str(row.get("actor") or "unknown")))
        marks |= {*marked, who}
        what = " ".join([str(row.get("kind")), *(f"({mark})" for mark in marked)])
        happened = str(row.get("happenedat") or "").replace("T", " ").removesuffix("Z")
        why = f": {row['reason']}" if row.get("reason") else ""
        fact = (f"{row.get('seq')!s:>4}  {happened} UTC  ", (what, "bold"), f"  {change(row)}\n      by {who}{why}")
        console.print(Text.assemble(*fact), soft_wrap=True)
    for mark in sorted(marks & MARKS.keys()):
        console.print(Text(f"{mark}: {MARKS[mark]}", style="dim"), soft_wrap=True)


def decision(console: Console, made: Decision) -> None:
    """What was decided, by whom, what was sent, and what it was before."""
    stage = made.sent["ModelLifeCycle"]
    lines = [
        f"{stage['StageStatus']} for {stage['Stage']}: {made.arn}",
        f"  by      {made.caller}",
        f"  reason  {stage['StageDescription']}",
        f"  before  {_plain(made.before)}",
        f"  now     {_plain(made.before | made.sent)}",
    ]
    console.print(Text("\n".join(lines)), soft_wrap=True)


def table(*columns: str, fold: Collection[str], right: Collection[str] = ()) -> Table:
    """A table whose columns `fold` give way where the screen is narrow; all others stay whole."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(
            column, overflow="fold", no_wrap=column not in fold, justify="right" if column in right else "left"
        )
    return made


def change(row: Row) -> str:
    """What a row changed, in words: `Approved → Rejected`."""
    before, after = _value(row.get("fromvalue")), _value(row.get("tovalue"))
    return f"{before} → {after}" if before else after


def _value(cell: object) -> str:
    """A recorded value (canonical JSON) in words; nothing where nothing was recorded."""
    if cell is None:
        return ""
    try:
        value = json.loads(str(cell))
    except ValueError:
        return str(cell)
    return _plain(value)


def _plain(value: Any) -> str:
    """`Approved`, `Staging Approved`, `PendingManualApproval, Development PendingApproval`; else JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "Stage" in value:
        return " ".join(str(value[name]) for name in ("Stage", "StageStatus") if name in value)
    if isinstance(value, dict) and "ModelApprovalStatus" in value:
        return ", ".join(_plain(value[name]) for name in ("ModelApprovalStatus", "ModelLifeCycle") if value.get(name))
    return json.dumps(value, ensure_ascii=False, default=str)


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _finding(seq: int | None, problem: str) -> str:
    return f"row {seq} {problem}" if seq is not None else problem


def _named(arn: str) -> str:
    """Group and version of a package; account and name of an endpoint, since accounts may use the same names."""
    account = arn.split(":")[4] if ":endpoint/" in arn else ""
    return f"{account} {short(arn)}".strip()


def short(arn: str) -> str:
    """What follows the resource type in an ARN: group and version, role and session."""
    return arn.partition("/")[2] or arn
