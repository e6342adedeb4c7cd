"""What becomes of a request: which endpoint it means, whether it may be sent there, and what the caller is answered.

Errors are problem documents (RFC 9457) without a word of the payload, but for what the model's container itself says to
the caller of a request that it doesn't take.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from lambdas.inference.ports import (
    Endpoints,
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

PROBLEM = "application/problem+json"
REQUEST_ID = "x-request-id"
VARIANT = "x-invoked-production-variant"
MODEL_STATUS = "x-model-status"
RETRY_AFTER = "retry-after"
RETRY_SECONDS = 5

MOST_TOLD = 512
"""Characters of a container's own words in a problem document."""

MOST_ANSWER_BYTES = 4_500_000
"""Of a prediction: Lambda answers 6 MB of JSON, in which it stands as Base64 (lambda gettingstarted-limits)."""

_PATH = re.compile(r"(?:/endpoints/(?P<endpoint>[^/]+))?/invocations")
_HEADER = re.compile(r"[ -~]{0,1024}")
"""What InvokeEndpoint takes as Content-Type and Accept (botocore sagemaker-runtime, Header: at most 1,024)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`endpoints`: the names that may be asked for. `most_bytes`: of a request's body, decoded."""

    endpoints: tuple[str, ...]
    content_types: frozenset[str]
    most_bytes: int

    def named(self, asked: str) -> str | None:
        """The endpoint of a name, in whatever case: SageMaker's names differ in more than case."""
        return next((name for name in self.endpoints if name.lower() == asked.lower()), None)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, and what is logged of it: `endpoint` only where it is a configured one, `reason` a fixed word."""

    response: Response
    endpoint: str | None
    reason: str


class Inference:
    """Answers requests by the rules."""

    def __init__(self, endpoints: Endpoints, rules: Rules) -> None:
        self._endpoints = endpoints
        self._rules = rules

    def answer(self, request: Request) -> Outcome:
        """Never raises for what a caller sends or an endpoint does."""
        path = _PATH.fullmatch(request.path)
        if path is None or request.method != "POST":
            told = "only POST /endpoints/{name}/invocations is answered"
            return _problem(request, HTTPStatus.NOT_FOUND, "no-route", told)
        endpoint = self._endpoint(path["endpoint"])
        if endpoint is None:
            told = "this API has no endpoint of that name; it was not asked"
            if path["endpoint"] is None:
                told = "this API has several endpoints: name one, as in POST /endpoints/{name}/invocations"
            return _problem(request, HTTPStatus.NOT_FOUND, "unknown-endpoint", told)
        refusal = self._refusal(request, endpoint)
        if refusal is not None:
            return refusal
        try:
            accept = "" if request.accept == "*/*" else request.accept
            prediction = self._endpoints.invoke(endpoint, request.body, request.content_type, accept)
        except InvocationFailed as failure:
            return _failure(request, endpoint, failure)
        return _success(request, endpoint, prediction)

    def _endpoint(self, asked: str | None) -> str | None:
        if asked is not None:
            return self._rules.named(asked)
        return self._rules.endpoints[0] if len(self._rules.endpoints) == 1 else None

    def _refusal(self, request: Request, endpoint: str) -> Outcome | None:
        rules = self._rules
        if len(request.body) > rules.most_bytes:
            told = f"the body has {len(request.body):,} bytes, at most {rules.most_bytes:,} are taken"
            return _problem(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", told, endpoint)
        if _media_type(request.content_type) not in rules.content_types:
            told = f"Content-Type must be one of {', '.join(sorted(rules.content_types))}"
            return _problem(request, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type", told, endpoint)
        if not request.body:
            return _problem(request, HTTPStatus.BAD_REQUEST, "empty", "the body is empty", endpoint)
        if not _HEADER.fullmatch(request.content_type) or not _HEADER.fullmatch(request.accept):
            told = "Content-Type and Accept must be at most 1,024 visible ASCII characters"
            return _problem(request, HTTPStatus.BAD_REQUEST, "header", told, endpoint)
        return None


def malformed(request_id: str, told: str) -> Response:
    """The answer to an event that is no request."""
    return _document(HTTPStatus.BAD_REQUEST, told, request_id)


def broken(request_id: str) -> Response:
    """The answer where the function itself failed."""
    told = "the API failed; tell its operators the request id"
    return _document(HTTPStatus.INTERNAL_SERVER_ERROR, told, request_id)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _success(request: Request, endpoint: str, prediction: Prediction) -> Outcome:
    if len(prediction.body) > MOST_ANSWER_BYTES:
        told = f"the model's answer has {len(prediction.body):,} bytes, {MOST_ANSWER_BYTES:,} can be passed on: ask for"
        return _problem(request, HTTPStatus.BAD_GATEWAY, "answer-too-large", f"{told} less at a time", endpoint)
    headers = {"content-type": prediction.content_type, REQUEST_ID: request.id, VARIANT: prediction.variant}
    kept = {name: value for name, value in headers.items() if value}
    return Outcome(Response(HTTPStatus.OK, prediction.body, kept), endpoint, "answered")


_ANSWERS: tuple[tuple[type[InvocationFailed], HTTPStatus, str], ...] = (
    (NotServing, HTTPStatus.SERVICE_UNAVAILABLE, "the endpoint isn't in service now"),
    (Throttled, HTTPStatus.TOO_MANY_REQUESTS, "the endpoint takes no more requests now"),
    (TimedOut, HTTPStatus.GATEWAY_TIMEOUT, "the endpoint didn't answer in time"),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE, "SageMaker couldn't be asked"),
    (Refused, HTTPStatus.BAD_REQUEST, "SageMaker refuses the request as it is"),
    (NotPermitted, HTTPStatus.INTERNAL_SERVER_ERROR, "this API may not ask its endpoint: tell its operators"),
)


def _failure(request: Request, endpoint: str, failure: InvocationFailed) -> Outcome:
    if isinstance(failure, ModelFailed):
        return _model_failure(request, endpoint, failure)
    status, told = next((status, told) for kind, status, told in _ANSWERS if isinstance(failure, kind))
    again = status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
    headers = {RETRY_AFTER: str(RETRY_SECONDS)} if again else {}
    return _problem(request, status, failure.code, told, endpoint, headers)


def _model_failure(request: Request, endpoint: str, failure: ModelFailed) -> Outcome:
    """The container's status travels in a header: a caller must tell its own mistake (4xx) from the model's (5xx)."""
    told = f"the model's container answered {failure.status}"
    more = {"modelMessage": failure.told[:MOST_TOLD]} if failure.told else {}
    headers = {MODEL_STATUS: str(failure.status)}
    return _problem(request, HTTPStatus.FAILED_DEPENDENCY, failure.code, told, endpoint, headers, more)


def _problem(
    request: Request, status: HTTPStatus, reason: str, told: str, endpoint: str | None = None,
    headers: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None,
) -> Outcome:  # fmt: skip
    return Outcome(_document(status, told, request.id, headers, more), endpoint, reason)


def _document(
    status: HTTPStatus, told: str, request_id: str, headers: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    document = {"title": status.phrase, "status": int(status), "detail": told, "requestId": request_id, **(more or {})}
    named = {"content-type": PROBLEM, REQUEST_ID: request_id, **(headers or {})}
    return Response(status, json.dumps(document).encode(), named)
