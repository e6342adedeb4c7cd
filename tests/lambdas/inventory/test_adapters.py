"""The boto3 adapters: what is sent, and what each answer means."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from governance.inventory import Gone, StoredArtifact, Unreadable
from lambdas.common.accounts import Account
from lambdas.inventory import adapters
from lambdas.inventory.adapters import (
    ADAPTIVE,
    NOT_OURS,
    ReaderRoles,
    S3Artifacts,
    SageMakerHosting,
    SageMakerRegistry,
    looked,
)
from lambdas.inventory.ports import Page
from tests.governance.hosted import sha256_of, url_of
from tests.governance.samples import BUCKET, arn_of, moment
from tests.governance.test_inventory_answers import COMPONENT, CONFIG, ENDPOINT, JOB, MODEL, PACKAGE

ROLE = "arn:aws:iam::333333333333:role/mlgov-test-reader"


def client(service: str) -> Any:
    return boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


def failing(problem: Exception) -> Callable[[], str]:
    def call() -> str:
        raise problem

    return call


def refusal(code: str, message: str = "m") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Describe")


@pytest.mark.parametrize(
    ("problem", "seen"),
    [
        (refusal("ValidationException", 'Could not find endpoint "arn:x".'), Gone()),
        (refusal("ValidationException", "ModelPackage x does not exist."), Gone()),
        (refusal("ResourceNotFound"), Gone()),
        (refusal("404"), Gone()),
        (refusal("ValidationException", "1 validation error detected"), Unreadable("ValidationException")),
        (refusal("AccessDeniedException", "User is not authorized"), Unreadable("AccessDeniedException")),
        (refusal("403"), Unreadable("403")),
        (refusal("ThrottlingException"), Unreadable("ThrottlingException", passing=True)),
        (EndpointConnectionError(endpoint_url="x"), Unreadable("EndpointConnectionError", passing=True)),
    ],
)
def test_only_what_is_said_to_be_absent_is_absent(problem: Exception, seen: object) -> None:
    """Guards: a missing right or a network fault taken for a deleted model: or for an endpoint that may be buried."""
    assert looked(failing(problem)) == seen


def test_other_faults_are_not_swallowed() -> None:
    """Guards: a defect of ours that looks like an unreadable account."""
    with pytest.raises(KeyError):
        looked(failing(KeyError("EndpointArn")))


def test_endpoints_are_listed_by_name_a_hundred_a_page() -> None:
    """Guards: ten a page (the default), and a walk in an order that shifts while it runs."""
    sagemaker = client("sagemaker")
    summary = {
        "EndpointName": "credit", "EndpointArn": ENDPOINT["EndpointArn"], "CreationTime": moment(1),
        "LastModifiedTime": moment(1), "EndpointStatus": "InService",
    }  # fmt: skip
    sent = {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 100}
    with Stubber(sagemaker) as stub:
        stub.add_response("list_endpoints", {"Endpoints": [summary], "NextToken": "t"}, sent)
        stub.add_response("list_endpoints", {"Endpoints": []}, sent | {"NextToken": "t"})
        stub.add_client_error("list_endpoints", "AccessDeniedException")
        hosting = SageMakerHosting(sagemaker)
        assert hosting.endpoints(None) == Page(("credit",), "t")
        assert hosting.endpoints("t") == Page((), None)
        assert hosting.endpoints(None) == Unreadable("AccessDeniedException")


def test_things_are_described_by_name() -> None:
    """Guards: an answer lost between the client and the domain."""
    sagemaker = client("sagemaker")
    hosting = SageMakerHosting(sagemaker)
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_endpoint", ENDPOINT, {"EndpointName": "credit"})
        stub.add_response("describe_endpoint_config", CONFIG, {"EndpointConfigName": "one"})
        stub.add_response("describe_model", MODEL, {"ModelName": "m"})
        endpoint, config, model = hosting.endpoint("credit"), hosting.config("one"), hosting.model("m")
    assert getattr(endpoint, "config", None) == "one"
    assert len(getattr(config, "variants", ())) == 3
    assert len(getattr(model, "containers", ())) == 2


def listing(name: str) -> dict[str, Any]:
    return {
        "InferenceComponentName": name, "InferenceComponentArn": COMPONENT["InferenceComponentArn"], "VariantName": "A",
        "EndpointName": "credit", "EndpointArn": ENDPOINT["EndpointArn"], "CreationTime": moment(1),
        "LastModifiedTime": moment(1),
    }  # fmt: skip


def test_all_components_of_an_endpoint_are_read() -> None:
    """Guards: components beyond the first page; one deleted meanwhile that stops the walk."""
    sagemaker = client("sagemaker")
    asked = {"EndpointNameEquals": "credit", "MaxResults": 100}
    with Stubber(sagemaker) as stub:
        stub.add_response("list_inference_components", {"InferenceComponents": [listing("c")], "NextToken": "t"}, asked)
        stub.add_response("describe_inference_component", COMPONENT, {"InferenceComponentName": "c"})
        stub.add_response(
            "list_inference_components", {"InferenceComponents": [listing("gone")]}, asked | {"NextToken": "t"}
        )
        stub.add_client_error(
            "describe_inference_component", "ValidationException", "Could not find inference component"
        )
        components = SageMakerHosting(sagemaker).components("credit")
    assert not isinstance(components, Unreadable)
    assert [component.name for component in components] == ["c"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_a_list_with_a_hole_is_not_the_list(code: str) -> None:
    """Guards: the one component that can't be described is the one that nobody approved."""
    sagemaker = client("sagemaker")
    with Stubber(sagemaker) as stub:
        stub.add_response("list_inference_components", {"InferenceComponents": [listing("c")]})
        stub.add_client_error("describe_inference_component", code)
        seen = SageMakerHosting(sagemaker).components("credit")
    assert seen == Unreadable(code, passing=code == "ThrottlingException")


