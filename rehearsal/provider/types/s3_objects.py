"""aws.s3: BucketObjectv2, uploaded from a file. Id: bucket, a slash, key."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlencode

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, ResourceType, Tags
from rehearsal.provider.tagging import pairs, unpair
from rehearsal.provider.values import UNKNOWN, Asset, Props

GONE = ("404", "NoSuchKey", "NoSuchBucket")


class UnusableSource(ValueError):
    """The object's source is no file of this machine."""


def _place(physical_id: str) -> tuple[str, str]:
    bucket, _, key = physical_id.partition("/")
    return bucket, key


def _check(args: Props) -> list[tuple[str, str]]:
    source = args.get("source")
    if source is UNKNOWN or (isinstance(source, Asset) and source.source == "path"):
        return []
    return [("source", "source must be a file (pulumi.FileAsset): the rehearsal uploads nothing else")]


def _put(aws: Clients, args: Props) -> str:
    source: Asset = args["source"]
    body = Path(source.value).read_bytes()
    if hashlib.sha256(body).hexdigest() != source.hash:
        raise UnusableSource(f"{source.value} changed after the engine had read it: run the update again")
    aws.call(
        "s3", "put_object", Bucket=args["bucket"], Key=args["key"], Body=body, ContentType=args.get("contentType"),
        ChecksumAlgorithm=args.get("checksumAlgorithm"), Tagging=urlencode(args.get("tagsAll") or {}) or None,
    )  # fmt: skip
    return f"{args['bucket']}/{args['key']}"


def _head(aws: Clients, physical_id: str) -> Props:
    bucket, key = _place(physical_id)
    return aws.call("s3", "head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    bucket, key = _place(physical_id)
    found = _head(aws, physical_id)
    return {
        "bucket": bucket,
        "key": key,
        "arn": f"arn:aws:s3:::{bucket}/{key}",
        "contentType": found.get("ContentType"),
        "checksumAlgorithm": known.get("checksumAlgorithm"),
        "checksumSha256": found.get("ChecksumSHA256"),
        "source": known.get("source"),
        "versionId": found.get("VersionId"),
        "etag": found["ETag"].strip('"'),
        "serverSideEncryption": found.get("ServerSideEncryption"),
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if any(new.get(name) != old.get(name) for name in ("source", "contentType", "checksumAlgorithm")):
        _put(aws, new)


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    """All versions, as the real provider does where the bucket has any."""
    bucket, key = _place(physical_id)
    for page in ("Versions", "DeleteMarkers"):
        for version in aws.pages("s3", "list_object_versions", page, Bucket=bucket, Prefix=key):
            if version["Key"] == key:
                aws.call("s3", "delete_object", Bucket=bucket, Key=key, VersionId=version["VersionId"])


def _read_tags(aws: Clients, physical_id: str, state: Props) -> dict[str, str]:
    bucket, key = _place(physical_id)
    return unpair(aws.call("s3", "get_object_tagging", Bucket=bucket, Key=key)["TagSet"])


def _put_tags(aws: Clients, physical_id: str, tags: dict[str, str]) -> None:
    bucket, key = _place(physical_id)
    aws.call("s3", "put_object_tagging", Bucket=bucket, Key=key, Tagging={"TagSet": pairs(tags) or []})


def _add_tags(aws: Clients, physical_id: str, state: Props, tags: dict[str, str]) -> None:
    _put_tags(aws, physical_id, {**_read_tags(aws, physical_id, state), **tags})


def _remove_tags(aws: Clients, physical_id: str, state: Props, names: list[str]) -> None:
    found = _read_tags(aws, physical_id, state)
    _put_tags(aws, physical_id, {key: value for key, value in found.items() if key not in names})


OBJECT = ResourceType(
    pulumi_type="aws:s3/bucketObjectv2:BucketObjectv2",
    arguments={
        "bucket": Argument(shape="s3.BucketName", replaces=True),
        "key": Argument(shape="s3.ObjectKey", replaces=True),
        "source": Argument(kept=True),
        "contentType": Argument(shape="s3.ContentType", computed=True),
        "checksumAlgorithm": Argument(shape="s3.ChecksumAlgorithm", kept=True),
    },
    tags=Tags(_read_tags, _add_tags, _remove_tags),
    check=_check,
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    recomputed={"versionId": ("source",), "etag": ("source",), "checksumSha256": ("source",)},
    adopts="PutObject writes over what is there, and the real provider doesn't look first",
)

TYPES = (OBJECT,)
