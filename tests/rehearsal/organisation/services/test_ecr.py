"""ECR as clients see it: repositories with their guards, images by tag, and who pulls across accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.organisation.example import refused
from tests.rehearsal.organisation.services.hosting_world import Hall
from tests.rehearsal.organisation.services.registry_world import HUB, Client, unique
from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, document, own_bench

PULLS = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
LAST_RULE = {
    "rulePriority": 1,
    "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
    "action": {"type": "expire"},
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def manifest(content: str) -> str:
    return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "x": content})


def admits(account: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": PULLS, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_repository_comes_up_with_its_guards_and_goes(bench: Workbench) -> None:
    """API CreateRepository, DeleteRepository. Guards: settings that are dropped; images that go with a slip."""
    key = bench.kms.create_key()["KeyMetadata"]["Arn"]
    made = bench.ecr.create_repository(
        repositoryName="mlgov/models",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key},
        tags=[{"Key": "owner", "Value": "risk"}],
    )["repository"]
    assert made["repositoryUri"] == f"{bench.account}.dkr.ecr.{REGION}.amazonaws.com/mlgov/models"
    with refused("RepositoryAlreadyExistsException"):
        bench.ecr.create_repository(repositoryName="mlgov/models")
    (shown,) = bench.ecr.describe_repositories(repositoryNames=["mlgov/models"])["repositories"]
    assert (shown["imageTagMutability"], shown["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert shown["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}
    arn = shown["repositoryArn"]
    bench.ecr.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "b"}])
    bench.ecr.untag_resource(resourceArn=arn, tagKeys=["owner"])
    assert bench.ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "a", "Value": "b"}]
    bench.ecr.put_image_tag_mutability(repositoryName="mlgov/models", imageTagMutability="MUTABLE")
    bench.ecr.put_image_scanning_configuration(
        repositoryName="mlgov/models", imageScanningConfiguration={"scanOnPush": False}
    )
    (shown,) = bench.ecr.describe_repositories()["repositories"]
    assert (shown["imageTagMutability"], shown["imageScanningConfiguration"]) == ("MUTABLE", {"scanOnPush": False})
    bench.ecr.put_image(repositoryName="mlgov/models", imageManifest=manifest("1"), imageTag="1")
    with refused("RepositoryNotEmptyException"):
        bench.ecr.delete_repository(repositoryName="mlgov/models")
    bench.ecr.delete_repository(repositoryName="mlgov/models", force=True)
    with refused("RepositoryNotFoundException", bench.account):
        bench.ecr.describe_repositories(repositoryNames=["mlgov/models"])


def test_a_key_that_the_maker_may_not_use_is_refused(bench: Workbench) -> None:
    """AmazonECR encryption-at-rest. Guards: a repository whose images nobody could read later."""
    foreign = bench.beside("dev").kms.create_key()["KeyMetadata"]["Arn"]
    with refused("KmsException", foreign):
        bench.ecr.create_repository(
            repositoryName="foreign", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": foreign}
        )


def test_an_immutable_tag_stays_where_it_is(bench: Workbench) -> None:
    """AmazonECR image-tag-mutability. Guards: another image under the tag that was approved."""
    bench.ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    name = {"repositoryName": "fixed"}
    first = bench.ecr.put_image(**name, imageManifest=manifest("1"), imageTag="v1")["image"]["imageId"]
    with refused("ImageAlreadyExistsException"):
        bench.ecr.put_image(**name, imageManifest=manifest("1"), imageTag="v1")
    with refused("ImageTagAlreadyExistsException", "immutable"):
        bench.ecr.put_image(**name, imageManifest=manifest("2"), imageTag="v1")
    with refused("ImageDigestDoesNotMatchException"):
        bench.ecr.put_image(**name, imageManifest=manifest("2"), imageTag="v2", imageDigest=first["imageDigest"])
    answer = bench.ecr.batch_get_image(**name, imageIds=[{"imageTag": "v1"}, {"imageTag": "v9"}])
    assert [one["imageId"] for one in answer["images"]] == [first]
    assert [one["failureCode"] for one in answer["failures"]] == ["ImageNotFound"]
    (shown,) = bench.ecr.describe_images(**name, imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert (shown["imageDigest"], shown["imageTags"]) == (first["imageDigest"], ["v1"])
    assert bench.ecr.batch_delete_image(**name, imageIds=[{"imageTag": "v1"}])["imageIds"] == [first]
    with refused("ImageNotFoundException"):
        bench.ecr.describe_images(**name, imageIds=[{"imageTag": "v1"}])


def test_a_mutable_tag_moves(bench: Workbench) -> None:
    """API PutImage. Guards: a tag on two images."""
    bench.ecr.create_repository(repositoryName="moving")
    for content in ("1", "2"):
        bench.ecr.put_image(repositoryName="moving", imageManifest=manifest(content), imageTag="latest")
    tags = [one["imageTags"] for one in bench.ecr.describe_images(repositoryName="moving")["imageDetails"]]
    assert tags == [[], ["latest"]]


@pytest.mark.parametrize(
    "broken",
    [
        {"Resource": "*"},
        {"Action": "s3:GetObject"},
        {"Effect": "Maybe"},
        {"Principal": {"AWS": "arn:aws:iam::100000000001:role/never-made"}},
    ],
)
def test_a_policy_that_ecr_refuses_is_refused(bench: Workbench, broken: dict[str, Any]) -> None:
    """AmazonECR repository-policies. Guards: a Resource in a repository's policy, a role that isn't there yet."""
    name = unique("refused").lower()
    bench.ecr.create_repository(repositoryName=name)
    with refused("InvalidParameterException"):
        bench.ecr.set_repository_policy(repositoryName=name, policyText=admits(bench.account, **broken))
    with refused("RepositoryPolicyNotFoundException"):
        bench.ecr.get_repository_policy(repositoryName=name)


def test_policy_and_lifecycle_are_kept_and_go(bench: Workbench) -> None:
    """API SetRepositoryPolicy, PutLifecyclePolicy. Guards: rules that ECR can't read, or that stay for ever."""
    bench.ecr.create_repository(repositoryName="kept")
    text = admits(bench.account)
    bench.ecr.set_repository_policy(repositoryName="kept", policyText=text)
    assert bench.ecr.get_repository_policy(repositoryName="kept")["policyText"] == text
    bench.ecr.delete_repository_policy(repositoryName="kept")
    with refused("LifecyclePolicyNotFoundException"):
        bench.ecr.get_lifecycle_policy(repositoryName="kept")
    for rules in ([], [LAST_RULE, LAST_RULE], [LAST_RULE | {"action": {"type": "keep"}}]):
        with refused("InvalidParameterException"):
            bench.ecr.put_lifecycle_policy(
                repositoryName="kept", lifecyclePolicyText=json.dumps({"rules": rules, "filler": "x" * 100})
            )
    with refused("InvalidParameterException"):
        bench.ecr.put_lifecycle_policy(repositoryName="kept", lifecyclePolicyText="{" + " " * 100)
    rules_text = json.dumps({"rules": [LAST_RULE]})
    bench.ecr.put_lifecycle_policy(repositoryName="kept", lifecyclePolicyText=rules_text)
    assert bench.ecr.get_lifecycle_policy(repositoryName="kept")["lifecyclePolicyText"] == rules_text
    bench.ecr.delete_lifecycle_policy(repositoryName="kept")


