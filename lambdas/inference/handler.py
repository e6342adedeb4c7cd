"""Entry point of the inference function: `lambdas.inference.handler.handler`, invoked by the HTTP API alone."""

from __future__ import annotations

import base64
import functools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.errors import SettingError
from lambdas.common.aws import client
from lambdas.common.log import Log
from lambdas.common.settings import Environment, names
from lambdas.inference.adapters import CONFIG, SageMakerEndpoints
from lambdas.inference.core import Inference, Response, Rules, broken, malformed
from lambdas.inference.request import MalformedRequest, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables."""

    endpoints: tuple[str, ...]
    content_types: frozenset[str]
    most_bytes: int
    prefix: str

    @staticmethod
    def read(variables: Mapping[str, str]) -> Settings:
        """Raises SettingError listing every variable that is missing or malformed."""
        environment = Environment(variables)
        none: frozenset[str] = frozenset()
        endpoints = environment.parsed("ENDPOINTS", names("ENDPOINTS"), none)
        content_types = environment.parsed("CONTENT_TYPES", names("CONTENT_TYPES"), none)
        settings = Settings(
            endpoints=tuple(sorted(endpoints)),
            content_types=frozenset(one.lower() for one in content_types),
            most_bytes=environment.parsed("MAX_BYTES", _bytes, 0),
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings


def _bytes(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise SettingError(f"MAX_BYTES is {text[:80]!r}; wanted: a number of bytes from 1")
    return int(text)


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    inference: Inference
    log: Log


@functools.cache
def _warm() -> Warm:
    settings = Settings.read(os.environ)
    rules = Rules(settings.endpoints, settings.content_types, settings.most_bytes)
    endpoints = SageMakerEndpoints(client("sagemaker-runtime", CONFIG))
    return Warm(Inference(endpoints, rules), Log(installation=settings.prefix))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer one request, and log one line of it that holds nothing of its payload or its answer."""
    began = time.monotonic()
    warm = _warm()
    request_id = str((event.get("requestContext") or {}).get("requestId", ""))
    fields: dict[str, object] = {"requestid": request_id}
    try:
        request = Request.read(event)
        fields |= {"caller": request.caller, "bytesin": len(request.body)}
        outcome = warm.inference.answer(request)
        response, reason = outcome.response, outcome.reason
        fields["endpoint"] = outcome.endpoint
    except MalformedRequest as problem:
        response, reason = malformed(request_id, str(problem)), "malformed"
    except Exception as problem:  # noqa: BLE001 - whatever it is, its message may quote the payload: its kind is logged
        response, reason = broken(request_id), type(problem).__name__
    fields |= {"bytesout": len(response.body), "ms": round((time.monotonic() - began) * 1000)}
    warm.log.info("request", status=int(response.status), reason=reason, **fields)
    return _answer(response)


def _answer(response: Response) -> dict[str, Any]:
    """As the HTTP API takes it. Base64 always: what a model answers need not be text."""
    return {
        "statusCode": int(response.status),
        "headers": dict(response.headers),
        "body": base64.b64encode(response.body).decode(),
        "isBase64Encoded": True,
    }
