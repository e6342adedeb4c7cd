"""Verifying anchors: each by itself, each after the one before, and the chains against all of them.

What a signature is worth and which key counts is for the caller to say: the domain has the standard library only, which
knows no elliptic curves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from governance.anchor import NO_PREVIOUS, Anchor, contradictions, read
from governance.errors import AnchorError
from governance.ledger import Finding, Head

Check = Callable[[Anchor], str | None]
"""Says what is wrong with an anchor's signature; None: it holds, by a key that counts."""

RowHashes = Mapping[int, str]
"""The hash that each row of a chain carries, by `seq`."""


@dataclass(frozen=True, slots=True)
class AnchorFinding:
    """One thing that is wrong with the anchors. `number` names the anchor, None where all are meant."""

    number: int | None
    problem: str

    def __str__(self) -> str:
        return f"anchor {self.number} {self.problem}" if self.number is not None else self.problem


@dataclass(slots=True)
class AnchorReport:
    """What reading all anchors gave. `newest` is the newest sound one; `rows` are contradictions between the chains and
    sound anchors, at most one a chain: the first.
    """

    count: int = 0
    newest: Anchor | None = None
    findings: list[AnchorFinding] = field(default_factory=list)
    rows: list[Finding] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def verify_anchors(
    files: Iterable[tuple[int, bytes]],
    installation: str,
    check: Check,
    chains: Mapping[str, RowHashes],
    covers: Callable[[str], bool] = lambda arn: True,
) -> AnchorReport:
    """Check anchors against each other and against the chains that they hold the heads of.

    `files`: number (as the object key says) and bytes, by ascending number; read one at a time, since each lists every
    chain. `chains`: the rows' hashes by ARN; `covers` says of which ARNs rows were read at all. An anchor that isn't
    sound by itself vouches for nothing: neither rows nor later heads are held against it.
    """
    report, rows = AnchorReport(), _Rows(chains, covers)
    before = _File(0, NO_PREVIOUS)
    for number, content in files:
        report.count += 1
        report.findings += _gap(before.number + 1, number)
        problem, anchor = _read(content)
        if anchor is None:
            report.findings.append(AnchorFinding(number, problem))
            before = _File(number, None)
            continue
        placed = list(_place(anchor, number, installation, before))
        report.findings += placed
        before = _File(number, anchor.sha256)
        unsigned = check(anchor)
        if unsigned is not None:
            report.findings.append(AnchorFinding(number, unsigned))
            continue
        report.keys.add(anchor.statement.key.public_sha256)
        if any(finding.number == number for finding in placed):
            continue
        report.findings += _growth(report.newest, anchor)
        rows.compare(anchor)
        report.newest = anchor
    report.rows = rows.findings
    return report


@dataclass(frozen=True, slots=True)
class _File:
    """The file before: its number, and the SHA-256 of its bytes; None where they were no anchor's."""

    number: int
    sha256: str | None


def _read(content: bytes) -> tuple[str, Anchor | None]:
    try:
        return "", read(content)
    except AnchorError as problem:
        return str(problem), None


def _gap(expected: int, number: int) -> Iterator[AnchorFinding]:
    if number == expected + 1:
        yield AnchorFinding(expected, "is missing")
    elif number > expected:
        yield AnchorFinding(expected, f"is missing (gap: {expected} to {number - 1})")


def _place(anchor: Anchor, number: int, installation: str, before: _File) -> Iterator[AnchorFinding]:
    """What is wrong with where an anchor stands."""
    statement = anchor.statement
    if statement.number != number:
        yield AnchorFinding(number, f"was replaced: its file holds anchor {statement.number}")
    elif statement.installation != installation:
        yield AnchorFinding(number, f"was replaced: its file is of installation {statement.installation}")
    elif before.number + 1 != number or before.sha256 is None or statement.previous == before.sha256:
        return
    elif number == 1:
        yield AnchorFinding(1, f"names {statement.previous} as the one before it; wanted: {NO_PREVIOUS}")
    else:
        yield AnchorFinding(
            before.number,
            f"was replaced: anchor {number} was made after a file with SHA-256 {statement.previous}, this one has "
            f"{before.sha256}",
        )


def _growth(before: Anchor | None, anchor: Anchor) -> Iterator[AnchorFinding]:
    if before is None:
        return
    if anchor.statement.made < before.statement.made:
        yield AnchorFinding(
            anchor.number,
            f"was made at {anchor.statement.made}, before anchor {before.number} ({before.statement.made})",
        )
    for arn, problem in contradictions(before, anchor.heads):
        yield AnchorFinding(anchor.number, f"contradicts anchor {before.number}: {arn} {problem}")


@dataclass(slots=True)
class _Rows:
    """The chains against one anchor after the other. `agreed`: the last head that both had, by ARN."""

    chains: Mapping[str, RowHashes]
    covers: Callable[[str], bool]
    agreed: dict[str, Head] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _broken: set[str] = field(default_factory=set)

    def compare(self, anchor: Anchor) -> None:
        for arn, head in anchor.heads.items():
            if arn in self._broken or self.agreed.get(arn) == head or not self.covers(arn):
                continue
            finding = self._contradiction(arn, head, anchor)
            if finding is None:
                self.agreed[arn] = head
            else:
                self._broken.add(arn)
                self.findings.append(finding)

    def _contradiction(self, arn: str, head: Head, anchor: Anchor) -> Finding | None:
        rows, named = self.chains.get(arn, {}), f"anchor {anchor.number} of {anchor.statement.made}"
        if not rows:
            return Finding(arn, None, f"is gone: {named} holds {head.seq} rows of it")
        there = rows.get(head.seq)
        if there == head.hash:
            return None
        sound = self.agreed[arn].seq if arn in self.agreed else 0
        if there is None:
            last = max((seq for seq in rows if seq < head.seq), default=0)
            return Finding(arn, last + 1, f"is missing: {named} holds rows up to {head.seq}")
        which = f"row {head.seq} was" if sound + 1 == head.seq else f"a row from {sound + 1} to {head.seq} was"
        return Finding(
            arn,
            head.seq,
            f"is not the row of {named}: its hash is {there}, the anchor holds {head.hash}; {which} rewritten",
        )
