"""The documents' bucket: each document once, under its digest, never replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from governance.artifacts import checksum_header
from governance.documents import Document, object_key
from lambdas.common.aws import busy_if_transient, code_of

_THERE = frozenset({"PreconditionFailed", "412"})
_AGAIN = frozenset({"ConditionalRequestConflict", "409", "500", "503", "InternalError"})


@dataclass(frozen=True, slots=True)
class S3Documents:
    """Documents by one conditional PutObject each (s3 conditional-writes: 412 exists, 409 another upload is under way).

    `client` is a boto3 s3 client.
    """

    client: Any
    bucket: str

    def store(self, document: Document) -> None:
        try:
            with busy_if_transient(_AGAIN):
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=object_key(document.sha256),
                    Body=document.text.encode("utf-8"),
                    ContentType="application/json",
                    ChecksumSHA256=checksum_header(document.sha256),
                    IfNoneMatch="*",
                )
        except ClientError as error:
            if code_of(error) not in _THERE:
                raise
