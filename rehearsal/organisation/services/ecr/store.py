"""Repositories per account and region, and what is in them.

Sources: botocore's ecr model, the ECR API reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.organisation.core import ApiError, Call, Organisation


@dataclass(slots=True, kw_only=True)
class Image:
    digest: str
    manifest: str
    media_type: str
    pushed: datetime
    tags: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Repository:
    """`images` by digest. `encryption`: as it was given, AES256 where nothing was."""

    name: str
    account: str
    region: str
    created: datetime
    mutability: str
    scan_on_push: bool
    encryption: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    policy: str | None = None
    lifecycle: str | None = None
    images: dict[str, Image] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{self.name}"

    @property
    def uri(self) -> str:
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self.name}"

    def tagged(self, tag: str) -> Image | None:
        return next((image for image in self.images.values() if tag in image.tags), None)


def repositories(org: Organisation, account: str, region: str) -> dict[str, Repository]:
    """The repositories of a registry by name."""
    found: dict[str, Repository] = org.state("ecr", account, region).setdefault("repositories", {})
    return found


def find(org: Organisation, arn: str) -> Repository | None:
    """The repository of an ARN, of whatever account."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "ecr":
        return None
    return repositories(org, parts[4], parts[3]).get(parts[5].removeprefix("repository/"))


def registry(call: Call) -> str:
    """The account whose registry a call concerns: the caller's own unless it names another."""
    return str(call.params.get("registryId", call.caller.account))


def not_found(name: str, account: str) -> ApiError:
    return ApiError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{account}'",
    )


def repository_of(org: Organisation, call: Call) -> Repository:
    """The repository that a call names. Raises ApiError."""
    account, name = registry(call), call.params["repositoryName"]
    found = repositories(org, account, call.region).get(name)
    if found is None:
        raise not_found(name, account)
    return found
