"""Asking an HTTP API over loopback: signed by botocore for the API's own host, sent to the emulated organisation."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.scenario.cast import Actor

TIMEOUT_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        return self.headers.get("apigw-requestid", "")

    def told(self) -> Any:
        """The body, where it is JSON."""
        return json.loads(self.body)


def post(
    url: str, body: bytes, *, endpoint: str, region: str, by: Actor | None = None, content_type: str = "text/csv"
) -> Reply:  # fmt: skip
    """POST to an API's URL; unsigned where nobody is named. `endpoint`: where the organisation listens."""
    place = urlsplit(url)
    request = AWSRequest("POST", url, data=body, headers={"content-type": content_type})
    if by is not None:
        keys = Credentials(by.keys.access_key, by.keys.secret_key, by.keys.session_token)
        SigV4Auth(keys, "execute-api", region).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", place.path, body, {**dict(request.headers.items()), "Host": place.netloc})
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()
