"""Verifying ledger, state and dedup table against each other, the endpoints' history, and all against the anchors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from console.anchors import Anchors
from console.signatures import KeyRing
from console.tables import DEDUP, HISTORY, LEDGER, STATE, MissingTable, Row, Source, by_package
from governance.anchor_chain import AnchorFinding, AnchorReport, verify_anchors
from governance.canonical import iso
from governance.endpoint_history import verify_history
from governance.ledger import Finding, Head, verify_chain, verify_dedup
from governance.stages import Stages
from governance.state import verify_state


@dataclass(frozen=True, slots=True)
class ChainReport:
    """One package or endpoint: how many rows, and what is wrong with them. `end` is when the youngest was seen, "" if
    there is none.
    """

    arn: str
    rows: int
    findings: tuple[Finding, ...]
    end: str = ""

    def document(self, key: str) -> dict[str, Any]:
        found = [{"seq": finding.seq, "problem": finding.problem} for finding in self.findings]
        return {key: self.arn, "rows": self.rows, "findings": found}


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
    """What was looked at, and what is wrong. `endpoints` and `anchors` are None where they weren't looked at."""

    packages: tuple[ChainReport, ...]
    endpoints: tuple[ChainReport, ...] | None
    anchors: AnchorsReport | None = None

    @property
    def chains(self) -> tuple[ChainReport, ...]:
        return self.packages + (self.endpoints or ())

    @property
    def sound(self) -> bool:
        return not any(report.findings for report in self.chains) and not (self.anchors and self.anchors.findings)

    def document(self) -> dict[str, Any]:
        endpoints = None if self.endpoints is None else [report.document("endpointarn") for report in self.endpoints]
        return {
            "packages": [report.document("modelpackagearn") for report in self.packages],
            "endpoints": endpoints,
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
    """A report per package and per endpoint, by ARN, and one of the anchors if they are given (then `keys` are, too).

    Capture may write while the tables are read one after the other, so what is found is looked for a second time: only
    what both readings show is reported. Anchors need no second look: they are listed before the tables are read, and
    what an anchor holds is in the ledger from then on.
    """
    if anchors is not None:
        anchors.begin()
    first = _read(source, stages)
    if first.broken:
        first = first.confirmed_by(_read(source, stages))
    if anchors is None or keys is None:
        return Verification(first.packages, first.endpoints)
    files = ((number, anchors.file(number)) for number in anchors.numbers())
    # An export without the endpoints' history says nothing of it, so nothing is held against it.
    report = verify_anchors(
        files,
        anchors.installation,
        keys.check,
        first.hashes,
        lambda arn: first.endpoints is not None or not _serves(arn),
    )
    told = first.with_anchored(report.rows)
    findings = [*report.findings, *anchors.findings(), *_stale(report, freshness, first.chains)]
    held = {arn: head.seq for arn, head in report.newest.heads.items()} if report.newest else {}
    return Verification(
        told.packages,
        told.endpoints,
        AnchorsReport(
            anchors.installation,
            report,
            tuple(sorted(findings, key=lambda finding: finding.number or 0)),
            bool(keys.given),
            sum(max(0, chain.rows - held.get(chain.arn, 0)) for chain in first.chains),
        ),
    )


def _serves(arn: str) -> bool:
    """Whether an ARN is an endpoint's."""
    return ":endpoint/" in arn


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reports of one reading of the tables. `hashes`: those of all rows, by ARN and `seq`."""

    packages: tuple[ChainReport, ...]
    endpoints: tuple[ChainReport, ...] | None
    hashes: Mapping[str, Mapping[int, str]]

    @property
    def chains(self) -> tuple[ChainReport, ...]:
        return self.packages + (self.endpoints or ())

    @property
    def broken(self) -> bool:
        return any(report.findings for report in self.chains)

    def confirmed_by(self, other: _Reading) -> _Reading:
        """What both found."""
        again = {report.arn: report for report in other.chains}
        return self._each(lambda reports: [_confirmed(report, again.get(report.arn)) for report in reports])

    def with_anchored(self, found: Sequence[Finding]) -> _Reading:
        """With what the anchors say of the rows; a chain that only anchors know gets a report, too."""
        known = {report.arn for report in self.chains}
        gone = [ChainReport(finding.arn, 0, ()) for finding in found if finding.arn not in known]
        packages = (*self.packages, *(report for report in gone if not _serves(report.arn)))
        endpoints = self.endpoints
        if endpoints is not None:
            endpoints = (*endpoints, *(report for report in gone if _serves(report.arn)))
        by_arn = {finding.arn: (finding,) for finding in found}
        return _Reading(packages, endpoints, self.hashes)._each(
            lambda reports: [
                replace(report, findings=(*report.findings, *by_arn.get(report.arn, ())))
                for report in sorted(reports, key=lambda report: report.arn)
            ]
        )

    def _each(self, change: Callable[[Sequence[ChainReport]], list[ChainReport]]) -> _Reading:
        endpoints = None if self.endpoints is None else tuple(change(self.endpoints))
        return _Reading(tuple(change(self.packages)), endpoints, self.hashes)


def _stale(report: AnchorReport, freshness: Freshness | None, chains: Sequence[ChainReport]) -> list[AnchorFinding]:
    """Whether anchors are missing at the end, where no gap shows it: only a wanted age does."""
    if freshness is None:
        return []
    hours = f"{freshness.most / timedelta(hours=1):g} hours"
    if report.newest is None:
        return [AnchorFinding(None, f"there is no sound anchor; wanted: one of the last {hours}")]
    until = iso(freshness.now) if freshness.now else max((chain.end for chain in chains), default="")
    made = report.newest.statement.made
    if until <= iso(datetime.fromisoformat(made) + freshness.most):
        return []
    what = "now is" if freshness.now else "the youngest row was seen at"
    return [
        AnchorFinding(report.newest.number + 1, f"is missing: the newest is of {made}, {what} {until}; wanted: {hours}")
    ]


def _confirmed(report: ChainReport, again: ChainReport | None) -> ChainReport:
    if again is None:
        return report
    lasting = tuple(finding for finding in report.findings if finding in again.findings)
    return ChainReport(report.arn, again.rows, lasting, again.end)


def _read(source: Source, stages: Stages) -> _Reading:
    # State before ledger: a row that is written meanwhile shows as one too many, never as a missing tail.
    states = by_package(source.rows(STATE))
    markers = by_package(source.rows(DEDUP))
    ledger = by_package(source.rows(LEDGER))
    packages = []
    for arn in sorted(states.keys() | ledger.keys() | markers.keys()):
        rows, state = ledger.get(arn, []), states.get(arn, [])
        items = {str(item.get("contentid")): item for item in markers.get(arn, [])}
        findings = [*_chain(arn, rows, state, stages), *verify_dedup(arn, rows, items)]
        packages.append(ChainReport(arn, len(rows), tuple(findings), _youngest(rows, "seenat")))
    history = _history(source)
    endpoints = None
    if history is not None:
        endpoints = tuple(
            ChainReport(arn, len(rows), tuple(verify_history(arn, rows)), _youngest(rows, "observedat"))
            for arn, rows in sorted(history.items())
        )
    hashes = {arn: _hashes(rows) for chains in (ledger, history or {}) for arn, rows in chains.items()}
    return _Reading(tuple(packages), endpoints, hashes)


def _history(source: Source) -> dict[str, list[Row]] | None:
    try:
        return by_package(source.rows(HISTORY), "endpointarn")
    except MissingTable:
        return None


def _hashes(rows: Sequence[Row]) -> dict[int, str]:
    return {row["seq"]: str(row.get("hash")) for row in rows if isinstance(row.get("seq"), int)}


def _youngest(rows: Sequence[Row], name: str) -> str:
    return max((str(row.get(name) or "") for row in rows), default="")


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
