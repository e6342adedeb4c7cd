"""STS through boto3: who gets which credentials."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.organisation.control import Control, ControlError, boto_session
from rehearsal.organisation.core import Credentials
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import (
    DEV,
    HUB,
    MANAGEMENT,
    OUTSIDER,
    SETTINGS,
    Client,
    allow,
    new_role,
    policy,
    refused,
    root,
    trust,
    unique,
)


@pytest.fixture
def dev(client: Client) -> Any:
    return client("dev", None, "iam")


def arn(name: str, account: str = DEV) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def of(org: Emulator, answer: dict[str, Any], service: str) -> Any:
    """A client with the credentials of an AssumeRole answer."""
    issued = answer["Credentials"]
    credentials = Credentials(
        issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], issued["Expiration"], ""
    )
    return boto_session(credentials, org.region).client(service, endpoint_url=org.endpoint)


def test_credentials_belong_to_one_account_and_role(client: Client) -> None:
    """Guards: credentials of one account acting in another."""
    identity = client("dev", None, "sts").get_caller_identity()
    assert identity["Account"] == DEV
    assert identity["Arn"] == f"arn:aws:sts::{DEV}:assumed-role/OrganizationAccountAccessRole/rehearsal"
    assert identity["UserId"].endswith(":rehearsal")


def test_the_first_administrator_is_a_user_of_the_management_account(client: Client) -> None:
    """Guards: a management account that nobody can sign in to, or whose user looks like a role."""
    identity = client("management", None, "sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/admin"


def test_a_role_that_does_not_exist_cannot_be_assumed(client: Client) -> None:
    """Guards: moto's way, which gives credentials for any ARN."""
    with refused("AccessDenied", "sts:AssumeRole", arn("nowhere")):
        client("dev", None, "sts").assume_role(RoleArn=arn("nowhere"), RoleSessionName="session")


def test_a_trust_that_names_another_account_refuses(client: Client, dev: Any) -> None:
    """Guards: a trust policy that is stored but never read."""
    name = unique("role")
    dev.create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(HUB)))
    with refused("AccessDenied", "trust"):
        client("test", None, "sts").assume_role(RoleArn=arn(name), RoleSessionName="session")
    answer = client("hub", None, "sts").assume_role(RoleArn=arn(name), RoleSessionName="session")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{DEV}:assumed-role/{name}/session"


def test_another_accounts_role_needs_an_identity_policy_too(client: Client, dev: Any) -> None:
    """Guards: a trust that is enough by itself across accounts."""
    name = unique("role")
    dev.create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(HUB)))
    powerless = new_role(client("hub", None, "iam"), HUB)
    with refused("AccessDenied", "identity policy"):
        client("hub", powerless, "sts").assume_role(RoleArn=arn(name), RoleSessionName="session")


def test_an_external_id_that_the_trust_asks_for_is_compared(client: Client, dev: Any) -> None:
    """Guards: the confused deputy, whose only bound is the external id."""
    name = unique("role")
    asked = trust(root(HUB), Condition={"StringEquals": {"sts:ExternalId": "blue"}})
    dev.create_role(RoleName=name, AssumeRolePolicyDocument=asked)
    sts = client("hub", None, "sts")
    with refused("AccessDenied"):
        sts.assume_role(RoleArn=arn(name), RoleSessionName="session")
    with refused("AccessDenied"):
        sts.assume_role(RoleArn=arn(name), RoleSessionName="session", ExternalId="red")
    assert sts.assume_role(RoleArn=arn(name), RoleSessionName="session", ExternalId="blue")


def test_a_source_identity_needs_its_own_right_and_stays_when_chained(org: Emulator, client: Client, dev: Any) -> None:
    """Guards: approvals by a person whose identity a chain of roles loses or changes."""
    name = unique("role")
    dev.create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(DEV)))
    sts = client("dev", None, "sts")
    with refused("AccessDenied", "sts:SetSourceIdentity"):
        sts.assume_role(RoleArn=arn(name), RoleSessionName="session", SourceIdentity="ada")
    both = policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": root(DEV)},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        }
    )
    dev.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(both))
    rights = json.dumps(policy(allow(["sts:AssumeRole", "sts:SetSourceIdentity"])))
    dev.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=rights)
    first = sts.assume_role(RoleArn=arn(name), RoleSessionName="session", SourceIdentity="ada")
    assert first["SourceIdentity"] == "ada"
    second = of(org, first, "sts").assume_role(RoleArn=arn(name), RoleSessionName="next")
    assert second["SourceIdentity"] == "ada"
    with refused("AccessDenied", "source identity"):
        of(org, first, "sts").assume_role(RoleArn=arn(name), RoleSessionName="next", SourceIdentity="bob")


def test_session_tags_need_the_right_to_tag_the_session(client: Client, dev: Any) -> None:
    """Guards: a caller that gives itself the tags on which rights rest."""
    name = new_role(dev, DEV)
    with refused("AccessDenied", "sts:TagSession"):
        client("dev", None, "sts").assume_role(
            RoleArn=arn(name), RoleSessionName="session", Tags=[{"Key": "stage", "Value": "prod"}]
        )


