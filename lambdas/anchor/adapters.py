"""The anchor function's ports on AWS, by boto3."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from governance.anchor import ALGORITHM
from governance.anchor_versions import Version, versions_in
from governance.errors import AnchorError
from governance.ledger import Head, Row
from lambdas.anchor.ports import Stored
from lambdas.common.attributes import from_item
from lambdas.common.aws import Busy, code_of

_TAKEN = frozenset({"PreconditionFailed", "412"})
_BEING_WRITTEN = frozenset({"ConditionalRequestConflict", "409"})


@dataclass(frozen=True, slots=True)
class DynamoLedger:
    """State and ledger table. `client` is a boto3 dynamodb client."""

    client: Any
    state: str
    ledger: str

    def heads(self) -> dict[str, Head]:
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.state,
            ConsistentRead=True,
            ProjectionExpression="modelpackagearn, ledgerseq, ledgerhash",
        )
        return dict(
            _head(item, "modelpackagearn", "ledgerseq", "ledgerhash") for page in pages for item in page["Items"]
        )

    def rows(self, arn: str, after: Head, to: Head) -> Iterator[Row]:
        return _rows(self.client, self.ledger, "modelpackagearn", arn, after, to)


@dataclass(frozen=True, slots=True)
class DynamoHistory:
    """The endpoints' history. `client` is a boto3 dynamodb client.

    No table says where its chains end, so all of it is scanned, three attributes a row: it grows by a row a change of
    an endpoint.
    """

    client: Any
    table: str

    def heads(self) -> dict[str, Head]:
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.table,
            ConsistentRead=True,
            ProjectionExpression="endpointarn, seq, #hash",
            ExpressionAttributeNames={"#hash": "hash"},
        )
        heads: dict[str, Head] = {}
        for page in pages:
            for item in page["Items"]:
                arn, head = _head(item, "endpointarn", "seq", "hash")
                heads[arn] = max(head, heads.get(arn, head), key=lambda found: found.seq)
        return heads

    def rows(self, arn: str, after: Head, to: Head) -> Iterator[Row]:
        return _rows(self.client, self.table, "endpointarn", arn, after, to)


def _rows(client: Any, table: str, key: str, arn: str, after: Head, to: Head) -> Iterator[Row]:
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=f"{key} = :arn AND seq BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":arn": {"S": arn},
            ":first": {"N": str(after.seq + 1)},
            ":last": {"N": str(to.seq)},
        },
        ConsistentRead=True,
    )
    for page in pages:
        for item in page["Items"]:
            try:
                yield from_item(item)
            except TypeError as problem:
                raise AnchorError(f"a row of {arn} can't be read: {problem}") from None


def _head(item: dict[str, Any], key: str, seq: str, digest: str) -> tuple[str, Head]:
    arn = item[key]["S"]
    try:
        return arn, Head(int(item[seq]["N"]), item[digest]["S"])
    except (KeyError, ValueError):
        raise AnchorError(f"a row of {arn} has no {seq} and {digest}: nothing is signed") from None


@dataclass(frozen=True, slots=True)
class S3Vault:
    """The anchors' bucket. `client` is a boto3 s3 client."""

    client: Any
    bucket: str

    def versions(self, folder: str) -> list[Version]:
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=folder)
        return [version for page in pages for version in versions_in(page)]

    def read(self, version: Version) -> Stored:
        answer = self.client.get_object(Bucket=self.bucket, Key=version.key, VersionId=version.version_id)
        # Shown only to who may s3:GetObjectRetention (botocore s3, HeadObject's ObjectLockMode).
        return Stored(answer["Body"].read(), locked="ObjectLockMode" in answer)

    def write(self, key: str, content: bytes) -> bool:
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=content,
                IfNoneMatch="*",
                # Object Lock demands a checksum; S3 refuses other bytes than these.
                ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
            )
        except ClientError as error:
            if code_of(error) in _TAKEN:
                return False
            if code_of(error) in _BEING_WRITTEN:
                raise Busy(f"PutObject {key}: {code_of(error)}") from error
            raise
        return True


@dataclass(frozen=True, slots=True)
class KmsSigner:
    """The signing key. `client` is a boto3 kms client."""

    client: Any
    arn: str

    def public_key(self) -> bytes:
        answer: bytes = self.client.get_public_key(KeyId=self.arn)["PublicKey"]
        return answer

    def sign(self, digest: bytes) -> bytes:
        answer = self.client.sign(KeyId=self.arn, Message=digest, MessageType="DIGEST", SigningAlgorithm=ALGORITHM)
        signature: bytes = answer["Signature"]
        return signature

    def verify(self, arn: str, digest: bytes, signature: bytes) -> bool:
        try:
            answer = self.client.verify(
                KeyId=arn, Message=digest, MessageType="DIGEST", Signature=signature, SigningAlgorithm=ALGORITHM
            )
        except self.client.exceptions.KMSInvalidSignatureException:
            return False
        return bool(answer["SignatureValid"])
