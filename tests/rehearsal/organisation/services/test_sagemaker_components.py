"""Inference components: on a model, on a bare artifact, as adapters; and the endpoints and variants that host them."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.hosting_world import IMAGE, INSTANCE, Emitted, Hall, slow_down
from tests.rehearsal.organisation.services.registry_world import Client, allow, refused, role_with, unique

COMPUTE = {"ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}
ONE_COPY = {"RuntimeConfig": {"CopyCount": 1}}


@pytest.fixture(autouse=True)
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_down(monkeypatch)


@pytest.fixture(scope="module")
def hall(org: Emulator, client: Client) -> Hall:
    return Hall.of(org, client)


@pytest.fixture(scope="module")
def endpoint(hall: Hall) -> str:
    return hall.modelless_endpoint()


def described(hall: Hall, component: str) -> dict[str, Any]:
    answer: dict[str, Any] = hall.sagemaker.describe_inference_component(InferenceComponentName=component)
    return answer


def bare(hall: Hall) -> dict[str, Any]:
    """A specification with an image and an artifact of no model."""
    return {"Container": {"Image": IMAGE, "ArtifactUrl": hall.url, "Environment": {"A": "b"}}, **COMPUTE}


class TestKinds:
    def test_one_of_a_model(self, hall: Hall, endpoint: str) -> None:
        """Guards: the walk finds no way from the component to the model (InferenceComponentSpecificationSummary)."""
        model = hall.model()
        name = hall.component(endpoint, {"ModelName": model, **COMPUTE}, VariantName="main", **ONE_COPY)
        shown = described(hall, name)
        assert (shown["InferenceComponentStatus"], shown["RuntimeConfig"]["CurrentCopyCount"]) == ("Creating", 0)
        hall.wait()
        shown = described(hall, name)
        assert shown["InferenceComponentStatus"] == "InService"
        assert (shown["EndpointName"], shown["VariantName"]) == (endpoint, "main")
        assert shown["Specification"] == {"ModelName": model, **COMPUTE}
        assert shown["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}

    def test_one_of_a_bare_artifact(self, hall: Hall, endpoint: str) -> None:
        """Guards: a served artifact without model and package is overlooked."""
        name = hall.component(endpoint, bare(hall), VariantName="main", **ONE_COPY)
        hall.wait()
        container = described(hall, name)["Specification"]["Container"]
        assert (container["ArtifactUrl"], container["Environment"]) == (hall.url, {"A": "b"})
        assert container["DeployedImage"]["SpecifiedImage"] == IMAGE
        assert "@sha256:" in container["DeployedImage"]["ResolvedImage"]
        assert "Image" not in container

    def test_an_adapter(self, hall: Hall, endpoint: str) -> None:
        """Guards: an adapter's artifact is overlooked, or it needs resources of its own (BaseInferenceComponent)."""
        base = hall.component(endpoint, bare(hall), VariantName="main", **ONE_COPY)
        hall.wait()
        adapter = {"BaseInferenceComponentName": base, "Container": {"ArtifactUrl": hall.url}}
        name = hall.component(endpoint, adapter)
        hall.wait()
        shown = described(hall, name)
        assert (shown["InferenceComponentStatus"], shown["VariantName"]) == ("InService", "main")
        assert shown["Specification"] == adapter
        assert "RuntimeConfig" not in shown
        message = refused(
            "ValidationException", hall.sagemaker.delete_inference_component, InferenceComponentName=base
        )  # fmt: skip
        assert "adapters" in message
        wrong = {"BaseInferenceComponentName": base, "ModelName": "m"}
        for specification in (
            wrong,
            {"BaseInferenceComponentName": "nothing", "Container": {"ArtifactUrl": "s3://b/k"}},
        ):
            refused(
                "ValidationException", hall.sagemaker.create_inference_component,
                InferenceComponentName=unique("c"), EndpointName=endpoint, Specification=specification,
            )  # fmt: skip

    def test_one_specification_per_instance_type(self, hall: Hall, endpoint: str) -> None:
        """Guards: Specifications, the plural, is dropped and with it the models of a component."""
        models = [hall.model(), hall.model()]
        name = unique("Component")
        asked = [
            {"InstanceType": kind, "ModelName": model, **COMPUTE}
            for kind, model in zip(("ml.m5.large", "ml.m5.xlarge"), models, strict=True)
        ]
        hall.sagemaker.create_inference_component(
            InferenceComponentName=name, EndpointName=endpoint, VariantName="main", Specifications=asked, **ONE_COPY
        )
        hall.wait()
        shown = described(hall, name)
        assert [one["ModelName"] for one in shown["Specifications"]] == models
        assert "Specification" not in shown


