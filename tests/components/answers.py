"""ARNs in AWS's forms, as the recording engine answers them (Service Authorization Reference, resource types)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

ACCOUNT = "111111111111"
REGION = "eu-west-1"

RESOURCE = {
    "aws:apigatewayv2/api:Api": "apigateway:{region}::/apis/{made}",
    "aws:cloudwatch/eventBus:EventBus": "events:{region}:{account}:event-bus/{made}",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{made}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{made}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{made}",
    "aws:dynamodb/table:Table": "dynamodb:{region}:{account}:table/{made}",
    "aws:ecr/repository:Repository": "ecr:{region}:{account}:repository/{made}",
    "aws:iam/role:Role": "iam::{account}:role/{made}",
    "aws:lambda/function:Function": "lambda:{region}:{account}:function:{made}",
    "aws:oam/sink:Sink": "oam:{region}:{account}:sink/{uuid}",
    "aws:ram/permission:Permission": "ram:{region}:{account}:permission/{made}",
    "aws:ram/resourceShare:ResourceShare": "ram:{region}:{account}:resource-share/{uuid}",
    "aws:s3/bucket:Bucket": "s3:::{made}",
    "aws:sagemaker/domain:Domain": "sagemaker:{region}:{account}:domain/{made}",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "sagemaker:{region}:{account}:model-package-group/{made}",
    "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig": (
        "sagemaker:{region}:{account}:studio-lifecycle-config/{made}"
    ),
    "aws:sns/topic:Topic": "sns:{region}:{account}:{made}",
    "aws:sqs/queue:Queue": "sqs:{region}:{account}:{made}",
}

NAMES = ("name", "bucket", "modelPackageGroupName", "studioLifecycleConfigName", "domainName")
"""Arguments that hold the physical name."""


def physical_name(name: str, inputs: Mapping[str, Any]) -> str:
    return next((str(inputs[key]) for key in NAMES if inputs.get(key)), name)


def arn(type_: str, name: str, inputs: Mapping[str, Any]) -> str:
    """The resource's ARN; of a type that no test looks at, one that no service has."""
    form = RESOURCE.get(type_, "mock:{region}:{account}:{made}")
    digits = hashlib.sha256(name.encode()).hexdigest()
    uuid = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
    return "arn:aws:" + form.format(region=REGION, account=ACCOUNT, made=physical_name(name, inputs), uuid=uuid)
