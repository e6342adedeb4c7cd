"""Stages of HTTP APIs: throttling and access logs. Source: botocore's apigatewayv2 model; http-api-stages,
http-api-throttling, http-api-logging.
"""

from __future__ import annotations

import copy
import re

from rehearsal.organisation.core import ApiError, Call, Need, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.apigatewayv2.store import (
    SERVICE,
    SOURCE,
    Api,
    bad_request,
    find_api,
    given,
    listed,
    new_id,
    not_found,
    on,
)
from rehearsal.organisation.services.logs.groups import groups

_NAME = re.compile(r"\$default|[A-Za-z0-9_-]{1,128}")
_LOG_GROUP = re.compile(
    r"arn:aws:logs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):log-group:(?P<name>[^:]+)(?::\*)?"
)  # fmt: skip
ACCOUNT_RATE, ACCOUNT_BURST = 10_000.0, 5_000
"""Source: http-api-quotas."""

DELIVERY = (
    "logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
    "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
)  # fmt: skip
"""What who turns access logging on must be allowed (http-api-logging, "Permissions to activate logging"), as far as it
isn't about reading logs; none has a resource that the request names."""

_TAKEN = (
    "AccessLogSettings", "ApiId", "AutoDeploy", "DefaultRouteSettings", "Description", "StageName", "StageVariables",
    "Tags",
)  # fmt: skip
takes(SERVICE, "CreateStage", members=_TAKEN)
takes(SERVICE, "UpdateStage", members=_TAKEN)


def _check(org: Organisation, call: Call, record: Params) -> None:
    if not _NAME.fullmatch(record["StageName"]):
        raise bad_request(f"Stage name only allows a-zA-Z0-9_- and $default: {record['StageName']}")
    if not record["AutoDeploy"]:
        raise NotEmulated("apigatewayv2: a stage without AutoDeploy (deployments)")
    settings = record["DefaultRouteSettings"]
    for member in ("DataTraceEnabled", "LoggingLevel"):
        if settings.get(member) not in (None, False, "OFF"):
            raise bad_request(f"{member} is not supported for HTTP protocol Api")
    if settings.get("DetailedMetricsEnabled"):
        raise NotEmulated("apigatewayv2: a stage with DetailedMetricsEnabled")
    if settings.get("ThrottlingRateLimit", 0) < 0 or settings.get("ThrottlingBurstLimit", 0) < 0:
        raise bad_request("Throttling limits must not be negative")
    if record.get("AccessLogSettings"):
        _check_log(org, call, record["AccessLogSettings"])


def _check_log(org: Organisation, call: Call, settings: Params) -> None:
    match = _LOG_GROUP.fullmatch(settings.get("DestinationArn", ""))
    if match is None or (match["account"], match["region"]) != (call.caller.account, call.region):
        raise bad_request("Invalid ARN specified in the request. ARNs must be of the account's own log group")
    group = groups(org, match["account"], match["region"]).get(match["name"])
    if group is None:
        raise bad_request(f"The log group {match['name']} does not exist")
    if group.key:
        raise NotEmulated("apigatewayv2: access logs in a log group with a KMS key")
    if "$context.requestId" not in settings.get("Format", "") and "$context.extendedRequestId" not in settings.get(
        "Format", ""
    ):
        raise bad_request("AccessLogSettings format must include $context.requestId or $context.extendedRequestId")
    needs = [Need(action, "*", call.caller.account) for action in DELIVERY]
    org.authorise(call.caller, needs, region=call.region, reason="API Gateway sets up the delivery of access logs")


def log_group_of(stage: Params) -> tuple[str, str, str] | None:
    """Account, region and name of the log group of a stage's access log."""
    match = _LOG_GROUP.fullmatch(stage.get("AccessLogSettings", {}).get("DestinationArn", ""))
    return None if match is None else (match["account"], match["region"], match["name"])


def find_stage(api: Api, call: Call) -> Params:
    found = api.stages.get(call.params["StageName"])
    if found is None:
        raise not_found("Stage", call)
    return found


@serves(SERVICE, "CreateStage", source=f"{SOURCE}/apis-apiid-stages", needs=on(), fidelity="emulated",
        note="deployed by itself only; requests (`Host: <api id>.execute-api.<region>.amazonaws.com`) are throttled "
        "before they are authorised, whose order no page says; access logs go to unencrypted groups of the account, "
        "by AWS's own delivery; detailed metrics are refused")  # fmt: skip
def create_stage(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    name = call.params["StageName"]
    if name in api.stages:
        raise ApiError("ConflictException", f"Stage already exists: {name}", 409)
    now = org.clock.now()
    record: Params = {
        "AutoDeploy": False, "DefaultRouteSettings": {"DetailedMetricsEnabled": False}, "RouteSettings": {},
        "StageVariables": {}, **given(call, _TAKEN), "CreatedDate": now, "LastUpdatedDate": now,
        "DeploymentId": new_id(6), "Tags": dict(call.params.get("Tags", {})),
    }  # fmt: skip
    _check(org, call, record)
    api.stages[name] = record
    return copy.deepcopy(record)


@serves(SERVICE, "GetStages", source=f"{SOURCE}/apis-apiid-stages", needs=on(), fidelity="emulated", note="one page")
def get_stages(org: Organisation, call: Call) -> Params:
    return listed(call, find_api(org, call).stages)


@serves(SERVICE, "GetStage", source=f"{SOURCE}/apis-apiid-stages-stagename", needs=on())
def get_stage(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find_stage(find_api(org, call), call))


@serves(SERVICE, "UpdateStage", source=f"{SOURCE}/apis-apiid-stages-stagename", needs=on())
def update_stage(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    updated = {**find_stage(api, call), **given(call, _TAKEN), "LastUpdatedDate": org.clock.now()}
    _check(org, call, updated)
    api.stages[call.params["StageName"]] = updated
    return copy.deepcopy(updated)


@serves(SERVICE, "DeleteStage", source=f"{SOURCE}/apis-apiid-stages-stagename", needs=on())
def delete_stage(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    find_stage(api, call)
    del api.stages[call.params["StageName"]]
    return {}
