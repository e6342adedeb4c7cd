"""What the inference function answers, whatever is sent and whatever the endpoint does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.inference.core import MOST_ANSWER_BYTES, Inference, Outcome, Rules
from lambdas.inference.fakes import FakeEndpoints
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
from lambdas.inference.request import Request

SECRET = b"4111-1111-1111-1111"
CALLER = "arn:aws:sts::333333333333:assumed-role/Lending/nightly"
ASKED = Request("r1", "POST", "/endpoints/CreditRisk/invocations", "text/csv", "", SECRET, CALLER)
ONE = Rules(("CreditRisk",), frozenset({"text/csv"}), 100)
TWO = replace(ONE, endpoints=("CreditRisk", "Fraud"))


def answered(request: Request, rules: Rules = ONE, endpoints: FakeEndpoints | None = None) -> Outcome:
    return Inference(endpoints or FakeEndpoints(), rules).answer(request)


def problem(outcome: Outcome) -> dict[str, Any]:
    assert outcome.response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(outcome.response.body)
    assert found["status"] == outcome.response.status, "body and status agree"
    assert found["requestId"] == "r1"
    return found


def test_a_prediction_comes_back_with_its_type_variant_and_request_id() -> None:
    """Guards: an answer that can't be traced, or whose type or variant is lost."""
    endpoints = FakeEndpoints(Prediction(b"0.25\n0.5", "text/csv; charset=utf-8", "Blue"))
    outcome = answered(ASKED, endpoints=endpoints)
    assert outcome.response.status == 200
    assert outcome.response.body == b"0.25\n0.5"
    assert outcome.response.headers == {
        "content-type": "text/csv; charset=utf-8",
        "x-request-id": "r1",
        "x-invoked-production-variant": "Blue",
    }
    assert endpoints.asked == [("CreditRisk", SECRET, "text/csv", "")]


@pytest.mark.parametrize(
    ("path", "rules", "asked"),
    [
        ("/invocations", ONE, "CreditRisk"),
        ("/endpoints/creditrisk/invocations", ONE, "CreditRisk"),
        ("/endpoints/Fraud/invocations", TWO, "Fraud"),
        ("/invocations", TWO, None),
        ("/endpoints/Other/invocations", TWO, None),
        ("/endpoints/CreditRisk%2F/invocations", ONE, None),
        ("/endpoints//invocations", ONE, None),
        ("/endpoints/CreditRisk/invocations/", ONE, None),
        ("/ping", ONE, None),
    ],
)
def test_only_configured_endpoints_are_asked(path: str, rules: Rules, asked: str | None) -> None:
    """Guards: a path that reaches an endpoint which nobody published, or which of several is guessed."""
    endpoints = FakeEndpoints()
    outcome = answered(replace(ASKED, path=path), rules, endpoints)
    assert [name for name, *_ in endpoints.asked] == ([] if asked is None else [asked])
    assert outcome.endpoint == asked
    assert outcome.response.status == (404 if asked is None else 200)


def test_another_method_is_not_answered() -> None:
    """Guards: a GET that invokes a model, as prefetching browsers would send it."""
    outcome = answered(replace(ASKED, method="GET"))
    assert problem(outcome)["status"] == 404


def test_a_body_over_the_limit_is_refused_unsent() -> None:
    """Guards: a limit that is one byte off, or that holds only after the endpoint was asked."""
    endpoints = FakeEndpoints()
    assert answered(replace(ASKED, body=b"x" * 100), endpoints=endpoints).response.status == 200
    endpoints.asked.clear()
    outcome = answered(replace(ASKED, body=b"x" * 101), endpoints=endpoints)
    assert problem(outcome)["detail"] == "the body has 101 bytes, at most 100 are taken"
    assert outcome.response.status == 413
    assert endpoints.asked == []


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("text/csv", 200), ("Text/CSV; charset=utf-8", 200), ("", 415), ("text/html", 415), ("text/csv2", 415)],
)
def test_only_listed_content_types_are_sent_on(content_type: str, status: int) -> None:
    """Guards: a deserialiser of the container that nobody meant to expose."""
    assert answered(replace(ASKED, content_type=content_type)).response.status == status


def test_an_empty_body_and_unsendable_headers_are_the_callers_mistake() -> None:
    """Guards: what botocore or SageMaker would refuse coming back as the API's own failure."""
    assert answered(replace(ASKED, body=b"")).response.status == 400
    assert answered(replace(ASKED, accept="text/csv\r\nx: y")).response.status == 400
    assert answered(replace(ASKED, content_type="text/csv;" + "a" * 1025)).response.status == 400


def test_an_accept_of_anything_is_not_sent_on() -> None:
    """Guards: a client's default `*/*` taken for a wish that a container may refuse."""
    endpoints = FakeEndpoints()
    answered(replace(ASKED, accept="*/*"), endpoints=endpoints)
    answered(replace(ASKED, accept="application/json"), endpoints=endpoints)
    assert [accept for *_, accept in endpoints.asked] == ["", "application/json"]


@pytest.mark.parametrize(
    ("failure", "status", "again"),
    [
        (NotServing("EndpointNotFound"), 503, True),
        (Throttled("ThrottlingException"), 429, True),
        (TimedOut("ReadTimeoutError"), 504, False),
        (Unavailable("ServiceUnavailable"), 503, True),
        (Refused("ValidationError"), 400, False),
        (NotPermitted("AccessDeniedException"), 500, False),
    ],
)
def test_each_failure_has_its_status(failure: InvocationFailed, status: int, again: bool) -> None:
    """Guards: a caller who can't tell its own mistake from a busy or broken endpoint."""
    outcome = answered(ASKED, endpoints=FakeEndpoints(failure=failure))
    assert outcome.response.status == status
    assert ("retry-after" in outcome.response.headers) is again
    assert outcome.reason == failure.code
    problem(outcome)


def test_a_model_error_keeps_the_containers_status() -> None:
    """Guards: a container's refusal and its crash looking alike."""
    refused = answered(ASKED, endpoints=FakeEndpoints(failure=ModelFailed(415, "please send csv" + "!" * 600)))
    assert refused.response.status == 424
    assert refused.response.headers["x-model-status"] == "415"
    assert problem(refused)["modelMessage"] == ("please send csv" + "!" * 600)[:512]
    crashed = answered(ASKED, endpoints=FakeEndpoints(failure=ModelFailed(500, "")))
    assert crashed.response.headers["x-model-status"] == "500"
    assert "modelMessage" not in problem(crashed)


def test_an_answer_that_lambda_could_not_carry_is_said_to_be_too_large() -> None:
    """Guards: an unexplained 500 of Lambda's own for a large prediction."""
    large = Prediction(b"x" * (MOST_ANSWER_BYTES + 1), "text/csv", "AllTraffic")
    assert answered(ASKED, endpoints=FakeEndpoints(large)).response.status == 502


@given(
    path=st.one_of(st.just(ASKED.path), st.text(max_size=40)),
    content_type=st.one_of(st.just("text/csv"), st.text(max_size=40)),
    accept=st.text(max_size=40),
    body=st.binary(max_size=120),
)
def test_whatever_is_sent_has_an_answer_that_repeats_nothing_of_it(
    path: str, content_type: str, accept: str, body: bytes
) -> None:
    """Guards: a crash on odd input, and payload that comes back in an error document."""
    request = replace(ASKED, path=path, content_type=content_type, accept=accept, body=SECRET + body)
    outcome = answered(request)
    assert outcome.response.status in (200, 400, 404, 413, 415)
    assert SECRET not in outcome.response.body
    assert outcome.endpoint in (None, "CreditRisk")
