"""The types of HTTP APIs against the emulated organisation, each call of their rows, without the engine."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from rehearsal.provider.clients import Clients, connect
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.lifecycle import Lifecycle
from rehearsal.provider.metadata import type_data
from rehearsal.provider.plan import compare, plan
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import Props
from tests.rehearsal.provider.fakes import FakeClients

REGION = "eu-west-1"
DEV = "222222222222"
API = "aws:apigatewayv2/api:Api"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
FUNCTION = f"arn:aws:lambda:{REGION}:{DEV}:function:asks"


@pytest.fixture(scope="module")
def aws(organisation: Emulator) -> Clients:
    held = Control(organisation.endpoint).credentials("dev")
    return connect(
        Configuration(
            region=REGION, access_key=held.access_key, secret_key=held.secret_key, token=held.session_token,
            endpoints=dict.fromkeys(("apigatewayv2", "logs", "sts"), organisation.endpoint),
        )
    )  # fmt: skip


def life(token: str, aws: Clients) -> Lifecycle:
    return Lifecycle(TYPES[token], type_data(token), aws)


def planned(token: str, args: Props) -> Props:
    row = TYPES[token]
    tags = {"tags": {"team": "risk"}, "tagsAll": {"team": "risk"}} if row.tags else {}
    return {**plan(row, args), **tags}


def changed(token: str, old: Props, new: Props) -> dict[str, bool]:
    return {
        change.path: change.replaces for change in compare(TYPES[token], type_data(token), old, planned(token, new))
    }


def made(aws: Clients, token: str, **args: Any) -> tuple[str, Props]:
    """Create one; what is read back must need no further change."""
    found = life(token, aws).create(planned(token, args))
    assert changed(token, found.state, args) == {}
    return found.physical_id, found.state


def updated(aws: Clients, token: str, physical_id: str, state: Props, **args: Any) -> Props:
    found = life(token, aws).update(physical_id, state, planned(token, args)).state
    assert changed(token, found, args) == {}
    return found


def test_an_api_comes_up_changes_and_goes(aws: Clients) -> None:
    """Guards: a type that can't be created, read back as planned, changed in place, or deleted in its order."""
    api, shown = made(aws, API, name="scores", protocolType="HTTP")
    assert shown["executionArn"] == f"arn:aws:execute-api:{REGION}:{DEV}:{api}"
    assert shown["apiEndpoint"] == f"https://{api}.execute-api.{REGION}.amazonaws.com"
    assert updated(aws, API, api, shown, name="scores", protocolType="HTTP", description="d")["description"] == "d"
    assert changed(API, shown, {"name": "scores", "protocolType": "WEBSOCKET"}) == {"protocolType": True}

    behind = {"apiId": api, "integrationType": "AWS_PROXY", "integrationUri": FUNCTION, "payloadFormatVersion": "2.0"}
    integration, held = made(aws, INTEGRATION, **behind, timeoutMilliseconds=30_000)
    assert (
        updated(aws, INTEGRATION, integration, held, **behind, timeoutMilliseconds=9_000)["timeoutMilliseconds"]
        == 9_000
    )

    to = {"apiId": api, "target": f"integrations/{integration}", "authorizationType": "AWS_IAM"}
    route, taken = made(aws, ROUTE, **to, routeKey="POST /a")
    assert updated(aws, ROUTE, route, taken, **to, routeKey="POST /b")["routeKey"] == "POST /b"
    assert life(ROUTE, aws).read(f"{api}/{route}", {}) is not None, "an import names both"

    group = "/aws/vendedlogs/scores"
    aws.call("logs", "create_log_group", logGroupName=group)
    log = {"destinationArn": f"arn:aws:logs:{REGION}:{DEV}:log-group:{group}", "format": '{"id":"$context.requestId"}'}
    limits = {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 7}
    staged = {"apiId": api, "name": "$default", "autoDeploy": True, "accessLogSettings": log}
    stage, before = made(aws, STAGE, **staged, defaultRouteSettings=limits)
    assert before["invokeUrl"] == f"https://{api}.execute-api.{REGION}.amazonaws.com/"
    slower = {**limits, "throttlingRateLimit": 1.0}
    after = updated(aws, STAGE, stage, before, **staged, defaultRouteSettings=slower)
    assert after["defaultRouteSettings"]["throttlingRateLimit"] == 1.0

    for token, physical_id, state in (
        (STAGE, stage, after), (ROUTE, route, taken), (INTEGRATION, integration, held), (API, api, shown),
    ):  # fmt: skip
        life(token, aws).delete(physical_id, state)
        assert life(token, aws).read(physical_id, state) is None


def test_an_authorizer_is_sent_whole() -> None:
    """Guards: tokens of any audience: the emulation refuses authorizers, so only the calls show it."""
    shown = {
        "AuthorizerId": "z", "AuthorizerType": "JWT", "Name": "tokens",
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Issuer": "https://login.example", "Audience": ["models"]},
    }  # fmt: skip
    clients = FakeClients(
        {"create_authorizer": {"AuthorizerId": "z"}, "get_authorizer": shown, "update_authorizer": {}}
    )
    row = TYPES[AUTHORIZER]
    args = plan(
        row,
        {
            "apiId": "a", "authorizerType": "JWT", "name": "tokens",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": {"issuer": "https://login.example", "audiences": ["models"]},
        },
    )  # fmt: skip
    assert row.create(clients, args) == "z"
    [sent] = clients.called("create_authorizer")
    assert sent == {key: value for key, value in shown.items() if key != "AuthorizerId"} | {"ApiId": "a"}
    state = row.read(clients, "z", args)
    assert state is not None
    assert compare(row, type_data(AUTHORIZER), state, args) == []
    row.update(
        clients, "z", state, {**args, "jwtConfiguration": {"issuer": "https://other.example", "audiences": ["m"]}}
    )
    [again] = clients.called("update_authorizer")
    assert again["JwtConfiguration"] == {"Issuer": "https://other.example", "Audience": ["m"]}
