"""Resource shares: create, update, delete, associate and disassociate, and the permissions they attach."""

from __future__ import annotations

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves

from .associations import add_principal, add_resource, check_principal, check_resource, shown
from .needs import anywhere, on_share, on_share_and_permission
from .permissions import summary
from .sharing import shareable
from .store import (
    Association,
    Share,
    find_permission,
    find_share,
    invalid,
    new_arn,
    not_permitted,
    once,
    own_share,
    owner_of,
    shown_tags,
    single,
    store,
    tags_of,
    unknown,
)

_MODEL = "botocore ram service-2: "
_UNSERVED = ("sources", "permissionTemplateParameters", "resourceShareConfiguration")


def _refuse_unserved(call: Call) -> None:
    for member in _UNSERVED:
        if call.params.get(member):
            raise NotEmulated(f"ram:{call.operation} with {member}")


@serves(
    "ram", "CreateResourceShare", needs=anywhere, fidelity="emulated", source=_MODEL + "CreateResourceShare",
    note="associations inside the organisation are complete at once; a share without a permission for its resource "
    "type is refused, because AWS's default permission's content is published nowhere",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    return once(org, call, lambda: _create(org, call))


def _create(org: Organisation, call: Call) -> Params:
    params = call.params
    _refuse_unserved(call)
    time = org.clock.now()
    allow_external = params.get("allowExternalPrincipals", True)
    share = Share(
        new_arn(call, "resource-share"), params["name"], call.caller.account, call.region, allow_external, time, time,
        tags_of(params),
    )  # fmt: skip
    for arn in single(params.get("permissionArns")):
        attach_permission(org, share, arn, replace=False)
    principals = [check_principal(org, share, text) for text in single(params.get("principals"))]
    resources = [check_resource(org, call, share, arn) for arn in single(params.get("resourceArns"))]
    store(org, share.owner, share.region).shares[share.arn] = share
    for principal in principals:
        add_principal(org, share, principal)
    for arn in resources:
        add_resource(org, share, arn)
    return {"resourceShare": view(share)}


@serves("ram", "UpdateResourceShare", needs=on_share, source=_MODEL + "UpdateResourceShare")
def update(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        share, params = own_share(org, call, call.params["resourceShareArn"]), call.params
        if params.get("name") is None and params.get("allowExternalPrincipals") is None:
            raise invalid("Give name or allowExternalPrincipals: an update must change something.")
        if params.get("allowExternalPrincipals") is False and any(one.external for one in share.principals.values()):
            raise not_permitted(f"{share.arn} has external principals: disassociate them before refusing them.")
        share.name = params.get("name") or share.name
        if params.get("allowExternalPrincipals") is not None:
            share.allow_external = params["allowExternalPrincipals"]
        share.updated = org.clock.now()
        return {"resourceShare": view(share)}

    return once(org, call, answer)


@serves(
    "ram",
    "DeleteResourceShare",
    needs=on_share,
    source=_MODEL + "DeleteResourceShare: the resources stay, the sharing ends; listed as DELETED for two hours",
)
def delete(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        share = own_share(org, call, call.params["resourceShareArn"])
        share.status = "DELETED"
        share.updated = org.clock.now()
        share.permissions.clear()
        share.resources.clear()
        share.principals.clear()
        return {"returnValue": True}

    return once(org, call, answer)


@serves("ram", "AssociateResourceShare", needs=on_share, source=_MODEL + "AssociateResourceShare")
def associate(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        _refuse_unserved(call)
        share = own_share(org, call, call.params["resourceShareArn"])
        principals = [check_principal(org, share, text) for text in single(call.params.get("principals"))]
        resources = [check_resource(org, call, share, arn) for arn in single(call.params.get("resourceArns"))]
        added = [add_principal(org, share, principal) for principal in principals]
        added += [add_resource(org, share, arn) for arn in resources]
        share.updated = org.clock.now()
        return {"resourceShareAssociations": [shown(share, one) for one in added]}

    return once(org, call, answer)


@serves(
    "ram", "DisassociateResourceShare", needs=on_share, fidelity="emulated",
    source=_MODEL + "DisassociateResourceShare", note="done at once; a past association is not listed afterwards",
)  # fmt: skip
def disassociate(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        _refuse_unserved(call)
        share = own_share(org, call, call.params["resourceShareArn"])
        removed: list[Association] = []
        for held, entities in (
            (share.principals, single(call.params.get("principals"))),
            (share.resources, single(call.params.get("resourceArns"))),
        ):
            for entity in entities:
                if entity not in held:
                    raise unknown("Association", f"of {entity} with {share.arn}")
            for entity in entities:
                gone = held.pop(entity)
                gone.status = "DISASSOCIATED"
                removed.append(gone)
        share.updated = org.clock.now()
        return {"resourceShareAssociations": [shown(share, one) for one in removed]}

    return once(org, call, answer)


@serves(
    "ram",
    "AssociateResourceSharePermission",
    needs=on_share_and_permission,
    source=_MODEL + "AssociateResourceSharePermission: one permission per resource type; the default version only",
)
def associate_permission(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        share, params = own_share(org, call, call.params["resourceShareArn"]), call.params
        if params.get("permissionTemplateParameters"):
            raise NotEmulated("ram:AssociateResourceSharePermission with permissionTemplateParameters")
        attach_permission(
            org, share, params["permissionArn"], replace=bool(params.get("replace")),
            version=params.get("permissionVersion"),
        )  # fmt: skip
        share.updated = org.clock.now()
        return {"returnValue": True}

    return once(org, call, answer)


@serves(
    "ram",
    "DisassociateResourceSharePermission",
    needs=on_share_and_permission,
    source=_MODEL + "DisassociateResourceSharePermission: only while no resource of its type is in the share",
)
def disassociate_permission(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        share, arn = own_share(org, call, call.params["resourceShareArn"]), call.params["permissionArn"]
        kind = next((kind for kind, (attached, _) in share.permissions.items() if attached == arn), None)
        if kind is None:
            raise unknown("Permission", f"{arn} of {share.arn}")
        if any(found.resource_type == kind for found in map(shareable, share.resources) if found):
            raise not_permitted(f"{share.arn} still holds resources of type {kind}: disassociate them first.")
        del share.permissions[kind]
        return {"returnValue": True}

    return once(org, call, answer)


@serves("ram", "ListResourceSharePermissions", needs=on_share, source=_MODEL + "ListResourceSharePermissions")
def list_share_permissions(org: Organisation, call: Call) -> Params:
    share = find_share(org, call.params["resourceShareArn"])
    rows = []
    for arn, number in share.permissions.values():
        permission = find_permission(org, arn)
        rows.append(summary(permission, permission.versions[number]))
    return {"permissions": rows}


def attach_permission(org: Organisation, share: Share, arn: str, *, replace: bool, version: int | None = None) -> None:
    """Attach the default version of a permission of the share's owner, one per resource type."""
    if owner_of(arn)[0] == "aws":
        raise NotEmulated(f"the AWS-managed RAM permission {arn}")
    permission = find_permission(org, arn)
    if owner_of(arn)[0] != share.owner:
        raise unknown("Permission", arn)
    if version not in (None, permission.default):
        raise invalid(f"Version {version} of {arn} is not its default version, {permission.default}.")
    taken = share.permissions.get(permission.resource_type)
    if taken is not None and not replace:
        raise invalid(
            f"Resource share {share.name} already has the permission {taken[0]} for {permission.resource_type}: "
            "a share has one permission per resource type."
        )
    share.permissions[permission.resource_type] = (arn, permission.default)


def view(share: Share) -> Params:
    """The share in ResourceShare's shape."""
    return {
        "resourceShareArn": share.arn,
        "name": share.name,
        "owningAccountId": share.owner,
        "allowExternalPrincipals": share.allow_external,
        "status": share.status,
        "tags": shown_tags(share.tags),
        "creationTime": share.created,
        "lastUpdatedTime": share.updated,
        "featureSet": "STANDARD",
    }
