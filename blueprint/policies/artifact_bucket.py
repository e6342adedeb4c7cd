"""Bucket policy of the artifacts: published once, never overwritten, served only when approved.

Sources: AmazonS3 userguide conditional-writes-enforce (If-None-Match), tagging-and-policies (ExistingObjectTag),
UsingKMSEncryption (headers: the keys don't see the bucket's default, so a missing header passes).
"""

from __future__ import annotations

from blueprint.limits import BUCKET_POLICY, Document
from blueprint.organisation import Organisation
from blueprint.policies.conditions import (
    SERVER_SIDE_ENCRYPTION,
    SERVER_SIDE_ENCRYPTION_KEY,
    created_without_precondition,
    existing_tag,
)
from blueprint.policies.documents import (
    Form,
    Statement,
    admit,
    allow,
    both,
    camel,
    deny,
    document,
    tightest,
)

ARTIFACTS = "artifacts"
"""Prefix of the published models: `artifacts/<stack>/<group>/<sha256>/model.tar.gz`."""

EVALUATIONS = "evaluations"
"""Prefix of the validators' results: `evaluations/<stack>/…`."""

APPROVED = "approved"
"""Value of the tag `<stage>` on an artifact version that the stage holds."""


def holders_tag(stage: str) -> str:
    """Key of the tag that lists the version numbers for which an artifact is approved: versions may share one."""
    return f"{stage}-versions"


PUBLISH_ACTIONS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
DELETE_ACTIONS = ("s3:DeleteObject", "s3:DeleteObjectVersion")
TAG_ACTIONS = (
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersionTagging",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionTagging",
)
READ_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")
REGISTRY_OBJECT_ACTIONS = ("s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectVersion")
REGISTRY_BUCKET_ACTIONS = ("s3:GetBucketAcl", "s3:ListBucket")


def artifact_bucket(organisation: Organisation, key_arn: str) -> Document:
    """The artifact bucket's policy. Raises PolicyTooLarge."""
    return tightest(organisation, BUCKET_POLICY, lambda form: _policy(organisation, key_arn, form))


def _policy(organisation: Organisation, key_arn: str, form: Form) -> Document:
    bucket = organisation.names.bucket_arn(organisation.hub)
    return document(
        *_refusals(organisation, bucket, key_arn),
        *_publishing(organisation, bucket, form),
        *_serving(organisation, bucket, form),
        *_registry(organisation, bucket),
    )


def _refusals(organisation: Organisation, bucket: str, key_arn: str) -> list[Statement]:
    """What nobody may, the hub's administrators included, as long as this policy stands."""
    names = organisation.names
    approval = names.role_arn(organisation.hub, names.hub_role("approval"))
    objects = [f"{bucket}/*"]
    return [
        deny(
            "TlsOnly", ["s3:*"], [bucket, *objects], principal="*",
            condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
        deny("NeverOverwritten", ["s3:PutObject"], objects, principal="*", condition=created_without_precondition()),
        deny(
            "NoOtherEncryption", ["s3:PutObject"], objects, principal="*",
            condition={
                "StringNotEquals": {SERVER_SIDE_ENCRYPTION: "aws:kms"},
                "Null": {SERVER_SIDE_ENCRYPTION: "false"},
            },
        ),
        deny(
            "NoOtherKey", ["s3:PutObject"], objects, principal="*",
            condition={
                "StringNotEquals": {SERVER_SIDE_ENCRYPTION_KEY: key_arn},
                "Null": {SERVER_SIDE_ENCRYPTION_KEY: "false"},
            },
        ),
        # Without a key id, S3 takes the AWS managed key, which no other account can decrypt with, whatever the bucket's
        # default is (botocore s3, PutObject SSEKMSKeyId).
        deny(
            "NoKeyOfAws", ["s3:PutObject"], objects, principal="*",
            condition={
                "StringEquals": {SERVER_SIDE_ENCRYPTION: "aws:kms"},
                "Null": {SERVER_SIDE_ENCRYPTION_KEY: "true"},
            },
        ),
        # A delete marker as current version would let If-None-Match pass again.
        deny("NeverDeleted", DELETE_ACTIONS, objects, principal="*"),
        # The tag is what lets a stage serve the artifact.
        deny(
            "OnlyApprovalTags", TAG_ACTIONS, objects, principal="*",
            condition={"ArnNotEquals": {"aws:PrincipalArn": approval}},
        ),
    ]  # fmt: skip


def _publishing(organisation: Organisation, bucket: str, form: Form) -> list[Statement]:
    """Execution roles write their own prefix: artifacts in the first stage, evaluation results in the later ones.

    In the exact form the bucket itself keeps the prefixes of several stacks of a stage apart; in the wider forms only
    the role's own policy does.
    """
    statements = []
    for stage in organisation.stages:
        top = ARTIFACTS if stage == organisation.first_stage else EVALUATIONS
        spokes = organisation.spokes_of(stage.name)
        parts = [(spoke.stack, (spoke,)) for spoke in spokes] if form is Form.EXACT else [("*", spokes)]
        for owner, admitted in parts:
            if admitted:
                principal, condition = admit(organisation, admitted, ["execution"], form)
                sid = camel("publish", stage.name if owner == "*" else owner)
                resource = f"{bucket}/{top}/*" if owner == "*" else f"{bucket}/{top}/{owner}/*"
                statements.append(allow(sid, PUBLISH_ACTIONS, [resource], principal=principal, condition=condition))
    return statements


def _serving(organisation: Organisation, bucket: str, form: Form) -> list[Statement]:
    """Serving roles read the artifact versions that carry their stage's tag."""
    statements = []
    for stage in organisation.stages:
        spokes = organisation.spokes_of(stage.name)
        if spokes:
            principal, condition = admit(organisation, spokes, ["serving"], form)
            tagged = both(condition, {"StringEquals": {existing_tag(stage.name): APPROVED}})
            sid = camel("serve", stage.name)
            resource = f"{bucket}/{ARTIFACTS}/*"
            statements.append(allow(sid, READ_ACTIONS, [resource], principal=principal, condition=tagged))
    return statements


def _registry(organisation: Organisation, bucket: str) -> list[Statement]:
    """The registry's account reads what is registered (dg/model-registry-version asks for its root)."""
    principal = {"AWS": organisation.names.root_arn(organisation.hub)}
    return [
        allow("RegistryReadsObjects", REGISTRY_OBJECT_ACTIONS, [f"{bucket}/*"], principal=principal),
        allow("RegistryReadsBucket", REGISTRY_BUCKET_ACTIONS, [bucket], principal=principal),
    ]
