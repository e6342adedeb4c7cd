"""Objects: put, get, head, attributes, copy, delete."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from rehearsal.organisation.core import ApiError, Call, Caller, Need, NotEmulated, Organisation, Params, serves

from .checksums import checked
from .context import requested_tags
from .encryption import chosen, use_key
from .needs import delete_objects, object_need, on_object, put_object
from .reading import readable_version
from .store import Bucket, Checksum, Encryption, Version, find_bucket

_API = "S3 API reference: "
DESCRIBED = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata")
_ACLS = (None, "private", "bucket-owner-full-control")
"""With BucketOwnerEnforced (the default) a PUT may carry the owner's full control only (about-object-ownership)."""
_UNSERVED = (
    "Expires", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP", "WriteOffsetBytes",
    "WebsiteRedirectLocation", "RequestPayer", "ObjectLockMode", "ObjectLockRetainUntilDate",
    "ObjectLockLegalHoldStatus", "ObjectLockEventHold", "Range", "IfModifiedSince", "IfUnmodifiedSince",
    "ResponseCacheControl", "ResponseContentDisposition", "ResponseContentEncoding", "ResponseContentLanguage",
    "ResponseContentType", "ResponseExpires", "MFA", "BypassGovernanceRetention", "IfMatchLastModifiedTime",
    "IfMatchSize", "CopySourceIfMatch", "CopySourceIfModifiedSince", "CopySourceIfNoneMatch",
    "CopySourceIfUnmodifiedSince", "ExpectedSourceBucketOwner",
)  # fmt: skip


def open_bucket(org: Organisation, call: Call) -> Bucket:
    """The request's bucket; what isn't served and a wrong ExpectedBucketOwner are refused."""
    for member in _UNSERVED:
        if call.params.get(member) is not None:
            raise NotEmulated(f"s3:{call.operation} with {member}")
    if call.operation in ("GetObject", "HeadObject") and call.params.get("PartNumber") is not None:
        raise NotEmulated(f"s3:{call.operation} with PartNumber")
    if call.params.get("StorageClass") not in (None, "STANDARD"):
        raise NotEmulated(f"s3:{call.operation} with StorageClass {call.params['StorageClass']}")
    bucket = find_bucket(org, call.params["Bucket"])
    expected = call.params.get("ExpectedBucketOwner")
    if expected and expected != bucket.owner:
        raise ApiError("AccessDenied", "Access Denied", 403)
    return bucket