def test_transform_jobs_in_progress_are_read() -> None:
    """Guards: finished jobs of years, described one by one."""
    sagemaker = client("sagemaker")
    summary = {n: JOB[n] for n in ("TransformJobName", "TransformJobArn", "CreationTime", "TransformJobStatus")}
    with Stubber(sagemaker) as stub:
        stub.add_response(
            "list_transform_jobs", {"TransformJobSummaries": [summary]},
            {"StatusEquals": "InProgress", "MaxResults": 100},
        )  # fmt: skip
        stub.add_response("describe_transform_job", JOB, {"TransformJobName": "nightly"})
        jobs = SageMakerHosting(sagemaker).transform_jobs()
    assert not isinstance(jobs, Unreadable)
    assert [job.model for job in jobs] == ["m"]


def test_a_version_is_read_without_its_card() -> None:
    """Guards: a right to decrypt every card, for a look that needs none."""
    sagemaker = client("sagemaker")
    asked = {"ModelPackageName": arn_of(), "IncludedData": "MetadataOnly"}
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_model_package", PACKAGE, asked)
        assert getattr(SageMakerRegistry(sagemaker).package(arn_of()), "arn", None) == arn_of()


def test_a_reader_role_is_taken_for_a_short_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: the walk of a spoke with the hub's own rights; a client that gives up at the first throttle."""
    made: list[dict[str, Any]] = []

    def make(service: str, config: Any, **credentials: str) -> object:
        made.append({"service": service, "retries": config.retries, **credentials})
        return object()

    monkeypatch.setattr(adapters, "client", make)
    sts, own = client("sts"), object()
    credentials = {
        "AccessKeyId": "ASIAEXAMPLEEXAMPLE", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": moment(9),
    }  # fmt: skip
    with Stubber(sts) as stub:
        stub.add_response(
            "assume_role", {"Credentials": credentials},
            {"RoleArn": ROLE, "RoleSessionName": "inventory", "DurationSeconds": 900},
        )  # fmt: skip
        stub.add_client_error("assume_role", "AccessDenied")
        open_account = ReaderRoles(sts, own)
        spoke = Account("333333333333", "test", "Staging", ROLE)
        assert isinstance(open_account(spoke), SageMakerHosting)
        assert open_account(spoke) == Unreadable("AssumeRole AccessDenied")
        assert open_account(Account("1", "hub", None, None)) == SageMakerHosting(own)
    assert [(one["service"], one["aws_access_key_id"]) for one in made] == [("sagemaker", "ASIAEXAMPLEEXAMPLE")]
    assert ADAPTIVE.retries["mode"] == "adaptive"


def head(checksum: str | None, kind: str = "FULL_OBJECT") -> dict[str, Any]:
    answer = {"ETag": '"tag"', "VersionId": "v", "LastModified": moment(1)}
    return answer | ({"ChecksumSHA256": checksum, "ChecksumType": kind} if checksum else {})


@pytest.mark.parametrize(
    ("answer", "sha256"),
    [
        (head(base64.b64encode(bytes.fromhex(sha256_of(1))).decode()), sha256_of(1)),
        (head("abc=-2", "COMPOSITE"), None),
        (head(None), None),
    ],
)
def test_an_artifacts_digest_is_the_whole_objects(answer: dict[str, Any], sha256: str | None) -> None:
    """Guards: a multipart checksum compared with a digest, so that every large model differs."""
    s3 = client("s3")
    with Stubber(s3) as stub:
        key = url_of(1).removeprefix(f"s3://{BUCKET}/")
        stub.add_response("head_object", answer, {"Bucket": BUCKET, "Key": key, "ChecksumMode": "ENABLED"})
        assert S3Artifacts(s3, BUCKET).find(url_of(1)) == StoredArtifact(sha256, '"tag"', moment(1))


@pytest.mark.parametrize("url", ["s3://elsewhere/model.tar.gz", "https://x/y", "s3://"])
def test_an_artifact_that_lies_elsewhere_can_not_be_read(url: str) -> None:
    """Guards: the function reads any bucket that a model names."""
    assert S3Artifacts(object(), BUCKET).find(url) == Unreadable(NOT_OURS)
