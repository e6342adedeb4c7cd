"""The artifact bucket."""

from __future__ import annotations

from tests.blueprint.samples import BUCKET
from tests.components.programs import hub_program, hub_run, hub_settings
from tests.components.recorder import run

KEY = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000001"


def test_the_bucket_is_versioned_private_and_owned_by_the_hub() -> None:
    """Guards: public access, or objects that belong to the account that uploaded them."""
    made = hub_run()
    assert made.one("aws:s3/bucket:Bucket", "hub-artifacts").inputs["bucket"] == BUCKET
    versioning = made.one("aws:s3/bucketVersioning:BucketVersioning", "hub-artifacts").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    block = made.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "hub-artifacts").inputs
    assert all(
        block[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    )
    ownership = made.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "hub-artifacts").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_objects_are_encrypted_with_the_shared_key_by_its_full_arn() -> None:
    """Guards: an alias, which S3 looks up in the account of whoever uploads."""
    made = hub_run()
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = made.one(type_, "hub-artifacts").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert rule["bucketKeyEnabled"] is True


def test_nothing_in_the_bucket_expires() -> None:
    """Guards: a delete marker as current version, after which an artifact may be written again."""
    type_ = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    for rule in hub_run().one(type_, "hub-artifacts").inputs["rules"]:
        assert not [key for key in rule if "xpiration" in key or "ransition" in key]


def test_the_policy_names_the_key_that_was_made() -> None:
    """Guards: a policy that refuses every upload, as it names another key."""
    policy = hub_run().policy("aws:s3/bucketPolicy:BucketPolicy", "hub-artifacts")
    (statement,) = [found for found in policy["Statement"] if found["Sid"] == "NoOtherKey"]
    assert statement["Condition"]["StringNotEquals"]["s3:x-amz-server-side-encryption-aws-kms-key-id"] == KEY


def test_a_trial_s_destroy_takes_the_policy_before_the_bucket() -> None:
    """Guards: a bucket that can't be emptied, as its policy, deleted later, denies deletion to everybody."""
    made = run(hub_program(hub_settings("destroy")))
    bucket = made.one("aws:s3/bucket:Bucket", "hub-artifacts")
    policy = made.one("aws:s3/bucketPolicy:BucketPolicy", "hub-artifacts")
    (never,) = [
        found
        for found in made.policy("aws:s3/bucketPolicy:BucketPolicy", "hub-artifacts")["Statement"]
        if found["Sid"] == "NeverDeleted"
    ]
    assert never["Principal"] == "*"
    assert bucket.inputs["forceDestroy"] is True
    assert bucket.urn in policy.dependencies, "Pulumi deletes what depends first"