@serves(
    "s3", "PutObject", needs=put_object, fidelity="emulated",
    source=_API + "PutObject; conditional-writes; checking-object-integrity-upload; UsingKMSEncryption",
    note="storage class STANDARD; no grants, Object Lock, append or website redirect; checksums SHA256, SHA1, CRC32",
)  # fmt: skip
def put(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    if params.get("ACL") not in _ACLS:
        raise ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs")
    body = body_of(params.get("Body"))
    check_preconditions(bucket, params)
    version = Version(
        params["Key"], bucket.new_version_id(), org.clock.now(), body, tags=requested_tags(params),
        described=described(params), encryption=chosen(org, bucket, call.caller, params),
        checksum=checked(params, body),
    )  # fmt: skip
    version.etag = etag(body, version.encryption, version.id)
    store_version(org, bucket, version, call.caller)
    return written(version)


def body_of(body: Any) -> bytes:
    """The bytes of a request's body."""
    if body is None:
        return b""
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else str(body).encode()


def described(params: Params) -> Params:
    kept = {member: params[member] for member in DESCRIBED if params.get(member) is not None}
    kept.setdefault("ContentType", "binary/octet-stream")
    return kept


def etag(body: bytes, encryption: Encryption, salt: str) -> str:
    """The entity tag: the MD5 digest, except under a KMS key, where it is none (S3 API reference, Object)."""
    data = body if encryption.key is None else body + encryption.key.encode() + salt.encode()
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def check_preconditions(bucket: Bucket, params: Params) -> None:
    """If-None-Match: * and If-Match: <ETag> of a write. 412 where the condition fails (conditional-writes)."""
    current = bucket.current(params["Key"])
    there = current is not None and not current.marker
    if params.get("IfNoneMatch") is not None:
        if params["IfNoneMatch"] != "*":
            raise NotEmulated("a conditional write with If-None-Match other than *")
        if there:
            raise precondition_failed("If-None-Match")
    if params.get("IfMatch") is not None:
        if current is None or not there:
            raise ApiError("NoSuchKey", "The specified key does not exist.", 404, Key=params["Key"])
        if params["IfMatch"].strip('"') != current.etag.strip('"'):
            raise precondition_failed("If-Match")


def precondition_failed(condition: str) -> ApiError:
    return ApiError(
        "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412, Condition=condition
    )


def store_version(org: Organisation, bucket: Bucket, version: Version, caller: Caller) -> None:
    """Make the data key as the caller, then keep the version."""
    use_key(
        org, bucket, version.key, version.encryption, "kms:GenerateDataKey", caller, "S3 encrypts the object it stores"
    )
    bucket.add(version)


def written(version: Version) -> Params:
    """What a write answers: ETag, version id, encryption, checksum."""
    answer: Params = {"ETag": version.etag} | version.encryption.shown() | shown_version(version)
    return answer | (version.checksum.shown() if version.checksum else {})


def shown_version(version: Version) -> Params:
    return {"VersionId": version.id} if version.id != "null" else {}


@serves(
    "s3", "GetObject", needs=on_object("GetObject", versioned=("GetObjectVersion",)), fidelity="emulated",
    source=_API + "GetObject: Decrypt as the caller; 404 only for who may list", note="no ranges, no part numbers",
)  # fmt: skip
def get(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    version = readable_version(org, bucket, params["Key"], params.get("VersionId"), call.caller)
    _check_read(params, version)
    use_key(
        org, bucket, version.key, version.encryption, "kms:Decrypt", call.caller, "S3 decrypts the object it returns"
    )
    return {"Body": version.body} | _headers(version, with_checksum=params.get("ChecksumMode") == "ENABLED")


@serves(
    "s3", "HeadObject", needs=on_object("GetObject", versioned=("GetObjectVersion",)), fidelity="emulated",
    source=_API + "HeadObject: kms:Decrypt as the caller with ChecksumMode only", note="no ranges, no part numbers",
)  # fmt: skip
def head(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    version = readable_version(org, bucket, params["Key"], params.get("VersionId"), call.caller)
    _check_read(params, version)
    with_checksum = params.get("ChecksumMode") == "ENABLED"
    if with_checksum:
        use_key(
            org, bucket, version.key, version.encryption, "kms:Decrypt", call.caller, "S3 shows the object's checksum"
        )
    return _headers(version, with_checksum=with_checksum)


def _check_read(params: Params, version: Version) -> None:
    tag = version.etag.strip('"')
    if params.get("IfMatch") is not None and params["IfMatch"].strip('"') not in ("*", tag):
        raise precondition_failed("If-Match")
    if params.get("IfNoneMatch") is not None and params["IfNoneMatch"].strip('"') in ("*", tag):
        raise ApiError("304", "Not Modified", 304)


def _headers(version: Version, *, with_checksum: bool) -> Params:
    answer: Params = dict(version.described)
    answer |= {
        "AcceptRanges": "bytes",
        "LastModified": whole_seconds(version.modified),
        "ContentLength": len(version.body),
        "ETag": version.etag,
    }
    answer |= version.encryption.shown() | shown_version(version)
    if version.tags:
        answer["TagCount"] = len(version.tags)
    if with_checksum and version.checksum:
        answer |= version.checksum.shown()
    return answer


def whole_seconds(time: datetime) -> datetime:
    """Last-Modified has whole seconds."""
    return time.replace(microsecond=0)


@serves(
    "s3", "GetObjectAttributes",
    needs=on_object(
        "GetObject", "GetObjectAttributes", versioned=("GetObjectVersion", "GetObjectVersionAttributes")
    ),
    source=_API + "GetObjectAttributes: GetObject and GetObjectAttributes (or their version forms), kms:Decrypt",
)  # fmt: skip
def attributes(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    version = readable_version(org, bucket, params["Key"], params.get("VersionId"), call.caller)
    use_key(
        org, bucket, version.key, version.encryption, "kms:Decrypt", call.caller, "S3 shows the object's attributes"
    )
    shown: Params = {
        "ETag": version.etag.strip('"'),
        "StorageClass": "STANDARD",
        "ObjectSize": len(version.body),
    }
    if version.checksum:
        shown["Checksum"] = version.checksum.shown()
    if version.parts:
        shown["ObjectParts"] = {"TotalPartsCount": version.parts}
    wanted = {member: value for member, value in shown.items() if member in params["ObjectAttributes"]}
    return wanted | shown_version(version) | {"LastModified": whole_seconds(version.modified)}


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
    note="no source conditions, no grants, no Object Lock; the copy's checksum is computed anew in the source's "
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
        checksum=_recomputed(algorithm, original.body),
    )  # fmt: skip
    version.etag = etag(version.body, version.encryption, version.id)
    store_version(org, bucket, version, call.caller)
    result: Params = {"ETag": version.etag, "LastModified": whole_seconds(version.modified)}
    if version.checksum:
        result |= version.checksum.shown()
    return {"CopyObjectResult": result} | version.encryption.shown() | shown_version(version)


def _recomputed(algorithm: str | None, body: bytes) -> Checksum | None:
    return checked({"ChecksumAlgorithm": algorithm}, body) if algorithm else None


@serves(
    "s3", "DeleteObject", needs=on_object("DeleteObject", versioned=("DeleteObjectVersion",)),
    source=_API + "DeleteObject: a delete marker in a versioned bucket, a version for good with its id",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    if params.get("IfMatch") is not None:
        check_preconditions(bucket, params)
    return remove(org, bucket, params["Key"], params.get("VersionId"))


@serves(
    "s3",
    "DeleteObjects",
    needs=delete_objects,
    fidelity="emulated",
    source=_API + "DeleteObjects",
    note="all or nothing: one key that may not be deleted denies the whole request, where AWS reports it per key",
)
def delete_many(org: Organisation, call: Call) -> Params:
    bucket = open_bucket(org, call)
    deleted: list[Params] = []
    for one in call.params["Delete"]["Objects"]:
        answer = remove(org, bucket, one["Key"], one.get("VersionId"))
        row: Params = {"Key": one["Key"]}
        if one.get("VersionId"):
            row["VersionId"] = one["VersionId"]
        if answer.get("DeleteMarker"):
            row |= {"DeleteMarker": True, "DeleteMarkerVersionId": answer["VersionId"]}
        deleted.append(row)
    return {} if call.params["Delete"].get("Quiet") else {"Deleted": deleted}


def remove(org: Organisation, bucket: Bucket, key: str, version_id: str | None) -> Params:
    """Delete a version by its id, or the key: by a marker where versions are kept, for good elsewhere."""
    if version_id is not None:
        found = bucket.find(key, version_id)
        if found is not None:
            bucket.drop(found)
            return {"VersionId": version_id} | ({"DeleteMarker": True} if found.marker else {})
        return {"VersionId": version_id}
    if not bucket.versioning:
        bucket.objects.pop(key, None)
        return {}
    marker = Version(key, bucket.new_version_id(), org.clock.now(), marker=True)
    bucket.add(marker)
    return {"DeleteMarker": True, "VersionId": marker.id}
