"""S3's and DynamoDB's rules on what the other tests leave out, each by the page that states it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.organisation.services.registry_world import (
    DEV,
    HUB,
    REGION,
    Client,
    allow,
    refused,
    role_with,
    unique,
)

PLACE = {"LocationConstraint": REGION}
PART = b"x" * (5 * 1024 * 1024)
KEYS: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(scope="module")
def storage(client: Client) -> Any:
    return client("hub", None, "s3")


@pytest.fixture
def bucket(storage: Any) -> str:
    name = unique("b")
    storage.create_bucket(Bucket=name, CreateBucketConfiguration=PLACE)
    return name


@pytest.fixture(scope="module")
def database(client: Client) -> Any:
    return client("hub", None, "dynamodb")


@pytest.fixture
def table(database: Any) -> str:
    name = unique("table")
    database.create_table(TableName=name, **KEYS)
    return name


class TestBuckets:
    def test_a_bucket_answers_its_owner_only(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: HeadBucket says yes of no bucket (404), or of another's (403) (API_HeadBucket)."""
        assert storage.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
        refused("404", storage.head_bucket, Bucket=unique("none"))
        refused("403", client("dev", None, "s3").head_bucket, Bucket=bucket)

    def test_a_deleted_policy_grants_nothing(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a deleted bucket policy still grants, or is still shown (API_DeleteBucketPolicy: 204, twice too)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"1")
        statement = {
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DEV}:root"}, "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }  # fmt: skip
        document = {"Version": "2012-10-17", "Statement": [statement]}
        storage.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
        other = client("dev", None, "s3")
        other.get_object(Bucket=bucket, Key="k")
        for _ in range(2):
            storage.delete_bucket_policy(Bucket=bucket)
        refused("AccessDenied", other.get_object, Bucket=bucket, Key="k")
        refused("NoSuchBucketPolicy", storage.get_bucket_policy, Bucket=bucket)

    def test_deleted_encryption_falls_back_to_aes256(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a bucket without encryption (API_DeleteBucketEncryption: SSE-S3 is the least since January 2023)."""
        key = client("hub", None, "kms").create_key()["KeyMetadata"]["Arn"]
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        storage.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        storage.delete_bucket_encryption(Bucket=bucket)
        shown = storage.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        assert shown["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        assert storage.put_object(Bucket=bucket, Key="k", Body=b"1")["ServerSideEncryption"] == "AES256"

    def test_deleted_settings_are_gone(self, storage: Any, bucket: str) -> None:
        """Guards: a Delete that answers and leaves the setting (lifecycle, tags, public access block)."""
        rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
        storage.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
        storage.delete_bucket_lifecycle(Bucket=bucket)
        refused("NoSuchLifecycleConfiguration", storage.get_bucket_lifecycle_configuration, Bucket=bucket)
        storage.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        storage.delete_bucket_tagging(Bucket=bucket)
        refused("NoSuchTagSet", storage.get_bucket_tagging, Bucket=bucket)
        storage.delete_public_access_block(Bucket=bucket)
        refused("NoSuchPublicAccessBlockConfiguration", storage.get_public_access_block, Bucket=bucket)

    def test_ownership_is_enforced_or_refused(self, storage: Any, bucket: str) -> None:
        """Guards: ACLs that nobody judges: other ownership than BucketOwnerEnforced is refused by name."""
        enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        storage.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=enforced)
        assert storage.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == enforced
        preferred = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
        refused("NotEmulated", storage.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=preferred)
        storage.delete_bucket_ownership_controls(Bucket=bucket)
        refused("OwnershipControlsNotFoundError", storage.get_bucket_ownership_controls, Bucket=bucket)


class TestObjects:
    def test_tags_of_an_object_are_kept_and_taken_away(self, storage: Any, bucket: str) -> None:
        """Guards: a stage's tag that can't be seen, or that stays (API_GetObjectTagging, API_DeleteObjectTagging)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"1", Tagging="dev=yes")
        assert storage.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "dev", "Value": "yes"}]
        storage.delete_object_tagging(Bucket=bucket, Key="k")
        assert storage.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
        refused("NoSuchKey", storage.get_object_tagging, Bucket=bucket, Key="none")

    def test_the_first_listing_pages_by_marker(self, storage: Any, bucket: str) -> None:
        """Guards: keys are lost between pages (API_ListObjects: Marker, NextMarker with a delimiter only)."""
        for key in "cab":
            storage.put_object(Bucket=bucket, Key=key, Body=b"1")
        first = storage.list_objects(Bucket=bucket, MaxKeys=2)
        assert ([one["Key"] for one in first["Contents"]], first["IsTruncated"]) == (["a", "b"], True)
        assert [one["Key"] for one in storage.list_objects(Bucket=bucket, Marker="b")["Contents"]] == ["c"]

    def test_a_copy_has_body_metadata_and_tags(self, storage: Any, bucket: str) -> None:
        """Guards: a copy loses what it should keep (API_CopyObject: both directives are COPY by default)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"1", Metadata={"a": "b"}, Tagging="c=d")
        storage.copy_object(Bucket=bucket, Key="l", CopySource={"Bucket": bucket, "Key": "k"})
        shown = storage.get_object(Bucket=bucket, Key="l")
        assert (shown["Body"].read(), shown["Metadata"], shown["TagCount"]) == (b"1", {"a": "b"}, 1)

    def test_a_copy_needs_rights_on_both_objects(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: an object is read through a copy (API_CopyObject: GetObject on the source)."""
        storage.put_object(Bucket=bucket, Key="secret", Body=b"1")
        writer = role_with(client, "hub", allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/*"))
        source = {"Bucket": bucket, "Key": "secret"}
        told = refused(
            "AccessDenied", client("hub", writer, "s3").copy_object, Bucket=bucket, Key="mine", CopySource=source
        )
        assert "s3:GetObject" in told
        assert f"{bucket}/secret" in told

    def test_an_acl_of_a_copy_is_refused_by_name(self, storage: Any, bucket: str) -> None:
        """Guards: `public-read` is dropped without a word, where AWS refuses it (AccessControlListNotSupported)."""
        storage.put_object(Bucket=bucket, Key="k", Body=b"1")
        source = {"Bucket": bucket, "Key": "k"}
        refused("NotEmulated", storage.copy_object, Bucket=bucket, Key="l", CopySource=source, ACL="public-read")
        refused("NotEmulated", storage.create_multipart_upload, Bucket=bucket, Key="m", ACL="public-read")

    def test_parts_are_listed_until_the_upload_ends(self, storage: Any, bucket: str) -> None:
        """Guards: parts of an aborted upload stay (API_ListParts, API_AbortMultipartUpload)."""
        upload = storage.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
        storage.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=PART)
        parts = storage.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]
        assert [(one["PartNumber"], one["Size"]) for one in parts] == [(1, len(PART))]
        assert [one["UploadId"] for one in storage.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
        storage.abort_multipart_upload(Bucket=bucket, Key="big", UploadId=upload)
        assert "Uploads" not in storage.list_multipart_uploads(Bucket=bucket)
        refused("NoSuchUpload", storage.list_parts, Bucket=bucket, Key="big", UploadId=upload)
        refused("NoSuchUpload", storage.abort_multipart_upload, Bucket=bucket, Key="big", UploadId=upload)


class TestItems:
    def test_batches_write_read_and_delete(self, database: Any, table: str) -> None:
        """Guards: an item of a batch is lost (API_BatchWriteItem, API_BatchGetItem)."""
        items = [{"id": {"S": name}} for name in "ab"]
        database.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": one}} for one in items]})
        found = database.batch_get_item(RequestItems={table: {"Keys": items}})["Responses"][table]
        assert sorted(one["id"]["S"] for one in found) == ["a", "b"]
        database.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": one}} for one in items]})
        assert database.scan(TableName=table)["Count"] == 0

    @pytest.mark.parametrize("key", ["a", "b"])
    def test_a_batch_is_authorised_for_each_table(self, client: Client, database: Any, table: str, key: str) -> None:
        """Guards: a second table is read or written under the first one's rights."""
        other = unique("table")
        database.create_table(TableName=other, **KEYS)
        arn = f"arn:aws:dynamodb:{REGION}:{HUB}:table/{table}"
        role = role_with(client, "hub", allow("dynamodb:Batch*", "dynamodb:GetItem", "dynamodb:PutItem", resource=arn))
        limited = client("hub", role, "dynamodb")
        wanted = {"Keys": [{"id": {"S": key}}]}
        limited.batch_get_item(RequestItems={table: wanted})
        assert other in refused(
            "AccessDeniedException", limited.batch_get_item, RequestItems={table: wanted, other: wanted}
        )
        put = [{"PutRequest": {"Item": {"id": {"S": key}}}}]
        refused("AccessDeniedException", limited.batch_write_item, RequestItems={table: put, other: put})
        assert database.scan(TableName=table)["Count"] == 0, "denied as a whole"
        read = {"Get": {"TableName": other, "Key": {"id": {"S": key}}}}
        refused("AccessDeniedException", limited.transact_get_items, TransactItems=[read])

    def test_a_transaction_reads_all_items(self, database: Any, table: str) -> None:
        """Guards: an absent item shifts the answers (API_TransactGetItems: ordered, empty where there is none)."""
        database.put_item(TableName=table, Item={"id": {"S": "a"}})
        reads = [{"Get": {"TableName": table, "Key": {"id": {"S": name}}}} for name in "ba"]
        first, second = database.transact_get_items(TransactItems=reads)["Responses"]
        assert ("Item" in first, second["Item"]) == (False, {"id": {"S": "a"}})

    def test_a_deleted_item_is_gone_and_shown_if_asked(self, database: Any, table: str) -> None:
        """Guards: DeleteItem fails on what isn't there, or doesn't delete (API_DeleteItem: idempotent)."""
        database.put_item(TableName=table, Item={"id": {"S": "a"}})
        key = {"id": {"S": "a"}}
        assert database.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")["Attributes"] == key
        assert "Attributes" not in database.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")

    def test_tables_are_listed_for_their_account(self, client: Client, database: Any, table: str) -> None:
        """Guards: one list of tables for all accounts (API_ListTables)."""
        assert table in database.list_tables()["TableNames"]
        assert table not in client("dev", None, "dynamodb").list_tables()["TableNames"]

    def test_tags_of_a_table_come_and_go(self, database: Any, table: str) -> None:
        """Guards: a tag that a policy asks for is dropped (API_TagResource, API_UntagResource)."""
        arn = f"arn:aws:dynamodb:{REGION}:{HUB}:table/{table}"
        database.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
        database.untag_resource(ResourceArn=arn, TagKeys=["a"])
        assert database.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]

    def test_a_table_s_policy_is_shown_and_deleted(self, database: Any, table: str) -> None:
        """Guards: a table's policy outlives its deletion (API_DeleteResourcePolicy, API_GetResourcePolicy)."""
        arn = f"arn:aws:dynamodb:{REGION}:{HUB}:table/{table}"
        statement = {
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DEV}:root"}, "Action": "dynamodb:GetItem",
            "Resource": arn,
        }  # fmt: skip
        document = {"Version": "2012-10-17", "Statement": [statement]}
        database.put_resource_policy(ResourceArn=arn, Policy=json.dumps(document))
        assert json.loads(database.get_resource_policy(ResourceArn=arn)["Policy"]) == document
        database.delete_resource_policy(ResourceArn=arn)
        refused("PolicyNotFoundException", database.get_resource_policy, ResourceArn=arn)
