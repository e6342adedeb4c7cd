"""Requests to the buckets. The keys that S3 sends: Service Authorization Reference list_amazons3,
AmazonS3 userguide conditional-writes-enforce (creation), tagging-and-policies (tags), UsingKMSEncryption (headers).
"""

from __future__ import annotations

from blueprint.intent.asking import Asks
from blueprint.intent.model import Context
from blueprint.policies.conditions import (
    IF_NONE_MATCH,
    OBJECT_CREATION,
    SERVER_SIDE_ENCRYPTION,
    SERVER_SIDE_ENCRYPTION_KEY,
    existing_tag,
    request_tag,
)

DIGEST = "0" * 64
NEW: Context = {IF_NONE_MATCH: "*", OBJECT_CREATION: True}
OVER: Context = {OBJECT_CREATION: True}
CLEAR: Context = {"aws:SecureTransport": False}
REQUEST_TAG_KEYS = "s3:RequestObjectTagKeys"

PUT, GET = "s3:PutObject", ["s3:GetObject", "s3:GetObjectVersion"]
DELETE = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
TAG = [
    "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
]  # fmt: skip
LOCKS = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention"]
UNLOCKS = ["s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"]


def ask_buckets(asks: Asks) -> None:
    _artifacts(asks)
    _documents(asks)
    _anchors(asks)


def _artifacts(asks: Asks) -> None:
    of = asks.organisation
    bucket = of.names.bucket_arn(of.hub)
    for spoke in of.spokes:
        for top in ("artifacts", "evaluations"):
            _put(asks, f"{top}/{spoke.stack}", f"{bucket}/{top}/{spoke.stack}/{of.groups[0]}/{DIGEST}/m", spoke.stack)
    _object(asks, "artifacts/another", f"{bucket}/artifacts/another/{of.groups[0]}/{DIGEST}/m")
    _put(asks, "evaluations/another", f"{bucket}/evaluations/another/m")
    _put(asks, "stray-object", f"{bucket}/stray/m")
    asks.add("stray-object:read-tags", "s3:GetObjectVersionTagging", f"{bucket}/stray/m")
    for stage in of.stages:
        asks.add(
            f"stray-object:tag-for.{stage.name}", "s3:PutObjectVersionTagging", f"{bucket}/stray/m",
            context=_tags(stage.name),
        )  # fmt: skip
    asks.add("artifacts-bucket:list", "s3:ListBucket", bucket)
    asks.add("artifacts-bucket:list-in-clear", "s3:ListBucket", bucket, context=CLEAR)
    asks.add("artifacts-bucket:list-versions", "s3:ListBucketVersions", bucket)
    asks.add("artifacts-bucket:acl", "s3:GetBucketAcl", bucket)
    asks.add(
        "artifacts-bucket:configure",
        ["s3:PutBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:DeleteBucket"],
        bucket,
    )


def _held(stage: str) -> Context:
    return {existing_tag(stage): "approved"}


def _tags(stage: str) -> Context:
    return {REQUEST_TAG_KEYS: [stage, f"{stage}-versions"], request_tag(stage): "approved"}


def _put(asks: Asks, thing: str, arn: str, stack: str = "hub") -> None:
    """Publishing under a prefix, and reading back."""
    asks.add(f"{thing}:publish", PUT, arn, context=NEW, stack=stack)
    asks.add(f"{thing}:overwrite", PUT, arn, context=OVER, stack=stack)
    asks.add(f"{thing}:multipart", ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], arn, stack=stack)
    asks.add(f"{thing}:read", GET, arn, stack=stack)
    asks.add(f"{thing}:delete", DELETE, arn, stack=stack)
    asks.add(f"{thing}:open", "s3:PutObjectAcl", arn, stack=stack)
    for stage in asks.organisation.stages:
        asks.add(f"{thing}:read-for.{stage.name}", GET, arn, context=_held(stage.name), stack=stack)
    key, other = asks.facts.artifacts_key, asks.arn("kms", "key/99999999-9999-9999-9999-999999999999")
    for verb, sent in {
        "publish-with-our-key": {SERVER_SIDE_ENCRYPTION: "aws:kms", SERVER_SIDE_ENCRYPTION_KEY: key},
        "publish-with-another-key": {SERVER_SIDE_ENCRYPTION: "aws:kms", SERVER_SIDE_ENCRYPTION_KEY: other},
        "publish-with-aws-s-key": {SERVER_SIDE_ENCRYPTION: "aws:kms"},
        "publish-with-aes256": {SERVER_SIDE_ENCRYPTION: "AES256"},
        "publish-in-clear": CLEAR,
    }.items():
        asks.add(f"{thing}:{verb}", PUT, arn, context={**NEW, **sent}, stack=stack)
    asks.add(f"{thing}:upload-part", PUT, arn, context={OBJECT_CREATION: False}, stack=stack)
    asks.add(
        f"{thing}:tag",
        TAG,
        arn, context={REQUEST_TAG_KEYS: ["x"], request_tag("x"): "y"}, stack=stack,
    )  # fmt: skip