class TestLife:
    def test_what_can_t_be_read_fails(self, hall: Hall, endpoint: str) -> None:
        """Guards: a component comes into service though its role can't read the artifact."""
        model = hall.unreadable_model()
        name = hall.component(endpoint, {"ModelName": model, **COMPUTE}, VariantName="main", **ONE_COPY)
        hall.wait()
        shown = described(hall, name)
        assert shown["InferenceComponentStatus"] == "Failed"
        assert "Could not access model data" in shown["FailureReason"]

    def test_it_is_updated_scaled_and_deleted(self, hall: Hall, endpoint: str) -> None:
        """Guards: a component changes its model unseen, or is gone at once."""
        name = hall.component(endpoint, bare(hall), VariantName="main", **ONE_COPY)
        delete = hall.sagemaker.delete_inference_component
        assert "in-progress" in refused("ValidationException", delete, InferenceComponentName=name)
        hall.wait()
        model = hall.model()
        change = hall.sagemaker.update_inference_component
        change(
            InferenceComponentName=name, Specification={"ModelName": model, **COMPUTE}, RuntimeConfig={"CopyCount": 2}
        )
        shown = described(hall, name)
        assert (shown["InferenceComponentStatus"], shown["Specification"].get("ModelName")) == ("Updating", None)
        hall.wait()
        shown = described(hall, name)
        assert (shown["Specification"]["ModelName"], shown["RuntimeConfig"]["CurrentCopyCount"]) == (model, 2)
        change(InferenceComponentName=name, Specification={"ModelName": hall.unreadable_model(), **COMPUTE})
        hall.wait()
        shown = described(hall, name)
        assert (shown["InferenceComponentStatus"], shown["Specification"]["ModelName"]) == ("InService", model)
        assert "Could not access model data" in shown["FailureReason"]
        hall.sagemaker.update_inference_component_runtime_config(
            InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": 0}
        )
        hall.wait()
        shown = described(hall, name)
        assert (shown["RuntimeConfig"]["CurrentCopyCount"], shown["Specification"]["ModelName"]) == (0, model)
        delete(InferenceComponentName=name)
        assert described(hall, name)["InferenceComponentStatus"] == "Deleting"
        hall.wait()
        refused(
            "ValidationException", hall.sagemaker.describe_inference_component, InferenceComponentName=name
        )  # fmt: skip

    def test_they_hold_their_endpoint(self, hall: Hall) -> None:
        """Guards: an endpoint is deleted under its components (`Cannot delete endpoint with inference component`)."""
        own = hall.modelless_endpoint()
        name = hall.component(own, bare(hall), VariantName="main", **ONE_COPY)
        hall.wait()
        message = refused("ValidationException", hall.sagemaker.delete_endpoint, EndpointName=own)
        assert "Cannot delete endpoint with inference component associated" in message
        hall.sagemaker.delete_inference_component(InferenceComponentName=name)
        hall.wait()
        hall.sagemaker.delete_endpoint(EndpointName=own)

    def test_no_event_tells_of_them(self, hall: Hall, endpoint: str, org: Emulator, monkeypatch: Any) -> None:
        """Guards: a program relies on an event that nobody documents."""
        emitted: Emitted = []
        monkeypatch.setattr(org, "emit", lambda *event: emitted.append(event))
        name = hall.component(endpoint, bare(hall), VariantName="main", **ONE_COPY)
        hall.wait()
        hall.sagemaker.delete_inference_component(InferenceComponentName=name)
        hall.wait()
        assert emitted == []


