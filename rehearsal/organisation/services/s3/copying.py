"""CopyObject: a read of the source and a write of the target in one call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from rehearsal.organisation.core import Call, Need, Organisation, Params, serves

from .checksums import checked
from .context import requested_tags
from .encryption import chosen, use_key
from .locking import new_lock
from .needs import object_need, put_object
from .objects import check_preconditions, described, etag, open_bucket, shown_version, store_version, whole_seconds
from .reading import readable_version
from .store import Checksum, Version, find_bucket

_API = "S3 API reference: "


def _copy_needs(org: Organisation, call: Call) -> Iterator[Need]:
    yield from put_object(org, call)
    source, key, version = copy_source(call.params["CopySource"])
    action = "GetObjectVersion" if version else "GetObject"
    yield object_need(call, find_bucket(org, source), action, key, version)


def copy_source(source: Any) -> tuple[str, str, str | None]:
    """`(bucket, key, version id or None)` of a CopySource, which SDKs send as text or as a mapping."""
    path, _, query = str(source).partition("?versionId=")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return bucket, key, query or None


@serves(
    "s3", "CopyObject", needs=_copy_needs, fidelity="emulated",
    source=_API + "CopyObject: GetObject on the source, PutObject on the target, Decrypt and GenerateDataKey",
    note="no source conditions, no grants, no event holds; the copy's checksum is computed anew in the source's "
    "algorithm",
)  # fmt: skip
def copy(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    source_name, source_key, source_version = copy_source(params["CopySource"])
    source = find_bucket(org, source_name)
    original = readable_version(org, source, source_key, source_version, call.caller)
    check_preconditions(bucket, params)
    reason = "S3 decrypts the object it copies"
    use_key(org, source, source_key, original.encryption, "kms:Decrypt", call.caller, reason)
    algorithm = params.get("ChecksumAlgorithm") or (original.checksum.algorithm if original.checksum else None)
    replace_tags = params.get("TaggingDirective") == "REPLACE"
    replace_headers = params.get("MetadataDirective") == "REPLACE"
    version = Version(
        params["Key"], bucket.new_version_id(), org.clock.now(), original.body,
        tags=requested_tags(params) if replace_tags else dict(original.tags),
        described=described(params) if replace_headers else dict(original.described),
        encryption=chosen(org, bucket, call.caller, params),
        checksum=_recomputed(algorithm, original.body), lock=new_lock(bucket, params, org.clock.now()),
    )  # fmt: skip
    version.etag = etag(version.body, version.encryption, version.id)
    store_version(org, bucket, version, call.caller)
    result: Params = {"ETag": version.etag, "LastModified": whole_seconds(version.modified)}
    if version.checksum:
        result |= version.checksum.shown()
    return {"CopyObjectResult": result} | version.encryption.shown() | shown_version(version)


def _recomputed(algorithm: str | None, body: bytes) -> Checksum | None:
    return checked({"ChecksumAlgorithm": algorithm}, body) if algorithm else None
