"""The buckets of documents and anchors."""

from __future__ import annotations

import pytest

from tests.components.programs import hub_program, hub_run, hub_settings
from tests.components.recorder import run

BUCKET = "aws:s3/bucket:Bucket"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def test_anchors_are_locked_for_as_long_as_configured() -> None:
    """Guards: a bucket without Object Lock, which can't be turned on for the versions that are there."""
    made = hub_run()
    assert made.one(BUCKET, "hub-anchors").inputs["objectLockEnabled"] is True
    assert made.one(LOCK, "hub-anchors").inputs["rule"] == {"defaultRetention": {"mode": "COMPLIANCE", "days": 3650}}
    assert not made.one(BUCKET, "hub-documents").inputs.get("objectLockEnabled")


def test_a_trial_s_anchors_go_with_it() -> None:
    """Guards: a trial that leaves a bucket behind for ten years."""
    made = run(hub_program(hub_settings("destroy")))
    assert made.one(LOCK, "hub-anchors").inputs["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}
    assert made.one(BUCKET, "hub-anchors").inputs["forceDestroy"] is True


def test_no_key_can_lose_the_anchors() -> None:
    """Guards: ten years of proofs under a key that was deleted."""
    (rule,) = hub_run().one(ENCRYPTION, "hub-anchors").inputs["rules"]
    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def test_documents_are_encrypted_with_the_governance_key() -> None:
    """Guards: model cards under the key that every spoke may decrypt with."""
    (rule,) = hub_run().one(ENCRYPTION, "hub-documents").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith("2")
    assert rule["bucketKeyEnabled"] is True


@pytest.mark.parametrize("bucket", ["hub-documents", "hub-anchors"])
def test_both_are_versioned_and_private(bucket: str) -> None:
    """Guards: evidence that is overwritten in place, or shown to anyone."""
    made = hub_run()
    versioning = made.one("aws:s3/bucketVersioning:BucketVersioning", bucket).inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    block = made.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket).inputs
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert [block[flag] for flag in flags] == [True] * len(flags)


def test_the_anchor_function_waits_for_the_lock() -> None:
    """Guards: a first anchor that was put before the lock, and isn't locked."""
    function = hub_run().one("aws:lambda/function:Function", "hub-anchor")
    assert [urn for urn in function.dependencies if "bucketObjectLockConfiguration" in urn]
