"""What the approval function sends to S3 and DynamoDB, and how it reads their answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from governance.artifacts import checksum_header
from lambdas.approval.adapters import DynamoStates, S3Artifacts
from lambdas.approval.ports import StoredObject
from tests.governance.samples import BUCKET, SHA256

HEAD = {"Bucket": BUCKET, "Key": "k", "ChecksumMode": "ENABLED"}


def client(service: str) -> Any:
    return boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


def find(answer: dict[str, Any]) -> StoredObject | None:
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_response("head_object", {"VersionId": "v1", "LastModified": datetime.now(UTC)} | answer, HEAD)
        return S3Artifacts(s3, BUCKET).find("k")


def test_the_checksum_that_s3_computed_is_read_as_hex() -> None:
    """Guards: base64 compared with hex, so that no artifact is ever admitted."""
    answer = {"ChecksumSHA256": checksum_header(SHA256), "ChecksumType": "FULL_OBJECT"}
    assert find(answer) == StoredObject("v1", SHA256)


@pytest.mark.parametrize(
    "answer",
    [{}, {"ChecksumSHA256": "abcd-3", "ChecksumType": "COMPOSITE"}, {"ChecksumCRC32": "aaaaaa=="}],
)
def test_a_checksum_that_is_no_digest_of_the_object_counts_as_none(answer: dict[str, Any]) -> None:
    """Guards: the composite checksum of a multipart upload is taken for the object's SHA-256."""
    assert find(answer) == StoredObject("v1", None)


def test_a_missing_object_is_none_and_a_refused_one_is_an_error() -> None:
    """Guards: a missing right that looks like a missing artifact."""
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "404", "Not Found", 404)
        assert S3Artifacts(s3, BUCKET).find("k") is None
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        with pytest.raises(ClientError):
            S3Artifacts(s3, BUCKET).find("k")


def test_tags_are_read_and_written_for_one_object_version() -> None:
    """Guards: the tags of whatever is current are changed, instead of those of the approved version."""
    s3 = client("s3")
    where = {"Bucket": BUCKET, "Key": "k", "VersionId": "v1"}
    artifacts = S3Artifacts(s3, BUCKET)
    with Stubber(s3) as stub:
        stub.add_response("get_object_tagging", {"TagSet": [{"Key": "a", "Value": "b"}]}, where)
        assert artifacts.tags("k", "v1") == {"a": "b"}
        tag_set = [{"Key": "a", "Value": "b"}, {"Key": "test", "Value": "approved"}]
        stub.add_response("put_object_tagging", {}, where | {"Tagging": {"TagSet": tag_set}})
        artifacts.set_tags("k", "v1", {"test": "approved", "a": "b"})


def test_the_state_row_is_read_consistently() -> None:
    """Guards: a tag set by a state that was superseded before the read."""
    dynamodb = client("dynamodb")
    parameters = {"TableName": "state", "Key": {"modelpackagearn": {"S": "arn"}}, "ConsistentRead": True}
    states = DynamoStates(dynamodb, "state")
    with Stubber(dynamodb) as stub:
        stub.add_response("get_item", {"Item": {"ledgerseq": {"N": "3"}, "deletedat": {"NULL": True}}}, parameters)
        assert states.read("arn") == {"ledgerseq": 3, "deletedat": None}
        stub.add_response("get_item", {}, parameters)
        assert states.read("arn") is None
