"""S3's store: buckets, one name space for all accounts, with the versions of their objects.

moto isn't used for S3: it keeps no checksums of parts, takes If-None-Match on some paths only, and knows neither
default encryption nor bucket keys, which are what the artifacts' protection rests on.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.organisation.core import ApiError, Organisation, Params

SERVICE = "s3"
NULL_VERSION = "null"
"""The version id of objects that were written while the bucket kept no versions."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an object is encrypted: `AES256`, or `aws:kms` with a key's ARN and whether the bucket's key is used."""

    algorithm: str
    key: str | None = None
    bucket_key: bool = False

    def shown(self) -> Params:
        answer: Params = {"ServerSideEncryption": self.algorithm}
        if self.key:
            answer["SSEKMSKeyId"] = self.key
            if self.bucket_key:
                answer["BucketKeyEnabled"] = True
        return answer


@dataclass(frozen=True, slots=True)
class Checksum:
    """A stored checksum: algorithm (`SHA256`), Base64 value (`…-N` for a composite one), FULL_OBJECT or COMPOSITE."""

    algorithm: str
    value: str
    kind: str = "FULL_OBJECT"

    def shown(self) -> Params:
        return {f"Checksum{self.algorithm}": self.value, "ChecksumType": self.kind}


@dataclass(slots=True)
class Lock:
    """What protects a version: `mode` (GOVERNANCE, COMPLIANCE) until a moment, `hold` (ON, OFF); None: never set."""

    mode: str | None = None
    until: datetime | None = None
    hold: str | None = None

    def retained(self, now: datetime) -> bool:
        return self.until is not None and self.until > now


@dataclass(slots=True)
class Version:
    """One version of an object, or a delete marker. `described` holds the headers that GetObject gives back."""

    key: str
    id: str
    modified: datetime
    body: bytes = b""
    etag: str = ""
    described: Params = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    encryption: Encryption = Encryption("AES256")
    checksum: Checksum | None = None
    parts: int = 0
    marker: bool = False
    lock: Lock = field(default_factory=Lock)


@dataclass(slots=True)
class Part:
    number: int
    body: bytes
    etag: str
    checksum: Checksum | None
    modified: datetime


@dataclass(slots=True)
class Upload:
    """A multipart upload under way. `lock` holds the Object Lock parameters that it began with."""

    id: str
    key: str
    started: datetime
    described: Params
    tags: dict[str, str]
    encryption: Encryption
    algorithm: str | None
    lock: Params = field(default_factory=dict)
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass(slots=True)
class Bucket:
    """A bucket. `settings` holds each configuration document as it was put; `versioning` is "" until it is set.

    `numbers`: in which order the versions of a key came, by key and version id, those that were deleted included.
    """

    name: str
    owner: str
    region: str
    created: datetime
    versioning: str = ""
    policy: str | None = None
    settings: dict[str, Params] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    objects: dict[str, list[Version]] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _counter: Iterator[int] = field(default_factory=itertools.count)

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.name}"

    def current(self, key: str) -> Version | None:
        """The newest version, a delete marker included; None where the key was never written."""
        versions = self.objects.get(key)
        return versions[-1] if versions else None

    def find(self, key: str, version: str | None) -> Version | None:
        if version is None:
            return self.current(key)
        return next((one for one in self.objects.get(key, []) if one.id == version), None)

    def exists(self, key: str) -> bool:
        found = self.current(key)
        return found is not None and not found.marker

    def add(self, version: Version) -> None:
        """Put a version on top; a null version replaces an earlier one."""
        versions = self.objects.setdefault(version.key, [])
        if version.id == NULL_VERSION:
            versions[:] = [one for one in versions if one.id != NULL_VERSION]
        versions.append(version)
        self.numbers[version.key, version.id] = next(self._counter)

    def drop(self, version: Version) -> None:
        self.objects[version.key].remove(version)
        if not self.objects[version.key]:
            del self.objects[version.key]

    def new_version_id(self) -> str:
        return secrets.token_urlsafe(24) if self.versioning == "Enabled" else NULL_VERSION


def malformed(why: str) -> ApiError:
    return ApiError(
        "MalformedXML",
        f"The XML you provided was not well-formed or did not validate against our published schema: {why}",
    )


def buckets(org: Organisation) -> dict[str, Bucket]:
    found: dict[str, Bucket] = org.state(SERVICE, "", "").setdefault("buckets", {})
    return found


def find_bucket(org: Organisation, name: str) -> Bucket:
    bucket = buckets(org).get(name)
    if bucket is None:
        raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)
    return bucket


def buckets_of(org: Organisation, account: str) -> Iterator[Bucket]:
    return (bucket for _, bucket in sorted(buckets(org).items()) if bucket.owner == account)