def test_a_session_policy_narrows_and_never_widens(org: Emulator, client: Client, dev: Any) -> None:
    """Guards: a session that may do more than its role, or whose policy is dropped."""
    name = new_role(dev, DEV, allow(["iam:GetRole", "iam:ListRoles"]))
    narrowed = json.dumps(policy(allow(["iam:GetRole", "iam:DeleteRole"])))
    answer = client("dev", None, "sts").assume_role(RoleArn=arn(name), RoleSessionName="session", Policy=narrowed)
    iam = of(org, answer, "iam")
    assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name
    with refused("AccessDenied", "session policy"):
        iam.list_roles()
    with refused("AccessDenied", "identity policy"):
        iam.delete_role(RoleName=name)


def test_a_chained_session_lasts_an_hour_at_most(client: Client, dev: Any) -> None:
    """Guards: long sessions that AWS refuses with role chaining."""
    name = new_role(dev, DEV, MaxSessionDuration=7200)
    with refused("ValidationError", "role chaining"):
        client("dev", None, "sts").assume_role(RoleArn=arn(name), RoleSessionName="session", DurationSeconds=7200)


def test_a_session_longer_than_the_roles_maximum_is_refused(client: Client) -> None:
    """Guards: MaxSessionDuration that is stored and never read."""
    with refused("ValidationError", "MaxSessionDuration"):
        client("management", None, "sts").assume_role(
            RoleArn=arn("OrganizationAccountAccessRole"), RoleSessionName="session", DurationSeconds=7200
        )


def test_unknown_access_keys_and_foreign_tokens_are_refused(org: Emulator, client: Client) -> None:
    """Guards: any made-up key being someone, as with plain moto."""
    made_up = boto3.client(
        "sts", endpoint_url=org.endpoint, region_name=org.region, aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="s", config=Config(retries={"max_attempts": 1}),
    )  # fmt: skip
    with refused("InvalidClientTokenId"):
        made_up.get_caller_identity()
    one, other = org.people.credentials("dev"), org.people.credentials("hub")
    mixed = Credentials(one.access_key, one.secret_key, other.session_token, one.expires, one.arn)
    with refused("InvalidClientTokenId"):
        boto_session(mixed, org.region).client("sts", endpoint_url=org.endpoint).get_caller_identity()


def test_credentials_expire_by_the_organisations_clock() -> None:
    """Guards: sessions that live for ever in a rehearsal that skips days."""
    with Emulator(SETTINGS) as org:
        control = Control(org.endpoint)
        sts = control.client("dev", None, "sts")
        control.advance(3601)
        with refused("ExpiredToken"):
            sts.get_caller_identity()


def test_a_session_ends_with_its_role(org: Emulator, client: Client, dev: Any) -> None:
    """Guards: a deleted role, made anew by another stack, whose old sessions get the new rights."""
    name = new_role(dev, DEV, allow("iam:GetRole"))
    old = client("dev", name, "iam")
    assert old.get_role(RoleName=name)
    dev.delete_role_policy(RoleName=name, PolicyName="rights")
    dev.delete_role(RoleName=name)
    dev.create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(DEV)))
    document = json.dumps(policy(allow("iam:GetRole")))
    dev.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document)
    with refused("AccessDenied"):
        old.get_role(RoleName=name)


def test_a_service_takes_a_role_only_for_the_source_that_the_trust_names(client: Client, org: Emulator) -> None:
    """Guards: the execution role's confused-deputy condition, which Studio's own use must pass."""
    iam = client("dev", None, "iam")
    name = unique("role")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": DEV},
            "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:eu-west-1:{DEV}:*"},
        },
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy(statement)))
    control = Control(org.endpoint)
    source = f"arn:aws:sagemaker:eu-west-1:{DEV}:notebook-instance/n"
    credentials = control.assume_as_service(
        "sagemaker.amazonaws.com", arn(name), session_name="SageMaker", source_arn=source, source_account=DEV
    )
    sts = boto_session(credentials, org.region).client("sts", endpoint_url=org.endpoint)
    assert sts.get_caller_identity()["Arn"].endswith(f"assumed-role/{name}/SageMaker")
    for service, account in (("lambda.amazonaws.com", DEV), ("sagemaker.amazonaws.com", HUB)):
        with pytest.raises(ControlError, match="AccessDenied"):
            control.assume_as_service(
                service, arn(name), session_name="session", source_arn=source, source_account=account
            )


def test_an_rcp_keeps_outsiders_from_a_members_role(client: Client, dev: Any) -> None:
    """Guards: resource control policies that are set up and never applied."""
    name = unique("role")
    dev.create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(OUTSIDER)))
    with refused("AccessDenied", "no-outsiders"):
        client("outsider", None, "sts").assume_role(RoleArn=arn(name), RoleSessionName="session")
