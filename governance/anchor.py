"""Anchors: signed lists of where every chain ended at a moment, each naming the one before. `docs/ledger.md` gives the
format to the byte.

An anchor is a file of canonical JSON, `{"heads": […], "signature": …, "statement": {…}}`. The signature covers the
statement, the statement covers the heads by their Merkle root: so one chain's head can be proven without the others.
Chains are those of the ledger, by the package's ARN, and those of the endpoints' history, by the endpoint's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from governance.canonical import Json, canonical, iso
from governance.errors import AnchorError
from governance.ledger import GENESIS, Head
from governance.merkle import leaf_hash, path_of, root_of

DOCUMENT = "ml-governance-anchor"
"""Stands in every statement, so that a signature on anything else never passes for an anchor's."""

SCHEMA_VERSION = 1
ALGORITHM = "ECDSA_SHA_256"
NO_PREVIOUS = GENESIS
"""What the first anchor names as the one before."""

Heads: TypeAlias = Mapping[str, Head]
"""Where each chain ends, by the ARN of its package or endpoint."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TEXTS = {
    "document": re.compile(re.escape(DOCUMENT)),
    "installation": re.compile(r"[a-z][a-z0-9]{1,15}"),
    "madeat": _TIME,
    "previous": _SHA256,
    "root": _SHA256,
    "algorithm": re.compile(ALGORITHM),
    "keyarn": re.compile(r"arn:[^\s]+"),
    "publickeysha256": _SHA256,
}
_NUMBERS = {"schemaversion": SCHEMA_VERSION, "number": 1, "chains": 0, "rows": 0}
"""With the least value of each."""


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key: its ARN, and the SHA-256 of its public half's DER (SubjectPublicKeyInfo) as 64 hex digits."""

    arn: str
    public_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is signed. `previous` is the SHA-256 of the whole file of the anchor before, 64 zeros for the first."""

    installation: str
    number: int
    made: str
    previous: str
    chains: int
    rows: int
    root: str
    key: Key

    def document(self) -> dict[str, Json]:
        return {
            "document": DOCUMENT,
            "schemaversion": SCHEMA_VERSION,
            "installation": self.installation,
            "number": self.number,
            "madeat": self.made,
            "previous": self.previous,
            "chains": self.chains,
            "rows": self.rows,
            "root": self.root,
            "algorithm": ALGORITHM,
            "keyarn": self.key.arn,
            "publickeysha256": self.key.public_sha256,
        }

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the canonical JSON: what the key signs, 32 bytes."""
        return hashlib.sha256(canonical(self.document()).encode()).digest()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A file of an anchor, read and found consistent in itself. `signature` is DER; whether it holds is not said."""

    statement: Statement
    heads: Heads
    signature: bytes
    sha256: str

    @property
    def number(self) -> int:
        return self.statement.number


def key_of(installation: str, number: int) -> str:
    """The object key of an anchor: sorted as text, keys are sorted by number."""
    return f"{folder_of(installation)}{number:010d}.json"


def folder_of(installation: str) -> str:
    """Under which the object keys of all anchors of an installation lie."""
    return f"anchors/{installation}/"


def number_of(installation: str, key: str) -> int | None:
    """The number of the anchor that an object key is for; None if it is for none."""
    match = re.fullmatch(re.escape(folder_of(installation)) + r"(\d{10})\.json", key)
    return int(match[1]) if match and int(match[1]) else None


def public_key_file(public_sha256: str) -> str:
    """The object key of a public key."""
    return f"keys/{public_sha256}.der"


def state_next(installation: str, before: Anchor | None, heads: Heads, made: datetime, key: Key) -> Statement:
    """The statement after an anchor (None: the first). Never dated before it: clocks of two machines differ."""
    return Statement(
        installation=installation,
        number=before.number + 1 if before else 1,
        made=max(iso(made), before.statement.made) if before else iso(made),
        previous=before.sha256 if before else NO_PREVIOUS,
        chains=len(heads),
        rows=sum(head.seq for head in heads.values()),
        root=root_of(_leaves(heads)).hex(),
        key=key,
    )


def write(statement: Statement, heads: Heads, signature: bytes) -> bytes:
    """The bytes of an anchor's file."""
    document = {
        "heads": list(_entries(heads)),
        "signature": base64.b64encode(signature).decode(),
        "statement": statement.document(),
    }
    return canonical(document).encode()


