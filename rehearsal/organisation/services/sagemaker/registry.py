"""The registry's store: model package groups and their versions, one registry per account and region.

Sources: the botocore model of SageMaker (shapes), IAM identity in CreatedBy and LastModifiedBy as UserContext has it.
Error words as AWS gives them where they were seen: "Model Package Group already exists", "… does not exist.".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, Organisation, Params
from rehearsal.organisation.services import idempotency, paging
from rehearsal.organisation.services.idempotency import Answers

from .names import PackageRef, group_arn

SERVICE = "sagemaker"
DEFAULT_PAGE = 10


@dataclass(slots=True)
class Package:
    """One version. `record` holds the members that DescribeModelPackage answers, keyed as there."""

    ref: PackageRef
    record: Params


@dataclass(slots=True)
class Group:
    name: str
    arn: str
    record: Params
    tags: dict[str, str]
    last_version: int = 0
    packages: dict[int, Package] = field(default_factory=dict)


@dataclass(slots=True)
class Registry:
    """Groups by name, and the answers to calls that carried a client token."""

    groups: dict[str, Group] = field(default_factory=dict)
    answered: Answers = field(default_factory=dict)


def registry(org: Organisation, account: str, region: str) -> Registry:
    found: Registry = org.state(SERVICE, account, region).setdefault("registry", Registry())
    return found


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)


def now(org: Organisation) -> datetime:
    """The clock's time in whole milliseconds: SageMaker's answers carry no more."""
    time = org.clock.now()
    return time - timedelta(microseconds=time.microsecond % 1000)


def user_context(caller: Caller) -> Params:
    """Who did it, as UserContext: `{"IamIdentity": {"Arn", "PrincipalId", "SourceIdentity"?}}`."""
    identity: dict[str, str] = {"Arn": caller.arn, "PrincipalId": caller.user_id}
    if caller.source_identity:
        identity["SourceIdentity"] = caller.source_identity
    return {"IamIdentity": identity}


def find_group(org: Organisation, account: str, region: str, name: str) -> Group:
    group = registry(org, account, region).groups.get(name)
    if group is None:
        raise invalid(f"ModelPackageGroup {group_arn(account, region, name)} does not exist.")
    return group


def find_package(org: Organisation, ref: PackageRef) -> Package:
    group = registry(org, ref.account, ref.region).groups.get(ref.group)
    package = group.packages.get(ref.version) if group else None
    if package is None:
        raise invalid(f"ModelPackage {ref.arn} does not exist.")
    return package


def answer_once(org: Organisation, call: Call, token: str | None, answer: Callable[[], Params]) -> Params:
    """Run `answer()` once per client token: the same token and parameters get the first answer again.

    The same token with other parameters is a ConflictException.
    """
    if not token:
        return answer()
    return idempotency.answer_once(
        registry(org, call.owner, call.region).answered, (call.caller.account, call.operation, token), call.params,
        answer, now=org.clock.now(),
        mismatch=conflict(f"ClientToken {token} was used before for a {call.operation} with other parameters."),
    )  # fmt: skip


def paged(member: str, rows: Sequence[Any], params: Params, *, default: int = DEFAULT_PAGE) -> Params:
    """A list answer of SageMaker: the page that `params` ask for, and NextToken if more follow."""
    return paging.paged(
        member, rows, params, default=default,
        invalid=invalid("Invalid NextToken: it must be the token of an earlier answer."),
    )  # fmt: skip


def tags_of(params: Params) -> dict[str, str]:
    """The request's `Tags` as a mapping; a key given twice is refused."""
    tags: dict[str, str] = {}
    for tag in params.get("Tags") or []:
        if tag["Key"] in tags:
            raise invalid(f"Duplicate tag key {tag['Key']!r}: tag keys must be unique per resource.")
        tags[tag["Key"]] = tag["Value"]
    return tags
