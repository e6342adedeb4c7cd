"""ECR: repositories, their settings and tags.

Sources: API CreateRepository and its neighbours; AmazonECR userguide encryption-at-rest, image-tag-mutability.
"""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Need, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.ecr.needs import needs
from rehearsal.organisation.services.ecr.store import (
    Repository,
    find,
    not_found,
    registry,
    repositories,
    repository_of,
)
from rehearsal.organisation.services.paging import paged

SOURCE = "AmazonECR/latest/APIReference"
MUTABILITIES = ("MUTABLE", "IMMUTABLE")
MOST_TAGS = 50
PAGE = 100
BAD_TOKEN = ApiError("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint")

takes(
    "ecr", "CreateRepository",
    members=("repositoryName", "tags", "imageTagMutability", "imageScanningConfiguration", "encryptionConfiguration"),
)  # fmt: skip
takes("ecr", "PutImageTagMutability", members=("registryId", "repositoryName", "imageTagMutability"))


def _mutability(given: str) -> str:
    if given not in MUTABILITIES:
        raise NotEmulated(f"ecr: image tag mutability {given}")
    return given


@serves("ecr", "CreateRepository", source=f"{SOURCE}/API_CreateRepository", needs=needs, fidelity="emulated",
        note="ECR's grants on the key are authorised, not listed")  # fmt: skip
def create_repository(org: Organisation, call: Call) -> Params:
    params, store = call.params, repositories(org, call.owner, call.region)
    name = params["repositoryName"]
    if name in store:
        raise ApiError(
            "RepositoryAlreadyExistsException",
            f"The repository with name '{name}' already exists in the registry with id '{call.owner}'",
        )
    made = Repository(
        name=name, account=call.owner, region=call.region, created=org.clock.now(),
        mutability=_mutability(params.get("imageTagMutability", MUTABILITIES[0])),
        scan_on_push=bool(params.get("imageScanningConfiguration", {}).get("scanOnPush", False)),
        encryption=_encryption(org, call), tags=_tags(params),
    )  # fmt: skip
    store[name] = made
    return {"repository": _shown(made)}


def _encryption(org: Organisation, call: Call) -> dict[str, str]:
    """The encryption, with the key's ARN; the caller must be able to give ECR its grants on the key."""
    given = call.params.get("encryptionConfiguration", {"encryptionType": "AES256"})
    kind = given["encryptionType"]
    if kind == "AES256":
        if "kmsKey" in given:
            raise ApiError("InvalidParameterException", "kmsKey can't be given with encryption type AES256")
        return {"encryptionType": kind}
    if kind != "KMS" or "kmsKey" not in given:
        raise NotEmulated(f"ecr: encryption {kind} without a key of the account")
    try:
        key = org.key_arn(given["kmsKey"], call.owner, call.region)
        for action in ("kms:DescribeKey", "kms:CreateGrant"):
            org.use_key(
                key, action, call.caller, region=call.region, via=f"ecr.{call.region}.amazonaws.com",
                extra={} if action == "kms:DescribeKey" else {"kms:GrantIsForAWSResource": "true"},
                reason=f"ECR encrypts the repository {call.params['repositoryName']}",
            )  # fmt: skip
    except ApiError as error:
        if error.code == "NotEmulated":
            raise
        raise ApiError("KmsException", f"The key {given['kmsKey']} can't be used: {error.message}") from error
    return {"encryptionType": kind, "kmsKey": key}


def _tags(params: Params) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in params.get("tags", [])}


def _shown(repository: Repository) -> Params:
    return {
        "repositoryArn": repository.arn, "registryId": repository.account, "repositoryName": repository.name,
        "repositoryUri": repository.uri, "createdAt": repository.created,
        "imageTagMutability": repository.mutability,
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": dict(repository.encryption),
    }  # fmt: skip


@serves("ecr", "DescribeRepositories", source=f"{SOURCE}/API_DescribeRepositories", needs=needs)
def describe_repositories(org: Organisation, call: Call) -> Params:
    account, store = registry(call), repositories(org, registry(call), call.region)
    names = call.params.get("repositoryNames") or sorted(store)
    for name in names:
        if name not in store:
            raise not_found(name, account)
    shown = [_shown(store[name]) for name in names]
    return paged(
        "repositories", shown, call.params, default=PAGE, invalid=BAD_TOKEN, following="nextToken", most="maxResults"
    )


@serves("ecr", "DeleteRepository", source=f"{SOURCE}/API_DeleteRepository", needs=needs)
def delete_repository(org: Organisation, call: Call) -> Params:
    repository = repository_of(org, call)
    if repository.images and not call.params.get("force"):
        raise ApiError(
            "RepositoryNotEmptyException",
            f"The repository with name '{repository.name}' in registry with id '{repository.account}' cannot be deleted"
            " because it still contains images",
        )
    del repositories(org, repository.account, repository.region)[repository.name]
    return {"repository": _shown(repository)}


@serves("ecr", "PutImageTagMutability", source=f"{SOURCE}/API_PutImageTagMutability", needs=needs)
def put_image_tag_mutability(org: Organisation, call: Call) -> Params:
    repository = repository_of(org, call)
    repository.mutability = _mutability(call.params["imageTagMutability"])
    return {
        "registryId": repository.account, "repositoryName": repository.name,
        "imageTagMutability": repository.mutability,
    }  # fmt: skip


@serves("ecr", "PutImageScanningConfiguration", source=f"{SOURCE}/API_PutImageScanningConfiguration", needs=needs)
def put_image_scanning_configuration(org: Organisation, call: Call) -> Params:
    repository = repository_of(org, call)
    repository.scan_on_push = bool(call.params["imageScanningConfiguration"].get("scanOnPush", False))
    return {
        "registryId": repository.account, "repositoryName": repository.name,
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
    }  # fmt: skip


@serves("ecr", "TagResource", "UntagResource", "ListTagsForResource", source=f"{SOURCE}/API_TagResource", needs=needs)
def tags(org: Organisation, call: Call) -> Params:
    arn = call.params["resourceArn"]
    repository = find(org, arn)
    if repository is None:
        raise not_found(arn.partition(":repository/")[2], arn.split(":")[4])
    if call.operation == "ListTagsForResource":
        return {"tags": [{"Key": key, "Value": value} for key, value in sorted(repository.tags.items())]}
    merged = repository.tags | _tags(call.params)
    for key in call.params.get("tagKeys", []):
        merged.pop(key, None)
    if len(merged) > MOST_TAGS:
        raise ApiError("TooManyTagsException", f"{arn} would have {len(merged)} tags, at most {MOST_TAGS} are allowed.")
    repository.tags = merged
    return {}


def pull_needs(puller: str, account: str, region: str, name: str) -> list[Need]:
    """What pulling an image needs, the login to the puller's own registry included."""
    arn = f"arn:aws:ecr:{region}:{account}:repository/{name}"
    login = Need("ecr:GetAuthorizationToken", "*", puller)
    actions = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")
    return [login, *(Need(action, arn, account) for action in actions)]
