"""Where a published artifact lies: its key holds its SHA-256, so that it can't be overwritten.

Key: `artifacts/<stack>/<group>/<sha256>/model.tar.gz`. `governance.publishing` puts it there.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

FILE_NAME = "model.tar.gz"

_KEY = re.compile(r"artifacts/(?P<stack>[^/]+)/(?P<group>[^/]+)/(?P<sha256>[0-9a-f]{64})/" + re.escape(FILE_NAME))
_URL = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")


@dataclass(frozen=True, slots=True)
class ArtifactKey:
    """The parts of a key of the publish helper's form."""

    stack: str
    group: str
    sha256: str

    def __str__(self) -> str:
        return f"artifacts/{self.stack}/{self.group}/{self.sha256}/{FILE_NAME}"


def parse_key(key: str) -> ArtifactKey | None:
    """The parts of a key, None where it isn't of our form."""
    match = _KEY.fullmatch(key)
    return ArtifactKey(match["stack"], match["group"], match["sha256"]) if match else None


def split_url(url: str) -> tuple[str, str] | None:
    """Bucket and key of an `s3://` URL, None for anything else."""
    match = _URL.fullmatch(url)
    return (match["bucket"], match["key"]) if match else None


def digest_of_url(url: str | None) -> str | None:
    """The SHA-256 that an artifact's URL promises, None where its key isn't of our form."""
    place = split_url(url) if url else None
    key = parse_key(place[1]) if place else None
    return key.sha256 if key else None


def checksum_header(sha256: str) -> str:
    """A hex digest as S3 writes it in `ChecksumSHA256`: base64 of the 32 bytes."""
    return base64.b64encode(bytes.fromhex(sha256)).decode("ascii")
