"""How answers about the past, the endpoints and the flow are printed for people."""

from __future__ import annotations

import json

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.answers import SERVES_WELL, Inventory
from console.tables import Row
from governance.flow import Durations, Flow
from governance.timeline import AsOf, EndpointAt, VersionAt

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
LONGEST_QUEUE = 20

STYLES = {SERVES_WELL: "green", "unknown": "yellow"}


def as_of(console: Console, answer: AsOf) -> None:
    """What was approved, then what served, and whether it was approved at that time."""
    known = f", as recorded by {_time(answer.known)}" if answer.known else ""
    console.print(Text(f"As of {_time(answer.at)}{known}", style="bold"))
    versions = _table("version", "status", "usable in", "approved or rejected by")
    for version in answer.versions:
        versions.add_row(*_version(version))
    console.print(versions if answer.versions else "No version was registered.")
    endpoints = _table("endpoint", "account", "stage", "served", "since", "approved then?")
    for endpoint in answer.endpoints:
        endpoints.add_row(*_endpoint_then(endpoint))
    console.print()
    console.print(endpoints if answer.endpoints else "Nothing served, as far as the inventory has seen.")


def _version(version: VersionAt) -> tuple[Text, ...]:
    status = "deleted" if version.deleted else version.status or "unknown"
    held = ", ".join(version.held) or "no stage"
    style = "green" if version.held else ""
    return _short(version.arn), Text(status), Text(held, style=style), _short(version.approver or "")


def _endpoint_then(endpoint: EndpointAt) -> tuple[Text, ...]:
    served = Text("\n").join(_short(version.arn) for version in endpoint.versions) or Text("no version", style="red")
    said = {True: Text("yes", style="green"), False: Text("NO", style="red"), None: Text("unknown", style="yellow")}
    judged = Text("\n").join(said[version.approved] for version in endpoint.versions) or Text("NO", style="red")
    return (
        Text(endpoint.name),
        Text(endpoint.account),
        Text(endpoint.stage or "-"),
        served,
        Text(_time(endpoint.since)),
        judged,
    )


def inventory(console: Console, found: Inventory) -> None:
    """One line per endpoint with its verdict, the worst finding below it; then accounts, then the counts."""
    table = _table("endpoint", "account", "stage", "status", "verdict", "serves")
    for row in found.endpoints:
        verdict = str(row.get("verdict") or "not judged yet")
        table.add_row(
            _short(str(row.get("endpointname") or row.get("endpointarn"))),
            Text(str(row.get("account") or "")),
            Text(str(row.get("stage") or "-")),
            Text("deleted" if row.get("deletedat") else str(row.get("status") or "")),
            Text(verdict, style=STYLES.get(verdict, "red" if row.get("verdict") else "yellow")),
            Text("\n").join(_short(arn) for arn in json.loads(str(row.get("modelpackagearns") or "[]"))),
        )
    console.print(table if found.endpoints else "No endpoint is known.")
    for row in found.endpoints:
        if row in found.wrong:
            _finding(console, row)
    for row in found.accounts:
        seen = f"walked {_time(row.get('walkedat'))}" if row.get("walkedat") else "never walked"
        problem = " COULD NOT BE READ: what serves there is unknown" if row in found.wrong else ""
        console.print(Text(f"account {row.get('account')}: {seen}{problem}", style="red" if problem else "dim"))
    wrong = sum(row in found.wrong for row in found.endpoints)
    console.print(f"{len(found.endpoints)} endpoints, {wrong or 'none'} not known to be right")


def _finding(console: Console, row: Row) -> None:
    """The worst finding of an endpoint: evidence stands worst first."""
    evidence = json.loads(str(row.get("evidence") or "[]"))
    if not evidence:
        return
    worst = evidence[0]
    since = f" since {_time(worst['since'])}" if worst.get("since") else ""
    said = f"; {worst['ledger']}" if worst.get("ledger") else ""
    console.print(
        Text.assemble(
            (f"{row.get('endpointname')}: {worst['verdict']}", "bold"),
            f" at {worst['where']}: {worst['seen']}{said}{since}",
        ),
        soft_wrap=True,
    )


def flow(console: Console, found: Flow) -> None:
    """Time to approve per stage, the queue, rework, and how fast revocations took effect."""
    console.print(Text(f"As of {_time(found.at)}: {found.versions} versions", style="bold"))
    table = _table("from … to", "median", "p90", "ended", "open", "withdrawn")
    for lifecycle, durations in found.to_approve.items():
        table.add_row(Text(f"asked for {lifecycle} … approved"), *_durations(durations))
    table.add_row(Text("revoked … served nowhere"), *_durations(found.revocation))
    console.print(table)
    share = f" ({100 * found.reworked // found.decided} %)" if found.decided else ""
    console.print(f"Reworked: {found.reworked} of {found.decided} versions that were decided on{share}")
    console.print(f"Waiting for a decision: {len(found.waiting)}")
    for item in found.waiting[:LONGEST_QUEUE]:
        console.print(Text.assemble("  ", _short(item.arn), f"  {duration(item.seconds)}, since {_time(item.since)}"))
    if len(found.waiting) > LONGEST_QUEUE:
        console.print(f"  and {len(found.waiting) - LONGEST_QUEUE} younger ones (--json lists all)")
    console.print(
        Text("Open and withdrawn items count as not ended until then; '-': too few have ended to say", style="dim")
    )


def _durations(durations: Durations) -> tuple[str, ...]:
    counts = (durations.ended, durations.open, durations.withdrawn)
    return duration(durations.median), duration(durations.p90), *(str(count) for count in counts)


def duration(seconds: int | None) -> str:
    """Two units at most: `3 d 4 h`, `12 min`, `45 s`; `-` where nothing is known."""
    if seconds is None:
        return "-"
    parts: list[str] = []
    for size, name in UNITS:
        if seconds >= size and len(parts) < 2:
            parts.append(f"{seconds // size} {name}")
            seconds %= size
        elif parts:
            break
    return " ".join(parts) or "0 s"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _short(arn: str) -> Text:
    return Text(arn.partition("/")[2] or arn)


def _time(text: object) -> str:
    return str(text or "").replace("T", " ").removesuffix("Z").removesuffix(".000") + " UTC"
