"""Object Lock through boto3: who can't delete or loosen what, until when, by the organisation's clock."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Caller
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import HUB, Client, allow, deny, new_role, refused, root, unique

PLACE = {"LocationConstraint": "eu-west-1"}
DAY = timedelta(days=1)
Retention = dict[str, Any]


@pytest.fixture(scope="module")
def storage(client: Client) -> Any:
    return client("hub", None, "s3")


def locked_bucket(storage: Any, **default: Any) -> str:
    """A bucket with Object Lock, with a default retention if one is given."""
    name = unique("locked")
    storage.create_bucket(Bucket=name, CreateBucketConfiguration=PLACE, ObjectLockEnabledForBucket=True)
    if default:
        configuration = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
        storage.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=configuration)
    return name


@pytest.fixture
def bucket(storage: Any) -> str:
    return locked_bucket(storage)


def until(days: float) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def put(storage: Any, bucket: str, **more: Any) -> dict[str, str]:
    """Write an object; returns Bucket, Key and VersionId, which name the version."""
    version = storage.put_object(Bucket=bucket, Key="anchors/1.json", Body=b"anchor", **more)["VersionId"]
    return {"Bucket": bucket, "Key": "anchors/1.json", "VersionId": version}


def retained(storage: Any, bucket: str, mode: str, days: float = 30) -> dict[str, str]:
    return put(storage, bucket, ObjectLockMode=mode, ObjectLockRetainUntilDate=until(days))


class TestBuckets:
    def test_a_bucket_made_with_object_lock_keeps_versions_for_ever(self, storage: Any, bucket: str) -> None:
        """Guards: a lock that a suspended versioning would undo (object-lock: versioning can't be suspended)."""
        assert storage.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        shown = storage.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        assert shown == {"ObjectLockEnabled": "Enabled"}
        with refused("InvalidBucketState", "versioning state cannot be changed"):
            storage.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        storage.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def test_an_existing_bucket_gets_object_lock_once_it_keeps_versions(self, storage: Any) -> None:
        """Guards: a lock on a bucket whose objects can be overwritten (API_PutObjectLockConfiguration)."""
        name = unique("later")
        storage.create_bucket(Bucket=name, CreateBucketConfiguration=PLACE)
        with refused("ObjectLockConfigurationNotFoundError"):
            storage.get_object_lock_configuration(Bucket=name)
        sent = {"Bucket": name, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
        with refused("InvalidBucketState", "Versioning must be 'Enabled'"):
            storage.put_object_lock_configuration(**sent)
        storage.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        storage.put_object_lock_configuration(**sent)
        assert storage.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]

    @pytest.mark.parametrize(
        ("default", "code"),
        [
            ({"Mode": "COMPLIANCE"}, "MalformedXML"),
            ({"Days": 1}, "MalformedXML"),
            ({"Mode": "COMPLIANCE", "Days": 1, "Years": 1}, "MalformedXML"),
            ({"Mode": "COMPLIANCE", "Days": 0}, "InvalidRetentionPeriod"),
            ({"Mode": "GOVERNANCE", "Days": 36_501}, "InvalidRetentionPeriod"),
            ({"Mode": "GOVERNANCE", "Years": 101}, "InvalidRetentionPeriod"),
        ],
    )
    def test_a_default_retention_is_a_mode_and_one_period(
        self, storage: Any, bucket: str, default: Retention, code: str
    ) -> None:
        """Guards: a retention that S3 refuses at `up` (API_DefaultRetention: Mode, and Days or Years)."""
        configuration = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
        with refused(code):
            storage.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)
        with refused("MalformedXML", "ObjectLockEnabled"):
            storage.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={})

    def test_a_bucket_without_object_lock_locks_nothing(self, storage: Any) -> None:
        """Guards: a retention that is kept and protects nothing (InvalidRequest)."""
        name = unique("plain")
        storage.create_bucket(Bucket=name, CreateBucketConfiguration=PLACE)
        with refused("InvalidRequest", "missing Object Lock"):
            retained(storage, name, "COMPLIANCE")
        version = {"Bucket": name, "Key": storage.put_object(Bucket=name, Key="k") and "k"}
        with refused("InvalidRequest", "missing Object Lock"):
            storage.put_object_retention(**version, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until(1)})
        with refused("InvalidRequest", "missing Object Lock"):
            storage.get_object_legal_hold(**version)

    def test_making_one_needs_the_right_to_lock(self, client: Client) -> None:
        """Guards: a deployer whose role lacks what AWS asks for (API_CreateBucket, Permissions)."""
        role = new_role(client("hub", None, "iam"), HUB, allow("s3:*"), deny("s3:PutBucketObjectLockConfiguration"))
        sent = {"Bucket": unique("denied"), "CreateBucketConfiguration": PLACE}
        with refused("AccessDenied", "s3:PutBucketObjectLockConfiguration"):
            client("hub", role, "s3").create_bucket(**sent, ObjectLockEnabledForBucket=True)
        assert client("hub", role, "s3").create_bucket(**sent)


