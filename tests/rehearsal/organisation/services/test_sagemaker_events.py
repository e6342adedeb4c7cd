"""The events of the registry: documented shape, one per change, none for what AWS documents none."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.registry_world import (
    HUB,
    Client,
    bucket_with_artifact,
    new_group,
    version_of,
)

Emitted = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def url(client: Client) -> str:
    return bucket_with_artifact(client)


@pytest.fixture(scope="module")
def registry(client: Client) -> Any:
    return client("hub", None, "sagemaker")


@pytest.fixture
def emitted(org: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emitted:
    """What the registry hands to the default bus."""
    seen: Emitted = []
    monkeypatch.setattr(org, "emit", lambda *event: seen.append(event))
    return seen


@pytest.fixture
def package(client: Client, registry: Any, url: str, emitted: Emitted) -> str:
    made = registry.create_model_package(**version_of(new_group(client), url, CustomerMetadataProperties={"a": "1"}))
    return str(made["ModelPackageArn"])


def test_a_new_version_is_announced_by_its_owner(package: str, emitted: Emitted) -> None:
    """Guards: no event, or one of another shape, at registration (automating-sagemaker-with-eventbridge)."""
    [(account, region, source, detail_type, detail, resources)] = emitted
    assert (account, region, source) == (HUB, "eu-west-1", "aws.sagemaker")
    assert detail_type == "SageMaker Model Package State Change"
    assert resources == [package]
    assert detail["ModelPackageArn"] == package
    assert (detail["ModelPackageVersion"], detail["ModelApprovalStatus"]) == (1, "PendingManualApproval")
    assert detail["ModelLifeCycle"] == {"Stage": "Development", "StageStatus": "PendingApproval"}
    assert detail["ModelPackageStatusDetails"] == {"ValidationStatuses": [], "ImageScanStatuses": []}
    assert "UpdatedModelPackageFields" not in detail
    json.dumps(detail)


def test_an_update_names_the_fields_it_sent(registry: Any, package: str, emitted: Emitted) -> None:
    """Guards: a consumer can't tell an approval from a change of metadata (UpdatedModelPackageFields)."""
    emitted.clear()
    registry.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="ok", SourceUri="s3://b/k",
        ModelLifeCycle={"Stage": "Development", "StageStatus": "Approved"},
    )  # fmt: skip
    [(*_, detail, _)] = emitted
    assert detail["UpdatedModelPackageFields"] == [
        "ModelLifeCycle", "ModelApprovalStatus", "ApprovalDescription", "sourceUri",
    ]  # fmt: skip
    assert detail["ApprovalDescription"] == "ok"
    registry.update_model_package(ModelPackageArn=package, CustomerMetadataPropertiesToRemove=["a"])
    assert emitted[-1][4]["UpdatedModelPackageFields"] == ["CustomerMetadataProperties"]
    assert "CustomerMetadataProperties" not in emitted[-1][4]


def test_times_match_the_read_back(registry: Any, package: str, emitted: Emitted) -> None:
    """Guards: LastModifiedBy can't be matched with the event, so the actor stays unknown."""
    registry.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    shown = registry.describe_model_package(ModelPackageName=package)["LastModifiedTime"]
    stamp = emitted[-1][4]["LastModifiedTime"]
    assert stamp.endswith("Z")
    assert stamp == shown.astimezone(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_what_is_not_documented_is_not_announced(registry: Any, package: str, emitted: Emitted) -> None:
    """Guards: a consumer relies on events for card edits, tags or deletions, which AWS documents none for."""
    emitted.clear()
    group = package.replace(":model-package/", ":model-package-group/").rsplit("/", 1)[0]
    registry.update_model_package(ModelPackageArn=package, ModelCard={"ModelCardStatus": "Approved"})
    registry.add_tags(ResourceArn=group, Tags=[{"Key": "a", "Value": "b"}])
    registry.delete_model_package(ModelPackageName=package)
    assert emitted == []
