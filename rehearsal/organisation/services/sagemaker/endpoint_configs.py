"""Endpoint configurations: which models an endpoint serves, on which instances or without any."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, pass_role, serves, takes

from .containers import PRINCIPAL
from .hosting import add, find, hosted_arn, listed, named, need, refuse_members, remove, with_tags
from .models import isolation_context
from .needs import anywhere
from .registry import invalid, now

_MODEL = "botocore sagemaker service-2: "
_SERVED = frozenset(
    {
        "EndpointConfigName", "ProductionVariants", "ShadowProductionVariants", "AsyncInferenceConfig",
        "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation", "Tags",
    }
)  # fmt: skip
_VARIANT = frozenset(
    {
        "VariantName", "ModelName", "InitialInstanceCount", "InstanceType", "InitialVariantWeight", "ServerlessConfig",
        "ManagedInstanceScaling", "RoutingConfig", "ModelDataDownloadTimeoutInSeconds",
        "ContainerStartupHealthCheckTimeoutInSeconds",
    }
)  # fmt: skip
_KEPT = ("AsyncInferenceConfig", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation")
takes("sagemaker", "CreateEndpointConfig", members=_SERVED)


def variants_of(config: Params) -> list[Params]:
    """All variants of a configuration, the shadow ones last."""
    return [*config["ProductionVariants"], *(config.get("ShadowProductionVariants") or [])]


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    params, variants = call.params, variants_of(call.params)
    context = isolation_context(params)
    types = list(dict.fromkeys(one["InstanceType"] for one in variants if one.get("InstanceType")))
    if types:
        context["sagemaker:InstanceTypes"] = types
    models = [
        hosted_arn(call.owner, call.region, "model", one["ModelName"]) for one in variants if one.get("ModelName")
    ]
    if models:
        context["sagemaker:ModelArn"] = models
    if serverless := [one["ServerlessConfig"] for one in variants if one.get("ServerlessConfig")]:
        context["sagemaker:ServerlessMaxConcurrency"] = str(max(one["MaxConcurrency"] for one in serverless))
        context["sagemaker:ServerlessMemorySize"] = str(max(one["MemorySizeInMB"] for one in serverless))
    yield from with_tags(call, need(org, call, "endpoint-config", params["EndpointConfigName"], context))
    if params.get("ExecutionRoleArn"):
        yield pass_role(params["ExecutionRoleArn"], PRINCIPAL)


@serves(
    "sagemaker", "CreateEndpointConfig", needs=_needs, fidelity="emulated", source=_MODEL + "CreateEndpointConfig",
    note="variants on instances, serverless, without a model (for inference components), one shadow variant, "
    "asynchronous output: kept and shown, nothing is invoked; data capture, volume keys, explainers, instance pools, "
    "partitions, enhanced metrics and cross-Region caps are refused; that a variant without a model needs the "
    "configuration's role is an assumption",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    _check_together(params)
    for variant in variants_of(params):
        _check(org, call, variant)
    record: Params = {
        "EndpointConfigName": params["EndpointConfigName"],
        "EndpointConfigArn": hosted_arn(call.owner, call.region, "endpoint-config", params["EndpointConfigName"]),
        "ProductionVariants": [_kept(one) for one in params["ProductionVariants"]],
        "CreationTime": now(org),
    }
    if params.get("ShadowProductionVariants"):
        record["ShadowProductionVariants"] = [_kept(one) for one in params["ShadowProductionVariants"]]
    record |= {member: copy.deepcopy(params[member]) for member in _KEPT if params.get(member) is not None}
    return {"EndpointConfigArn": add(org, call, "endpoint-config", record).arn}


def _kept(variant: Params) -> Params:
    return {"InitialVariantWeight": 1.0, **copy.deepcopy(variant)}


def _check_together(params: Params) -> None:
    names = [variant["VariantName"] for variant in variants_of(params)]
    if len(set(names)) != len(names):
        raise invalid(f"Variant names must be unique: {', '.join(names)}.")
    shadows = params.get("ShadowProductionVariants") or []
    if shadows and (len(shadows) > 1 or len(params["ProductionVariants"]) > 1):
        raise invalid(
            "With ShadowProductionVariants you can only specify one variant for ProductionVariants and one variant for "
            "ShadowProductionVariants."
        )
    without = [one["VariantName"] for one in variants_of(params) if not one.get("ModelName")]
    if without and not params.get("ExecutionRoleArn"):
        raise invalid(f"Variant {without[0]} names no model: ExecutionRoleArn is required for inference components.")


def _check(org: Organisation, call: Call, variant: Params) -> None:
    refuse_members("CreateEndpointConfig in a variant", variant, _VARIANT)
    on_instances = ("InstanceType", "InitialInstanceCount")
    name = variant["VariantName"]
    if variant.get("ServerlessConfig"):
        both = [member for member in on_instances if variant.get(member)]
        if both or not variant.get("ModelName"):
            raise invalid(
                f"Variant {name} is serverless: it takes a ModelName, and no {' or '.join(both or on_instances)}."
            )
    else:
        missing = [member for member in on_instances if not variant.get(member)]
        if missing:
            raise invalid(f"Variant {name} lacks {', '.join(missing)}.")
    if variant.get("ModelName"):
        find(org, call, "model", variant["ModelName"])


@serves("sagemaker", "DescribeEndpointConfig", needs=named("endpoint-config"), source=_MODEL + "DescribeEndpointConfig")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "endpoint-config", call.params["EndpointConfigName"]).record)


@serves("sagemaker", "ListEndpointConfigs", needs=anywhere, source=_MODEL + "ListEndpointConfigs")
def list_configs(org: Organisation, call: Call) -> Params:
    summary = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
    return listed(org, call, "endpoint-config", "EndpointConfigs", summary)


@serves(
    "sagemaker", "DeleteEndpointConfig", needs=named("endpoint-config"),
    source=_MODEL + "DeleteEndpointConfig: endpoints that were made with it go on",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    find(org, call, "endpoint-config", call.params["EndpointConfigName"])
    remove(org, call, "endpoint-config", call.params["EndpointConfigName"])
    return {}
