"""What the anchor function sends to DynamoDB, S3 and KMS, and how it reads their answers."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from governance.anchor_versions import Version
from governance.errors import AnchorError
from governance.ledger import Head
from lambdas.anchor.adapters import DynamoHistory, DynamoLedger, KmsSigner, S3Vault
from lambdas.common.aws import Busy

THEN = datetime(2026, 3, 2, tzinfo=UTC)
KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/k"
DIGEST = b"d" * 32


class Stubbed:
    """A client that answers what it is told and refuses any other call."""

    def __init__(self, service: str) -> None:
        self.client = boto3.client(
            service, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
        )
        self.stub = Stubber(self.client)

    def expect(self, operation: str, answer: dict[str, Any], **parameters: Any) -> None:
        self.stub.add_response(operation, answer, parameters)

    def fail(self, operation: str, code: str) -> None:
        self.stub.add_client_error(operation, code)


@pytest.fixture
def dynamodb() -> Iterator[Stubbed]:
    yield from _stubbed("dynamodb")


@pytest.fixture
def s3() -> Iterator[Stubbed]:
    yield from _stubbed("s3")


@pytest.fixture
def kms() -> Iterator[Stubbed]:
    yield from _stubbed("kms")


def _stubbed(service: str) -> Iterator[Stubbed]:
    made = Stubbed(service)
    with made.stub:
        yield made
        made.stub.assert_no_pending_responses()


SCAN = {
    "TableName": "state",
    "ConsistentRead": True,
    "ProjectionExpression": "modelpackagearn, ledgerseq, ledgerhash",
}


def item(arn: str, seq: int) -> dict[str, Any]:
    return {"modelpackagearn": {"S": arn}, "ledgerseq": {"N": str(seq)}, "ledgerhash": {"S": f"h{seq}"}}


def test_heads_are_read_consistently_page_by_page(dynamodb: Stubbed) -> None:
    """Guards: packages beyond the first page (1 MB) are left out of every anchor."""
    dynamodb.expect("scan", {"Items": [item("a", 1)], "LastEvaluatedKey": {"modelpackagearn": {"S": "a"}}}, **SCAN)
    dynamodb.expect("scan", {"Items": [item("b", 2)]}, **SCAN, ExclusiveStartKey={"modelpackagearn": {"S": "a"}})
    assert DynamoLedger(dynamodb.client, "state", "ledger").heads() == {"a": Head(1, "h1"), "b": Head(2, "h2")}


@pytest.mark.parametrize("missing", ["ledgerseq", "ledgerhash"])
def test_a_state_row_without_a_head_is_refused_by_name(dynamodb: Stubbed, missing: str) -> None:
    """Guards: a package whose head was taken away is quietly left out."""
    broken = {name: value for name, value in item("a", 1).items() if name != missing}
    dynamodb.expect("scan", {"Items": [broken]}, **SCAN)
    with pytest.raises(AnchorError, match="a row of a has no ledgerseq and ledgerhash"):
        DynamoLedger(dynamodb.client, "state", "ledger").heads()


def test_rows_between_two_heads_are_read_in_order(dynamodb: Stubbed) -> None:
    """Guards: reading a chain from its first row on each run; rows beyond the first page are taken for missing."""
    query = {
        "TableName": "ledger",
        "KeyConditionExpression": "modelpackagearn = :arn AND seq BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":arn": {"S": "a"}, ":first": {"N": "3"}, ":last": {"N": "4"}},
        "ConsistentRead": True,
    }
    key = {"modelpackagearn": {"S": "a"}, "seq": {"N": "3"}}
    dynamodb.expect("query", {"Items": [{"seq": {"N": "3"}}], "LastEvaluatedKey": key}, **query)
    dynamodb.expect("query", {"Items": [{"seq": {"N": "4"}}]}, **query, ExclusiveStartKey=key)
    ledger = DynamoLedger(dynamodb.client, "state", "ledger")
    assert list(ledger.rows("a", Head(2, "h2"), Head(4, "h4"))) == [{"seq": 3}, {"seq": 4}]


def test_the_end_of_each_history_is_its_greatest_number(dynamodb: Stubbed) -> None:
    """Guards: histories of several pages end where the first page does; `hash` is a reserved word of DynamoDB."""
    scan = {
        "TableName": "history",
        "ConsistentRead": True,
        "ProjectionExpression": "endpointarn, seq, #hash",
        "ExpressionAttributeNames": {"#hash": "hash"},
    }

    def row(arn: str, seq: int) -> dict[str, Any]:
        return {"endpointarn": {"S": arn}, "seq": {"N": str(seq)}, "hash": {"S": f"{arn}{seq}"}}

    key = {"endpointarn": {"S": "a"}, "seq": {"N": "10"}}
    dynamodb.expect("scan", {"Items": [row("a", 9), row("a", 10)], "LastEvaluatedKey": key}, **scan)
    dynamodb.expect("scan", {"Items": [row("b", 1), row("a", 11), row("a", 3)]}, **scan, ExclusiveStartKey=key)
    history = DynamoHistory(dynamodb.client, "history")
    assert history.heads() == {"a": Head(11, "a11"), "b": Head(1, "b1")}
    query = {
        "TableName": "history",
        "KeyConditionExpression": "endpointarn = :arn AND seq BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":arn": {"S": "a"}, ":first": {"N": "1"}, ":last": {"N": "1"}},
        "ConsistentRead": True,
    }
    dynamodb.expect("query", {"Items": [row("a", 1)]}, **query)
    assert list(history.rows("a", Head(0, ""), Head(1, "a1"))) == [{"endpointarn": "a", "seq": 1, "hash": "a1"}]


def test_a_row_of_another_type_is_named(dynamodb: Stubbed) -> None:
    """Guards: a row that somebody wrote by hand ends the run without a word of which."""
    dynamodb.stub.add_response("query", {"Items": [{"seq": {"N": "1"}, "more": {"L": []}}]})
    with pytest.raises(AnchorError, match="a row of a can't be read: more has DynamoDB type L"):
        list(DynamoLedger(dynamodb.client, "state", "ledger").rows("a", Head(0, ""), Head(1, "h")))


def test_all_versions_and_delete_markers_are_listed_page_by_page(s3: Stubbed) -> None:
    """Guards: the newest anchor isn't seen beyond 1,000 versions, so that its number is used again."""
    first = {
        "Versions": [{"Key": "anchors/p/1", "VersionId": "a", "LastModified": THEN, "IsLatest": True}],
        "IsTruncated": True,
        "NextKeyMarker": "anchors/p/1",
        "NextVersionIdMarker": "a",
    }
    s3.expect("list_object_versions", first, Bucket="bucket", Prefix="anchors/p/")
    second = {"DeleteMarkers": [{"Key": "anchors/p/1", "VersionId": "m", "LastModified": THEN, "IsLatest": True}]}
    s3.expect(
        "list_object_versions", second,
        Bucket="bucket", Prefix="anchors/p/", KeyMarker="anchors/p/1", VersionIdMarker="a",
    )  # fmt: skip
    assert S3Vault(s3.client, "bucket").versions("anchors/p/") == [
        Version("anchors/p/1", "a", THEN),
        Version("anchors/p/1", "m", THEN, delete_marker=True),
    ]


