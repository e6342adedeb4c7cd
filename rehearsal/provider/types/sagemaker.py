"""aws.sagemaker: ModelPackageGroup. Id: the group's name."""

from __future__ import annotations

from rehearsal.provider.clients import Clients, NeverReady, wait_gone, wait_until
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.values import Props

GONE = ("ResourceNotFound", "ValidationException: does not exist")
"""DescribeModelPackageGroup answers a missing group with a ValidationException (terraform-provider-aws find.go)."""


def _create(aws: Clients, args: Props) -> str:
    aws.call(
        "sagemaker", "create_model_package_group",
        ModelPackageGroupName=args["modelPackageGroupName"],
        ModelPackageGroupDescription=args.get("modelPackageGroupDescription"), Tags=pairs(args.get("tagsAll")),
    )  # fmt: skip
    name: str = args["modelPackageGroupName"]
    return name


def _describe(aws: Clients, name: str) -> Props:
    return aws.call("sagemaker", "describe_model_package_group", ModelPackageGroupName=name)


def _wait_completed(aws: Clients, physical_id: str, args: Props) -> None:
    def completed() -> bool:
        status = _describe(aws, physical_id)["ModelPackageGroupStatus"]
        if status == "Failed":
            raise NeverReady(f"the model package group {physical_id} has the status Failed")
        return bool(status == "Completed")

    wait_until(completed, f"the model package group {physical_id} didn't become Completed")


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    group = _describe(aws, physical_id)
    return {
        "modelPackageGroupName": group["ModelPackageGroupName"],
        "arn": group["ModelPackageGroupArn"],
        "modelPackageGroupDescription": group.get("ModelPackageGroupDescription"),
    }


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("sagemaker", "delete_model_package_group", ModelPackageGroupName=physical_id)
    wait_gone(lambda: _describe(aws, physical_id), GONE, f"the model package group {physical_id}")


MODEL_PACKAGE_GROUP = ResourceType(
    pulumi_type="aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    cfn="AWS::SageMaker::ModelPackageGroup",
    arguments={
        "modelPackageGroupDescription": Argument(cfn="ModelPackageGroupDescription"),
        "modelPackageGroupName": Argument(cfn="ModelPackageGroupName"),
    },
    tags=tag_calls("sagemaker", by_arn("ResourceArn"), read="list_tags", add="add_tags", remove="delete_tags"),
    create=_create,
    configure=_wait_completed,
    read=_read,
    delete=_delete,
    gone=GONE,
)

TYPES = (MODEL_PACKAGE_GROUP,)
