"""The ledger: rows chained by hash, one chain per model package. `docs/ledger.md` specifies it for third
parties.

A row is a flat dict of text, whole numbers and booleans; what is unknown is absent. `hash` is the SHA-256 of
the canonical JSON of all other attributes, `prevhash` the hash of the row before (64 zeros before the first).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from governance.canonical import Json, canonical, digest, iso
from governance.documents import EVENT
from governance.errors import LedgerError
from governance.terms import Identity, Kind, content_id

SCHEMA_VERSION = 2
GENESIS = "0" * 64

Row: TypeAlias = dict[str, str | int | bool]

REQUIRED = frozenset(
    {
        "schemaversion", "modelpackagearn", "seq", "contentid", "kind", "field", "tovalue", "happenedat",
        "seenat", "late", "eventid", "account", "region", "modelpackagegroupname", "modelpackageversion",
        "sources", "prevhash", "hash",
    }
)  # fmt: skip

if TYPE_CHECKING:  # who only reads rows needn't import what makes them
    from governance.facts import Fact
"""Attributes that every row has, of whatever schema version."""

REQUIRED_SINCE = {1: REQUIRED, 2: REQUIRED | {"witness", "clock"}}
"""Attributes of a row by its schema version: rows of all these versions verify."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain."""

    seq: int
    hash: str


EMPTY = Head(0, GENESIS)


def seal(fact: Fact, head: Head, *, seen: datetime, came_from: Json, late: bool) -> Row:
    """The row that records a fact after `head`.

    `came_from` is what the ledger knew of the field before (None: nothing), `late` whether something younger
    is recorded already.
    """
    if fact.group is None or fact.version is None:
        raise LedgerError(f"{fact.arn} belongs to no group: unversioned packages are not governed")
    actor, stored = fact.actor, fact.stored
    values: dict[str, str | int | bool | None] = {
        "schemaversion": SCHEMA_VERSION,
        "modelpackagearn": fact.arn,
        "seq": head.seq + 1,
        "contentid": fact.content_id,
        "kind": fact.kind.value,
        "field": fact.field,
        "fromvalue": None if came_from is None else canonical(came_from),
        "tovalue": canonical(fact.value),
        "happenedat": iso(fact.happened),
        "seenat": iso(seen),
        "late": late,
        "eventid": fact.event_id,
        "account": fact.account,
        "region": fact.region,
        "modelpackagegroupname": fact.group,
        "modelpackageversion": fact.version,
        "createdat": None if fact.created is None else iso(fact.created),
        "packagestatus": fact.package_status,
        "witness": fact.witness.value,
        "clock": fact.clock.value,
        "actor": actor.arn if actor else None,
        "actorsourceidentity": actor.source_identity if actor else None,
        "reason": fact.reason,
        "artifacturl": fact.artifact.url,
        "artifactetag": fact.artifact.etag,
        "artifactsha256": fact.artifact_sha256,
        "artifactversionid": stored.version_id if stored else None,
        "artifactchecksum": stored.checksum if stored else None,
        "artifactchecksumtype": stored.checksum_type if stored else None,
        "image": fact.artifact.image,
        "imagedigest": fact.artifact.image_digest,
        "specificationsha256": fact.specification_sha256,
        "cardsha256": fact.card_sha256,
        "cardasof": None if fact.card_as_of is None else iso(fact.card_as_of),
        "eventsha256": fact.document_sha256(EVENT),
        "documents": canonical(sorted(document.name for document in fact.documents)) if fact.documents else None,
        "incident": fact.incident,
        "sources": canonical(dict(fact.sources)),
        "prevhash": head.hash,
    }
    row: Row = {name: value for name, value in values.items() if value is not None}
    row["hash"] = row_hash(row)
    return row


def row_hash(row: Mapping[str, Json]) -> str:
    """The hash that a row must carry."""
    return digest({name: value for name, value in row.items() if name != "hash"})


def actors(rows: Iterable[Mapping[str, Json]]) -> dict[str, Identity]:
    """Who did what, by content id: what was learnt later from CloudTrail counts before what a row itself says."""
    known: dict[str, Identity] = {}
    for row in sorted(rows, key=_seq_of):
        if row["kind"] == Kind.ACTOR:
            explained = json.loads(row["tovalue"])
            known[explained["contentid"]] = Identity(explained["actor"], explained["sourceidentity"])
        elif "actor" in row:
            known[row["contentid"]] = Identity(row["actor"], row.get("actorsourceidentity"))
    return known


