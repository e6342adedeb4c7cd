"""Verifying ledger, state and dedup table against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.tables import DEDUP, LEDGER, STATE, Row, Source, by_package
from governance.ledger import Finding, Head, verify_chain, verify_dedup
from governance.stages import Stages
from governance.state import verify_state


@dataclass(frozen=True, slots=True)
class PackageReport:
    """One package: how many rows, and what is wrong with them."""

    arn: str
    rows: int
    findings: tuple[Finding, ...]

    def document(self) -> dict[str, Any]:
        found = [{"seq": finding.seq, "problem": finding.problem} for finding in self.findings]
        return {"modelpackagearn": self.arn, "rows": self.rows, "findings": found}


def verify(source: Source, stages: Stages) -> list[PackageReport]:
    """A report per package, by ARN.

    Capture may write while the tables are read one after the other, so what is found is looked for a second time: only
    what both readings show is reported.
    """
    first = _read(source, stages)
    if not any(report.findings for report in first):
        return first
    again = {report.arn: report for report in _read(source, stages)}
    return [_confirmed(report, again.get(report.arn)) for report in first]


def _confirmed(report: PackageReport, again: PackageReport | None) -> PackageReport:
    if again is None:
        return report
    lasting = tuple(finding for finding in report.findings if finding in again.findings)
    return PackageReport(report.arn, again.rows, lasting)


def _read(source: Source, stages: Stages) -> list[PackageReport]:
    # State before ledger: a row that is written meanwhile shows as one too many, never as a missing tail.
    states = by_package(source.rows(STATE))
    markers = by_package(source.rows(DEDUP))
    ledger = by_package(source.rows(LEDGER))
    reports = []
    for arn in sorted(states.keys() | ledger.keys() | markers.keys()):
        rows, state = ledger.get(arn, []), states.get(arn, [])
        items = {str(item.get("contentid")): item for item in markers.get(arn, [])}
        findings = [*_chain(arn, rows, state, stages), *verify_dedup(arn, rows, items)]
        reports.append(PackageReport(arn, len(rows), tuple(findings)))
    return reports


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
