"""HTTP APIs as API Gateway keeps them: what it refuses, what it fills in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rehearsal.organisation.example import refused
from tests.rehearsal.organisation.services.http_world import integrated, routed, staged
from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, own_bench, trust

LOG = "/aws/vendedlogs/apis"
FORMAT = '{"id":"$context.requestId"}'


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench("test") as made:
        made.logs.create_log_group(logGroupName=LOG)
        yield made


@pytest.fixture(scope="module")
def function(bench: Workbench) -> str:
    return bench.function("behind")


def log_settings(bench: Workbench, **changed: str) -> dict[str, str]:
    arn = f"arn:aws:logs:{REGION}:{bench.account}:log-group:{LOG}"
    return {"DestinationArn": arn, "Format": FORMAT, **changed}


def test_an_api_is_shown_with_its_address(bench: Workbench) -> None:
    """Guards: defaults that the provider's refresh takes for drift (API CreateApi)."""
    made = bench.apigatewayv2.create_api(Name="scores", ProtocolType="HTTP", Tags={"team": "risk"})
    api = made["ApiId"]
    assert made["ApiEndpoint"] == f"https://{api}.execute-api.{REGION}.amazonaws.com"
    bench.apigatewayv2.update_api(ApiId=api, Description="asks models")
    shown = bench.apigatewayv2.get_api(ApiId=api)
    assert (shown["Description"], shown["Name"], shown["Tags"]) == ("asks models", "scores", {"team": "risk"})
    assert shown["RouteSelectionExpression"] == "$request.method $request.path"
    assert api in [one["ApiId"] for one in bench.apigatewayv2.get_apis()["Items"]]
    arn = f"arn:aws:apigateway:{REGION}::/apis/{api}"
    bench.apigatewayv2.tag_resource(ResourceArn=arn, Tags={"cost": "1"})
    bench.apigatewayv2.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert bench.apigatewayv2.get_tags(ResourceArn=arn)["Tags"] == {"cost": "1"}
    bench.apigatewayv2.delete_api(ApiId=api)
    with refused("NotFoundException"):
        bench.apigatewayv2.get_api(ApiId=api)


def test_another_account_s_api_is_not_found(bench: Workbench) -> None:
    """Guards: one account that changes another's API: ids are no secret."""
    api = bench.apigatewayv2.create_api(Name="own", ProtocolType="HTTP")["ApiId"]
    with refused("NotFoundException"):
        bench.beside("dev").apigatewayv2.delete_api(ApiId=api)


def test_an_integration_names_a_function_and_its_format(bench: Workbench, function: str) -> None:
    """Guards: an integration that AWS refuses: no format, a longer time than 30 s, no function (CreateIntegration)."""
    api, integration = integrated(bench, function)
    of_lambda = {"ApiId": api, "IntegrationType": "AWS_PROXY", "IntegrationUri": function}
    with refused("BadRequestException", "PayloadFormatVersion"):
        bench.apigatewayv2.create_integration(**of_lambda)
    with refused("BadRequestException", "30000"):
        bench.apigatewayv2.create_integration(**of_lambda, PayloadFormatVersion="2.0", TimeoutInMillis=30_001)
    with refused("NotEmulated", "payload format version 1.0"):
        bench.apigatewayv2.create_integration(**of_lambda, PayloadFormatVersion="1.0")
    with refused("BadRequestException", "function ARN"):
        bench.apigatewayv2.create_integration(
            **of_lambda | {"IntegrationUri": "arn:aws:s3:::b"}, PayloadFormatVersion="2.0"
        )
    bench.apigatewayv2.update_integration(ApiId=api, IntegrationId=integration, TimeoutInMillis=20_000)
    assert bench.apigatewayv2.get_integration(ApiId=api, IntegrationId=integration)["TimeoutInMillis"] == 20_000
    route = routed(bench, api, integration, "POST /a")
    with refused("ConflictException", route):
        bench.apigatewayv2.delete_integration(ApiId=api, IntegrationId=integration)
    bench.apigatewayv2.delete_route(ApiId=api, RouteId=route)
    bench.apigatewayv2.delete_integration(ApiId=api, IntegrationId=integration)


