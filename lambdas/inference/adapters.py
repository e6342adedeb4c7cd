"""The inference function's port on AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)

from lambdas.common.aws import code_of, message_of
from lambdas.inference.ports import (
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

CONNECT_SECONDS = 2
READ_SECONDS = 24
"""The HTTP API gives up after 30 s, which can't be raised (apigateway http-api-quotas), a cold start of the function
included; an endpoint may take 60 (botocore sagemaker-runtime, InvokeEndpoint)."""

CONFIG = Config(
    connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"mode": "standard", "total_max_attempts": 1}
)
"""One try: a second one wouldn't end in time, and whoever calls knows best whether to ask again."""

FIRST_SERVER_ERROR = 500

_NOT_SERVING = frozenset({"ModelNotReadyException"})
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_REFUSED = frozenset({"ValidationError", "ValidationException"})
_FORBIDDEN = frozenset({"AccessDeniedException", "AccessDenied"})


@dataclass(frozen=True, slots=True)
class SageMakerEndpoints:
    """`client` is a botocore sagemaker-runtime client with :data:`CONFIG`."""

    client: Any

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str) -> Prediction:
        asked = {"Accept": accept} if accept else {}
        try:
            answer = self.client.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type, **asked)
            content = answer["Body"].read()
        except ClientError as error:
            raise _failure(error) from None
        except (ReadTimeoutError, ConnectTimeoutError) as error:
            raise TimedOut(type(error).__name__) from None
        except (ConnectionClosedError, BotoCoreError) as error:
            raise Unavailable(type(error).__name__) from None
        return Prediction(
            body=content,
            content_type=answer.get("ContentType", ""),
            variant=answer.get("InvokedProductionVariant", ""),
        )


def _failure(error: ClientError) -> InvocationFailed:
    """What SageMaker's error means; its message goes no further, since it may quote the payload."""
    code = code_of(error)
    if code == "ModelError":
        return _model_failure(error)
    if code in _NOT_SERVING:
        return NotServing(code)
    if code in _REFUSED:
        # "Endpoint <name> of account <id> not found." of one that was never made, is deleted, or isn't made yet.
        absent = message_of(error).startswith("Endpoint ")
        return NotServing("EndpointNotFound") if absent else Refused(code)
    if code in _THROTTLED:
        return Throttled(code)
    if code in _FORBIDDEN:
        return NotPermitted(code)
    return Unavailable(code)


def _model_failure(error: ClientError) -> ModelFailed:
    """`OriginalStatusCode` and `OriginalMessage` stand beside the error's code (botocore sagemaker-runtime,
    ModelError).
    """
    status = int(error.response.get("OriginalStatusCode") or FIRST_SERVER_ERROR)
    told = str(error.response.get("OriginalMessage") or "") if status < FIRST_SERVER_ERROR else ""
    return ModelFailed(status, told)
