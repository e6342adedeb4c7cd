"""The type table: one module per AWS service, one row per type. A new type is a row, and its module here."""

from __future__ import annotations

from rehearsal.provider.resource import ResourceType
from rehearsal.provider.types import (
    alarms,
    dynamodb,
    ec2,
    ecr,
    event_sources,
    events,
    functions,
    http_apis,
    iam,
    kms,
    logs,
    mlflow,
    oam,
    permissions,
    ram,
    s3,
    s3_objects,
    sagemaker,
    security_groups,
    sns,
    sqs,
    studio,
    vpc_endpoints,
)

MODULES = (
    alarms,
    dynamodb,
    ec2,
    ecr,
    event_sources,
    events,
    functions,
    http_apis,
    iam,
    kms,
    logs,
    mlflow,
    oam,
    permissions,
    ram,
    s3,
    s3_objects,
    sagemaker,
    security_groups,
    sns,
    sqs,
    studio,
    vpc_endpoints,
)

TYPES: dict[str, ResourceType] = {row.pulumi_type: row for module in MODULES for row in module.TYPES}
