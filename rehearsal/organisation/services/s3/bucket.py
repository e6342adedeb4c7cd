"""Buckets: create, delete, head, list, locate; and who owns one."""

from __future__ import annotations

import re

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, owner, serves

from .locking import SETTING as OBJECT_LOCK
from .needs import create_bucket, list_buckets, on_bucket
from .objects import open_bucket
from .store import Bucket, buckets, buckets_of

_API = "S3 API reference: "
_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?!sthree-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_NO_CONSTRAINT = "us-east-1"
_UNSERVED = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP", "BucketNamespace")
ENFORCED = "BucketOwnerEnforced"
OWNERSHIP = "OwnershipControls"
PUBLIC_ACCESS = "PublicAccessBlockConfiguration"
ALL_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@owner("s3")
def owner_of(org: Organisation, params: Params) -> str | None:
    """The account that owns the request's bucket; None where there is none yet."""
    bucket = buckets(org).get(params.get("Bucket") or "")
    return bucket.owner if bucket else None


@serves(
    "s3", "CreateBucket", needs=create_bucket, fidelity="emulated",
    source=_API + "CreateBucket; bucketnamingrules; new buckets block public access and disable ACLs (April 2023)",
    note="general purpose buckets; ownership BucketOwnerEnforced only; no grants",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    name = params["Bucket"]
    _check_new(call, name)
    taken = buckets(org).get(name)
    if taken is not None:
        if taken.owner == call.caller.account:
            raise ApiError(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
                409,
                BucketName=name,
            )
        raise ApiError(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again.",
            409,
            BucketName=name,
        )
    bucket = Bucket(name, call.caller.account, call.region, org.clock.now())
    bucket.settings[PUBLIC_ACCESS] = dict(ALL_BLOCKED)
    bucket.settings[OWNERSHIP] = {"Rules": [{"ObjectOwnership": ENFORCED}]}
    if params.get("ObjectLockEnabledForBucket"):
        bucket.versioning = "Enabled"
        bucket.settings[OBJECT_LOCK] = {"ObjectLockEnabled": "Enabled"}
    buckets(org)[name] = bucket
    for tag in (params.get("CreateBucketConfiguration") or {}).get("Tags") or []:
        bucket.tags[tag["Key"]] = tag["Value"]
    return {"Location": f"http://{name}.s3.amazonaws.com/", "BucketArn": bucket.arn}


def _check_new(call: Call, name: str) -> None:
    params = call.params
    for member in _UNSERVED:
        if params.get(member):
            raise NotEmulated(f"s3:CreateBucket with {member}")
    if params.get("ObjectOwnership") not in (None, ENFORCED):
        raise NotEmulated(f"s3:CreateBucket with ObjectOwnership {params['ObjectOwnership']}")
    if params.get("ACL") not in (None, "private"):
        raise ApiError(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )
    if not _NAME.fullmatch(name) or name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3")):
        raise ApiError("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)
    configuration = params.get("CreateBucketConfiguration") or {}
    if set(configuration) - {"LocationConstraint", "Tags"}:
        raise NotEmulated(f"s3:CreateBucket with CreateBucketConfiguration {sorted(configuration)}")
    place = configuration.get("LocationConstraint")
    wanted = None if call.region == _NO_CONSTRAINT else call.region
    if place != wanted:
        raise ApiError(
            "IllegalLocationConstraintException",
            f"The {place or 'unspecified'} location constraint is incompatible for the region specific endpoint this "
            "request was sent to.",
        )


@serves(
    "s3",
    "DeleteBucket",
    needs=on_bucket("DeleteBucket"),
    source=_API + "DeleteBucket: all objects, versions and delete markers must be gone",
)
def delete(org: Organisation, call: Call) -> Params:
    bucket = open_bucket(org, call)
    if bucket.objects:
        versions = any(len(one) > 1 or one[-1].marker for one in bucket.objects.values()) or bucket.versioning
        message = "The bucket you tried to delete is not empty"
        raise ApiError(
            "BucketNotEmpty",
            message + (". You must delete all versions in the bucket." if versions else ""),
            409,
            BucketName=bucket.name,
        )
    del buckets(org)[bucket.name]
    return {}


@serves("s3", "HeadBucket", needs=on_bucket("ListBucket"), source=_API + "HeadBucket")
def head(org: Organisation, call: Call) -> Params:
    return {"BucketRegion": open_bucket(org, call).region}


@serves(
    "s3",
    "GetBucketLocation",
    needs=on_bucket("GetBucketLocation"),
    source=_API + "GetBucketLocation: no constraint for us-east-1",
)
def location(org: Organisation, call: Call) -> Params:
    region = open_bucket(org, call).region
    return {} if region == _NO_CONSTRAINT else {"LocationConstraint": region}


@serves("s3", "ListBuckets", needs=list_buckets, fidelity="emulated", source=_API + "ListBuckets",
        note="one page: MaxBuckets and ContinuationToken are refused")  # fmt: skip
def list_all(org: Organisation, call: Call) -> Params:
    for member in ("MaxBuckets", "ContinuationToken"):
        if call.params.get(member):
            raise NotEmulated(f"s3:ListBuckets with {member}")
    prefix, region = call.params.get("Prefix") or "", call.params.get("BucketRegion")
    rows = [
        {"Name": bucket.name, "CreationDate": bucket.created, "BucketRegion": bucket.region}
        for bucket in buckets_of(org, call.caller.account)
        if bucket.name.startswith(prefix) and region in (None, bucket.region)
    ]
    return {"Buckets": rows, "Owner": {"ID": call.caller.account}}
