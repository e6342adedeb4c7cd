"""The AWS wire protocols, requests: HTTP to (operation, parameters) and back (:mod:`.answers` has the other
way).

Requests are parsed by moto's botocore-driven classes (moto.core.parse, .routing) and written by botocore's;
what they lack is here: smithy-rpc-v2-cbor, and the refusal of members that the model doesn't know.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit
from xml.etree import ElementTree as ET

from botocore.parsers import PROTOCOL_PARSERS as ANSWER_PARSERS
from botocore.serialize import SERIALIZERS
from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS as REQUEST_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from rehearsal.organisation.codes import validation_code
from rehearsal.organisation.core import ApiError, NotEmulated, Params
from rehearsal.organisation.model import model

CBOR = "smithy-rpc-v2-cbor"
CBOR_PATH = re.compile(r"/service/(?P<service>\w+)/operation/(?P<operation>\w+)")
SIGNING_NAMES = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
"""Signing name to botocore service, where they differ (botocore's models, metadata.signingName)."""


@dataclass(frozen=True, slots=True)
class Http:
    """An HTTP request or, with `status`, a response."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 200


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request as its service's model reads it; `protocol` is the one the client speaks."""

    service: str
    operation: str
    protocol: str
    params: Params


def service_of(signing_name: str, path: str, target: str) -> str:
    """The botocore service that a request is for: several of them share a signing name."""
    if signing_name == "dynamodb" and target.startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    if signing_name == "sagemaker" and path.endswith(("/invocations", "/async-invocations")):
        return "sagemaker-runtime"
    if signing_name == "apigateway" and path.startswith("/v2/"):
        return "apigatewayv2"
    return SIGNING_NAMES.get(signing_name, signing_name)


def spoken(service: str, environ: Mapping[str, Any]) -> str:
    """The protocol of a request, as far as it shows before the request is read: errors are answered in it."""
    protocol = str(model(service).protocol)
    if protocol != CBOR or CBOR_PATH.fullmatch(str(environ.get("PATH_INFO", ""))):
        return protocol
    return "json" if "json" in str(environ.get("CONTENT_TYPE", "")) else "query"


def parse(service: str, environ: dict[str, Any], body: bytes) -> Parsed:
    """Read a request. Raises NotEmulated for what no operation of the model is, ApiError for what can't be
    parsed.
    """
    path = environ.get("PATH_INFO", "")
    body = _inflated(service, environ, body)
    if match := CBOR_PATH.fullmatch(path):
        if match["operation"] not in model(service).operation_names:
            raise NotEmulated(f"{service}:{match['operation']}, which its model doesn't have,")
        params = ANSWER_PARSERS[CBOR]().parse_data_item(_buffered(body)) if body else {}
        return Parsed(service, match["operation"], CBOR, params)
    request = Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    if str(request.headers.get("x-amz-content-sha256", "")).startswith("STREAMING-"):
        raise NotEmulated(f"{service}: an aws-chunked body (a stream that can't be rewound)")
    try:
        operation, uri = get_service_router(service).match(request)
        protocol = determine_request_protocol(model(service), request.content_type)
    except (NotFound, NotImplementedError) as error:
        raise NotEmulated(f"{service}: {request.method} {request.path}, which is no operation,") from error
    parser = REQUEST_PARSERS[protocol](operation, timestamp_parser=_timestamp, map_type=dict)
    try:
        parsed = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": uri,
            }
        )
    except Exception as error:
        code = "MalformedXML" if protocol == "rest-xml" else "SerializationException"
        raise ApiError(code, f"{service}:{operation.name} can't be parsed: {error}") from error
    params = _without_empty(parsed or {})
    if service == "s3" and isinstance(params.get("Metadata"), dict):
        # S3 stores user metadata under lower-case names (AmazonS3/latest/userguide/UsingMetadata); WSGI capitalises.
        params["Metadata"] = {name.lower(): value for name, value in params["Metadata"].items()}
    found = Parsed(service, operation.name, protocol, params)
    received = Http(request.method, request.raw_path, environ.get("QUERY_STRING", ""), {}, body)
    _refuse_unknown(found, received)
    return found


def _inflated(service: str, environ: dict[str, Any], body: bytes) -> bytes:
    """The body as it was before its compression (smithy's requestCompression: gzip, of large PutMetricData bodies).

    To S3 the header says what an object is, not how it travels.
    """
    if service == "s3" or environ.get("HTTP_CONTENT_ENCODING", "").lower() != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise ApiError("SerializationException", f"the body is not gzip, though its header says so: {error}") from error


