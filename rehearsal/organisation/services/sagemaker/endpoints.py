"""Endpoints: created, updated, scaled and deleted; what happens then on the clock is in :mod:`.deployments`."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, serves, takes

from .deployments import components_on, deploy, require_settled, retire, scale
from .fleets import RETAINED, retaining
from .hosting import add, find, hosted_arn, listed, named, need, refuse_members, with_tags
from .needs import anywhere
from .registry import invalid, now
from .transitions import move

_MODEL = "botocore sagemaker service-2: "
_GUIDE = "; automating-sagemaker-with-eventbridge"
takes("sagemaker", "CreateEndpoint", members=("EndpointName", "EndpointConfigName", "Tags"))
takes(
    "sagemaker", "UpdateEndpoint",
    members=("EndpointName", "EndpointConfigName", "RetainAllVariantProperties", "ExcludeRetainedVariantProperties"),
)  # fmt: skip


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    """Both resource types are required: the endpoint and the configuration."""
    yield from with_tags(call, need(org, call, "endpoint", call.params["EndpointName"]))
    yield need(org, call, "endpoint-config", call.params["EndpointConfigName"])


@serves(
    "sagemaker", "CreateEndpoint", needs=_needs, fidelity="emulated", source=_MODEL + "CreateEndpoint" + _GUIDE,
    note="no container runs before the first invocation; in service after 1 s of the clock if the models' roles may "
    "read the artifacts, else Failed; images resolve to made-up digests (no ECR), which a control verb moves; no "
    "deployment configuration",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    config = find(org, call, "endpoint-config", params["EndpointConfigName"])
    time = now(org)
    record: Params = {
        "EndpointName": params["EndpointName"],
        "EndpointArn": hosted_arn(call.owner, call.region, "endpoint", params["EndpointName"]),
        "EndpointConfigName": params["EndpointConfigName"],
        "EndpointStatus": "Creating",
        "CreationTime": time,
        "LastModifiedTime": time,
    }
    endpoint = add(org, call, "endpoint", record)
    deploy(org, call, endpoint, config.record)
    return {"EndpointArn": endpoint.arn}


@serves(
    "sagemaker", "UpdateEndpoint", needs=_needs, fidelity="emulated", source=_MODEL + "UpdateEndpoint" + _GUIDE,
    note="one step of traffic, without baking and alarms; what can't be read, or a fault set by a control verb, leaves "
    "the former configuration in service, with the reason; deployment configurations are refused; deployment events "
    "while the update is under way only, as the samples show",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    params = call.params
    endpoint = find(org, call, "endpoint", params["EndpointName"])
    config = find(org, call, "endpoint-config", params["EndpointConfigName"]).record
    require_settled(endpoint)
    if params.get("RetainAllVariantProperties"):
        asked = params.get("ExcludeRetainedVariantProperties") or []
        config = retaining(config, endpoint.record, {one["VariantPropertyType"] for one in asked})
    elif params.get("ExcludeRetainedVariantProperties"):
        raise invalid("ExcludeRetainedVariantProperties is given without RetainAllVariantProperties.")
    move(org, "endpoint", endpoint, "Updating")
    deploy(org, call, endpoint, config)
    return {"EndpointArn": endpoint.arn}


@serves(
    "sagemaker", "UpdateEndpointWeightsAndCapacities", needs=named("endpoint"), fidelity="emulated",
    source=_MODEL + "UpdateEndpointWeightsAndCapacities; DescribeEndpointOutput (RollingBack)" + _GUIDE,
    note="done after 1 s of the clock; a fault set by a control verb rolls it back; serverless concurrency is refused",
)  # fmt: skip
def update_weights(org: Organisation, call: Call) -> Params:
    params = call.params
    endpoint = find(org, call, "endpoint", params["EndpointName"])
    require_settled(endpoint)
    known = {variant["VariantName"]: variant for variant in endpoint.record["ProductionVariants"]}
    wanted: dict[str, Params] = {}
    for asked in params["DesiredWeightsAndCapacities"]:
        name = asked["VariantName"]
        if name not in known:
            raise invalid(f'Could not find variant "{name}" of endpoint "{endpoint.arn}".')
        if "DesiredInstanceCount" in asked and "DesiredInstanceCount" not in known[name]:
            raise invalid(f'Variant "{name}" is serverless: it has no instances to count.')
        refuse_members("UpdateEndpointWeightsAndCapacities", asked, frozenset({"VariantName", *RETAINED}))
        wanted[name] = {member: asked[member] for member in RETAINED if member in asked}
    scale(org, call, endpoint, wanted)
    return {"EndpointArn": endpoint.arn}


@serves(
    "sagemaker", "DeleteEndpoint", needs=named("endpoint"), fidelity="emulated",
    source=_MODEL + "DeleteEndpoint" + _GUIDE + "; gruntwork-io/cloud-nuke#1142 (refused with inference components)",
    note="gone after 1 s of the clock",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    endpoint = find(org, call, "endpoint", call.params["EndpointName"])
    require_settled(endpoint, deleting=True)
    if components_on(org, call, call.params["EndpointName"]):
        raise invalid(
            "Cannot delete endpoint with inference component associated. Please delete inference component and try it "
            "again."
        )
    retire(org, call, endpoint)
    return {}


@serves("sagemaker", "DescribeEndpoint", needs=named("endpoint"), source=_MODEL + "DescribeEndpoint")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "endpoint", call.params["EndpointName"]).record)


@serves("sagemaker", "ListEndpoints", needs=anywhere, source=_MODEL + "ListEndpoints")
def list_endpoints(org: Organisation, call: Call) -> Params:
    summary = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
    return listed(org, call, "endpoint", "Endpoints", summary)
