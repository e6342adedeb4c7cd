"""The model registry through boto3: groups, versions, updates, listings, deletions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.organisation.services.registry_world import (
    HUB,
    Client,
    bucket_with_artifact,
    new_group,
    refused,
    unique,
    version_of,
)

CARD = {"model_overview": {"model_creator": "risk team"}, "intended_uses": {"risk_rating": "Medium"}}


@pytest.fixture(scope="module")
def url(client: Client) -> str:
    return bucket_with_artifact(client)


@pytest.fixture(scope="module")
def registry(client: Client) -> Any:
    return client("hub", None, "sagemaker")


@pytest.fixture
def group(client: Client) -> str:
    return new_group(client)


@pytest.fixture
def package(registry: Any, group: str, url: str) -> str:
    card = {"ModelCardContent": json.dumps(CARD), "ModelCardStatus": "Draft"}
    made = registry.create_model_package(
        **version_of(group, url, ModelCard=card, CustomerMetadataProperties={"team": "risk", "cost": "1"})
    )
    return str(made["ModelPackageArn"])


def described(registry: Any, package: str) -> dict[str, Any]:
    found: dict[str, Any] = registry.describe_model_package(ModelPackageName=package)
    return found


class TestGroups:
    def test_a_group_is_found_by_name_and_by_arn(self, registry: Any) -> None:
        """Guards: a group answers to one of its two names only (DescribeModelPackageGroup)."""
        name = unique("Group")
        arn = registry.create_model_package_group(
            ModelPackageGroupName=name, ModelPackageGroupDescription="d", Tags=[{"Key": "a", "Value": "b"}]
        )["ModelPackageGroupArn"]
        assert arn == f"arn:aws:sagemaker:eu-west-1:{HUB}:model-package-group/{name}"
        for given in (name, arn):
            found = registry.describe_model_package_group(ModelPackageGroupName=given)
            assert (found["ModelPackageGroupName"], found["ModelPackageGroupStatus"]) == (name, "Completed")
            assert found["CreatedBy"]["IamIdentity"]["Arn"].startswith(f"arn:aws:sts::{HUB}:assumed-role/")
        assert registry.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]

    def test_a_taken_name_is_refused(self, registry: Any, group: str) -> None:
        """Guards: creating before deleting on a replace passes (AWS: ValidationException, already exists)."""
        name = group.rsplit("/", 1)[1]
        message = refused("ValidationException", registry.create_model_package_group, ModelPackageGroupName=name)
        assert message == f"Model Package Group already exists: {group}"

    def test_a_missing_group_is_said_to_be_missing(self, registry: Any) -> None:
        """Guards: clients that look for 'does not exist' in a ValidationException take it for another error."""
        message = refused(
            "ValidationException", registry.describe_model_package_group, ModelPackageGroupName=unique("none")
        )
        assert "does not exist" in message

    def test_only_an_empty_group_can_be_deleted(self, registry: Any, group: str, package: str) -> None:
        """Guards: a destroy takes registered versions along (boto:sagemaker ConflictException)."""
        refused("ConflictException", registry.delete_model_package_group, ModelPackageGroupName=group)
        registry.delete_model_package(ModelPackageName=package)
        registry.delete_model_package_group(ModelPackageGroupName=group)
        refused("ValidationException", registry.describe_model_package_group, ModelPackageGroupName=group)

    def test_names_follow_the_model_s_pattern(self, registry: Any) -> None:
        """Guards: a name with an underscore, which moto takes and AWS refuses (boto:sagemaker EntityName)."""
        refused("ValidationException", registry.create_model_package_group, ModelPackageGroupName="under_score")

    def test_lists_are_sorted_filtered_and_paged(self, registry: Any) -> None:
        """Guards: a listing that loses groups between its pages."""
        mark = unique("L")
        names = [f"{mark}-{letter}" for letter in "bca"]
        for name in names:
            registry.create_model_package_group(ModelPackageGroupName=name)
        asked = {"NameContains": mark, "SortBy": "Name", "SortOrder": "Descending", "MaxResults": 2}
        first = registry.list_model_package_groups(**asked)
        second = registry.list_model_package_groups(**asked, NextToken=first["NextToken"])
        rows = first["ModelPackageGroupSummaryList"] + second["ModelPackageGroupSummaryList"]
        assert [row["ModelPackageGroupName"] for row in rows] == sorted(names, reverse=True)
        assert "NextToken" not in second
        refused("ValidationException", registry.list_model_package_groups, NextToken="nonsense")


class TestVersions:
    def test_versions_are_numbered_per_group(self, registry: Any, group: str, url: str) -> None:
        """Guards: two versions of one number, or a number that is given again after a deletion."""
        arns = [registry.create_model_package(**version_of(group, url))["ModelPackageArn"] for _ in range(2)]
        assert [arn.rsplit("/", 1)[1] for arn in arns] == ["1", "2"]
        registry.delete_model_package(ModelPackageName=arns[1])
        third = registry.create_model_package(**version_of(group, url))["ModelPackageArn"]
        assert third.endswith("/3")

    def test_a_version_shows_who_made_it_and_how_it_stands(self, registry: Any, package: str, group: str) -> None:
        """Guards: the ledger's actor and first state are lost (boto:sagemaker DescribeModelPackage)."""
        found = described(registry, package)
        assert found["ModelPackageGroupName"] == group.rsplit("/", 1)[1]
        assert (found["ModelPackageVersion"], found["ModelPackageStatus"]) == (1, "Completed")
        assert found["ModelApprovalStatus"] == "PendingManualApproval"
        assert found["ModelLifeCycle"] == {"Stage": "Development", "StageStatus": "PendingApproval"}
        assert found["CreatedBy"] == found["LastModifiedBy"]
        assert set(found["CreatedBy"]["IamIdentity"]) == {"Arn", "PrincipalId"}
        assert found["InferenceSpecification"]["Containers"][0]["ModelDataETag"]

    def test_a_version_waits_for_approval_by_default(self, registry: Any, group: str, url: str) -> None:
        """Guards: a version registered without a status is approved (boto:sagemaker CreateModelPackage)."""
        request = version_of(group, url)
        del request["ModelApprovalStatus"], request["ModelLifeCycle"]
        made = registry.create_model_package(**request)["ModelPackageArn"]
        found = described(registry, made)
        assert found["ModelApprovalStatus"] == "PendingManualApproval"
        assert "ModelLifeCycle" not in found

    def test_a_version_has_no_tags_of_its_own(self, registry: Any, group: str, url: str) -> None:
        """Guards: tags on versions, which CreateModelPackage refuses beside a group (boto:sagemaker)."""
        request = version_of(group, url, Tags=[{"Key": "a", "Value": "b"}])
        message = refused("ValidationException", registry.create_model_package, **request)
        assert "tags of its model package group" in message

    def test_group_and_package_name_exclude_each_other(self, registry: Any, group: str, url: str) -> None:
        """Guards: an unversioned package slips in beside the group."""
        request = version_of(group, url, ModelPackageName=unique("p"))
        refused("ValidationException", registry.create_model_package, **request)

    def test_a_missing_artifact_is_refused(self, registry: Any, group: str, url: str) -> None:
        """Guards: a version that nobody can serve is registered (model-registry-version)."""
        message = refused("ValidationException", registry.create_model_package, **version_of(group, url + ".none"))
        assert "Could not access model data at" in message

    def test_a_stage_s_status_follows_the_pattern(self, registry: Any, group: str, url: str) -> None:
        """Guards: a status that no policy's value can equal (boto:sagemaker ModelLifeCycle, EntityName)."""
        request = version_of(group, url, ModelLifeCycle={"Stage": "Development", "StageStatus": "Pending approval"})
        refused("ValidationException", registry.create_model_package, **request)

    def test_a_client_token_registers_once(self, registry: Any, group: str, url: str) -> None:
        """Guards: a retried registration makes a second version (boto:sagemaker ClientToken)."""
        token = unique("t")
        first = registry.create_model_package(**version_of(group, url, ClientToken=token))
        again = registry.create_model_package(**version_of(group, url, ClientToken=token))
        assert first["ModelPackageArn"] == again["ModelPackageArn"]
        other = version_of(group, url, ClientToken=token, ModelPackageDescription="another")
        refused("ConflictException", registry.create_model_package, **other)

    def test_a_clone_waits_for_approval(self, registry: Any, package: str, group: str) -> None:
        """Guards: cloning an approved version makes another approved one unseen (SourceUri)."""
        registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        made = registry.create_model_package(ModelPackageGroupName=group, SourceUri=package)["ModelPackageArn"]
        found = described(registry, made)
        original = described(registry, package)
        assert found["ModelApprovalStatus"] == "PendingManualApproval"
        assert found["InferenceSpecification"] == original["InferenceSpecification"]
        assert found["SourceUri"] == package

    def test_a_missing_version_is_said_to_be_missing(self, registry: Any, package: str) -> None:
        """Guards: a deleted version is still described."""
        registry.delete_model_package(ModelPackageName=package)
        message = refused("ValidationException", registry.describe_model_package, ModelPackageName=package)
        assert message == f"ModelPackage {package} does not exist."

    def test_lists_show_a_group_s_versions(self, registry: Any, package: str, group: str, url: str) -> None:
        """Guards: the reconcile walk misses versions, or lists unversioned ones it never asked for."""
        registry.create_model_package(**version_of(group, url, ModelApprovalStatus="Rejected"))
        listed = registry.list_model_packages(ModelPackageGroupName=group, SortOrder="Descending")
        rows = listed["ModelPackageSummaryList"]
        assert [row["ModelPackageVersion"] for row in rows] == [2, 1]
        assert rows[1]["ModelLifeCycle"]["Stage"] == "Development"
        rejected = registry.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Rejected")
        assert [row["ModelPackageVersion"] for row in rejected["ModelPackageSummaryList"]] == [2]
        assert registry.list_model_packages()["ModelPackageSummaryList"] == []
        name = group.rsplit("/", 1)[1]
        found = registry.list_model_packages(ModelPackageType="Versioned", NameContains=name)
        assert len(found["ModelPackageSummaryList"]) == 2

    def test_batch_describe_reports_what_is_missing(self, registry: Any, package: str) -> None:
        """Guards: one missing version fails the whole batch (boto:sagemaker BatchDescribeModelPackage)."""
        missing = package.replace("/1", "/9")
        found = registry.batch_describe_model_package(ModelPackageArnList=[package, missing])
        assert set(found["ModelPackageSummaries"]) == {package}
        assert set(found["BatchDescribeModelPackageErrorMap"]) == {missing}


