"""What Studio holds, one store per account and region, and the common parts of its operations.

A key is what follows the kind in the ARN (Service Authorization Reference): `d-…` of a domain, `d-…/alice` of a user
profile, `d-…/alice-lab` of a space, `d-…/alice-lab/JupyterLab/default` of an app. A deleted app stays listed as
`Deleted`, as AWS shows it for a day (botocore sagemaker service-2: AppStatus).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, condition_keys
from rehearsal.organisation.services.sagemaker.needs import Context, own_tag_keys
from rehearsal.organisation.services.sagemaker.registry import SERVICE, invalid, now, paged, tags_of

Kind = Literal["domain", "user-profile", "space", "app", "studio-lifecycle-config"]
WORDS: Mapping[Kind, str] = {
    "domain": "Domain",
    "user-profile": "UserProfile",
    "space": "Space",
    "app": "App",
    "studio-lifecycle-config": "StudioLifecycleConfig",
}
TRANSITION_SECONDS = 0.2
"""How long what takes minutes at AWS takes on the organisation's clock."""

OWNER = "sagemaker:OwnerUserProfileArn"
SHARING = "sagemaker:SpaceSharingType"
INSTANCE_TYPES = "sagemaker:InstanceTypes"
LIFECYCLE_CONFIGS = "sagemaker:StudioLifecycleConfigArns"
SECURITY_GROUPS = "sagemaker:VpcSecurityGroupIds"
SUBNETS = "sagemaker:VpcSubnets"
NETWORK_ACCESS = "sagemaker:AppNetworkAccessType"
AUTH_MODE = "sagemaker:AuthMode"
TAGGING_ACTION = "sagemaker:TaggingAction"
IN_DOMAIN = "sagemaker:DomainId"
AS_PROFILE = "sagemaker:UserProfileName"
"""The two keys of a session that Studio gives a person; AWS's own policies compare a space's owner with them."""

condition_keys(
    "sagemaker", OWNER, SHARING, INSTANCE_TYPES, LIFECYCLE_CONFIGS, SECURITY_GROUPS, SUBNETS, NETWORK_ACCESS, AUTH_MODE,
    TAGGING_ACTION, IN_DOMAIN, AS_PROFILE,
)  # fmt: skip


@dataclass(slots=True)
class Held:
    """One of them. `record` holds what its Describe answers. `home`: the folder that is a space's volume here."""

    arn: str
    record: Params
    tags: dict[str, str]
    home: Path | None = None


@dataclass(slots=True)
class Studio:
    """`sessions`: domain id and user profile of the sessions that Studio gave out, by access key."""

    kinds: dict[Kind, dict[str, Held]] = field(default_factory=lambda: {kind: {} for kind in WORDS})
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)


def studio(org: Organisation, account: str, region: str) -> Studio:
    found: Studio = org.state(SERVICE, account, region).setdefault("studio", Studio())
    return found


def opened(org: Organisation, profile_arn: str, access_key: str) -> None:
    """Note that Studio gave a session to who opened it with a profile."""
    parts = profile_arn.split(":", 5)
    _, domain, profile = parts[5].split("/")
    studio(org, parts[4], parts[3]).sessions[access_key] = (domain, profile)


def studio_arn(account: str, region: str, kind: Kind, key: str) -> str:
    return f"arn:aws:sagemaker:{region}:{account}:{kind}/{key}"


def at_arn(org: Organisation, arn: str) -> Held | None:
    """What an ARN names, if it is there."""
    parts = arn.split(":", 5)
    kind, _, key = parts[5].partition("/")
    for known, held in studio(org, parts[4], parts[3]).kinds.items():
        if known == kind:
            return held.get(key)
    return None


def held(org: Organisation, call: Call, kind: Kind) -> dict[str, Held]:
    return studio(org, call.owner, call.region).kinds[kind]


def find(org: Organisation, call: Call, kind: Kind, key: str) -> Held:
    found = held(org, call, kind).get(key)
    if found is None:
        arn = studio_arn(call.owner, call.region, kind, key)
        raise ApiError("ResourceNotFound", f"{WORDS[kind]} [{arn}] does not exist.")
    return found


