"""User profiles: a person's place in a domain."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, serves, takes
from rehearsal.organisation.services.sagemaker.needs import anywhere

from .settings import check_network, check_user_settings, context_of, execution_session, role_needs
from .store import (
    add,
    begin,
    find,
    find_domain,
    held,
    in_use,
    listed,
    need,
    remove_later,
    sent,
    settled,
    stamped,
    studio_arn,
    with_tags,
)

_MODEL = "botocore sagemaker service-2: "
takes("sagemaker", "CreateUserProfile", members=("DomainId", "UserProfileName", "Tags", "UserSettings"))


def _key(call: Call) -> str:
    return f"{call.params['DomainId']}/{call.params['UserProfileName']}"


def _named(org: Organisation, call: Call) -> Iterator[Need]:
    yield need(org, call, "user-profile", _key(call))


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    settings = call.params.get("UserSettings") or {}
    yield from with_tags(call, need(org, call, "user-profile", _key(call), context_of(settings)))
    yield from role_needs(settings)


@serves(
    "sagemaker", "CreateUserProfile", needs=_needs, fidelity="emulated", source=_MODEL + "CreateUserProfile",
    note="of domains in IAM mode; in service after 0.2 s of the clock",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    domain = find_domain(org, call)
    record = sent(call.params)
    _check(org, call, domain.record, call.params.get("UserSettings") or {}, _key(call))
    arn = studio_arn(call.owner, call.region, "user-profile", _key(call))
    record |= {"UserProfileArn": arn}
    profile = add(org, call, "user-profile", _key(call), stamped(org, record, "Pending"))
    begin(org, profile, "Pending")
    return {"UserProfileArn": arn}


def _check(org: Organisation, call: Call, domain: Params, settings: Params, key: str) -> None:
    check_user_settings(org, call, settings, "UserSettings")
    check_network(org, call, domain["VpcId"], [], settings.get("SecurityGroups", []))
    if settings.get("ExecutionRole"):
        arn = studio_arn(call.owner, call.region, "user-profile", key)
        execution_session(org, call, settings["ExecutionRole"], arn)


@serves("sagemaker", "DescribeUserProfile", needs=_named, source=_MODEL + "DescribeUserProfile")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "user-profile", _key(call)).record)


@serves(
    "sagemaker", "UpdateUserProfile", needs=_needs, fidelity="emulated", source=_MODEL + "UpdateUserProfile",
    note="settings that aren't sent stay; apps that run keep what they started with",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    domain = find_domain(org, call)
    profile = find(org, call, "user-profile", _key(call))
    settled(profile, "UserProfile")
    settings = call.params.get("UserSettings") or {}
    _check(org, call, domain.record, settings, _key(call))
    profile.record["UserSettings"] = profile.record.get("UserSettings", {}) | copy.deepcopy(settings)
    begin(org, profile, "Updating")
    return {"UserProfileArn": profile.arn}


@serves(
    "sagemaker", "DeleteUserProfile", needs=_named, fidelity="emulated",
    source=_MODEL + "DeleteUserProfile; developer guide, gs-studio-delete-domain", note="gone after 0.2 s of the clock",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    domain, name = call.params["DomainId"], call.params["UserProfileName"]
    profile = find(org, call, "user-profile", _key(call))
    settled(profile, "UserProfile")
    for space in held(org, call, "space").values():
        owner = (space.record.get("OwnershipSettings") or {}).get("OwnerUserProfileName")
        if space.record["DomainId"] == domain and owner == name:
            raise in_use(f"Unable to delete UserProfile [{profile.arn}] because it owns the Space [{space.arn}].")
    remove_later(org, call, "user-profile", _key(call))
    return {}


@serves("sagemaker", "ListUserProfiles", needs=anywhere, source=_MODEL + "ListUserProfiles")
def list_profiles(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = [
        one.record
        for one in held(org, call, "user-profile").values()
        if params.get("DomainIdEquals") in (None, one.record["DomainId"])
        and (params.get("UserProfileNameContains") or "").lower() in one.record["UserProfileName"].lower()
    ]
    summary = ("DomainId", "UserProfileName", "Status", "CreationTime", "LastModifiedTime")
    return listed(rows, "UserProfiles", summary, call, name="UserProfileName")
