"""No bucket that anybody outside can read or write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACLS = ("aws:s3/bucketAcl:BucketAcl", BUCKET)
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if resource.type == BLOCK:
        for switch in SWITCHES:
            if resource.at(switch) is UNKNOWN:
                yield NotKnown(switch)
            elif resource.at(switch) is not True:
                yield Violation(f"{switch} is {resource.at(switch)}, not true")
    if resource.type in ACLS and resource.at("acl") in PUBLIC_ACLS:
        yield Violation(f"acl is {resource.at('acl')}")
    if resource.type == OWNERSHIP:
        owner = resource.at("rule.objectOwnership")
        if owner is UNKNOWN:
            yield NotKnown("rule.objectOwnership")
        elif owner != "BucketOwnerEnforced":
            yield Violation(
                f"rule.objectOwnership is {owner}: access lists count, BucketOwnerEnforced switches them off"
            )


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource, Finding]]:
    blocks = [one for one in resources if one.type == BLOCK]
    for bucket in resources:
        if bucket.type == BUCKET and not any(block.belongs_to(bucket, "bucket") for block in blocks):
            yield bucket, Violation("the bucket has no BucketPublicAccessBlock")


RULE = Rule(
    name="public-bucket",
    description="Every bucket blocks public access, by all four switches.",
    remedy="make the bucket by components/buckets.py, guarded_bucket",
    check=check,
    check_stack=check_stack,
)
