"""The approval function's ports on AWS, by boto3."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from governance.canonical import Json
from lambdas.approval.ports import StoredObject
from lambdas.common.attributes import from_item
from lambdas.common.aws import code_of


@dataclass(frozen=True, slots=True)
class DynamoStates:
    """The state table. `client` is a boto3 dynamodb client."""

    client: Any
    table: str

    def read(self, arn: str) -> Mapping[str, Json] | None:
        key = {"modelpackagearn": {"S": arn}}
        item = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return from_item(item) if item else None


@dataclass(frozen=True, slots=True)
class S3Artifacts:
    """The artifact bucket. `client` is a boto3 s3 client."""

    client: Any
    bucket: str

    def find(self, key: str) -> StoredObject | None:
        try:
            answer = self.client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        checksum = answer.get("ChecksumSHA256")
        # A composite checksum of a multipart upload ends in `-<parts>` and is no digest of the object.
        whole = checksum if checksum and answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" else None
        return StoredObject(answer["VersionId"], base64.b64decode(whole).hex() if whole else None)

    def tags(self, key: str, version_id: str) -> dict[str, str]:
        answer = self.client.get_object_tagging(Bucket=self.bucket, Key=key, VersionId=version_id)
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def set_tags(self, key: str, version_id: str, tags: Mapping[str, str]) -> None:
        tag_set = [{"Key": name, "Value": value} for name, value in sorted(tags.items())]
        self.client.put_object_tagging(Bucket=self.bucket, Key=key, VersionId=version_id, Tagging={"TagSet": tag_set})
