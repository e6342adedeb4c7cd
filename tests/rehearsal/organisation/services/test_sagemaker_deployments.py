"""Endpoints in transition: updates in flight, rollbacks, maintenance, scaling, and what is deleted meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.organisation.control import Control, ControlError
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.hosting_world import (
    DEPLOYMENT,
    IMAGE,
    INSTANCE,
    SLOW_SECONDS,
    STATE,
    Emitted,
    Hall,
    slow_down,
)
from tests.rehearsal.organisation.services.registry_world import Client, refused, unique

REASON = "One or more configured alarms went off."


@pytest.fixture(autouse=True)
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_down(monkeypatch)


@pytest.fixture(scope="module")
def hall(org: Emulator, client: Client) -> Hall:
    return Hall.of(org, client)


@pytest.fixture(scope="module")
def control(org: Emulator) -> Control:
    return Control(org.endpoint)


@pytest.fixture
def emitted(org: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emitted:
    seen: Emitted = []
    monkeypatch.setattr(org, "emit", lambda *event: seen.append(event))
    return seen


def details(emitted: Emitted, kind: str) -> list[dict[str, Any]]:
    return [event[4] for event in emitted if event[3] == kind]


def statuses(emitted: Emitted) -> list[str]:
    return [detail["EndpointStatus"] for detail in details(emitted, STATE)]


class TestUpdate:
    def test_in_flight_it_serves_the_old_and_shows_the_new(self, hall: Hall) -> None:
        """Guards: a walk takes the pending configuration for what serves (PendingDeploymentSummary)."""
        old, new = hall.config(), hall.config()
        endpoint = hall.endpoint(old)
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=new)
        shown = hall.described(endpoint)
        assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("Updating", old)
        assert shown["PendingDeploymentSummary"]["EndpointConfigName"] == new
        [variant] = shown["PendingDeploymentSummary"]["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (0, 1)
        [step] = variant["VariantStatus"]
        assert (step["Status"], step["StatusMessage"]) == ("Creating", "Launching 1 instance(s).")
        hall.wait(0.6 * SLOW_SECONDS)
        variant = hall.described(endpoint)["PendingDeploymentSummary"]["ProductionVariants"][0]
        assert variant["VariantStatus"][0]["Status"] == "ActivatingTraffic"
        hall.wait()
        shown = hall.described(endpoint)
        assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", new)
        assert "PendingDeploymentSummary" not in shown

    def test_a_creation_is_pending_too(self, hall: Hall) -> None:
        """Guards: variants serve while their instances are still launched (`creating or updating`)."""
        name, config = unique("EndPoint"), hall.config()
        hall.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        shown = hall.described(name)
        assert shown["PendingDeploymentSummary"]["EndpointConfigName"] == config
        assert "ProductionVariants" not in shown
        hall.wait()

    def test_its_course_is_announced(self, hall: Hall, emitted: Emitted) -> None:
        """Guards: deployment events of another shape than the guide's (automating-sagemaker-with-eventbridge)."""
        endpoint, new = hall.endpoint(old := hall.config()), hall.config()
        emitted.clear()
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=new)
        hall.wait()
        assert statuses(emitted) == ["UPDATING", "IN_SERVICE"]
        first, second = details(emitted, DEPLOYMENT)
        assert first["EndpointStatus"] == second["EndpointStatus"] == "UPDATING"
        assert first["EndpointConfigName"] == old
        assert first["ProductionVariants"] == [
            {
                "VariantName": "main", "CurrentWeight": 1.0, "DesiredWeight": 1.0, "CurrentInstanceCount": 1,
                "DesiredInstanceCount": 1,
            }
        ]  # fmt: skip
        summary = first["PendingDeploymentSummary"]
        assert summary["EndpointConfigName"] == new
        assert isinstance(summary["StartTime"], float)
        steps = [
            one["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0] for one in (first, second)
        ]
        assert [step["Status"] for step in steps] == ["Creating", "ActivatingTraffic"]
        assert all(isinstance(step["StartTime"], float) for step in steps)

    @pytest.mark.parametrize("gone", ["role", "model"])
    def test_what_can_t_be_loaded_goes_back(self, hall: Hall, emitted: Emitted, gone: str) -> None:
        """Guards: a failed update is taken for the new configuration in service."""
        model = hall.unreadable_model() if gone == "role" else hall.model()
        new = hall.config({"VariantName": "main", "ModelName": model, **INSTANCE})
        endpoint = hall.endpoint(old := hall.config())
        if gone == "model":
            hall.sagemaker.delete_model(ModelName=model)
        emitted.clear()
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=new)
        hall.wait()
        shown = hall.described(endpoint)
        assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", old)
        assert ("Could not access model data" if gone == "role" else "Could not find model") in shown["FailureReason"]
        assert statuses(emitted) == ["UPDATING", "IN_SERVICE"]
        assert details(emitted, STATE)[-1]["EndpointConfigName"] == old
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=hall.config())
        hall.wait()
        assert "FailureReason" not in hall.described(endpoint)

    def test_a_rollback_by_order(self, hall: Hall, control: Control) -> None:
        """Guards: no scenario can make a deployment fail that SageMaker alone finds wrong."""
        endpoint = hall.endpoint(old := hall.config())
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=hall.config())
        control.fail_deployment("hub", endpoint, reason=REASON)
        hall.wait()
        shown = hall.described(endpoint)
        assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", old)
        assert shown["FailureReason"] == REASON
        control.fail_deployment("hub", endpoint, reason=REASON, rollback_fails=True)
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=hall.config())
        hall.wait()
        assert hall.status(endpoint) == "UpdateRollbackFailed"

    def test_a_failed_creation_can_only_be_deleted(self, hall: Hall, control: Control) -> None:
        """Guards: a failed endpoint is revived (`DeleteEndpoint is the only operation … on a failed endpoint`)."""
        name = unique("EndPoint")
        hall.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=(config := hall.config()))
        control.fail_deployment("hub", name, reason=REASON)
        hall.wait()
        assert (hall.status(name), hall.described(name)["FailureReason"]) == ("Failed", REASON)
        update = hall.sagemaker.update_endpoint
        assert "only operation" in refused(
            "ValidationException", update, EndpointName=name, EndpointConfigName=config
        )  # fmt: skip
        hall.sagemaker.delete_endpoint(EndpointName=name)
        hall.wait()
        refused("ValidationException", hall.sagemaker.describe_endpoint, EndpointName=name)

    def test_retained_properties_outlive_an_update(self, hall: Hall) -> None:
        """Guards: RetainAllVariantProperties is dropped, so an update scales an endpoint down."""
        endpoint = hall.endpoint()
        wanted = [{"VariantName": "main", "DesiredInstanceCount": 3, "DesiredWeight": 0.5}]
        hall.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=wanted)
        hall.wait()
        excluded = [{"VariantPropertyType": "DesiredWeight"}]
        hall.sagemaker.update_endpoint(
            EndpointName=endpoint, EndpointConfigName=hall.config(), RetainAllVariantProperties=True,
            ExcludeRetainedVariantProperties=excluded,
        )  # fmt: skip
        hall.wait()
        [variant] = hall.described(endpoint)["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (3, 1.0)

    def test_unknown_endpoints_can_t_be_failed(self, control: Control) -> None:
        """Guards: a typing error in a scenario makes nothing fail, and the scenario passes."""
        with pytest.raises(ControlError, match="Could not find endpoint"):
            control.fail_deployment("hub", "nothing", reason=REASON)


class TestMaintenance:
    def test_nothing_can_change_it_meanwhile(self, hall: Hall, control: Control, emitted: Emitted) -> None:
        """Guards: SystemUpdating is unheard of (`cannot be updated or deleted or re-scaled`)."""
        endpoint = hall.endpoint(config := hall.config())
        emitted.clear()
        control.maintain("hub", endpoint)
        assert hall.status(endpoint) == "SystemUpdating"
        refused("ValidationException", hall.sagemaker.delete_endpoint, EndpointName=endpoint)
        refused(
            "ValidationException", hall.sagemaker.update_endpoint, EndpointName=endpoint, EndpointConfigName=config
        )  # fmt: skip
        hall.wait()
        assert hall.described(endpoint)["EndpointConfigName"] == config
        assert statuses(emitted) == ["SYSTEM_UPDATING", "IN_SERVICE"]


class TestScaling:
    def test_weights_and_counts_change_over_time(self, hall: Hall, emitted: Emitted) -> None:
        """Guards: new capacity is there at once, or its event lacks VariantStatus (the guide's second sample)."""
        endpoint = hall.endpoint()
        emitted.clear()
        scale = hall.sagemaker.update_endpoint_weights_and_capacities
        scale(EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 6}])
        [variant] = hall.described(endpoint)["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 6)
        hall.wait()
        [variant] = hall.described(endpoint)["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], "VariantStatus" in variant) == (6, False)
        [detail] = details(emitted, DEPLOYMENT)
        [step] = detail["ProductionVariants"][0]["VariantStatus"]
        assert (step["Status"], step["StatusMessage"]) == ("Updating", "Scaling out desired instance count to 6.")
        assert "PendingDeploymentSummary" not in detail
        assert statuses(emitted) == ["UPDATING", "IN_SERVICE"]
        wrong = [{"VariantName": "other", "DesiredWeight": 1.0}]
        message = refused("ValidationException", scale, EndpointName=endpoint, DesiredWeightsAndCapacities=wrong)
        assert "other" in message

    def test_what_fails_is_rolled_back(self, hall: Hall, control: Control, emitted: Emitted) -> None:
        """Guards: RollingBack is unheard of, which only scaling passes (DescribeEndpointOutput)."""
        endpoint = hall.endpoint()
        emitted.clear()
        control.fail_deployment("hub", endpoint, reason=REASON)
        hall.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 6}]
        )
        hall.wait()
        [variant] = hall.described(endpoint)["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 1)
        assert statuses(emitted) == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]


