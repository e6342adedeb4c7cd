"""The anchor function's ports in memory: a bucket whose first version of a key stays, a key that signs.

Beside the adapters because they must change with them. `fault` is called with `<port>.<call>:before` and `:after`, and
raises what the call shall fail with: what a crash or a lost answer does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from governance.anchor_versions import Version
from governance.canonical import Json
from governance.errors import AnchorError
from governance.ledger import Head, Row
from lambdas.anchor.ports import Stored

Fault = Callable[[str], None]


def no_fault(_point: str) -> None:
    """Nothing breaks."""


@dataclass
class FakeLedger:
    """State rows by ARN and ledger rows by ARN and number, as capture's fake tables hold them."""

    state: Mapping[str, Mapping[str, Json]]
    ledger: Mapping[tuple[str, int], Row]
    fault: Fault = no_fault

    def heads(self) -> dict[str, Head]:
        self.fault("ledger.heads:before")
        heads = {}
        for arn, row in self.state.items():
            if "ledgerseq" not in row:
                raise AnchorError(f"a row of {arn} has no ledgerseq and ledgerhash: nothing is signed")
            heads[arn] = Head(row["ledgerseq"], row["ledgerhash"])
        self.fault("ledger.heads:after")
        return heads

    def rows(self, arn: str, after: Head, to: Head) -> Iterator[Row]:
        self.fault("ledger.rows:before")
        wanted = range(after.seq + 1, to.seq + 1)
        yield from [self.ledger[arn, seq] for seq in wanted if (arn, seq) in self.ledger]
        self.fault("ledger.rows:after")


@dataclass
class FakeHistory:
    """History rows by endpoint, in order."""

    histories: dict[str, list[Row]] = field(default_factory=dict)
    fault: Fault = no_fault

    def heads(self) -> dict[str, Head]:
        self.fault("history.heads:before")
        return {arn: Head(int(rows[-1]["seq"]), str(rows[-1]["hash"])) for arn, rows in self.histories.items() if rows}

    def rows(self, arn: str, after: Head, to: Head) -> Iterator[Row]:
        self.fault("history.rows:before")
        yield from [row for row in self.histories[arn] if after.seq < int(row["seq"]) <= to.seq]


@dataclass
class Kept:
    """One version in the fake bucket."""

    version: Version
    content: bytes = b""
    locked: bool = True


@dataclass
class FakeVault:
    """Versions by key, the oldest first. `lay_over` is what somebody with other rights does."""

    objects: dict[str, list[Kept]] = field(default_factory=dict)
    fault: Fault = no_fault
    before_write: Callable[[str], None] = lambda key: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def lay_over(self, key: str, content: bytes | None, *, locked: bool = True) -> None:
        """Put a version over a key, or a delete marker."""
        kept = self.objects.setdefault(key, [])
        version = Version(key, f"v{len(kept)}", self.now(), content is None)
        kept.append(Kept(version, content or b"", locked))

    def versions(self, folder: str) -> list[Version]:
        self.fault("vault.versions:before")
        found = [kept.version for key in sorted(self.objects) for kept in reversed(self.objects[key])]
        self.fault("vault.versions:after")
        return [version for version in found if version.key.startswith(folder)]

    def read(self, version: Version) -> Stored:
        self.fault("vault.read:before")
        [kept] = [kept for kept in self.objects[version.key] if kept.version == version]
        self.fault("vault.read:after")
        return Stored(kept.content, kept.locked)

    def write(self, key: str, content: bytes) -> bool:
        self.fault("vault.write:before")
        self.before_write(key)
        # As S3: a delete marker on top counts as no object.
        taken = bool(self.objects.get(key)) and not self.objects[key][-1].version.delete_marker
        if not taken:
            self.lay_over(key, content)
        self.fault("vault.write:after")
        return not taken


@dataclass
class FakeSigner:
    """A key that only this object can sign with: signatures are keyed digests. `known` are older keys' ARNs, with their
    secrets, that it may verify with.
    """

    arn: str = "arn:aws:kms:eu-west-1:111111111111:key/anchors"
    secret: bytes = b"secret"
    known: dict[str, bytes] = field(default_factory=dict)
    fault: Fault = no_fault

    def public_key(self) -> bytes:
        self.fault("signer.public_key:before")
        return b"public half of " + self.secret

    def sign(self, digest: bytes) -> bytes:
        self.fault("signer.sign:before")
        made = hashlib.sha256(self.secret + digest).digest()
        self.fault("signer.sign:after")
        return made

    def verify(self, arn: str, digest: bytes, signature: bytes) -> bool:
        self.fault("signer.verify:before")
        secret = {**self.known, self.arn: self.secret}.get(arn)
        if secret is None:
            raise PermissionError(f"no right to verify with {arn}")
        return hashlib.sha256(secret + digest).digest() == signature
