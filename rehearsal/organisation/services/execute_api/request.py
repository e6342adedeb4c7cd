"""A request to an HTTP API, the route that it takes, and the event of payload format 2.0 made of it.

Source: apigateway/latest/developerguide http-api-develop-integrations-lambda (the event, the answer), http-api-stages
(`$default` has no part of the path), http-api-develop-routes (which route is taken: the one of most fixed parts).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from rehearsal.organisation.core import Caller, NotEmulated, Params
from rehearsal.organisation.services.apigatewayv2.store import Api

DEFAULT_STAGE = "$default"
_PART = re.compile(r"\{(?P<name>[A-Za-z0-9._-]+)\}")
_TEXT = re.compile(r"text/.*|application/(?:.*\+)?(?:json|javascript|xml)")
"""What comes as text and not as Base64. No page lists it; reports agree on these."""


@dataclass(frozen=True, slots=True)
class Request:
    """As it came. `path` is decoded, `raw_path` isn't; `headers` in lower case, several of a name joined by commas."""

    id: str
    host: str
    method: str
    path: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Match:
    """The stage and route that a request takes, and the parts of its path by name."""

    stage: Params
    route: Params
    path: str
    parts: Mapping[str, str]


def stage_of(api: Api, path: str) -> tuple[Params, str] | None:
    """The stage that a path begins with, else `$default`, and the path within it."""
    first, _, rest = path.removeprefix("/").partition("/")
    if first in api.stages and first != DEFAULT_STAGE:
        return api.stages[first], f"/{rest}"
    stage = api.stages.get(DEFAULT_STAGE)
    return None if stage is None else (stage, path)


def route_of(api: Api, method: str, path: str) -> tuple[Params, Mapping[str, str]] | None:
    """The route of a method and path: of those that match the one with most fixed parts, a method before ANY."""
    found: list[tuple[tuple[int, bool], Params, Mapping[str, str]]] = []
    for route in api.routes.values():
        key = str(route["RouteKey"])
        if key == DEFAULT_STAGE:
            raise NotEmulated("execute-api: an API with a route $default")
        wanted, _, template = key.partition(" ")
        if "+}" in template:
            raise NotEmulated(f"execute-api: an API with a greedy route ({key})")
        parts = _matched(template, path) if wanted in (method, "ANY") else None
        if parts is not None:
            found.append(((-len(parts), wanted != "ANY"), route, parts))
    if not found:
        return None
    _, route, parts = max(found, key=lambda one: one[0])
    return route, parts


def _matched(template: str, path: str) -> Mapping[str, str] | None:
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    parts: dict[str, str] = {}
    for one, other in zip(wanted, given, strict=True):
        name = _PART.fullmatch(one)
        if name is None and one != other:
            return None
        if name is not None:
            if not other:
                return None
            parts[name["name"]] = unquote(other)
    return parts


def event_of(
    api: Api, match: Match, request: Request, caller: Caller | None, organisation: str | None
) -> dict[str, Any]:
    """The event for a function. `organisation`: the caller's, by its id."""
    stage = str(match.stage["StageName"])
    text = _text(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route["RouteKey"],
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {name: value for name, value in request.headers.items() if name != "cookie"},
        "requestContext": {
            "accountId": api.account,
            "apiId": api.id,
            "domainName": request.host,
            "domainPrefix": request.host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": request.id,
            "routeKey": match.route["RouteKey"],
            "stage": stage,
            "time": f"{request.time:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int(request.time.timestamp() * 1000),
        },
        "isBase64Encoded": text is None and bool(request.body),
    }
    if caller is not None:
        event["requestContext"]["authorizer"] = {"iam": iam_of(caller, organisation)}
    if request.body:
        event["body"] = base64.b64encode(request.body).decode() if text is None else text
    if match.parts:
        event["pathParameters"] = dict(match.parts)
    if request.query:
        event["queryStringParameters"] = _query(request.query)
    if "cookie" in request.headers:
        event["cookies"] = [one.strip() for one in request.headers["cookie"].split(";")]
    if match.stage.get("StageVariables"):
        event["stageVariables"] = dict(match.stage["StageVariables"])
    return event


def iam_of(caller: Caller, organisation: str | None) -> dict[str, Any]:
    """`requestContext.authorizer.iam` of a signed request."""
    return {
        "accessKey": caller.access_key,
        "accountId": caller.account,
        "callerId": caller.user_id,
        "cognitoIdentity": None,
        "principalOrgId": organisation,
        "userArn": caller.arn,
        "userId": caller.user_id,
    }


def _query(query: str) -> dict[str, str]:
    """Several of a name are joined by commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _text(request: Request) -> str | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not _TEXT.fullmatch(kind):
        return None
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        return None
