"""Bucket policies: put with S3's checks, get, delete; and the policy that the authoriser sees."""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Document, Organisation, Params, resource_policy, serves
from rehearsal.organisation.policies import parsed

from .bucket import PUBLIC_ACCESS
from .needs import on_bucket
from .objects import open_bucket
from .policy_checks import checked_policy
from .public import is_public
from .store import buckets

_API = "S3 API reference: "


@resource_policy("s3")
def bucket_policy(org: Organisation, arn: str, account: str, region: str) -> Document | None:
    """The policy of the bucket that an ARN of a bucket or an object names."""
    name = arn.removeprefix("arn:aws:s3:::").partition("/")[0]
    bucket = buckets(org).get(name)
    return parsed(bucket.policy) if bucket and bucket.policy else None


@serves(
    "s3", "PutBucketPolicy", needs=on_bucket("PutBucketPolicy"), fidelity="emulated",
    source=_API + "PutBucketPolicy; add-bucket-policy (20 KB); access-control-block-public-access",
    note="ConfirmRemoveSelfBucketAccess is not judged; what counts as public follows the documented list of keys",
)  # fmt: skip
def put(org: Organisation, call: Call) -> Params:
    bucket = open_bucket(org, call)
    text, document = checked_policy(org, bucket, call.params["Policy"])
    blocked = (bucket.settings.get(PUBLIC_ACCESS) or {}).get("BlockPublicPolicy")
    if blocked and is_public(document):
        raise ApiError(
            "AccessDenied",
            f"User: {call.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"{bucket.arn}" because public policies are blocked by the BlockPublicPolicy block public access setting.',
            403,
        )
    bucket.policy = text
    return {}


@serves(
    "s3",
    "GetBucketPolicy",
    needs=on_bucket("GetBucketPolicy"),
    source=_API + "GetBucketPolicy: account ids are shown as the roots' ARNs",
)
def get(org: Organisation, call: Call) -> Params:
    return {"Policy": _policy(org, call)}


@serves("s3", "GetBucketPolicyStatus", needs=on_bucket("GetBucketPolicyStatus"), source=_API + "GetBucketPolicyStatus")
def status(org: Organisation, call: Call) -> Params:
    return {"PolicyStatus": {"IsPublic": is_public(parsed(_policy(org, call)))}}


def _policy(org: Organisation, call: Call) -> str:
    bucket = open_bucket(org, call)
    if bucket.policy is None:
        raise ApiError("NoSuchBucketPolicy", "The bucket policy does not exist", 404, BucketName=bucket.name)
    return bucket.policy


@serves("s3", "DeleteBucketPolicy", needs=on_bucket("DeleteBucketPolicy"), source=_API + "DeleteBucketPolicy")
def delete(org: Organisation, call: Call) -> Params:
    open_bucket(org, call).policy = None
    return {}
