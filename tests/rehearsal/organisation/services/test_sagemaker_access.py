"""Who may do what in the registry: the condition keys of the reference, RAM's union, and what AWS reads itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.registry_world import (
    DEV,
    HUB,
    READ,
    TEST,
    Client,
    Statement,
    allow,
    bucket_with_artifact,
    new_group,
    refused,
    role_with,
    share,
    version_of,
)

PENDING = {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}


@pytest.fixture(scope="module")
def url(client: Client) -> str:
    return bucket_with_artifact(client)


@pytest.fixture(scope="module")
def hub(client: Client) -> Any:
    return client("hub", None, "sagemaker")


@pytest.fixture(scope="module", autouse=True)
def room_for_permissions(client: Client) -> Any:
    """An account has 10 customer-managed permissions per resource type: these tests leave none."""
    yield
    ram = client("hub", None, "ram")
    for found in ram.get_resource_shares(resourceOwner="SELF", resourceShareStatus="ACTIVE")["resourceShares"]:
        ram.delete_resource_share(resourceShareArn=found["resourceShareArn"])
    for found in ram.list_permissions()["permissions"]:
        ram.delete_permission(permissionArn=found["arn"])


@pytest.fixture(scope="module")
def group(client: Client) -> str:
    """A group shared as the design shares it: read and conditioned register with dev, read with test."""
    group = new_group(client)
    share(client, group, [DEV, TEST], *READ)
    condition = {
        "StringEquals": {
            "sagemaker:ModelApprovalStatus": "PendingManualApproval",
            "sagemaker:ModelLifeCycle:Stage": "Development",
        }
    }
    share(client, group, [DEV], "sagemaker:CreateModelPackage", condition=condition)
    return group


def denied(operation: Any, **parameters: Any) -> str:
    return refused("AccessDeniedException", operation, **parameters)


class TestSharedGroups:
    def test_a_contributor_registers_by_the_group_s_arn(self, client: Client, group: str, url: str, hub: Any) -> None:
        """Guards: registering across accounts fails, or the version lands in the contributor's account."""
        role = role_with(client, "dev", allow("sagemaker:CreateModelPackage"))
        made = client("dev", role, "sagemaker").create_model_package(**version_of(group, url))["ModelPackageArn"]
        assert made.startswith(f"arn:aws:sagemaker:eu-west-1:{HUB}:model-package/")
        actor = hub.describe_model_package(ModelPackageName=made)["CreatedBy"]["IamIdentity"]
        assert actor["Arn"].startswith(f"arn:aws:sts::{DEV}:assumed-role/{role}/")

    def test_the_bare_name_means_the_caller_s_own_account(self, client: Client, group: str) -> None:
        """Guards: a bare name reaches the hub's group (cross-account callers must pass the full ARN)."""
        name = group.rsplit("/", 1)[1]
        registry = client("dev", None, "sagemaker")
        refused("ValidationException", registry.describe_model_package_group, ModelPackageGroupName=name)

    @pytest.mark.parametrize(
        "change",
        [
            {"ModelApprovalStatus": "Approved"},
            {"ModelApprovalStatus": "Rejected"},
            {"ModelApprovalStatus": None},
            {"ModelLifeCycle": {"Stage": "Production", "StageStatus": "PendingApproval"}},
            {"ModelLifeCycle": None},
        ],
    )
    def test_the_permission_s_condition_binds(
        self, client: Client, group: str, url: str, change: dict[str, Any]
    ) -> None:
        """Guards: an administrator of a contributor registers an approved version, or one without the key."""
        request = {key: value for key, value in (version_of(group, url) | change).items() if value is not None}
        denied(client("dev", None, "sagemaker").create_model_package, **request)

    def test_what_is_not_shared_is_denied(self, client: Client, group: str, url: str, hub: Any) -> None:
        """Guards: a share grants more than its actions."""
        package = hub.create_model_package(**version_of(group, url))["ModelPackageArn"]
        for account in ("dev", "test"):
            registry = client(account, None, "sagemaker")
            assert registry.describe_model_package(ModelPackageName=package)["ModelPackageArn"] == package
            denied(registry.update_model_package, ModelPackageArn=package, ModelApprovalStatus="Approved")
            denied(registry.delete_model_package, ModelPackageName=package)
        denied(client("test", None, "sagemaker").create_model_package, **version_of(group, url))
        denied(client("prod", None, "sagemaker").describe_model_package, ModelPackageName=package)
        denied(client("outsider", None, "sagemaker").describe_model_package, ModelPackageName=package)

    def test_shares_are_a_union(self, client: Client, url: str) -> None:
        """Guards: a wide share beside a narrow one is taken for an intersection (RAM: one policy, the union)."""
        group = new_group(client)
        share(client, group, [DEV], "sagemaker:CreateModelPackage", condition=PENDING)
        approved = version_of(group, url, ModelApprovalStatus="Approved")
        registry = client("dev", None, "sagemaker")
        denied(registry.create_model_package, **approved)
        share(client, group, [DEV], "sagemaker:CreateModelPackage")
        assert registry.create_model_package(**approved)["ModelPackageArn"]

    def test_the_share_alone_is_not_enough(self, client: Client, group: str) -> None:
        """Guards: a role without rights of its own reads the hub's registry (both sides must allow)."""
        role = role_with(client, "dev", allow("s3:ListAllMyBuckets"))
        denied(client("dev", role, "sagemaker").describe_model_package_group, ModelPackageGroupName=group)

    def test_shared_groups_are_listed_on_request(self, client: Client, group: str) -> None:
        """Guards: a group that was shared can't be found, or shows up among one's own."""
        registry = client("test", None, "sagemaker")
        shared = registry.list_model_package_groups(CrossAccountFilterOption="CrossAccount", MaxResults=100)
        assert group in [row["ModelPackageGroupArn"] for row in shared["ModelPackageGroupSummaryList"]]
        own = registry.list_model_package_groups(MaxResults=100)["ModelPackageGroupSummaryList"]
        assert group not in [row["ModelPackageGroupArn"] for row in own]
        outside = client("prod", None, "sagemaker").list_model_package_groups(CrossAccountFilterOption="CrossAccount")
        assert outside["ModelPackageGroupSummaryList"] == []

    def test_a_consumer_lists_versions_by_the_group_s_arn(self, client: Client, group: str, hub: Any, url: str) -> None:
        """Guards: a consumer can't find what it may deploy."""
        hub.create_model_package(**version_of(group, url))
        rows = client("test", None, "sagemaker").list_model_packages(ModelPackageGroupName=group)
        assert rows["ModelPackageSummaryList"]


