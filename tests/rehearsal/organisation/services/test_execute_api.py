"""Requests to HTTP APIs: who gets through, what the function sees, what is left of each."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.organisation.core import Credentials
from rehearsal.organisation.services.apigatewayv2.store import Api
from rehearsal.organisation.services.execute_api.request import route_of
from tests.rehearsal.organisation.services.http_world import TELL, admit, ask, integrated, routed, staged
from tests.rehearsal.organisation.workbench import REGION, Workbench, own_bench

PATH = "/endpoints/CreditRisk/invocations"
LOG = "/aws/vendedlogs/asked"
FORMAT = json.dumps(
    {"id": "$context.requestId", "status": "$context.status", "who": "$context.identity.userArn",
     "error": "$context.error.message"}
)  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench("test") as made:
        made.logs.create_log_group(logGroupName=LOG)
        yield made


@pytest.fixture(scope="module")
def function(bench: Workbench) -> str:
    return bench.function("tell", TELL)


@pytest.fixture(scope="module")
def api(bench: Workbench, function: str) -> str:
    made, integration = integrated(bench, function)
    routed(bench, made, integration, "POST /endpoints/{endpoint}/invocations")
    routed(bench, made, integration, "GET /open", "NONE")
    admit(bench, function, made, "POST/endpoints/*/invocations", "Signed")
    admit(bench, function, made, "GET/open", "Open")
    arn = f"arn:aws:logs:{REGION}:{bench.account}:log-group:{LOG}"
    staged(bench, made, AccessLogSettings={"DestinationArn": arn, "Format": FORMAT})
    return made


def role(bench: Workbench, name: str, resource: str, account: str = "test") -> Credentials:
    """Credentials of a role that may ask for these paths."""
    org = bench.org
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{org.accounts[account].id}:root"},
        "Action": "sts:AssumeRole",
    }
    rights = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}
    org.people.add_role(
        account, name, trust={"Version": "2012-10-17", "Statement": [root]},
        policies={"ask": {"Version": "2012-10-17", "Statement": [rights]}},
    )  # fmt: skip
    return org.people.credentials(account, name)


def resource(bench: Workbench, api: str, rest: str) -> str:
    return f"arn:aws:execute-api:{REGION}:{bench.account}:{api}/{rest}"


def seen(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_function_gets_the_documented_event(bench: Workbench, api: str) -> None:
    """Guards: an event that a function at AWS wouldn't get (http-api-develop-integrations-lambda)."""
    asker = role(bench, "Asker", resource(bench, api, "$default/POST/endpoints/CreditRisk/invocations"))
    reply = ask(bench, api, f"{PATH}?a=1&a=2", by=asker)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    event = seen(reply.body)
    assert event["version"] == "2.0"
    assert event["routeKey"] == "POST /endpoints/{endpoint}/invocations"
    assert (event["rawPath"], event["rawQueryString"]) == (PATH, "a=1&a=2")
    assert event["pathParameters"] == {"endpoint": "CreditRisk"}
    assert event["queryStringParameters"] == {"a": "1,2"}
    assert (event["body"], event["isBase64Encoded"]) == ("1,2", False)
    context = event["requestContext"]
    assert (context["stage"], context["apiId"], context["accountId"]) == ("$default", api, bench.account)
    assert context["http"]["method"] == "POST"
    assert context["authorizer"]["iam"]["userArn"].endswith(":assumed-role/Asker/rehearsal")
    assert context["authorizer"]["iam"]["principalOrgId"] == bench.org.id
    assert context["requestId"] == reply.headers["apigw-requestid"]


def test_a_body_that_is_no_text_comes_as_base64(bench: Workbench, api: str) -> None:
    """Guards: bytes that are no text, mangled on their way to a model."""
    asker = role(bench, "Binary", resource(bench, api, "*"))
    sent = bytes(range(256))
    event = seen(ask(bench, api, PATH, by=asker, body=sent, headers={"content-type": "application/x-npy"}).body)
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == sent


def test_only_signed_requests_of_who_may_get_through(bench: Workbench, api: str) -> None:
    """Guards: an API that answers anybody; rights on another endpoint, stage or method that count for this one."""
    assert ask(bench, api, PATH).status == 403
    assert seen(ask(bench, api, PATH).body) == {"message": "Forbidden"}
    anything = role(bench, "Anything", "*")
    assert ask(bench, api, PATH, by=anything).status == 200
    assert ask(bench, api, PATH, by=anything, service="sagemaker").status == 403, "signed for another service"
    stranger = Credentials("ASIAAAAAAAAAAAAAAAAA", "secret", "token", anything.expires, "")
    assert ask(bench, api, PATH, by=stranger).status == 403
    for number, rest in enumerate(
        ("$default/POST/endpoints/Other/invocations", "live/POST/endpoints/*", "$default/GET/endpoints/*", "*/get/*")
    ):
        wrong = role(bench, f"Wrong{number}", resource(bench, api, rest))
        assert ask(bench, api, PATH, by=wrong).status == 403, rest


def test_a_caller_of_another_account_is_refused_whatever_it_may(bench: Workbench, api: str) -> None:
    """Guards: HTTP APIs have no resource policy, so no other account can be let in (http-api-access-control-iam)."""
    assert ask(bench, api, PATH, by=role(bench, "Foreigner", "*", "dev")).status == 403


