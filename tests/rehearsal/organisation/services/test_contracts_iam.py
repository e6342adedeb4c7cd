"""IAM's rules on users, access keys, managed policies and boundaries, each by the page that states it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.organisation.control import boto_session
from rehearsal.organisation.core import Credentials
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import (
    DEV,
    OUTSIDER,
    Client,
    allow,
    deny,
    new_role,
    policy,
    refused,
    unique,
)

RIGHTS = json.dumps(policy(allow("s3:ListAllMyBuckets")))


@pytest.fixture(scope="module")
def iam(client: Client) -> Any:
    return client("dev", None, "iam")


@pytest.fixture(scope="module")
def users(client: Client) -> Any:
    """IAM of an account whose control policy lets users be made."""
    return client("outsider", None, "iam")


@pytest.fixture
def user(users: Any) -> str:
    name = unique("user")
    users.create_user(UserName=name)
    return name


@pytest.fixture
def managed(iam: Any) -> str:
    arn: str = iam.create_policy(PolicyName=unique("policy"), PolicyDocument=RIGHTS)["Policy"]["Arn"]
    return arn


def test_a_user_is_shown_as_made_and_listed(users: Any) -> None:
    """Guards: tags and path of a user are dropped (API_CreateUser, API_GetUser, API_ListUsers)."""
    name, tags = unique("user"), [{"Key": "team", "Value": "risk"}]
    users.create_user(UserName=name, Path="/ml/", Tags=tags)
    shown = users.get_user(UserName=name)["User"]
    assert shown["Arn"] == f"arn:aws:iam::{OUTSIDER}:user/ml/{name}"
    assert shown["Tags"] == tags
    assert name in [one["UserName"] for one in users.list_users()["Users"]]


def test_a_user_s_name_is_taken_whatever_its_case(users: Any, user: str) -> None:
    """Guards: a user is adopted; names differ in more than their case (API_CreateUser)."""
    with refused("EntityAlreadyExists"):
        users.create_user(UserName=user.upper())


def test_a_user_has_two_access_keys_at_most(users: Any, user: str) -> None:
    """Guards: a third key is handed out (reference_iam-quotas: 2 per user)."""
    made = [users.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"] for _ in range(2)]
    with refused("LimitExceeded"):
        users.create_access_key(UserName=user)
    users.delete_access_key(UserName=user, AccessKeyId=made[0])
    assert [one["AccessKeyId"] for one in users.list_access_keys(UserName=user)["AccessKeyMetadata"]] == made[1:]


def test_a_user_with_keys_or_policies_is_not_deleted(users: Any, user: str) -> None:
    """Guards: a user goes with what hangs on it (API_DeleteUser: DeleteConflict until keys and policies are gone)."""
    key = users.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    users.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=RIGHTS)
    with refused("DeleteConflict"):
        users.delete_user(UserName=user)
    users.delete_access_key(UserName=user, AccessKeyId=key)
    with refused("DeleteConflict"):
        users.delete_user(UserName=user)
    users.delete_user_policy(UserName=user, PolicyName="rights")
    users.delete_user(UserName=user)
    with refused("NoSuchEntity", user):
        users.get_user(UserName=user)


def test_a_boundary_of_a_user_is_refused_by_name(users: Any) -> None:
    """Guards: the boundary is dropped, and the user has more rights here than at AWS."""
    boundary = users.create_policy(PolicyName=unique("boundary"), PolicyDocument=RIGHTS)["Policy"]["Arn"]
    with refused("NotEmulated", "iam:CreateUser", "PermissionsBoundary"):
        users.create_user(UserName=unique("user"), PermissionsBoundary=boundary)


def test_a_user_acts_by_its_policies(org: Emulator, users: Any, user: str) -> None:
    """Guards: a user's inline policy isn't evaluated, or a deleted one still is (access_policies)."""
    users.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=RIGHTS)
    key = users.create_access_key(UserName=user)["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], "", org.clock.now(), "")
    session = boto_session(credentials, org.region)
    storage = session.client("s3", endpoint_url=org.endpoint)
    storage.list_buckets()
    with refused("AccessDeniedException", "sqs:ListQueues", user):
        session.client("sqs", endpoint_url=org.endpoint).list_queues()
    users.delete_user_policy(UserName=user, PolicyName="rights")
    with refused("AccessDenied", "s3:ListAllMyBuckets"):
        storage.list_buckets()


@pytest.mark.parametrize(("text", "code"), [("{}", "MalformedPolicyDocument"), ("no json", "MalformedPolicyDocument")])
def test_a_malformed_policy_of_a_user_is_refused(users: Any, user: str, text: str, code: str) -> None:
    """Guards: a policy that grants nothing is stored (API_PutUserPolicy: MalformedPolicyDocument)."""
    with refused(code):
        users.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=text)


def test_a_user_s_inline_policies_have_a_limit(users: Any, user: str) -> None:
    """Guards: policies that AWS refuses (reference_iam-quotas: 2,048 characters of a user's inline policies)."""
    long = json.dumps(policy(allow("s3:GetObject", [f"arn:aws:s3:::{'b' * 60}-{n}/*" for n in range(30)])))
    with refused("LimitExceeded", "2048"):
        users.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=long)


