"""The organisation of the tests: six accounts, one unit with an SCP and an RCP; and short words for what tests say."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.organisation.core import Account
from rehearsal.organisation.settings import OrganisationSettings

Client = Callable[..., Any]

MANAGEMENT, HUB, DEV, TEST, PROD, OUTSIDER = (
    "999999999999", "111111111111", "222222222222", "333333333333", "444444444444", "555555555555",
)  # fmt: skip


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region="eu-west-1",
    accounts=(
        Account("management", MANAGEMENT),
        Account("hub", HUB),
        Account("dev", DEV),
        Account("test", TEST),
        Account("prod", PROD),
        Account("outsider", OUTSIDER, in_organisation=False),
    ),
    management="management",
    units={"workloads": "root", "sealed": "workloads"},
    placed={"hub": "workloads", "dev": "workloads", "test": "workloads", "prod": "sealed"},
    service_control_policies={
        "workloads": {"no-users": policy(deny("iam:CreateUser", Sid="NoUsers"))},
        "prod": {"no-keys": policy(deny("kms:CreateKey", Sid="NoKeys"))},
    },
    resource_control_policies={
        "workloads": {
            "no-outsiders": policy(
                deny(
                    "sts:AssumeRole",
                    Sid="MembersOnly",
                    Principal="*",
                    Condition={
                        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                    },
                )
            )
        }
    },
)


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def trust(*principals: str, **more: Any) -> str:
    """A trust policy's text for AWS principals."""
    return json.dumps(
        policy({"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole", **more})
    )


def root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def new_role(iam: Any, account: str, *statements: dict[str, Any], **options: Any) -> str:
    """A role that its own account may assume, with an inline policy. Returns its name."""
    name = unique("role")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(account)), **options)
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(policy(*statements)))
    return name


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    """The block must end in a ClientError of this code, whose message holds the words."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    for word in words:
        assert word in error["Message"], error