class TestUpdates:
    def test_metadata_is_merged_and_removed_by_name(self, registry: Any, package: str) -> None:
        """Guards: an update replaces all metadata (moto does), so other writers' keys vanish."""
        registry.update_model_package(ModelPackageArn=package, CustomerMetadataProperties={"cost": "2", "stage": "x"})
        assert described(registry, package)["CustomerMetadataProperties"] == {"team": "risk", "cost": "2", "stage": "x"}
        registry.update_model_package(ModelPackageArn=package, CustomerMetadataPropertiesToRemove=["team", "stage"])
        assert described(registry, package)["CustomerMetadataProperties"] == {"cost": "2"}

    def test_an_update_leaves_the_rest_alone(self, registry: Any, package: str) -> None:
        """Guards: an approval loses the life cycle (moto drops it) or the card."""
        before = described(registry, package)
        registry.update_model_package(
            ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="validated"
        )
        after = described(registry, package)
        changed = {key for key in after if after[key] != before.get(key)} - {"ResponseMetadata"}
        assert changed == {"ModelApprovalStatus", "ApprovalDescription", "LastModifiedTime"}
        assert after["LastModifiedTime"] >= before["LastModifiedTime"]
        assert after["CreationTime"] == before["CreationTime"]

    def test_a_life_cycle_replaces_the_former(self, registry: Any, package: str) -> None:
        """Guards: a version holds a mix of two life cycles."""
        stage = {"Stage": "Staging", "StageStatus": "Approved", "StageDescription": "ok"}
        registry.update_model_package(ModelPackageArn=package, ModelLifeCycle=stage)
        assert described(registry, package)["ModelLifeCycle"] == stage

    def test_a_refused_update_changes_nothing(self, registry: Any, package: str) -> None:
        """Guards: half of an update is stored."""
        before = described(registry, package)
        refused(
            "ValidationException", registry.update_model_package, ModelPackageArn=package,
            ModelApprovalStatus="Approved", ModelCard={"ModelCardContent": "not json"},
        )  # fmt: skip
        after = described(registry, package)
        assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}

    def test_a_swapped_artifact_must_exist(self, registry: Any, package: str, url: str) -> None:
        """Guards: an update points a version at nothing."""
        specification = {"Containers": [{"Image": "i", "ModelDataUrl": url + ".none"}]}
        refused(
            "ValidationException", registry.update_model_package, ModelPackageArn=package,
            InferenceSpecification=specification,
        )  # fmt: skip

    def test_additional_specifications_are_added_once(self, registry: Any, package: str) -> None:
        """Guards: two specifications of one name (AdditionalInferenceSpecificationsToAdd)."""
        extra = [{"Name": "neo", "Containers": [{"Image": "i"}]}]
        registry.update_model_package(ModelPackageArn=package, AdditionalInferenceSpecificationsToAdd=extra)
        assert described(registry, package)["AdditionalInferenceSpecifications"] == extra
        refused(
            "ValidationException", registry.update_model_package, ModelPackageArn=package,
            AdditionalInferenceSpecificationsToAdd=extra,
        )  # fmt: skip


