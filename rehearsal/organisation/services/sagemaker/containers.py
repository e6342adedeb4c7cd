"""Containers of models and inference components: where their image and artifact come from, and who may read them.

Sources: botocore sagemaker service-2: ContainerDefinition, DeployedImage; developer guide, sagemaker-roles (the
execution role reads), model-registry-deploy (a version must be approved when a model is made of it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rehearsal.organisation.core import ApiError, Call, Caller, NotEmulated, Organisation, Params

from .artifacts import artifact_urls, check_artifact, read_artifact
from .hosting import Kind, hosted_arn, refuse_members
from .images import resolved
from .names import package_ref
from .pulling import pull
from .registry import Package, find_package, invalid, now

PRINCIPAL = "sagemaker.amazonaws.com"
READS = "SageMaker reads the model's artifact with the execution role"
_SERVED = frozenset(
    {
        "ContainerHostname", "Image", "Mode", "ModelDataUrl", "ModelDataSource", "Environment", "ModelPackageName",
        "InferenceSpecificationName",
    }
)  # fmt: skip


def containers_of(record: Params) -> list[Params]:
    return record.get("Containers") or ([record["PrimaryContainer"]] if record.get("PrimaryContainer") else [])


def check_container(org: Organisation, call: Call, container: Params) -> None:
    """Refuse what CreateModel refuses in a container, and by name what can't be emulated."""
    refuse_members("CreateModel in a container", container, _SERVED)
    package = container.get("ModelPackageName")
    if bool(package) == bool(container.get("Image")):
        raise invalid("Specify one of either Image and Model Data URL or ModelPackageName in container definition.")
    if container.get("Mode") == "MultiModel":
        raise NotEmulated("sagemaker:CreateModel in a container with Mode MultiModel")
    _check_source(container)
    if package:
        version = find_package(org, package_ref(package, call.owner, call.region))
        status = version.record["ModelApprovalStatus"]
        if status != "Approved":
            raise invalid(
                f"ModelPackage {version.ref.arn} is {status}: its ModelApprovalStatus must be Approved to deploy it."
            )
        _definitions(version, container)
    elif container.get("InferenceSpecificationName"):
        raise invalid("InferenceSpecificationName is given without ModelPackageName.")


def _check_source(container: Params) -> None:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if source is None:
        return
    if container.get("ModelDataUrl"):
        raise invalid("Specify either ModelDataUrl or ModelDataSource in container definition.")
    refuse_members("CreateModel in ModelDataSource", source, frozenset({"S3Uri", "S3DataType", "CompressionType"}))
    if source["S3DataType"] != "S3Object":
        raise NotEmulated(f"sagemaker:CreateModel in ModelDataSource with S3DataType {source['S3DataType']}")


def _definitions(version: Package, container: Params) -> list[Params]:
    """The containers of the specification of a version that a container names."""
    name = container.get("InferenceSpecificationName")
    specification = version.record.get("InferenceSpecification") or {}
    if name:
        more = version.record.get("AdditionalInferenceSpecifications") or []
        found = next((one for one in more if one["Name"] == name), None)
        if found is None:
            raise invalid(f"ModelPackage {version.ref.arn} has no additional inference specification {name!r}.")
        specification = found
    containers: list[Params] = specification.get("Containers") or []
    return containers


def _sources(org: Organisation, call: Call, record: Params) -> Iterator[Params]:
    """Each container definition of a model, those of its versions in their place."""
    for container in containers_of(record):
        if container.get("ModelPackageName"):
            version = find_package(org, package_ref(container["ModelPackageName"], call.owner, call.region))
            yield from _definitions(version, container)
        else:
            yield container


def execution_role(org: Organisation, call: Call, role: str, kind: Kind, name: str) -> Caller:
    """The session that SageMaker takes of a role for a model or endpoint; its trust must admit SageMaker."""
    if role.split(":")[4] != call.owner:
        raise invalid(f"The execution role {role} must be in the account of the {kind}, {call.owner}.")
    try:
        _, caller = org.service_session(
            PRINCIPAL, role, session_name="SageMaker", source_account=call.owner,
            source_arn=hosted_arn(call.owner, call.region, kind, name),
        )  # fmt: skip
    except ApiError as error:
        raise invalid(
            f'The execution role ARN "{role}" is invalid. Please ensure that the role exists and that its trust '
            f'relationship policy allows the action "sts:AssumeRole" for the service principal "{PRINCIPAL}". '
            f"({error.message})"
        ) from error
    return caller


def check_artifacts(org: Organisation, call: Call, record: Params, reader: Caller) -> None:
    """Let SageMaker read every artifact of a model as `reader`. Raises ValidationException with the reason."""
    for source in _sources(org, call, record):
        for url in artifact_urls(source):
            check_artifact(org, url, reader, call.region, READS)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A container as an instance runs it: its image, and the artifact as it was read (None: it has none)."""

    image: str | None
    deployed: Params
    artifact: bytes | None
    environment: Mapping[str, str]


def load(org: Organisation, call: Call, record: Params) -> list[Loaded]:
    """What instances do with a model: take its role, read its artifacts, resolve its images (DeployedImages).

    Raises ApiError where the role can't be taken, a version is gone, or an artifact can't be read.
    """
    reader = execution_role(org, call, record["ExecutionRoleArn"], "model", record["ModelName"])
    found = []
    for source in _sources(org, call, record):
        read = [read_artifact(org, url, reader, call.region, READS).body for url in artifact_urls(source)]
        image = source.get("Image")
        if image:
            pull(org, image, reader, call.region)
        found.append(
            Loaded(
                image,
                deployed_image(org, image) if image else {},
                read[0] if read else None,
                dict(source.get("Environment") or {}),
            )
        )
    return found


def deployed_image(org: Organisation, image: str) -> Params:
    return {"SpecifiedImage": image, "ResolvedImage": resolved(org, image), "ResolutionTime": now(org)}