def test_a_denied_request_is_in_the_log_with_its_layers(bench: Workbench, api: str) -> None:
    """Guards: a refusal that nobody can trace to the policy that lacked it."""
    nobody = role(bench, "Nobody", resource(bench, api, "none"))
    reply = ask(bench, api, PATH, by=nobody)
    [row] = [one for one in bench.org.log.since(0) if one["request_id"] == reply.headers["apigw-requestid"]]
    assert (row["service"], row["decision"], row["denied_action"]) == ("execute-api", "denied", "execute-api:Invoke")
    assert row["denied_resource"] == resource(bench, api, "$default/POST/endpoints/CreditRisk/invocations")
    assert "1,2" not in json.dumps(row)


def test_an_open_route_needs_no_signature_and_an_unknown_one_is_not_found(bench: Workbench, api: str) -> None:
    """Guards: a mistake in a route's authorisation that the emulation would hide."""
    assert ask(bench, api, "/open", method="GET", body=b"").status == 200
    assert ask(bench, api, "/endpoints/CreditRisk").status == 404
    assert ask(bench, api, PATH, method="PUT").status == 404
    assert ask(bench, "a" * 10, PATH).status == 404


def test_a_function_that_doesn_t_admit_the_route_is_not_invoked(bench: Workbench, function: str) -> None:
    """Guards: a permission for another route or API that counts for all."""
    other, integration = integrated(bench, function)
    routed(bench, other, integration, "POST /a", "NONE")
    staged(bench, other)
    reply = ask(bench, other, "/a")
    assert (reply.status, seen(reply.body)) == (500, {"message": "Internal Server Error"})
    admit(bench, function, other, "POST/b", "Elsewhere")
    assert ask(bench, other, "/a").status == 500
    admit(bench, function, other, "POST/a", "Here")
    assert ask(bench, other, "/a").status == 200


def test_each_request_leaves_one_line_and_its_metrics(bench: Workbench, api: str) -> None:
    """Guards: an access log without refusals, and alarms that never see a failure (http-api-metrics)."""
    reply = ask(bench, api, PATH)
    lines = [json.loads(one["message"]) for one in bench.logs.filter_log_events(logGroupName=LOG)["events"]]
    [line] = [one for one in lines if one["id"] == reply.headers["apigw-requestid"]]
    assert line == {"id": line["id"], "status": "403", "who": "-", "error": "Forbidden"}
    metrics = {
        (one["MetricName"], len(one["Dimensions"]))
        for one in bench.cloudwatch.list_metrics(Namespace="AWS/ApiGateway")["Metrics"]
    }
    assert {("4xx", 1), ("5xx", 1), ("Count", 1), ("Latency", 2)} <= metrics


def test_a_stage_refuses_beyond_its_burst_until_time_passes(bench: Workbench, function: str) -> None:
    """Guards: a limit that nothing keeps, or that never lets go."""
    made, integration = integrated(bench, function)
    routed(bench, made, integration, "GET /open", "NONE")
    admit(bench, function, made, "GET/open", "Limited")
    staged(bench, made, DefaultRouteSettings={"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 2})

    def asked() -> int:
        return ask(bench, made, "/open", method="GET", body=b"").status

    assert [asked(), asked(), asked()] == [200, 200, 429]
    bench.advance(100)
    assert [asked(), asked()] == [200, 429]


ANSWERS = {
    "plain": ({"a": 1}, 200, b'{"a": 1}'),
    "empty": ({"statusCode": 204}, 204, b""),
    "malformed": ({"statusCode": "x"}, 500, b'{"message": "Internal Server Error"}'),
    "binary": ({"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}, 200, b"\0\1"),
    "failed": (None, 500, b'{"message": "Internal Server Error"}'),
}


def test_what_a_function_answers_is_mapped(bench: Workbench) -> None:
    """Guards: answers that API Gateway reads otherwise (Lambda function response for format 2.0)."""
    told = {name: answer for name, (answer, _, _) in ANSWERS.items() if answer is not None}
    function = bench.function("answers", f"def handler(event, context):\n    return {told}[event['rawPath'][1:]]\n")
    made, integration = integrated(bench, function)
    routed(bench, made, integration, "POST /{which}", "NONE")
    admit(bench, function, made, "POST/*")
    staged(bench, made)
    for name, (_, status, body) in ANSWERS.items():
        reply = ask(bench, made, f"/{name}")
        assert (reply.status, reply.body) == (status, body), name


def test_the_route_of_most_fixed_parts_is_taken() -> None:
    """Guards: a parameter that swallows a fixed path (http-api-develop-routes)."""
    api = Api("a", "1", REGION, {})
    for number, key in enumerate(("ANY /a/{b}", "POST /a/{b}", "POST /a/b", "POST /{a}/{b}")):
        api.routes[str(number)] = {"RouteKey": key}
    taken = {}
    for method, path in (("POST", "/a/b"), ("POST", "/a/c"), ("GET", "/a/c"), ("POST", "/x/y"), ("POST", "/a")):
        found = route_of(api, method, path)
        taken[method, path] = None if found is None else (found[0]["RouteKey"], dict(found[1]))
    assert taken == {
        ("POST", "/a/b"): ("POST /a/b", {}),
        ("POST", "/a/c"): ("POST /a/{b}", {"b": "c"}),
        ("GET", "/a/c"): ("ANY /a/{b}", {"b": "c"}),
        ("POST", "/x/y"): ("POST /{a}/{b}", {"a": "x", "b": "y"}),
        ("POST", "/a"): None,
    }
