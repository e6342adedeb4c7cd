"""What AWS takes as a name, by the maker of `Names` that makes it: botocore's patterns, where it has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import botocore.session

SHAPES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("cloudwatch", "AlarmName"): ("alarm",),
    ("dynamodb", "TableName"): ("table",),
    ("events", "EventBusName"): ("bus",),
    ("events", "RuleName"): ("hub_rule", "schedule_rule", "forward_rule"),
    ("iam", "roleNameType"): ("role", "hub_role", "approver_role", "flow_logs_role"),
    ("kms", "AliasNameType"): ("alias", "flow_logs_alias"),
    ("logs", "LogGroupName"): ("log_group", "inference_log_group", "access_log_group", "flow_logs_group"),
    ("oam", "SinkName"): ("sink",),
    ("ram", "PermissionName"): ("permission",),
    ("sagemaker", "DomainName"): ("domain",),
    ("sagemaker", "SpaceName"): ("space",),
    ("sagemaker", "StudioLifecycleConfigName"): ("lifecycle_config",),
    ("sagemaker", "TrackingServerName"): ("tracking",),
}
FORMS: Mapping[str, tuple[str, ...]] = {
    # AmazonS3 bucketnamingrules
    r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]": ("bucket", "tracking_bucket"),
    # sqs CreateQueue, QueueName; sns CreateTopic, Name; lambda CreateFunction, FunctionName
    r"[A-Za-z0-9_-]{1,80}": ("queue", "forward_dlq"),
    r"[A-Za-z0-9_-]{1,256}": ("topic",),
    r"[A-Za-z0-9_-]{1,64}": ("function", "inference"),
    # ram: none in the model; a tag's value; ecr RepositoryName
    r"[A-Za-z0-9_-]{1,255}": ("share", "network"),
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*": ("repository",),
}


def illegal(names: Mapping[str, list[str]]) -> list[str]:
    """The names that AWS would refuse, and the makers that nobody gave a form."""
    forms = {maker: re.compile(form) for form, makers in FORMS.items() for maker in makers} | _modelled()
    unknown = [f"{maker}: which form has it? Add it to legal_names" for maker in names.keys() - forms.keys()]
    return unknown + [
        f"{maker} {name}" for maker, made in names.items() if maker in forms for name in made
        if not forms[maker].fullmatch(name)
    ]  # fmt: skip


def _modelled() -> dict[str, re.Pattern[str]]:
    session = botocore.session.get_session()
    found: dict[str, re.Pattern[str]] = {}
    for (service, shape), makers in SHAPES.items():
        metadata = session.get_service_model(service).shape_for(shape).metadata
        pattern = metadata.get("pattern", ".*").removeprefix("^").removesuffix("$")
        bounds = f"(?=.{{{metadata.get('min', 0)},{metadata.get('max', 255)}}}$)"
        found |= dict.fromkeys(makers, re.compile(f"{bounds}(?:{pattern})"))
    return found