class TestRetention:
    def test_compliance_holds_against_everybody_until_its_end(self, fresh: Emulator) -> None:
        """Guards: anchors that an administrator, the bypass or root can delete (object-lock, compliance mode)."""
        control = Control(fresh.endpoint)
        storage = control.client("hub", None, "s3")
        version = retained(storage, locked_bucket(storage), "COMPLIANCE", days=2)
        for more in ({}, {"BypassGovernanceRetention": True}):
            with refused("AccessDenied", "object protected by object lock"):
                storage.delete_object(**version, **more)
        everything = Caller(root(HUB), HUB)
        with pytest.raises(Exception, match="object protected by object lock"):
            fresh.call(everything, "s3", "DeleteObject", version, region="eu-west-1")
        control.advance(2 * 86_400 + 1)
        storage = control.client("hub", None, "s3")
        assert storage.delete_object(**version)["VersionId"] == version["VersionId"]

    def test_compliance_is_prolonged_and_never_loosened(self, storage: Any, bucket: str) -> None:
        """Guards: a retention that is shortened, changed to GOVERNANCE or taken off (API_PutObjectRetention)."""
        version = retained(storage, bucket, "COMPLIANCE")
        looser: tuple[Retention, ...] = (
            {"Mode": "COMPLIANCE", "RetainUntilDate": until(29)},
            {"Mode": "GOVERNANCE", "RetainUntilDate": until(60)},
            {},
        )
        for retention in looser:
            with refused("AccessDenied", "object lock"):
                storage.put_object_retention(**version, Retention=retention, BypassGovernanceRetention=True)
        longer = {"Mode": "COMPLIANCE", "RetainUntilDate": until(60)}
        storage.put_object_retention(**version, Retention=longer)
        assert storage.get_object_retention(**version)["Retention"] == longer

    def test_governance_yields_to_the_bypass_and_its_right_only(self, client: Client, storage: Any) -> None:
        """Guards: a header without the right, or a right without the header, that deletes (object-lock-managing)."""
        bucket = locked_bucket(storage, Mode="GOVERNANCE", Days=30)
        first, second = put(storage, bucket), put(storage, bucket)
        shown = storage.get_object_retention(**first)["Retention"]
        assert shown["Mode"] == "GOVERNANCE"
        made = storage.head_object(**first)["LastModified"]
        assert abs(shown["RetainUntilDate"] - made - timedelta(days=30)) < timedelta(minutes=1)
        role = new_role(client("hub", None, "iam"), HUB, allow("s3:*"), deny("s3:BypassGovernanceRetention"))
        with refused("AccessDenied", "s3:BypassGovernanceRetention"):
            client("hub", role, "s3").delete_object(**first, BypassGovernanceRetention=True)
        with refused("AccessDenied", "object lock"):
            storage.delete_object(**first)
        assert storage.delete_object(**first, BypassGovernanceRetention=True)
        for retention in ({"Mode": "GOVERNANCE", "RetainUntilDate": until(1)}, {}):
            with refused("AccessDenied", "object lock"):
                storage.put_object_retention(**second, Retention=retention)
            storage.put_object_retention(**second, Retention=retention, BypassGovernanceRetention=True)
        with refused("NoSuchObjectLockConfiguration"):
            storage.get_object_retention(**second)
        assert storage.delete_object(**second)

    def test_new_versions_and_delete_markers_stay_possible(self, storage: Any, bucket: str) -> None:
        """Guards: a lock of the key instead of the version (object-lock: markers are not protected)."""
        version = retained(storage, bucket, "COMPLIANCE")
        later = put(storage, bucket)
        marker = storage.delete_object(Bucket=bucket, Key=version["Key"])
        assert marker["DeleteMarker"] is True
        storage.delete_object(Bucket=bucket, Key=version["Key"], VersionId=marker["VersionId"])
        storage.delete_object(**later)
        assert storage.get_object(**version)["Body"].read() == b"anchor"

    def test_many_are_deleted_but_the_locked_ones(self, storage: Any, bucket: str) -> None:
        """Guards: a bulk delete that passes the lock, or fails as a whole (API_DeleteObjects, Errors)."""
        kept, free = retained(storage, bucket, "GOVERNANCE"), put(storage, bucket)
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in (kept, free)]
        answer = storage.delete_objects(Bucket=bucket, Delete={"Objects": objects})
        assert [one["VersionId"] for one in answer["Deleted"]] == [free["VersionId"]]
        assert [(one["VersionId"], one["Code"]) for one in answer["Errors"]] == [(kept["VersionId"], "AccessDenied")]
        storage.delete_objects(
            Bucket=bucket, Delete={"Objects": objects[:1], "Quiet": True}, BypassGovernanceRetention=True
        )
        assert "Versions" not in storage.list_object_versions(Bucket=bucket)

    def test_a_bucket_with_a_locked_version_is_not_deleted(self, storage: Any, bucket: str) -> None:
        """Guards: a destroy that takes the anchors with it (BucketNotEmpty)."""
        version = retained(storage, bucket, "COMPLIANCE")
        storage.delete_object(Bucket=bucket, Key=version["Key"])
        with refused("BucketNotEmpty", "all versions"):
            storage.delete_bucket(Bucket=bucket)

    @pytest.mark.parametrize(
        ("headers", "code", "words"),
        [
            ({"ObjectLockMode": "COMPLIANCE"}, "InvalidArgument", "must both be supplied"),
            ({"ObjectLockRetainUntilDate": until(1)}, "InvalidArgument", "must both be supplied"),
            (
                {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until(-1)},
                "InvalidArgument",
                "must be in the future",
            ),
        ],
    )
    def test_lock_headers_that_do_not_fit_are_refused(
        self, storage: Any, bucket: str, headers: dict[str, Any], code: str, words: str
    ) -> None:
        """Guards: an object that is written without the lock that was meant (API_PutObject)."""
        with refused(code, words):
            put(storage, bucket, **headers)
        assert "Versions" not in storage.list_object_versions(Bucket=bucket)

    def test_a_retention_without_its_end_or_in_the_past_is_refused(self, storage: Any, bucket: str) -> None:
        """Guards: half a retention (API_PutObjectRetention)."""
        version = put(storage, bucket)
        with refused("MalformedXML"):
            storage.put_object_retention(**version, Retention={"Mode": "COMPLIANCE"})
        with refused("InvalidArgument", "future"):
            past = {"Mode": "COMPLIANCE", "RetainUntilDate": until(-1)}
            storage.put_object_retention(**version, Retention=past)
        with refused("NotEmulated", "EventHold"):
            storage.put_object_retention(**version, Retention={"EventHold": "ON"})


