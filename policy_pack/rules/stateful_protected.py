"""What can't be made anew can't be deleted by an update, in production and in the hub that serves it."""

from __future__ import annotations

from collections.abc import Iterator

from policy_pack.resource import Facts, Resource
from policy_pack.rule import Finding, Rule, Violation

STATEFUL = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        "aws:sagemaker/domain:Domain",
        "aws:sagemaker/mlflowApp:MlflowApp",
        "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
        "aws:ecr/repository:Repository",
    }
)


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if facts.production and resource.type in STATEFUL and not resource.protect:
        yield Violation("protect isn't set: an update that drops it from the program deletes it with its content")


RULE = Rule(
    name="stateful-protected",
    description="In the hub and in production, what holds state is protected.",
    remedy="set statefulResources to protect; a trial turns this rule to advisory in its policy configuration",
    check=check,
)
