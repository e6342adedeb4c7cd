"""Tags of HTTP APIs and their stages, by ARN. Source: botocore's apigatewayv2 model; apigateway-tagging."""

from __future__ import annotations

import re

from rehearsal.organisation.core import Call, Organisation, Params, serves
from rehearsal.organisation.services.apigatewayv2.store import SERVICE, SOURCE, apis, bad_request, not_found, on

_ARN = re.compile(
    r"arn:aws:apigateway:(?P<region>[a-z0-9-]+)::/apis/(?P<api>[a-z0-9]+)(?:/stages/(?P<stage>[$\w-]+))?"
)  # fmt: skip


def _tagged(org: Organisation, call: Call) -> dict[str, str]:
    match = _ARN.fullmatch(call.params["ResourceArn"])
    if match is None:
        raise bad_request("Invalid ARN specified in the request")
    api = apis(org, call.caller.account, match["region"]).get(match["api"])
    record = None if api is None else api.record if match["stage"] is None else api.stages.get(match["stage"])
    if record is None:
        raise not_found("Resource", call)
    tags: dict[str, str] = record.setdefault("Tags", {})
    return tags


@serves(SERVICE, "GetTags", source=f"{SOURCE}/tags-resource-arn", needs=on())
def get_tags(org: Organisation, call: Call) -> Params:
    return {"Tags": dict(_tagged(org, call))}


@serves(SERVICE, "TagResource", source=f"{SOURCE}/tags-resource-arn", needs=on())
def tag(org: Organisation, call: Call) -> Params:
    tags = _tagged(org, call)
    tags |= call.params.get("Tags", {})
    return {}


@serves(SERVICE, "UntagResource", source=f"{SOURCE}/tags-resource-arn", needs=on())
def untag(org: Organisation, call: Call) -> Params:
    tags = _tagged(org, call)
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}
