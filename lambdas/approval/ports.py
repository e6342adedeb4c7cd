"""What the approval function needs of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from governance.canonical import Json


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The object that a key resolves to now: its version, and the SHA-256 that S3 keeps (hex; None: none
    kept).
    """

    version_id: str
    sha256: str | None


class States(Protocol):
    """The state table."""

    def read(self, arn: str) -> Mapping[str, Json] | None:
        """A version's state row, consistently; None if it was never recorded."""


class Artifacts(Protocol):
    """The artifact bucket's objects and their tags."""

    def find(self, key: str) -> StoredObject | None:
        """What lies under a key; None if nothing does."""

    def tags(self, key: str, version_id: str) -> dict[str, str]:
        """All tags of one object version."""

    def set_tags(self, key: str, version_id: str, tags: Mapping[str, str]) -> None:
        """Replace all tags of one object version."""
