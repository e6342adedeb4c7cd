"""How CloudWatch is spoken to: JSON by today's boto3, forms by older SDKs, CBOR by newer ones, bodies as gzip."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError

from rehearsal.organisation.control import Control
from tests.rehearsal.organisation.example import refused
from tests.rehearsal.organisation.workbench import REGION, Workbench, own_bench

VALUE = {"MetricName": "m", "Value": 1.0}
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def speaking(bench: Workbench, protocol: str) -> Any:
    """A client whose model knows one protocol only."""
    underneath = botocore.session.Session()
    loader = underneath.get_component("data_loader")
    real = loader.load_service_model

    def narrowed(name: str, kind: str, api_version: str | None = None) -> Any:
        found = real(name, kind, api_version)
        if (name, kind) != ("cloudwatch", "service-2"):
            return found
        return {**found, "metadata": {**found["metadata"], "protocol": protocol, "protocols": [protocol]}}

    loader.load_service_model = narrowed
    secret = Control(bench.org.endpoint).credentials("hub")
    session = boto3.Session(secret.access_key, secret.secret_key, secret.session_token, REGION, underneath)
    return session.client("cloudwatch", endpoint_url=bench.org.endpoint)


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_each_protocol_of_the_model_is_understood(bench: Workbench, protocol: str) -> None:
    """Guards SDKs of other years: the same numbers, times, errors in each protocol that the model names."""
    client, now, namespace = speaking(bench, protocol), bench.org.clock.now(), f"Own/{protocol}"
    listed = [{"Name": "d", "Value": "v"}]
    client.put_metric_data(Namespace=namespace, MetricData=[{**VALUE, "Timestamp": now, "Dimensions": listed}])
    metric = {"Namespace": namespace, "MetricName": "m", "Dimensions": listed}
    answer = client.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=now - MINUTE, EndTime=now + 2 * MINUTE,
    )["MetricDataResults"][0]  # fmt: skip
    assert answer["Values"] == [1.0]
    assert answer["Timestamps"] == [now.replace(second=0, microsecond=0)]
    client.put_metric_alarm(
        AlarmName=f"over-{protocol}", Namespace=namespace, MetricName="m", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=0.5, ComparisonOperator="GreaterThanThreshold", ActionsEnabled=False,
    )  # fmt: skip
    (alarm,) = client.describe_alarms(AlarmNames=[f"over-{protocol}"])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["ActionsEnabled"]) == (0.5, False)
    with refused("InvalidParameterValue", "AWS/"):
        client.put_metric_data(Namespace="AWS/Own", MetricData=[VALUE])


def test_a_refusal_before_the_request_is_read_comes_in_the_client_s_protocol(bench: Workbench) -> None:
    """Guards expired credentials of a client that speaks JSON to a service whose first protocol is CBOR."""
    client = boto3.client(
        "cloudwatch", region_name="eu-west-1", endpoint_url=bench.org.endpoint, aws_access_key_id="AKIANOBODY",
        aws_secret_access_key="none",
    )  # fmt: skip
    with pytest.raises(ClientError, match=r"UnrecognizedClientException|InvalidClientTokenId"):
        client.list_metrics()


def test_a_body_that_is_not_gzip_is_told(bench: Workbench) -> None:
    """Guards the inflation of bodies: a broken one is the client's error, not a fault of the emulator."""

    def break_it(request: Any, **_: Any) -> None:
        request.headers["Content-Encoding"] = "gzip"

    client = bench.client(None, "cloudwatch")
    client.meta.events.register("before-send.cloudwatch.ListMetrics", break_it)
    with pytest.raises(ClientError, match="not gzip"):
        client.list_metrics()
    assert bench.cloudwatch.list_metrics()["ResponseMetadata"]["HTTPStatusCode"] == 200
