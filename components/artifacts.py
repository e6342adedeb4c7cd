"""The artifact bucket: versioned, private, TLS only, encrypted with the shared key, written once.

Owns the bucket and what is configured on it. Who may do what stands in blueprint/policies/artifact_bucket.py. Nothing
expires: a delete marker as current version would let an artifact be written again.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from blueprint.adoption import NOTHING, Adoption
from blueprint.organisation import Organisation
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.stateful import Stateful
from components.buckets import guarded_bucket
from components.documents import policy
from components.options import child

ABANDONED_UPLOAD_DAYS = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtifactsArgs:
    organisation: Organisation
    key_arn: pulumi.Input[str]
    stateful: Stateful
    adopt: Adoption = NOTHING


class Artifacts(pulumi.ComponentResource):
    bucket: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ArtifactsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:artifacts:Artifacts", name, None, opts)
        organisation = args.organisation
        bucket = guarded_bucket(
            self,
            name,
            bucket=organisation.names.bucket(organisation.hub),
            policy=policy(lambda key_arn: artifact_bucket(organisation, key_arn), args.key_arn),
            key_arn=args.key_arn,
            stateful=args.stateful,
            adopted="artifacts" in args.adopt.buckets,
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
        self.bucket = bucket.bucket
        self.bucket_arn = bucket.arn
        self.register_outputs({"bucket": self.bucket, "bucket_arn": self.bucket_arn})
