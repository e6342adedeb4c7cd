"""Models: what an endpoint serves, from an image and artifact or from an approved version of the registry."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import ApiError, Call, Caller, Need, Organisation, Params, pass_role, serves, takes

from .artifacts import artifact_urls, check_artifact
from .hosting import add, find, hosted_arn, hosting, listed, named, need, refuse_members, with_tags
from .names import package_ref
from .needs import Context, anywhere, package_needs
from .registry import find_package, invalid, now

_MODEL = "botocore sagemaker service-2: "
_SERVED = frozenset(
    {"ModelName", "PrimaryContainer", "Containers", "ExecutionRoleArn", "Tags", "VpcConfig", "EnableNetworkIsolation"}
)
_CONTAINER = frozenset({"ContainerHostname", "Image", "Mode", "ModelDataUrl", "Environment", "ModelPackageName"})
_PRINCIPAL = "sagemaker.amazonaws.com"
takes("sagemaker", "CreateModel", members=_SERVED)
READS = "SageMaker reads the model's artifact with the execution role"


def containers_of(record: Params) -> list[Params]:
    return record.get("Containers") or ([record["PrimaryContainer"]] if record.get("PrimaryContainer") else [])


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    params = call.params
    context: Context = {}
    if params.get("EnableNetworkIsolation") is not None:
        context["sagemaker:NetworkIsolation"] = str(params["EnableNetworkIsolation"]).lower()
    if params.get("VpcConfig"):
        context["sagemaker:VpcSubnets"] = list(params["VpcConfig"]["Subnets"])
        context["sagemaker:VpcSecurityGroupIds"] = list(params["VpcConfig"]["SecurityGroupIds"])
    yield from with_tags(call, need(org, call, "model", params["ModelName"], context))
    for container in containers_of(params):
        if container.get("ModelPackageName"):
            yield from package_needs(org, call, "sagemaker:CreateModel", container["ModelPackageName"], context)
    if params.get("ExecutionRoleArn"):
        yield pass_role(params["ExecutionRoleArn"], _PRINCIPAL)


@serves(
    "sagemaker", "CreateModel", needs=_needs, fidelity="emulated",
    source=_MODEL + "CreateModel (a version must be Approved); sagemaker-roles (PassRole; the role passed reads the "
    "artifact); model-registry-deploy (CreateModel on the shared version)",
    note="single-model containers by image and artifact or by version; the image is not pulled (no ECR); no network: "
    "subnets and security groups are judged and shown, not looked up; "
    "multi-model, inference pipelines' execution mode and compressed-free sources are refused",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    given = containers_of(params)
    if not given or (params.get("Containers") and params.get("PrimaryContainer")):
        raise invalid("Specify either PrimaryContainer or Containers.")
    for container in given:
        _check_container(org, call, container)
    if not params.get("ExecutionRoleArn"):
        raise invalid("ExecutionRoleArn is required to create a model.")
    reader = execution_role(org, call, params["ExecutionRoleArn"], params["ModelName"])
    check_artifacts(org, call, params, reader)
    record = {name: copy.deepcopy(value) for name, value in params.items() if name != "Tags"}
    record |= {
        "ModelArn": hosted_arn(call.owner, call.region, "model", params["ModelName"]),
        "CreationTime": now(org),
        "EnableNetworkIsolation": bool(params.get("EnableNetworkIsolation")),
    }
    return {"ModelArn": add(org, call, "model", record).arn}


def _check_container(org: Organisation, call: Call, container: Params) -> None:
    refuse_members("CreateModel in a container", container, _CONTAINER)
    package = container.get("ModelPackageName")
    if bool(package) == bool(container.get("Image")):
        raise invalid("Specify one of either Image and Model Data URL or ModelPackageName in container definition.")
    if container.get("Mode") == "MultiModel":
        refuse_members("CreateModel in a container", {"Mode MultiModel": True}, frozenset())
    if package:
        version = find_package(org, package_ref(package, call.owner, call.region))
        status = version.record["ModelApprovalStatus"]
        if status != "Approved":
            raise invalid(
                f"ModelPackage {version.ref.arn} is {status}: its ModelApprovalStatus must be Approved to deploy it."
            )


def execution_role(org: Organisation, call: Call, role: str, model: str) -> Caller:
    """The session that SageMaker takes of a role for a model; its trust must admit SageMaker."""
    if role.split(":")[4] != call.owner:
        raise invalid(f"The execution role {role} must be in the account of the model, {call.owner}.")
    try:
        _, caller = org.service_session(
            _PRINCIPAL, role, session_name="SageMaker", source_account=call.owner,
            source_arn=hosted_arn(call.owner, call.region, "model", model),
        )  # fmt: skip
    except ApiError as error:
        raise invalid(
            f'The execution role ARN "{role}" is invalid. Please ensure that the role exists and that its trust '
            f'relationship policy allows the action "sts:AssumeRole" for the service principal "{_PRINCIPAL}". '
            f"({error.message})"
        ) from error
    return caller


def check_artifacts(org: Organisation, call: Call, record: Params, reader: Caller) -> None:
    """Let SageMaker read every artifact of a model as `reader`. Raises ValidationException with the reason."""
    for container in containers_of(record):
        package = container.get("ModelPackageName")
        sources = [container]
        if package:
            version = find_package(org, package_ref(package, call.owner, call.region))
            sources = (version.record.get("InferenceSpecification") or {}).get("Containers") or []
        for source in sources:
            for url in artifact_urls(source):
                check_artifact(org, url, reader, call.region, READS)


@serves("sagemaker", "DescribeModel", needs=named("model"), source=_MODEL + "DescribeModel")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "model", call.params["ModelName"]).record)


@serves("sagemaker", "ListModels", needs=anywhere, source=_MODEL + "ListModels")
def list_models(org: Organisation, call: Call) -> Params:
    return listed(org, call, "model", "Models", ("ModelName", "ModelArn", "CreationTime"))


@serves(
    "sagemaker",
    "DeleteModel",
    needs=named("model"),
    source=_MODEL + "DeleteModel: the model object only; endpoints that serve it go on",
)
def delete(org: Organisation, call: Call) -> Params:
    find(org, call, "model", call.params["ModelName"])
    del hosting(org, call.owner, call.region).kinds["model"][call.params["ModelName"]]
    return {}
