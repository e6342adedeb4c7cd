"""Batch transform jobs, the actions that a life cycle leaves, and what all the lists of hosting have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.hosting_world import INSTANCE, Emitted, Hall, slow_down
from tests.rehearsal.organisation.services.registry_world import (
    DEV,
    Client,
    allow,
    new_group,
    refused,
    role_with,
    share,
    unique,
    version_of,
)


@pytest.fixture(autouse=True)
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_down(monkeypatch)


@pytest.fixture(scope="module")
def hall(org: Emulator, client: Client) -> Hall:
    return Hall.of(org, client)


def job_of(model: str, **more: Any) -> dict[str, Any]:
    return {
        "TransformJobName": unique("Job"),
        "ModelName": model,
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


class TestTransformJobs:
    def test_one_ends_on_the_clock_and_tells_so(
        self, hall: Hall, org: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Guards: a job without end, or an event of another shape (the guide's sample: ISO times)."""
        emitted: Emitted = []
        job = job_of(hall.model(), Tags=[{"Key": "team", "Value": "risk"}])
        monkeypatch.setattr(org, "emit", lambda *event: emitted.append(event))
        arn = hall.sagemaker.create_transform_job(**job)["TransformJobArn"]
        name = job["TransformJobName"]
        shown = hall.sagemaker.describe_transform_job(TransformJobName=name)
        assert (shown["TransformJobStatus"], "TransformEndTime" in shown) == ("InProgress", False)
        hall.wait()
        shown = hall.sagemaker.describe_transform_job(TransformJobName=name)
        assert (shown["TransformJobStatus"], shown["ModelName"]) == ("Completed", job["ModelName"])
        assert shown["TransformEndTime"] > shown["TransformStartTime"]
        assert [event[4]["TransformJobStatus"] for event in emitted] == ["InProgress", "Completed"]
        assert {event[3] for event in emitted} == {"SageMaker Transform Job State Change"}
        detail, resources = emitted[-1][4:]
        assert (detail["TransformJobArn"], resources, detail["Tags"]) == (arn, [arn], {"team": "risk"})
        assert detail["TransformEndTime"].endswith("Z")

    def test_one_that_can_t_load_its_model_fails(self, hall: Hall) -> None:
        """Guards: a job completes on an artifact that its role can't read."""
        job = job_of(hall.unreadable_model())
        hall.sagemaker.create_transform_job(**job)
        hall.wait()
        shown = hall.sagemaker.describe_transform_job(TransformJobName=job["TransformJobName"])
        assert shown["TransformJobStatus"] == "Failed"
        failed = hall.sagemaker.list_transform_jobs(StatusEquals="Failed", NameContains=job["TransformJobName"])
        assert [row["FailureReason"] for row in failed["TransformJobSummaries"]] == [shown["FailureReason"]]
        assert "Could not access model data" in shown["FailureReason"]

    def test_one_is_stopped(self, hall: Hall) -> None:
        """Guards: a stopped job completes all the same (StopTransformJob: Stopping, then Stopped)."""
        job = job_of(hall.model())
        hall.sagemaker.create_transform_job(**job)
        name = {"TransformJobName": job["TransformJobName"]}
        hall.sagemaker.stop_transform_job(**name)
        assert hall.sagemaker.describe_transform_job(**name)["TransformJobStatus"] == "Stopping"
        hall.wait()
        assert hall.sagemaker.describe_transform_job(**name)["TransformJobStatus"] == "Stopped"
        refused("ValidationException", hall.sagemaker.stop_transform_job, **name)

    def test_errors_carry_the_codes_of_the_model(self, hall: Hall) -> None:
        """Guards: a missing job is a ValidationException here and ResourceNotFound at AWS (botocore: errors)."""
        for operation in (hall.sagemaker.describe_transform_job, hall.sagemaker.stop_transform_job):
            refused("ResourceNotFound", operation, TransformJobName="nothing")
        refused("ResourceNotFound", hall.sagemaker.create_transform_job, **job_of("nothing"))
        job = job_of(hall.model())
        hall.sagemaker.create_transform_job(**job)
        refused("ResourceInUse", hall.sagemaker.create_transform_job, **job)
        keyed = job_of(hall.model(), TransformOutput={"S3OutputPath": "s3://b/out", "KmsKeyId": "k"})
        assert "KmsKeyId" in refused("NotEmulated", hall.sagemaker.create_transform_job, **keyed)


