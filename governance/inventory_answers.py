"""SageMaker's answers of Describe… reduced to the frozen values of :mod:`governance.inventory`.

This is the border where the environment of models is dropped: members are taken by name, and `Environment` is none of
them, so that no value of it can reach a row, a log line or an error. Shapes: botocore's sagemaker model,
Describe…Output of Endpoint, EndpointConfig, Model, InferenceComponent, TransformJob and ModelPackage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from governance.canonical import Json
from governance.inventory import (
    Component,
    Config,
    Container,
    DeployedImage,
    Endpoint,
    Model,
    Package,
    Pending,
    Specification,
    TransformJob,
    Variant,
    digest_of_image,
)

Answer: TypeAlias = Mapping[str, Json]

_TAKES_TRAFFIC = frozenset({"ActivatingTraffic", "Baking"})
"""VariantStatus of a pending variant that answers requests already (ProductionVariantStatus.Status)."""


def endpoint(answer: Answer) -> Endpoint:
    """Reduce an answer of DescribeEndpoint."""
    shown = [*(answer.get("ProductionVariants") or ()), *(answer.get("ShadowProductionVariants") or ())]
    return Endpoint(
        arn=answer["EndpointArn"].lower(),
        name=answer["EndpointName"],
        status=upper_snake(answer["EndpointStatus"]),
        created=answer["CreationTime"],
        modified=answer["LastModifiedTime"],
        config=answer.get("EndpointConfigName"),
        images=tuple((one["VariantName"], _images(one)) for one in shown),
        pending=_pending(answer.get("PendingDeploymentSummary")),
    )


def _pending(summary: Answer | None) -> Pending | None:
    if not summary:
        return None
    shown = [*(summary.get("ProductionVariants") or ()), *(summary.get("ShadowProductionVariants") or ())]
    statuses = {status["Status"] for one in shown for status in one.get("VariantStatus") or ()}
    return Pending(
        config=summary["EndpointConfigName"],
        live=bool(statuses & _TAKES_TRAFFIC),
        started=summary.get("StartTime"),
    )


def _images(variant: Answer) -> tuple[DeployedImage, ...]:
    return tuple(_image(one) for one in variant.get("DeployedImages") or ())


def _image(deployed: Answer) -> DeployedImage:
    return DeployedImage(deployed.get("SpecifiedImage"), deployed.get("ResolvedImage"))


def config(answer: Answer) -> Config:
    """Reduce an answer of DescribeEndpointConfig."""
    variants = [
        *(_variant(one, shadow=False) for one in answer["ProductionVariants"]),
        *(_variant(one, shadow=True) for one in answer.get("ShadowProductionVariants") or ()),
    ]
    return Config(
        name=answer["EndpointConfigName"],
        created=answer["CreationTime"],
        variants=tuple(variants),
        asynchronous=bool(answer.get("AsyncInferenceConfig")),
    )


def _variant(answer: Answer, *, shadow: bool) -> Variant:
    pools = answer.get("InstancePools") or ()
    named = (answer.get("ModelName"), *(pool.get("ModelNameOverride") for pool in pools))
    return Variant(
        name=answer["VariantName"],
        models=tuple(dict.fromkeys(name for name in named if name)),
        shadow=shadow,
        serverless=bool(answer.get("ServerlessConfig")),
    )


def model(answer: Answer) -> Model:
    """Reduce an answer of DescribeModel: `PrimaryContainer` or `Containers`, without their environment."""
    primary = answer.get("PrimaryContainer")
    given = [*([primary] if primary else []), *(answer.get("Containers") or ())]
    return Model(name=answer["ModelName"], created=answer["CreationTime"], containers=_containers(given))


def _containers(answers: Iterable[Answer]) -> tuple[Container, ...]:
    return tuple(_container(one) for one in answers)


def _container(answer: Answer) -> Container:
    source = (answer.get("ModelDataSource") or {}).get("S3DataSource") or {}
    further = [one.get("S3DataSource") or {} for one in answer.get("AdditionalModelDataSources") or ()]
    extra = [*further, answer.get("AdditionalS3DataSource") or {}]
    return Container(
        image=answer.get("Image"),
        digest=answer.get("ImageDigest") or digest_of_image(answer.get("Image")),
        url=answer.get("ModelDataUrl") or source.get("S3Uri"),
        etag=answer.get("ModelDataETag") or source.get("ETag"),
        package=answer.get("ModelPackageName"),
        specification=answer.get("InferenceSpecificationName"),
        extra=tuple(one["S3Uri"] for one in extra if one.get("S3Uri")),
        multi_model=answer.get("Mode") == "MultiModel",
        hub_content=(source.get("HubAccessConfig") or {}).get("HubContentArn"),
    )


def component(answer: Answer) -> Component:
    """Reduce an answer of DescribeInferenceComponent: one specification, or one for each instance type."""
    one = answer.get("Specification")
    given = [*([one] if one else []), *(answer.get("Specifications") or ())]
    return Component(
        name=answer["InferenceComponentName"],
        variant=answer.get("VariantName"),
        status=answer.get("InferenceComponentStatus"),
        created=answer["CreationTime"],
        modified=answer["LastModifiedTime"],
        copies=(answer.get("RuntimeConfig") or {}).get("CurrentCopyCount"),
        specifications=tuple(_specification(one) for one in given),
    )


def _specification(answer: Answer) -> Specification:
    container = answer.get("Container") or {}
    deployed = container.get("DeployedImage")
    return Specification(
        model=answer.get("ModelName"),
        url=container.get("ArtifactUrl"),
        image=_image(deployed) if deployed else None,
        base=answer.get("BaseInferenceComponentName"),
        instance_type=answer.get("InstanceType"),
    )


def transform_job(answer: Answer) -> TransformJob:
    """Reduce an answer of DescribeTransformJob, without its environment."""
    return TransformJob(
        name=answer["TransformJobName"],
        arn=answer["TransformJobArn"],
        status=answer["TransformJobStatus"],
        created=answer["CreationTime"],
        model=answer["ModelName"],
    )


def package(answer: Answer) -> Package:
    """Reduce an answer of DescribeModelPackage (`IncludedData=MetadataOnly` tells all of it)."""
    main = answer.get("InferenceSpecification") or {}
    further = answer.get("AdditionalInferenceSpecifications") or ()
    return Package(
        arn=answer["ModelPackageArn"],
        containers=_containers(main.get("Containers") or ()),
        additional=tuple((one["Name"], _containers(one.get("Containers") or ())) for one in further),
    )


def upper_snake(status: str) -> str:
    """`InService` as endpoint events spell it: `IN_SERVICE`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()
