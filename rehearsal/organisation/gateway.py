"""The WSGI application: who calls which operation, and the answer in the caller's own protocol."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from rehearsal.organisation.answers import answer, error_answer
from rehearsal.organisation.control_server import PREFIX, control
from rehearsal.organisation.core import ApiError, Call, Caller, NotEmulated
from rehearsal.organisation.faults import Crashed
from rehearsal.organisation.model import model
from rehearsal.organisation.wire import Http, parse, service_of, spoken

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator
    from rehearsal.organisation.pipeline import Outcome

SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
PRESIGNED = re.compile(r"(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
LONGEST_PRESIGNED_SECONDS = 604_800
NO_CONTENT = 204


@dataclass(slots=True)
class _Request:
    """What is known of a request while it is read; `reached`: it became a call, which the pipeline logs."""

    id: str
    caller: Caller
    region: str
    service: str = ""
    operation: str = ""
    protocol: str = "json"
    reached: bool = False


class Gateway:
    """Identify, parse, hand to the pipeline, answer. Every request leaves exactly one row in the log (or
    more).
    """

    def __init__(self, org: Emulator) -> None:
        self._org = org

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = _body(environ)
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            made = control(self._org, environ, body)
        else:
            made = self._by_host(environ, body) or self._answer(environ, body)
        headers = [(name, value) for name, value in made.headers.items() if name.lower() not in ("connection", "date")]
        if made.status == NO_CONTENT:  # neither a body nor a length, or the connection is out of step (RFC 9110, 8.6)
            start("204 OK", [(name, value) for name, value in headers if name.lower() != "content-length"])
            return []
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(made.body))))
        start(f"{made.status} {'OK' if made.status < 300 else 'Error'}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [made.body]

    def _by_host(self, environ: dict[str, Any], body: bytes) -> Http | None:
        """The answer of an HTTP API, whose requests carry its host name and are no operation of any service."""
        if ".execute-api." not in environ.get("HTTP_HOST", ""):
            return None
        from rehearsal.organisation.services import execute_api

        self._org.load("apigatewayv2")
        return execute_api.answer(self._org, environ, body)

    def _answer(self, environ: dict[str, Any], body: bytes) -> Http:
        request = _Request(self._org.request_id(), Caller("", ""), self._org.region)
        path = environ.get("PATH_INFO", "")
        try:
            call = self._read(environ, body, request)
            outcome = self._made(call, request.protocol)
            if outcome.http is not None:
                return _with_ids(outcome.http, request)
            result = outcome.params or {}
            return answer(request.service, request.operation, request.protocol, result, request.id)
        except Crashed:
            return Http("", "", "", {}, b"", 500)
        except ApiError as error:
            if not request.reached:
                self._refused(request, error, environ)
            return error_answer(request.service or "sts", request.protocol, error, request.id, path)
        except Exception as error:  # noqa: BLE001 - an SDK would retry a dropped connection without a word
            traceback.print_exc()
            bug = NotEmulated(f"{request.service}:{request.operation} (the emulator has a bug: {error!r})")
            return error_answer(request.service or "sts", request.protocol, bug, request.id, path)

    def _made(self, call: Call, protocol: str) -> Outcome:
        """Hand a call to the pipeline; a crash that was asked for strikes before or after it, whatever its answer."""
        blow = self._org.faults.blow(call)
        if blow is not None:
            blow.strike("before")
        try:
            return self._org.pipeline.outside(call, protocol)
        finally:
            if blow is not None:
                blow.strike("after")

    def _read(self, environ: dict[str, Any], body: bytes, request: _Request) -> Call:
        """Identify the caller and parse the call, noting in `request` how far that came. Raises ApiError."""
        org = self._org
        scope, token = _scope(environ, org.clock.now())
        request.region = scope["region"]
        request.service = service_of(scope["service"], environ["PATH_INFO"], environ.get("HTTP_X_AMZ_TARGET", ""))
        request.protocol = spoken(request.service, environ)
        request.caller = org.identity.identify(scope["key"], token, _credential_codes(request.service))
        parsed = parse(request.service, environ, body)
        request.protocol, request.operation = parsed.protocol, parsed.operation
        org.load(parsed.service)
        owner = org.owner_of(parsed.service, parsed.params, request.caller.account)
        request.reached = True
        return Call(
            request.caller, parsed.service, parsed.operation, request.region, owner, parsed.params, request.id,
            org.clock.now(), _headers(environ),
        )  # fmt: skip

    def _refused(self, request: _Request, error: ApiError, environ: dict[str, Any]) -> None:
        """Log a request that didn't become a call: no valid credentials, or not readable."""
        self._org.log.append(
            {
                "time": self._org.clock.now().isoformat(),
                "request_id": request.id,
                "account": request.caller.account,
                "principal": request.caller.arn,
                "service": request.service,
                "operation": request.operation or f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}",
                "region": request.region,
                "owner": request.caller.account,
                "parameters": {},
                "actions": [],
                "decision": "refused",
                "denied_by": error.code,
                "why": error.message,
                "status": error.status,
                "error": error.code,
                "on_behalf_of": None,
                "via": None,
                "reason": None,
            }
        )


def _body(environ: dict[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
        return bytes(stream.read())
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        return b""  # nobody can tell where it ends: it is refused as a request without its body
    return bytes(stream.read(int(length))) if length != "0" else b""


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """The request's headers, names in lower case."""
    return {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}


def _with_ids(http: Http, request: _Request) -> Http:
    """moto's answer under the request id of the log."""
    kept = {name: value for name, value in http.headers.items() if name.lower() != "x-amzn-requestid"}
    ids = {"x-amzn-RequestId": request.id, **({"x-amz-request-id": request.id} if request.service == "s3" else {})}
    return Http("", "", "", {**kept, **ids}, http.body, http.status)


def _scope(environ: dict[str, Any], now: datetime) -> tuple[dict[str, str], str]:
    """The credential scope and session token of a signed request, by header or presigned URL. Raises
    ApiError.
    """
    match = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    if match is None:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        match = PRESIGNED.fullmatch(query.get("X-Amz-Credential", [""])[0])
        token = query.get("X-Amz-Security-Token", [""])[0]
        if match is not None:
            _require_current(query, now)
    if match is None:
        raise ApiError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return match.groupdict(), token


def _require_current(query: dict[str, list[str]], now: datetime) -> None:
    """A presigned URL holds for X-Amz-Expires seconds from X-Amz-Date (AmazonS3 sigv4-query-string-auth)."""
    try:
        made = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = int(query["X-Amz-Expires"][0])
    except (KeyError, ValueError):
        seconds = 0
    if not 1 <= seconds <= LONGEST_PRESIGNED_SECONDS:
        wanted = f"X-Amz-Date must be yyyymmddThhmmssZ, X-Amz-Expires 1 to {LONGEST_PRESIGNED_SECONDS} seconds"
        raise ApiError("AuthorizationQueryParametersError", wanted)
    if made + timedelta(seconds=seconds) <= now:
        raise ApiError("AccessDenied", "Request has expired", 403)


def _credential_codes(service: str) -> dict[str, str]:
    """How services word bad credentials (iam/CommonErrors, dynamodb/CommonErrors, AmazonS3
    ErrorResponses).
    """
    if service == "s3":
        return {"unknown": "InvalidAccessKeyId", "expired": "ExpiredToken"}
    if str(model(service).protocol) in ("query", "ec2"):
        return {"unknown": "InvalidClientTokenId", "expired": "ExpiredToken"}
    return {"unknown": "UnrecognizedClientException", "expired": "ExpiredTokenException"}
