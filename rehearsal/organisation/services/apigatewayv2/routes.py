"""Routes of HTTP APIs, and who may take them. Source: botocore's apigatewayv2 model; http-api-develop-routes,
http-api-access-control-iam, http-api-jwt-authorizer.
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

_KEY = re.compile(r"\$default|(?:ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /\S*")
_TAKEN = (
    "ApiId", "ApiKeyRequired", "AuthorizationType", "AuthorizerId", "OperationName", "RouteId", "RouteKey", "Target",
)  # fmt: skip
takes(SERVICE, "CreateRoute", members=_TAKEN)
takes(SERVICE, "UpdateRoute", members=_TAKEN)


def _check(api: Api, record: Params) -> None:
    if not _KEY.fullmatch(record["RouteKey"]):
        raise bad_request(f"The provided route key is not formatted properly for HTTP protocol: {record['RouteKey']}")
    if record["ApiKeyRequired"]:
        raise bad_request("Api keys are not supported for HTTP protocol Api")
    if record["AuthorizationType"] not in ("NONE", "AWS_IAM"):
        raise NotEmulated(f"apigatewayv2: a route with AuthorizationType {record['AuthorizationType']}")
    if record.get("AuthorizerId"):
        raise bad_request(f"AuthorizerId is not allowed with AuthorizationType {record['AuthorizationType']}")
    target = record.get("Target")
    if target is not None and target.removeprefix("integrations/") not in api.integrations:
        raise bad_request(f"Invalid integration identifier specified in target {target}")


def find_route(api: Api, call: Call) -> Params:
    found = api.routes.get(call.params["RouteId"])
    if found is None:
        raise not_found("Route", call)
    return found


def _refuse_taken(api: Api, key: str, own: str = "") -> None:
    if any(one["RouteKey"] == key and one["RouteId"] != own for one in api.routes.values()):
        raise ApiError("ConflictException", f"Route with key {key} already exists for this API", 409)


@serves(SERVICE, "CreateRoute", source=f"{SOURCE}/apis-apiid-routes", needs=on(), fidelity="emulated",
        note="open, or for signed requests (AWS_IAM): whose credentials these are is looked up, the signature isn't "
        "verified; the parts of a path by name only, no greedy ones; no authorizer")  # fmt: skip
def create_route(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    id_ = new_id(PART_ID_LENGTH)
    record: Params = {"ApiKeyRequired": False, "AuthorizationType": "NONE", **given(call, _TAKEN), "RouteId": id_}
    _check(api, record)
    _refuse_taken(api, record["RouteKey"])
    api.routes[id_] = record
    return copy.deepcopy(record)


@serves(SERVICE, "GetRoutes", source=f"{SOURCE}/apis-apiid-routes", needs=on(), fidelity="emulated", note="one page")
def get_routes(org: Organisation, call: Call) -> Params:
    return listed(call, find_api(org, call).routes)


@serves(SERVICE, "GetRoute", source=f"{SOURCE}/apis-apiid-routes-routeid", needs=on())
def get_route(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find_route(find_api(org, call), call))


@serves(SERVICE, "UpdateRoute", source=f"{SOURCE}/apis-apiid-routes-routeid", needs=on())
def update_route(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    updated = {**find_route(api, call), **given(call, _TAKEN)}
    _check(api, updated)
    _refuse_taken(api, updated["RouteKey"], updated["RouteId"])
    api.routes[updated["RouteId"]] = updated
    return copy.deepcopy(updated)


@serves(SERVICE, "DeleteRoute", source=f"{SOURCE}/apis-apiid-routes-routeid", needs=on())
def delete_route(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    del api.routes[find_route(api, call)["RouteId"]]
    return {}


takes(SERVICE, "CreateAuthorizer", members=("ApiId", "AuthorizerType"))


@serves(SERVICE, "CreateAuthorizer", source=f"{SOURCE}/apis-apiid-authorizers; http-api-jwt-authorizer", needs=on(),
        fidelity="emulated", note="refused: API Gateway fetches the issuer's configuration and keys over https, and "
        "nothing but loopback is spoken to here")  # fmt: skip
def create_authorizer(org: Organisation, call: Call) -> Params:
    find_api(org, call)
    raise NotEmulated(f"apigatewayv2: an authorizer of type {call.params['AuthorizerType']}")


@serves(SERVICE, "GetAuthorizers", source=f"{SOURCE}/apis-apiid-authorizers", needs=on(), fidelity="emulated",
        note="always empty: none can be made here")  # fmt: skip
def get_authorizers(org: Organisation, call: Call) -> Params:
    find_api(org, call)
    return listed(call, {})
