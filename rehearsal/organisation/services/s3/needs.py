"""What S3's operations need: actions and resources per operation.

Source: AmazonS3 user guide, using-with-s3-policy-actions (which API needs which action, with a version id or without);
the Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rehearsal.organisation.core import Call, Need, Organisation

from .context import of_object, of_request
from .store import Bucket, find_bucket

_BYPASS = "BypassGovernanceRetention"
Needs = Callable[[Organisation, Call], Iterator[Need]]


def on_bucket(action: str) -> Needs:
    """`action` on the bucket."""

    def needs(org: Organisation, call: Call) -> Iterator[Need]:
        bucket = find_bucket(org, call.params["Bucket"])
        yield Need(f"s3:{action}", bucket.arn, bucket.owner, of_request(call, bucket.owner))

    return needs


def on_object(action: str, *with_it: str, versioned: tuple[str, ...] = ()) -> Needs:
    """`action` (and `with_it`) on the object; with a version id `versioned` instead, if given."""

    def needs(org: Organisation, call: Call) -> Iterator[Need]:
        bucket, key = find_bucket(org, call.params["Bucket"]), call.params["Key"]
        version = call.params.get("VersionId")
        names = versioned if version and versioned else (action, *with_it)
        for name in names:
            yield object_need(call, bucket, name, key, version)

    return needs


def with_bypass(needs: Needs) -> Needs:
    """s3:BypassGovernanceRetention beside what an operation needs, where the request carries its header.

    Source: API_DeleteObject (who uses the header must have the permission).
    """

    def more(org: Organisation, call: Call) -> Iterator[Need]:
        yield from needs(org, call)
        if call.params.get(_BYPASS):
            bucket = find_bucket(org, call.params["Bucket"])
            yield object_need(
                call, bucket, "BypassGovernanceRetention", call.params["Key"], call.params.get("VersionId")
            )

    return more


def object_need(call: Call, bucket: Bucket, action: str, key: str, version: str | None = None) -> Need:
    context = of_request(call, bucket.owner) | of_object(bucket.find(key, version))
    return Need(f"s3:{action}", f"{bucket.arn}/{key}", bucket.owner, context)


def put_object(org: Organisation, call: Call) -> Iterator[Need]:
    """s3:PutObject, and what its tags, its ACL, its retention or its legal hold need besides."""
    bucket, key = find_bucket(org, call.params["Bucket"]), call.params["Key"]
    yield Need("s3:PutObject", f"{bucket.arn}/{key}", bucket.owner, of_request(call, bucket.owner))
    if call.params.get("Tagging"):
        yield object_need(call, bucket, "PutObjectTagging", key)
    if call.params.get("ACL"):
        yield object_need(call, bucket, "PutObjectAcl", key)
    if call.params.get("ObjectLockMode") or call.params.get("ObjectLockRetainUntilDate"):
        yield object_need(call, bucket, "PutObjectRetention", key)
    if call.params.get("ObjectLockLegalHoldStatus"):
        yield object_need(call, bucket, "PutObjectLegalHold", key)


def delete_objects(org: Organisation, call: Call) -> Iterator[Need]:
    bucket = find_bucket(org, call.params["Bucket"])
    for one in call.params["Delete"]["Objects"]:
        action = "DeleteObjectVersion" if one.get("VersionId") else "DeleteObject"
        need = object_need(call, bucket, action, one["Key"], one.get("VersionId"))
        version = {"s3:VersionId": one["VersionId"]} if one.get("VersionId") else {}
        yield Need(need.action, need.resource, need.resource_account, dict(need.context) | version)
        if call.params.get(_BYPASS):
            yield object_need(call, bucket, "BypassGovernanceRetention", one["Key"], one.get("VersionId"))


def create_bucket(org: Organisation, call: Call) -> Iterator[Need]:
    context = of_request(call, call.caller.account)
    place = (call.params.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
    if place:
        context["s3:LocationConstraint"] = place
    locked = ("PutBucketObjectLockConfiguration", "PutBucketVersioning")  # API_CreateBucket, Permissions
    for action in ("CreateBucket", *(locked if call.params.get("ObjectLockEnabledForBucket") else ())):
        yield Need(f"s3:{action}", f"arn:aws:s3:::{call.params['Bucket']}", call.caller.account, context)


def list_buckets(org: Organisation, call: Call) -> Iterator[Need]:
    yield Need("s3:ListAllMyBuckets", "*", call.caller.account, of_request(call, call.caller.account))
