"""Verifying ledger, state and dedup table against each other, and all of them against the anchors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from console.anchors import Anchors
from console.signatures import KeyRing
from console.tables import DEDUP, LEDGER, STATE, Row, Source, by_package
from governance.anchor_chain import AnchorFinding, AnchorReport, verify_anchors
from governance.canonical import iso
from governance.ledger import Finding, Head, verify_chain, verify_dedup
from governance.stages import Stages
from governance.state import verify_state


@dataclass(frozen=True, slots=True)
class PackageReport:
    """One package: how many rows, and what is wrong with them. `end` is the youngest `seenat`, "" without rows."""

    arn: str
    rows: int
    findings: tuple[Finding, ...]
    end: str = ""

    def document(self) -> dict[str, Any]:
        found = [{"seq": finding.seq, "problem": finding.problem} for finding in self.findings]
        return {"modelpackagearn": self.arn, "rows": self.rows, "findings": found}


@dataclass(frozen=True, slots=True)
class AnchorsReport:
    """The anchors of one installation. `pinned`: keys were given by hand. `unanchored`: rows that no anchor holds."""

    installation: str
    report: AnchorReport
    findings: tuple[AnchorFinding, ...]
    pinned: bool
    unanchored: int

    def document(self) -> dict[str, Any]:
        newest = self.report.newest
        return {
            "installation": self.installation,
            "count": self.report.count,
            "newest": {"number": newest.number, "madeat": newest.statement.made} if newest else None,
            "publickeysha256": sorted(self.report.keys),
            "keysgiven": self.pinned,
            "unanchoredrows": self.unanchored,
            "findings": [{"number": finding.number, "problem": finding.problem} for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and what is wrong. `anchors` is None where they weren't looked at."""

    packages: tuple[PackageReport, ...]
    anchors: AnchorsReport | None = None

    @property
    def sound(self) -> bool:
        return not any(report.findings for report in self.packages) and not (self.anchors and self.anchors.findings)

    def document(self) -> dict[str, Any]:
        return {
            "packages": [report.document() for report in self.packages],
            "anchors": self.anchors.document() if self.anchors else None,
        }


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the newest anchor may be. `now` is None for an export: its youngest row is the time to compare with."""

    most: timedelta
    now: datetime | None = field(default_factory=lambda: datetime.now(UTC))


def verify(
    source: Source, stages: Stages, anchors: Anchors | None = None, keys: KeyRing | None = None,
    freshness: Freshness | None = None,
) -> Verification:  # fmt: skip
    """A report per package, by ARN, and one of the anchors if they are given (then `keys` are, too).

    Capture may write while the tables are read one after the other, so what is found is looked for a second time: only
    what both readings show is reported. Anchors need no second look: they are listed before the tables are read, and
    what an anchor holds is in the ledger from then on.
    """
    if anchors is not None:
        anchors.begin()
    ledger, first = _read(source, stages)
    if any(report.findings for report in first):
        again = {report.arn: report for report in _read(source, stages)[1]}
        first = [_confirmed(report, again.get(report.arn)) for report in first]
    if anchors is None or keys is None:
        return Verification(tuple(first))
    hashes = {
        arn: {row["seq"]: str(row.get("hash")) for row in rows if _is_number(row)} for arn, rows in ledger.items()
    }
    files = ((number, anchors.file(number)) for number in anchors.numbers())
    report = verify_anchors(files, anchors.installation, keys.check, hashes)
    findings = [*report.findings, *anchors.findings(), *_stale(report, freshness, first)]
    held = {arn: head.seq for arn, head in report.newest.heads.items()} if report.newest else {}
    return Verification(
        tuple(_with_anchored(first, report.rows)),
        AnchorsReport(
            anchors.installation,
            report,
            tuple(sorted(findings, key=lambda finding: finding.number or 0)),
            bool(keys.given),
            sum(max(0, package.rows - held.get(package.arn, 0)) for package in first),
        ),
    )


def _is_number(row: Row) -> bool:
    return isinstance(row.get("seq"), int)


def _with_anchored(reports: Sequence[PackageReport], found: Sequence[Finding]) -> list[PackageReport]:
    """The reports with what the anchors say of their rows; a package that only anchors know gets a report, too."""
    by_arn: dict[str, Finding] = {finding.arn: finding for finding in found}
    known = {report.arn: report for report in reports}
    whole = []
    for arn in sorted(known.keys() | by_arn.keys()):
        report = known.get(arn) or PackageReport(arn, 0, ())
        more = (by_arn[arn],) if arn in by_arn else ()
        whole.append(PackageReport(arn, report.rows, (*report.findings, *more), report.end))
    return whole


def _stale(report: AnchorReport, freshness: Freshness | None, packages: Sequence[PackageReport]) -> list[AnchorFinding]:
    """Whether anchors are missing at the end, where no gap shows it: only a wanted age does."""
    if freshness is None:
        return []
    hours = f"{freshness.most / timedelta(hours=1):g} hours"
    if report.newest is None:
        return [AnchorFinding(None, f"there is no sound anchor; wanted: one of the last {hours}")]
    until = iso(freshness.now) if freshness.now else max((package.end for package in packages), default="")
    made = report.newest.statement.made
    if until <= iso(datetime.fromisoformat(made) + freshness.most):
        return []
    what = "now is" if freshness.now else "the youngest row was seen at"
    return [
        AnchorFinding(report.newest.number + 1, f"is missing: the newest is of {made}, {what} {until}; wanted: {hours}")
    ]


def _confirmed(report: PackageReport, again: PackageReport | None) -> PackageReport:
    if again is None:
        return report
    lasting = tuple(finding for finding in report.findings if finding in again.findings)
    return PackageReport(report.arn, again.rows, lasting, again.end)


def _read(source: Source, stages: Stages) -> tuple[Mapping[str, list[Row]], list[PackageReport]]:
    # State before ledger: a row that is written meanwhile shows as one too many, never as a missing tail.
    states = by_package(source.rows(STATE))
    markers = by_package(source.rows(DEDUP))
    ledger = by_package(source.rows(LEDGER))
    reports = []
    for arn in sorted(states.keys() | ledger.keys() | markers.keys()):
        rows, state = ledger.get(arn, []), states.get(arn, [])
        items = {str(item.get("contentid")): item for item in markers.get(arn, [])}
        findings = [*_chain(arn, rows, state, stages), *verify_dedup(arn, rows, items)]
        end = max((str(row.get("seenat") or "") for row in rows), default="")
        reports.append(PackageReport(arn, len(rows), tuple(findings), end))
    return ledger, reports


def _chain(arn: str, rows: list[Row], states: list[Row], stages: Stages) -> list[Finding]:
    if len(states) > 1:
        return [Finding(arn, None, f"has {len(states)} state rows")]
    state = states[0] if states else None
    head = None
    if state is not None:
        seq, digest = state.get("ledgerseq"), state.get("ledgerhash")
        if not isinstance(seq, int) or not isinstance(digest, str):
            return [Finding(arn, None, "its state row has no ledgerseq and ledgerhash")]
        head = Head(seq, digest)
    findings = verify_chain(arn, rows, head)
    if findings or state is None:
        return findings
    return verify_state(arn, rows, state, stages)
