"""Which version of an object in the anchors' bucket is the anchor: the oldest one.

Object Lock protects versions, not keys: a newer version or a delete marker can be laid over a locked one and hides it
from a plain read, but can't remove it (s3 object-lock). Keys are written once, so whatever is newer is foreign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from governance.anchor import number_of
from governance.canonical import Json


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker."""

    key: str
    version_id: str
    modified: datetime
    delete_marker: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """The versions below an installation's folder, told apart.

    `anchors`: by number, ascending; of each number its versions from the oldest, empty if it has delete markers only.
    `foreign`: what the anchor function can't have written: versions and delete markers laid over an anchor, and objects
    of other names.
    """

    anchors: Mapping[int, tuple[Version, ...]]
    foreign: tuple[Version, ...]

    @property
    def missing(self) -> list[int]:
        """Numbers up to the newest that have no version."""
        return [number for number in range(1, max(self.anchors, default=0) + 1) if not self.anchors.get(number)]


def versions_in(page: Mapping[str, Json]) -> Iterator[Version]:
    """The versions in an answer of ListObjectVersions: those of a key from the newest, delete markers first."""
    for kind, marker in (("DeleteMarkers", True), ("Versions", False)):
        for entry in page.get(kind, []):
            yield Version(entry["Key"], entry["VersionId"], entry["LastModified"], marker)


def shelve(installation: str, versions: Iterable[Version]) -> Shelf:
    """Tell versions apart; those of one key come from the newest, as S3 lists them."""
    anchors: dict[int, list[Version]] = {}
    foreign: list[Version] = []
    for version in versions:
        number = number_of(installation, version.key)
        if number is None:
            foreign.append(version)
            continue
        held = anchors.setdefault(number, [])
        if version.delete_marker:
            foreign.append(version)
        else:
            held.insert(0, version)
    for held in anchors.values():
        foreign += held[1:]
    return Shelf({number: tuple(anchors[number]) for number in sorted(anchors)}, tuple(foreign))
