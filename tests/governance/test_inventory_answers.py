"""Answers of SageMaker reduced to what is judged; and the border that no environment passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import inventory_answers as answers
from governance.inventory import DeployedImage, Pending, digest_of_image
from tests.governance.hosted import DIGEST, IMAGE, RESOLVED, url_of
from tests.governance.samples import arn_of, moment

SECRET = "hunter2-the-password"
ENVIRONMENT = {"DB_PASSWORD": SECRET, SECRET: "x"}

ENDPOINT = {
    "EndpointName": "Credit-Risk",
    "EndpointArn": "arn:aws:sagemaker:eu-west-1:333333333333:endpoint/Credit-Risk",
    "EndpointConfigName": "one",
    "ProductionVariants": [
        {"VariantName": "A", "DeployedImages": [{"SpecifiedImage": IMAGE, "ResolvedImage": RESOLVED}]}
    ],
    "ShadowProductionVariants": [{"VariantName": "S"}],
    "EndpointStatus": "SystemUpdating",
    "CreationTime": moment(1),
    "LastModifiedTime": moment(2),
    "PendingDeploymentSummary": {
        "EndpointConfigName": "two",
        "StartTime": moment(2),
        "ProductionVariants": [{"VariantName": "A", "VariantStatus": [{"Status": "Creating"}]}],
        "ShadowProductionVariants": [{"VariantName": "S", "VariantStatus": [{"Status": "Baking"}]}],
    },
}
CONFIG = {
    "EndpointConfigName": "one",
    "EndpointConfigArn": "arn:aws:sagemaker:eu-west-1:333333333333:endpoint-config/one",
    "CreationTime": moment(1),
    "ProductionVariants": [
        {
            "VariantName": "A",
            "ModelName": "m",
            "InstancePools": [
                {"InstanceType": "ml.g5.xlarge", "Priority": 1},
                {"InstanceType": "ml.g4dn.xlarge", "ModelNameOverride": "m-small", "Priority": 2},
                {"InstanceType": "ml.m5.xlarge", "ModelNameOverride": "m", "Priority": 3},
            ],
        },
        {"VariantName": "B", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}},
    ],
    "ShadowProductionVariants": [{"VariantName": "S", "ModelName": "shadow"}],
    "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out"}},
}
SOURCE = {"S3Uri": "s3://b/prefix/", "S3DataType": "S3Prefix", "CompressionType": "None", "ETag": "tag"}
MODEL = {
    "ModelName": "m",
    "ModelArn": "arn:aws:sagemaker:eu-west-1:333333333333:model/m",
    "CreationTime": moment(1),
    "PrimaryContainer": {"ModelPackageName": arn_of(), "Environment": ENVIRONMENT, "InferenceSpecificationName": "gpu"},
    "Containers": [
        {
            "Image": RESOLVED,
            "Mode": "MultiModel",
            "ModelDataSource": {"S3DataSource": SOURCE | {"HubAccessConfig": {"HubContentArn": "arn:aws:hub"}}},
            "AdditionalModelDataSources": [
                {"ChannelName": "draft", "S3DataSource": {"S3Uri": "s3://b/draft"} | SOURCE}
            ],
            "Environment": ENVIRONMENT,
        }
    ],
    "DeploymentRecommendation": {
        "RecommendationStatus": "COMPLETED",
        "RealTimeInferenceRecommendations": [
            {"RecommendationId": "r", "InstanceType": "ml.m5.large", "Environment": ENVIRONMENT}
        ],
    },
}
COMPONENT = {
    "InferenceComponentName": "c",
    "InferenceComponentArn": "arn:aws:sagemaker:eu-west-1:333333333333:inference-component/c",
    "EndpointName": "Credit-Risk",
    "EndpointArn": ENDPOINT["EndpointArn"],
    "VariantName": "A",
    "CreationTime": moment(1),
    "LastModifiedTime": moment(2),
    "InferenceComponentStatus": "InService",
    "RuntimeConfig": {"DesiredCopyCount": 2, "CurrentCopyCount": 1},
    "Specification": {
        "BaseInferenceComponentName": "base",
        "Container": {
            "ArtifactUrl": url_of(1),
            "DeployedImage": {"SpecifiedImage": IMAGE, "ResolvedImage": RESOLVED},
            "Environment": ENVIRONMENT,
        },
    },
    "Specifications": [{"ModelName": "m", "InstanceType": "ml.g5.xlarge"}],
}
JOB = {
    "TransformJobName": "nightly",
    "TransformJobArn": "arn:aws:sagemaker:eu-west-1:333333333333:transform-job/nightly",
    "TransformJobStatus": "InProgress",
    "ModelName": "m",
    "Environment": ENVIRONMENT,
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in"}}},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "CreationTime": moment(1),
}
PACKAGE = {
    "ModelPackageName": "x",
    "ModelPackageArn": arn_of(),
    "CreationTime": moment(1),
    "ModelPackageStatus": "Completed",
    "ModelPackageStatusDetails": {"ValidationStatuses": []},
    "InferenceSpecification": {
        "Containers": [
            {
                "Image": IMAGE, "ImageDigest": DIGEST, "ModelDataUrl": url_of(1), "ModelDataETag": "tag",
                "Environment": ENVIRONMENT,
                "AdditionalS3DataSource": {"S3DataType": "S3Object", "S3Uri": "s3://b/weights"},
            }
        ]
    },
    "AdditionalInferenceSpecifications": [
        {"Name": "gpu", "Containers": [{"Image": "gpu:1", "Environment": ENVIRONMENT}]}
    ],
}  # fmt: skip

SHAPES = {
    "DescribeEndpoint": (ENDPOINT, answers.endpoint),
    "DescribeEndpointConfig": (CONFIG, answers.config),
    "DescribeModel": (MODEL, answers.model),
    "DescribeInferenceComponent": (COMPONENT, answers.component),
    "DescribeTransformJob": (JOB, answers.transform_job),
    "DescribeModelPackage": (PACKAGE, answers.package),
}


@pytest.mark.parametrize("operation", SHAPES)
def test_the_samples_are_of_the_services_shape(operation: str) -> None:
    """Guards: a member that SageMaker doesn't have, read for ever in vain."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    answer, _ = SHAPES[operation]
    assert list(_unknown(model.operation_model(operation).output_shape, answer, operation)) == []