class TestRefusals:
    def test_what_no_component_is(self, hall: Hall, endpoint: str) -> None:
        """Guards: a component of two models, of none, without copies, or on a variant that isn't there."""
        model = hall.model()
        on = {"EndpointName": endpoint, "VariantName": "main"}
        cases: list[dict[str, Any]] = [
            {**on, **ONE_COPY},
            {**on, **ONE_COPY, "Specification": COMPUTE},
            {**on, **ONE_COPY, "Specification": {"ModelName": model}},
            {**on, **ONE_COPY, "Specification": {"ModelName": model, **bare(hall)}},
            {**on, "Specification": {"ModelName": model, **COMPUTE}},
            {**on, **ONE_COPY, "VariantName": "other", "Specification": {"ModelName": model, **COMPUTE}},
            {**on, **ONE_COPY, "Specification": {"ModelName": "nothing", **COMPUTE}},
            {**on, **ONE_COPY, "EndpointName": "nothing", "Specification": {"ModelName": model, **COMPUTE}},
        ]
        for case in cases:
            refused(
                "ValidationException", hall.sagemaker.create_inference_component,
                InferenceComponentName=unique("c"), **case,
            )  # fmt: skip

    def test_the_caller_needs_endpoint_and_component(self, hall: Hall, client: Client, endpoint: str) -> None:
        """Guards: a right on components alone reaches every endpoint (both are required: sar/sagemaker)."""
        components = "arn:aws:sagemaker:eu-west-1:111111111111:inference-component/*"
        role = role_with(client, "hub", allow("sagemaker:CreateInferenceComponent", resource=components))
        asked = {"InferenceComponentName": unique("c"), "EndpointName": endpoint, "VariantName": "main", **ONE_COPY}
        message = refused(
            "AccessDeniedException", client("hub", role, "sagemaker").create_inference_component,
            Specification=bare(hall), **asked,
        )  # fmt: skip
        assert f":endpoint/{endpoint}" in message


class TestVariants:
    def test_a_shadow_variant_is_shown_beside_production(self, hall: Hall) -> None:
        """Guards: the model behind a shadow variant is never walked."""
        shadow = {"VariantName": "shadow", "ModelName": hall.model(), **INSTANCE}
        config = hall.config(ShadowProductionVariants=[shadow])
        shown = hall.described(hall.endpoint(config))
        [variant] = shown["ShadowProductionVariants"]
        assert (variant["VariantName"], len(variant["DeployedImages"])) == ("shadow", 1)
        [kept] = hall.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ShadowProductionVariants"]
        assert kept["ModelName"] == shadow["ModelName"]
        hall.sagemaker.update_endpoint(EndpointName=shown["EndpointName"], EndpointConfigName=hall.config())
        hall.wait()
        assert "ShadowProductionVariants" not in hall.described(shown["EndpointName"])
        two = [{**shadow, "VariantName": name} for name in ("a", "b")]
        create = hall.sagemaker.create_endpoint_config
        message = refused(
            "ValidationException", create, EndpointConfigName=unique("c"), ProductionVariants=two,
            ShadowProductionVariants=[shadow],
        )  # fmt: skip
        assert "only specify one variant" in message

    def test_serverless_and_asynchronous_ones(self, hall: Hall) -> None:
        """Guards: an endpoint without instances, or with queued output, can't be walked."""
        serverless = {
            "VariantName": "main", "ModelName": hall.model(),
            "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
        }  # fmt: skip
        endpoint = hall.endpoint(hall.config(serverless))
        [variant] = hall.described(endpoint)["ProductionVariants"]
        assert variant["CurrentServerlessConfig"] == serverless["ServerlessConfig"]
        assert "CurrentInstanceCount" not in variant
        count = [{"VariantName": "main", "DesiredInstanceCount": 2}]
        refused(
            "ValidationException", hall.sagemaker.update_endpoint_weights_and_capacities, EndpointName=endpoint,
            DesiredWeightsAndCapacities=count,
        )  # fmt: skip
        output = {"OutputConfig": {"S3OutputPath": "s3://b/out"}}
        asynchronous = hall.endpoint(hall.config(AsyncInferenceConfig=output))
        assert hall.described(asynchronous)["AsyncInferenceConfig"] == output
        hall.sagemaker.update_endpoint(EndpointName=asynchronous, EndpointConfigName=hall.config())
        hall.wait()
        assert "AsyncInferenceConfig" not in hall.described(asynchronous)

    def test_one_without_a_model_needs_the_configs_role(self, hall: Hall) -> None:
        """Guards: an endpoint for components that nobody could load."""
        variant = {"VariantName": "main", **INSTANCE}
        create = hall.sagemaker.create_endpoint_config
        message = refused("ValidationException", create, EndpointConfigName=unique("c"), ProductionVariants=[variant])
        assert "ExecutionRoleArn" in message
