"""The way of a request through an HTTP API: stage, route, throttling, authorisation, function, answer.

Sources: http-api-develop-integrations-lambda (the function's answer), http-api-access-control-iam (`execute-api:Invoke`
on `<api>/<stage>/<METHOD>/<path>`; an HTTP API has no resource policy), http-api-quotas (30 s, 10 MB),
http-api-throttling. Who calls is looked up by the access key and session token of the signature; the signature itself
isn't verified.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import time
import traceback
from typing import TYPE_CHECKING, Any

from rehearsal.organisation.core import ApiError, Caller, Need, NotEmulated, Params
from rehearsal.organisation.runtime.functions import Function, find_function
from rehearsal.organisation.services.apigatewayv2.integrations import function_of
from rehearsal.organisation.services.apigatewayv2.store import apis
from rehearsal.organisation.services.execute_api.records import Trace, measure, row, write_access_log
from rehearsal.organisation.services.execute_api.request import Match, Request, event_of, route_of, stage_of
from rehearsal.organisation.services.execute_api.throttle import admits
from rehearsal.organisation.wire import Http

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator

HOST = re.compile(r"(?P<api>[a-z0-9]{10})\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?::\d+)?")
SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
GATEWAY = "apigateway.amazonaws.com"
MOST_BYTES = 10 * 1024 * 1024
MOST_EVENT_BYTES = 6_291_456
"""Of an invocation that is waited for (lambda gettingstarted-limits)."""

REQUEST_ID_BYTES = 11
_CODES = {"unknown": "Forbidden", "expired": "Forbidden"}


class Answered(Exception):
    """API Gateway answers by itself. `error`: as `$context.error.message` tells it."""

    def __init__(self, status: int, message: str, integration_error: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.integration_error = integration_error


def answer(org: Emulator, environ: dict[str, Any], body: bytes) -> Http | None:
    """The answer to a request for an HTTP API by its host; None for a request that isn't for one."""
    host = HOST.fullmatch(str(environ.get("HTTP_HOST", "")))
    if host is None:
        return None
    api = next(
        (found for one in org.accounts.values() if (found := apis(org, one.id, host["region"]).get(host["api"]))), None
    )  # fmt: skip
    request = _read(org, environ, body)
    if api is None:
        return _message(404, "Not Found", request.id)
    trace = Trace(api, request)
    began = time.monotonic()
    try:
        http = _through(org, trace)
    except Answered as ended:
        http = _message(ended.status, ended.message, request.id)
        trace.error, trace.integration_error = ended.message, ended.integration_error
    except NotEmulated as refusal:
        http = _message(refusal.status, str(refusal), request.id)
        trace.error = "NotEmulated"
    except Exception as error:  # noqa: BLE001 - a dropped connection would tell the caller nothing
        traceback.print_exc()
        http = _message(500, f"the emulator has a bug: {error!r}", request.id)
        trace.error = "bug in the emulator"
    trace.status, trace.length = http.status, len(http.body)
    trace.latency_ms = (time.monotonic() - began) * 1000
    org.log.append(row(trace))
    write_access_log(org, trace)
    measure(org, trace)
    return http


def _read(org: Emulator, environ: dict[str, Any], body: bytes) -> Request:
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    path = str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")
    return Request(
        id=base64.b64encode(secrets.token_bytes(REQUEST_ID_BYTES)).decode(),
        host=str(environ["HTTP_HOST"]).partition(":")[0],
        method=str(environ["REQUEST_METHOD"]),
        path=path,
        raw_path=str(environ.get("RAW_URI", path)).partition("?")[0],
        query=str(environ.get("QUERY_STRING", "")),
        headers=headers,
        body=body,
        source_ip=org.settings.source_ip,
        time=org.clock.now(),
    )


def _through(org: Emulator, trace: Trace) -> Http:
    api, request = trace.api, trace.request
    with org.lock:
        staged = stage_of(api, request.path)
        routed = None if staged is None else route_of(api, request.method, staged[1])
    if staged is None or routed is None or api.record["DisableExecuteApiEndpoint"]:
        raise Answered(404, "Not Found")
    (stage, path), (route, parts) = staged, routed
    trace.match = match = Match(stage, route, path, parts)
    if not admits(org, api, stage, route):
        raise Answered(429, "Too Many Requests")
    if route["AuthorizationType"] == "AWS_IAM":
        _authorise(org, trace, match)
    if len(request.body) > MOST_BYTES:
        raise Answered(413, "Request Entity Too Large")
    integration = api.integrations.get(str(route.get("Target", "")).removeprefix("integrations/"))
    if integration is None:
        raise Answered(500, "Internal Server Error", "The route has no integration")
    return _integrated(org, trace, match, integration)