def test_a_route_stands_once_and_leads_somewhere(bench: Workbench, function: str) -> None:
    """Guards: two routes of a key, a target that isn't there, a key that is none (CreateRoute)."""
    api, integration = integrated(bench, function)
    route = routed(bench, api, integration, "POST /a/{b}")
    with refused("ConflictException", "POST /a/{b}"):
        routed(bench, api, integration, "POST /a/{b}")
    with refused("BadRequestException", "integration"):
        bench.apigatewayv2.create_route(ApiId=api, RouteKey="POST /c", Target="integrations/nowhere")
    with refused("BadRequestException", "route key"):
        routed(bench, api, integration, "/c")
    bench.apigatewayv2.update_route(ApiId=api, RouteId=route, RouteKey="POST /a/{c}")
    assert [one["RouteId"] for one in bench.apigatewayv2.get_routes(ApiId=api)["Items"]] == [route]
    assert [one["IntegrationId"] for one in bench.apigatewayv2.get_integrations(ApiId=api)["Items"]] == [integration]
    assert bench.apigatewayv2.get_stages(ApiId=api)["Items"] == bench.apigatewayv2.get_authorizers(ApiId=api)["Items"]
    assert bench.apigatewayv2.get_route(ApiId=api, RouteId=route)["RouteKey"] == "POST /a/{c}"


def test_tokens_are_refused_by_name(bench: Workbench, function: str) -> None:
    """Guards: tokens that nobody checks: their issuer can't be asked for its keys from here."""
    api, integration = integrated(bench, function)
    with refused("NotEmulated", "CreateAuthorizer"):
        bench.apigatewayv2.create_authorizer(
            ApiId=api, AuthorizerType="JWT", Name="tokens", IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": "https://login.example", "Audience": ["models"]},
        )  # fmt: skip
    with refused("NotEmulated", "JWT"):
        routed(bench, api, integration, "POST /a", "JWT")


def test_a_stage_keeps_its_limits_and_its_log(bench: Workbench, function: str) -> None:
    """Guards: a stage that loses what it was given; a log group that isn't there; a line that can't be found again."""
    api, _ = integrated(bench, function)
    limits = {"ThrottlingRateLimit": 5.0, "ThrottlingBurstLimit": 7}
    staged(bench, api, DefaultRouteSettings=limits, AccessLogSettings=log_settings(bench))
    shown = bench.apigatewayv2.get_stage(ApiId=api, StageName="$default")
    assert shown["DefaultRouteSettings"] == limits
    assert shown["AccessLogSettings"]["Format"] == FORMAT
    bench.apigatewayv2.update_stage(ApiId=api, StageName="$default", DefaultRouteSettings={"ThrottlingRateLimit": 9.0})
    assert bench.apigatewayv2.get_stage(ApiId=api, StageName="$default")["AccessLogSettings"]["Format"] == FORMAT
    with refused("ConflictException"):
        staged(bench, api)
    with refused("BadRequestException", "does not exist"):
        gone = f"arn:aws:logs:{REGION}:{bench.account}:log-group:/gone"
        staged(bench, api, "one", AccessLogSettings=log_settings(bench, DestinationArn=gone))
    with refused("BadRequestException", "requestId"):
        staged(bench, api, "two", AccessLogSettings=log_settings(bench, Format="$context.status"))
    with refused("NotEmulated", "AutoDeploy"):
        bench.apigatewayv2.create_stage(ApiId=api, StageName="three")
    bench.apigatewayv2.delete_stage(ApiId=api, StageName="$default")
    with refused("NotFoundException"):
        bench.apigatewayv2.get_stage(ApiId=api, StageName="$default")


def test_who_turns_the_access_log_on_needs_the_delivery_s_rights(bench: Workbench, function: str) -> None:
    """Guards: a deployment role that may make the stage, and fails at AWS over its log (http-api-logging)."""
    api, _ = integrated(bench, function)
    arn = bench.role("deployer", allow("apigateway:*", "*"))
    admin = bench.sts.get_caller_identity()["Account"]
    bench.iam.update_assume_role_policy(RoleName="deployer", PolicyDocument=trust("lambda.amazonaws.com"))
    document = trust("lambda.amazonaws.com").replace('{"Service": ["lambda.amazonaws.com"]}', f'{{"AWS": "{admin}"}}')
    bench.iam.update_assume_role_policy(RoleName="deployer", PolicyDocument=document)
    deployer = bench.client(arn.rpartition("/")[2], "apigatewayv2")
    with refused("AccessDeniedException", "logs:CreateLogDelivery"):
        deployer.create_stage(ApiId=api, StageName="a", AutoDeploy=True, AccessLogSettings=log_settings(bench))
    deployer.create_stage(ApiId=api, StageName="a", AutoDeploy=True)


def test_a_deletion_is_sent_once(bench: Workbench) -> None:
    """Guards: a body after an answer 204, which the client takes for the next answer and asks again."""
    before = len(bench.org.log)
    for _ in range(5):
        api = bench.apigatewayv2.create_api(Name="gone", ProtocolType="HTTP")["ApiId"]
        bench.apigatewayv2.delete_api(ApiId=api)
    operations = [row["operation"] for row in bench.org.log.since(before)]
    assert operations == ["CreateApi", "DeleteApi"] * 5