def deny(condition: dict[str, Any], *actions: str) -> Statement:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", "Condition": condition}


class TestConditionKeys:
    """The keys of the Service Authorization Reference, present only when the request carries the field."""

    def registers(self, client: Client, statement: Statement, group: str, url: str, **change: Any) -> bool:
        role = role_with(client, "hub", allow("sagemaker:*"), statement)
        request = {key: value for key, value in (version_of(group, url) | change).items() if value is not None}
        registry = client("hub", role, "sagemaker")
        try:
            registry.create_model_package(**request)
        except registry.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return False
        return True

    def test_an_absent_status_passes_a_positive_deny(self, client: Client, group: str, url: str) -> None:
        """Guards: the key is there although the field isn't (absent keys never match a positive operator)."""
        statement = deny(
            {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}, "sagemaker:CreateModelPackage"
        )
        assert self.registers(client, statement, group, url, ModelApprovalStatus=None)
        assert not self.registers(client, statement, group, url, ModelApprovalStatus="Approved")

    def test_an_absent_stage_meets_a_negated_deny(self, client: Client, group: str, url: str) -> None:
        """Guards: a version without a stage passes "only Development" (a negated operator matches an absent key)."""
        statement = deny(
            {"StringNotEquals": {"sagemaker:ModelLifeCycle:Stage": "Development"}}, "sagemaker:CreateModelPackage"
        )
        assert self.registers(client, statement, group, url)
        assert not self.registers(client, statement, group, url, ModelLifeCycle=None)

    def test_the_name_of_a_key_has_no_case_but_its_signs_count(self, client: Client, group: str, url: str) -> None:
        """Guards: the developer guide's `:stage` is another key than the reference's `:Stage`."""
        spelt = deny(
            {"StringEquals": {"sagemaker:modellifecycle:stage": "Development"}}, "sagemaker:CreateModelPackage"
        )
        assert not self.registers(client, spelt, group, url)
        other = deny(
            {"StringEquals": {"sagemaker:ModelLifeCycle/stage": "Development"}}, "sagemaker:CreateModelPackage"
        )
        assert self.registers(client, other, group, url)

    def test_metadata_sent_held_and_removed_have_keys(self, client: Client, group: str, url: str, hub: Any) -> None:
        """Guards: a rule on CustomerMetadataProperties sees the wrong side of the change."""
        made = hub.create_model_package(**version_of(group, url, CustomerMetadataProperties={"tier": "1"}))
        package = made["ModelPackageArn"]
        for key, value in (
            ("sagemaker:CustomerMetadataProperties/tier", "2"),
            ("sagemaker:CurrentCustomerMetadataProperties/tier", "1"),
            ("sagemaker:CurrentModelLifeCycleStage", "Development"),
            ("sagemaker:CurrentModelLifeCycleStageStatus", "PendingApproval"),
        ):
            role = role_with(
                client,
                "hub",
                allow("sagemaker:*"),
                deny({"StringEquals": {key: value}}, "sagemaker:UpdateModelPackage"),
            )
            update = client("hub", role, "sagemaker").update_model_package
            denied(update, ModelPackageArn=package, CustomerMetadataProperties={"tier": "2"})
        removal = deny(
            {"ForAnyValue:StringEquals": {"sagemaker:CustomerMetadataPropertiesToRemove": "tier"}},
            "sagemaker:UpdateModelPackage",
        )
        update = client(
            "hub", role_with(client, "hub", allow("sagemaker:*"), removal), "sagemaker"
        ).update_model_package
        denied(update, ModelPackageArn=package, CustomerMetadataPropertiesToRemove=["tier", "other"])
        update(ModelPackageArn=package, CustomerMetadataPropertiesToRemove=["other"])

    def test_creating_is_allowed_on_the_versions_of_a_group(self, client: Client, group: str, url: str) -> None:
        """Guards: CreateModelPackage is granted on the group's ARN (the reference: resource type model-package)."""
        name = group.rsplit("/", 1)[1]
        versions = f"arn:aws:sagemaker:eu-west-1:{HUB}:model-package/{name}/*"
        on_versions = role_with(client, "hub", allow("sagemaker:CreateModelPackage", resource=versions))
        on_group = role_with(client, "hub", allow("sagemaker:CreateModelPackage", resource=group))
        assert client("hub", on_versions, "sagemaker").create_model_package(**version_of(group, url))
        denied(client("hub", on_group, "sagemaker").create_model_package, **version_of(group, url))


