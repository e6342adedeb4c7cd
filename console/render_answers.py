"""How answers about the past, the endpoints and the flow are printed for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Literal

from rich.console import Console
from rich.text import Text

from console.answers import Inventory
from console.render import counted, short, table
from console.tables import Row
from governance.flow import Durations, Flow
from governance.timeline import AsOf, EndpointAt, VersionAt
from governance.verdicts import Verdict

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
LONGEST_QUEUE = 20

STYLES: Mapping[str, str] = {Verdict.APPROVED: "green", Verdict.UNKNOWN: "yellow"}


def as_of(console: Console, answer: AsOf) -> None:
    """What was approved, then what served, and whether it was approved at that time."""
    known = f", as recorded by {_time(answer.known)}" if answer.known else ""
    console.print(Text(f"As of {_time(answer.at)}{known}", style="bold"))
    versions = table("version", "status", "usable in", "decided by", fold=("version", "usable in", "decided by"))
    for version in answer.versions:
        versions.add_row(*_version(version))
    console.print(versions if answer.versions else "No version was registered.")
    endpoints = table("endpoint", "served", "since", "approved?", fold=("endpoint", "served"))
    for endpoint in answer.endpoints:
        endpoints.add_row(*_endpoint_then(endpoint))
    console.print()
    console.print(endpoints if answer.endpoints else "Nothing served, as far as the inventory has seen.")


def _version(version: VersionAt) -> tuple[Text, ...]:
    status = "deleted" if version.deleted else version.status or "unknown"
    held = ", ".join(version.held) or "no stage"
    style = "green" if version.held else ""
    return Text(short(version.arn)), Text(status), Text(held, style=style), Text(short(version.approver or ""))


def _endpoint_then(endpoint: EndpointAt) -> tuple[Text, ...]:
    served = _lines(version.arn for version in endpoint.versions) or Text("no version", style="red")
    said = {True: Text("yes", style="green"), False: Text("NO", style="red"), None: Text("unknown", style="yellow")}
    judged = Text("\n").join(said[version.approved] for version in endpoint.versions) or Text("NO", style="red")
    place = _place(endpoint.name, endpoint.account, endpoint.stage)
    return place, served, Text(_time(endpoint.since, "seconds")), judged


def _place(name: str, account: object, stage: object) -> Text:
    """Two lines: an endpoint's name, and the account with its stage, since accounts may use the same names."""
    return Text.assemble(name, (f"\n{account} {stage or 'no stage'}", "dim"))


def _lines(arns: Iterable[str]) -> Text:
    return Text("\n").join(Text(short(arn)) for arn in arns)


def inventory(console: Console, found: Inventory) -> None:
    """Each endpoint with its verdict; the worst finding of each that isn't right; accounts; the counts."""
    endpoints = table("endpoint", "status", "verdict", "serves", fold=("endpoint", "serves"))
    for row in found.endpoints:
        verdict = str(row["verdict"])
        endpoints.add_row(
            _place(short(str(row.get("endpointname") or row.get("endpointarn"))), row.get("account"), row.get("stage")),
            Text("deleted" if row.get("deletedat") else str(row.get("status") or "")),
            Text(verdict, style=STYLES.get(verdict, "red")),
            _lines(json.loads(str(row.get("modelpackagearns") or "[]"))),
        )
    console.print(endpoints if found.endpoints else "No such endpoint is known.")
    for row in found.endpoints:
        if row in found.wrong:
            _finding(console, row)
    for row in found.accounts:
        seen = f"walked {_time(row.get('walkedat'))}" if row.get("walkedat") else "never walked"
        problem = " COULD NOT BE READ: what serves there is unknown" if row in found.wrong else ""
        console.print(Text(f"account {row.get('account')}: {seen}{problem}", style="red" if problem else "dim"))
    wrong = sum(row in found.wrong for row in found.endpoints)
    console.print(f"{counted(len(found.endpoints), 'endpoint')}, {wrong or 'none'} not known to be right")


def _finding(console: Console, row: Row) -> None:
    """The worst finding of an endpoint: evidence stands worst first. An older look's evidence says nothing of now."""
    evidence = json.loads(str(row.get("evidence") or "[]"))
    if not evidence or evidence[0]["verdict"] != row["verdict"]:
        console.print(Text(f"{row.get('endpointname')}: not looked at since it changed"), soft_wrap=True)
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
    console.print(Text(f"As of {_time(found.at)}: {counted(found.versions, 'version')}", style="bold"))
    times = table("from … to", "median", "p90", "ended", "open", "withdrawn", fold=("from … to",))
    for lifecycle, durations in found.to_approve.items():
        times.add_row(Text(f"asked for {lifecycle} … approved"), *_durations(durations))
    times.add_row(Text("revoked … served nowhere"), *_durations(found.revocation))
    console.print(times)
    share = f" ({100 * found.reworked // found.decided} %)" if found.decided else ""
    console.print(f"Reworked: {found.reworked} of {found.decided} versions that were decided on{share}")
    console.print(f"Waiting for a decision: {len(found.waiting)}")
    for item in found.waiting[:LONGEST_QUEUE]:
        console.print(Text.assemble("  ", short(item.arn), f"  {duration(item.seconds)}, since {_time(item.since)}"))
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


def _time(text: object, to: Literal["seconds", "milliseconds"] = "milliseconds") -> str:
    """`2026-11-23 14:30:00 UTC` of our ISO 8601 texts; with what follows the second unless it is nothing."""
    moment = str(text or "").replace("T", " ").removesuffix("Z").removesuffix(".000")
    return f"{moment[:19] if to == 'seconds' else moment} UTC"