def test_a_managed_policy_has_versions(iam: Any, managed: str) -> None:
    """Guards: a version isn't kept, or the wrong one is the default (API_CreatePolicyVersion, API_GetPolicyVersion)."""
    other = json.dumps(policy(allow("sqs:ListQueues")))
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=other)
    assert iam.get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"] == "v1"
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=other, SetAsDefault=True)
    assert iam.get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"] == "v3"
    shown = iam.get_policy_version(PolicyArn=managed, VersionId="v3")["PolicyVersion"]
    assert (shown["Document"], shown["IsDefaultVersion"]) == (json.loads(other), True)
    assert len(iam.list_policy_versions(PolicyArn=managed)["Versions"]) == 3


def test_a_managed_policy_has_five_versions_at_most(iam: Any, managed: str) -> None:
    """Guards: a sixth version is kept (reference_iam-quotas: 5 versions), or the default one deleted."""
    for _ in range(4):
        iam.create_policy_version(PolicyArn=managed, PolicyDocument=RIGHTS)
    with refused("LimitExceeded"):
        iam.create_policy_version(PolicyArn=managed, PolicyDocument=RIGHTS)
    with refused("DeleteConflict"):
        iam.delete_policy_version(PolicyArn=managed, VersionId="v1")
    iam.delete_policy_version(PolicyArn=managed, VersionId="v2")
    with refused("NoSuchEntity"):
        iam.get_policy_version(PolicyArn=managed, VersionId="v2")


def test_a_managed_policy_has_a_limit(iam: Any) -> None:
    """Guards: a document that AWS refuses (reference_iam-quotas: 6,144 characters, white space not counted)."""
    resources = [f"arn:aws:s3:::{'b' * 60}-{n}/*" for n in range(90)]
    long = json.dumps(policy(allow("s3:GetObject", resources)))
    with refused("LimitExceeded", "6144"):
        iam.create_policy(PolicyName=unique("policy"), PolicyDocument=long)


def test_a_policy_in_use_is_not_deleted(iam: Any, managed: str) -> None:
    """Guards: a role loses its rights by the deletion of their policy (API_DeletePolicy: DeleteConflict)."""
    role = new_role(iam, DEV)
    iam.attach_role_policy(RoleName=role, PolicyArn=managed)
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=managed)
    iam.detach_role_policy(RoleName=role, PolicyArn=managed)
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=RIGHTS)
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=managed)
    iam.delete_policy_version(PolicyArn=managed, VersionId="v2")
    iam.delete_policy(PolicyArn=managed)
    with refused("NoSuchEntity"):
        iam.get_policy(PolicyArn=managed)


def test_what_is_not_attached_is_not_detached(iam: Any, managed: str) -> None:
    """Guards: an empty success (API_DetachRolePolicy: NoSuchEntity)."""
    with refused("NoSuchEntity"):
        iam.detach_role_policy(RoleName=new_role(iam, DEV), PolicyArn=managed)


def test_a_role_has_ten_managed_policies_at_most(iam: Any) -> None:
    """Guards: an eleventh policy is attached (reference_iam-quotas: 10 by default)."""
    role = new_role(iam, DEV)
    made = [iam.create_policy(PolicyName=unique("p"), PolicyDocument=RIGHTS)["Policy"]["Arn"] for _ in range(11)]
    for arn in made[:10]:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    with refused("LimitExceeded", "PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName=role, PolicyArn=made[10])


def test_a_boundary_is_put_and_taken_away(iam: Any) -> None:
    """Guards: a boundary stays after its deletion, or its policy goes first (API_DeleteRolePermissionsBoundary)."""
    document = json.dumps(policy(deny("s3:*")))
    boundary = iam.create_policy(PolicyName=unique("boundary"), PolicyDocument=document)["Policy"]["Arn"]
    role = new_role(iam, DEV)
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
    assert iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=boundary)
    iam.delete_role_permissions_boundary(RoleName=role)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]


def test_a_role_s_description_and_session_length_change(iam: Any) -> None:
    """Guards: an update is taken and forgotten (API_UpdateRole; MaxSessionDuration 3,600 to 43,200 s)."""
    role = new_role(iam, DEV)
    iam.update_role(RoleName=role, Description="reads", MaxSessionDuration=7200)
    shown = iam.get_role(RoleName=role)["Role"]
    assert (shown["Description"], shown["MaxSessionDuration"]) == ("reads", 7200)
    with refused("ValidationError", "maxSessionDuration"):
        iam.update_role(RoleName=role, MaxSessionDuration=43_201)
