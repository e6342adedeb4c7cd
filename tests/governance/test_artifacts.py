"""Publishing artifacts: once, under their own digest."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from governance.artifacts import ArtifactKey, digest_of_url, parse_key
from governance.errors import ArtifactError
from governance.publishing import publish

MODEL = b"a really trained model"
SHA256 = hashlib.sha256(MODEL).hexdigest()
KEY = f"artifacts/dev/ModelCreditRisk/{SHA256}/model.tar.gz"


class Refused(Exception):
    """botocore's ClientError as far as publishing looks at it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


class Bucket:
    """S3's part in it: a checksum is verified, `If-None-Match: *` never replaces, each version has an id."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.sent: dict[str, Any] = {}

    def put_object(self, **parameters: Any) -> Mapping[str, Any]:
        self.sent = parameters
        body = parameters["Body"]
        content = body if isinstance(body, bytes) else body.read()
        if base64.b64encode(hashlib.sha256(content).digest()).decode() != parameters["ChecksumSHA256"]:
            raise Refused(400)
        if parameters.get("IfNoneMatch") == "*" and parameters["Key"] in self.objects:
            raise Refused(412)
        self.objects[parameters["Key"]] = content
        return {"VersionId": "v1"}

    def head_object(self, **parameters: Any) -> Mapping[str, Any]:
        checksum = base64.b64encode(hashlib.sha256(self.objects[parameters["Key"]]).digest()).decode()
        return {"VersionId": "v1"} | ({"ChecksumSHA256": checksum} if parameters.get("ChecksumMode") else {})


def test_an_artifact_lies_under_its_own_digest() -> None:
    """Guards: a key that says nothing of the bytes, so that nobody can tell what was approved."""
    bucket = Bucket()
    location = publish(bucket, "artifacts", "dev", "ModelCreditRisk", MODEL)
    assert (location.key, location.url, location.version_id) == (KEY, f"s3://artifacts/{KEY}", "v1")
    assert (location.sha256, location.created) == (SHA256, True)
    assert bucket.objects == {KEY: MODEL}
    assert bucket.sent["IfNoneMatch"] == "*"


def test_a_file_is_published_like_its_bytes(tmp_path: Path) -> None:
    """Guards: a large artifact has to fit into memory, or hashes differently."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(MODEL)
    assert publish(Bucket(), "artifacts", "dev", "ModelCreditRisk", path).key == KEY


def test_the_same_bytes_twice_are_one_object() -> None:
    """Guards: a repeated publication fails, or makes a second version of an approved artifact."""
    bucket = Bucket()
    publish(bucket, "artifacts", "dev", "ModelCreditRisk", MODEL)
    again = publish(bucket, "artifacts", "dev", "ModelCreditRisk", MODEL)
    assert (again.key, again.created) == (KEY, False)


def test_other_bytes_under_the_promised_key_are_refused() -> None:
    """Guards: an artifact that was planted under another one's digest gets registered."""
    bucket = Bucket()
    bucket.objects[KEY] = b"something else"
    with pytest.raises(ArtifactError, match="its key promises other bytes"):
        publish(bucket, "artifacts", "dev", "ModelCreditRisk", MODEL)


def test_a_refused_upload_is_no_existing_object() -> None:
    """Guards: AccessDenied taken for "already there"."""

    class Denying(Bucket):
        def put_object(self, **parameters: Any) -> Mapping[str, Any]:
            raise Refused(403)

    with pytest.raises(Refused):
        publish(Denying(), "artifacts", "dev", "ModelCreditRisk", MODEL)


def test_an_artifact_beyond_one_upload_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Guards: a multipart upload, whose checksum is none of the whole object."""
    path = tmp_path / "model.tar.gz"
    with path.open("wb") as sparse:
        sparse.truncate(5 * 1024**3 + 1)
    with pytest.raises(ArtifactError, match="5368709121 bytes; one upload holds at most 5368709120"):
        publish(Bucket(), "artifacts", "dev", "ModelCreditRisk", path)


@pytest.mark.parametrize(
    ("url", "sha256"),
    [
        (f"s3://artifacts/{KEY}", SHA256),
        (f"s3://artifacts/{KEY}.bak", None),
        (f"s3://artifacts/x/{KEY}", None),
        (f"s3://artifacts/{KEY.upper()}", None),
        (f"https://artifacts/{KEY}", None),
        ("s3://artifacts/model.tar.gz", None),
        (None, None),
    ],
)
def test_a_digest_is_read_only_from_a_key_of_the_helpers_form(url: str | None, sha256: str | None) -> None:
    """Guards: a key that merely resembles ours is taken for a digest of the bytes."""
    assert digest_of_url(url) == sha256


def test_a_key_reads_as_it_was_written() -> None:
    """Guards: publisher and reader of keys disagree."""
    assert parse_key(KEY) == ArtifactKey("dev", "ModelCreditRisk", SHA256)
    assert str(ArtifactKey("dev", "ModelCreditRisk", SHA256)) == KEY