def says_more(actor: Identity, known: Identity | None) -> bool:
    """Whether CloudTrail's name for who did it isn't what is known already."""
    if known is None or known.arn != actor.arn:
        return True
    return actor.source_identity is not None and actor.source_identity != known.source_identity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a chain. `seq` is the exact row, None where the whole package is meant."""

    arn: str
    seq: int | None
    problem: str

    def __str__(self) -> str:
        row = f"row {self.seq}" if self.seq is not None else "package"
        return f"{self.arn} {row}: {self.problem}"


def verify_chain(arn: str, rows: Iterable[Mapping[str, Json]], head: Head | None) -> list[Finding]:
    """All breaks of one package's chain, the first broken row first.

    `rows` in any order; `head` is what the state row says the end is, None where no state row exists.
    """
    findings, end = follow(arn, rows, _row_findings)
    return findings + _head_findings(arn, end, head)


def follow(
    arn: str, rows: Iterable[Mapping[str, Json]], look: Callable[[str, int, Mapping[str, Json], str], list[Finding]]
) -> tuple[list[Finding], Head]:
    """Follow a chain from its beginning: what is broken, and where it ends. `rows` in any order.

    `look` says what is wrong with a row that follows on another: ARN, number, row, hash of the row before.
    """
    findings: list[Finding] = []
    before, expected = GENESIS, 1
    for row in sorted(rows, key=_seq_of):
        seq = _seq_of(row)
        if seq < expected:
            findings.append(Finding(arn, seq, "stands twice: two rows carry this number"))
            continue
        if seq > expected:
            missing = str(expected) if seq == expected + 1 else f"{expected} to {seq - 1}"
            findings.append(Finding(arn, expected, f"is missing (gap: {missing})"))
        else:
            findings += look(arn, seq, row, before)
        before, expected = str(row.get("hash")), seq + 1
    return findings, Head(expected - 1, before)


def _seq_of(row: Mapping[str, Json]) -> int:
    seq = row.get("seq")
    return seq if isinstance(seq, int) and not isinstance(seq, bool) else 0


def _row_findings(arn: str, seq: int, row: Mapping[str, Json], before: str) -> list[Finding]:
    schema = row.get("schemaversion")
    required = REQUIRED_SINCE.get(schema) if isinstance(schema, int) else REQUIRED
    if required is None:
        return [Finding(arn, seq, f"has schema version {schema}, this verifier knows {sorted(REQUIRED_SINCE)}")]
    lacking = sorted(required - row.keys())
    if lacking:
        return [Finding(arn, seq, f"lacks {', '.join(lacking)}")]
    try:
        actual = row_hash(row)
    except (TypeError, ValueError) as problem:
        return [Finding(arn, seq, f"can't be hashed: {problem}")]
    if actual != row["hash"]:
        return [Finding(arn, seq, f"was changed: its content hashes to {actual}, it says {row['hash']}")]
    if row["prevhash"] != before:
        return [Finding(arn, seq, f"does not follow the row before: prevhash is {row['prevhash']}, not {before}")]
    named = content_id(arn, row["field"], row["happenedat"], row["tovalue"])
    if row["contentid"] != named:
        return [Finding(arn, seq, f"carries content id {row['contentid']}, its content makes {named}")]
    return []


def _head_findings(arn: str, end: Head, head: Head | None) -> list[Finding]:
    if head is None:
        return [Finding(arn, None, f"has {end.seq} ledger rows and no state row")] if end.seq else []
    if end.seq < head.seq:
        return [Finding(arn, end.seq + 1, f"is missing: the tail is cut, the state row says {head.seq} rows")]
    if end.seq > head.seq:
        return [Finding(arn, head.seq + 1, f"stands after the end that the state row knows ({head.seq})")]
    if end.hash != head.hash:
        return [Finding(arn, end.seq, f"is not the end that the state row knows: {end.hash}, not {head.hash}")]
    return []


def verify_dedup(
    arn: str, rows: Iterable[Mapping[str, Json]], items: Mapping[str, Mapping[str, Json]]
) -> list[Finding]:
    """Whether each row has its dedup item and each of the package's dedup items its row. `items` by content
    id.
    """
    findings = []
    by_content = {row.get("contentid"): row for row in rows}
    for content, row in by_content.items():
        item = items.get(str(content))
        if item is None:
            findings.append(
                Finding(arn, _seq_of(row), f"has no dedup item {content}: its event could be recorded again")
            )
        elif item.get("seq") != row.get("seq") or item.get("modelpackagearn") != arn:
            findings.append(
                Finding(
                    arn,
                    _seq_of(row),
                    f"its dedup item says row {item.get('seq')} of {item.get('modelpackagearn')}",
                )
            )
    for content, item in items.items():
        if item.get("modelpackagearn") == arn and content not in by_content:
            seq = item.get("seq")
            findings.append(
                Finding(
                    arn,
                    seq if isinstance(seq, int) else None,
                    f"is missing: its dedup item {content} is there",
                )
            )
    return findings
