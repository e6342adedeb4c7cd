"""Clients of the run time's botocore, and what its errors mean.

By botocore and not by boto3, whose clients they are: importing boto3 loads its file transfers too, an eighth of a cold
start, and no function transfers files.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

MINIMUM_BOTO3 = (1, 35, 64)
"""DescribeModelPackage answers ModelLifeCycle since botocore 1.35.64; an older client drops the stage
silently.
"""

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
"""Well below the functions' 60 seconds: what AWS can't answer by then comes back through the queue."""

_TRANSIENT = frozenset(
    {
        "ThrottlingException", "ThrottlingError", "Throttling", "TooManyRequestsException", "SlowDown",
        "RequestLimitExceeded", "ProvisionedThroughputExceededException", "InternalServerError",
        "InternalFailure", "ServiceUnavailable", "TransactionInProgressException",
        "TransactionConflictException",
    }
)  # fmt: skip


class OldBoto3(RuntimeError):
    """The run time's boto3 (of which botocore is the part that counts) is older than what the function needs."""


class Busy(Exception):
    """AWS can't take the call now, or somebody else writes the same rows: the message comes again."""


def check_boto3(version: str = botocore.__version__) -> None:
    """Raise OldBoto3 if the run time's botocore would drop what must be recorded."""
    have = tuple(int(part) for part in version.split(".")[:3])
    if have < MINIMUM_BOTO3:
        minimum = ".".join(map(str, MINIMUM_BOTO3))
        raise OldBoto3(
            f"botocore {version} is too old: at least {minimum} is needed: older ones drop ModelLifeCycle from "
            "DescribeModelPackage and stages would be recorded as unknown. Choose a newer run time"
        )


class Later:
    """A client that is made when it is first used.

    Reading the description of a service takes as long as importing all of a function, and most messages need some of a
    function's clients only.
    """

    def __init__(self, service: str, **options: Any) -> None:
        self._service = service
        self._options = options

    @functools.cached_property
    def _client(self) -> Any:
        return _session().create_client(self._service, **self._options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._client, name)


@functools.cache
def _session() -> Any:
    return botocore.session.get_session()


def client(service: str, config: Config = _CONFIG, **credentials: str) -> Any:
    """A client in the function's region, with bounded time and retries, made at its first use.

    `credentials`: `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token` of another role.
    """
    return Later(service, config=config, **credentials)


def code_of(error: Exception) -> str:
    """The wire code of a ClientError, else the exception's name."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, Mapping) else None
    return code if isinstance(code, str) and code else type(error).__name__


def message_of(error: Exception) -> str:
    """AWS's message of a ClientError, "" for anything else."""
    response = getattr(error, "response", None)
    message = response.get("Error", {}).get("Message") if isinstance(response, Mapping) else None
    return message if isinstance(message, str) else ""


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed a moment later."""
    return code_of(error) in _TRANSIENT


@contextlib.contextmanager
def busy_if_transient(also: Collection[str] = ()) -> Iterator[None]:
    """Calls in here raise Busy for what may succeed a moment later, as codes of `also` may; else the error itself."""
    try:
        yield
    except ClientError as error:
        if is_transient(error) or code_of(error) in also:
            raise Busy(f"{error.operation_name}: {code_of(error)}") from error
        raise
