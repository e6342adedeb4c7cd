"""A private bucket with everything that guards it: versions, ownership, encryption, access block, policy."""

from __future__ import annotations

import pulumi
from pulumi_aws import s3

from blueprint.stateful import Stateful
from components.options import stateful_child


def guarded_bucket(
    parent: pulumi.Resource,
    name: str,
    *,
    bucket: str,
    policy: pulumi.Input[str],
    key_arn: pulumi.Input[str] | None,
    stateful: Stateful,
    locked: bool = False,
    adopted: bool = False,
) -> s3.Bucket:
    """The bucket. `key_arn`: the KMS key of its objects, None for S3's own. `locked`: with Object Lock, for ever.
    `adopted`: it exists and is taken over; what guards it is put on it as on a new one.

    A bucket that is left in AWS keeps its guards: without policy, versions and access block, its objects could be
    overwritten, deleted or shown to anyone the day after.
    """
    keeps: Stateful = "protect" if adopted else stateful
    guard = stateful_child(parent, keeps)
    made = s3.Bucket(
        name,
        bucket=bucket,
        object_lock_enabled=True if locked else None,
        force_destroy=keeps == "destroy",
        opts=stateful_child(parent, keeps, adopted=bucket if adopted else None),
    )
    s3.BucketVersioning(
        name,
        bucket=made.bucket,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=guard,
    )
    s3.BucketOwnershipControls(
        name,
        bucket=made.bucket,
        rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=guard,
    )
    s3.BucketServerSideEncryptionConfiguration(name, bucket=made.bucket, rules=[_encryption(key_arn)], opts=guard)
    block = s3.BucketPublicAccessBlock(
        name,
        bucket=made.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=guard,
    )
    # One after the other: S3 answers OperationAborted to a policy that arrives while the block is being set.
    s3.BucketPolicy(name, bucket=made.bucket, policy=policy, opts=stateful_child(parent, keeps, after=[block]))
    return made


def _encryption(key_arn: pulumi.Input[str] | None) -> s3.BucketServerSideEncryptionConfigurationRuleArgs:
    """The bucket's default. A key by its full ARN: an alias would be looked up in the requester's account."""
    by_default = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
    if key_arn is None:
        return s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=by_default(sse_algorithm="AES256")
        )
    return s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=by_default(sse_algorithm="aws:kms", kms_master_key_id=key_arn),
        bucket_key_enabled=True,
    )
