"""HTTP APIs. Source: botocore's apigatewayv2 model; http-api-develop."""

from __future__ import annotations

import copy

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.apigatewayv2.store import (
    API_ID_LENGTH,
    SERVICE,
    SOURCE,
    Api,
    apis,
    find_api,
    given,
    listed,
    new_id,
    on,
)

KEY_SELECTION = "$request.header.x-api-key"
ROUTE_SELECTION = "$request.method $request.path"
"""The only values that HTTP APIs have of these (API CreateApi)."""

_TAKEN = (
    "ApiId", "ApiKeySelectionExpression", "Description", "DisableExecuteApiEndpoint", "Name", "ProtocolType",
    "RouteSelectionExpression", "Tags", "Version",
)  # fmt: skip
takes(SERVICE, "CreateApi", members=_TAKEN)
takes(SERVICE, "UpdateApi", members=_TAKEN)


def _check(params: Params) -> None:
    if params.get("ProtocolType", "HTTP") != "HTTP":
        raise NotEmulated(f"apigatewayv2: an API with ProtocolType {params['ProtocolType']}")
    for member, only in (("ApiKeySelectionExpression", KEY_SELECTION), ("RouteSelectionExpression", ROUTE_SELECTION)):
        if params.get(member, only) != only:
            raise NotEmulated(f"apigatewayv2: an API with {member} {params[member]}")


@serves(SERVICE, "CreateApi", source=f"{SOURCE}/apis", needs=on(), fidelity="emulated",
        note="HTTP APIs only; no CORS, no quick create, no import of a definition")  # fmt: skip
def create_api(org: Organisation, call: Call) -> Params:
    _check(call.params)
    id_ = new_id(API_ID_LENGTH)
    record: Params = {
        "ApiKeySelectionExpression": KEY_SELECTION,
        "RouteSelectionExpression": ROUTE_SELECTION,
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        **given(call, _TAKEN),
        "ApiId": id_,
        "ApiEndpoint": f"https://{id_}.execute-api.{call.region}.amazonaws.com",
        "CreatedDate": org.clock.now(),
        "Tags": dict(call.params.get("Tags", {})),
    }
    api = Api(id_, call.caller.account, call.region, record)
    apis(org, call.caller.account, call.region)[id_] = api
    return copy.deepcopy(record)


@serves(SERVICE, "GetApi", source=f"{SOURCE}/apis-apiid", needs=on())
def get_api(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find_api(org, call).record)


@serves(SERVICE, "GetApis", source=f"{SOURCE}/apis", needs=on(), fidelity="emulated", note="one page")
def get_apis(org: Organisation, call: Call) -> Params:
    return listed(call, {id_: api.record for id_, api in apis(org, call.caller.account, call.region).items()})


@serves(SERVICE, "UpdateApi", source=f"{SOURCE}/apis-apiid", needs=on())
def update_api(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    _check(call.params)
    api.record |= given(call, _TAKEN)
    return copy.deepcopy(api.record)


@serves(SERVICE, "DeleteApi", source=f"{SOURCE}/apis-apiid", needs=on())
def delete_api(org: Organisation, call: Call) -> Params:
    api = find_api(org, call)
    del apis(org, call.caller.account, call.region)[api.id]
    return {}
