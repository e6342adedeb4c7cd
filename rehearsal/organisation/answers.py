"""The AWS wire protocols, answers: a result or an error to HTTP, and moto's answers back to results."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.parsers import PROTOCOL_PARSERS as ANSWER_PARSERS
from botocore.serialize import SERIALIZERS
from moto.core.serialize import get_serializer_class

from rehearsal.organisation.codes import error_shape
from rehearsal.organisation.core import ApiError, NotEmulated, Params
from rehearsal.organisation.model import model
from rehearsal.organisation.wire import CBOR, Http


def read(service: str, operation: str, answer: Http, protocol: str) -> Params:
    """Parse an answer with botocore's parser. Raises ApiError for an error answer."""
    parser = ANSWER_PARSERS[protocol]()
    described = model(service).operation_model(operation)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    raw = {"status_code": answer.status, "headers": headers, "body": answer.body}
    parsed: dict[str, Any] = parser.parse(raw, described.output_shape)
    parsed.pop("ResponseMetadata", None)
    if answer.status >= 300:
        error = parsed.pop("Error", {})
        code, message = str(error.get("Code", answer.status)), str(error.get("Message", ""))
        shape = error_shape(service, code)
        if shape is not None:
            parsed |= parser.parse(raw, shape)  # the members of the error's own shape, such as CancellationReasons
            parsed = {k: v for k, v in parsed.items() if k not in ("Error", "ResponseMetadata")}
        raise ApiError(
            code,
            message,
            answer.status,
            **{k: v for k, v in parsed.items() if k not in ("message", "Message")},
        )
    return parsed


def answer(service: str, operation: str, protocol: str, result: Params, request_id: str) -> Http:
    """The HTTP response that carries a result."""
    described = model(service).operation_model(operation)
    if protocol == CBOR:
        return _cbor(result, described.output_shape, request_id)
    made = get_serializer_class(service, protocol)(operation_model=described).serialize(result)
    body = made["body"].encode() if isinstance(made["body"], str) else made["body"]
    body = body.replace(b"<RequestId>request-id</RequestId>", f"<RequestId>{request_id}</RequestId>".encode())
    headers = {str(name): str(value) for name, value in made["headers"].items()} | _stated_type(described, result)
    status = _status(described.output_shape, result) or int(made["status_code"])
    return Http("", "", "", {**headers, "x-amzn-RequestId": request_id}, body, status)


def _stated_type(described: Any, result: Params) -> dict[str, str]:
    """The content type that a result names (`ContentType` of InvokeEndpoint), which the serialiser overwrites."""
    members = described.output_shape.members.items() if described.output_shape is not None else ()
    for name, member in members:
        if member.serialization.get("location") == "header" and name in result:
            header = member.serialization.get("name", name)
            if header.lower() == "content-type":
                return {header: str(result[name])}
    return {}


def _status(shape: Any, result: Params) -> int | None:
    """The HTTP status that a result names itself (`StatusCode` of lambda:Invoke), which the serialiser leaves out."""
    members = shape.members.items() if shape is not None else ()
    name = next((name for name, member in members if member.serialization.get("location") == "statusCode"), None)
    return int(result[name]) if name in result else None


def _cbor(result: Params, shape: Any, request_id: str, status: int = 200) -> Http:
    written = bytearray()
    writer = SERIALIZERS[CBOR]()
    if shape is not None:
        writer._serialize_data_item(written, result, shape)
    headers = {
        "smithy-protocol": "rpc-v2-cbor",
        "Content-Type": "application/cbor",
        "x-amzn-RequestId": request_id,
    }
    return Http("", "", "", headers, bytes(written), status)


def error_answer(service: str, protocol: str, error: ApiError, request_id: str, resource: str = "") -> Http:
    """The HTTP response that carries an error, in the form that the service's SDKs expect."""
    code, status = error.code, error.status
    try:
        shape = error_shape(service, code)
    except NotEmulated:
        shape = None
    trait = (shape.metadata.get("error") or {}) if shape is not None else {}
    if status == 400 and trait.get("httpStatusCode"):
        status = int(trait["httpStatusCode"])
    if protocol in ("json", "rest-json", CBOR):
        return _json_error(service, protocol, error, request_id, status, trait, shape)
    text, message = escape(code), escape(error.message)
    extra = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in error.fields.items())
    if service == "s3":
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{text}</Code><Message>{message}</Message>{extra}'
            f"<Resource>{escape(resource)}</Resource><RequestId>{request_id}</RequestId></Error>"
        )
    elif protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{text}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        sender = "Sender" if status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{sender}</Type><Code>{text}</Code><Message>{message}</Message>{extra}"
            f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    headers = {
        "Content-Type": "application/xml",
        "x-amzn-RequestId": request_id,
        "x-amz-request-id": request_id,
    }
    return Http("", "", "", headers, body.encode(), status)


def _json_error(
    service: str,
    protocol: str,
    error: ApiError,
    request_id: str,
    status: int,
    trait: Mapping[str, Any],
    shape: Any,
) -> Http:
    namespace = {"dynamodb": "com.amazonaws.dynamodb.v20120810#", "sqs": "com.amazonaws.sqs#"}.get(service, "")
    name = shape.name if shape is not None else error.code
    headers = {"x-amzn-RequestId": request_id, "x-amzn-errortype": name}
    described = None if shape is None else model(service)
    if described is not None and described.metadata.get("awsQueryCompatible") is not None:
        kind = "Sender" if trait.get("senderFault", True) else "Receiver"
        headers["x-amzn-query-error"] = f"{trait.get('code', name)};{kind}"
    if protocol == CBOR:
        # rpc-v2-cbor: a map with __type and message (smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2).
        made = _cbor_map({"__type": name, "message": error.message})
        headers |= {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        return Http("", "", "", headers, made, status)
    version = "1.0" if service in ("dynamodb", "sqs") else "1.1"
    headers["Content-Type"] = "application/json" if protocol == "rest-json" else f"application/x-amz-json-{version}"
    fields: dict[str, Any] = {"message": error.message, **error.fields}
    if protocol == "json":
        fields = {"__type": namespace + name, **fields}
    return Http("", "", "", headers, json.dumps(fields, default=_plain).encode(), status)


def _cbor_map(texts: Mapping[str, str]) -> bytes:
    """A CBOR map of texts (RFC 8949, major types 5 and 3, 4-byte lengths)."""
    out = bytearray([0xA0 + len(texts)])
    for text in (part for pair in texts.items() for part in pair):
        raw = text.encode()
        out += b"\x7a" + len(raw).to_bytes(4, "big") + raw
    return bytes(out)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    return str(value)