class TestWhatAwsReads:
    def test_a_bucket_closed_to_the_registry_s_account_stops_registration(
        self, client: Client, org: Emulator, hub: Any
    ) -> None:
        """Guards: a Deny-all-but list on the bucket breaks registration on AWS and passes here."""
        url = bucket_with_artifact(client)
        group = new_group(client)
        bucket = url.split("/")[2]
        role = role_with(client, "hub", allow("sagemaker:*", "s3:*"))
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyThePublisher", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
                    "Resource": f"arn:aws:s3:::{bucket}/*",
                    "Condition": {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{HUB}:role/{role}"}},
                }
            ],
        }  # fmt: skip
        client("hub", None, "s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        registry = client("hub", role, "sagemaker")
        message = refused("ValidationException", registry.create_model_package, **version_of(group, url))
        assert "OnlyThePublisher" in message
        rows = [row for row in org.log if row["operation"] == "GetObject" and row["decision"] == "denied"]
        assert "the registry's account" in rows[-1]["reason"]

    def test_an_encrypted_version_is_decrypted_as_the_reader(self, client: Client, url: str, hub: Any) -> None:
        """Guards: reading an encrypted version back needs no key (DescribeModelPackage calls kms:Decrypt)."""
        key = client("hub", None, "kms").create_key()["KeyMetadata"]["Arn"]
        group = new_group(client)
        made = hub.create_model_package(**version_of(group, url, SecurityConfig={"KmsKeyId": key}))
        reader = client("hub", role_with(client, "hub", allow("sagemaker:DescribeModelPackage")), "sagemaker")
        message = denied(reader.describe_model_package, ModelPackageName=made["ModelPackageArn"])
        assert "kms:Decrypt" in message
        assert reader.describe_model_package(ModelPackageName=made["ModelPackageArn"], IncludedData="MetadataOnly")
