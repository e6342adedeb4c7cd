"""Objects through boto3: versions, checksums, conditional writes, encryption, tags, listings."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.registry_world import (
    HUB,
    REGION,
    Client,
    allow,
    refused,
    role_with,
    unique,
)

PART = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def storage(client: Client) -> Any:
    return client("hub", None, "s3")


@pytest.fixture
def bucket(storage: Any) -> str:
    name = unique("b")
    storage.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    storage.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def policy(storage: Any, bucket: str, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    storage.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


class TestChecksums:
    def test_the_sha256_is_kept_and_shown(self, storage: Any, bucket: str) -> None:
        """Guards: the artifact's digest can't be read back (checking-object-integrity-upload)."""
        put = storage.put_object(Bucket=bucket, Key="k", Body=b"model", ChecksumAlgorithm="SHA256")
        assert (put["ChecksumSHA256"], put["ChecksumType"]) == (sha256(b"model"), "FULL_OBJECT")
        shown = storage.get_object_attributes(
            Bucket=bucket, Key="k", VersionId=put["VersionId"], ObjectAttributes=["Checksum", "ObjectSize", "ETag"]
        )
        assert shown["Checksum"] == {"ChecksumSHA256": sha256(b"model"), "ChecksumType": "FULL_OBJECT"}
        assert shown["ObjectSize"] == 5
        assert "ChecksumSHA256" in storage.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert "ChecksumSHA256" not in storage.head_object(Bucket=bucket, Key="k")

    def test_a_wrong_checksum_is_refused(self, storage: Any, bucket: str) -> None:
        """Guards: an artifact that was damaged on its way is stored (BadDigest)."""
        refused("BadDigest", storage.put_object, Bucket=bucket, Key="k", Body=b"a", ChecksumSHA256=sha256(b"b"))
        wrong = base64.b64encode(hashlib.md5(b"b", usedforsecurity=False).digest()).decode()
        refused("BadDigest", storage.put_object, Bucket=bucket, Key="k", Body=b"a", ContentMD5=wrong)
        assert "Contents" not in storage.list_objects_v2(Bucket=bucket)

    def test_a_multipart_checksum_is_composite(self, storage: Any, bucket: str) -> None:
        """Guards: a multipart SHA-256 is taken for the digest of the whole object."""
        begun = storage.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")
        where = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
        parts = []
        for number, body in enumerate((b"a" * PART, b"b"), start=1):
            sent = storage.upload_part(**where, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
            parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": sent["ChecksumSHA256"]})
        done = storage.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        assert done["ChecksumType"] == "COMPOSITE"
        assert done["ChecksumSHA256"].endswith("-2")
        assert done["ETag"].endswith('-2"')
        assert storage.get_object(Bucket=bucket, Key="k")["Body"].read() == b"a" * PART + b"b"

    def test_a_small_part_is_refused(self, storage: Any, bucket: str) -> None:
        """Guards: parts below 5 MiB pass (qfacts, EntityTooSmall)."""
        begun = storage.create_multipart_upload(Bucket=bucket, Key="k")
        where = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
        tags = [storage.upload_part(**where, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)]
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
        refused("EntityTooSmall", storage.complete_multipart_upload, **where, MultipartUpload={"Parts": parts})


class TestConditionalWrites:
    def test_an_object_is_not_made_over_another(self, storage: Any, bucket: str) -> None:
        """Guards: If-None-Match is ignored and an artifact is replaced (conditional-writes: 412)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
        refused("PreconditionFailed", storage.put_object, Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")
        assert storage.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"

    def test_completing_an_upload_is_conditional_too(self, storage: Any, bucket: str) -> None:
        """Guards: a multipart upload goes round the condition."""
        begun = storage.create_multipart_upload(Bucket=bucket, Key="k")
        where = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
        parts = {"Parts": [{"PartNumber": 1, "ETag": storage.upload_part(**where, PartNumber=1, Body=b"x")["ETag"]}]}
        storage.put_object(Bucket=bucket, Key="k", Body=b"first")
        complete = storage.complete_multipart_upload
        refused("PreconditionFailed", complete, **where, MultipartUpload=parts, IfNoneMatch="*")

    def test_a_delete_marker_opens_the_key_again(self, storage: Any, bucket: str) -> None:
        """Guards: the hole that a delete marker leaves isn't shown (conditional-writes)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
        storage.delete_object(Bucket=bucket, Key="k")
        storage.put_object(Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")
        assert storage.get_object(Bucket=bucket, Key="k")["Body"].read() == b"second"

    def test_only_the_object_that_was_seen_is_replaced_or_deleted(self, storage: Any, bucket: str) -> None:
        """Guards: If-Match is ignored, and a writer overwrites what it never saw (conditional-writes)."""
        seen = storage.put_object(Bucket=bucket, Key="k", Body=b"first")["ETag"]
        now = storage.put_object(Bucket=bucket, Key="k", Body=b"second", IfMatch=seen)["ETag"]
        refused("PreconditionFailed", storage.put_object, Bucket=bucket, Key="k", Body=b"third", IfMatch=seen)
        refused("PreconditionFailed", storage.delete_object, Bucket=bucket, Key="k", IfMatch=seen)
        refused("NoSuchKey", storage.put_object, Bucket=bucket, Key="other", Body=b"first", IfMatch=now)
        refused("PreconditionFailed", storage.get_object, Bucket=bucket, Key="k", IfMatch=seen)
        refused("304", storage.get_object, Bucket=bucket, Key="k", IfNoneMatch=now)
        assert storage.get_object(Bucket=bucket, Key="k", IfMatch=now)["Body"].read() == b"second"

    def test_a_policy_can_demand_the_condition(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: conditional-writes-enforce: objects need the header, parts of an upload can't carry it."""
        policy(
            storage, bucket,
            {
                "Sid": "MakeOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
                "Condition": {
                    "Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"},
                },
            },
        )  # fmt: skip
        message = refused("AccessDenied", storage.put_object, Bucket=bucket, Key="k", Body=b"x")
        assert "MakeOnly" in message
        storage.put_object(Bucket=bucket, Key="k", Body=b"x", IfNoneMatch="*")
        source = {"Bucket": bucket, "Key": "k"}
        refused("AccessDenied", storage.copy_object, Bucket=bucket, Key="copy", CopySource=source)
        begun = storage.create_multipart_upload(Bucket=bucket, Key="big")
        where = {"Bucket": bucket, "Key": "big", "UploadId": begun["UploadId"]}
        parts = {"Parts": [{"PartNumber": 1, "ETag": storage.upload_part(**where, PartNumber=1, Body=b"x")["ETag"]}]}
        refused("AccessDenied", storage.complete_multipart_upload, **where, MultipartUpload=parts)
        storage.complete_multipart_upload(**where, MultipartUpload=parts, IfNoneMatch="*")


