"""ListObjectsV2, ListObjects and ListObjectVersions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from urllib.parse import quote

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves

from .needs import on_bucket
from .objects import open_bucket, whole_seconds
from .store import Bucket, Version

_API = "S3 API reference: "
_MOST = 1000


def _key_of(token: str) -> str:
    """The last key of the page before: tokens stand for keys, so that a page holds after deletions too."""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise ApiError("InvalidArgument", "The continuation token provided is incorrect") from None


def _grouped(keys: Iterable[str], prefix: str, delimiter: str) -> list[tuple[str, bool]]:
    """Keys under the prefix in order; those with the delimiter after it rolled up: `(text, is a common prefix)`."""
    rows: dict[str, bool] = {}
    for key in sorted(keys):
        if not key.startswith(prefix):
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        rows.setdefault(prefix + head + found if found else key, bool(found))
    return list(rows.items())


def _encoded(text: str, params: Params) -> str:
    return quote(text, safe="/") if params.get("EncodingType") == "url" else text


def _object(version: Version, params: Params) -> Params:
    row: Params = {
        "Key": _encoded(version.key, params),
        "LastModified": whole_seconds(version.modified),
        "ETag": version.etag,
        "Size": len(version.body),
        "StorageClass": "STANDARD",
    }
    if version.checksum:
        row |= {"ChecksumAlgorithm": [version.checksum.algorithm], "ChecksumType": version.checksum.kind}
    return row


def _listed(bucket: Bucket, params: Params, after: str) -> tuple[Params, list[str]]:
    """A page of objects and common prefixes after `after`: the answer, and the texts shown."""
    for member in ("OptionalObjectAttributes", "FetchOwner"):
        if params.get(member):
            raise NotEmulated(f"an S3 listing with {member}")
    prefix, delimiter = params.get("Prefix") or "", params.get("Delimiter") or ""
    rows = [row for row in _grouped(filter(bucket.exists, bucket.objects), prefix, delimiter) if row[0] > after]
    limit = min(params.get("MaxKeys", _MOST), _MOST)
    shown = rows[:limit]
    contents = [_object(bucket.objects[key][-1], params) for key, rolled in shown if not rolled]
    answer: Params = {"Name": bucket.name, "Prefix": prefix, "MaxKeys": limit, "IsTruncated": 0 < limit < len(rows)}
    if contents:
        answer["Contents"] = contents
    if prefixes := [{"Prefix": _encoded(text, params)} for text, rolled in shown if rolled]:
        answer["CommonPrefixes"] = prefixes
    for member in ("Delimiter", "EncodingType"):
        if params.get(member):
            answer[member] = params[member]
    return answer, [text for text, _ in shown]


@serves("s3", "ListObjectsV2", needs=on_bucket("ListBucket"), source=_API + "ListObjectsV2")
def list_objects_v2(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    token = params.get("ContinuationToken")
    answer, shown = _listed(bucket, params, _key_of(token) if token else params.get("StartAfter") or "")
    answer["KeyCount"] = len(shown)
    if token:
        answer["ContinuationToken"] = token
    if answer["IsTruncated"]:
        answer["NextContinuationToken"] = base64.urlsafe_b64encode(shown[-1].encode()).decode()
    return answer


@serves("s3", "ListObjects", needs=on_bucket("ListBucket"), source=_API + "ListObjects")
def list_objects(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    marker = params.get("Marker") or ""
    answer, shown = _listed(bucket, params, marker)
    answer["Marker"] = marker
    if answer["IsTruncated"] and params.get("Delimiter"):
        answer["NextMarker"] = shown[-1]
    return answer


@serves("s3", "ListObjectVersions", needs=on_bucket("ListBucketVersions"), fidelity="emulated",
        source=_API + "ListObjectVersions: newest version first, delete markers apart",
        note="no delimiter; pages by key and version")  # fmt: skip
def list_versions(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    for member in ("Delimiter", "OptionalObjectAttributes"):
        if params.get(member):
            raise NotEmulated(f"s3:ListObjectVersions with {member}")
    prefix = params.get("Prefix") or ""
    rows = [
        (version, version is versions[-1])
        for key, versions in sorted(bucket.objects.items())
        if key.startswith(prefix)
        for version in reversed(versions)
    ]
    rows = rows[_start(rows, params) :]
    limit = min(params.get("MaxKeys", _MOST), _MOST)
    shown = rows[:limit]
    answer: Params = {"Name": bucket.name, "Prefix": prefix, "MaxKeys": limit, "IsTruncated": len(rows) > limit}
    if len(rows) > limit and shown:
        last = shown[-1][0]
        answer |= {"NextKeyMarker": _encoded(last.key, params), "NextVersionIdMarker": last.id}
    versions_shown, markers = [], []
    for version, latest in shown:
        common: Params = {"VersionId": version.id, "IsLatest": latest}
        if version.marker:
            row: Params = {"Key": _encoded(version.key, params), "LastModified": whole_seconds(version.modified)}
            markers.append(row | common)
        else:
            versions_shown.append(_object(version, params) | common)
    if versions_shown:
        answer["Versions"] = versions_shown
    if markers:
        answer["DeleteMarkers"] = markers
    if params.get("EncodingType"):
        answer["EncodingType"] = params["EncodingType"]
    return answer


def _start(rows: list[tuple[Version, bool]], params: Params) -> int:
    """Where the page begins: after the marked version, or after the marked key."""
    key, version_id = params.get("KeyMarker") or "", params.get("VersionIdMarker")
    for index, (version, _) in enumerate(rows):
        if version.key > key:
            return index
        if version.key == key and version.id == version_id:
            return index + 1
    return len(rows)
