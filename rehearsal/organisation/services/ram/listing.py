"""What is shared with whom: shares, associations, resources, principals and resource types, from either side."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves

from .associations import settle_invitations, shown
from .needs import anywhere, on_tagged
from .shares import view
from .sharing import SHAREABLE, shareable, shared_with
from .store import (
    DELETED_STAYS,
    Share,
    find_permission,
    invalid,
    not_permitted,
    own_share,
    paged,
    store,
    tags_of,
)

_MODEL = "botocore ram service-2: "
_MANAGEMENT = "management"


def _seen(org: Organisation, call: Call) -> Iterator[Share]:
    """The caller's own shares (SELF) or those that others share with it (OTHER-ACCOUNTS)."""
    settle_invitations(org, call.region)
    if call.params["resourceOwner"] == "OTHER-ACCOUNTS":
        yield from shared_with(org, call.caller, call.region)
        return
    yield from _own(org, call)


def _own(org: Organisation, call: Call) -> Iterator[Share]:
    time = org.clock.now()
    for share in store(org, call.caller.account, call.region).shares.values():
        if share.status != "DELETED" or time < share.updated + DELETED_STAYS:
            yield share


def _wanted(arns: list[str] | None, arn: str) -> bool:
    return not arns or arn in arns


@serves("ram", "GetResourceShares", needs=anywhere, source=_MODEL + "GetResourceShares")
def get_shares(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = [
        view(share)
        for share in _seen(org, call)
        if _wanted(params.get("resourceShareArns"), share.arn)
        and params.get("resourceShareStatus") in (None, share.status)
        and params.get("name") in (None, share.name)
        and _tagged(share, params.get("tagFilters") or [])
        and _attaches(share, params.get("permissionArn"), params.get("permissionVersion"))
    ]
    return paged("resourceShares", rows, params)


def _tagged(share: Share, filters: list[Params]) -> bool:
    return all(
        one["tagKey"] in share.tags and (not one.get("tagValues") or share.tags[one["tagKey"]] in one["tagValues"])
        for one in filters
    )


def _attaches(share: Share, permission: str | None, version: int | None) -> bool:
    if permission is None:
        return True
    return any(arn == permission and version in (None, number) for arn, number in share.permissions.values())


@serves(
    "ram",
    "GetResourceShareAssociations",
    needs=anywhere,
    source=_MODEL + "GetResourceShareAssociations: of shares that the caller owns",
)
def get_associations(org: Organisation, call: Call) -> Params:
    settle_invitations(org, call.region)
    params = call.params
    kind = params["associationType"]
    if kind == "SOURCE":
        raise NotEmulated("ram:GetResourceShareAssociations of type SOURCE")
    if kind == "PRINCIPAL" and params.get("resourceArn"):
        raise invalid("resourceArn can't be given with associationType PRINCIPAL.")
    if kind == "RESOURCE" and params.get("principal"):
        raise invalid("principal can't be given with associationType RESOURCE.")
    for arn in params.get("resourceShareArns") or []:
        if arn not in store(org, call.caller.account, call.region).shares:
            own_share(org, call, arn)
    rows = [
        shown(share, one)
        for share in _own(org, call)
        if _wanted(params.get("resourceShareArns"), share.arn)
        for one in (share.resources if kind == "RESOURCE" else share.principals).values()
        if (params.get("resourceArn") or params.get("principal")) in (None, one.entity)
        and params.get("associationStatus") in (None, one.status)
    ]
    return paged("resourceShareAssociations", rows, params)


@serves("ram", "ListResources", needs=anywhere, source=_MODEL + "ListResources")
def list_resources(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = []
    for share in _seen(org, call):
        if not _wanted(params.get("resourceShareArns"), share.arn):
            continue
        if (
            params.get("principal")
            and params["resourceOwner"] == "SELF"
            and params["principal"] not in share.principals
        ):
            continue
        if params.get("principal") and params["resourceOwner"] != "SELF" and params["principal"] != share.owner:
            continue
        for one in share.resources.values():
            kind = shareable(one.entity)
            if kind is None or not _wanted(params.get("resourceArns"), one.entity):
                continue
            if params.get("resourceType") not in (None, kind.resource_type):
                continue
            rows.append(
                {
                    "arn": one.entity,
                    "type": kind.resource_type,
                    "resourceShareArn": share.arn,
                    "status": "AVAILABLE",
                    "creationTime": one.created,
                    "lastUpdatedTime": one.updated,
                    "resourceRegionScope": "REGIONAL",
                }
            )
    return paged("resources", rows, params)


@serves("ram", "ListPrincipals", needs=anywhere, source=_MODEL + "ListPrincipals")
def list_principals(org: Organisation, call: Call) -> Params:
    params = call.params
    rows: list[Params] = []
    for share in _seen(org, call):
        if not _wanted(params.get("resourceShareArns"), share.arn):
            continue
        if params.get("resourceArn") and params["resourceArn"] not in share.resources:
            continue
        if params.get("resourceType") and params["resourceType"] not in share.permissions:
            continue
        if params["resourceOwner"] == "SELF":
            entities = [(one.entity, one.created, one.external) for one in share.principals.values()]
        else:
            entities = [(share.owner, share.created, False)]
        rows += [
            {"id": entity, "resourceShareArn": share.arn, "creationTime": created, "external": external}
            for entity, created, external in entities
            if _wanted(params.get("principals"), entity)
        ]
    return paged("principals", rows, params)


@serves("ram", "ListResourceTypes", needs=anywhere, fidelity="emulated", source=_MODEL + "ListResourceTypes",
        note="only the types that the rehearsal can share")  # fmt: skip
def list_resource_types(org: Organisation, call: Call) -> Params:
    rows: list[Params] = [
        {"resourceType": name, "serviceName": name.partition(":")[0], "resourceRegionScope": "REGIONAL"}
        for name in sorted(SHAREABLE)
    ]
    return paged("resourceTypes", rows, call.params)


@serves(
    "ram",
    "EnableSharingWithAwsOrganization",
    needs=anywhere,
    source=_MODEL + "EnableSharingWithAwsOrganization: by the management account; the rehearsal starts enabled",
)
def enable_sharing(org: Organisation, call: Call) -> Params:
    if not any(one.id == call.caller.account and one.name == _MANAGEMENT for one in org.accounts.values()):
        raise not_permitted("Only the organization's management account can enable sharing with the organization.")
    return {"returnValue": True}


@serves("ram", "TagResource", needs=on_tagged, source=_MODEL + "TagResource: a share's or a permission's tags")
def tag(org: Organisation, call: Call) -> Params:
    _tags(org, call).update(tags_of(call.params))
    return {}


@serves("ram", "UntagResource", needs=on_tagged, source=_MODEL + "UntagResource")
def untag(org: Organisation, call: Call) -> Params:
    tags = _tags(org, call)
    for key in call.params["tagKeys"]:
        tags.pop(key, None)
    return {}


def _tags(org: Organisation, call: Call) -> dict[str, str]:
    if call.params.get("resourceShareArn"):
        return own_share(org, call, call.params["resourceShareArn"]).tags
    return find_permission(org, call.params["resourceArn"]).tags
