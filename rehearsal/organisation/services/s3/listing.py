"""ListObjectsV2 and ListObjects."""

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
MOST = 1000


def _key_of(token: str) -> str:
    """The last key of the page before: tokens stand for keys, so that a page holds after deletions too."""
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise ApiError("InvalidArgument", "The continuation token provided is incorrect") from None


def grouped(keys: Iterable[str], prefix: str, delimiter: str) -> list[tuple[str, bool]]:
    """Keys under the prefix in order; those with the delimiter after it rolled up: `(text, is a common prefix)`."""
    rows: dict[str, bool] = {}
    for key in sorted(keys):
        if not key.startswith(prefix):
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        rows.setdefault(prefix + head + found if found else key, bool(found))
    return list(rows.items())


def encoded(text: str, params: Params) -> str:
    return quote(text, safe="/") if params.get("EncodingType") == "url" else text


def object_row(version: Version, params: Params) -> Params:
    row: Params = {
        "Key": encoded(version.key, params),
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
    rows = [row for row in grouped(filter(bucket.exists, bucket.objects), prefix, delimiter) if row[0] > after]
    limit = min(params.get("MaxKeys", MOST), MOST)
    shown = rows[:limit]
    contents = [object_row(bucket.objects[key][-1], params) for key, rolled in shown if not rolled]
    answer: Params = {"Name": bucket.name, "Prefix": prefix, "MaxKeys": limit, "IsTruncated": 0 < limit < len(rows)}
    if contents:
        answer["Contents"] = contents
    if prefixes := [{"Prefix": encoded(text, params)} for text, rolled in shown if rolled]:
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
