"""SageMaker's answers and errors, by botocore's own stub."""

from __future__ import annotations

import io
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from lambdas.inference.adapters import CONFIG, CONNECT_SECONDS, READ_SECONDS, SageMakerEndpoints
from lambdas.inference.ports import (
    InvocationFailed,
    ModelFailed,
    NotPermitted,
    NotServing,
    Prediction,
    Refused,
    Throttled,
    TimedOut,
    Unavailable,
)

SECRET = b"4111-1111-1111-1111"


@pytest.fixture(scope="module")
def client() -> Any:
    session = botocore.session.get_session()
    return session.create_client(
        "sagemaker-runtime", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b", config=CONFIG
    )


def invoke(client: Any, accept: str = "") -> Prediction:
    return SageMakerEndpoints(client).invoke("CreditRisk", SECRET, "text/csv", accept)


def test_what_an_endpoint_answers_is_read(client: Any) -> None:
    """Guards: a parameter that SageMaker doesn't get, or a stream passed on unread."""
    answer = {
        "Body": StreamingBody(io.BytesIO(b"0.25"), 4),
        "ContentType": "text/csv",
        "InvokedProductionVariant": "Blue",
    }
    asked = {"EndpointName": "CreditRisk", "Body": SECRET, "ContentType": "text/csv", "Accept": "text/csv"}
    with Stubber(client) as stub:
        stub.add_response("invoke_endpoint", answer, asked)
        assert invoke(client, "text/csv") == Prediction(b"0.25", "text/csv", "Blue")


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ValidationError", "Endpoint CreditRisk of account 333333333333 not found.", NotServing),
        ("ValidationError", "1 validation error detected: 4111-1111-1111-1111", Refused),
        ("ModelNotReadyException", "", NotServing),
        ("ThrottlingException", "Rate exceeded", Throttled),
        ("AccessDeniedException", "", NotPermitted),
        ("ServiceUnavailable", "", Unavailable),
        ("InternalDependencyException", "", Unavailable),
        ("InternalFailure", "", Unavailable),
    ],
)
def test_each_error_means_one_thing(client: Any, code: str, message: str, kind: type[InvocationFailed]) -> None:
    """Guards: errors of SageMaker (botocore sagemaker-runtime, InvokeEndpoint) taken for one another."""
    with Stubber(client) as stub:
        stub.add_client_error("invoke_endpoint", code, message)
        with pytest.raises(kind) as failure:
            invoke(client)
    assert SECRET.decode() not in str(failure.value), "a message may quote the payload"


@pytest.mark.parametrize(("status", "told"), [(415, "send csv"), (500, "")])
def test_a_model_error_tells_the_containers_status(client: Any, status: int, told: str) -> None:
    """Guards: the trace of a crashed container shown to callers, or its advice kept from them."""
    fields = {"OriginalStatusCode": status, "OriginalMessage": "send csv"}
    with Stubber(client) as stub:
        stub.add_client_error("invoke_endpoint", "ModelError", "", http_status_code=424, modeled_fields=fields)
        with pytest.raises(ModelFailed) as failure:
            invoke(client)
    assert (failure.value.status, failure.value.told) == (status, told)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="https://x"), TimedOut),
        (EndpointConnectionError(endpoint_url="https://x"), Unavailable),
    ],
)
def test_what_the_network_does_is_told_apart(error: Exception, kind: type[InvocationFailed]) -> None:
    """Guards: a slow model reported as a broken one."""

    class Failing:
        def invoke_endpoint(self, **_: Any) -> Any:
            raise error

    with pytest.raises(kind):
        invoke(Failing())


def test_the_endpoint_is_asked_once_and_given_up_before_the_api_does() -> None:
    """Guards: retries or limits beyond the 30 s after which the API answers 503 by itself."""
    assert CONNECT_SECONDS + READ_SECONDS <= 27
    assert CONFIG.retries == {"mode": "standard", "total_max_attempts": 1}
