"""Integrations of HTTP APIs with Lambda functions. Source: botocore's apigatewayv2 model;
http-api-develop-integrations-lambda.
"""

from __future__ import annotations

import copy
import re

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.apigatewayv2.store import (
    PART_ID_LENGTH,
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

LONGEST_MS = 30_000
SHORTEST_MS = 50
"""Source: http-api-quotas; API CreateIntegration (TimeoutInMillis)."""

_FUNCTION = re.compile(
    r"(?:arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/)?"
    r"(?P<arn>arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64})(?:/invocations)?"
)
_TAKEN = (
    "ApiId", "ConnectionType", "Description", "IntegrationId", "IntegrationMethod", "IntegrationType",
    "IntegrationUri", "PayloadFormatVersion", "TimeoutInMillis",
)  # fmt: skip
takes(SERVICE, "CreateIntegration", members=_TAKEN)
takes(SERVICE, "UpdateIntegration", members=_TAKEN)


def function_of(integration: Params) -> str:
    """The ARN of the function that an integration invokes."""
    match = _FUNCTION.fullmatch(str(integration["IntegrationUri"]))
    if match is None:
        raise bad_request("Invalid function ARN or invalid uri")
    return match["arn"]


def _check(record: Params) -> None:
    if record.get("IntegrationType") != "AWS_PROXY":
        raise NotEmulated(f"apigatewayv2: an integration of type {record.get('IntegrationType')}")
    if "IntegrationUri" not in record:
        raise bad_request("IntegrationUri is required for AWS_PROXY integrations")
    function_of(record)
    if "PayloadFormatVersion" not in record:
        raise bad_request("PayloadFormatVersion is a required parameter for integration")
    if record["PayloadFormatVersion"] != "2.0":
        raise NotEmulated(f"apigatewayv2: payload format version {record['PayloadFormatVersion']}")
    if record["IntegrationMethod"] != "POST":
        raise bad_request("HttpMethod must be POST for AWS_PROXY IntegrationType")
    if record["ConnectionType"] != "INTERNET":
        raise NotEmulated(f"apigatewayv2: an integration with ConnectionType {record['ConnectionType']}")
    if not SHORTEST_MS <= record["TimeoutInMillis"] <= LONGEST_MS:
        raise bad_request(f"Timeout should be between {SHORTEST_MS} ms and {LONGEST_MS} ms")


def find_integration(api: Api, call: Call) -> Params:
    found = api.integrations.get(call.params["IntegrationId"])
    if found is None:
        raise not_found("Integration", call)
    return found


@serves(SERVICE, "CreateIntegration", source=f"{SOURCE}/apis-apiid-integrations", needs=on(), fidelity="emulated",
        note="Lambda functions by payload format 2.0 only, invoked by the function's resource policy")  # fmt: skip
def create_integration(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    id_ = new_id(PART_ID_LENGTH)
    record: Params = {
        "ConnectionType": "INTERNET", "IntegrationMethod": "POST", "TimeoutInMillis": LONGEST_MS, **given(call, _TAKEN),
        "IntegrationId": id_,
    }  # fmt: skip
    _check(record)
    api.integrations[id_] = record
    return copy.deepcopy(record)


@serves(
    SERVICE,
    "GetIntegrations",
    source=f"{SOURCE}/apis-apiid-integrations",
    needs=on(),
    fidelity="emulated",
    note="one page",
)
def get_integrations(org: Organisation, call: Call) -> Params:
    return listed(call, find_api(org, call).integrations)


@serves(SERVICE, "GetIntegration", source=f"{SOURCE}/apis-apiid-integrations-integrationid", needs=on())
def get_integration(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find_integration(find_api(org, call), call))


@serves(SERVICE, "UpdateIntegration", source=f"{SOURCE}/apis-apiid-integrations-integrationid", needs=on())
def update_integration(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    updated = {**find_integration(api, call), **given(call, _TAKEN)}
    _check(updated)
    api.integrations[call.params["IntegrationId"]] = updated
    return copy.deepcopy(updated)


@serves(SERVICE, "DeleteIntegration", source=f"{SOURCE}/apis-apiid-integrations-integrationid", needs=on())
def delete_integration(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    id_ = find_integration(api, call)["IntegrationId"]
    users = [route["RouteId"] for route in api.routes.values() if route.get("Target") == f"integrations/{id_}"]
    if users:
        raise ApiError(
            "ConflictException",
            f"Cannot delete Integration '{id_}' because it is referenced by one or more Routes ({', '.join(users)})",
            409,
        )
    del api.integrations[id_]
    return {}
