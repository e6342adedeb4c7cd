"""The buckets of what must outlast everybody: full documents of the facts, and the anchors of the ledger.

Documents are encrypted with the governance key. Anchors are encrypted by S3 itself, so that no lost key loses them, and
locked: Object Lock can't be taken off a bucket, and in compliance mode nobody shortens it (AmazonS3 object-lock).
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from blueprint.adoption import NOTHING, Adoption
from blueprint.data_settings import AnchorRetention
from blueprint.limits import compact
from blueprint.organisation import Organisation
from blueprint.policies.anchors_bucket import anchors_bucket, documents_bucket
from blueprint.stateful import Stateful
from components.buckets import guarded_bucket
from components.options import stateful_child


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceArgs:
    organisation: Organisation
    key_arn: pulumi.Input[str]
    retention: AnchorRetention
    stateful: Stateful
    adopt: Adoption = NOTHING


class Evidence(pulumi.ComponentResource):
    """Names of the buckets. `ready`: the anchors' lock; what puts anchors waits for it."""

    documents: pulumi.Output[str]
    anchors: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: EvidenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:ledger:Evidence", name, None, opts)
        organisation, names = args.organisation, args.organisation.names
        documents = guarded_bucket(
            self,
            f"{name}-documents",
            bucket=names.bucket(organisation.hub, "documents"),
            policy=compact(documents_bucket(organisation)),
            key_arn=args.key_arn,
            stateful=args.stateful,
            adopted="documents" in args.adopt.buckets,
        )
        anchors = guarded_bucket(
            self,
            f"{name}-anchors",
            bucket=names.bucket(organisation.hub, "anchors"),
            policy=compact(anchors_bucket(organisation)),
            key_arn=None,
            stateful=args.stateful,
            locked=True,
            adopted="anchors" in args.adopt.buckets,
        )
        lock = s3.BucketObjectLockConfiguration(
            f"{name}-anchors",
            bucket=anchors.bucket,
            rule=s3.BucketObjectLockConfigurationRuleArgs(
                default_retention=s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                    mode=args.retention.mode.upper(), days=args.retention.days
                )
            ),
            opts=stateful_child(self, args.stateful),
        )
        self.documents = documents.bucket
        self.anchors = anchors.bucket
        self.ready = [lock]
        self.register_outputs({"documents": self.documents, "anchors": self.anchors})
