"""The HTTP API's event of payload format 2.0, as the function reads it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lambdas.inference.request import MalformedRequest, Request


def event(**changed: Any) -> dict[str, Any]:
    """As apigateway http-api-develop-integrations-lambda shows it."""
    made = {
        "version": "2.0",
        "routeKey": "POST /endpoints/{endpoint}/invocations",
        "rawPath": "/endpoints/CreditRisk/invocations",
        "rawQueryString": "",
        "headers": {"content-type": "text/csv", "accept": "*/*"},
        "requestContext": {
            "accountId": "333333333333",
            "apiId": "abc123def4",
            "authorizer": {"iam": {"userArn": "arn:aws:sts::333333333333:assumed-role/Lending/nightly"}},
            "http": {"method": "POST", "path": "/endpoints/CreditRisk/invocations", "sourceIp": "192.0.2.1"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
        "pathParameters": {"endpoint": "CreditRisk"},
        "body": "1,2,3",
        "isBase64Encoded": False,
    }
    return {**made, **changed}


def test_a_signed_request_is_read_with_its_caller() -> None:
    """Guards: a log line that can't say who asked."""
    request = Request.read(event())
    assert request == Request(
        id="JKJaXmPLvHcESHA=",
        method="POST",
        path="/endpoints/CreditRisk/invocations",
        content_type="text/csv",
        accept="*/*",
        body=b"1,2,3",
        caller="arn:aws:sts::333333333333:assumed-role/Lending/nightly",
    )


def test_a_token_s_subject_is_the_caller() -> None:
    """Guards: calls with tokens that all look like nobody's."""
    context = event()["requestContext"]
    context["authorizer"] = {"jwt": {"claims": {"iss": "https://login.example", "sub": "svc-lending"}, "scopes": None}}
    assert Request.read(event(requestContext=context)).caller == "https://login.example svc-lending"
    context.pop("authorizer")
    assert Request.read(event(requestContext=context)).caller == ""


def test_a_binary_body_is_decoded() -> None:
    """Guards: a model that gets Base64 instead of what was sent."""
    sent = bytes(range(256))
    assert Request.read(event(body=base64.b64encode(sent).decode(), isBase64Encoded=True)).body == sent


def test_a_body_that_is_not_base64_is_refused_without_repeating_it() -> None:
    """Guards: payload in an error."""
    with pytest.raises(MalformedRequest) as refusal:
        Request.read(event(body="4111-1111", isBase64Encoded=True))
    assert "4111" not in str(refusal.value)


def test_a_missing_body_is_empty() -> None:
    """Guards: a crash on a POST without a body, which the event shows as no key at all."""
    without = event()
    del without["body"]
    assert Request.read(without).body == b""


def test_a_named_stage_is_no_part_of_the_path() -> None:
    """Guards: an API whose stage has a name answering 404 to everything."""
    context = {**event()["requestContext"], "stage": "live"}
    assert Request.read(event(rawPath="/live/invocations", requestContext=context)).path == "/invocations"


@pytest.mark.parametrize("changed", [{"version": "1.0"}, {"requestContext": None}, {"body": ["1"]}])
def test_what_is_no_request_of_the_api_is_refused(changed: dict[str, Any]) -> None:
    """Guards: an event of format 1.0 read as if it were 2.0, whose path and caller stand elsewhere."""
    with pytest.raises(MalformedRequest):
        Request.read(event(**changed))
