"""From operation to action and resource."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.organisation import core
from rehearsal.organisation.core import Call, Caller, Need, NotEmulated
from rehearsal.organisation.coverage import load_all
from rehearsal.organisation.resolve import actions_of, generic_needs, keys_of, owner_of, request_tags, tag_keys

HUB, DEV = "111111111111", "222222222222"


def call(service: str, operation: str, owner: str = HUB, **params: Any) -> Call:
    caller = Caller(f"arn:aws:iam::{DEV}:root", DEV)
    return Call(caller, service, operation, "eu-west-1", owner, params, "r", datetime.now(UTC))


@pytest.mark.parametrize(
    ("asked", "needs"),
    [
        (
            call("dynamodb", "GetItem", TableName="t"),
            [Need("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{HUB}:table/t", HUB)],
        ),
        (
            call("dynamodb", "GetItem", TableName=f"arn:aws:dynamodb:eu-west-1:{HUB}:table/t"),
            [Need("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{HUB}:table/t", HUB)],
        ),
        (
            call("sqs", "SendMessage", QueueUrl=f"http://127.0.0.1:1/{HUB}/q"),
            [Need("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{HUB}:q", HUB)],
        ),
        (
            call("lambda", "Invoke", FunctionName="f"),
            [Need("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{HUB}:function:f", HUB)],
        ),
        (call("s3", "HeadObject", Bucket="b", Key="k/x"), [Need("s3:GetObject", "arn:aws:s3:::b/k/x", HUB)]),
        (call("s3", "PutBucketEncryption", Bucket="b"), [Need("s3:PutEncryptionConfiguration", "arn:aws:s3:::b", HUB)]),
        (call("kms", "ListKeys"), [Need("kms:ListKeys", "*", HUB)]),
        (
            call("events", "DescribeEventBus", Name="b"),
            [Need("events:DescribeEventBus", f"arn:aws:events:eu-west-1:{HUB}:event-bus/b", HUB)],
        ),
    ],
)
def test_a_call_needs_its_action_on_its_resource(asked: Call, needs: list[Need]) -> None:
    """Guards: rights on a bucket's objects asked of the bucket, names without their account."""
    assert generic_needs(asked) == needs


def test_a_resource_that_cannot_be_made_is_an_error_and_never_everything() -> None:
    """Guards: `*` for an unknown resource, which lets a Deny on it slip and denies roles that are narrowed."""
    with pytest.raises(NotEmulated, match="dynamodb:GetItem"):
        generic_needs(call("dynamodb", "GetItem", Key={}))


def test_an_operation_without_action_is_an_error() -> None:
    """Guards: operations that no policy can speak about."""
    with pytest.raises(NotEmulated, match="s3:GetBucketMetadataTableConfigurationX"):
        actions_of("s3", "GetBucketMetadataTableConfigurationX")


def test_every_served_operation_has_actions_of_its_own_or_in_the_reference() -> None:
    """Guards: a row of the served table that can only fail at its first request."""
    load_all()
    for row in core.SERVED.values():
        if row.needs is None:
            assert actions_of(row.service, row.operation)


@pytest.mark.parametrize(
    ("service", "params", "owner"),
    [
        ("kms", {"KeyId": f"arn:aws:kms:eu-west-1:{HUB}:key/k"}, HUB),
        ("kms", {"KeyId": "k"}, DEV),
        ("sqs", {"QueueUrl": f"http://localhost/{HUB}/q"}, HUB),
        ("lambda", {"FunctionName": "f", "Role": f"arn:aws:iam::{HUB}:role/r"}, DEV),
        ("sagemaker", {"ModelPackageName": f"arn:aws:sagemaker:eu-west-1:{HUB}:model-package/g/1"}, HUB),
        ("sagemaker", {"ModelPackageGroupName": f"arn:aws:kms:eu-west-1:{HUB}:key/k"}, DEV),
    ],
)
def test_a_resource_belongs_to_the_account_that_its_arn_names(service: str, params: dict[str, Any], owner: str) -> None:
    """Guards: a cross-account call answered from the caller's account."""
    assert owner_of(service, params, DEV) == owner


@pytest.mark.parametrize(
    "params",
    [
        {"Tags": [{"Key": "a", "Value": "1"}]},
        {"tags": {"a": "1"}},
        {"Tags": [{"TagKey": "a", "TagValue": "1"}]},
        {"tags": [{"key": "a", "value": "1"}]},
        {"Tagging": "a=1"},
        {"Tagging": {"TagSet": [{"Key": "a", "Value": "1"}]}},
    ],
)
def test_tags_are_found_in_every_services_form(params: dict[str, Any]) -> None:
    """Guards: aws:RequestTag missing for one service's spelling."""
    assert request_tags(params) == {"a": "1"}
    assert tag_keys(params) == ["a"]


def test_the_keys_of_an_action_include_its_resources_keys() -> None:
    """Guards: a condition key taken for one that AWS doesn't send."""
    assert "s3:if-none-match" in keys_of("s3:PutObject")
    assert "sagemaker:modelapprovalstatus" in keys_of("sagemaker:CreateModelPackage")
    assert "kms:encryptioncontext:*" in keys_of("kms:Decrypt")
