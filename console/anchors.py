"""Reading anchors: from the bucket by boto3, or from an exported folder that has the bucket's files at their keys.

An export holds `anchors/<installation>/<number>.json` and `keys/<sha256>.der`, as in the bucket; `versions.jsonl`,
where it is there, lists the versions that the bucket held, so that what was laid over an anchor shows offline, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from console.errors import CommandError, NotThere
from console.tables import lines_of
from governance.anchor import folder_of, key_of, number_of, public_key_file
from governance.anchor_chain import AnchorFinding
from governance.anchor_versions import Shelf, Version, shelve, versions_in
from governance.canonical import Json, iso

VERSIONS = "versions.jsonl"


class NoBucket(NotThere):
    """The account of the credentials has no bucket of anchors."""


class Anchors(Protocol):
    """Where anchors come from."""

    installation: str

    def begin(self) -> object:
        """Fix which anchors there are; what they hold is in tables that are read afterwards."""

    def numbers(self) -> list[int]:
        """The numbers that there is an anchor of, ascending."""

    def file(self, number: int) -> bytes:
        """The bytes of an anchor: of its oldest locked version, where versions are known."""

    def findings(self) -> list[AnchorFinding]:
        """What is wrong with how the anchors are kept; complete once each file was read."""

    def public_key(self, sha256: str) -> bytes | None:
        """The published public key (DER) with a digest; None if none has it."""


@dataclass
class LiveAnchors:
    """The installation's bucket, listed once. `client` is a boto3 s3 client."""

    client: Any
    bucket: str
    installation: str
    _listed: list[Version] | None = None
    _shelved: Shelf | None = None
    _locked: dict[Version, bool] = field(default_factory=dict)

    def begin(self) -> list[Version]:
        """List the bucket, once. Raises NoBucket if there is none."""
        if self._listed is None:
            self._listed = self._versions(folder_of(self.installation))
        return self._listed

    def numbers(self) -> list[int]:
        return [number for number, versions in self._shelf().anchors.items() if versions]

    def file(self, number: int) -> bytes:
        contents = []
        for version in self._shelf().anchors[number]:
            contents.append(self._read(version))
            if self._locked[version]:
                return contents[-1]
        return contents[0]

    def findings(self) -> list[AnchorFinding]:
        shelf = self._shelf()
        return [*_foreign(self.installation, shelf), *_unlocked(shelf, self._locked)]

    def public_key(self, sha256: str) -> bytes | None:
        for version in reversed(self._versions(public_key_file(sha256))):
            if not version.delete_marker and hashlib.sha256(content := self._read(version)).hexdigest() == sha256:
                return content
        return None

    def listing(self) -> Iterator[dict[str, Json]]:
        """A line for each version, as `versions.jsonl` has them; `locked` is null for what wasn't read."""
        for version in self.begin():
            yield {
                "key": version.key,
                "versionid": version.version_id,
                "modified": iso(version.modified),
                "deletemarker": version.delete_marker,
                "locked": self._locked.get(version),
            }

    def _shelf(self) -> Shelf:
        if self._shelved is None:
            self._shelved = shelve(self.installation, self.begin())
        return self._shelved

    def _versions(self, prefix: str) -> list[Version]:
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        try:
            return [version for page in pages for version in versions_in(page)]
        except self.client.exceptions.NoSuchBucket:
            raise NoBucket(f"bucket {self.bucket} (anchors)", self.installation) from None

    def _read(self, version: Version) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=version.key, VersionId=version.version_id)
        # Shown only to who may s3:GetObjectRetention (botocore s3, HeadObject's ObjectLockMode).
        self._locked[version] = "ObjectLockMode" in answer
        content: bytes = answer["Body"].read()
        return content


@dataclass
class ExportedAnchors:
    """An exported folder. `wanted` chooses between the anchors of several installations."""

    folder: Path
    wanted: str
    installation: str = field(init=False)

    def __post_init__(self) -> None:
        there = sorted(path.name for path in (self.folder / "anchors").iterdir() if path.is_dir())
        if len(there) > 1 and self.wanted not in there:
            raise CommandError(f"{self.folder} holds anchors of {', '.join(there)}; choose one of them by --prefix")
        self.installation = there[0] if len(there) == 1 else self.wanted

    def begin(self) -> None:
        """An export doesn't change."""

    @staticmethod
    def are_in(folder: Path) -> bool:
        return (folder / "anchors").is_dir()

    def numbers(self) -> list[int]:
        return [number for number in map(self._number, self._paths()) if number is not None]

    def file(self, number: int) -> bytes:
        return (self.folder / key_of(self.installation, number)).read_bytes()

    def findings(self) -> list[AnchorFinding]:
        found = [
            AnchorFinding(None, f"{path} is no anchor: wanted are names such as {key_of(self.installation, 1)}")
            for path in self._paths()
            if self._number(path) is None
        ]
        path = self.folder / VERSIONS
        return found + (self._from_listing(path) if path.is_file() else [])

    def public_key(self, sha256: str) -> bytes | None:
        path = self.folder / public_key_file(sha256)
        content = path.read_bytes() if path.is_file() else b""
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def _paths(self) -> list[Path]:
        return sorted((self.folder / folder_of(self.installation)).glob("*"))

    def _number(self, path: Path) -> int | None:
        return number_of(self.installation, path.relative_to(self.folder).as_posix())

    def _from_listing(self, path: Path) -> list[AnchorFinding]:
        entries = list(lines_of(path))
        try:
            versions = [(_version(entry), entry["locked"]) for entry in entries]
        except (KeyError, TypeError, ValueError) as problem:
            raise CommandError(f"{path} has a line of another form: {problem!r}") from None
        shelf = shelve(self.installation, [version for version, _ in versions])
        locked = {version: bool(lock) for version, lock in versions if lock is not None}
        missing = [number for number, versions in shelf.anchors.items() if versions and not self._holds(number)]
        return [
            *_foreign(self.installation, shelf),
            *(AnchorFinding(number, f"is missing in the export, {path.name} lists it") for number in missing),
            *_unlocked(shelf, locked),
        ]

    def _holds(self, number: int) -> bool:
        return (self.folder / key_of(self.installation, number)).is_file()


def _version(entry: Mapping[str, Json]) -> Version:
    return Version(
        entry["key"], entry["versionid"], datetime.fromisoformat(entry["modified"]), bool(entry["deletemarker"])
    )


def _foreign(installation: str, shelf: Shelf) -> Iterator[AnchorFinding]:
    """What the shelf's foreign versions do to the anchors."""
    for version in shelf.foreign:
        number = number_of(installation, version.key)
        written = f"{iso(version.modified)} (version {version.version_id})"
        if number is None:
            yield AnchorFinding(None, f"{version.key} of {written} is no anchor: somebody else writes to the bucket")
        else:
            what = "delete marker" if version.delete_marker else "newer version"
            yield AnchorFinding(number, f"is hidden by a {what} of {written}")


def _unlocked(shelf: Shelf, locked: Mapping[Version, bool]) -> Iterator[AnchorFinding]:
    """Anchors without a version that Object Lock protects. What isn't in `locked` wasn't looked at."""
    for number, versions in shelf.anchors.items():
        seen = [locked[version] for version in versions if version in locked]
        if seen and not any(seen):
            yield AnchorFinding(number, "is not protected by Object Lock: it could have been replaced")
