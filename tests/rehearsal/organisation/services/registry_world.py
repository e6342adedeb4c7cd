"""A registry with an artifact, for the tests of SageMaker and RAM: names that no other test uses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from rehearsal.organisation.core import Clock
from rehearsal.organisation.emulator import Emulator

REGION = "eu-west-1"
HUB, DEV, TEST, OUTSIDER = "111111111111", "222222222222", "333333333333", "555555555555"
GROUP_TYPE = "sagemaker:model-package-group"
READ = ("sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages")

Client = Callable[..., Any]
Statement = dict[str, Any]


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid4().hex[:10]}"


def bucket_with_artifact(client: Client, key: str = "model.tar.gz") -> str:
    """A bucket of the hub with one object; returns the object's URL."""
    storage = client("hub", None, "s3")
    bucket = unique("artifacts")
    storage.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    storage.put_object(Bucket=bucket, Key=key, Body=b"weights", ChecksumAlgorithm="SHA256")
    return f"s3://{bucket}/{key}"


def new_group(client: Client) -> str:
    """A group of the hub; returns its ARN."""
    created = client("hub", None, "sagemaker").create_model_package_group(ModelPackageGroupName=unique("Group"))
    return str(created["ModelPackageGroupArn"])


def version_of(group: str, url: str, **more: Any) -> dict[str, Any]:
    """The parameters of CreateModelPackage for a version with one container."""
    return {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelLifeCycle": {"Stage": "Development", "StageStatus": "PendingApproval"},
        "InferenceSpecification": {
            "Containers": [{"Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/x:1", "ModelDataUrl": url}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        **more,
    }


def role_with(client: Client, account: str, *statements: Statement) -> str:
    """A role of an account with one policy; returns its name (`client(account, role, …)` assumes it)."""
    iam = client(account, None, "iam")
    name = unique("role")
    account_id = client(account, None, "sts").get_caller_identity()["Account"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(document))
    return name


def allow(*actions: str, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def share(
    client: Client, group: str, principals: list[str], *actions: str, condition: Any = None, external: bool = False
) -> str:
    """Share a group of the hub by a customer-managed permission; returns the share's ARN."""
    ram = client("hub", None, "ram")
    template: Statement = {"Effect": "Allow", "Action": list(actions)}
    if condition:
        template["Condition"] = condition
    permission = ram.create_permission(
        name=unique("permission"), resourceType=GROUP_TYPE, policyTemplate=json.dumps(template)
    )["permission"]["arn"]
    created = ram.create_resource_share(
        name=unique("share"), resourceArns=[group], principals=principals, permissionArns=[permission],
        allowExternalPrincipals=external,
    )  # fmt: skip
    return str(created["resourceShare"]["resourceShareArn"])


def refused(code: str, operation: Callable[..., Any], **parameters: Any) -> str:
    """Make a call that must be refused with an error code; returns the message."""
    with pytest.raises(ClientError) as caught:
        operation(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return str(error["Message"])


@dataclass(frozen=True, slots=True)
class Later:
    """A clock ahead of the organisation's, for services only: no session expires by it."""

    clock: Clock
    ahead: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.ahead


def skip(monkeypatch: pytest.MonkeyPatch, org: Emulator, ahead: timedelta) -> None:
    """Let the services see a later time until the test ends."""
    monkeypatch.setattr(org, "clock", Later(org.clock, ahead))
