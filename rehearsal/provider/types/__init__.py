"""The type table: one module per AWS service, one row per type. A new type is a row, and its module here."""

from __future__ import annotations

from rehearsal.provider.resource import ResourceType
from rehearsal.provider.types import (
    alarms,
    dynamodb,
    event_sources,
    events,
    functions,
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
    sns,
    sqs,
    studio,
)

MODULES = (
    alarms,
    dynamodb,
    event_sources,
    events,
    functions,
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
    sns,
    sqs,
    studio,
)

TYPES: dict[str, ResourceType] = {row.pulumi_type: row for module in MODULES for row in module.TYPES}