class TestActions:
    def test_a_change_of_the_life_cycle_leaves_one(self, hall: Hall, client: Client) -> None:
        """Guards: stage moves leave no audit record (model-registry-staging-construct-cli), or other changes do."""
        group = new_group(client)
        arn = hall.sagemaker.create_model_package(**version_of(group, hall.url))["ModelPackageArn"]
        hall.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
        assert hall.sagemaker.list_actions(SourceUri=arn)["ActionSummaries"] == []
        stage = {"Stage": "Production", "StageStatus": "Approved"}
        hall.sagemaker.update_model_package(ModelPackageArn=arn, ModelLifeCycle=stage)
        [found] = hall.sagemaker.list_actions(SourceUri=arn, ActionType="ModelLifeCycle")["ActionSummaries"]
        shown = hall.sagemaker.describe_action(ActionName=found["ActionName"])
        assert shown["ActionArn"] == hall.sagemaker.describe_action(ActionName=found["ActionArn"])["ActionArn"]
        version = hall.sagemaker.describe_model_package(ModelPackageName=arn)
        assert shown["CreatedBy"]["IamIdentity"] == version["LastModifiedBy"]["IamIdentity"]
        assert found["CreationTime"] == version["LastModifiedTime"]
        assert hall.sagemaker.list_actions(SourceUri=arn, ActionType="ModelDeployment")["ActionSummaries"] == []
        times = {"CreatedAfter": found["CreationTime"], "CreatedBefore": found["CreationTime"]}
        assert len(hall.sagemaker.list_actions(SourceUri=arn, **times)["ActionSummaries"]) == 1
        early = found["CreationTime"] - timedelta(seconds=1)
        assert hall.sagemaker.list_actions(SourceUri=arn, CreatedBefore=early)["ActionSummaries"] == []
        refused("ResourceNotFound", hall.sagemaker.describe_action, ActionName="nothing")

    def test_it_lies_in_the_registrys_account(self, hall: Hall, client: Client) -> None:
        """Guards: who moves a stage from another account leaves the record there."""
        group = new_group(client)
        arn = hall.sagemaker.create_model_package(**version_of(group, hall.url))["ModelPackageArn"]
        share(client, group, [DEV], "sagemaker:UpdateModelPackage")
        other = client("dev", role_with(client, "dev", allow("sagemaker:*")), "sagemaker")
        other.update_model_package(
            ModelPackageArn=arn, ModelLifeCycle={"Stage": "QA", "StageStatus": "InProgress"}
        )  # fmt: skip
        [found] = hall.sagemaker.list_actions(SourceUri=arn)["ActionSummaries"]
        assert other.list_actions(SourceUri=arn)["ActionSummaries"] == []
        shown = hall.sagemaker.describe_action(ActionName=found["ActionName"])
        assert f":{DEV}:" in shown["CreatedBy"]["IamIdentity"]["Arn"]


def many_models(hall: Hall, prefix: str, count: int) -> None:
    for number in range(count):
        hall.model(ModelName=f"{prefix}-{number:02}")


def many_configs(hall: Hall, prefix: str, count: int) -> None:
    variant = {"VariantName": "main", "ModelName": hall.model(), **INSTANCE}
    for number in range(count):
        hall.sagemaker.create_endpoint_config(
            EndpointConfigName=f"{prefix}-{number:02}", ProductionVariants=[variant]
        )  # fmt: skip


def many_endpoints(hall: Hall, prefix: str, count: int) -> None:
    config = hall.config()
    for number in range(count):
        hall.sagemaker.create_endpoint(EndpointName=f"{prefix}-{number:02}", EndpointConfigName=config)
    hall.wait()


def many_components(hall: Hall, prefix: str, count: int) -> None:
    endpoint, model = hall.modelless_endpoint(), hall.model()
    for number in range(count):
        hall.sagemaker.create_inference_component(
            InferenceComponentName=f"{prefix}-{number:02}", EndpointName=endpoint, VariantName="main",
            Specification={"ModelName": model, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}},
            RuntimeConfig={"CopyCount": 1},
        )  # fmt: skip
    hall.wait()


