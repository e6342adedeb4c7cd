"""What tests of HTTP APIs make over and over: an API with a function behind it, and signed requests to it."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from rehearsal.organisation.core import Credentials
from tests.rehearsal.organisation.workbench import REGION, Workbench

TELL = """
import json
def handler(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    bench: Workbench, api: str, path: str, *, by: Credentials | None = None, method: str = "POST", body: bytes = b"1,2",
    service: str = "execute-api", headers: Mapping[str, str] | None = None,
) -> Reply:  # fmt: skip
    """Send a request as an HTTP client would, to the API's host name; signed where `by` is given."""
    host = f"{api}.execute-api.{REGION}.amazonaws.com"
    sent = {"content-type": "text/csv", **(headers or {})}
    request = AWSRequest(method, f"https://{host}{path}", data=body, headers=sent)
    if by is not None:
        SigV4Auth(Keys(by.access_key, by.secret_key, by.session_token or None), service, REGION).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(bench.org.endpoint).netloc, timeout=30)
    try:
        connection.request(method, path, body, {**dict(request.headers.items()), "Host": host})
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def integrated(bench: Workbench, function: str, *, timeout_ms: int = 30_000) -> tuple[str, str]:
    """An API with an integration of a function; returns their ids."""
    api = str(bench.apigatewayv2.create_api(Name="api", ProtocolType="HTTP")["ApiId"])
    made = bench.apigatewayv2.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0",
        TimeoutInMillis=timeout_ms,
    )  # fmt: skip
    return api, str(made["IntegrationId"])


def routed(bench: Workbench, api: str, integration: str, key: str, authorization: str = "AWS_IAM") -> str:
    made = bench.apigatewayv2.create_route(
        ApiId=api, RouteKey=key, Target=f"integrations/{integration}", AuthorizationType=authorization
    )
    return str(made["RouteId"])


def staged(bench: Workbench, api: str, name: str = "$default", **more: Any) -> None:
    bench.apigatewayv2.create_stage(ApiId=api, StageName=name, AutoDeploy=True, **more)


def admit(bench: Workbench, function: str, api: str, path: str, sid: str = "Api") -> None:
    """Let the API invoke the function for one of its paths."""
    bench.lambda_.add_permission(
        FunctionName=function, StatementId=sid, Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{bench.account}:{api}/*/{path}",
    )  # fmt: skip
