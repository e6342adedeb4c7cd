"""The inference API of a spoke: an HTTP API, the function behind it, its logs and alarms.

Owns API, routes, stage, function, role and log groups. Refuses to be open: every route demands a signature by
credentials of the account (IAM) or a token of the configured issuer, and there is no CORS. Endpoints aren't its own:
it answers 503 until somebody deploys one under a configured name.

Both log groups are encrypted by CloudWatch Logs itself: a spoke has no key of its own for lines that hold no payload.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import apigatewayv2, cloudwatch, lambda_

from blueprint.alarms import API_ID, inference_alarms
from blueprint.inference_settings import InferenceSettings, TokenIssuer
from blueprint.packages import Package
from blueprint.policies.inference_roles import inference_role
from blueprint.settings import SpokeSettings
from components.function import RUNTIME, written
from components.observability import Alarms, AlarmsArgs
from components.options import child
from components.roles import Role, RoleArgs

NAMED_ROUTE = "POST /endpoints/{endpoint}/invocations"
ONLY_ROUTE = "POST /invocations"
"""Where the API answers for one endpoint alone."""

API_TIMEOUT_MS = 30_000
"""The longest that an HTTP API waits (apigateway http-api-quotas)."""

FUNCTION_TIMEOUT_SECONDS = 29
"""Within it, and beyond what the function waits for the endpoint (lambdas/inference/adapters.py), so that a caller is
told by the function what took so long."""

MEMORY_MB = 512
"""A body of some MB stands in it several times; half the share of a processor makes cold starts short."""

ACCESS_LOG: Mapping[str, str] = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "sourceIp": "$context.identity.sourceIp",
    "caller": "$context.identity.caller",
    "userArn": "$context.identity.userArn",
    "bytesOut": "$context.responseLength",
    "ms": "$context.responseLatency",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}
"""What stands in a line of the access log (apigateway http-api-logging-variables): no header, no body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InferenceArgs:
    """`root` is the project's folder, under which the package is written. `topic_arn`: where alarms publish."""

    settings: SpokeSettings
    inference: InferenceSettings
    root: Path
    package: Package
    topic_arn: pulumi.Input[str]


class InferenceApi(pulumi.ComponentResource):
    """`url`: what paths such as `/endpoints/<name>/invocations` are appended to, without a slash at its end."""

    url: pulumi.Output[str]

    def __init__(self, name: str, args: InferenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:inference:InferenceApi", name, None, opts)
        settings, inference = args.settings, args.inference
        organisation, spoke = settings.organisation, settings.spoke
        names, stack = organisation.names, spoke.stack
        function = self._function(name, args)
        api = apigatewayv2.Api(
            name,
            name=names.inference(stack),
            description=f"Asks the models of {stack}",
            protocol_type="HTTP",
            opts=child(self),
        )
        integration = apigatewayv2.Integration(
            name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.arn,
            payload_format_version="2.0",
            timeout_milliseconds=API_TIMEOUT_MS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        authorizer = None if inference.tokens is None else self._authorizer(name, api, inference.tokens)
        routes = [self._route(f"{name}-named", NAMED_ROUTE, api, integration, authorizer)]
        if len(inference.endpoints) == 1:
            routes.append(self._route(f"{name}-only", ONLY_ROUTE, api, integration, authorizer))
        admitted = [
            lambda_.Permission(
                f"{name}-{part}",
                statement_id=f"Api{part.title()}",
                function=function.name,
                action="lambda:InvokeFunction",
                principal="apigateway.amazonaws.com",
                source_arn=pulumi.Output.concat(api.execution_arn, path),
                opts=child(self),
            )
            for part, path in _sources(len(inference.endpoints))
        ]
        log = cloudwatch.LogGroup(
            f"{name}-access",
            name=names.access_log_group(stack),
            retention_in_days=settings.log_retention_days,
            opts=child(self),
        )
        apigatewayv2.Stage(
            name,
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings=apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=log.arn, format=json.dumps(ACCESS_LOG, separators=(",", ":"))
            ),
            default_route_settings=apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=inference.rate_per_second,
                throttling_burst_limit=inference.burst,
                detailed_metrics_enabled=False,
            ),
            # Not before it can answer: the stage is what makes routes callable.
            opts=child(self, after=[*routes, *admitted]),
        )
        Alarms(
            name,
            AlarmsArgs(
                organisation=organisation,
                specs=inference_alarms(organisation, spoke),
                topic_arn=args.topic_arn,
                known_later={API_ID: api.id},
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.url = api.api_endpoint
        self.register_outputs({"url": self.url})

    def _function(self, name: str, args: InferenceArgs) -> lambda_.Function:
        settings, inference = args.settings, args.inference
        organisation, spoke = settings.organisation, settings.spoke
        names, stack = organisation.names, spoke.stack
        role = Role(
            name,
            RoleArgs(
                build=lambda: inference_role(organisation, spoke, inference.endpoints),
                boundary_arn=settings.boundary_arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        logs = cloudwatch.LogGroup(
            name,
            name=names.inference_log_group(stack),
            retention_in_days=settings.log_retention_days,
            opts=child(self),
        )
        return lambda_.Function(
            name,
            name=names.inference(stack),
            description=f"Answer the inference API of {stack}",
            role=role.arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler="lambdas.inference.handler.handler",
            code=pulumi.FileArchive(written(args.root, "inference", args.package.content)),
            source_code_hash=args.package.sha256_base64,
            memory_size=MEMORY_MB,
            timeout=FUNCTION_TIMEOUT_SECONDS,
            environment=lambda_.FunctionEnvironmentArgs(
                variables={
                    "PREFIX": organisation.prefix,
                    "ENDPOINTS": json.dumps(inference.endpoints),
                    "CONTENT_TYPES": json.dumps(inference.content_types),
                    "MAX_BYTES": str(inference.max_bytes),
                }
            ),
            logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=logs.name),
            opts=child(self, after=[*role.ready, logs]),
        )

    def _authorizer(self, name: str, api: apigatewayv2.Api, tokens: TokenIssuer) -> apigatewayv2.Authorizer:
        """API Gateway fetches the issuer's keys when this is made, and refuses an issuer that it can't reach."""
        return apigatewayv2.Authorizer(
            name,
            api_id=api.id,
            name="tokens",
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration=apigatewayv2.AuthorizerJwtConfigurationArgs(
                issuer=tokens.issuer, audiences=list(tokens.audience)
            ),
            opts=child(self),
        )

    def _route(
        self, name: str, key: str, api: apigatewayv2.Api, integration: apigatewayv2.Integration,
        authorizer: apigatewayv2.Authorizer | None,
    ) -> apigatewayv2.Route:  # fmt: skip
        return apigatewayv2.Route(
            name,
            api_id=api.id,
            route_key=key,
            target=pulumi.Output.concat("integrations/", integration.id),
            authorization_type="AWS_IAM" if authorizer is None else "JWT",
            authorizer_id=None if authorizer is None else authorizer.id,
            opts=child(self),
        )


def _sources(endpoints: int) -> list[tuple[str, str]]:
    """What the function is invoked for, behind the API's execution ARN: its one stage, exactly these routes.

    A parameter of a route's path is a wildcard in the ARN (aws/serverless-application-model, HttpApi events). The
    stage is one, too: nothing says how `$default` is written there, and the API has no other.
    """
    named = [("named", "/*/POST/endpoints/*/invocations")]
    return [*named, ("only", "/*/POST/invocations")] if endpoints == 1 else named
