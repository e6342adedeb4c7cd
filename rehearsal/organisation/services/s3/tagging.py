"""Tags of objects and of buckets."""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves

from .context import requested_tags
from .needs import on_bucket, on_object
from .objects import open_bucket, opened_version, shown_version

_API = "S3 API reference: "
_MOST_OBJECT_TAGS = 10
_MOST_BUCKET_TAGS = 50


@serves(
    "s3",
    "PutObjectTagging",
    needs=on_object("PutObjectTagging", versioned=("PutObjectVersionTagging",)),
    source=_API + "PutObjectTagging: replaces the tags; PutObjectVersionTagging with a version id; at most 10",
)
def put_object_tags(org: Organisation, call: Call) -> Params:
    _, version = opened_version(org, call)
    version.tags = checked_tags(call.params, _MOST_OBJECT_TAGS)
    return shown_version(version)


@serves(
    "s3",
    "GetObjectTagging",
    needs=on_object("GetObjectTagging", versioned=("GetObjectVersionTagging",)),
    source=_API + "GetObjectTagging",
)
def get_object_tags(org: Organisation, call: Call) -> Params:
    _, version = opened_version(org, call)
    return {"TagSet": shown_tags(version.tags)} | shown_version(version)


@serves(
    "s3",
    "DeleteObjectTagging",
    needs=on_object("DeleteObjectTagging", versioned=("DeleteObjectVersionTagging",)),
    source=_API + "DeleteObjectTagging",
)
def delete_object_tags(org: Organisation, call: Call) -> Params:
    _, version = opened_version(org, call)
    version.tags = {}
    return shown_version(version)


@serves("s3", "PutBucketTagging", needs=on_bucket("PutBucketTagging"), source=_API + "PutBucketTagging: replaces")
def put_bucket_tags(org: Organisation, call: Call) -> Params:
    open_bucket(org, call).tags = checked_tags(call.params, _MOST_BUCKET_TAGS)
    return {}


@serves("s3", "GetBucketTagging", needs=on_bucket("GetBucketTagging"), source=_API + "GetBucketTagging")
def get_bucket_tags(org: Organisation, call: Call) -> Params:
    bucket = open_bucket(org, call)
    if not bucket.tags:
        raise ApiError("NoSuchTagSet", "The TagSet does not exist", 404, BucketName=bucket.name)
    return {"TagSet": shown_tags(bucket.tags)}


@serves("s3", "DeleteBucketTagging", needs=on_bucket("PutBucketTagging"), source=_API + "DeleteBucketTagging")
def delete_bucket_tags(org: Organisation, call: Call) -> Params:
    open_bucket(org, call).tags = {}
    return {}


def checked_tags(params: Params, most: int) -> dict[str, str]:
    """The request's tags: no key twice, none of AWS's own, no more than allowed."""
    tags = requested_tags(params)
    if len(tags) > most:
        raise ApiError("BadRequest", f"Object tags cannot be greater than {most}")
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    if reserved:
        raise ApiError("InvalidTag", f"System tags cannot be added/updated by requester: {', '.join(reserved)}")
    return tags


def shown_tags(tags: dict[str, str]) -> list[Params]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
