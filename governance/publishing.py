"""Publishing an artifact once, under a key that holds its SHA-256, so that it can't be overwritten.

One PutObject with `If-None-Match: *`, which the bucket policy demands, and the SHA-256 as the request's checksum: a
full-object SHA-256 exists for single uploads only, of at most 5 GB (s3/userguide/checking-object-integrity-upload;
s3/userguide/upload-objects).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from governance.artifacts import ArtifactKey, checksum_header
from governance.errors import ArtifactError

LARGEST_PUT_BYTES = 5 * 1024**3

_CHUNK_BYTES = 1024 * 1024


class ObjectStore(Protocol):
    """The part of boto3's S3 client that publishing needs."""

    def put_object(self, **parameters: Any) -> Mapping[str, Any]: ...

    def head_object(self, **parameters: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ArtifactLocation:
    """Where an artifact lies: `url` goes into the version's ModelDataUrl. `created` is False where it lay
    there already.
    """

    url: str
    key: str
    version_id: str | None
    sha256: str
    created: bool


def publish(client: ObjectStore, bucket: str, stack: str, group: str, artifact: Path | bytes) -> ArtifactLocation:
    """Publish an artifact and return where it lies.

    The same bytes twice are one object: the second time S3 answers 412 (409 for a racing upload), and the
    object's checksum is compared. Raises ArtifactError if it is larger than one upload may be, or other bytes
    lie there; other errors of the client pass.
    """
    size = artifact.stat().st_size if isinstance(artifact, Path) else len(artifact)
    if size > LARGEST_PUT_BYTES:
        raise ArtifactError(
            f"the artifact has {size} bytes; one upload holds at most {LARGEST_PUT_BYTES}, and only a "
            "single upload carries a SHA-256 of the whole object: make it smaller"
        )
    sha256 = _sha256(artifact)
    key = str(ArtifactKey(stack, group, sha256))
    url = f"s3://{bucket}/{key}"
    checksum = checksum_header(sha256)
    try:
        answer = _put(client, artifact, Bucket=bucket, Key=key, ChecksumSHA256=checksum, IfNoneMatch="*")
    except Exception as problem:
        if _status(problem) not in (409, 412):
            raise
    else:
        return ArtifactLocation(url, key, answer.get("VersionId"), sha256, created=True)
    there = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    if there.get("ChecksumSHA256") != checksum:
        raise ArtifactError(
            f"{url} exists with checksum {there.get('ChecksumSHA256')!r}, not {checksum!r}: "
            "its key promises other bytes. "
            "Don't register it; report it, since the bucket policy should have made this impossible"
        )
    return ArtifactLocation(url, key, there.get("VersionId"), sha256, created=False)


def _sha256(artifact: Path | bytes) -> str:
    if isinstance(artifact, bytes):
        return hashlib.sha256(artifact).hexdigest()
    total = hashlib.sha256()
    with artifact.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()


def _put(client: ObjectStore, artifact: Path | bytes, **parameters: str) -> Mapping[str, Any]:
    if isinstance(artifact, bytes):
        return client.put_object(Body=artifact, **parameters)
    body: IO[bytes]
    with artifact.open("rb") as body:
        return client.put_object(Body=body, **parameters)


def _status(problem: Exception) -> int | None:
    """The HTTP status of a botocore ClientError, without importing botocore."""
    response = getattr(problem, "response", None)
    if not isinstance(response, dict):
        return None
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else None
