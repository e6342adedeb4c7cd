"""Images by digest: what a tag points to when SageMaker resolves it.

Of a repository of the organisation's own accounts that is what was pushed there. The registries of AWS's accounts
aren't here, so their digests are made up: the SHA-256 of the tag's text until :func:`push` moves it. Source:
botocore sagemaker service-2: DeployedImage (`registry/repository[:tag]` resolves to `registry/repository[@digest]`).
"""

from __future__ import annotations

import hashlib
import re

from rehearsal.organisation.core import Organisation

from .pulling import known_digest
from .registry import SERVICE

_TAG = re.compile(r":[^/:@]+$")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def push(org: Organisation, image: str, digest: str) -> None:
    """Let a tag (`registry/repository:tag`) point to another image from now on. Raises ValueError."""
    if not _DIGEST.fullmatch(digest) or "@" in image:
        raise ValueError(
            f"image {image!r} with digest {digest!r}: give registry/repository:tag and sha256:<64 hex digits>; the tag "
            "stays where it was"
        )
    _pushed(org)[image] = digest


def digest_of(org: Organisation, image: str) -> str:
    """`sha256:…` of an image by tag or digest."""
    if "@" in image:
        return image.split("@", 1)[1]
    return _pushed(org).get(image) or known_digest(org, image) or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def resolved(org: Organisation, image: str) -> str:
    """The path by digest that DescribeEndpoint shows as ResolvedImage."""
    if "@" in image:
        return image
    return f"{_TAG.sub('', image)}@{digest_of(org, image)}"


def _pushed(org: Organisation) -> dict[str, str]:
    found: dict[str, str] = org.state(SERVICE, "", "").setdefault("images", {})
    return found