class TestUploads:
    def test_an_upload_that_will_be_locked_proves_its_bytes(self, org: Emulator, storage: Any, client: Client) -> None:
        """Guards: a writer that sends no checksum, which works until Object Lock is on (API_PutObject, Content-MD5)."""
        default = locked_bucket(storage, Mode="GOVERNANCE", Days=1)
        bare = _without_checksums(org)
        with refused("InvalidRequest", "Content-MD5 OR x-amz-checksum-"):
            bare.put_object(Bucket=default, Key="k", Body=b"x")
        digest = base64.b64encode(hashlib.md5(b"x", usedforsecurity=False).digest()).decode()
        assert bare.put_object(Bucket=default, Key="k", Body=b"x", ContentMD5=digest)
        assert bare.put_object(Bucket=locked_bucket(storage), Key="k", Body=b"x"), "nothing locks it"
        begun = bare.create_multipart_upload(Bucket=default, Key="m")
        with refused("InvalidRequest", "Put Part"):
            bare.upload_part(Bucket=default, Key="m", UploadId=begun["UploadId"], PartNumber=1, Body=b"x")

    def test_multipart_uploads_and_copies_are_locked_too(self, storage: Any, bucket: str) -> None:
        """Guards: a way around the lock that is not PutObject (API_CreateMultipartUpload, API_CopyObject)."""
        lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until(3)}
        where = {"Bucket": bucket, "Key": "m"}
        upload = storage.create_multipart_upload(**where, **lock)["UploadId"]
        part = storage.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        done = storage.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
        copied = storage.copy_object(
            Bucket=bucket, Key="c", CopySource=f"{bucket}/m", ObjectLockLegalHoldStatus="ON"
        )  # fmt: skip
        for key, version in (("m", done["VersionId"]), ("c", copied["VersionId"])):
            with refused("AccessDenied", "object lock"):
                storage.delete_object(Bucket=bucket, Key=key, VersionId=version)

    def test_the_lock_is_shown_to_who_may_read_it(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a lock that can't be checked after writing, or that everybody sees (API_HeadObject)."""
        date = until(3)
        version = put(
            storage, bucket, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=date, ObjectLockLegalHoldStatus="ON"
        )  # fmt: skip
        for shown in (storage.head_object(**version), storage.get_object(**version)):
            assert (shown["ObjectLockMode"], shown["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", date)
            assert shown["ObjectLockLegalHoldStatus"] == "ON"
        reader = new_role(client("hub", None, "iam"), HUB, allow(["s3:GetObject", "s3:GetObjectVersion"]))
        assert "ObjectLockMode" not in client("hub", reader, "s3").head_object(**version)

    def test_lock_headers_need_rights_of_their_own(self, client: Client, bucket: str) -> None:
        """Guards: a role with s3:PutObject that can make versions undeletable (object-lock-managing, permissions)."""
        writer = client("hub", new_role(client("hub", None, "iam"), HUB, allow("s3:PutObject")), "s3")
        assert put(writer, bucket)
        with refused("AccessDenied", "s3:PutObjectRetention"):
            retained(writer, bucket, "GOVERNANCE")
        with refused("AccessDenied", "s3:PutObjectLegalHold"):
            put(writer, bucket, ObjectLockLegalHoldStatus="ON")


class TestLegalHolds:
    def test_a_hold_has_no_end_and_no_bypass(self, storage: Any, bucket: str) -> None:
        """Guards: a hold that ends with the retention or yields to the bypass (object-lock, legal holds)."""
        version = put(storage, bucket)
        with refused("NoSuchObjectLockConfiguration"):
            storage.get_object_legal_hold(**version)
        storage.put_object_legal_hold(**version, LegalHold={"Status": "ON"})
        with refused("AccessDenied", "object lock"):
            storage.delete_object(**version, BypassGovernanceRetention=True)
        storage.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
        assert storage.get_object_legal_hold(**version)["LegalHold"] == {"Status": "OFF"}
        storage.delete_object(**version)

    def test_a_hold_needs_a_status(self, storage: Any, bucket: str) -> None:
        """Guards: an empty document that passes for a hold (API_ObjectLockLegalHold)."""
        version = put(storage, bucket)
        with refused("MalformedXML", "Status"):
            storage.put_object_legal_hold(**version, LegalHold={})


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ({"StringNotEquals": {"s3:object-lock-mode": "COMPLIANCE"}}, {"ObjectLockMode": "GOVERNANCE"}),
        ({"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "10"}}, {"days": 11}),
        ({"DateGreaterThan": {"s3:object-lock-retain-until-date": until(10).isoformat()}}, {"days": 11}),
        ({"StringEquals": {"s3:object-lock-legal-hold": "ON"}}, {"ObjectLockLegalHoldStatus": "ON"}),
    ],
)
def test_a_bucket_policy_can_limit_locks(
    storage: Any, bucket: str, condition: dict[str, Any], wrong: dict[str, Any]
) -> None:
    """Guards: condition keys of locks that are judged on nothing (Service Authorization Reference, S3)."""
    statement = deny(
        ["s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"], f"arn:aws:s3:::{bucket}/*", Principal="*",
        Condition=condition,
    )  # fmt: skip
    right: dict[str, Any] = {"ObjectLockMode": "COMPLIANCE", "days": 9}
    free = put(storage, bucket)
    storage.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )  # fmt: skip

    def write(days: int, **headers: Any) -> None:
        put(storage, bucket, ObjectLockRetainUntilDate=until(days), **headers)

    write(**right)
    with refused("AccessDenied", "s3:PutObject"):
        write(**{**right, **wrong})
    retention = {"Mode": wrong.get("ObjectLockMode", "COMPLIANCE"), "RetainUntilDate": until(wrong.get("days", 9))}
    with refused("AccessDenied", "s3:PutObject"):
        if "ObjectLockLegalHoldStatus" in wrong:
            storage.put_object_legal_hold(**free, LegalHold={"Status": "ON"})
        else:
            storage.put_object_retention(**free, Retention=retention)


def _without_checksums(org: Emulator) -> Any:
    """A client of the hub's administrator that adds no checksum of its own."""
    credentials = Control(org.endpoint).credentials("hub")
    return boto3.Session(
        credentials.access_key, credentials.secret_key, credentials.session_token, region_name="eu-west-1"
    ).client("s3", endpoint_url=org.endpoint, config=Config(request_checksum_calculation="when_required"))


class TestListing:
    def test_pages_hold_all_versions_in_order(self, storage: Any, bucket: str) -> None:
        """Guards: a version that falls between two pages (API_ListObjectVersions: newest first, by key)."""
        for number in range(3):
            for key in ("a", "b", "c"):
                storage.put_object(Bucket=bucket, Key=key, Body=str(number).encode())
        storage.delete_object(Bucket=bucket, Key="b")
        whole = storage.list_object_versions(Bucket=bucket)
        pages = storage.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
        seen = list(pages)
        assert len(seen) == 5
        for kind in ("Versions", "DeleteMarkers"):
            paged = [one["VersionId"] for page in seen for one in page.get(kind, [])]
            assert paged == [one["VersionId"] for one in whole[kind]]
        assert [one["Key"] for one in whole["Versions"] if one["IsLatest"]] == ["a", "c"]
        assert whole["DeleteMarkers"][0]["IsLatest"] is True
        assert (seen[1]["KeyMarker"], seen[1]["VersionIdMarker"]) == ("a", seen[0]["Versions"][-1]["VersionId"])

    def test_who_deletes_page_by_page_reaches_the_end(self, storage: Any, bucket: str) -> None:
        """Guards: a marker that names a version deleted since: the rest of its key would be skipped."""
        for _ in range(5):
            put(storage, bucket)
        marker: dict[str, str] = {}
        while True:
            page = storage.list_object_versions(Bucket=bucket, MaxKeys=2, **marker)
            for one in page["Versions"]:
                storage.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
            if not page["IsTruncated"]:
                break
            marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        assert "Versions" not in storage.list_object_versions(Bucket=bucket)

    def test_a_delimiter_rolls_keys_up(self, storage: Any, bucket: str) -> None:
        """Guards: folders that are listed version by version, or twice over two pages (API_ListObjectVersions)."""
        for key in ("a/1", "a/2", "b", "c/1"):
            storage.put_object(Bucket=bucket, Key=key, Body=b"x")
        first = storage.list_object_versions(Bucket=bucket, Delimiter="/", MaxKeys=2)
        assert [one["Prefix"] for one in first["CommonPrefixes"]] == ["a/"]
        assert [one["Key"] for one in first["Versions"]] == ["b"]
        second = storage.list_object_versions(
            Bucket=bucket, Delimiter="/", KeyMarker=first["NextKeyMarker"], VersionIdMarker=first["NextVersionIdMarker"]
        )
        assert [one["Prefix"] for one in second["CommonPrefixes"]] == ["c/"]
        beyond = storage.list_object_versions(Bucket=bucket, Delimiter="/", KeyMarker="a/")
        assert [one["Key"] for one in beyond["Versions"]] == ["b"]

    def test_a_version_marker_needs_its_key(self, storage: Any, bucket: str) -> None:
        """Guards: a page that begins anywhere (API_ListObjectVersions, VersionIdMarker)."""
        with refused("InvalidArgument", "without a key marker"):
            storage.list_object_versions(Bucket=bucket, VersionIdMarker="x")
