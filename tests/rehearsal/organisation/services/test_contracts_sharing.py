"""RAM's and SageMaker's rules on what the other tests leave out, each by the page that states it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.organisation.services.registry_world import (
    DEV,
    GROUP_TYPE,
    OUTSIDER,
    READ,
    TEST,
    Client,
    allow,
    bucket_with_artifact,
    new_group,
    refused,
    role_with,
    unique,
    version_of,
)

TEMPLATE = json.dumps({"Effect": "Allow", "Action": list(READ)})


@pytest.fixture(scope="module")
def ram(client: Client) -> Any:
    return client("hub", None, "ram")


@pytest.fixture
def permission(ram: Any) -> Any:
    """An account has 10 customer-managed permissions per resource type: each test leaves none."""
    created = ram.create_permission(name=unique("p"), resourceType=GROUP_TYPE, policyTemplate=TEMPLATE)
    yield str(created["permission"]["arn"])
    for found in ram.get_resource_shares(resourceOwner="SELF", resourceShareStatus="ACTIVE")["resourceShares"]:
        ram.delete_resource_share(resourceShareArn=found["resourceShareArn"])
    for found in ram.list_permissions()["permissions"]:
        ram.delete_permission(permissionArn=found["arn"])


@pytest.fixture
def share(ram: Any, permission: str) -> str:
    made = ram.create_resource_share(name=unique("s"), permissionArns=[permission], allowExternalPrincipals=False)
    return str(made["resourceShare"]["resourceShareArn"])


def test_association_by_association_a_group_is_shared(client: Client, ram: Any, share: str) -> None:
    """Guards: an association is answered and grants nothing, or grants beyond its end (API_AssociateResourceShare)."""
    group = new_group(client)
    spoke = client("dev", None, "sagemaker")
    refused("AccessDeniedException", spoke.describe_model_package_group, ModelPackageGroupName=group)
    ram.associate_resource_share(resourceShareArn=share, resourceArns=[group], principals=[DEV])
    spoke.describe_model_package_group(ModelPackageGroupName=group)
    assert [one["id"] for one in ram.list_principals(resourceOwner="SELF", resourceArn=group)["principals"]] == [DEV]
    ram.disassociate_resource_share(resourceShareArn=share, principals=[DEV])
    refused("AccessDeniedException", spoke.describe_model_package_group, ModelPackageGroupName=group)


def test_an_association_needs_the_right_to_it(client: Client, share: str) -> None:
    """Guards: whoever may list shares may widen them (list_awsresourceaccessmanager: AssociateResourceShare)."""
    reader = client("hub", role_with(client, "hub", allow("ram:Get*", "ram:List*")), "ram")
    told = refused("AccessDeniedException", reader.associate_resource_share, resourceShareArn=share, principals=[DEV])
    assert "ram:AssociateResourceShare" in told
    assert share in told


def test_a_closed_share_takes_no_outsider(ram: Any, share: str) -> None:
    """Guards: an account outside the organisation gets a share that forbids it (allowExternalPrincipals)."""
    refused("InvalidParameterException", ram.associate_resource_share, resourceShareArn=share, principals=[OUTSIDER])
    ram.update_resource_share(resourceShareArn=share, allowExternalPrincipals=True)
    ram.associate_resource_share(resourceShareArn=share, principals=[OUTSIDER])
    refused(
        "OperationNotPermittedException", ram.update_resource_share, resourceShareArn=share,
        allowExternalPrincipals=False,
    )  # fmt: skip


def test_a_share_is_renamed_by_its_owner_only(client: Client, ram: Any, share: str) -> None:
    """Guards: a change is dropped, or made by a consumer (API_UpdateResourceShare)."""
    name = unique("renamed")
    ram.update_resource_share(resourceShareArn=share, name=name)
    assert ram.get_resource_shares(resourceOwner="SELF", name=name)["resourceShares"][0]["resourceShareArn"] == share
    ram.associate_resource_share(resourceShareArn=share, principals=[TEST])
    consumer = client("test", None, "ram")
    refused("AccessDeniedException", consumer.update_resource_share, resourceShareArn=share, name="mine")


def test_a_share_with_resources_keeps_its_permission(client: Client, ram: Any, share: str, permission: str) -> None:
    """Guards: a shared group without any permission (API_DisassociateResourceSharePermission)."""
    group = new_group(client)
    ram.associate_resource_share(resourceShareArn=share, resourceArns=[group])
    refused(
        "OperationNotPermittedException", ram.disassociate_resource_share_permission, resourceShareArn=share,
        permissionArn=permission,
    )  # fmt: skip
    ram.disassociate_resource_share(resourceShareArn=share, resourceArns=[group])
    ram.disassociate_resource_share_permission(resourceShareArn=share, permissionArn=permission)
    assert ram.list_resource_share_permissions(resourceShareArn=share)["permissions"] == []


def test_versions_of_a_permission_are_listed_chosen_and_deleted(ram: Any, permission: str) -> None:
    """Guards: the default version is another one than said (API_SetDefaultPermissionVersion)."""
    ram.create_permission_version(permissionArn=permission, policyTemplate=TEMPLATE)
    ram.set_default_permission_version(permissionArn=permission, permissionVersion=1)
    shown = ram.list_permission_versions(permissionArn=permission)["permissions"]
    assert sorted((one["version"], one["defaultVersion"]) for one in shown) == [("1", True), ("2", False)]
    refused(
        "OperationNotPermittedException", ram.delete_permission_version, permissionArn=permission, permissionVersion=1
    )
    ram.delete_permission_version(permissionArn=permission, permissionVersion=2)
    assert len(ram.list_permission_versions(permissionArn=permission)["permissions"]) == 1
    refused(
        "UnknownResourceException", ram.set_default_permission_version, permissionArn=permission, permissionVersion=2
    )


def test_tags_of_a_share_come_and_go(ram: Any, share: str) -> None:
    """Guards: a tag is dropped (API_TagResource, API_UntagResource)."""
    ram.tag_resource(resourceShareArn=share, tags=[{"key": "a", "value": "b"}, {"key": "c", "value": "d"}])
    ram.untag_resource(resourceShareArn=share, tagKeys=["a"])
    shown = ram.get_resource_shares(resourceOwner="SELF", resourceShareArns=[share])["resourceShares"][0]
    assert shown["tags"] == [{"key": "c", "value": "d"}]


def test_models_and_configurations_are_listed_per_account(client: Client) -> None:
    """Guards: a list of all accounts, or one without a filter (API_ListModels, API_ListEndpointConfigs)."""
    registry, url, group = client("hub", None, "sagemaker"), bucket_with_artifact(client), new_group(client)
    package = registry.create_model_package(**version_of(group, url, ModelApprovalStatus="Approved"))["ModelPackageArn"]
    role, name = unique("serving"), unique("m")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = client("hub", None, "iam")
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    rights = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject")]}
    iam.put_role_policy(RoleName=role, PolicyName="rights", PolicyDocument=json.dumps(rights))
    registry.create_model(ModelName=name, ExecutionRoleArn=arn, PrimaryContainer={"ModelPackageName": package})
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    registry.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    other = client("dev", None, "sagemaker")
    assert [one["ModelName"] for one in registry.list_models(NameContains=name)["Models"]] == [name]
    configs = registry.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    assert [one["EndpointConfigName"] for one in configs] == [name]
    assert (other.list_models()["Models"], other.list_endpoint_configs()["EndpointConfigs"]) == ([], [])
