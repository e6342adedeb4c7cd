"""The shared adapters on S3, and whole chains of DynamoDB: what is sent, what each answer means."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from governance.artifacts import checksum_header
from governance.documents import Document, object_key
from governance.facts import StoredObject
from lambdas.common.aws import Busy
from lambdas.common.documents import S3Documents
from lambdas.common.registry import S3Artifacts
from lambdas.common.tables import DynamoTables

CARD = Document("card", '{"a":1}')
URL = "s3://artifacts/a/b"


def client(service: str) -> Any:
    return boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


def test_a_document_is_put_once_under_its_digest() -> None:
    """Guards: a document that can be replaced after the row that names it was written."""
    s3 = client("s3")
    sent = {
        "Bucket": "documents", "Key": object_key(CARD.sha256), "Body": b'{"a":1}', "ContentType": "application/json",
        "ChecksumSHA256": checksum_header(CARD.sha256), "IfNoneMatch": "*",
    }  # fmt: skip
    with Stubber(s3) as stub:
        stub.add_response("put_object", {}, sent)
        stub.add_client_error("put_object", "PreconditionFailed", "exists", 412)
        documents = S3Documents(s3, "documents")
        documents.store(CARD)
        documents.store(CARD)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("ConditionalRequestConflict", 409, Busy), ("SlowDown", 503, Busy), ("InternalError", 500, Busy),
        ("AccessDenied", 403, ClientError), ("NoSuchBucket", 404, ClientError),
    ],
)  # fmt: skip
def test_a_document_that_can_not_be_put_is_never_taken_for_stored(
    code: str, status: int, raised: type[Exception]
) -> None:
    """Guards: a row that names a document which lies nowhere."""
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", code, "no", status)
        with pytest.raises(raised):
            S3Documents(s3, "documents").store(CARD)


def test_an_artifact_is_looked_at_with_its_strongest_checksum() -> None:
    """Guards: the ETag, which is no digest under KMS, as the artifact's checksum."""
    s3 = client("s3")
    answer = {"VersionId": "v1", "ChecksumCRC32": "x", "ChecksumSHA256": "abc=", "ChecksumType": "FULL_OBJECT"}
    with Stubber(s3) as stub:
        stub.add_response("head_object", answer, {"Bucket": "artifacts", "Key": "a/b", "ChecksumMode": "ENABLED"})
        stub.add_response("head_object", {"VersionId": "null"})
        artifacts = S3Artifacts(s3)
        assert artifacts.look(URL) == StoredObject("v1", "SHA256:abc=", "FULL_OBJECT")
        assert artifacts.look(URL) == StoredObject(None, None, None)


@pytest.mark.parametrize("url", [None, "", "https://example.com/a", "s3://bucket"])
def test_what_is_no_object_is_not_asked_for(url: str | None) -> None:
    """Guards: a call to a bucket of no name."""
    assert S3Artifacts(None).look(url) is None


@pytest.mark.parametrize("code", ["404", "403", "AccessDenied", "NoSuchKey"])
def test_an_artifact_that_can_not_be_looked_at_is_unknown(code: str) -> None:
    """Guards: a version that points into a foreign bucket, whose event then goes round the queue for ever."""
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", code, "", int(code) if code.isdecimal() else 403)
        assert S3Artifacts(s3).look(URL) is None


@pytest.mark.parametrize("code", ["503", "SlowDown"])
def test_a_throttled_look_comes_again(code: str) -> None:
    """Guards: an artifact that stays unknown because S3 was busy once."""
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", code, "", 503)
        with pytest.raises(Busy):
            S3Artifacts(s3).look(URL)


def test_a_chain_is_read_to_its_end() -> None:
    """Guards: rows beyond the first megabyte, whose changes are recovered a second time."""
    dynamodb = client("dynamodb")
    key = {"modelpackagearn": {"S": "arn"}, "seq": {"N": "1"}}
    with Stubber(dynamodb) as stub:
        stub.add_response("query", {"Items": [{"seq": {"N": "1"}}], "LastEvaluatedKey": key})
        stub.add_response(
            "query",
            {"Items": [{"seq": {"N": "2"}}]},
            {
                "TableName": "ledger", "KeyConditionExpression": ANY, "ExpressionAttributeValues": ANY,
                "ConsistentRead": True, "ExclusiveStartKey": key,
            },
        )  # fmt: skip
        assert [row["seq"] for row in DynamoTables(dynamodb, "ledger", "dedup", "state").rows("arn")] == [1, 2]


def test_a_throttled_chain_comes_again() -> None:
    """Guards: half a chain taken for the whole."""
    dynamodb = client("dynamodb")
    with Stubber(dynamodb) as stub:
        stub.add_client_error("query", "ThrottlingException", "no", 400)
        with pytest.raises(Busy):
            DynamoTables(dynamodb, "ledger", "dedup", "state").rows("arn")