def _timestamp(value: Any) -> datetime:
    moment: datetime = parse_timestamp(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _without_empty(params: Params) -> Params:
    return {name: value for name, value in params.items() if value is not None}


def _buffered(body: bytes) -> Any:
    return io.BufferedReader(io.BytesIO(body))


def write(service: str, operation: str, params: Params, protocol: str | None = None) -> Http:
    """The HTTP request of a call, made by botocore's serializer (CBOR calls are written as JSON)."""
    described = model(service)
    if protocol is None or protocol == CBOR:
        protocol = next(one for one in (*_protocols(described), "") if one != CBOR)
    made = SERIALIZERS[protocol]().serialize_to_request(params, described.operation_model(operation))
    path, _, fixed = made["url_path"].partition("?")
    sent = made.get("query_string") or {}
    query = "&".join(part for part in (fixed, sent if isinstance(sent, str) else urlencode(sent, doseq=True)) if part)
    body = made["body"]
    headers = {str(name): str(value) for name, value in made["headers"].items()}
    if isinstance(body, Mapping):
        body = urlencode(body, doseq=True)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    if hasattr(body, "read"):
        body = body.read()
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    return Http(made["method"], path, query, headers, content)


def _protocols(described: Any) -> list[str]:
    return [str(one) for one in described.metadata.get("protocols", [described.protocol])]


def _refuse_unknown(found: Parsed, received: Http) -> None:
    """Compare what came with what the parsed parameters serialise to: what is lost, the model doesn't know.

    AWS's own front end drops unknown members silently in some protocols; a program must not rest on that.
    """
    try:
        again = write(found.service, found.operation, found.params, found.protocol)
    except Exception:  # noqa: BLE001 - wrong types can't be serialised: validation names them better
        return
    lost = _names(received, found) - _names(again, found)
    if lost:
        raise ApiError(
            validation_code(found.service),
            f"1 validation error detected: {found.service}:{found.operation} has no parameter "
            + ", ".join(sorted(lost)),
        )


def _names(http: Http, found: Parsed) -> set[str]:
    """The names of all members in a request's body, as paths (query parameters are left to the router)."""
    if not http.body or _payload_member(found) is not None:
        return set()
    if found.protocol in ("query", "ec2"):
        return {name for name, _ in parse_qsl(http.body.decode(), keep_blank_values=False)}
    if found.protocol in ("json", "rest-json"):
        try:
            return set(_paths(json.loads(http.body)))
        except ValueError as error:
            raise ApiError("SerializationException", f"the body is not JSON: {error}") from error
    return set(_tags(ET.fromstring(http.body)))  # noqa: S314 - it was parsed before, by moto's parser


def _tags(element: ET.Element, at: str = "") -> list[str]:
    """The paths of an XML body's elements, without namespaces."""
    here = f"{at}/{element.tag.rpartition('}')[2]}"
    return [here, *(path for child in element for path in _tags(child, here))]


def _payload_member(found: Parsed) -> str | None:
    shape = model(found.service).operation_model(found.operation).input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if payload is not None and shape.members[payload].type_name != "structure":
        return str(payload)
    return None


def _paths(value: Any, at: str = "") -> list[str]:
    if isinstance(value, dict):
        inner = [path for key, one in value.items() if one is not None for path in _paths(one, f"{at}.{key}")]
        return [*inner, at] if at else inner
    if isinstance(value, list):
        return [at, *(path for one in value for path in _paths(one, f"{at}[]"))]
    return [at]


def to_environ(http: Http, host: str) -> dict[str, Any]:
    """The WSGI environment of a request to moto."""
    split = urlsplit(f"http://{host}{http.path}")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": http.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _decoded(split.path),
        "RAW_URI": quote(http.path, safe="/%:~+!$&'()*,;=@") + (f"?{http.query}" if http.query else ""),
        "QUERY_STRING": http.query,
        "SERVER_NAME": host.partition(":")[0],
        "SERVER_PORT": host.partition(":")[2] or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(http.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(http.body)),
        "HTTP_HOST": host,
    }
    for name, value in http.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def _decoded(path: str) -> str:
    """WSGI wants the path's bytes as latin-1 text (PEP 3333)."""
    return unquote_to_bytes(path).decode("latin-1")
