"""The WSGI application: who calls which operation, and the answer in the caller's own protocol."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from rehearsal.organisation.answers import answer, error_answer
from rehearsal.organisation.control_server import PREFIX, control
from rehearsal.organisation.core import ApiError, Call, Caller, NotEmulated
from rehearsal.organisation.model import model
from rehearsal.organisation.wire import Http, Parsed, parse, service_of

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator

SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
PRESIGNED = re.compile(r"(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


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
            made = self._answer(environ, body)
        headers = [(name, value) for name, value in made.headers.items() if name.lower() not in ("connection", "date")]
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(made.body))))
        start(f"{made.status} {'OK' if made.status < 300 else 'Error'}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [made.body]

    def _answer(self, environ: dict[str, Any], body: bytes) -> Http:
        org = self._org
        request_id = org.request_id()
        service, protocol, operation = "", "json", ""
        caller, region = Caller("(not identified)", ""), org.region
        try:
            scope, token = _scope(environ)
            region = scope["region"]
            service = service_of(scope["service"], environ["PATH_INFO"], environ.get("HTTP_X_AMZ_TARGET", ""))
            protocol = str(model(service).protocol)
            caller = org.identity.identify(scope["key"], token, _credential_codes(service))
            parsed = parse(service, environ, body)
            protocol, operation = parsed.protocol, parsed.operation
            call = self._call(caller, parsed, region, request_id, environ)
        except ApiError as error:
            self._refused(caller, service, operation, region, request_id, error, environ)
            return error_answer(service or "sts", protocol, error, request_id, environ.get("PATH_INFO", ""))
        try:
            outcome = org.pipeline.outside(call, protocol)
        except ApiError as error:
            return error_answer(service, protocol, error, request_id, environ.get("PATH_INFO", ""))
        except Exception as error:  # noqa: BLE001 - an SDK would retry a dropped connection without a word
            traceback.print_exc()
            bug = NotEmulated(f"{service}:{operation} (the emulator has a bug: {error!r})")
            return error_answer(service, protocol, bug, request_id)
        if outcome.http is not None:
            kept = {k: v for k, v in outcome.http.headers.items() if k.lower() != "x-amzn-requestid"}
            ids = {
                "x-amzn-RequestId": request_id,
                **({"x-amz-request-id": request_id} if service == "s3" else {}),
            }
            return Http("", "", "", {**kept, **ids}, outcome.http.body, outcome.http.status)
        return answer(service, operation, protocol, outcome.params or {}, request_id)

    def _call(self, caller: Caller, parsed: Parsed, region: str, request_id: str, environ: dict[str, Any]) -> Call:
        org = self._org
        org.load(parsed.service)
        headers = {
            key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key.startswith("HTTP_")
        }
        owner = org.owner_of(parsed.service, parsed.params, caller.account)
        return Call(
            caller,
            parsed.service,
            parsed.operation,
            region,
            owner,
            parsed.params,
            request_id,
            org.clock.now(),
            headers,
        )

    def _refused(
        self, caller: Caller, service: str, operation: str, region: str, request_id: str, error: ApiError,
        environ: dict[str, Any],
    ) -> None:  # fmt: skip
        """Log a request that didn't become a call: no valid credentials, or not readable."""
        self._org.log.append(
            {
                "time": self._org.clock.now().isoformat(),
                "request_id": request_id,
                "account": caller.account,
                "principal": caller.arn,
                "service": service,
                "operation": operation or f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}",
                "region": region,
                "owner": caller.account,
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
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return bytes(stream.read(length)) if length else b""


def _scope(environ: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The credential scope and session token of a signed request, by header or presigned URL. Raises
    ApiError.
    """
    match = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    if match is None:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        match = PRESIGNED.fullmatch(query.get("X-Amz-Credential", [""])[0])
        token = query.get("X-Amz-Security-Token", [""])[0]
    if match is None:
        raise ApiError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return match.groupdict(), token


def _credential_codes(service: str) -> dict[str, str]:
    """How services word bad credentials (iam/CommonErrors, dynamodb/CommonErrors, AmazonS3
    ErrorResponses).
    """
    if service == "s3":
        return {"unknown": "InvalidAccessKeyId", "expired": "ExpiredToken"}
    if str(model(service).protocol) in ("query", "ec2"):
        return {"unknown": "InvalidClientTokenId", "expired": "ExpiredToken"}
    return {"unknown": "UnrecognizedClientException", "expired": "ExpiredTokenException"}