def _object(asks: Asks, thing: str, arn: str) -> None:
    """All that can be asked of an artifact."""
    _put(asks, thing, arn)
    asks.add(f"{thing}:read-acl", "s3:GetObjectAcl", arn)
    asks.add(f"{thing}:read-tags", "s3:GetObjectVersionTagging", arn)
    asks.add(f"{thing}:retain", LOCKS, arn)
    for stage in asks.organisation.stages:
        asks.add(
            f"{thing}:read-tags-for.{stage.name}", ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"], arn,
            context=_held(stage.name),
        )  # fmt: skip
        asks.add(f"{thing}:tag-for.{stage.name}", "s3:PutObjectVersionTagging", arn, context=_tags(stage.name))
        asks.add(
            f"{thing}:tag-otherwise-for.{stage.name}", "s3:PutObjectVersionTagging", arn,
            context={REQUEST_TAG_KEYS: [stage.name], request_tag(stage.name): "maybe"},
        )  # fmt: skip


def _documents(asks: Asks) -> None:
    of = asks.organisation
    bucket = of.names.bucket_arn(of.hub, "documents")
    document = f"{bucket}/sha256/00/{DIGEST}"
    asks.add("document:put", PUT, document, context=NEW)
    asks.add("document:overwrite", PUT, document, context=OVER)
    asks.add("document:put-in-clear", PUT, document, context={**NEW, **CLEAR})
    asks.add("document:upload-part", PUT, document, context={OBJECT_CREATION: False})
    asks.add("document:read", GET, document)
    asks.add("document:delete", DELETE, document)
    asks.add("document:tag", TAG, document)
    asks.add("document:open", "s3:PutObjectAcl", document)
    asks.add("stray-document:put", PUT, f"{bucket}/stray", context=NEW)
    asks.add("documents-bucket:see-lock", "s3:GetBucketObjectLockConfiguration", bucket)
    asks.add("stray-document:read", "s3:GetObjectVersion", f"{bucket}/stray")
    asks.add("documents-bucket:list", ["s3:ListBucket", "s3:ListBucketVersions"], bucket)
    prefix: Context = {"s3:prefix": f"anchors/{of.prefix}/"}
    asks.add("documents-bucket:list-as-anchors", "s3:ListBucketVersions", bucket, context=prefix)
    asks.add("documents-bucket:list-in-clear", "s3:ListBucket", bucket, context=CLEAR)
    asks.add("documents-bucket:configure", [*UNLOCKS, "s3:PutBucketPolicy", "s3:DeleteBucket"], bucket)


def _anchors(asks: Asks) -> None:
    of = asks.organisation
    bucket = of.names.bucket_arn(of.hub, "anchors")
    things = {
        "anchor": f"anchors/{of.prefix}/0000000001.json",
        "published-key": f"keys/{DIGEST}.der",
        "stray-anchor": "stray",
    }
    for thing, key in things.items():
        arn = f"{bucket}/{key}"
        asks.add(f"{thing}:put", PUT, arn, context=NEW)
        asks.add(f"{thing}:overwrite", PUT, arn, context=OVER)
        asks.add(f"{thing}:put-in-clear", PUT, arn, context={**NEW, **CLEAR})
        asks.add(f"{thing}:upload-part", PUT, arn, context={OBJECT_CREATION: False})
        asks.add(f"{thing}:read", ["s3:GetObject", "s3:GetObjectVersion"], arn)
        asks.add(f"{thing}:read-lock", "s3:GetObjectRetention", arn)
        asks.add(f"{thing}:delete", DELETE, arn)
        asks.add(f"{thing}:unlock", LOCKS, arn)
        asks.add(f"{thing}:open", "s3:PutObjectAcl", arn)
    own: Context = {"s3:prefix": f"anchors/{of.prefix}/"}
    asks.add("anchors-bucket:list-own", ["s3:ListBucket", "s3:ListBucketVersions"], bucket, context=own)
    asks.add("anchors-bucket:list", ["s3:ListBucket", "s3:ListBucketVersions"], bucket)
    asks.add("anchors-bucket:list-in-clear", "s3:ListBucketVersions", bucket, context={**own, **CLEAR})
    asks.add("anchors-bucket:see-lock", "s3:GetBucketObjectLockConfiguration", bucket)
    asks.add("anchors-bucket:configure", UNLOCKS, bucket)
    asks.add("anchors-bucket:open", ["s3:PutBucketPolicy", "s3:DeleteBucket"], bucket)