@pytest.mark.parametrize(("answer", "locked"), [({"ObjectLockMode": "COMPLIANCE"}, True), ({}, False)])
def test_a_version_is_read_with_its_lock(s3: Stubbed, answer: dict[str, Any], locked: bool) -> None:
    """Guards: the current version is read instead of the locked one; an unlocked one counts as locked."""
    body = answer | {"Body": io.BytesIO(b"content")}
    s3.expect("get_object", body, Bucket="bucket", Key="k", VersionId="v")
    stored = S3Vault(s3.client, "bucket").read(Version("k", "v", THEN))
    assert (stored.content, stored.locked) == (b"content", locked)


PUT: dict[str, Any] = {
    "Bucket": "bucket",
    "Key": "k",
    "Body": b"content",
    "IfNoneMatch": "*",
    "ChecksumSHA256": base64.b64encode(hashlib.sha256(b"content").digest()).decode(),
}


def test_an_object_is_written_with_its_checksum_only_where_none_is(s3: Stubbed) -> None:
    """Guards: an anchor over an anchor; a Put that Object Lock refuses for want of a checksum."""
    s3.expect("put_object", {"VersionId": "v"}, **PUT)
    assert S3Vault(s3.client, "bucket").write("k", b"content")
    s3.fail("put_object", "PreconditionFailed")
    assert not S3Vault(s3.client, "bucket").write("k", b"content")


def test_an_object_that_is_being_written_comes_again_and_a_refusal_is_an_error(s3: Stubbed) -> None:
    """Guards: a run that lost a race counts as done though nothing may have been written."""
    s3.fail("put_object", "ConditionalRequestConflict")
    with pytest.raises(Busy):
        S3Vault(s3.client, "bucket").write("k", b"content")
    s3.fail("put_object", "AccessDenied")
    with pytest.raises(ClientError):
        S3Vault(s3.client, "bucket").write("k", b"content")


SIGNING = {"KeyId": KEY_ARN, "Message": DIGEST, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}


def test_the_digest_is_signed_as_a_digest(kms: Stubbed) -> None:
    """Guards: KMS hashes the digest once more, and nobody outside finds the signature to hold."""
    kms.expect("sign", {"Signature": b"der"}, **SIGNING)
    kms.expect("get_public_key", {"PublicKey": b"spki"}, KeyId=KEY_ARN)
    signer = KmsSigner(kms.client, KEY_ARN)
    assert (signer.sign(DIGEST), signer.public_key()) == (b"der", b"spki")


def test_a_signature_is_verified_with_the_key_that_the_anchor_names(kms: Stubbed) -> None:
    """Guards: after a change of key no earlier anchor verifies; a wrong signature is an error of the client's."""
    other = KEY_ARN + "-old"
    signer = KmsSigner(kms.client, KEY_ARN)
    kms.expect("verify", {"SignatureValid": True}, **(SIGNING | {"KeyId": other}), Signature=b"der")
    assert signer.verify(other, DIGEST, b"der")
    kms.fail("verify", "KMSInvalidSignatureException")
    assert not signer.verify(KEY_ARN, DIGEST, b"der")
    kms.fail("verify", "AccessDeniedException")
    with pytest.raises(ClientError):
        signer.verify(other, DIGEST, b"der")