def find_domain(org: Organisation, call: Call) -> Held:
    """The domain of a request that makes something in it: it must be in service."""
    found = find(org, call, "domain", call.params["DomainId"])
    if found.record["Status"] != "InService":
        raise invalid(f"Domain [{found.arn}] is {found.record['Status']}: it must be InService.")
    return found


def add(org: Organisation, call: Call, kind: Kind, key: str, record: Params) -> Held:
    """Keep a new one under its key; a taken one is refused."""
    arn = studio_arn(call.owner, call.region, kind, key)
    store = held(org, call, kind)
    if key in store:
        raise in_use(f"{WORDS[kind]} [{arn}] already exists.")
    store[key] = Held(arn, record, tags_of(call.params))
    return store[key]


def in_use(message: str) -> ApiError:
    return ApiError("ResourceInUse", message)


def stamped(org: Organisation, record: Params, status: str) -> Params:
    time = now(org)
    return record | {"Status": status, "CreationTime": time, "LastModifiedTime": time}


def sent(params: Params) -> Params:
    """What a request says of the thing itself."""
    return {name: copy.deepcopy(value) for name, value in params.items() if name != "Tags"}


def move(org: Organisation, one: Held, status: str) -> None:
    one.record["Status"] = status
    if "LastModifiedTime" in one.record:
        one.record["LastModifiedTime"] = max(now(org), one.record["LastModifiedTime"])


def later(org: Organisation, one: Held, step: Callable[[], None]) -> None:
    """Do the end of a transition after its time, under the organisation's lock."""

    def locked() -> None:
        with org.lock:
            step()

    virtual(org.clock).after(TRANSITION_SECONDS, locked, f"transition of {one.arn}")


def begin(org: Organisation, one: Held, status: str) -> None:
    """`Pending` or `Updating`, then in service."""
    move(org, one, status)
    later(org, one, lambda: move(org, one, "InService"))


def remove_later(org: Organisation, call: Call, kind: Kind, key: str) -> None:
    one = find(org, call, kind, key)
    store = held(org, call, kind)
    move(org, one, "Deleting")
    later(org, one, lambda: void(store.pop(key, None)))


def void(_: object) -> None:
    """What a timer's action returns."""


def settled(one: Held, what: str) -> None:
    """Only what is in service, or failed, may be changed or deleted."""
    if one.record["Status"] in ("Pending", "Updating", "Deleting"):
        raise in_use(f"{what} [{one.arn}] is {one.record['Status']}.")


def need(org: Organisation, call: Call, kind: Kind, key: str, context: Context | None = None) -> Need:
    """The operation on one of them; the caller's own domain and profile where Studio gave the session out."""
    arn = studio_arn(call.owner, call.region, kind, key)
    found = at_arn(org, arn)
    keys: Context = dict(context or {}) | (own_tag_keys(found.tags) if found else {})
    session = studio(org, call.owner, call.region).sessions.get(call.caller.access_key)
    if session is not None:
        keys |= {IN_DOMAIN: session[0], AS_PROFILE: session[1]}
    return Need(f"sagemaker:{call.operation}", arn, call.owner, keys)


def with_tags(call: Call, first: Need) -> Iterator[Need]:
    """A create's need, and AddTags beside it, marked as part of a creation, where the request carries tags."""
    yield first
    if call.params.get("Tags"):
        context = dict(first.context) | {TAGGING_ACTION: call.operation}
        yield Need("sagemaker:AddTags", first.resource, first.resource_account, context)


def listed(rows: list[Params], member: str, summary: tuple[str, ...], call: Call, *, name: str) -> Params:
    """A List answer: sorted by creation, oldest first (ListDomains … in the botocore model), paged by 10."""
    params = call.params
    by = {"CreationTime": "CreationTime", "LastModifiedTime": "LastModifiedTime"}.get(params.get("SortBy", ""))
    rows.sort(
        key=lambda row: (row.get(by or "CreationTime") or row["CreationTime"], row[name]),
        reverse=params.get("SortOrder") == "Descending",
    )
    shown = [{key: copy.deepcopy(row[key]) for key in summary if key in row} for row in rows]
    return paged(member, shown, params)
