"""Clients of the run time's boto3, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

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
    """The run time's boto3 is older than what the function needs."""


class Busy(Exception):
    """AWS can't take the call now, or somebody else writes the same rows: the message comes again."""


def check_boto3(version: str = boto3.__version__) -> None:
    """Raise OldBoto3 if the run time's boto3 would drop what must be recorded."""
    have = tuple(int(part) for part in version.split(".")[:3])
    if have < MINIMUM_BOTO3:
        minimum = ".".join(map(str, MINIMUM_BOTO3))
        raise OldBoto3(
            f"boto3 {version} is too old: at least {minimum} is needed: older ones drop ModelLifeCycle from "
            "DescribeModelPackage and stages would be recorded as unknown. Choose a newer run time"
        )


def client(service: str) -> Any:
    """A client with bounded time and retries, in the function's region."""
    return boto3.client(service, config=_CONFIG)


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
