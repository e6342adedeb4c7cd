"""Which error codes a service answers with: looked up in its botocore model."""

from __future__ import annotations

from functools import cache
from typing import Any

from rehearsal.organisation.model import model

CBOR = "smithy-rpc-v2-cbor"


def error_shape(service: str, code: str) -> Any:
    described = model(service)
    return _error_shapes(described.service_name).get(code)


@cache
def _error_shapes(service: str) -> dict[str, Any]:
    """A service's error shapes by name and by wire code."""
    shapes = {}
    for shape in model(service).error_shapes:
        shapes[shape.name] = shape
        shapes.setdefault((shape.metadata.get("error") or {}).get("code", shape.name), shape)
    return shapes


@cache
def validation_code(service: str) -> str:
    """The code with which a service refuses a malformed request: of the codes in use, the first its model
    has.
    """
    if service in ("iam", "sts"):
        return "ValidationError"  # iam/CommonErrors, sts/CommonErrors: the query protocol's common error
    if service == "s3":
        return "InvalidArgument"
    codes = (
        "ValidationException", "InvalidParameterValueException", "InvalidParameterException", "BadRequestException",
    )  # fmt: skip
    shapes = _error_shapes(service)
    return next((code for code in codes if code in shapes), "ValidationException")


def denial(service: str) -> tuple[str, int]:
    """The code and HTTP status of an access denial: XML protocols and what took their place `AccessDenied`
    403, JSON ones `…Exception`.

    Source: the services' error pages (iam/CommonErrors 403, dynamodb/CommonErrors 400, lambda/CommonErrors
    403). SNS has a word of its own (botocore's sns model, AuthorizationErrorException).
    """
    if service == "sns":
        return "AuthorizationError", 403
    described = model(service)
    protocol = str(described.protocol)
    if protocol == "ec2":
        return "UnauthorizedOperation", 403
    if protocol in ("query", "rest-xml") or (protocol == CBOR and "awsQueryCompatible" in described.metadata):
        return "AccessDenied", 403
    return "AccessDeniedException", 403 if protocol == "rest-json" else 400
