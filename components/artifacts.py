"""The artifact bucket: versioned, private, TLS only, encrypted with the shared key, written once.

Owns the bucket and what is configured on it. Who may do what stands in blueprint/policies/artifact_bucket.py. Nothing
expires: a delete marker as current version would let an artifact be written again.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from blueprint.organisation import Organisation
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.settings import Stateful
from components.documents import policy
from components.options import child, stateful_child

ABANDONED_UPLOAD_DAYS = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtifactsArgs:
    organisation: Organisation
    key_arn: pulumi.Input[str]
    stateful: Stateful


class Artifacts(pulumi.ComponentResource):
    bucket: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ArtifactsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:artifacts:Artifacts", name, None, opts)
        organisation = args.organisation
        # A bucket that is left in AWS keeps its guards: without policy, versions and access block, artifacts could be
        # overwritten, deleted or shown to anyone the day after.
        guard = stateful_child(self, args.stateful)
        bucket = s3.Bucket(
            name,
            bucket=organisation.names.bucket(organisation.hub),
            force_destroy=args.stateful == "destroy",
            opts=guard,
        )
        s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=guard,
        )
        s3.BucketOwnershipControls(
            name,
            bucket=bucket.bucket,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=guard,
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=(
                        s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            sse_algorithm="aws:kms",
                            # The full ARN: an alias would be looked up in the requester's account.
                            kms_master_key_id=args.key_arn,
                        )
                    ),
                    bucket_key_enabled=True,
                )
            ],
            opts=guard,
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="abandoned-uploads",
                    status="Enabled",
                    filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    abort_incomplete_multipart_upload=(
                        s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=ABANDONED_UPLOAD_DAYS
                        )
                    ),
                )
            ],
            opts=child(self),
        )
        block = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=guard,
        )
        # One after the other: S3 answers OperationAborted to a policy that arrives while the block is being set.
        s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=policy(lambda key_arn: artifact_bucket(organisation, key_arn), args.key_arn),
            opts=stateful_child(self, args.stateful, after=[block]),
        )
        self.bucket = bucket.bucket
        self.bucket_arn = bucket.arn
        self.register_outputs({"bucket": self.bucket, "bucket_arn": self.bucket_arn})