def many_jobs(hall: Hall, prefix: str, count: int) -> None:
    model = hall.model()
    for number in range(count):
        hall.sagemaker.create_transform_job(**job_of(model, TransformJobName=f"{prefix}-{number:02}"))
    hall.wait()


class TestLists:
    @pytest.mark.parametrize(
        ("make", "operation", "member", "name"),
        [
            (many_models, "list_models", "Models", "ModelName"),
            (many_configs, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
            (many_endpoints, "list_endpoints", "Endpoints", "EndpointName"),
            (many_components, "list_inference_components", "InferenceComponents", "InferenceComponentName"),
            (many_jobs, "list_transform_jobs", "TransformJobSummaries", "TransformJobName"),
        ],
    )
    def test_pages_order_and_filters(
        self, hall: Hall, make: Callable[[Hall, str, int], None], operation: str, member: str, name: str
    ) -> None:
        """Guards: a walk that takes the first page for all, or filters that let everything through (default 10)."""
        prefix = unique("List")
        make(hall, prefix, 12)
        call = getattr(hall.sagemaker, operation)
        first = call(NameContains=prefix.upper())
        assert len(first[member]) == 10
        second = call(NameContains=prefix.upper(), NextToken=first["NextToken"])
        names = [row[name] for row in first[member] + second[member]]
        assert names == [f"{prefix}-{number:02}" for number in reversed(range(12))]
        assert "NextToken" not in second
        ascending = call(NameContains=prefix, SortBy="Name", SortOrder="Ascending", MaxResults=100)[member]
        assert [row[name] for row in ascending] == sorted(names)
        middle = ascending[5]["CreationTime"]
        later = call(NameContains=prefix, CreationTimeAfter=middle, MaxResults=100)[member]
        before = call(NameContains=prefix, CreationTimeBefore=middle, MaxResults=100)[member]
        assert {row[name] for row in later} | {row[name] for row in before} == set(names)
        assert ascending[5][name] in [row[name] for row in later]
        assert not {row[name] for row in later} & {row[name] for row in before}
        refused("ValidationException", call, MaxResults=101)
        refused("ValidationException", call, NextToken="nonsense")

    def test_components_by_endpoint_variant_and_status(self, hall: Hall) -> None:
        """Guards: components of another endpoint are counted to this one (EndpointNameEquals, VariantNameEquals)."""
        one, two = unique("List"), unique("List")
        many_components(hall, one, 1)
        many_components(hall, two, 2)
        rows = hall.sagemaker.list_inference_components(NameContains=two)["InferenceComponents"]
        endpoint = rows[0]["EndpointName"]
        call = hall.sagemaker.list_inference_components
        assert len(call(EndpointNameEquals=endpoint)["InferenceComponents"]) == 2
        assert call(EndpointNameEquals=endpoint, VariantNameEquals="other")["InferenceComponents"] == []
        assert len(call(EndpointNameEquals=endpoint, StatusEquals="InService")["InferenceComponents"]) == 2
        assert call(EndpointNameEquals=endpoint, StatusEquals="Failed")["InferenceComponents"] == []

    def test_endpoints_by_status_and_change(self, hall: Hall) -> None:
        """Guards: a walk of what changed since the last one (LastModifiedTimeAfter) walks all, or nothing."""
        prefix = unique("List")
        many_endpoints(hall, prefix, 2)
        rows = hall.sagemaker.list_endpoints(NameContains=prefix)["Endpoints"]
        hall.sagemaker.delete_endpoint(EndpointName=rows[0]["EndpointName"])
        changed = max(row["LastModifiedTime"] for row in rows) + timedelta(milliseconds=1)
        call = hall.sagemaker.list_endpoints
        found = call(NameContains=prefix, LastModifiedTimeAfter=changed)["Endpoints"]
        assert [row["EndpointName"] for row in found] == [rows[0]["EndpointName"]]
        assert len(call(NameContains=prefix, LastModifiedTimeBefore=changed)["Endpoints"]) == 1
        by_status = call(NameContains=prefix, SortBy="Status", SortOrder="Ascending")["Endpoints"]
        assert [row["EndpointStatus"] for row in by_status] == ["Deleting", "InService"]
        hall.wait()
