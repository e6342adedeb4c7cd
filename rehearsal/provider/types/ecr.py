"""aws.ecr: Repository, RepositoryPolicy, LifecyclePolicy. Ids: the repository's name."""

from __future__ import annotations

from rehearsal.provider.clients import Clients, is_gone, wait_until
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.values import Props

GONE = ("RepositoryNotFoundException",)


def _encryption(args: Props) -> Props | None:
    found: Props | None = next(iter(args.get("encryptionConfigurations") or ()), None)
    if found is None:
        return None
    key = {"kmsKey": found["kmsKey"]} if found.get("kmsKey") else {}
    return {"encryptionType": found.get("encryptionType", "AES256"), **key}


def _scanning(args: Props) -> Props | None:
    found = args.get("imageScanningConfiguration")
    return None if found is None else {"scanOnPush": found["scanOnPush"]}


def _create(aws: Clients, args: Props) -> str:
    aws.call(
        "ecr", "create_repository",
        repositoryName=args["name"], imageTagMutability=args["imageTagMutability"],
        imageScanningConfiguration=_scanning(args), encryptionConfiguration=_encryption(args),
        tags=pairs(args.get("tagsAll")),
    )  # fmt: skip
    name: str = args["name"]
    return name


def _repository(aws: Clients, name: str) -> Props:
    found: Props = aws.call("ecr", "describe_repositories", repositoryNames=[name])["repositories"][0]
    return found


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    repository = _repository(aws, physical_id)
    return {
        "arn": repository["repositoryArn"],
        "name": repository["repositoryName"],
        "registryId": repository["registryId"],
        "repositoryUrl": repository["repositoryUri"],
        "imageTagMutability": repository["imageTagMutability"],
        "imageScanningConfiguration": {"scanOnPush": repository["imageScanningConfiguration"]["scanOnPush"]},
        "encryptionConfigurations": [dict(repository["encryptionConfiguration"])],
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if new["imageTagMutability"] != old.get("imageTagMutability"):
        aws.call(
            "ecr", "put_image_tag_mutability",
            repositoryName=physical_id, imageTagMutability=new["imageTagMutability"],
        )  # fmt: skip
    scanning = _scanning(new)
    if scanning is not None and scanning != _scanning(old):
        aws.call(
            "ecr", "put_image_scanning_configuration", repositoryName=physical_id, imageScanningConfiguration=scanning
        )


def _is_deleted(aws: Clients, name: str) -> bool:
    try:
        _repository(aws, name)
    except Exception as error:
        if is_gone(error, GONE):
            return True
        raise
    return False


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ecr", "delete_repository", repositoryName=physical_id, force=bool(state.get("forceDelete")))
    wait_until(lambda: _is_deleted(aws, physical_id), f"the repository {physical_id} wasn't deleted", 1200.0)


REPOSITORY = ResourceType(
    pulumi_type="aws:ecr/repository:Repository",
    cfn="AWS::ECR::Repository",
    name=AutoName(limit=256, lower=True),
    arguments={
        "encryptionConfigurations": Argument(replaces=True),
        "encryptionConfigurations.encryptionType": Argument(
            cfn="EncryptionConfiguration.EncryptionType", replaces=True
        ),
        "encryptionConfigurations.kmsKey": Argument(cfn="EncryptionConfiguration.KmsKey", replaces=True),
        "forceDelete": Argument(default=False, kept=True),
        "imageScanningConfiguration.scanOnPush": Argument(cfn="ImageScanningConfiguration.ScanOnPush"),
        "imageTagMutability": Argument(cfn="ImageTagMutability", default="MUTABLE"),
        "name": Argument(cfn="RepositoryName"),
    },
    tags=tag_calls(
        "ecr", by_arn("resourceArn"), read="list_tags_for_resource", add="tag_resource", remove="untag_resource",
        field="tags", keys="tagKeys",
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
)  # fmt: skip


def _set_policy(aws: Clients, repository: str, policy: str) -> str:
    aws.call("ecr", "set_repository_policy", repositoryName=repository, policyText=policy)
    return repository


def _read_policy(aws: Clients, physical_id: str, known: Props) -> Props:
    found = aws.call("ecr", "get_repository_policy", repositoryName=physical_id)
    return {"repository": found["repositoryName"], "registryId": found["registryId"], "policy": found["policyText"]}


def _update_policy(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _set_policy(aws, physical_id, new["policy"])


def _delete_policy(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ecr", "delete_repository_policy", repositoryName=physical_id)


POLICY = ResourceType(
    pulumi_type="aws:ecr/repositoryPolicy:RepositoryPolicy",
    arguments={
        "policy": Argument(shape="ecr.RepositoryPolicyText", text="policy"),
        "repository": Argument(shape="ecr.RepositoryName", replaces=True),
    },
    create=lambda aws, args: _set_policy(aws, args["repository"], args["policy"]),
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=(*GONE, "RepositoryPolicyNotFoundException"),
    adopts="SetRepositoryPolicy replaces the repository's policy, and the real provider doesn't look first",
)


def _put_lifecycle(aws: Clients, args: Props) -> str:
    aws.call("ecr", "put_lifecycle_policy", repositoryName=args["repository"], lifecyclePolicyText=args["policy"])
    name: str = args["repository"]
    return name


def _read_lifecycle(aws: Clients, physical_id: str, known: Props) -> Props:
    found = aws.call("ecr", "get_lifecycle_policy", repositoryName=physical_id)
    return {
        "repository": found["repositoryName"], "registryId": found["registryId"],
        "policy": found["lifecyclePolicyText"],
    }  # fmt: skip


def _delete_lifecycle(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ecr", "delete_lifecycle_policy", repositoryName=physical_id)


LIFECYCLE = ResourceType(
    pulumi_type="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    arguments={
        # The real provider replaces it, too: there is no other call than the one that puts it.
        "policy": Argument(shape="ecr.LifecyclePolicyText", text="json", replaces=True),
        "repository": Argument(shape="ecr.RepositoryName", replaces=True),
    },
    create=_put_lifecycle,
    read=_read_lifecycle,
    delete=_delete_lifecycle,
    gone=(*GONE, "LifecyclePolicyNotFoundException"),
    adopts="PutLifecyclePolicy replaces the repository's rules, and the real provider doesn't look first",
)

TYPES = (REPOSITORY, POLICY, LIFECYCLE)
