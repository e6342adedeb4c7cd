"""What the inference function needs of the world, in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prediction:
    """What an endpoint answered. `variant`: the production variant that did."""

    body: bytes
    content_type: str
    variant: str


class InvocationFailed(Exception):
    """An endpoint gave no prediction. `code` is SageMaker's word for why; no message, which may quote the payload."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotServing(InvocationFailed):
    """There is no such endpoint, it isn't in service, or its model isn't loaded yet."""


class Throttled(InvocationFailed):
    """SageMaker takes no more requests for now."""


class TimedOut(InvocationFailed):
    """No answer within the time that a caller of the API has."""


class Unavailable(InvocationFailed):
    """SageMaker itself failed, or couldn't be reached."""


class Refused(InvocationFailed):
    """SageMaker refuses the request as it is."""


class NotPermitted(InvocationFailed):
    """The function's role may not invoke the endpoint: the deployment is wrong, not the request."""


class ModelFailed(InvocationFailed):
    """The model's container answered with an error. `status` is the container's own.

    `told` is what the container says of a request that it doesn't take (4xx), "" for its own faults (5xx): it is for
    the caller, whose payload it may quote, and for nobody else.
    """

    def __init__(self, status: int, told: str) -> None:
        super().__init__("ModelError")
        self.status = status
        self.told = told


class Endpoints(Protocol):
    """SageMaker's endpoints of the account."""

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str) -> Prediction:
        """One prediction; `accept` may be "". Raises InvocationFailed in time to tell the caller, never tries twice."""