class TestCards:
    @pytest.mark.parametrize(
        "content",
        [
            {"model_overview": {"model_description": "not in a package's card"}},
            {"business_details": {"purpose_of_model": "belongs to intended_uses"}},
            {"intended_uses": {"risk_rating": "Enormous"}},
            {"additional_information": {"custom_details": {"n": 1}}},
            {"evaluation_details": [{"evaluation_observation": "no name"}]},
        ],
    )
    def test_content_follows_the_schema(self, registry: Any, package: str, content: dict[str, Any]) -> None:
        """Guards: a card with keys that AWS's closed schema doesn't know (the reference system reads two such)."""
        card = {"ModelCardContent": json.dumps(content)}
        message = refused("ValidationException", registry.update_model_package, ModelPackageArn=package, ModelCard=card)
        assert "Invalid ModelCardContent" in message

    def test_an_archived_card_s_content_is_fixed(self, registry: Any, package: str) -> None:
        """Guards: an archived card is rewritten (boto:sagemaker ModelPackageModelCard)."""
        registry.update_model_package(ModelPackageArn=package, ModelCard={"ModelCardStatus": "Archived"})
        other = {"ModelCardContent": json.dumps({"intended_uses": {"risk_rating": "Low"}})}
        message = refused(
            "ValidationException", registry.update_model_package, ModelPackageArn=package, ModelCard=other
        )
        assert message == "Model Card is in Archived state"

    def test_metadata_only_blanks_the_content(self, registry: Any, package: str) -> None:
        """Guards: a digest is made of a blanked card (DescribeModelPackage IncludedData)."""
        found = registry.describe_model_package(ModelPackageName=package, IncludedData="MetadataOnly")
        assert found["ModelCard"] == {"ModelCardContent": "", "ModelCardStatus": "Draft"}


@pytest.mark.parametrize("operation", ["put_model_package_group_policy", "get_model_package_group_policy"])
def test_group_policies_are_refused_by_name(registry: Any, group: str, operation: str) -> None:
    """Guards: a second granting mechanism beside RAM, OR-ed with it, goes unnoticed."""
    parameters = {"ModelPackageGroupName": group.rsplit("/", 1)[1]}
    if operation.startswith("put"):
        parameters["ResourcePolicy"] = "{}"
    message = refused("NotEmulated", getattr(registry, operation), **parameters)
    assert "ModelPackageGroupPolicy" in message
