"""The approval function's ports in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from governance.canonical import Json
from lambdas.approval.ports import StoredObject


@dataclass
class FakeStates:
    """State rows by ARN."""

    rows: dict[str, Mapping[str, Json]] = field(default_factory=dict)

    def read(self, arn: str) -> Mapping[str, Json] | None:
        return self.rows.get(arn)


@dataclass
class FakeArtifacts:
    """Objects by key, tags by key and version. `before_write` runs as tags are about to be replaced."""

    objects: dict[str, StoredObject] = field(default_factory=dict)
    tagged: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    before_write: Callable[[], None] = lambda: None
    writes: int = 0

    def find(self, key: str) -> StoredObject | None:
        return self.objects.get(key)

    def tags(self, key: str, version_id: str) -> dict[str, str]:
        return dict(self.tagged.get((key, version_id), {}))

    def set_tags(self, key: str, version_id: str, tags: Mapping[str, str]) -> None:
        self.before_write()
        self.writes += 1
        self.tagged[key, version_id] = dict(tags)
