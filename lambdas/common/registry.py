"""SageMaker's model registry, and the artifacts that its versions point at, as both can be read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from governance.artifacts import split_url
from governance.card import card_columns
from governance.facts import StoredObject
from governance.readback import ReadBack, read_back
from governance.state import CardColumns
from lambdas.common.aws import busy_if_transient, code_of, message_of

_GONE = ("does not exist", "could not find", "not found", "cannot find")
_UNREADABLE = frozenset({"403", "404", "AccessDenied", "NoSuchKey", "NoSuchBucket", "NotFound", "400", "BadRequest"})
"""HeadObject has no body, so its errors are HTTP statuses (s3/API_HeadObject)."""
_AGAIN = frozenset({"500", "503"})

CHECKSUMS = ("SHA256", "CRC64NVME", "CRC32C", "CRC32", "SHA1")
"""Checksums that S3 may hold of an object, the strongest first (botocore s3, HeadObjectOutput)."""


class Registry(Protocol):
    """The model registry."""

    def read(self, arn: str) -> ReadBack | None:
        """Read a version; None if it doesn't exist (any more). Raises Busy, or the client's error."""


class Artifacts(Protocol):
    """What artifacts' URLs point at."""

    def look(self, url: str | None) -> StoredObject | None:
        """The object of an `s3://` URL; None for anything that can't be looked at. Raises Busy."""


@dataclass(frozen=True, slots=True)
class SageMakerRegistry:
    """The registry by DescribeModelPackage. `client` is a boto3 sagemaker client."""

    client: Any

    def read(self, arn: str) -> ReadBack | None:
        try:
            with busy_if_transient():
                answer = self.client.describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return read_back(answer)


def is_gone(error: ClientError) -> bool:
    """SageMaker says ValidationException where others say ResourceNotFound; only its text tells the two."""
    if code_of(error) in ("ResourceNotFound", "ResourceNotFoundException"):
        return True
    return code_of(error) == "ValidationException" and any(t in message_of(error).casefold() for t in _GONE)


@dataclass(frozen=True, slots=True)
class S3Artifacts:
    """Artifacts by HeadObject. `client` is a boto3 s3 client.

    What can't be looked at (gone, in a foreign bucket, no right) is unknown: the fact is recorded without it.
    """

    client: Any

    def look(self, url: str | None) -> StoredObject | None:
        place = split_url(url) if url else None
        if place is None:
            return None
        try:
            with busy_if_transient(_AGAIN):
                answer = self.client.head_object(Bucket=place[0], Key=place[1], ChecksumMode="ENABLED")
        except ClientError as error:
            if code_of(error) in _UNREADABLE:
                return None
            raise
        return stored_object(answer)


def stored_object(answer: Mapping[str, Any]) -> StoredObject:
    """What HeadObject says of an object."""
    held = next((name for name in CHECKSUMS if answer.get(f"Checksum{name}")), None)
    version = answer.get("VersionId")
    return StoredObject(
        version_id=None if version in (None, "null") else str(version),
        checksum=f"{held}:{answer[f'Checksum{held}']}" if held else None,
        checksum_type=answer.get("ChecksumType") if held else None,
    )


def card_of(seen: ReadBack | None) -> CardColumns | None:
    """The state's card columns from a read-back, None where it shows no card."""
    if seen is None or seen.card is None:
        return None
    return card_columns(seen.card, seen.card_status, seen.description)
