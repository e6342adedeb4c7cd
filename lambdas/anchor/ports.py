"""What the anchor function needs of the world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from governance.anchor import Heads
from governance.anchor_versions import Version
from governance.ledger import Head, Row


@dataclass(frozen=True, slots=True)
class Stored:
    """What a version holds. `locked`: it is, or was until its retention ended, protected by Object Lock."""

    content: bytes
    locked: bool


class Chains(Protocol):
    """Chains of one kind: a package's in the ledger, an endpoint's in its history. Read only."""

    def heads(self) -> Heads:
        """Where each chain ends, each read consistently. Raises AnchorError for one that doesn't say so."""

    def rows(self, arn: str, after: Head, to: Head) -> Iterable[Row]:
        """A chain's rows after one head up to another, in order, read consistently."""


class Vault(Protocol):
    """The bucket with Object Lock. Nothing in it can be replaced or removed by the function."""

    def versions(self, folder: str) -> Sequence[Version]:
        """All versions below a folder and all delete markers; those of one key from the newest."""

    def read(self, version: Version) -> Stored:
        """What a version holds."""

    def write(self, key: str, content: bytes) -> bool:
        """Write an object unless its key is taken; whether it was written. Raises Busy if somebody writes it now."""


class Signer(Protocol):
    """The signing key."""

    @property
    def arn(self) -> str:
        """The ARN of the key that signs."""

    def public_key(self) -> bytes:
        """The public half as DER (SubjectPublicKeyInfo)."""

    def sign(self, digest: bytes) -> bytes:
        """The DER signature on a SHA-256."""

    def verify(self, arn: str, digest: bytes, signature: bytes) -> bool:
        """Whether a key that the function may verify with made a signature."""
