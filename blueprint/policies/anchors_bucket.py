"""Bucket policies of what must outlast everybody: the anchors of the ledger, and the full documents of its facts.

Sources: AmazonS3 userguide object-lock (locks hold versions, not keys: a newer version or a delete marker hides, and
the reader takes the locked one), object-lock-managing (bypass), conditional-writes-enforce (If-None-Match).
"""

from __future__ import annotations

from blueprint.limits import Document
from blueprint.organisation import Organisation
from blueprint.policies.artifact_bucket import DELETE_ACTIONS
from blueprint.policies.conditions import created_without_precondition
from blueprint.policies.documents import Statement, deny, document

ANCHORS = "anchors"
"""Prefix of the anchors: `anchors/<installation>/<10-digit number>.json`."""

KEYS = "keys"
"""Prefix of the public keys: `keys/<sha256 of the DER>.der`."""

LOCK_ACTIONS = ("s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutObjectRetention")
"""What could shorten, lift or change a version's lock."""

UNLOCK_ACTIONS = ("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration")
"""What could let later versions go unlocked, or expire."""


def anchors_bucket(organisation: Organisation) -> Document:
    """The anchors' policy: one role puts, nobody deletes or unlocks, whatever their own policies say.

    The deployment configures the lock itself, so `UNLOCK_ACTIONS` aren't denied here but to the role that anchors.
    """
    names = organisation.names
    bucket = names.bucket_arn(organisation.hub, "anchors")
    anchor = names.role_arn(organisation.hub, names.hub_role("anchor"))
    objects = [f"{bucket}/*"]
    return document(
        *written_once(bucket),
        deny(
            "OnlyAnchorPuts", ["s3:PutObject"], objects, principal="*",
            condition={"ArnNotEquals": {"aws:PrincipalArn": anchor}},
        ),
        deny("NeverUnlocked", LOCK_ACTIONS, objects, principal="*"),
    )  # fmt: skip


def documents_bucket(organisation: Organisation) -> Document:
    """The documents' policy: the functions that record put, once; nobody deletes."""
    names = organisation.names
    bucket = names.bucket_arn(organisation.hub, "documents")
    recorders = [names.role_arn(organisation.hub, names.hub_role(purpose)) for purpose in ("capture", "reconcile")]
    return document(
        *written_once(bucket),
        deny(
            "OnlyRecordersPut", ["s3:PutObject"], [f"{bucket}/*"], principal="*",
            condition={"ArnNotEquals": {"aws:PrincipalArn": recorders}},
        ),
    )  # fmt: skip


def written_once(bucket: str) -> list[Statement]:
    """Over TLS, never over what is there, never deleted."""
    objects = [f"{bucket}/*"]
    return [
        deny(
            "TlsOnly", ["s3:*"], [bucket, *objects], principal="*",
            condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
        deny("NeverOverwritten", ["s3:PutObject"], objects, principal="*", condition=created_without_precondition()),
        deny("NeverDeleted", DELETE_ACTIONS, objects, principal="*"),
    ]  # fmt: skip
