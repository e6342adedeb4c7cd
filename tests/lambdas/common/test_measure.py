"""The functions' own metrics: what is sent, and that a failure to send is only logged."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from lambdas.common.measure import LARGEST_BATCH, Measure, Measures


def client() -> Any:
    return boto3.client(
        "cloudwatch", region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


def test_a_measure_carries_the_installation_first() -> None:
    """Guards: two installations of one account whose heartbeats hide each other's absence."""
    cloudwatch = client()
    sent = {
        "Namespace": "MLGovernance",
        "MetricData": [
            {
                "MetricName": "Heartbeat",
                "Dimensions": [{"Name": "Installation", "Value": "mlgov"}, {"Name": "Function", "Value": "reconcile"}],
                "Value": 1.0,
                "Unit": "Count",
            },
            {
                "MetricName": "CaptureLagSeconds",
                "Dimensions": [{"Name": "Installation", "Value": "mlgov"}],
                "Value": 2.5,
                "Unit": "Seconds",
            },
        ],
    }
    with Stubber(cloudwatch) as stub:
        stub.add_response("put_metric_data", {}, sent)
        Measures(cloudwatch, "mlgov").put(
            [
                Measure("Heartbeat", 1, dimensions={"Function": "reconcile"}),
                Measure("CaptureLagSeconds", 2.5, "Seconds"),
            ]
        )
        stub.assert_no_pending_responses()


class Counting:
    """A client that notes the size of each put."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def put_metric_data(self, **parameters: Any) -> None:
        self.sizes.append(len(parameters["MetricData"]))


def test_more_measures_than_one_call_takes_are_put_in_several_and_none_in_none() -> None:
    """Guards: a walk of many endpoints whose put AWS refuses as too large; an empty put, which AWS refuses too."""
    counting = Counting()
    measures = Measures(counting, "mlgov")
    measures.put([])
    measures.put(Measure("EndpointsByVerdict", n) for n in range(LARGEST_BATCH + 1))
    assert counting.sizes == [LARGEST_BATCH, 1]


@pytest.mark.parametrize("kind", ["refused", "unreachable"])
def test_a_put_that_fails_is_logged_and_nothing_else(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: recorded facts that come again for ever because their measure could not be put."""
    cloudwatch = client()
    if kind == "refused":
        with Stubber(cloudwatch) as stub:
            stub.add_client_error("put_metric_data", "AccessDenied", "no", 403)
            Measures(cloudwatch, "mlgov").put([Measure("Incidents", 1)])
        assert '"code": "AccessDenied"' in capsys.readouterr().out
        return

    class Unreachable:
        def put_metric_data(self, **_parameters: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://monitoring")

    Measures(Unreachable(), "mlgov").put([Measure("Incidents", 1)])
    assert '"code": "EndpointConnectionError"' in capsys.readouterr().out
