"""aws.apigatewayv2: Api, Integration, Route, Stage, Authorizer. Ids: the API's own; a stage's is its name.

An import of what belongs to an API takes `<api id>/<id>`.
"""

from __future__ import annotations

from typing import Any

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, tag_calls
from rehearsal.provider.values import Props, without_none

SERVICE = "apigatewayv2"
GONE = ("NotFoundException",)
TAGS = tag_calls(
    SERVICE, by_arn("ResourceArn"), read="get_tags", add="tag_resource", remove="untag_resource", pair=None
)  # fmt: skip

API = {
    "apiKeySelectionExpression": "ApiKeySelectionExpression", "description": "Description",
    "disableExecuteApiEndpoint": "DisableExecuteApiEndpoint", "name": "Name",
    "routeSelectionExpression": "RouteSelectionExpression", "version": "Version",
}  # fmt: skip
INTEGRATION = {
    "connectionType": "ConnectionType", "description": "Description", "integrationMethod": "IntegrationMethod",
    "integrationType": "IntegrationType", "integrationUri": "IntegrationUri",
    "payloadFormatVersion": "PayloadFormatVersion", "timeoutMilliseconds": "TimeoutInMillis",
}  # fmt: skip
ROUTE = {
    "apiKeyRequired": "ApiKeyRequired", "authorizationType": "AuthorizationType", "authorizerId": "AuthorizerId",
    "operationName": "OperationName", "routeKey": "RouteKey", "target": "Target",
}  # fmt: skip
LOG = {"destinationArn": "DestinationArn", "format": "Format"}
LIMITS = {
    "detailedMetricsEnabled": "DetailedMetricsEnabled", "throttlingBurstLimit": "ThrottlingBurstLimit",
    "throttlingRateLimit": "ThrottlingRateLimit",
}  # fmt: skip
TOKENS = {"audiences": "Audience", "issuer": "Issuer"}
AUTHORIZER = {"authorizerType": "AuthorizerType", "identitySources": "IdentitySource", "name": "Name"}


def _sent(args: Props, names: dict[str, str]) -> Props:
    return {api: args.get(key) for key, api in names.items()}


def _shown(found: Props, names: dict[str, str]) -> Props:
    return {key: found.get(api) for key, api in names.items()}


def _changed(old: Props, new: Props, names: dict[str, Any]) -> bool:
    return any(new.get(key) != old.get(key) for key in names)


def _place(physical_id: str, known: Props) -> tuple[str, str]:
    """The API's id, and that of what belongs to it."""
    if known.get("apiId"):
        return known["apiId"], physical_id
    api, _, own = physical_id.partition("/")
    return api, own


def _arn(aws: Clients, api: str) -> str:
    return f"arn:aws:apigateway:{aws.region}::/apis/{api}"


def _execution_arn(aws: Clients, api: str) -> str:
    return f"arn:aws:execute-api:{aws.region}:{aws.account}:{api}"


def _create_api(aws: Clients, args: Props) -> str:
    made = aws.call(
        SERVICE, "create_api", ProtocolType=args["protocolType"], Tags=args.get("tagsAll") or None, **_sent(args, API)
    )  # fmt: skip
    return str(made["ApiId"])


def _read_api(aws: Clients, physical_id: str, known: Props) -> Props:
    found = aws.call(SERVICE, "get_api", ApiId=physical_id)
    return {
        **_shown(found, API),
        "protocolType": found["ProtocolType"],
        "apiEndpoint": found["ApiEndpoint"],
        "ipAddressType": found.get("IpAddressType", "ipv4"),
        "arn": _arn(aws, physical_id),
        "executionArn": _execution_arn(aws, physical_id),
    }


