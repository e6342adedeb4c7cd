"""aws.s3: Bucket. Id: the bucket's name."""

from __future__ import annotations

from rehearsal.provider.clients import Clients, error_code, wait_until
from rehearsal.provider.resource import Argument, AutoName, ResourceType, Tags
from rehearsal.provider.tagging import pairs, unpair
from rehearsal.provider.types.s3_locks import OBJECT_LOCK
from rehearsal.provider.types.s3_parts import PARTS
from rehearsal.provider.values import Props

NO_LOCATION = "us-east-1"
"""CreateBucket takes no LocationConstraint there, and answers 200 for a bucket that is one's own already."""


MOST_AT_ONCE = 1000
"""Source: S3 API reference, DeleteObjects."""


class BucketExists(Exception):
    """The bucket exists, in the Region where CreateBucket doesn't say so."""


class BucketNotEmptied(Exception):
    """Versions that can't be deleted keep the bucket."""


def _exists(aws: Clients, bucket: str) -> bool:
    try:
        aws.call("s3", "head_bucket", Bucket=bucket)
    except Exception as error:
        if error_code(error) in ("404", "NoSuchBucket"):
            return False
        raise
    return True


def _create(aws: Clients, args: Props) -> str:
    bucket: str = args["bucket"]
    location = None if aws.region == NO_LOCATION else {"LocationConstraint": aws.region}
    if location is None and _exists(aws, bucket):
        raise BucketExists(f"BucketAlreadyExists: bucket {bucket} exists already and is not adopted")
    lock = True if args.get("objectLockEnabled") else None
    aws.call(
        "s3",
        "create_bucket",
        Bucket=bucket,
        CreateBucketConfiguration=location,
        ObjectLockEnabledForBucket=lock,
    )
    return bucket


def _configure(aws: Clients, physical_id: str, args: Props) -> None:
    wait_until(lambda: _exists(aws, physical_id), f"the bucket {physical_id} didn't appear")
    if args.get("tagsAll"):
        _put_tags(aws, physical_id, args["tagsAll"])


def _locked(aws: Clients, bucket: str) -> bool:
    try:
        answer = aws.call("s3", "get_object_lock_configuration", Bucket=bucket)
    except Exception as error:
        if error_code(error) == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return bool(answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled")


def _read(aws: Clients, physical_id: str, known: Props) -> Props | None:
    if not _exists(aws, physical_id):
        return None
    return {
        "bucket": physical_id,
        "arn": f"arn:aws:s3:::{physical_id}",
        "bucketDomainName": f"{physical_id}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{physical_id}.s3.{aws.region}.amazonaws.com",
        "bucketRegion": aws.region,
        "objectLockEnabled": _locked(aws, physical_id),
    }


def _empty(aws: Clients, bucket: str, locked: bool) -> None:
    """Delete every version and delete marker, for `forceDestroy`.

    As the real provider does: in a bucket with Object Lock it reaches through GOVERNANCE and takes legal holds off;
    what COMPLIANCE keeps stays, and is the error. Raises BucketNotEmptied.
    """
    kept: list[str] = []
    for kind, force in (("Versions", locked), ("DeleteMarkers", False)):
        found = aws.pages("s3", "list_object_versions", kind, Bucket=bucket)
        names = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
        for start in range(0, len(names), MOST_AT_ONCE):
            answer = aws.call(
                "s3", "delete_objects", Bucket=bucket,
                Delete={"Objects": names[start : start + MOST_AT_ONCE], "Quiet": True},
                BypassGovernanceRetention=force or None,
            )  # fmt: skip
            kept += [why for error in answer.get("Errors", ()) if (why := _kept(aws, bucket, error, force))]
    if kept:
        raise BucketNotEmptied(f"deleting S3 bucket ({bucket}) object versions: {'; '.join(kept)}")


def _kept(aws: Clients, bucket: str, error: Props, force: bool) -> str:
    """Try again without the legal hold what a locked bucket kept; why it can't be deleted, else nothing."""
    version = {"Key": error["Key"], "VersionId": error.get("VersionId")}
    told = f"S3 object ({version['Key']}) version ({version['VersionId']}): {error['Code']}: {error.get('Message')}"
    if not force or error["Code"] != "AccessDenied":
        return told
    try:
        aws.call("s3", "put_object_legal_hold", Bucket=bucket, **version, LegalHold={"Status": "OFF"})
        aws.call("s3", "delete_object", Bucket=bucket, **version)
    except Exception as again:
        if not error_code(again):
            raise
        return told
    return ""


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    try:
        aws.call("s3", "delete_bucket", Bucket=physical_id)
    except Exception as error:
        if error_code(error) != "BucketNotEmpty" or not state.get("forceDestroy"):
            raise
    else:
        return
    _empty(aws, physical_id, bool(state.get("objectLockEnabled")))
    aws.call("s3", "delete_bucket", Bucket=physical_id)


def _read_tags(aws: Clients, physical_id: str, state: Props) -> dict[str, str]:
    try:
        return unpair(aws.call("s3", "get_bucket_tagging", Bucket=physical_id)["TagSet"])
    except Exception as error:
        if error_code(error) == "NoSuchTagSet":
            return {}
        raise


def _put_tags(aws: Clients, physical_id: str, tags: dict[str, str]) -> None:
    aws.call("s3", "put_bucket_tagging", Bucket=physical_id, Tagging={"TagSet": pairs(tags)})


def _add_tags(aws: Clients, physical_id: str, state: Props, tags: dict[str, str]) -> None:
    _put_tags(aws, physical_id, {**_read_tags(aws, physical_id, state), **tags})


def _remove_tags(aws: Clients, physical_id: str, state: Props, names: list[str]) -> None:
    left = {key: value for key, value in _read_tags(aws, physical_id, state).items() if key not in names}
    if left:
        _put_tags(aws, physical_id, left)
    else:
        aws.call("s3", "delete_bucket_tagging", Bucket=physical_id)


BUCKET = ResourceType(
    pulumi_type="aws:s3/bucket:Bucket",
    cfn="AWS::S3::Bucket",
    name=AutoName("bucket", limit=63, lower=True),
    arguments={
        "bucket": Argument(cfn="BucketName"),
        "forceDestroy": Argument(default=False, kept=True),
        # CloudFormation changes it in place; the Terraform provider replaces, since the lock of an existing
        # bucket has a resource of its own (pulumi_aws docstring of BucketObjectLockConfiguration).
        "objectLockEnabled": Argument(cfn="ObjectLockEnabled", replaces=True),
    },
    tags=Tags(_read_tags, _add_tags, _remove_tags),
    create=_create,
    configure=_configure,
    read=_read,
    delete=_delete,
    gone=("404", "NoSuchBucket"),
)

TYPES = (BUCKET, *PARTS, OBJECT_LOCK)