def read(content: bytes) -> Anchor:
    """The anchor in a file. Raises AnchorError if the bytes aren't exactly what `write` makes of some anchor: other
    members, another order, counts or a root that its heads don't make.
    """
    try:
        document = json.loads(content)
        exact = canonical(document).encode() == content
    except (ValueError, TypeError, RecursionError) as problem:
        raise AnchorError(f"is no canonical JSON: {problem}") from None
    if not exact:
        raise AnchorError("is not in canonical form: the same JSON has one form of bytes only")
    if not isinstance(document, dict) or set(document) != {"heads", "signature", "statement"}:
        raise AnchorError("is no object of heads, signature and statement")
    statement, heads = _statement(document["statement"]), _heads(document["heads"])
    if statement.chains != len(heads) or statement.rows != sum(head.seq for head in heads.values()):
        raise AnchorError(f"counts {statement.chains} chains and {statement.rows} rows, its heads make others")
    if statement.root != (root := root_of(_leaves(heads)).hex()):
        raise AnchorError(f"says that the root of its heads is {statement.root}, they make {root}")
    try:
        signature = base64.b64decode(document["signature"], validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise AnchorError("has a signature that is no base64") from None
    return Anchor(statement, heads, signature, hashlib.sha256(content).hexdigest())


def proof(anchor: Anchor, arn: str) -> dict[str, Json]:
    """That an anchor holds one chain's head, without the heads of others. Raises KeyError if it doesn't hold it."""
    index = sorted(anchor.heads).index(arn) if arn in anchor.heads else -1
    if index < 0:
        raise KeyError(arn)
    return {
        "head": _entry(arn, anchor.heads[arn]),
        "index": index,
        "path": [sibling.hex() for sibling in path_of(_leaves(anchor.heads), index)],
        "signature": base64.b64encode(anchor.signature).decode(),
        "statement": anchor.statement.document(),
    }


def contradictions(before: Anchor, after: Heads) -> Iterator[tuple[str, str]]:
    """Chains that can't have ended as an anchor says if it ends now as `after` says, each with why: chains
    only grow.
    """
    for arn, old in before.heads.items():
        new = after.get(arn)
        if new is None:
            yield arn, f"is gone: anchor {before.number} holds {old.seq} rows of it"
        elif new.seq < old.seq:
            yield arn, f"ends at row {new.seq}: anchor {before.number} holds {old.seq} rows of it"
        elif new.seq == old.seq and new.hash != old.hash:
            yield arn, f"ends at row {new.seq} with hash {new.hash}: anchor {before.number} holds {old.hash}"


def _entry(arn: str, head: Head) -> dict[str, Json]:
    return {"arn": arn, "hash": head.hash, "seq": head.seq}


def _entries(heads: Heads) -> Iterator[dict[str, Json]]:
    return (_entry(arn, heads[arn]) for arn in sorted(heads))


def _leaves(heads: Heads) -> list[bytes]:
    return [leaf_hash(canonical(entry).encode()) for entry in _entries(heads)]


def _statement(document: Json) -> Statement:
    if not isinstance(document, dict) or set(document) != _TEXTS.keys() | _NUMBERS.keys():
        raise AnchorError(f"has a statement without exactly {', '.join(sorted(_TEXTS.keys() | _NUMBERS.keys()))}")
    for name, pattern in _TEXTS.items():
        if not isinstance(document[name], str) or not pattern.fullmatch(document[name]):
            raise AnchorError(f"has {name} {str(document[name])[:80]!r}; wanted: {pattern.pattern}")
    try:
        datetime.fromisoformat(document["madeat"])
    except ValueError:
        raise AnchorError(f"has madeat {document['madeat']}, which is no time") from None
    for name, least in _NUMBERS.items():
        value = document[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise AnchorError(f"has {name} {str(value)[:80]!r}; wanted: a whole number from {least}")
    if document["schemaversion"] != SCHEMA_VERSION:
        raise AnchorError(f"has schema version {document['schemaversion']}, this verifier knows {SCHEMA_VERSION}")
    return Statement(
        installation=document["installation"],
        number=document["number"],
        made=document["madeat"],
        previous=document["previous"],
        chains=document["chains"],
        rows=document["rows"],
        root=document["root"],
        key=Key(document["keyarn"], document["publickeysha256"]),
    )


def _heads(entries: Json) -> dict[str, Head]:
    if not isinstance(entries, list):
        raise AnchorError("has heads that are no list")
    heads: dict[str, Head] = {}
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"arn", "hash", "seq"}:
            raise AnchorError("has a head without exactly arn, hash and seq")
        arn, seq, digest = entry["arn"], entry["seq"], entry["hash"]
        sound = isinstance(arn, str) and isinstance(digest, str) and isinstance(seq, int) and not isinstance(seq, bool)
        if not sound or seq < 1 or not _SHA256.fullmatch(digest):
            raise AnchorError(f"has a malformed head: {str(entry)[:200]}")
        if heads and arn <= next(reversed(heads)):
            raise AnchorError(f"has heads out of order, or twice, at {arn}")
        heads[arn] = Head(seq, digest)
    return heads
