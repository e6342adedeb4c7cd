"""Endpoint configurations: which models an endpoint serves, on which instances."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, serves, takes

from .hosting import add, find, hosted_arn, hosting, listed, named, need, refuse_members, with_tags
from .needs import Context, anywhere
from .registry import invalid, now

_MODEL = "botocore sagemaker service-2: "
_SERVED = frozenset({"EndpointConfigName", "ProductionVariants", "Tags"})
_VARIANT = frozenset({"VariantName", "ModelName", "InitialInstanceCount", "InstanceType", "InitialVariantWeight"})
takes("sagemaker", "CreateEndpointConfig", members=_SERVED)


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    variants = call.params["ProductionVariants"]
    context: Context = {}
    types = list(dict.fromkeys(one["InstanceType"] for one in variants if one.get("InstanceType")))
    if types:
        context["sagemaker:InstanceTypes"] = types
    models = [
        hosted_arn(call.owner, call.region, "model", one["ModelName"]) for one in variants if one.get("ModelName")
    ]
    if models:
        context["sagemaker:ModelArn"] = models
    yield from with_tags(call, need(org, call, "endpoint-config", call.params["EndpointConfigName"], context))


@serves(
    "sagemaker", "CreateEndpointConfig", needs=_needs, fidelity="emulated", source=_MODEL + "CreateEndpointConfig",
    note="instance-based production variants only: serverless, asynchronous, shadow variants, data capture, volume "
    "keys and inference components are refused",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    names = [variant["VariantName"] for variant in params["ProductionVariants"]]
    if len(set(names)) != len(names):
        raise invalid(f"Variant names must be unique: {', '.join(names)}.")
    for variant in params["ProductionVariants"]:
        refuse_members("CreateEndpointConfig in a variant", variant, _VARIANT)
        missing = [
            member for member in ("ModelName", "InstanceType", "InitialInstanceCount") if not variant.get(member)
        ]
        if missing:
            raise invalid(f"Variant {variant['VariantName']} lacks {', '.join(missing)}.")
        find(org, call, "model", variant["ModelName"])
    variants = [{"InitialVariantWeight": 1.0, **copy.deepcopy(one)} for one in params["ProductionVariants"]]
    record: Params = {
        "EndpointConfigName": params["EndpointConfigName"],
        "EndpointConfigArn": hosted_arn(call.owner, call.region, "endpoint-config", params["EndpointConfigName"]),
        "ProductionVariants": variants,
        "CreationTime": now(org),
    }
    return {"EndpointConfigArn": add(org, call, "endpoint-config", record).arn}


@serves("sagemaker", "DescribeEndpointConfig", needs=named("endpoint-config"), source=_MODEL + "DescribeEndpointConfig")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "endpoint-config", call.params["EndpointConfigName"]).record)


@serves("sagemaker", "ListEndpointConfigs", needs=anywhere, source=_MODEL + "ListEndpointConfigs")
def list_configs(org: Organisation, call: Call) -> Params:
    summary = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
    return listed(org, call, "endpoint-config", "EndpointConfigs", summary)


@serves(
    "sagemaker",
    "DeleteEndpointConfig",
    needs=named("endpoint-config"),
    source=_MODEL + "DeleteEndpointConfig: endpoints that were made with it go on",
)
def delete(org: Organisation, call: Call) -> Params:
    find(org, call, "endpoint-config", call.params["EndpointConfigName"])
    del hosting(org, call.owner, call.region).kinds["endpoint-config"][call.params["EndpointConfigName"]]
    return {}
