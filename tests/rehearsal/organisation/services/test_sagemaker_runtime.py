"""Invoking endpoints: what is loaded is the artifact that the role could read when the endpoint was deployed."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import xgboost
from botocore.exceptions import ClientError

from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import SETTINGS, Client, refused
from tests.rehearsal.organisation.services.hosting_world import INSTANCE, Hall
from tests.rehearsal.organisation.services.registry_world import allow, role_with, unique

XGBOOST = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ROWS = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


@cache
def booster() -> xgboost.Booster:
    data = xgboost.DMatrix(ROWS, label=[0.0, 1.0, 1.0])
    return xgboost.train(
        {"objective": "reg:squarederror", "nthread": 1, "min_child_weight": 0}, data, num_boost_round=3
    )


@cache
def model() -> bytes:
    """The one artifact of all tests: each other one would be a process more."""
    return packed(model_json=bytes(booster().save_raw("json")))


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("_", "."))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    """An organisation of its own: the clock is skipped."""
    with Emulator(SETTINGS) as org:
        yield Hall.of(org, Control(org.endpoint).client)


@pytest.fixture(scope="module")
def runtime(hall: Hall) -> Any:
    return hall.client("hub", None, "sagemaker-runtime")


def put(hall: Hall, artifact: bytes) -> None:
    bucket, key = hall.url.removeprefix("s3://").split("/", 1)
    hall.client("hub", None, "s3").put_object(Bucket=bucket, Key=key, Body=artifact)


def serving(hall: Hall, artifact: bytes, image: str = XGBOOST) -> str:
    """An endpoint in service of an artifact."""
    put(hall, artifact)
    model = hall.model(PrimaryContainer={"Image": image, "ModelDataUrl": hall.url})
    return hall.endpoint(hall.config({"VariantName": "main", "ModelName": model, **INSTANCE}))


@pytest.fixture(scope="module")
def endpoint(hall: Hall) -> str:
    return serving(hall, model())


def csv(rows: list[list[float]]) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def failed(runtime: Any, endpoint: str, **asked: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName=endpoint, **asked)
    answer: dict[str, Any] = caught.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    return answer


def test_an_endpoint_scores_as_its_model_does(runtime: Any, endpoint: str) -> None:
    """Guards: an endpoint that answers anything but what its artifact computes."""
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=csv(ROWS), ContentType="text/csv")
    wanted = booster().predict(xgboost.DMatrix(ROWS)).tolist()
    assert [float(one) for one in answer["Body"].read().decode().split(",")] == wanted
    assert answer["InvokedProductionVariant"] == "main"
    assert answer["ContentType"].startswith("text/csv")
    told = runtime.invoke_endpoint(
        EndpointName=endpoint.lower(), Body=csv(ROWS), ContentType="text/csv", Accept="application/json"
    )
    assert [one["score"] for one in json.loads(told["Body"].read())["predictions"]] == wanted


def test_what_the_container_refuses_is_a_model_error(runtime: Any, endpoint: str) -> None:
    """Guards: a container's own answers taken for SageMaker's (aws/sagemaker-xgboost-container)."""
    refusal = failed(runtime, endpoint, Body=b"{}", ContentType="application/json")
    assert refusal["OriginalStatusCode"] == 415
    assert "application/json is not supported" in refusal["OriginalMessage"]
    assert failed(runtime, endpoint, Body=b"a,b", ContentType="text/csv")["OriginalStatusCode"] == 415
    wanted = failed(runtime, endpoint, Body=csv(ROWS), ContentType="text/csv", Accept="image/png")
    assert wanted["OriginalStatusCode"] == 406


def test_a_model_that_can_t_be_loaded_fails(hall: Hall, runtime: Any) -> None:
    """Guards: a file beside the model, which AWS's container takes for a model too, going unnoticed."""
    artifact = packed(model_json=bytes(booster().save_raw("json")), features_json=b'{"columns": []}')
    answer = failed(runtime, serving(hall, artifact), Body=csv(ROWS), ContentType="text/csv")
    assert answer["OriginalStatusCode"] == 500
    assert "features.json cannot be loaded" in answer["OriginalMessage"]


def test_what_was_deployed_serves_on_when_the_object_changes(hall: Hall, runtime: Any) -> None:
    """Guards: an endpoint that follows the bucket: instances keep what they loaded."""
    endpoint = serving(hall, model())
    put(hall, b"something else")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=csv(ROWS[:1]), ContentType="text/csv")
    assert len(answer["Body"].read().decode().split(",")) == 1


def test_only_an_endpoint_in_service_is_found(hall: Hall, runtime: Any) -> None:
    """Guards: other words than AWS's for an endpoint that isn't there, or isn't yet."""
    asked = {"Body": b"1,2", "ContentType": "text/csv"}
    with refused("ValidationError", "Endpoint nowhere of account", "not found."):
        runtime.invoke_endpoint(EndpointName="nowhere", **asked)
    name = unique("Slow")
    hall.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=hall.config())
    with refused("ValidationError", f"Endpoint {name} of account"):
        runtime.invoke_endpoint(EndpointName=name, **asked)
    hall.wait()
    with refused("NotEmulated", "a container of image"):
        runtime.invoke_endpoint(EndpointName=name, **asked)


def test_the_endpoint_is_judged_by_its_name_in_lower_case(hall: Hall, endpoint: str, client_of: Client) -> None:
    """Guards: a policy that names the endpoint as it was created, and is refused at AWS."""
    arn = f"arn:aws:sagemaker:eu-west-1:{hall.org.accounts['hub'].id}:endpoint/"
    assert endpoint != endpoint.lower()
    admitted = role_with(client_of, "hub", allow("sagemaker:InvokeEndpoint", resource=f"{arn}{endpoint.lower()}"))
    asked = {"EndpointName": endpoint, "Body": csv(ROWS), "ContentType": "text/csv"}
    assert client_of("hub", admitted, "sagemaker-runtime").invoke_endpoint(**asked)["Body"].read()
    other = role_with(client_of, "hub", allow("sagemaker:InvokeEndpoint", resource=f"{arn}{endpoint}"))
    with refused("AccessDeniedException"):
        client_of("hub", other, "sagemaker-runtime").invoke_endpoint(**asked)


@pytest.fixture
def client_of(hall: Hall) -> Client:
    return hall.client


def test_traffic_follows_the_weights_unless_a_variant_is_asked_for(hall: Hall, runtime: Any) -> None:
    """Guards: a variant without weight that gets requests, and a target that is ignored."""
    put(hall, model())
    models = [hall.model(PrimaryContainer={"Image": XGBOOST, "ModelDataUrl": hall.url}) for _ in range(2)]
    variants = [
        {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight, **INSTANCE}
        for name, model, weight in zip(("all", "none"), models, (1.0, 0.0), strict=True)
    ]
    asked = {"EndpointName": hall.endpoint(hall.config(*variants)), "Body": csv(ROWS), "ContentType": "text/csv"}
    assert {runtime.invoke_endpoint(**asked)["InvokedProductionVariant"] for _ in range(5)} == {"all"}
    assert runtime.invoke_endpoint(**asked, TargetVariant="none")["InvokedProductionVariant"] == "none"
    with refused("ValidationError", "Variant third"):
        runtime.invoke_endpoint(**asked, TargetVariant="third")
