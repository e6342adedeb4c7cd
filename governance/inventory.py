"""What is deployed, as frozen values: endpoints, configurations, models, inference components, transform jobs.

`governance.inventory_answers` makes them of SageMaker's answers, `governance.verdicts` judges them. None has a member
for the environment of a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gone:
    """AWS says that there is no such thing (any more)."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """AWS refused to say. `code` is its error code; `passing`: the same call may succeed a moment later."""

    code: str
    passing: bool = False


Seen: TypeAlias = T | Gone | Unreadable
"""What a look at one thing gave. What can't be read is never taken for something that is in order."""


@dataclass(frozen=True, slots=True)
class DeployedImage:
    """An image as it was named, and as SageMaker resolved it when it deployed (`registry/repository@sha256:…`)."""

    specified: str | None
    resolved: str | None

    @property
    def digest(self) -> str | None:
        """`sha256:…` of the resolved image, None where it wasn't resolved."""
        return digest_of_image(self.resolved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a model, or of a version's specification.

    `package` is the version that a model's container names, `specification` the one of that version's additional
    specifications that it takes; `digest` and `etag` stand in a version's containers only. `extra` are artifacts beside
    `url`. `hub_content` is the ARN of a private or public hub's content.
    """

    image: str | None = None
    digest: str | None = None
    url: str | None = None
    etag: str | None = None
    package: str | None = None
    specification: str | None = None
    extra: tuple[str, ...] = ()
    multi_model: bool = False
    hub_content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model object: a name of an account that can be deleted and given again while an endpoint serves it."""

    name: str
    created: datetime
    containers: tuple[Container, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A variant of a configuration. `models`: its own, then those of instance pools that override it; none where
    inference components are to be placed on it.
    """

    name: str
    models: tuple[str, ...]
    shadow: bool = False
    serverless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """An endpoint configuration: immutable, but its name can be given again."""

    name: str
    created: datetime
    variants: tuple[Variant, ...]
    asynchronous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A deployment in flight. `live`: at least one of its variants takes traffic already."""

    config: str
    live: bool
    started: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as it serves now. `arn` is lower-cased and `status` UPPER_SNAKE, as its events write them.

    `images`: per variant (shadow variants too) what SageMaker deployed.
    """

    arn: str
    name: str
    status: str
    created: datetime
    modified: datetime
    config: str | None
    images: tuple[tuple[str, tuple[DeployedImage, ...]], ...] = ()
    pending: Pending | None = None

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    def images_of(self, variant: str) -> tuple[DeployedImage, ...]:
        return next((images for name, images in self.images if name == variant), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What an inference component deploys: a model, or an artifact and image of its own; an adapter names its base."""

    model: str | None = None
    url: str | None = None
    image: DeployedImage | None = None
    base: str | None = None
    instance_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """An inference component. `copies` is how many run now, None where SageMaker doesn't say (adapters)."""

    name: str
    variant: str | None
    status: str | None
    created: datetime
    modified: datetime
    copies: int | None
    specifications: tuple[Specification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformJob:
    """A batch transform job."""

    name: str
    arn: str
    status: str
    created: datetime
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A version of the registry as it is now. `additional`: its further specifications by name."""

    arn: str
    containers: tuple[Container, ...]
    additional: tuple[tuple[str, tuple[Container, ...]], ...] = ()

    def specification(self, name: str | None) -> tuple[Container, ...] | None:
        """The containers of a specification (None: the main one); None where there is none of that name."""
        return self.containers if name is None else dict(self.additional).get(name)


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """What lies under an artifact's key now. `sha256` is hex, None where S3 keeps none of the whole object."""

    sha256: str | None
    etag: str | None
    modified: datetime | None = None


def digest_of_image(image: str | None) -> str | None:
    """`sha256:…` of an image that is named by its digest, None where it is named by tag or not at all."""
    _, _, digest = (image or "").partition("@")
    return digest or None
