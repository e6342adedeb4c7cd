"""ECR: images, by manifest and tag. Layers aren't kept: a push's last call is what makes an image.

Sources: API PutImage, BatchDeleteImage; AmazonECR userguide image-tag-mutability.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves, takes
from rehearsal.organisation.services.ecr.needs import needs
from rehearsal.organisation.services.ecr.repositories import SOURCE
from rehearsal.organisation.services.ecr.store import Image, Repository, repository_of

takes("ecr", "DescribeImages", members=("registryId", "repositoryName", "imageIds"))
takes("ecr", "BatchGetImage", members=("registryId", "repositoryName", "imageIds"))


@serves("ecr", "PutImage", source=f"{SOURCE}/API_PutImage", needs=needs, fidelity="emulated",
        note="layers are neither uploaded nor looked for; no scan runs")  # fmt: skip
def put_image(org: Organisation, call: Call) -> Params:
    repository, params = repository_of(org, call), call.params
    manifest, tag = params["imageManifest"], params.get("imageTag")
    try:
        media_type = params.get("imageManifestMediaType") or json.loads(manifest).get("mediaType", "")
    except (ValueError, AttributeError) as error:
        raise ApiError("InvalidParameterException", "Invalid parameter at 'ImageManifest': it isn't JSON") from error
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    if params.get("imageDigest", digest) != digest:
        raise ApiError("ImageDigestDoesNotMatchException", f"The provided digest doesn't match {digest}")
    known, holder = repository.images.get(digest), repository.tagged(tag) if tag else None
    if known is not None and (tag is None or holder is known):
        raise ApiError("ImageAlreadyExistsException", f"Image with digest '{digest}' and tag '{tag}' already exists")
    if tag and holder is not None:
        if repository.mutability == "IMMUTABLE":
            raise ApiError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten"
                " because the repository is immutable.",
            )
        holder.tags.remove(tag)
    image = known or Image(digest=digest, manifest=manifest, media_type=media_type, pushed=org.clock.now())
    if tag:
        image.tags.append(tag)
    repository.images[digest] = image
    return {"image": _shown(repository, image, tag)}


def _shown(repository: Repository, image: Image, tag: str | None) -> Params:
    return {
        "registryId": repository.account, "repositoryName": repository.name, "imageManifest": image.manifest,
        "imageId": _id(image, tag), **({"imageManifestMediaType": image.media_type} if image.media_type else {}),
    }  # fmt: skip


def _id(image: Image, tag: str | None) -> Params:
    return {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}


def find(repository: Repository, asked: Params) -> Image | None:
    """The image of a digest or a tag, or of both together."""
    digest, tag = asked.get("imageDigest"), asked.get("imageTag")
    image = repository.images.get(digest) if digest else repository.tagged(tag or "")
    return image if image is not None and (tag is None or tag in image.tags) else None


def _failure(asked: Params) -> dict[str, Any]:
    return {"imageId": asked, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}


@serves("ecr", "DescribeImages", source=f"{SOURCE}/API_DescribeImages", needs=needs, fidelity="emulated",
        note="one page; no scan findings")  # fmt: skip
def describe_images(org: Organisation, call: Call) -> Params:
    repository = repository_of(org, call)
    asked = call.params.get("imageIds") or [{"imageDigest": digest} for digest in repository.images]
    details = []
    for one in asked:
        image = find(repository, one)
        if image is None:
            raise ApiError(
                "ImageNotFoundException",
                f"The image with imageId {one} does not exist in the repository with name '{repository.name}' in the"
                f" registry with id '{repository.account}'",
            )
        details.append(
            {
                "registryId": repository.account, "repositoryName": repository.name, "imageDigest": image.digest,
                "imageTags": list(image.tags), "imagePushedAt": image.pushed,
            }
        )  # fmt: skip
    return {"imageDetails": details}


@serves("ecr", "BatchGetImage", source=f"{SOURCE}/API_BatchGetImage", needs=needs)
def batch_get_image(org: Organisation, call: Call) -> Params:
    repository = repository_of(org, call)
    found = [(one, find(repository, one)) for one in call.params["imageIds"]]
    return {
        "images": [_shown(repository, image, one.get("imageTag")) for one, image in found if image is not None],
        "failures": [_failure(one) for one, image in found if image is None],
    }


@serves("ecr", "BatchDeleteImage", source=f"{SOURCE}/API_BatchDeleteImage", needs=needs)
def batch_delete_image(org: Organisation, call: Call) -> Params:
    """A tag that is named goes; the image goes with its last tag, or when its digest is named."""
    repository, deleted, failures = repository_of(org, call), [], []
    for one in call.params["imageIds"]:
        image, tag = find(repository, one), one.get("imageTag")
        if image is None:
            failures.append(_failure(one))
            continue
        deleted.append(_id(image, tag))
        if tag and not one.get("imageDigest"):
            image.tags.remove(tag)
        if one.get("imageDigest") or not image.tags:
            del repository.images[image.digest]
    return {"imageIds": deleted, "failures": failures}