class TestImages:
    def test_an_image_is_resolved_when_it_is_deployed(self, hall: Hall, control: Control) -> None:
        """Guards: a moved tag can't be told, or changes what runs already (DeployedImage: ResolvedImage)."""
        config = hall.config()
        endpoint = hall.endpoint(config)
        [before] = hall.described(endpoint)["ProductionVariants"][0]["DeployedImages"]
        assert before["SpecifiedImage"] == IMAGE
        assert before["ResolvedImage"].startswith(IMAGE.removesuffix(":1") + "@sha256:")
        digest = "sha256:" + "ab" * 32
        control.push_image(IMAGE, digest)
        assert hall.described(endpoint)["ProductionVariants"][0]["DeployedImages"] == [before]
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        hall.wait()
        [after] = hall.described(endpoint)["ProductionVariants"][0]["DeployedImages"]
        assert after["ResolvedImage"] == f"{IMAGE.removesuffix(':1')}@{digest}"
        with pytest.raises(ControlError, match="sha256:<64 hex digits>"):
            control.push_image(IMAGE, "latest")


class TestDeletion:
    def test_a_serving_endpoint_outlives_its_config_and_model(self, hall: Hall) -> None:
        """Guards: the walk never meets a name that leads nowhere (DeleteEndpointConfig: endpoints go on)."""
        model = hall.model()
        config = hall.config({"VariantName": "main", "ModelName": model, **INSTANCE})
        endpoint = hall.endpoint(config)
        hall.sagemaker.delete_endpoint_config(EndpointConfigName=config)
        hall.sagemaker.delete_model(ModelName=model)
        shown = hall.described(endpoint)
        assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", config)
        assert shown["ProductionVariants"][0]["DeployedImages"]
        refused("ValidationException", hall.sagemaker.describe_endpoint_config, EndpointConfigName=config)
        hall.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=(other := hall.config()))
        hall.wait()
        assert hall.described(endpoint)["EndpointConfigName"] == other

    def test_names_differ_by_more_than_case(self, hall: Hall) -> None:
        """Guards: two endpoints share one event ARN (`The name is case-insensitive in CreateEndpoint`)."""
        endpoint = hall.endpoint()
        again = {"EndpointName": endpoint.upper(), "EndpointConfigName": hall.config()}
        message = refused("ValidationException", hall.sagemaker.create_endpoint, **again)
        assert "Cannot create already existing endpoint" in message


def test_a_model_is_announced_when_it_comes_and_goes(hall: Hall, emitted: Emitted) -> None:
    """Guards: SageMaker Model State Change, which the guide documents with no more than the model's ARN, is missing."""
    model = hall.model()
    hall.sagemaker.delete_model(ModelName=model)
    made, gone = emitted
    assert made[3:] == gone[3:]
    assert (made[3], made[4]) == ("SageMaker Model State Change", {})
    assert made[5][0].endswith(f":model/{model}")