def test_another_account_reads_what_the_policy_admits(bench: Workbench) -> None:
    """AmazonECR repository-policy-examples. Guards: images that any account pulls, or that none can."""
    dev = bench.beside("dev")
    bench.ecr.create_repository(repositoryName="shared")
    bench.ecr.put_image(repositoryName="shared", imageManifest=manifest("1"), imageTag="1")
    asked = {"registryId": bench.account, "repositoryName": "shared", "imageIds": [{"imageTag": "1"}]}
    with refused("AccessDeniedException", "ecr:BatchGetImage"):
        dev.ecr.batch_get_image(**asked)
    bench.ecr.set_repository_policy(repositoryName="shared", policyText=admits(dev.account))
    assert len(dev.ecr.batch_get_image(**asked)["images"]) == 1
    with refused("AccessDeniedException", "ecr:PutImage"):
        dev.ecr.put_image(
            registryId=bench.account, repositoryName="shared", imageManifest=manifest("2"), imageTag="2"
        )  # fmt: skip


@pytest.fixture(scope="module")
def hall(org: Any, client: Client) -> Hall:
    return Hall.of(org, client)


def served(hall: Hall, image: str, role: str) -> dict[str, Any]:
    """An endpoint of the image, when it has settled."""
    container = {"PrimaryContainer": {"Image": image, "ModelDataUrl": hall.url}}
    config = hall.config({"VariantName": "main", "ModelName": hall.model(ExecutionRoleArn=role, **container),
                          "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"})  # fmt: skip
    name = unique("endpoint")
    hall.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    hall.wait()
    found: dict[str, Any] = hall.sagemaker.describe_endpoint(EndpointName=name)
    return found


def test_an_endpoint_pulls_as_its_serving_role(hall: Hall, client: Client) -> None:
    """dg/sagemaker-roles; aws/deep-learning-containers#759. Guards: a role without pull rights, seen first on AWS."""
    ecr, iam = client("hub", None, "ecr"), client("hub", None, "iam")
    name = unique("models").lower()
    uri = ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"]
    digest = ecr.put_image(repositoryName=name, imageManifest=manifest(name), imageTag="1")["image"]["imageId"]
    endpoint = served(hall, f"{uri}:1", hall.role)
    assert endpoint["EndpointStatus"] == "InService"
    (image,) = endpoint["ProductionVariants"][0]["DeployedImages"]
    assert image["ResolvedImage"] == f"{uri}@{digest['imageDigest']}"
    missing = served(hall, f"{uri}:2", hall.role)
    assert (missing["EndpointStatus"], missing["FailureReason"]) == ("Failed", f"Requested image {uri}:2 not found.")
    rights = document(allow("s3:GetObject", "*"), allow("ecr:GetAuthorizationToken", "*"))
    iam.create_role(
        RoleName="no-pull", AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )  # fmt: skip
    iam.put_role_policy(RoleName="no-pull", PolicyName="rights", PolicyDocument=rights)
    denied = served(hall, f"{uri}:1", f"arn:aws:iam::{HUB}:role/no-pull")
    assert denied["EndpointStatus"] == "Failed"
    assert "does not have BatchGetImage permission for the image" in denied["FailureReason"]
    elsewhere = served(hall, "docker.io/library/python:3", hall.role)
    assert "Using non-ECR image" in elsewhere["FailureReason"]
