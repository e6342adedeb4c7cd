"""Who pulls a model's image: SageMaker, as the model's execution role, from ECR.

Sources: dg/sagemaker-roles (the pull rights of CreateModel's role), dg/your-algorithms-inference-code (an image is in
ECR, in the region of the model), the failures that endpoints show (aws/deep-learning-containers#759: `does not have
BatchGetImage permission for the image`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehearsal.organisation.core import ApiError, Caller, Organisation
from rehearsal.organisation.services.ecr.images import find
from rehearsal.organisation.services.ecr.repositories import pull_needs
from rehearsal.organisation.services.ecr.store import repositories

from .registry import invalid

IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies. `ours`: in a registry of one of the organisation's accounts, whose images are known here."""

    account: str
    region: str
    name: str
    tag: str | None
    digest: str | None
    ours: bool


def place_of(org: Organisation, image: str) -> Place | None:
    """Registry, repository and tag of an image in ECR; None where it is elsewhere."""
    found = IMAGE.fullmatch(image)
    if found is None:
        return None
    ours = any(known.id == found["account"] for known in org.accounts.values())
    return Place(found["account"], found["region"], found["name"], found["tag"], found["digest"], ours)


def known_digest(org: Organisation, image: str) -> str | None:
    """The digest of an image in a repository of the organisation; None where nothing is known of it here."""
    place = place_of(org, image)
    if place is None or not place.ours:
        return None
    repository = repositories(org, place.account, place.region).get(place.name)
    asked = {"imageDigest": place.digest, "imageTag": place.tag or (None if place.digest else "latest")}
    held = None if repository is None else find(repository, asked)
    return None if held is None else held.digest


def pull(org: Organisation, image: str, reader: Caller, region: str) -> None:
    """Let SageMaker pull an image as `reader`. Raises ApiError (ValidationException) with the reason."""
    place = place_of(org, image)
    if place is None or place.region != region:
        raise invalid(f'Using non-ECR image "{image}" without Vpc repository access mode is not supported.')
    try:
        org.authorise(
            reader, pull_needs(reader.account, place.account, region, place.name), region=region,
            reason=f"SageMaker pulls {image}",
        )  # fmt: skip
    except ApiError as error:
        if error.code == "NotEmulated":
            raise
        raise invalid(
            f"The role '{reader.role_arn}' does not have BatchGetImage permission for the image: '{image}'."
            f" ({error.message})"
        ) from error
    if place.ours and known_digest(org, image) is None:
        raise invalid(f"Requested image {image} not found.")
