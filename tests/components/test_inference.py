"""The inference API: closed, throttled, logged, and no way round its function."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from typing import Any

import pytest

from blueprint.inference_settings import InferenceSettings, TokenIssuer
from components.inference import API_TIMEOUT_MS, FUNCTION_TIMEOUT_SECONDS
from lambdas.inference.adapters import CONNECT_SECONDS, READ_SECONDS
from lambdas.inference.handler import Settings
from tests.components.answers import ACCOUNT, REGION
from tests.components.programs import hub_run, spoke_program, spoke_run, spoke_settings
from tests.components.recorder import Run, run

API = "aws:apigatewayv2/api:Api"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
PERMISSION = "aws:lambda/permission:Permission"
AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"


@functools.cache
def changed(**changes: Any) -> Run:
    """The example's test spoke, with other settings of its API."""
    settings = spoke_settings("test")
    assert settings.inference is not None
    settings = replace(settings, inference=replace(settings.inference, **changes))
    return run(spoke_program(settings, hub_run().exports), stack="test")


def function(made: Run) -> dict[str, Any]:
    return dict(made.one("aws:lambda/function:Function", "test-inference").inputs)


def test_every_route_demands_a_signature_and_nothing_is_opened_to_browsers() -> None:
    """Guards: the reference system's open GET."""
    made = spoke_run("test")
    routes = {route.inputs["routeKey"]: route.inputs["authorizationType"] for route in made.of(ROUTE)}
    assert routes == {"POST /endpoints/{endpoint}/invocations": "AWS_IAM", "POST /invocations": "AWS_IAM"}
    api = made.one(API, "test-inference").inputs
    assert api["protocolType"] == "HTTP"
    assert "corsConfiguration" not in api
    assert not made.of(AUTHORIZER)


def test_with_several_endpoints_one_has_to_be_named() -> None:
    """Guards: a path without a name that asks whichever model comes first."""
    made = changed(endpoints=("CreditRisk", "Fraud"))
    assert [route.inputs["routeKey"] for route in made.of(ROUTE)] == ["POST /endpoints/{endpoint}/invocations"]
    [permission] = made.of(PERMISSION)
    assert permission.inputs["sourceArn"].endswith("-id/*/POST/endpoints/*/invocations")
    policy = made.policy("aws:iam/rolePolicy:RolePolicy", "test-inference-invoke")
    assert len(policy["Statement"][0]["Resource"]) == 4


def test_tokens_are_checked_by_the_api_for_every_route() -> None:
    """Guards: an authorizer that no route uses, or an audience that isn't checked."""
    made = changed(tokens=TokenIssuer("https://login.example", ("models",)))
    authorizer = made.one(AUTHORIZER, "test-inference").inputs
    assert authorizer["authorizerType"] == "JWT"
    assert authorizer["identitySources"] == ["$request.header.Authorization"]
    assert authorizer["jwtConfiguration"] == {"issuer": "https://login.example", "audiences": ["models"]}
    assert {route.inputs["authorizationType"] for route in made.of(ROUTE)} == {"JWT"}
    assert all(route.inputs["authorizerId"] for route in made.of(ROUTE))


def test_only_this_api_s_routes_may_invoke_the_function() -> None:
    """Guards: any API, of any account, that names the function as its integration."""
    made = spoke_run("test")
    execution = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:test-inference-id/"
    for one in made.of(PERMISSION):
        assert one.inputs["principal"] == "apigateway.amazonaws.com"
        assert one.inputs["sourceArn"].startswith(execution)
    paths = {one.inputs["sourceArn"].partition("/")[2] for one in made.of(PERMISSION)}
    assert paths == {"*/POST/endpoints/*/invocations", "*/POST/invocations"}


def test_the_stage_throttles_and_logs_what_happened_but_no_payload() -> None:
    """Guards: an API without limits or traces; headers or bodies in its log."""
    made = changed(rate_per_second=5, burst=7)
    stage = made.one(STAGE, "test-inference").inputs
    assert (stage["name"], stage["autoDeploy"]) == ("$default", True)
    limits = stage["defaultRouteSettings"]
    assert (limits["throttlingRateLimit"], limits["throttlingBurstLimit"]) == (5, 7)
    log = made.one("aws:cloudwatch/logGroup:LogGroup", "test-inference-access").inputs
    assert log["name"] == "/aws/vendedlogs/mlgov-test-inference"
    assert log["retentionInDays"] == 365
    variables = json.loads(stage["accessLogSettings"]["format"]).values()
    assert "$context.requestId" in variables, "API Gateway refuses a format without it"
    assert not [one for one in variables if "header" in one or "body" in one]


def test_the_stage_comes_last() -> None:
    """Guards: a callable API whose function isn't to be invoked yet."""
    made = spoke_run("test")
    stage = made.one(STAGE, "test-inference")
    needed = {resource.urn for kind in (ROUTE, PERMISSION) for resource in made.of(kind)}
    assert needed <= stage.dependencies


def test_the_function_reads_what_it_is_given() -> None:
    """Guards: names or forms of variables that deployment and function spell differently."""
    made = changed(endpoints=("CreditRisk", "Fraud"), max_bytes=1234, content_types=("text/csv",))
    variables = function(made)["environment"]["variables"]
    assert Settings.read(variables) == Settings(
        endpoints=("CreditRisk", "Fraud"), content_types=frozenset({"text/csv"}), most_bytes=1234, prefix="mlgov"
    )


def test_who_waits_gives_up_from_the_inside_out() -> None:
    """Guards: API Gateway's own 503, which says nothing, before the function could say 504."""
    assert CONNECT_SECONDS + READ_SECONDS < FUNCTION_TIMEOUT_SECONDS
    assert FUNCTION_TIMEOUT_SECONDS * 1000 < API_TIMEOUT_MS <= 30_000
    assert function(spoke_run("test"))["timeout"] == FUNCTION_TIMEOUT_SECONDS


@pytest.mark.parametrize(("what", "metric"), [("5xx", "5xx"), ("throttles", "Throttles")])
def test_its_failures_reach_the_hub_s_topic(what: str, metric: str) -> None:
    """Guards: an alarm on another API's metric, or one that tells nobody."""
    made = spoke_run("test")
    alarm = made.one("aws:cloudwatch/metricAlarm:MetricAlarm", f"test-inference-{what}").inputs
    assert alarm["metricName"] == metric
    assert alarm["alarmActions"] == [hub_run().exports["alarmTopicArn"]]
    assert "<" not in json.dumps(alarm["dimensions"]), "a placeholder that nothing replaced"


def test_the_url_is_exported_where_there_is_one() -> None:
    """Guards: callers who have to look for the API in the console."""
    assert spoke_run("test").exports["inferenceUrl"].startswith("https://")
    assert spoke_run("dev").exports["inferenceUrl"] == ""


def test_in_one_account_each_stack_has_its_own() -> None:
    """Guards: names that two spokes of one account would both take."""
    settings = spoke_settings("test", same_account=True)
    made = run(spoke_program(settings, hub_run().exports), stack="test")
    assert isinstance(settings.inference, InferenceSettings)
    assert function(made)["name"] == "mlgov-test-inference"
    assert made.one(API, "test-inference").inputs["name"] == "mlgov-test-inference"
