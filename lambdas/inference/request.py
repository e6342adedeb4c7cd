"""A request as the HTTP API hands it over: the event of payload format 2.0.

Source: apigateway http-api-develop-integrations-lambda (fields of the event; header names in lower case; a binary body
is Base64).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = "2.0"


class MalformedRequest(Exception):
    """An event that isn't of payload format 2.0, or a body that can't be decoded."""


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is without the stage's name, as the routes are. `caller`: the ARN that signed, or the token's subject."""

    id: str
    method: str
    path: str
    content_type: str
    accept: str
    body: bytes
    caller: str

    @staticmethod
    def read(event: Mapping[str, Any]) -> Request:
        """Raises MalformedRequest; its message never holds what was sent."""
        context = event.get("requestContext")
        if event.get("version") != FORMAT or not isinstance(context, Mapping):
            raise MalformedRequest(
                f"the event is not of payload format {FORMAT}: set the integration's payloadFormatVersion to {FORMAT}"
            )
        http = context.get("http", {})
        headers = event.get("headers") or {}
        return Request(
            id=str(context.get("requestId", "")),
            method=str(http.get("method", "")),
            path=_path(str(event.get("rawPath", "")), str(context.get("stage", ""))),
            content_type=str(headers.get("content-type", "")),
            accept=str(headers.get("accept", "")),
            body=_body(event),
            caller=caller_of(context),
        )


def caller_of(context: Mapping[str, Any]) -> str:
    """Who calls, by what the API verified: the ARN of a signed request, `issuer subject` of a token, else ""."""
    authorizer = context.get("authorizer") or {}
    if "iam" in authorizer:
        return str((authorizer["iam"] or {}).get("userArn") or "")
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    return " ".join(str(claims[name]) for name in ("iss", "sub") if claims.get(name))


def _path(raw: str, stage: str) -> str:
    """`rawPath` begins with the stage's name unless the stage is `$default`."""
    return raw.removeprefix(f"/{stage}") if stage != "$default" and raw.startswith(f"/{stage}/") else raw


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not isinstance(text, str):
        raise MalformedRequest("the event's body is no text")
    if not event.get("isBase64Encoded"):
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedRequest("the event's body is not Base64, though the event says so") from None