def _unknown(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from _unknown(shape.members[name], inner, f"{path}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            yield from _unknown(shape.member, inner, f"{path}[]")


@pytest.mark.parametrize("operation", SHAPES)
def test_no_value_of_an_environment_passes(operation: str) -> None:
    """Guards: a password in a model's environment, stored in a governance table for ever."""
    answer, reduce = SHAPES[operation]
    assert SECRET not in repr(reduce(answer))


@pytest.mark.parametrize("operation", SHAPES)
@given(data=st.data())
def test_a_broken_answer_fails_without_showing_an_environment(operation: str, data: st.DataObject) -> None:
    """Guards: an error text that quotes what it couldn't read."""
    answer, reduce = SHAPES[operation]
    broken = json.loads(json.dumps(answer, default=str))
    parent, key = data.draw(st.sampled_from(list(_places(broken))))
    parent[key] = data.draw(st.sampled_from([None, 7, "x", [], {}, [None]]))
    try:
        reduced = repr(reduce(broken))
    except Exception as problem:  # noqa: BLE001 - whatever it is, its text may not hold the secret
        reduced = f"{problem!r} {problem}"
    assert SECRET not in reduced


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in list(inner):
        yield value, key
        yield from _places(child)


def test_an_endpoint_is_reduced_as_its_events_write_it() -> None:
    """Guards: one endpoint under two keys; an update in flight taken for what serves."""
    reduced = answers.endpoint(ENDPOINT)
    assert reduced.arn == "arn:aws:sagemaker:eu-west-1:333333333333:endpoint/credit-risk"
    assert (reduced.account, reduced.region, reduced.status) == ("333333333333", "eu-west-1", "SYSTEM_UPDATING")
    assert reduced.images_of("A") == (DeployedImage(IMAGE, RESOLVED),)
    assert reduced.images_of("S") == reduced.images_of("none") == ()
    assert reduced.pending == Pending(config="two", live=True, started=moment(2))


def test_a_pending_deployment_is_live_once_it_takes_traffic() -> None:
    """Guards: a canary that answers requests, looked past."""
    variants = [{"VariantName": "A", "VariantStatus": [{"Status": "Creating"}]}]
    waiting = {"EndpointConfigName": "two", "ProductionVariants": variants}
    reduced = answers.endpoint(ENDPOINT | {"PendingDeploymentSummary": waiting})
    assert reduced.pending == Pending(config="two", live=False)


def test_a_configuration_shows_shadows_pools_and_modes() -> None:
    """Guards: models of shadow variants and of instance pools, which the variant's own name doesn't show."""
    reduced = answers.config(CONFIG)
    assert [(v.name, v.models, v.shadow, v.serverless) for v in reduced.variants] == [
        ("A", ("m", "m-small"), False, False),
        ("B", (), False, True),
        ("S", ("shadow",), True, False),
    ]
    assert reduced.asynchronous


def test_a_model_shows_all_containers_and_artifacts() -> None:
    """Guards: Containers read where PrimaryContainer was given, or the other way round; extra artifacts lost."""
    first, second = answers.model(MODEL).containers
    assert (first.package, first.specification) == (arn_of(), "gpu")
    assert (second.url, second.etag, second.digest, second.multi_model) == ("s3://b/prefix/", "tag", DIGEST, True)
    assert (second.extra, second.hub_content) == (("s3://b/prefix/",), "arn:aws:hub")


def test_a_component_shows_every_specification() -> None:
    """Guards: the specification of another instance type, with an artifact of its own."""
    reduced = answers.component(COMPONENT)
    one, other = reduced.specifications
    assert (one.base, one.url, one.image) == ("base", url_of(1), DeployedImage(IMAGE, RESOLVED))
    assert (other.model, other.instance_type, reduced.copies) == ("m", "ml.g5.xlarge", 1)


def test_a_version_shows_its_specifications() -> None:
    """Guards: an additional specification that nobody compares."""
    reduced = answers.package(PACKAGE)
    [main] = reduced.specification(None) or ()
    assert (main.url, main.etag, main.digest, main.extra) == (url_of(1), "tag", DIGEST, ("s3://b/weights",))
    assert [one.image for one in reduced.specification("gpu") or ()] == ["gpu:1"]
    assert reduced.specification("other") is None
    assert answers.package({"ModelPackageArn": arn_of()}).containers == ()


def test_a_transform_job_is_reduced() -> None:
    """Guards: a batch job whose model nobody looks at."""
    assert (answers.transform_job(JOB).model, answers.transform_job(JOB).status) == ("m", "InProgress")


@pytest.mark.parametrize(("image", "digest"), [(IMAGE, None), (RESOLVED, DIGEST), (None, None), ("", None)])
def test_a_digest_is_read_from_an_image_named_by_it(image: str | None, digest: str | None) -> None:
    """Guards: a tag taken for a digest."""
    assert digest_of_image(image) == digest
