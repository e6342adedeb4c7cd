"""Inference components: models on the variants of an endpoint, without a place in its configuration.

Each runs a model, an image with an artifact of no model at all, or an adapter of another component. Source: botocore
sagemaker service-2: CreateInferenceComponent, InferenceComponentSpecification. No event of them is documented, so none
is sent; CloudTrail records the calls.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, serves, takes

from .artifacts import check_artifact
from .containers import READS, deployed_image, execution_role, load
from .fleets import fleet
from .hosting import Hosted, add, find, hosted_arn, hosting, listed, named, need, refuse_members, remove, with_tags
from .needs import Context, anywhere
from .registry import invalid, now
from .transitions import later, move

_MODEL = "botocore sagemaker service-2: "
_SPECIFICATION = frozenset(
    {
        "InstanceType", "ModelName", "Container", "StartupParameters", "ComputeResourceRequirements",
        "BaseInferenceComponentName", "DataCacheConfig", "SchedulingConfig",
    }
)  # fmt: skip
_CONTAINER = frozenset({"Image", "ArtifactUrl", "Environment"})
_SUMMARY = (
    "CreationTime", "InferenceComponentArn", "InferenceComponentName", "EndpointArn", "EndpointName", "VariantName",
    "InferenceComponentStatus", "LastModifiedTime",
)  # fmt: skip
takes(
    "sagemaker", "UpdateInferenceComponent",
    members=("InferenceComponentName", "Specification", "Specifications", "RuntimeConfig"),
)  # fmt: skip


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    """Both resource types are required: the endpoint and the component (Service Authorization Reference)."""
    names = [one["ModelName"] for one in _specifications(call.params) if one.get("ModelName")]
    arns = [hosted_arn(call.owner, call.region, "model", name) for name in names]
    context: Context = {"sagemaker:ModelArn": arns} if arns else {}
    yield need(org, call, "endpoint", call.params["EndpointName"], context)
    name = call.params["InferenceComponentName"]
    yield from with_tags(call, need(org, call, "inference-component", name, context))


def _specifications(params: Params) -> list[Params]:
    """One specification, or one per instance type."""
    if params.get("Specification") and params.get("Specifications"):
        raise invalid("Specify either Specification or Specifications.")
    return params.get("Specifications") or ([params["Specification"]] if params.get("Specification") else [])


@serves(
    "sagemaker", "CreateInferenceComponent", needs=_needs, fidelity="emulated",
    source=_MODEL + "CreateInferenceComponent, InferenceComponentSpecification",
    note="in service after 1 s of the clock if the role may read the artifact (the model's, else the endpoint "
    "configuration's), else Failed; copies aren't placed on instances; metrics endpoints and image caches are refused; "
    "that only endpoints in service take components is an assumption",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    endpoint = find(org, call, "endpoint", params["EndpointName"])
    if endpoint.record["EndpointStatus"] != "InService":
        raise invalid(f'Endpoint "{endpoint.arn}" is {endpoint.record["EndpointStatus"]}: it must be InService.')
    specifications = _specifications(params)
    if not specifications:
        raise invalid("Specify either Specification or Specifications.")
    base = _base(org, call, specifications)
    variant = _variant(endpoint, params, base)
    for specification in specifications:
        _check(org, call, specification)
    time = now(org)
    record: Params = {
        "InferenceComponentName": params["InferenceComponentName"],
        "InferenceComponentArn": hosted_arn(
            call.owner, call.region, "inference-component", params["InferenceComponentName"]
        ),
        "EndpointName": endpoint.record["EndpointName"],
        "EndpointArn": endpoint.arn,
        "VariantName": variant,
        "InferenceComponentStatus": "Creating",
        "CreationTime": time,
        "LastModifiedTime": time,
    }
    if base is None:
        record["RuntimeConfig"] = {"DesiredCopyCount": _copies(params), "CurrentCopyCount": 0}
    _show(record, params, {})
    component = add(org, call, "inference-component", record)
    _deploy(org, call, component, {member: params.get(member) for member in ("Specification", "Specifications")})
    return {"InferenceComponentArn": component.arn}


def _copies(params: Params) -> int:
    if not params.get("RuntimeConfig"):
        raise invalid("RuntimeConfig is required, unless the component is an adapter of another.")
    return int(params["RuntimeConfig"]["CopyCount"])


def _base(org: Organisation, call: Call, specifications: list[Params]) -> Hosted | None:
    """The component that an adapter is loaded by, None for a component of its own."""
    names = {one.get("BaseInferenceComponentName") for one in specifications}
    name = names.pop() if len(names) == 1 else None
    if names:
        raise invalid("All specifications of an adapter must name the same BaseInferenceComponentName.")
    return find(org, call, "inference-component", name) if name else None


def _variant(endpoint: Hosted, params: Params, base: Hosted | None) -> str:
    """The variant that hosts the component; an adapter's is its base's."""
    if base is not None:
        if base.record["EndpointName"] != endpoint.record["EndpointName"]:
            raise invalid(f'Base inference component "{base.arn}" is not on endpoint "{endpoint.arn}".')
        return str(base.record["VariantName"])
    name = params.get("VariantName")
    known = [one["VariantName"] for one in endpoint.record.get("ProductionVariants") or []]
    if name not in known:
        raise invalid(f'VariantName {name!r} must be a variant of endpoint "{endpoint.arn}": {", ".join(known)}.')
    return str(name)


def _check(org: Organisation, call: Call, specification: Params) -> None:
    refuse_members(f"{call.operation} in a specification", specification, _SPECIFICATION)
    container = specification.get("Container") or {}
    refuse_members(f"{call.operation} in a container", container, _CONTAINER)
    if specification.get("BaseInferenceComponentName"):
        if not container.get("ArtifactUrl") or specification.get("ModelName"):
            raise invalid("An adapter inference component takes a Container with ArtifactUrl, and no ModelName.")
        return
    if bool(specification.get("ModelName")) == bool(container):
        raise invalid("Specify either ModelName or Container.")
    if container and not container.get("Image"):
        raise invalid("The Container of an inference component needs an Image.")
    if not specification.get("ComputeResourceRequirements"):
        raise invalid("ComputeResourceRequirements is required, unless the component is an adapter of another.")
    if specification.get("ModelName"):
        find(org, call, "model", specification["ModelName"])


def _deploy(org: Organisation, call: Call, component: Hosted, asked: Params) -> None:
    """End a creation or update when its time has come."""
    asked = copy.deepcopy(asked)
    first = component.record["InferenceComponentStatus"] == "Creating"

    def settle() -> None:
        record = component.record
        images: dict[int, Params] = {}
        failure = None
        try:
            for number, specification in enumerate(_specifications(asked)):
                images[number] = _load(org, call, record, specification)
        except ApiError as error:
            failure = error.message
        record.pop("FailureReason", None)
        if failure is None:
            if _specifications(asked):
                _show(record, asked, images)
            if "RuntimeConfig" in record:
                record["RuntimeConfig"]["CurrentCopyCount"] = record["RuntimeConfig"]["DesiredCopyCount"]
        else:
            record["FailureReason"] = failure
        move(org, "inference-component", component, "Failed" if failure and first else "InService")

    later(org, component, settle)


def _load(org: Organisation, call: Call, record: Params, specification: Params) -> Params:
    """What an instance does with one specification; returns its DeployedImage, empty where a model has its own."""
    if specification.get("ModelName"):
        load(org, call, find(org, call, "model", specification["ModelName"]).record)
        return {}
    container = specification["Container"]
    if container.get("ArtifactUrl"):
        config = fleet(org, call.owner, call.region, record["EndpointName"]).config or {}
        role = config.get("ExecutionRoleArn")
        if not role:
            raise invalid(f'The configuration of endpoint "{record["EndpointArn"]}" has no ExecutionRoleArn.')
        reader = execution_role(org, call, role, "endpoint", record["EndpointName"])
        check_artifact(org, container["ArtifactUrl"], reader, call.region, READS)
    return deployed_image(org, container["Image"]) if container.get("Image") else {}


def _show(record: Params, asked: Params, images: dict[int, Params]) -> None:
    """Put into the record what Describe shows of the specifications: the container's image as it is deployed."""
    shown = [_summary(one, images.get(number, {})) for number, one in enumerate(_specifications(asked))]
    for member in ("Specification", "Specifications"):
        record.pop(member, None)
    if asked.get("Specifications"):
        record["Specifications"] = shown
    else:
        record["Specification"] = shown[0]