def _update_api(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if _changed(old, new, API):
        aws.call(SERVICE, "update_api", ApiId=physical_id, **_sent(new, API))


def _delete_api(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call(SERVICE, "delete_api", ApiId=physical_id)


HTTP_API = ResourceType(
    pulumi_type="aws:apigatewayv2/api:Api",
    cfn="AWS::ApiGatewayV2::Api",
    name=AutoName(limit=128),
    arguments={
        "apiKeySelectionExpression": Argument(cfn="ApiKeySelectionExpression", default="$request.header.x-api-key"),
        "description": Argument(cfn="Description"),
        "disableExecuteApiEndpoint": Argument(cfn="DisableExecuteApiEndpoint", default=False),
        "name": Argument(cfn="Name", shape="apigatewayv2.StringWithLengthBetween1And128"),
        "protocolType": Argument(cfn="ProtocolType", shape="apigatewayv2.ProtocolType"),
        "routeSelectionExpression": Argument(cfn="RouteSelectionExpression", default="$request.method $request.path"),
        "version": Argument(cfn="Version"),
    },
    tags=TAGS,
    create=_create_api,
    read=_read_api,
    update=_update_api,
    delete=_delete_api,
    gone=GONE,
)


def _create_integration(aws: Clients, args: Props) -> str:
    made = aws.call(SERVICE, "create_integration", ApiId=args["apiId"], **_sent(args, INTEGRATION))
    return str(made["IntegrationId"])


def _read_integration(aws: Clients, physical_id: str, known: Props) -> Props:
    api, own = _place(physical_id, known)
    found = aws.call(SERVICE, "get_integration", ApiId=api, IntegrationId=own)
    return {**_shown(found, INTEGRATION), "apiId": api}


def _update_integration(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if _changed(old, new, INTEGRATION):
        aws.call(
            SERVICE, "update_integration", ApiId=new["apiId"], IntegrationId=physical_id, **_sent(new, INTEGRATION)
        )  # fmt: skip


def _delete_integration(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call(SERVICE, "delete_integration", ApiId=state["apiId"], IntegrationId=physical_id)


HTTP_INTEGRATION = ResourceType(
    pulumi_type="aws:apigatewayv2/integration:Integration",
    cfn="AWS::ApiGatewayV2::Integration",
    arguments={
        "apiId": Argument(cfn="ApiId"),
        "connectionType": Argument(cfn="ConnectionType", shape="apigatewayv2.ConnectionType", default="INTERNET"),
        "description": Argument(cfn="Description"),
        "integrationMethod": Argument(cfn="IntegrationMethod", computed=True),
        # The type of an integration can't be changed (terraform-provider-aws integration.go, ForceNew).
        "integrationType": Argument(cfn="IntegrationType", shape="apigatewayv2.IntegrationType", replaces=True),
        "integrationUri": Argument(cfn="IntegrationUri"),
        "payloadFormatVersion": Argument(cfn="PayloadFormatVersion", default="1.0"),
        "timeoutMilliseconds": Argument(
            cfn="TimeoutInMillis", shape="apigatewayv2.IntegerWithLengthBetween50And30000", computed=True
        ),
    },
    create=_create_integration,
    read=_read_integration,
    update=_update_integration,
    delete=_delete_integration,
    gone=GONE,
)


def _create_route(aws: Clients, args: Props) -> str:
    return str(aws.call(SERVICE, "create_route", ApiId=args["apiId"], **_sent(args, ROUTE))["RouteId"])


def _read_route(aws: Clients, physical_id: str, known: Props) -> Props:
    api, own = _place(physical_id, known)
    found = aws.call(SERVICE, "get_route", ApiId=api, RouteId=own)
    return {**_shown(found, ROUTE), "apiId": api}


def _update_route(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if _changed(old, new, ROUTE):
        aws.call(SERVICE, "update_route", ApiId=new["apiId"], RouteId=physical_id, **_sent(new, ROUTE))


def _delete_route(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call(SERVICE, "delete_route", ApiId=state["apiId"], RouteId=physical_id)


HTTP_ROUTE = ResourceType(
    pulumi_type="aws:apigatewayv2/route:Route",
    cfn="AWS::ApiGatewayV2::Route",
    arguments={
        "apiId": Argument(cfn="ApiId"),
        "apiKeyRequired": Argument(cfn="ApiKeyRequired", default=False),
        "authorizationType": Argument(
            cfn="AuthorizationType", shape="apigatewayv2.AuthorizationType", default="NONE"
        ),
        "authorizerId": Argument(cfn="AuthorizerId"),
        "operationName": Argument(cfn="OperationName"),
        "routeKey": Argument(cfn="RouteKey"),
        "target": Argument(cfn="Target"),
    },
    create=_create_route,
    read=_read_route,
    update=_update_route,
    delete=_delete_route,
    gone=GONE,
)  # fmt: skip


def _stage_settings(args: Props) -> Props:
    log, limits = args.get("accessLogSettings"), args.get("defaultRouteSettings")
    return {
        "AccessLogSettings": _sent(log, LOG) if log else None,
        "AutoDeploy": args.get("autoDeploy"),
        "DefaultRouteSettings": without_none(_sent(limits, LIMITS)) if limits else None,
        "Description": args.get("description"),
        "StageVariables": args.get("stageVariables"),
    }


STAGE = ("accessLogSettings", "autoDeploy", "defaultRouteSettings", "description", "stageVariables")


def _create_stage(aws: Clients, args: Props) -> str:
    aws.call(
        SERVICE, "create_stage",
        ApiId=args["apiId"], StageName=args["name"], Tags=args.get("tagsAll") or None, **_stage_settings(args),
    )  # fmt: skip
    return str(args["name"])


def _read_stage(aws: Clients, physical_id: str, known: Props) -> Props:
    api, name = _place(physical_id, known)
    found = aws.call(SERVICE, "get_stage", ApiId=api, StageName=name)
    log, limits = found.get("AccessLogSettings"), found.get("DefaultRouteSettings") or {}
    host = f"https://{api}.execute-api.{aws.region}.amazonaws.com/"
    return {
        "apiId": api,
        "name": name,
        "arn": f"{_arn(aws, api)}/stages/{name}",
        "executionArn": f"{_execution_arn(aws, api)}/{name}",
        "invokeUrl": host if name == "$default" else f"{host}{name}",
        "accessLogSettings": _shown(log, LOG) if log else None,
        "autoDeploy": found.get("AutoDeploy", False),
        "defaultRouteSettings": without_none(_shown(limits, LIMITS)) if known.get("defaultRouteSettings") else None,
        "deploymentId": found.get("DeploymentId"),
        "description": found.get("Description"),
        "stageVariables": found.get("StageVariables") or None,
    }


def _update_stage(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if any(new.get(key) != old.get(key) for key in STAGE):
        aws.call(SERVICE, "update_stage", ApiId=new["apiId"], StageName=physical_id, **_stage_settings(new))


def _delete_stage(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call(SERVICE, "delete_stage", ApiId=state["apiId"], StageName=physical_id)


HTTP_STAGE = ResourceType(
    pulumi_type="aws:apigatewayv2/stage:Stage",
    cfn="AWS::ApiGatewayV2::Stage",
    name=AutoName(limit=128),
    arguments={
        "accessLogSettings": Argument(),
        "accessLogSettings.destinationArn": Argument(cfn="AccessLogSettings.DestinationArn"),
        "accessLogSettings.format": Argument(cfn="AccessLogSettings.Format"),
        "apiId": Argument(cfn="ApiId"),
        "autoDeploy": Argument(cfn="AutoDeploy", default=False),
        "defaultRouteSettings": Argument(),
        "defaultRouteSettings.detailedMetricsEnabled": Argument(cfn="DefaultRouteSettings.DetailedMetricsEnabled"),
        "defaultRouteSettings.throttlingBurstLimit": Argument(cfn="DefaultRouteSettings.ThrottlingBurstLimit"),
        "defaultRouteSettings.throttlingRateLimit": Argument(cfn="DefaultRouteSettings.ThrottlingRateLimit"),
        "description": Argument(cfn="Description"),
        "name": Argument(cfn="StageName"),
        "stageVariables": Argument(),
    },
    tags=TAGS,
    create=_create_stage,
    read=_read_stage,
    update=_update_stage,
    delete=_delete_stage,
    gone=GONE,
)


def _authorizer(args: Props) -> Props:
    tokens = args.get("jwtConfiguration")
    return {**_sent(args, AUTHORIZER), "JwtConfiguration": _sent(tokens, TOKENS) if tokens else None}


def _create_authorizer(aws: Clients, args: Props) -> str:
    return str(aws.call(SERVICE, "create_authorizer", ApiId=args["apiId"], **_authorizer(args))["AuthorizerId"])


def _read_authorizer(aws: Clients, physical_id: str, known: Props) -> Props:
    api, own = _place(physical_id, known)
    found = aws.call(SERVICE, "get_authorizer", ApiId=api, AuthorizerId=own)
    tokens = found.get("JwtConfiguration")
    return {
        **_shown(found, AUTHORIZER), "apiId": api, "jwtConfiguration": _shown(tokens, TOKENS) if tokens else None,
    }  # fmt: skip


def _update_authorizer(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if _changed(old, new, {**AUTHORIZER, "jwtConfiguration": ""}):
        aws.call(SERVICE, "update_authorizer", ApiId=new["apiId"], AuthorizerId=physical_id, **_authorizer(new))


def _delete_authorizer(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call(SERVICE, "delete_authorizer", ApiId=state["apiId"], AuthorizerId=physical_id)


HTTP_AUTHORIZER = ResourceType(
    pulumi_type="aws:apigatewayv2/authorizer:Authorizer",
    cfn="AWS::ApiGatewayV2::Authorizer",
    name=AutoName(limit=128),
    arguments={
        "apiId": Argument(cfn="ApiId"),
        "authorizerType": Argument(cfn="AuthorizerType", shape="apigatewayv2.AuthorizerType", replaces=True),
        "identitySources": Argument(unordered=True),
        "jwtConfiguration": Argument(),
        "jwtConfiguration.audiences": Argument(cfn="JwtConfiguration.Audience", unordered=True),
        "jwtConfiguration.issuer": Argument(cfn="JwtConfiguration.Issuer"),
        "name": Argument(cfn="Name"),
    },
    create=_create_authorizer,
    read=_read_authorizer,
    update=_update_authorizer,
    delete=_delete_authorizer,
    gone=GONE,
)

TYPES = (HTTP_API, HTTP_INTEGRATION, HTTP_ROUTE, HTTP_STAGE, HTTP_AUTHORIZER)
