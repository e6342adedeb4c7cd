"""The inventory's ports on SageMaker, STS and S3, by boto3.

Rates of List… and Describe… calls are published nowhere, so the clients that walk retry adaptively: botocore slows down
when it is throttled. What stays refused is told as unreadable, never as absent.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from governance import inventory_answers as answers
from governance.artifacts import split_url
from governance.canonical import Json
from governance.inventory import (
    Component,
    Config,
    Endpoint,
    Gone,
    Model,
    Package,
    Seen,
    StoredArtifact,
    TransformJob,
    Unreadable,
)
from lambdas.common.accounts import Account
from lambdas.common.aws import client, code_of, is_transient, message_of
from lambdas.inventory.ports import Page

T = TypeVar("T")

PAGE = 100
"""MaxResults of SageMaker's List… operations (botocore's sagemaker model: at most 100, 10 where it isn't given)."""

SESSION_SECONDS = 900
"""The shortest that AssumeRole gives, and longer than an invocation."""

SESSION_NAME = "inventory"

NOT_OURS = "NotInTheArtifactBucket"
"""Code of an artifact that lies elsewhere: nobody here can say what its bytes are."""

ADAPTIVE = BotoConfig(connect_timeout=3, read_timeout=10, retries={"mode": "adaptive", "total_max_attempts": 8})

_GONE_CODES = frozenset({"ResourceNotFound", "ResourceNotFoundException", "404", "NoSuchKey", "NotFound"})
_GONE_TEXTS = ("does not exist", "could not find", "not found", "cannot find")


def looked(call: Callable[[], T]) -> Seen[T]:
    """What a call gave. SageMaker says ValidationException where others say ResourceNotFound: only its text tells."""
    try:
        return call()
    except ClientError as error:
        code, text = code_of(error), message_of(error).casefold()
        if code in _GONE_CODES or (code == "ValidationException" and any(told in text for told in _GONE_TEXTS)):
            return Gone()
        return Unreadable(code, passing=is_transient(error))
    except BotoCoreError as error:
        return Unreadable(type(error).__name__, passing=True)


def listed(call: Callable[[], T]) -> T | Unreadable:
    """What a call that lists gave; a list that isn't there is a refusal."""
    seen = looked(call)
    return Unreadable("ResourceNotFound") if isinstance(seen, Gone) else seen


@dataclass(frozen=True, slots=True)
class SageMakerHosting:
    """An account's hosting. `client` is a boto3 sagemaker client with the account's credentials."""

    client: Any

    def endpoints(self, token: str | None) -> Page | Unreadable:
        further = {"NextToken": token} if token else {}

        def read() -> Page:
            answer = self.client.list_endpoints(SortBy="Name", SortOrder="Ascending", MaxResults=PAGE, **further)
            return Page(tuple(one["EndpointName"] for one in answer["Endpoints"]), answer.get("NextToken") or None)

        return listed(read)

    def endpoint(self, name: str) -> Seen[Endpoint]:
        return looked(lambda: answers.endpoint(self.client.describe_endpoint(EndpointName=name)))

    def config(self, name: str) -> Seen[Config]:
        return looked(lambda: answers.config(self.client.describe_endpoint_config(EndpointConfigName=name)))

    def model(self, name: str) -> Seen[Model]:
        return looked(lambda: answers.model(self.client.describe_model(ModelName=name)))

    def components(self, endpoint: str) -> tuple[Component, ...] | Unreadable:
        def read() -> tuple[Seen[Component], ...]:
            listing = self._all("list_inference_components", "InferenceComponents", EndpointNameEquals=endpoint)
            return tuple(self._component(one["InferenceComponentName"]) for one in listing)

        return _whole(listed(read))

    def _component(self, name: str) -> Seen[Component]:
        return looked(lambda: answers.component(self.client.describe_inference_component(InferenceComponentName=name)))

    def transform_jobs(self) -> tuple[TransformJob, ...] | Unreadable:
        def read() -> tuple[Seen[TransformJob], ...]:
            listing = self._all("list_transform_jobs", "TransformJobSummaries", StatusEquals="InProgress")
            return tuple(self._job(one["TransformJobName"]) for one in listing)

        return _whole(listed(read))

    def _job(self, name: str) -> Seen[TransformJob]:
        return looked(lambda: answers.transform_job(self.client.describe_transform_job(TransformJobName=name)))

    def _all(self, operation: str, member: str, **filters: str) -> Iterable[Mapping[str, Json]]:
        pages = self.client.get_paginator(operation).paginate(**filters, PaginationConfig={"PageSize": PAGE})
        for page in pages:
            yield from page[member]


def _whole(seen: tuple[Seen[T], ...] | Unreadable) -> tuple[T, ...] | Unreadable:
    """All of a list that are still there, or why one can't be read: a list with holes would pass for the whole."""
    if isinstance(seen, Unreadable):
        return seen
    whole: list[T] = []
    for one in seen:
        if isinstance(one, Unreadable):
            return one
        if not isinstance(one, Gone):
            whole.append(one)
    return tuple(whole)


@dataclass(frozen=True, slots=True)
class ReaderRoles:
    """Takes accounts' reader roles. `sts` is a boto3 sts client, `own` a sagemaker client of the function's role."""

    sts: Any
    own: Any

    def __call__(self, account: Account) -> SageMakerHosting | Unreadable:
        role = account.readerrole
        if role is None:
            return SageMakerHosting(self.own)
        taken = listed(
            lambda: self.sts.assume_role(RoleArn=role, RoleSessionName=SESSION_NAME, DurationSeconds=SESSION_SECONDS)[
                "Credentials"
            ]
        )
        if isinstance(taken, Unreadable):
            return Unreadable(f"AssumeRole {taken.code}", taken.passing)
        spoke = client(
            "sagemaker",
            ADAPTIVE,
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
        )
        return SageMakerHosting(spoke)


@dataclass(frozen=True, slots=True)
class SageMakerRegistry:
    """The hub's registry. `client` is a boto3 sagemaker client of the function's role."""

    client: Any

    def package(self, arn: str) -> Seen[Package]:
        """Without the card, so that the key of an encrypted one isn't needed (DescribeModelPackage IncludedData)."""
        return looked(
            lambda: answers.package(
                self.client.describe_model_package(ModelPackageName=arn, IncludedData="MetadataOnly")
            )
        )


@dataclass(frozen=True, slots=True)
class S3Artifacts:
    """The artifact bucket. `client` is a boto3 s3 client."""

    client: Any
    bucket: str

    def find(self, url: str) -> Seen[StoredArtifact]:
        place = split_url(url)
        if place is None or place[0] != self.bucket:
            return Unreadable(NOT_OURS)
        return looked(lambda: _stored(self.client.head_object(Bucket=place[0], Key=place[1], ChecksumMode="ENABLED")))


def _stored(answer: Mapping[str, Any]) -> StoredArtifact:
    """A composite checksum of a multipart upload is no digest of the object."""
    checksum = answer.get("ChecksumSHA256")
    whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    sha256 = base64.b64decode(checksum).hex() if checksum and whole else None
    return StoredArtifact(sha256, answer.get("ETag"), answer.get("LastModified"))