def _summary(specification: Params, image: Params) -> Params:
    summary = copy.deepcopy(specification)
    container = summary.get("Container")
    if container:
        specified = container.pop("Image", None)
        if specified:
            container["DeployedImage"] = image or {"SpecifiedImage": specified}
    return summary


def _settled(org: Organisation, call: Call) -> Hosted:
    component = find(org, call, "inference-component", call.params["InferenceComponentName"])
    if component.record["InferenceComponentStatus"] in ("Creating", "Updating", "Deleting"):
        raise invalid(f'Cannot update in-progress inference component "{component.arn}".')
    return component


@serves(
    "sagemaker", "UpdateInferenceComponent", needs=named("inference-component"), fidelity="emulated",
    source=_MODEL + "UpdateInferenceComponent",
    note="at once, after 1 s of the clock; what can't be read leaves the former specification in service, with the "
    "reason, as an assumption; rolling deployments are refused",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    params = call.params
    component = _settled(org, call)
    specifications = _specifications(params)
    adapter = "RuntimeConfig" not in component.record
    base = _base(org, call, specifications)
    if specifications and adapter != (base is not None):
        raise invalid(f'Inference component "{component.arn}" can\'t become{"" if base else " no"} adapter of another.')
    for specification in specifications:
        _check(org, call, specification)
    if params.get("RuntimeConfig"):
        _set_copies(component, params["RuntimeConfig"]["CopyCount"])
    move(org, "inference-component", component, "Updating")
    _deploy(org, call, component, {member: params.get(member) for member in ("Specification", "Specifications")})
    return {"InferenceComponentArn": component.arn}


def _set_copies(component: Hosted, copies: int) -> None:
    if "RuntimeConfig" not in component.record:
        raise invalid(f'Inference component "{component.arn}" is an adapter: it has the copies of its base.')
    component.record["RuntimeConfig"]["DesiredCopyCount"] = copies


@serves(
    "sagemaker", "UpdateInferenceComponentRuntimeConfig", needs=named("inference-component"), fidelity="emulated",
    source=_MODEL + "UpdateInferenceComponentRuntimeConfig", note="done after 1 s of the clock",
)  # fmt: skip
def update_copies(org: Organisation, call: Call) -> Params:
    component = _settled(org, call)
    _set_copies(component, call.params["DesiredRuntimeConfig"]["CopyCount"])
    move(org, "inference-component", component, "Updating")
    _deploy(org, call, component, {})
    return {"InferenceComponentArn": component.arn}


@serves(
    "sagemaker", "DeleteInferenceComponent", needs=named("inference-component"), fidelity="emulated",
    source=_MODEL + "DeleteInferenceComponent; aws/amazon-sagemaker-examples#3432 (not while it is being created)",
    note="gone after 1 s of the clock; that a component with adapters can't be deleted is an assumption",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    component = _settled(org, call)
    name = component.record["InferenceComponentName"]
    for other in hosting(org, call.owner, call.region).kinds["inference-component"].values():
        if name in [one.get("BaseInferenceComponentName") for one in _specifications(other.record)]:
            raise invalid(f'Inference component "{component.arn}" has adapters: delete "{other.arn}" first.')
    move(org, "inference-component", component, "Deleting")
    later(org, component, lambda: remove(org, call, "inference-component", name))
    return {}


@serves(
    "sagemaker", "DescribeInferenceComponent", needs=named("inference-component"),
    source=_MODEL + "DescribeInferenceComponent",
)  # fmt: skip
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "inference-component", call.params["InferenceComponentName"]).record)


@serves("sagemaker", "ListInferenceComponents", needs=anywhere, source=_MODEL + "ListInferenceComponents")
def list_components(org: Organisation, call: Call) -> Params:
    return listed(org, call, "inference-component", "InferenceComponents", _SUMMARY)
