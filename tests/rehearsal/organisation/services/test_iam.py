"""IAM through boto3: what is stored, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.organisation.example import (
    DEV,
    HUB,
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
def iam(client: Client) -> Any:
    return client("dev", None, "iam")


def put(iam: Any, role: str, document: Any, name: str = "rights") -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)


def test_a_role_is_shown_as_it_was_made(iam: Any) -> None:
    """Guards: parameters that a create call takes and forgets, which a provider would plan to mend for ever."""
    name, document = unique("role"), trust(root(DEV))
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=document, Description="reads", MaxSessionDuration=7200, Path="/ml/",
        Tags=[{"Key": "team", "Value": "risk"}],
    )  # fmt: skip
    role = iam.get_role(RoleName=name)["Role"]
    assert role["Arn"] == f"arn:aws:iam::{DEV}:role/ml/{name}"
    assert (role["Description"], role["MaxSessionDuration"], role["Path"]) == ("reads", 7200, "/ml/")
    assert role["Tags"] == [{"Key": "team", "Value": "risk"}]
    assert role["AssumeRolePolicyDocument"] == json.loads(document)


def test_a_taken_name_is_refused_whatever_its_case(iam: Any) -> None:
    """Guards: a provider that adopts what exists; role names differ in more than their case (API_CreateRole)."""
    name = new_role(iam, DEV)
    with refused("EntityAlreadyExists", name.upper()):
        iam.create_role(RoleName=name.upper(), AssumeRolePolicyDocument=trust(root(DEV)))


def test_a_name_is_free_in_every_other_account(iam: Any, client: Client) -> None:
    """Guards: one table of roles for all accounts."""
    name = new_role(iam, DEV)
    client("hub", None, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(root(HUB)))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("not json", "JSON"),
        ("{}", "Statement"),
        (policy({"Effect": "Allow", "Action": "s3:GetObject"}), "resources"),
        (policy({"Action": "s3:GetObject", "Resource": "*"}), "Effect"),
        (policy({"Effect": "allow", "Action": "s3:GetObject", "Resource": "*"}), "Effect"),
        (policy({"Effect": "Allow", "Resource": "*"}), "Action"),
        (policy(allow("s3")), "vendor"),
        (policy(allow("s3:GetObject", Principal="*")), "principal"),
        (policy(allow("s3:GetObject", Conditions={})), "Conditions"),
        (policy(allow("s3:GetObject", Sid="A"), allow("s3:PutObject", Sid="A")), "unique"),
    ],
)
def test_malformed_policies_are_refused_when_stored(iam: Any, document: Any, words: str) -> None:
    """Guards: a policy that AWS would refuse and the rehearsal silently never applies."""
    with refused("MalformedPolicyDocument", words):
        put(iam, new_role(iam, DEV), document)


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": f"arn:aws:iam::{DEV}:role/not-yet"},
        {"AWS": "arn:aws:iam::123456789012:root"},
        {"AWS": "dev"},
        {"Service": "sagemakr.amazonaws.com"},
        {"Service": "sagemaker"},
    ],
)
def test_a_trust_in_someone_who_does_not_exist_is_refused(iam: Any, principal: dict[str, str]) -> None:
    """Guards: up-order deadlocks: AWS resolves principals when it stores the policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    with refused("MalformedPolicyDocument", "Invalid principal", next(iter(principal.values()))):
        iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=json.dumps(policy(statement)))


def test_a_trust_may_name_a_role_of_another_account_that_exists(iam: Any, client: Client) -> None:
    """Guards: the check of principals looking into the caller's account only."""
    name = new_role(client("hub", None, "iam"), HUB)
    iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=trust(f"arn:aws:iam::{HUB}:role/{name}"))


def test_inline_policies_of_a_role_hold_10240_characters_together(iam: Any) -> None:
    """Guards: policies that outgrow the quota only in AWS; whitespace isn't counted (iam/reference_iam-quotas)."""
    name = new_role(iam, DEV)
    spacious = json.dumps(policy(allow("s3:GetObject", [f"arn:aws:s3:::{'b' * 60}/*"] * 60)), indent=400)
    put(iam, name, spacious, "first")
    with refused("LimitExceeded", "10240"):
        put(iam, name, policy(allow("s3:GetObject", [f"arn:aws:s3:::{'c' * 60}/*"] * 80)), "second")
    put(iam, name, policy(allow("s3:GetObject")), "first")
    put(iam, name, policy(allow("s3:GetObject", [f"arn:aws:s3:::{'c' * 60}/*"] * 80)), "second")


def test_a_trust_holds_2048_characters(iam: Any) -> None:
    """Guards: trust policies over the quota (iam/reference_iam-quotas)."""
    long = trust(root(DEV), Condition={"StringLike": {"sts:ExternalId": ["x" * 100 + str(n) for n in range(20)]}})
    with refused("LimitExceeded", "2048"):
        iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=long)


def test_a_role_with_policies_is_not_deleted(iam: Any) -> None:
    """Guards: a destroy in the wrong order that only AWS refuses."""
    name = new_role(iam, DEV, allow("s3:GetObject"))
    with refused("DeleteConflict"):
        iam.delete_role(RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="rights")
    iam.delete_role(RoleName=name)
    with refused("NoSuchEntity"):
        iam.get_role(RoleName=name)


def test_what_a_provider_reads_of_a_role_is_there(iam: Any) -> None:
    """Guards: the reads that a refresh and a delete of Role and RolePolicy make."""
    name = new_role(iam, DEV, allow("s3:GetObject"))
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["rights"]
    shown = iam.get_role_policy(RoleName=name, PolicyName="rights")
    assert shown["PolicyDocument"] == policy(allow("s3:GetObject"))
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
    iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "1"}])
    assert iam.list_role_tags(RoleName=name)["Tags"] == [{"Key": "a", "Value": "1"}]
    iam.untag_role(RoleName=name, TagKeys=["a"])
    assert iam.list_role_tags(RoleName=name)["Tags"] == []


def test_a_managed_policy_gives_its_rights_and_a_boundary_takes_them(iam: Any, client: Client) -> None:
    """Guards: attached policies and boundaries that are listed and never evaluated."""
    name = new_role(iam, DEV)
    rights = iam.create_policy(
        PolicyName=unique("p"), PolicyDocument=json.dumps(policy(allow(["iam:GetRole", "iam:ListRoleTags"])))
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=rights)
    assert client("dev", name, "iam").get_role(RoleName=name)
    boundary = iam.create_policy(PolicyName=unique("b"), PolicyDocument=json.dumps(policy(allow("iam:ListRoleTags"))))[
        "Policy"
    ]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    with refused("AccessDenied", "boundary"):
        client("dev", name, "iam").get_role(RoleName=name)
    assert client("dev", name, "iam").list_role_tags(RoleName=name)["Tags"] == []


def test_aws_managed_policies_are_refused_by_name(iam: Any) -> None:
    """Guards: an attachment of a policy that gives nothing here and much in AWS."""
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    with refused("NotEmulated", arn):
        iam.attach_role_policy(RoleName=new_role(iam, DEV), PolicyArn=arn)


def test_an_scp_binds_members_and_not_the_management_account(iam: Any, client: Client) -> None:
    """Guards: control policies that bind nobody, or the account that they never bind."""
    with refused("AccessDenied", "scp", "NoUsers"):
        iam.create_user(UserName=unique("user"))
    client("management", None, "iam").create_user(UserName=unique("user"))
    client("outsider", None, "iam").create_user(UserName=unique("user"))
