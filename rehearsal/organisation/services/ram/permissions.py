"""Customer-managed permissions: create, read, version, delete.

AWS-managed permissions are refused by name: what AWS's AllowRegister and AllowDeploy permissions hold is published
nowhere, so nothing could be computed from them.
"""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves

from .needs import anywhere, create_permission, on_permission
from .sharing import SHAREABLE
from .store import (
    DELETED_STAYS,
    Permission,
    Version,
    find_permission,
    invalid,
    not_permitted,
    once,
    owner_of,
    paged,
    shown_tags,
    store,
    stores,
    tags_of,
    unknown,
)
from .templates import read_template

_MODEL = "botocore ram service-2: "
_MOST_VERSIONS = 5
_MOST_PERMISSIONS = 10


@serves(
    "ram", "CreatePermission", needs=create_permission, fidelity="emulated",
    source=_MODEL + "CreatePermission; user guide managed-permission-considerations and quotas (10 a resource type)",
    note="resource types of emulated services only; template parameters, Null, IfExists and action wildcards are "
    "refused; a deleted permission's name stays taken for 2 hours of the clock (AWS: up to 2 hours)",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    return once(org, call, lambda: _create(org, call))


def _create(org: Organisation, call: Call) -> Params:
    params = call.params
    _check_resource_type(params["resourceType"])
    if params.get("permissionTemplateParameters"):
        raise NotEmulated("ram:CreatePermission with permissionTemplateParameters")
    template = read_template(params["policyTemplate"], params["resourceType"])
    held = store(org, call.caller.account, call.region).permissions
    arn = f"arn:aws:ram:{call.region}:{call.caller.account}:permission/{params['name']}"
    time = org.clock.now()
    taken = held.get(arn)
    if taken and (taken.deleted is None or time < taken.deleted + DELETED_STAYS):
        raise ApiError(
            "PermissionAlreadyExistsException",
            f"A permission with the name {params['name']} already exists in {call.region}"
            + (": it was deleted less than two hours ago." if taken.deleted else "."),
            409,
        )
    same_type = [one for one in held.values() if one.resource_type == params["resourceType"] and not one.deleted]
    if len(same_type) >= _MOST_PERMISSIONS:
        raise ApiError(
            "PermissionLimitExceededException",
            f"The account has {len(same_type)} customer managed permissions for {params['resourceType']}; the limit "
            f"is {_MOST_PERMISSIONS}.",
        )
    version = Version(1, params["policyTemplate"], template, time)
    permission = Permission(
        arn, params["name"], params["resourceType"], time, time, tags_of(params), {1: version}, default=1
    )
    held[arn] = permission
    return {"permission": summary(permission, version)}


def _check_resource_type(resource_type: str) -> None:
    if resource_type in SHAREABLE:
        return
    if any(resource_type.partition(":")[0] == known.partition(":")[0] for known in SHAREABLE):
        raise invalid(
            f"Resource type {resource_type!r} is unknown; it must be spelt as ListResourceTypes does: "
            f"{', '.join(sorted(SHAREABLE))}."
        )
    raise NotEmulated(f"ram:CreatePermission for resource type {resource_type}")


@serves("ram", "GetPermission", needs=on_permission, source=_MODEL + "GetPermission")
def get(org: Organisation, call: Call) -> Params:
    permission = _readable(org, call)
    number = call.params.get("permissionVersion") or permission.default
    version = permission.versions.get(number)
    if version is None:
        raise unknown("Permission version", f"{permission.arn} {number}")
    return {"permission": detail(permission, version)}


@serves("ram", "ListPermissions", needs=anywhere, source=_MODEL + "ListPermissions", fidelity="emulated",
        note="customer-managed permissions only: AWS-managed ones are not listed")  # fmt: skip
def list_permissions(org: Organisation, call: Call) -> Params:
    params = call.params
    if params.get("permissionType") == "AWS_MANAGED":
        raise NotEmulated("ram:ListPermissions of AWS-managed permissions")
    held = store(org, call.caller.account, call.region).permissions.values()
    rows = [
        summary(permission, permission.versions[permission.default])
        for permission in held
        if not permission.deleted
        and params.get("resourceType") in (None, permission.resource_type)
        and params.get("permissionStatus") in (None, "ATTACHABLE")
    ]
    return paged("permissions", rows, params)


@serves("ram", "ListPermissionVersions", needs=anywhere, source=_MODEL + "ListPermissionVersions")
def list_versions(org: Organisation, call: Call) -> Params:
    permission = _own(org, call)
    return paged("permissions", [summary(permission, version) for version in permission.versions.values()], call.params)


@serves(
    "ram",
    "CreatePermissionVersion",
    needs=on_permission,
    source=_MODEL + "CreatePermissionVersion: the new version becomes the default; shares keep theirs; at most 5",
)
def create_version(org: Organisation, call: Call) -> Params:
    return once(org, call, lambda: _create_version(org, call))


def _create_version(org: Organisation, call: Call) -> Params:
    permission = _own(org, call)
    if call.params.get("permissionTemplateParameters"):
        raise NotEmulated("ram:CreatePermissionVersion with permissionTemplateParameters")
    template = read_template(call.params["policyTemplate"], permission.resource_type)
    if len(permission.versions) >= _MOST_VERSIONS:
        raise ApiError(
            "PermissionVersionsLimitExceededException",
            f"{permission.arn} has {_MOST_VERSIONS} versions, the most it can have: delete one first.",
        )
    time = org.clock.now()
    version = Version(max(permission.versions) + 1, call.params["policyTemplate"], template, time)
    permission.versions[version.number] = version
    permission.default = version.number
    permission.updated = time
    return {"permission": detail(permission, version)}


@serves(
    "ram",
    "DeletePermissionVersion",
    needs=on_permission,
    source=_MODEL + "DeletePermissionVersion: neither the default version nor an attached one",
)
def delete_version(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        permission, number = _own(org, call), call.params["permissionVersion"]
        if number not in permission.versions:
            raise unknown("Permission version", f"{permission.arn} {number}")
        if number == permission.default:
            raise not_permitted(f"Version {number} is the default version of {permission.arn}.")
        if (permission.arn, number) in _attached(org, call.region):
            raise not_permitted(f"Version {number} of {permission.arn} is attached to a resource share.")
        del permission.versions[number]
        return {"returnValue": True, "permissionStatus": "DELETED"}

    return once(org, call, answer)


@serves(
    "ram",
    "SetDefaultPermissionVersion",
    needs=on_permission,
    source=_MODEL + "SetDefaultPermissionVersion: existing shares keep theirs",
)
def set_default(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        permission, number = _own(org, call), call.params["permissionVersion"]
        if number not in permission.versions:
            raise unknown("Permission version", f"{permission.arn} {number}")
        permission.default = number
        return {"returnValue": True}

    return once(org, call, answer)


@serves(
    "ram",
    "DeletePermission",
    needs=on_permission,
    source=_MODEL + "DeletePermission: only if it isn't attached to any resource share",
)
def delete(org: Organisation, call: Call) -> Params:
    def answer() -> Params:
        permission = _own(org, call)
        if any(arn == permission.arn for arn, _ in _attached(org, call.region)):
            raise not_permitted(
                f"Permission {permission.arn} is attached to a resource share; it can be deleted only when no "
                "resource share uses it."
            )
        permission.deleted = org.clock.now()
        return {"returnValue": True, "permissionStatus": "DELETING"}

    return once(org, call, answer)


def _attached(org: Organisation, region: str) -> set[tuple[str, int]]:
    return {
        attached
        for held in stores(org, region)
        for share in held.shares.values()
        if share.status != "DELETED"
        for attached in share.permissions.values()
    }


def _own(org: Organisation, call: Call) -> Permission:
    permission = _readable(org, call)
    if owner_of(permission.arn)[0] != call.caller.account:
        raise unknown("Permission", permission.arn)
    return permission


def _readable(org: Organisation, call: Call) -> Permission:
    arn = call.params["permissionArn"]
    if owner_of(arn)[0] == "aws":
        raise NotEmulated(f"the AWS-managed RAM permission {arn}")
    return find_permission(org, arn)


def summary(permission: Permission, version: Version) -> Params:
    """ResourceSharePermissionSummary: the version is text there."""
    return {
        "arn": permission.arn,
        "version": str(version.number),
        "defaultVersion": version.number == permission.default,
        "name": permission.name,
        "resourceType": permission.resource_type,
        "status": "ATTACHABLE",
        "creationTime": version.created,
        "lastUpdatedTime": permission.updated,
        "isResourceTypeDefault": False,
        "permissionType": "CUSTOMER_MANAGED",
        "featureSet": "STANDARD",
        "tags": shown_tags(permission.tags),
    }


def detail(permission: Permission, version: Version) -> Params:
    """ResourceSharePermissionDetail: a summary with the template's text."""
    return summary(permission, version) | {"permission": version.text}
