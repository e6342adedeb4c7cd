"""ListObjectVersions: versions and delete markers of each key, newest first, rolled up by a delimiter, in pages."""

from __future__ import annotations

from dataclasses import dataclass

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves

from .listing import MOST, encoded, grouped, object_row
from .needs import on_bucket
from .objects import open_bucket, whole_seconds
from .store import Bucket, Version

_API = "S3 API reference: "


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the list: a version of a key, or (without one) a common prefix of keys."""

    text: str
    version: Version | None = None
    latest: bool = False


@serves(
    "s3", "ListObjectVersions", needs=on_bucket("ListBucketVersions"),
    source=_API + "ListObjectVersions: newest version first, delete markers apart; pages by key and version",
)  # fmt: skip
def list_versions(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    if params.get("OptionalObjectAttributes"):
        raise NotEmulated("s3:ListObjectVersions with OptionalObjectAttributes")
    rows = _after(bucket, _rows(bucket, params), params)
    limit = min(params.get("MaxKeys", MOST), MOST)
    shown, truncated = rows[:limit], 0 < limit < len(rows)
    answer: Params = {
        "Name": bucket.name,
        "Prefix": params.get("Prefix") or "",
        "KeyMarker": params.get("KeyMarker") or "",
        "VersionIdMarker": params.get("VersionIdMarker") or "",
        "MaxKeys": limit,
        "IsTruncated": truncated,
    }
    if truncated:
        answer["NextKeyMarker"] = encoded(shown[-1].text, params)
        if (last := shown[-1].version) is not None:
            answer["NextVersionIdMarker"] = last.id
    for member in ("Delimiter", "EncodingType"):
        if params.get(member):
            answer[member] = params[member]
    return answer | {name: found for name, found in _lists(shown, params).items() if found}


def _rows(bucket: Bucket, params: Params) -> list[_Row]:
    prefix, delimiter = params.get("Prefix") or "", params.get("Delimiter") or ""
    rows: list[_Row] = []
    for text, rolled in grouped(bucket.objects, prefix, delimiter):
        if rolled:
            rows.append(_Row(text))
            continue
        versions = bucket.objects[text]
        rows += [_Row(text, version, version is versions[-1]) for version in reversed(versions)]
    return rows


def _after(bucket: Bucket, rows: list[_Row], params: Params) -> list[_Row]:
    """The rows after the markers: those of later keys, and of the marked key the versions older than the marked one.

    A marked version may be gone by now: who deletes page by page goes on where it stopped.
    """
    key, version_id = params.get("KeyMarker") or "", params.get("VersionIdMarker")
    if version_id and not key:
        raise ApiError("InvalidArgument", "A version-id marker cannot be specified without a key marker.")
    older_than = bucket.numbers.get((key, version_id)) if version_id else None
    if version_id and older_than is None:
        raise ApiError("InvalidArgument", "Invalid version id specified")
    return [
        row
        for row in rows
        if row.text > key
        or (
            row.text == key
            and row.version is not None
            and older_than is not None
            and bucket.numbers[key, row.version.id] < older_than
        )
    ]


def _lists(rows: list[_Row], params: Params) -> Params:
    lists: dict[str, list[Params]] = {"Versions": [], "DeleteMarkers": [], "CommonPrefixes": []}
    for row in rows:
        if row.version is None:
            lists["CommonPrefixes"].append({"Prefix": encoded(row.text, params)})
            continue
        common = {"VersionId": row.version.id, "IsLatest": row.latest}
        if row.version.marker:
            shown = {"Key": encoded(row.text, params), "LastModified": whole_seconds(row.version.modified)}
            lists["DeleteMarkers"].append(shown | common)
        else:
            lists["Versions"].append(object_row(row.version, params) | common)
    return dict(lists)
