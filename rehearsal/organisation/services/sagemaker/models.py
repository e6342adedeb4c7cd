"""Models: what an endpoint serves, from an image and artifact or from an approved version of the registry."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, pass_role, serves, takes

from .containers import PRINCIPAL, check_artifacts, check_container, containers_of, execution_role
from .hosting import add, find, hosted_arn, listed, named, need, remove, with_tags
from .model_events import emit_changed
from .needs import Context, anywhere, package_needs
from .registry import invalid, now

_MODEL = "botocore sagemaker service-2: "
_SERVED = frozenset(
    {
        "ModelName", "PrimaryContainer", "Containers", "InferenceExecutionConfig", "ExecutionRoleArn", "Tags",
        "VpcConfig", "EnableNetworkIsolation",
    }
)  # fmt: skip
takes("sagemaker", "CreateModel", members=_SERVED)


def isolation_context(params: Params) -> Context:
    """The condition keys of network isolation and VPC settings, where the request carries them."""
    context: Context = {}
    if params.get("EnableNetworkIsolation") is not None:
        context["sagemaker:NetworkIsolation"] = str(params["EnableNetworkIsolation"]).lower()
    if params.get("VpcConfig"):
        context["sagemaker:VpcSubnets"] = list(params["VpcConfig"]["Subnets"])
        context["sagemaker:VpcSecurityGroupIds"] = list(params["VpcConfig"]["SecurityGroupIds"])
    return context


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    params = call.params
    context = isolation_context(params)
    yield from with_tags(call, need(org, call, "model", params["ModelName"], context))
    for container in containers_of(params):
        if container.get("ModelPackageName"):
            yield from package_needs(org, call, "sagemaker:CreateModel", container["ModelPackageName"], context)
    if params.get("ExecutionRoleArn"):
        yield pass_role(params["ExecutionRoleArn"], PRINCIPAL)


@serves(
    "sagemaker", "CreateModel", needs=_needs, fidelity="emulated",
    source=_MODEL + "CreateModel (a version must be Approved); sagemaker-roles (PassRole; the role passed reads the "
    "artifact); model-registry-deploy (CreateModel on the shared version)",
    note="containers by image and artifact (one object) or by version; the image is not pulled (no ECR); no network: "
    "subnets and security groups are judged and shown, not looked up; multi-model containers, prefixes of objects, "
    "additional sources, private registries and metrics endpoints are refused",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    given = containers_of(params)
    if not given or (params.get("Containers") and params.get("PrimaryContainer")):
        raise invalid("Specify either PrimaryContainer or Containers.")
    if params.get("InferenceExecutionConfig") and not params.get("Containers"):
        raise invalid("InferenceExecutionConfig is for models of several Containers.")
    for container in given:
        check_container(org, call, container)
    if not params.get("ExecutionRoleArn"):
        raise invalid("ExecutionRoleArn is required to create a model.")
    reader = execution_role(org, call, params["ExecutionRoleArn"], "model", params["ModelName"])
    check_artifacts(org, call, params, reader)
    record = {name: copy.deepcopy(value) for name, value in params.items() if name != "Tags"}
    record |= {
        "ModelArn": hosted_arn(call.owner, call.region, "model", params["ModelName"]),
        "CreationTime": now(org),
        "EnableNetworkIsolation": bool(params.get("EnableNetworkIsolation")),
    }
    added = add(org, call, "model", record)
    emit_changed(org, call, added)
    return {"ModelArn": added.arn}


@serves("sagemaker", "DescribeModel", needs=named("model"), source=_MODEL + "DescribeModel")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "model", call.params["ModelName"]).record)


@serves("sagemaker", "ListModels", needs=anywhere, source=_MODEL + "ListModels")
def list_models(org: Organisation, call: Call) -> Params:
    return listed(org, call, "model", "Models", ("ModelName", "ModelArn", "CreationTime"))


@serves(
    "sagemaker", "DeleteModel", needs=named("model"),
    source=_MODEL + "DeleteModel: the model object only; endpoints that serve it go on",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    found = find(org, call, "model", call.params["ModelName"])
    remove(org, call, "model", call.params["ModelName"])
    emit_changed(org, call, found)
    return {}
