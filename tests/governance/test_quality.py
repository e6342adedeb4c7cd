"""Publishing quality metrics: what CloudWatch gets, and what it never gets."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from governance.metrics_catalogue import QUALITY_NAMES, Kind, catalogue
from governance.quality import NAMESPACE, QualityError, publish


def client() -> Any:
    return boto3.client(
        "cloudwatch", region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


class Unused:
    """A client that must not be called."""

    def put_metric_data(self, **parameters: Any) -> None:
        raise AssertionError("published")


def test_s7_quality_metrics_have_the_dimensions_that_are_collected() -> None:
    """S7 of the reference system: published as `Endpoint`, read as `EndpointName`: an empty key."""
    cloudwatch, at = client(), datetime.now(UTC) - timedelta(minutes=5)
    dimensions = [{"Name": "EndpointName", "Value": "E"}, {"Name": "VariantName", "Value": "v"}]
    datum = {
        "MetricName": "Accuracy",
        "Dimensions": dimensions,
        "Timestamp": at,
        "Value": 0.0,
        "Unit": "None",
    }
    with Stubber(cloudwatch) as stub:
        stub.add_response("put_metric_data", {}, {"Namespace": NAMESPACE, "MetricData": [datum]})
        publish(cloudwatch, "E", "v", {"Accuracy": 0}, at=at)
        stub.assert_no_pending_responses()
    assert tuple(one["Name"] for one in dimensions) == Kind.VARIANT.value
    assert "Accuracy" in {metric.name for metric in catalogue(NAMESPACE).variant}


def test_a_component_is_named_alone() -> None:
    """Guards: a component's quality under dimensions that nobody asks for."""
    cloudwatch = client()
    with Stubber(cloudwatch) as stub:
        datum = {
            "MetricName": "Recall",
            "Dimensions": [{"Name": "InferenceComponentName", "Value": "llm-a"}],
            "Timestamp": ANY,
            "Value": 0.5,
            "Unit": "None",
        }
        stub.add_response("put_metric_data", {}, {"Namespace": "Other", "MetricData": [datum]})
        publish(cloudwatch, "E", "v", {"Recall": 0.5}, component="llm-a", namespace="Other")


@pytest.mark.parametrize(
    ("metrics", "problem"),
    [
        ({}, "nothing to publish"),
        ({"Accuracy": math.nan}, "finite"),
        ({"Recall": math.inf}, "finite"),
        ({"Recall": 2.0**361}, "finite"),
        ({"Recall": True}, "finite"),
        ({"Accuracy": 93}, "divided by 100"),
        ({"Precision": -0.1}, "0 to 1"),
        ({"TotalViolations": 1.5}, "whole number"),
        ({"TotalViolations": -1}, "whole number"),
        ({"f1-score": 0.5}, "has no column"),
        ({"Accuracy": 0.5, "F2Score": 5}, "F2Score"),
    ],
)
def test_values_that_can_not_be_meant_are_refused(metrics: dict[str, float], problem: str) -> None:
    """Guards: M6: a NaN or percentage that becomes a model's recorded quality; half of a set published."""
    with pytest.raises(QualityError, match=problem):
        publish(Unused(), "e", "v", metrics)


@pytest.mark.parametrize(("endpoint", "variant"), [("", "v"), ("e", ""), ("a b", "v"), ("e", "é"), ("-", "v")])
def test_names_that_sagemaker_has_not_are_refused(endpoint: str, variant: str) -> None:
    """Guards: values under an endpoint that doesn't exist, published and never found."""
    with pytest.raises(QualityError, match="is no name"):
        publish(Unused(), endpoint, variant, {"Accuracy": 0.5})


@pytest.mark.parametrize("age", [timedelta(days=15), -timedelta(hours=3)])
def test_times_that_cloudwatch_refuses_are_refused(age: timedelta) -> None:
    """Guards: an error of CloudWatch that names neither limit nor value."""
    with pytest.raises(QualityError, match="two weeks ago"):
        publish(Unused(), "e", "v", {"Accuracy": 0.5}, at=datetime.now(UTC) - age)


def test_a_time_without_zone_is_refused() -> None:
    """Guards: an evaluation that moves by hours with the machine it ran on."""
    with pytest.raises(QualityError, match="without time zone"):
        publish(Unused(), "e", "v", {"Accuracy": 0.5}, at=datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake itself


def test_every_default_name_can_be_published() -> None:
    """Guards: a documented metric that the helper refuses."""
    sent: list[str] = []

    class Recording:
        def put_metric_data(self, **parameters: Any) -> None:
            sent.extend(datum["MetricName"] for datum in parameters["MetricData"])

    publish(Recording(), "e", "v", dict.fromkeys(QUALITY_NAMES, 1))
    assert sent == list(QUALITY_NAMES)
