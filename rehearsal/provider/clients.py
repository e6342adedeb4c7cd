"""boto3 clients of one provider configuration: one per service and Region, with the roles' credentials."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rehearsal.provider.values import Props, without_none

if TYPE_CHECKING:
    from rehearsal.provider.configuration import Configuration

CONNECTIONS = 40
"""More than the engine's parallelism, so that no call waits for a connection."""

FIRST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 0.5


class NeverReady(Exception):
    """A resource didn't reach the state that its creation, update or deletion waits for."""


def error_code(error: Exception) -> str:
    """The AWS error code of a botocore ClientError, else ""."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def is_gone(error: Exception, codes: Sequence[str]) -> bool:
    """Whether an error says "not found": its code is listed, or listed as `code: part of the message`."""
    code = error_code(error)
    return any(
        code == item or (item.startswith(f"{code}: ") and item.partition(": ")[2] in str(error)) for item in codes
    )


def retrying(step: Callable[[], Props], codes: Sequence[str], seconds: float) -> Props:
    """Repeat a call, every half second, while it fails with one of the codes and time is left."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return step()
        except Exception as error:
            if error_code(error) not in codes or time.monotonic() >= deadline:
                raise
        time.sleep(LONGEST_WAIT_SECONDS)


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll until `ready`, first after 20 ms, at most every half second; NeverReady names `what`."""
    deadline, pause = time.monotonic() + seconds, FIRST_WAIT_SECONDS
    while not ready():
        if time.monotonic() >= deadline:
            raise NeverReady(f"{what} within {seconds:g} seconds")
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_WAIT_SECONDS)


def wait_gone(describe: Callable[[], Any], codes: Sequence[str], what: str) -> None:
    """Wait until `describe` fails with a code that means "not found"; NeverReady names `what`."""

    def gone() -> bool:
        try:
            describe()
        except Exception as error:
            if is_gone(error, codes):
                return True
            raise
        return False

    wait_until(gone, f"{what} wasn't deleted")


class Clients:
    """Calls AWS: `aws.call("dynamodb", "create_table", TableName=…)`; a parameter of None is left out."""

    def __init__(self, configuration: Configuration, region: str, session: Any, shared: _Shared | None = None) -> None:
        self.configuration = configuration
        self.region = region
        self._session = session
        self._shared = shared or _Shared()

    def in_region(self, region: str | None) -> Clients:
        """The same credentials in another Region."""
        if region is None or region == self.region:
            return self
        return Clients(self.configuration, region, self._session, self._shared)

    def call(self, service: str, operation: str, /, **parameters: Any) -> Props:
        """Make one API call and return its answer; raises botocore's ClientError and ParamValidationError."""
        method = getattr(self._client(service), operation)
        answer: Props = method(**without_none(parameters))
        return answer

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[Any]:
        """All items under `key` of a paged operation."""
        client = self._client(service)
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**without_none(parameters))
            return [item for page in pages for item in page.get(key, ())]
        found: list[Any] = []  # RAM has operations with tokens that botocore knows no paginator for
        token: str | None = None
        while True:
            page = self.call(service, operation, **parameters, nextToken=token)
            found += page.get(key, ())
            token = page.get("nextToken")
            if not token:
                return found

    @property
    def account(self) -> str:
        """The account that the credentials belong to."""
        with self._shared.lock:
            if self._shared.account is None:
                self._shared.account = str(self.call("sts", "get_caller_identity")["Account"])
            return self._shared.account

    def _client(self, service: str) -> Any:
        key = (service, self.region)
        with self._shared.lock:  # boto3 sessions may not make clients in two threads at once
            if key not in self._shared.clients:
                self._shared.clients[key] = self._session.client(
                    service,
                    region_name=self.region,
                    endpoint_url=self.configuration.endpoints.get(service) or os.environ.get("AWS_ENDPOINT_URL"),
                    config=_client_config(self.configuration),
                )
            return self._shared.clients[key]


class _Shared:
    """What the views of one session on several Regions share."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clients: dict[tuple[str, str], Any] = {}
        self.account: str | None = None


def _client_config(configuration: Configuration) -> Any:
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": configuration.attempts},
        s3={"addressing_style": "path" if configuration.s3_path_style else "auto"},
        max_pool_connections=CONNECTIONS,
        connect_timeout=5,
        read_timeout=60,
    )


def connect(configuration: Configuration) -> Clients:
    """Open a session and go through the chain of roles, each assumed with the credentials before it."""
    import boto3

    session = boto3.Session(
        aws_access_key_id=configuration.access_key,
        aws_secret_access_key=configuration.secret_key,
        aws_session_token=configuration.token,
        profile_name=configuration.profile,
        region_name=configuration.region,
    )
    clients = Clients(configuration, configuration.region, session)
    for role in configuration.roles:
        answer = clients.call("sts", "assume_role", **role)["Credentials"]
        session = boto3.Session(
            aws_access_key_id=answer["AccessKeyId"],
            aws_secret_access_key=answer["SecretAccessKey"],
            aws_session_token=answer["SessionToken"],
            region_name=configuration.region,
        )
        clients = Clients(configuration, configuration.region, session)
    return clients