def _authorise(org: Emulator, trace: Trace, match: Match) -> None:
    """Who signed, and whether it may: identity policies of the API's own account, since there is no other side."""
    api, request = trace.api, trace.request
    scope = SCOPE.search(request.headers.get("authorization", ""))
    if scope is None or (scope["service"], scope["region"]) != ("execute-api", api.region):
        raise Answered(403, "Forbidden")
    try:
        trace.caller = org.identity.identify(scope["key"], request.headers.get("x-amz-security-token", ""), _CODES)
    except ApiError:
        raise Answered(403, "Forbidden") from None
    stage = match.stage["StageName"]
    resource = f"arn:aws:execute-api:{api.region}:{api.account}:{api.id}/{stage}/{request.method}{match.path}"
    need = Need("execute-api:Invoke", resource, api.account)
    trace.actions = [[need.action, need.resource]]
    trace.verdict = org.judge(trace.caller, need, region=api.region)
    if not trace.verdict.allowed:
        raise Answered(403, "Forbidden")


def _integrated(org: Emulator, trace: Trace, match: Match, integration: Params) -> Http:
    """Invoke the function with the rights that its own policy gives this route, and map what it answers."""
    function = _admitted(org, trace, match, integration)
    caller: Caller | None = trace.caller
    described = None if caller is None else org.accounts_by_id.get(caller.account)
    member = described is not None and described.in_organisation
    event = event_of(trace.api, match, trace.request, caller, org.id if member else None)
    if len(json.dumps(event)) > MOST_EVENT_BYTES:
        raise Answered(413, "Request Entity Too Large", "Lambda takes no such payload")
    began = time.monotonic()
    try:
        outcome = org.component("lambda").invoke(function.arn, event)
    except ApiError as error:
        raise Answered(503, "Service Unavailable", error.code) from error
    finally:
        trace.integration_ms = (time.monotonic() - began) * 1000
    if outcome.duration_ms > integration["TimeoutInMillis"]:
        raise Answered(503, "Service Unavailable", "The integration timed out")
    if outcome.error:
        raise Answered(500, "Internal Server Error", "The Lambda function returned an error")
    return _mapped(outcome.payload, trace.request.id)


def _admitted(org: Emulator, trace: Trace, match: Match, integration: Params) -> Function:
    api = trace.api
    try:
        function = find_function(org, function_of(integration), api.account, api.region)
    except ApiError as error:
        raise Answered(500, "Internal Server Error", error.message) from error
    method, _, path = str(match.route["RouteKey"]).partition(" ")
    source = f"arn:aws:execute-api:{api.region}:{api.account}:{api.id}/{match.stage['StageName']}/{method}{path}"
    gateway = Caller(GATEWAY, "")
    need = Need("lambda:InvokeFunction", function.arn, function.account)
    verdict = org.judge(
        gateway, need, region=api.region, extra={"aws:SourceArn": source, "aws:SourceAccount": api.account}
    )  # fmt: skip
    org.pipeline.record_need(gateway, verdict, region=api.region, via=None, reason="API Gateway invokes the function")
    if not verdict.allowed:
        told = (
            "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration"
        )
        raise Answered(500, "Internal Server Error", told)
    return function


def _mapped(payload: str, request_id: str) -> Http:
    """What a function answers as HTTP: as it says with `statusCode`, any other JSON as the body of a 200."""
    try:
        told = json.loads(payload) if payload else None
    except ValueError:
        raise Answered(500, "Internal Server Error", "The response from the Lambda function was malformed") from None
    if not isinstance(told, dict) or "statusCode" not in told:
        body = told if isinstance(told, str) else json.dumps(told)
        return _http(200, {"Content-Type": "application/json"}, body.encode(), request_id)
    try:
        status, text = int(told["statusCode"]), str(told.get("body") or "")
        body_bytes = base64.b64decode(text, validate=True) if told.get("isBase64Encoded") else text.encode()
        headers = {str(name): str(value) for name, value in (told.get("headers") or {}).items()}
    except (TypeError, ValueError, AttributeError, binascii.Error):
        raise Answered(500, "Internal Server Error", "The response from the Lambda function was malformed") from None
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "text/plain;charset=UTF-8"
    return _http(status, headers, body_bytes, request_id)


def _message(status: int, message: str, request_id: str) -> Http:
    return _http(status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode(), request_id)


def _http(status: int, headers: dict[str, str], body: bytes, request_id: str) -> Http:
    return Http("", "", "", {**headers, "Apigw-Requestid": request_id}, body, status)
