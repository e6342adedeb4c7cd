"""Models, endpoint configurations and endpoints: approval, the role that reads, transitions and their events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.hosting_world import STATE, Emitted, serving_role
from tests.rehearsal.organisation.services.registry_world import (
    DEV,
    HUB,
    Client,
    allow,
    bucket_with_artifact,
    new_group,
    refused,
    role_with,
    unique,
    version_of,
)


@pytest.fixture(scope="module")
def url(client: Client) -> str:
    return bucket_with_artifact(client)


@pytest.fixture(scope="module")
def registry(client: Client) -> Any:
    return client("hub", None, "sagemaker")


@pytest.fixture
def emitted(org: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emitted:
    seen: Emitted = []
    monkeypatch.setattr(org, "emit", lambda *event: seen.append(event))
    return seen


@pytest.fixture(scope="module")
def role(client: Client, url: str) -> str:
    return serving_role(client, url)


@pytest.fixture
def package(client: Client, registry: Any, url: str) -> str:
    return str(registry.create_model_package(**version_of(new_group(client), url))["ModelPackageArn"])


def model_of(package: str, role: str) -> dict[str, Any]:
    return {
        "ModelName": unique("Model"), "ExecutionRoleArn": role, "PrimaryContainer": {"ModelPackageName": package},
    }  # fmt: skip


@pytest.fixture
def config(registry: Any, package: str, role: str) -> str:
    registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    model = model_of(package, role)
    registry.create_model(**model)
    return configured(registry, model["ModelName"])


def configured(registry: Any, model: str) -> str:
    name = unique("Config")
    variant = {
        "VariantName": "main", "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
    }  # fmt: skip
    registry.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


class TestModels:
    def test_only_an_approved_version_becomes_a_model(self, registry: Any, package: str, role: str) -> None:
        """Guards: an unapproved version is deployed (boto:sagemaker CreateModelPackage ModelApprovalStatus)."""
        message = refused("ValidationException", registry.create_model, **model_of(package, role))
        assert "must be Approved" in message
        registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        made = model_of(package, role)
        registry.create_model(**made)
        shown = registry.describe_model(ModelName=made["ModelName"])
        assert shown["PrimaryContainer"]["ModelPackageName"] == package
        registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
        refused("ValidationException", registry.create_model, **model_of(package, role))
        assert registry.describe_model(ModelName=made["ModelName"])["ModelArn"] == shown["ModelArn"]

    def test_the_life_cycle_does_not_matter(self, registry: Any, package: str, role: str) -> None:
        """Guards: the stage is taken for a guard, which CreateModel ignores."""
        stage = {"Stage": "Archived", "StageStatus": "Retired"}
        registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved", ModelLifeCycle=stage)
        registry.create_model(**model_of(package, role))

    def test_the_role_passed_must_read(self, client: Client, registry: Any, package: str, url: str) -> None:
        """Guards: a model is made that no endpoint can load (sagemaker-roles: the role passed reads)."""
        registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        blind = serving_role(client, url + ".other")
        message = refused("ValidationException", registry.create_model, **model_of(package, blind))
        assert "Could not access model data" in message
        assert "s3:GetObject" in message

    def test_the_role_passed_must_trust_sagemaker(self, client: Client, registry: Any, package: str, url: str) -> None:
        """Guards: a role that SageMaker can't assume is taken."""
        registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        strange = serving_role(client, url, service="lambda.amazonaws.com")
        message = refused("ValidationException", registry.create_model, **model_of(package, strange))
        assert "trust relationship policy" in message

    def test_the_deployer_needs_pass_role_and_the_version(
        self, client: Client, registry: Any, package: str, role: str
    ) -> None:
        """Guards: a deployer passes any role, or deploys any version (iam:PassRole, CreateModel on model-package)."""
        registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        models = f"arn:aws:sagemaker:eu-west-1:{HUB}:model/*"
        passes = allow("iam:PassRole", resource=role, Condition={
            "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})  # fmt: skip
        on_model, on_version = (allow("sagemaker:CreateModel", resource=one) for one in (models, package))
        for rights, lacks in (((on_model, on_version), "iam:PassRole"), ((on_model, passes), "sagemaker:CreateModel")):
            deployer = client("hub", role_with(client, "hub", *rights), "sagemaker")
            assert lacks in refused("AccessDeniedException", deployer.create_model, **model_of(package, role))
        deployer = client("hub", role_with(client, "hub", on_model, on_version, passes), "sagemaker")
        deployer.create_model(**model_of(package, role))

    def test_a_container_has_one_source(self, registry: Any, package: str, role: str) -> None:
        """Guards: image and version together, or neither."""
        for container in ({"ModelPackageName": package, "Image": "i"}, {"ModelDataUrl": "s3://b/k"}):
            request = model_of(package, role) | {"PrimaryContainer": container}
            refused("ValidationException", registry.create_model, **request)

    def test_a_taken_name_is_refused(self, registry: Any, url: str, role: str) -> None:
        """Guards: a model is replaced under an endpoint's feet."""
        request = model_of("", role) | {"PrimaryContainer": {"Image": "i", "ModelDataUrl": url}}
        registry.create_model(**request)
        assert "Cannot create already existing model" in refused(
            "ValidationException", registry.create_model, **request
        )
        registry.delete_model(ModelName=request["ModelName"])
        message = refused("ValidationException", registry.describe_model, ModelName=request["ModelName"])
        assert "Could not find model" in message


class TestEndpoints:
    def test_an_endpoint_comes_into_service_over_time(
        self, org: Emulator, registry: Any, config: str, emitted: Emitted
    ) -> None:
        """Guards: an endpoint is in service at once (moto), or its events are spelt like the API."""
        name = unique("EndPoint")
        arn = registry.create_endpoint(
            EndpointName=name, EndpointConfigName=config, Tags=[{"Key": "team", "Value": "risk"}]
        )["EndpointArn"]
        assert registry.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Creating"
        refused("ValidationException", registry.delete_endpoint, EndpointName=name)
        org.clock.advance(timedelta(seconds=5))
        shown = registry.describe_endpoint(EndpointName=name)
        assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", config)
        assert shown["ProductionVariants"][0]["CurrentInstanceCount"] == 1
        created, served = emitted
        assert [event[4]["EndpointStatus"] for event in emitted] == ["CREATING", "IN_SERVICE"]
        account, _, source, detail_type, detail, resources = served
        assert (account, source, detail_type) == (HUB, "aws.sagemaker", "SageMaker Endpoint State Change")
        assert (detail["EndpointName"], detail["EndpointArn"], resources) == (name, arn.lower(), [arn.lower()])
        assert detail["Tags"] == {"team": "risk"}
        assert detail["ProductionVariants"] == [{"DesiredWeight": 1.0, "DesiredInstanceCount": 1.0}]
        assert isinstance(detail["CreationTime"], float)
        assert detail["LastModifiedTime"] >= created[4]["LastModifiedTime"]

    def test_what_can_t_be_read_fails(
        self, client: Client, org: Emulator, registry: Any, url: str, emitted: Emitted
    ) -> None:
        """Guards: an endpoint comes into service though its role lost the artifact."""
        bucket, key = url.removeprefix("s3://").split("/", 1)
        role = serving_role(client, url)
        model = model_of("", role) | {"PrimaryContainer": {"Image": "i", "ModelDataUrl": url}}
        registry.create_model(**model)
        name = role.rsplit("/", 1)[1]
        client("hub", None, "iam").delete_role_policy(RoleName=name, PolicyName="rights")
        endpoint = unique("endpoint")
        registry.create_endpoint(EndpointName=endpoint, EndpointConfigName=configured(registry, model["ModelName"]))
        org.clock.advance(timedelta(seconds=5))
        shown = registry.describe_endpoint(EndpointName=endpoint)
        assert shown["EndpointStatus"] == "Failed"
        assert f"s3://{bucket}/{key}" in shown["FailureReason"]
        assert emitted[-1][4]["EndpointStatus"] == "FAILED"
        assert emitted[-1][4]["FailureReason"] == shown["FailureReason"]

    def test_an_endpoint_is_updated_and_deleted(
        self, org: Emulator, registry: Any, config: str, emitted: Emitted
    ) -> None:
        """Guards: an update or deletion without its transition."""
        name = unique("endpoint")
        registry.create_endpoint(EndpointName=name, EndpointConfigName=config)
        org.clock.advance(timedelta(seconds=5))
        model = registry.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]["ModelName"]
        other = configured(registry, model)
        registry.update_endpoint(EndpointName=name, EndpointConfigName=other)
        assert registry.describe_endpoint(EndpointName=name)["EndpointConfigName"] == config
        org.clock.advance(timedelta(seconds=5))
        assert registry.describe_endpoint(EndpointName=name)["EndpointConfigName"] == other
        registry.delete_endpoint(EndpointName=name)
        org.clock.advance(timedelta(seconds=5))
        assert "Could not find" in refused("ValidationException", registry.describe_endpoint, EndpointName=name)
        assert [event[4]["EndpointStatus"] for event in emitted if event[3] == STATE] == [
            "CREATING", "IN_SERVICE", "UPDATING", "IN_SERVICE", "DELETING",
        ]  # fmt: skip

    def test_a_running_endpoint_outlives_its_model_and_config(self, org: Emulator, registry: Any, config: str) -> None:
        """Guards: the walk Endpoint → Config → Model never meets a deleted one."""
        name = unique("endpoint")
        registry.create_endpoint(EndpointName=name, EndpointConfigName=config)
        org.clock.advance(timedelta(seconds=5))
        registry.delete_endpoint_config(EndpointConfigName=config)
        assert registry.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
        found = registry.list_endpoints(NameContains=name, StatusEquals="InService")["Endpoints"]
        assert [row["EndpointName"] for row in found] == [name]

    def test_what_is_left_out_is_named(self, registry: Any) -> None:
        """Guards: a core dump's key is accepted and means nothing."""
        variant = {
            "VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
            "CoreDumpConfig": {"DestinationS3Uri": "s3://b/k"},
        }  # fmt: skip
        create = registry.create_endpoint_config
        message = refused("NotEmulated", create, EndpointConfigName=unique("c"), ProductionVariants=[variant])
        assert "CoreDumpConfig" in message


def test_tags_of_hosted_resources(registry: Any, config: str) -> None:
    """Guards: tags of an endpoint configuration are dropped."""
    arn = registry.describe_endpoint_config(EndpointConfigName=config)["EndpointConfigArn"]
    registry.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    registry.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert registry.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]


def test_search_is_denied_before_it_is_refused(client: Client, registry: Any, package: str) -> None:
    """Guards: a role without sagemaker:Search hears that it isn't emulated instead of that it may not."""
    reader = client("dev", role_with(client, "dev", allow("sagemaker:Describe*")), "sagemaker")
    message = refused("AccessDeniedException", reader.search, Resource="ModelPackage")
    assert "sagemaker:Search" in message
    rows = registry.get_paginator("search").paginate(Resource="ModelPackage").build_full_result()["Results"]
    assert package in [row["ModelPackage"]["ModelPackageArn"] for row in rows]
    refused("NotEmulated", registry.search, Resource="Endpoint")
    own = client("dev", None, "sagemaker").search(Resource="ModelPackage")["Results"]
    assert all(DEV in row["ModelPackage"]["ModelPackageArn"] for row in own)
