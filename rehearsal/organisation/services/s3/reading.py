"""Reads of objects: what may be told of a missing one, and reads that AWS services make with somebody's rights."""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Caller, Need, Organisation

from .context import of_object
from .encryption import use_key
from .store import Bucket, Version, find_bucket


def readable_version(org: Organisation, bucket: Bucket, key: str, version: str | None, caller: Caller) -> Version:
    """The version to read; a missing one is NoSuchKey for who may list the bucket, AccessDenied for others.

    Source: S3 API reference, GetObject (permissions). Raises ApiError; a delete marker read by its id is refused too.
    """
    found = bucket.find(key, version)
    if found is not None and not (found.marker and version is None):
        if found.marker:
            raise ApiError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
        return found
    action = "ListBucketVersions" if version else "ListBucket"
    org.authorise(
        caller, [Need(f"s3:{action}", bucket.arn, bucket.owner)], region=bucket.region,
        reason="S3 tells only who may list the bucket that an object is missing",
    )  # fmt: skip
    if version:
        raise ApiError("NoSuchVersion", "The specified version does not exist.", 404, Key=key, VersionId=version)
    raise ApiError("NoSuchKey", "The specified key does not exist.", 404, Key=key)


def head_object_as(org: Organisation, reader: Caller, bucket: str, key: str, *, region: str, reason: str) -> str:
    """Let a service look at an object with the reader's rights; returns its ETag. Raises as `read_object_as`."""
    return read_object_as(org, reader, bucket, key, region=region, reason=reason).etag


def read_object_as(org: Organisation, reader: Caller, bucket: str, key: str, *, region: str, reason: str) -> Version:
    """Let a service read an object with the reader's rights.

    Authorises s3:GetObject and, for an encrypted object, kms:Decrypt through S3, each logged with `reason`. Raises
    ApiError where the bucket or object is missing, lies in another region, or may not be read.
    """
    found = find_bucket(org, bucket)
    if found.region != region:
        raise ApiError("PermanentRedirect", f"Bucket {bucket} is in {found.region}, not in {region}.", 301)
    version = found.current(key)
    need = Need("s3:GetObject", f"{found.arn}/{key}", found.owner, of_object(version))
    org.authorise(reader, [need], region=region, reason=reason)
    if version is None or version.marker:
        raise ApiError("NoSuchKey", f"There is no object s3://{bucket}/{key}.", 404)
    use_key(org, found, key, version.encryption, "kms:Decrypt", reader, reason)
    return version
