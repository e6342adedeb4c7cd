"""RAM's store: customer-managed permissions, resource shares with their associations, and invitations.

One store per owning account and region. Error codes and members: botocore model of RAM (ram service-2).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Organisation, Params
from rehearsal.organisation.services import idempotency, paging
from rehearsal.organisation.services.idempotency import Answers

SERVICE = "ram"
DEFAULT_PAGE = 500
DELETED_STAYS = timedelta(hours=2)
"""How long a deleted share is listed and a deleted permission's name stays taken (RAM user guide: up to two hours)."""
_ARN = re.compile(r"arn:aws[a-z-]*:ram:(?P<region>[a-z0-9-]*):(?P<account>\d{12}|aws):(?P<resource>.+)")


@dataclass(slots=True)
class Version:
    """One version of a permission: its template as the request gave it, and the template parsed."""

    number: int
    text: str
    template: Params
    created: datetime


@dataclass(slots=True)
class Permission:
    arn: str
    name: str
    resource_type: str
    created: datetime
    updated: datetime
    tags: dict[str, str]
    versions: dict[int, Version]
    default: int
    deleted: datetime | None = None


@dataclass(slots=True)
class Association:
    """A principal or resource of a share. `external` and `expires` concern principals of other organisations."""

    entity: str
    kind: str
    status: str
    created: datetime
    updated: datetime
    external: bool = False


@dataclass(slots=True)
class Share:
    """A resource share. `permissions` maps a resource type to the permission's ARN and the version attached."""

    arn: str
    name: str
    owner: str
    region: str
    allow_external: bool
    created: datetime
    updated: datetime
    tags: dict[str, str]
    status: str = "ACTIVE"
    permissions: dict[str, tuple[str, int]] = field(default_factory=dict)
    resources: dict[str, Association] = field(default_factory=dict)
    principals: dict[str, Association] = field(default_factory=dict)


@dataclass(slots=True)
class Invitation:
    arn: str
    share: Share
    principal: str
    receiver: str
    sent: datetime
    status: str = "PENDING"


@dataclass(slots=True)
class Store:
    permissions: dict[str, Permission] = field(default_factory=dict)
    shares: dict[str, Share] = field(default_factory=dict)
    invitations: dict[str, Invitation] = field(default_factory=dict)
    answered: Answers = field(default_factory=dict)


def store(org: Organisation, account: str, region: str) -> Store:
    found: Store = org.state(SERVICE, account, region).setdefault("store", Store())
    return found


def stores(org: Organisation, region: str) -> Iterator[Store]:
    """Every account's store in the region."""
    for account in org.accounts.values():
        yield store(org, account.id, region)


def new_arn(call: Call, kind: str) -> str:
    return f"arn:aws:ram:{call.region}:{call.caller.account}:{kind}/{uuid.uuid4()}"


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def unknown(what: str, arn: str) -> ApiError:
    return ApiError("UnknownResourceException", f"{what} {arn} could not be found.")


def not_permitted(message: str) -> ApiError:
    return ApiError("OperationNotPermittedException", message)


def owner_of(arn: str) -> tuple[str, str]:
    """`(account, region)` of a RAM ARN; raises MalformedArnException."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ApiError("MalformedArnException", f"The specified resource ARN {arn} is not valid: not an ARN of RAM.")
    return match["account"], match["region"]


def find_share(org: Organisation, arn: str) -> Share:
    """The share, whoever owns it, unless it was deleted."""
    account, region = owner_of(arn)
    share = store(org, account, region).shares.get(arn)
    if share is None or share.status == "DELETED":
        raise unknown("ResourceShare", arn)
    return share


def own_share(org: Organisation, call: Call, arn: str) -> Share:
    """The caller's share; another account's can't be changed, and isn't told to exist."""
    share = find_share(org, arn)
    if share.owner != call.caller.account:
        raise unknown("ResourceShare", arn)
    return share


def find_permission(org: Organisation, arn: str) -> Permission:
    account, region = owner_of(arn)
    permission = store(org, account, region).permissions.get(arn)
    if permission is None or permission.deleted:
        raise unknown("Permission", arn)
    return permission


def once(org: Organisation, call: Call, answer: Callable[[], Params]) -> Params:
    """Run `answer` once per client token; the token comes back with the answer.

    The same token with other parameters raises IdempotentParameterMismatchException.
    """
    token = call.params.get("clientToken")
    if not token:
        return answer()
    mismatch = ApiError(
        "IdempotentParameterMismatchException",
        f"The client token {token} was used before for a {call.operation} with other parameters.",
    )
    return idempotency.answer_once(
        store(org, call.caller.account, call.region).answered, (call.operation, token), call.params,
        lambda: answer() | {"clientToken": token}, now=org.clock.now(), mismatch=mismatch,
    )  # fmt: skip


def tags_of(params: Params) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in params.get("tags") or []}


def shown_tags(tags: dict[str, str]) -> list[Params]:
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def paged(member: str, rows: Sequence[Params], params: Params) -> Params:
    """A list answer of RAM: the page that `params` ask for, and nextToken if more follow."""
    invalid_token = ApiError("InvalidNextTokenException", "The specified value for NextToken isn't valid.")
    return paging.paged(
        member, rows, params, default=DEFAULT_PAGE, invalid=invalid_token, following="nextToken", most="maxResults"
    )


def single(values: list[Any] | None) -> list[Any]:
    """The request's list without repetitions, in order."""
    return list(dict.fromkeys(values or []))
