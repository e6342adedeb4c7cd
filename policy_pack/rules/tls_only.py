"""Policies of buckets, queues and topics refuse what comes without TLS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy_pack.documents import Statement, conditions, documents, principals
from policy_pack.resource import Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
POLICIES = (BUCKET_POLICY, "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy")


def _refuses_plain(statement: Statement) -> bool:
    plain = ("aws:securetransport", ["false"])
    return (
        statement.get("Effect") == "Deny"
        and principals(statement) == ["*"]
        and [(key, [value.lower() for value in values]) for _, key, values in conditions(statement)] == [plain]
    )


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if resource.type not in POLICIES:
        return
    for found in documents(resource):
        if isinstance(found, NotKnown):
            yield found
        elif not any(_refuses_plain(statement) for statement in found.statements):
            yield Violation(f"{found.path} has no Deny for everybody where aws:SecureTransport is false")


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource, Finding]]:
    policies = [one for one in resources if one.type == BUCKET_POLICY]
    for bucket in resources:
        if bucket.type == BUCKET and not any(policy.belongs_to(bucket, "bucket") for policy in policies):
            yield bucket, Violation("the bucket has no policy, so nothing refuses plain HTTP")


RULE = Rule(
    name="tls-only",
    description="Buckets, and queues and topics that have a policy, refuse requests without TLS.",
    remedy="add a Deny for Principal * with Bool aws:SecureTransport false, as in blueprint/policies",
    check=check,
    check_stack=check_stack,
)
