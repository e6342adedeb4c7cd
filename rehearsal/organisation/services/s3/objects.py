"""Objects: put, get, head, attributes, copy, delete."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, NotEmulated, Organisation, Params, serves

from .checksums import checked
from .context import requested_tags
from .encryption import chosen, use_key
from .locking import new_lock, require_digest
from .locking import shown as lock_shown
from .needs import on_object, put_object
from .reading import readable_version
from .store import Bucket, Encryption, Version, find_bucket

_API = "S3 API reference: "
DESCRIBED = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata")
_ACLS = (None, "private", "bucket-owner-full-control")
"""With BucketOwnerEnforced (the default) a PUT may carry the owner's full control only (about-object-ownership)."""
_UNSERVED = (
    "Expires", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP", "WriteOffsetBytes",
    "WebsiteRedirectLocation", "RequestPayer", "ObjectLockEventHold", "Range", "IfModifiedSince", "IfUnmodifiedSince",
    "ResponseCacheControl", "ResponseContentDisposition", "ResponseContentEncoding", "ResponseContentLanguage",
    "ResponseContentType", "ResponseExpires", "MFA", "IfMatchLastModifiedTime",
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


def opened_version(org: Organisation, call: Call) -> tuple[Bucket, Version]:
    """The request's bucket and the version that its Key and VersionId name, if the caller may know of it."""
    bucket, params = open_bucket(org, call), call.params
    return bucket, readable_version(org, bucket, params["Key"], params.get("VersionId"), call.caller)


@serves(
    "s3", "PutObject", needs=put_object, fidelity="emulated",
    source=_API + "PutObject; conditional-writes; checking-object-integrity-upload; UsingKMSEncryption; object-lock",
    note="storage class STANDARD; no grants, event holds, append or website redirect; checksums SHA256, SHA1, CRC32",
)  # fmt: skip
def put(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    if params.get("ACL") not in _ACLS:
        raise ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs")
    body = body_of(params.get("Body"))
    lock = new_lock(bucket, params, org.clock.now())
    require_digest(lock, params, call.operation)
    check_preconditions(bucket, params)
    version = Version(
        params["Key"], bucket.new_version_id(), org.clock.now(), body, tags=requested_tags(params),
        described=described(params), encryption=chosen(org, bucket, call.caller, params),
        checksum=checked(params, body), lock=lock,
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
    (bucket, version), params = opened_version(org, call), call.params
    _check_read(params, version)
    use_key(
        org, bucket, version.key, version.encryption, "kms:Decrypt", call.caller, "S3 decrypts the object it returns"
    )
    headers = _headers(version, with_checksum=params.get("ChecksumMode") == "ENABLED")
    return {"Body": version.body} | headers | lock_shown(org, call, bucket, version)


@serves(
    "s3", "HeadObject", needs=on_object("GetObject", versioned=("GetObjectVersion",)), fidelity="emulated",
    source=_API + "HeadObject: kms:Decrypt as the caller with ChecksumMode only", note="no ranges, no part numbers",
)  # fmt: skip
def head(org: Organisation, call: Call) -> Params:
    (bucket, version), params = opened_version(org, call), call.params
    _check_read(params, version)
    with_checksum = params.get("ChecksumMode") == "ENABLED"
    if with_checksum:
        use_key(
            org, bucket, version.key, version.encryption, "kms:Decrypt", call.caller, "S3 shows the object's checksum"
        )
    return _headers(version, with_checksum=with_checksum) | lock_shown(org, call, bucket, version)


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
    (bucket, version), params = opened_version(org, call), call.params
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