class TestVersions:
    def test_versions_stay_and_markers_hide(self, storage: Any, bucket: str) -> None:
        """Guards: a deletion destroys data in a versioned bucket, or a marker is taken for a missing key."""
        ids = [storage.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
        gone = storage.delete_object(Bucket=bucket, Key="k")
        assert gone["DeleteMarker"] is True
        refused("NoSuchKey", storage.get_object, Bucket=bucket, Key="k")
        assert storage.get_object(Bucket=bucket, Key="k", VersionId=ids[0])["Body"].read() == b"1"
        listed = storage.list_object_versions(Bucket=bucket)
        assert [(row["VersionId"], row["IsLatest"]) for row in listed["Versions"]] == [(ids[1], False), (ids[0], False)]
        assert [row["IsLatest"] for row in listed["DeleteMarkers"]] == [True]
        storage.delete_object(Bucket=bucket, Key="k", VersionId=gone["VersionId"])
        assert storage.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"

    def test_a_bucket_with_versions_can_t_be_deleted(self, storage: Any, bucket: str) -> None:
        """Guards: a destroy takes versions along that only a delete marker hides (BucketNotEmpty)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"1")
        storage.delete_object(Bucket=bucket, Key="k")
        refused("BucketNotEmpty", storage.delete_bucket, Bucket=bucket)
        listed = storage.list_object_versions(Bucket=bucket)
        rows = [
            {"Key": row["Key"], "VersionId": row["VersionId"]} for row in listed["Versions"] + listed["DeleteMarkers"]
        ]
        storage.delete_objects(Bucket=bucket, Delete={"Objects": rows})
        storage.delete_bucket(Bucket=bucket)
        refused("404", storage.head_bucket, Bucket=bucket)

    def test_listings_roll_up_and_continue(self, storage: Any, bucket: str) -> None:
        """Guards: a page that repeats or loses keys."""
        for key in ("a/1", "a/2", "b", "c"):
            storage.put_object(Bucket=bucket, Key=key, Body=b"")
        found = storage.list_objects_v2(Bucket=bucket, Delimiter="/")
        assert [row["Prefix"] for row in found["CommonPrefixes"]] == ["a/"]
        assert [row["Key"] for row in found["Contents"]] == ["b", "c"]
        pages = storage.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
        assert [row["Key"] for page in pages for row in page["Contents"]] == ["a/1", "a/2", "b", "c"]


class TestEncryption:
    @pytest.fixture
    def key(self, client: Client) -> str:
        return str(client("hub", None, "kms").create_key()["KeyMetadata"]["Arn"])

    def encrypt(self, storage: Any, bucket: str, key: str, *, bucket_key: bool) -> None:
        rule = {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
            "BucketKeyEnabled": bucket_key,
        }
        storage.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})

    @pytest.mark.parametrize("bucket_key", [True, False])
    def test_default_encryption_uses_the_key_as_the_caller(
        self, client: Client, org: Emulator, storage: Any, bucket: str, key: str, bucket_key: bool
    ) -> None:
        """Guards: objects are written without the right to use the key (UsingKMSEncryption)."""
        self.encrypt(storage, bucket, key, bucket_key=bucket_key)
        put = storage.put_object(Bucket=bucket, Key="k", Body=b"x")
        assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", key)
        assert put.get("BucketKeyEnabled", False) is bucket_key
        assert put["ETag"] != f'"{hashlib.md5(b"x", usedforsecurity=False).hexdigest()}"'
        used = [
            row for row in org.log if row["operation"] == "GenerateDataKey" and row["parameters"].get("resource") == key
        ]
        context = f"arn:aws:s3:::{bucket}" + ("" if bucket_key else "/k")
        assert used[-1]["via"] == f"s3.{REGION}.amazonaws.com"
        assert used[-1]["parameters"]["kms:EncryptionContext:aws:s3:arn"] == context
        reader = client("hub", role_with(client, "hub", allow("s3:*")), "s3")
        assert "kms:Decrypt" in refused("AccessDenied", reader.get_object, Bucket=bucket, Key="k")
        assert "kms:GenerateDataKey" in refused("AccessDenied", reader.put_object, Bucket=bucket, Key="l", Body=b"x")

    def test_a_missing_kms_right_names_the_key(self, client: Client, storage: Any, bucket: str, key: str) -> None:
        """Guards: reading a digest needs no key (GetObjectAttributes needs kms:Decrypt; HeadObject without it not)."""
        self.encrypt(storage, bucket, key, bucket_key=True)
        storage.put_object(Bucket=bucket, Key="k", Body=b"x", ChecksumAlgorithm="SHA256")
        reader = client("hub", role_with(client, "hub", allow("s3:*")), "s3")
        assert reader.head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == key
        attributes = {"Bucket": bucket, "Key": "k", "ObjectAttributes": ["Checksum"]}
        refused("AccessDenied", reader.get_object_attributes, **attributes)
        refused("403", reader.head_object, Bucket=bucket, Key="k", ChecksumMode="ENABLED")


class TestAccess:
    def test_across_accounts_both_sides_must_allow(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a foreign account reads by its own rights alone (moto lets it)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"x")
        reader = client("dev", None, "s3")
        refused("AccessDenied", reader.get_object, Bucket=bucket, Key="k")
        policy(
            storage, bucket,
            {
                "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            },
        )  # fmt: skip
        assert reader.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
        refused("AccessDenied", reader.put_object, Bucket=bucket, Key="k", Body=b"y")

    def test_only_who_lists_learns_that_a_key_is_missing(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a reader without ListBucket probes for keys (GetObject: 403 instead of 404)."""
        objects = f"arn:aws:s3:::{bucket}/*"
        reader = client("hub", role_with(client, "hub", allow("s3:GetObject", resource=objects)), "s3")
        refused("AccessDenied", reader.get_object, Bucket=bucket, Key="none")
        refused("NoSuchKey", storage.get_object, Bucket=bucket, Key="none")

    def test_an_object_s_tags_decide_who_reads_it(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a serving role reads an artifact without its stage's tag (s3:ExistingObjectTag)."""
        put = storage.put_object(Bucket=bucket, Key="k", Body=b"x")
        tagged = {"StringEquals": {"s3:ExistingObjectTag/test": "approved"}}
        objects = f"arn:aws:s3:::{bucket}/*"
        role = role_with(client, "hub", allow("s3:GetObject", resource=objects, Condition=tagged))
        reader = client("hub", role, "s3")
        refused("AccessDenied", reader.get_object, Bucket=bucket, Key="k")
        storage.put_object_tagging(
            Bucket=bucket, Key="k", VersionId=put["VersionId"],
            Tagging={"TagSet": [{"Key": "test", "Value": "approved"}]},
        )  # fmt: skip
        assert reader.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"

    def test_a_version_has_actions_of_its_own(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: rights on a key reach its versions (PutObjectVersionTagging, GetObjectVersion, …)."""
        put = storage.put_object(Bucket=bucket, Key="k", Body=b"x")
        role = role_with(client, "hub", allow("s3:PutObjectTagging", "s3:GetObject", "s3:DeleteObject"))
        holder = client("hub", role, "s3")
        version = {"Bucket": bucket, "Key": "k", "VersionId": put["VersionId"]}
        tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
        holder.put_object_tagging(Bucket=bucket, Key="k", Tagging=tags)
        for operation, more in ((holder.put_object_tagging, {"Tagging": tags}), (holder.get_object, {}),
                                (holder.delete_object, {})):  # fmt: skip
            message = refused("AccessDenied", operation, **version, **more)
            assert "Version" in message

    def test_tags_with_a_put_need_their_own_right(self, client: Client, bucket: str) -> None:
        """Guards: an uploader tags its artifact as approved on the way in (PutObjectTagging, RequestObjectTag)."""
        uploader = client("hub", role_with(client, "hub", allow("s3:PutObject")), "s3")
        put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
        assert "s3:PutObjectTagging" in refused("AccessDenied", uploader.put_object, **put, Tagging="test=approved")
        uploader.put_object(**put)

    def test_a_prefix_narrows_listing(self, client: Client, bucket: str) -> None:
        """Guards: s3:prefix isn't there, so every conditioned listing is denied or allowed."""
        inside = {"StringLike": {"s3:prefix": "artifacts/dev/*"}}
        role = role_with(client, "hub", allow("s3:ListBucket", Condition=inside))
        lister = client("hub", role, "s3")
        assert lister.list_objects_v2(Bucket=bucket, Prefix="artifacts/dev/")["KeyCount"] == 0
        refused("AccessDenied", lister.list_objects_v2, Bucket=bucket, Prefix="artifacts/test/")
        refused("AccessDenied", lister.list_objects_v2, Bucket=bucket)


def test_an_owner_can_be_demanded(storage: Any, bucket: str) -> None:
    """Guards: an upload reaches a bucket of the right name in the wrong account (ExpectedBucketOwner)."""
    storage.put_object(Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner=HUB)
    refused("AccessDenied", storage.put_object, Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner="2" * 12)


def test_what_is_not_served_is_named(storage: Any, bucket: str) -> None:
    """Guards: a parameter is dropped in silence."""
    with pytest.raises(ClientError, match=r"(?s)NotEmulated.*Range"):
        storage.get_object(Bucket=bucket, Key="k", Range="bytes=0-1")
