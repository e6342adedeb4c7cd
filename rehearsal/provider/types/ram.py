"""aws.ram: Permission, ResourceShare. Ids: the ARNs."""

from __future__ import annotations

from typing import Any

from rehearsal.provider.clients import Clients, NeverReady, is_gone, wait_until
from rehearsal.provider.resource import Argument, AutoName, ResourceType, Tags
from rehearsal.provider.tagging import pairs, unpair
from rehearsal.provider.types.ram_associations import ASSOCIATIONS
from rehearsal.provider.values import Props

GONE = ("UnknownResourceException",)
MOST_VERSIONS = 5
"""A customer managed permission has at most 5 versions (RAM user guide, working with customer managed permissions)."""


def _tags(parameter: str) -> Tags:
    """RAM returns the tags with the resource itself; only tagging and untagging are calls of their own."""

    def add(aws: Clients, physical_id: str, state: Props, tags: dict[str, str]) -> None:
        aws.call("ram", "tag_resource", **{parameter: physical_id}, tags=pairs(tags, "key", "value"))

    def remove(aws: Clients, physical_id: str, state: Props, names: list[str]) -> None:
        aws.call("ram", "untag_resource", **{parameter: physical_id}, tagKeys=names)

    return Tags(lambda aws, physical_id, found: found["tagsAll"], add, remove)


def _create_permission(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "ram", "create_permission",
        name=args["name"], resourceType=args["resourceType"], policyTemplate=args["policyTemplate"],
        tags=pairs(args.get("tagsAll"), "key", "value"),
    )  # fmt: skip
    arn: str = answer["permission"]["arn"]
    return arn


def _find_permission(aws: Clients, arn: str) -> Props | None:
    try:
        found: Props = aws.call("ram", "get_permission", permissionArn=arn)["permission"]
    except Exception as error:
        if is_gone(error, GONE):
            return None
        raise
    return None if found.get("status") == "DELETED" else found


def _read_permission(aws: Clients, physical_id: str, known: Props) -> Props | None:
    """The policy template isn't read back: the real provider keeps what was sent (its import test ignores it)."""
    found = _find_permission(aws, physical_id)
    if found is None:
        return None
    return {
        "arn": found["arn"],
        "name": found["name"],
        "resourceType": _as_given(known.get("resourceType"), found["resourceType"]),
        "version": found.get("version"),
        "defaultVersion": found.get("defaultVersion"),
        "status": found.get("status"),
        "tagsAll": unpair(found.get("tags"), "key", "value"),
    }


def _as_given(given: str | None, found: str) -> str:
    """RAM's resource types aren't case sensitive (pulumi_aws docstring of Permission): keep the program's spelling."""
    return given if given is not None and given.lower() == found.lower() else found


def _update_permission(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    """A new template is a new default version; the oldest one makes room, as in the real provider."""
    if old.get("policyTemplate") == new["policyTemplate"]:
        return
    versions = aws.pages("ram", "list_permission_versions", "permissions", permissionArn=physical_id)
    if len(versions) >= MOST_VERSIONS:
        others = [item for item in versions if not item.get("defaultVersion")]
        oldest = min(others, key=lambda item: item["creationTime"])
        number = int(oldest["version"])
        aws.call("ram", "delete_permission_version", permissionArn=physical_id, permissionVersion=number)
    template = new["policyTemplate"]
    aws.call("ram", "create_permission_version", permissionArn=physical_id, policyTemplate=template)


def _delete_permission(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ram", "delete_permission", permissionArn=physical_id)
    wait_until(lambda: _find_permission(aws, physical_id) is None, f"the permission {physical_id} wasn't deleted")


PERMISSION = ResourceType(
    pulumi_type="aws:ram/permission:Permission",
    cfn="AWS::RAM::Permission",
    name=AutoName(),
    arguments={
        "name": Argument(cfn="Name"),
        # CloudFormation replaces; the Terraform provider makes a new version in place
        # (terraform-provider-aws internal/service/ram/permission.go).
        "policyTemplate": Argument(cfn="PolicyTemplate", text="json", replaces=False, kept=True),
        "resourceType": Argument(cfn="ResourceType"),
    },
    tags=_tags("resourceArn"),
    create=_create_permission,
    read=_read_permission,
    update=_update_permission,
    delete=_delete_permission,
    gone=GONE,
    recomputed={"version": ("policyTemplate",), "defaultVersion": ("policyTemplate",)},
)


def _create_share(aws: Clients, args: Props) -> str:
    retain = (args.get("resourceShareConfiguration") or {}).get("retainSharingOnAccountLeaveOrganization")
    answer = aws.call(
        "ram", "create_resource_share",
        name=args["name"], allowExternalPrincipals=args["allowExternalPrincipals"],
        permissionArns=args.get("permissionArns"), tags=pairs(args.get("tagsAll"), "key", "value"),
        resourceShareConfiguration=None if retain is None else {"retainSharingOnAccountLeaveOrganization": retain},
    )  # fmt: skip
    arn: str = answer["resourceShare"]["resourceShareArn"]
    return arn


def _find_share(aws: Clients, arn: str) -> Props | None:
    try:
        shares = aws.pages(
            "ram", "get_resource_shares", "resourceShares", resourceOwner="SELF", resourceShareArns=[arn]
        )
    except Exception as error:
        if is_gone(error, GONE):
            return None
        raise
    return next((share for share in shares if share["status"] != "DELETED"), None)


def _wait_active(aws: Clients, physical_id: str, args: Props) -> None:
    def active() -> bool:
        share = _find_share(aws, physical_id)
        if share is not None and share["status"] == "FAILED":
            raise NeverReady(f"the resource share {physical_id} failed: {share.get('statusMessage')}")
        return share is not None and bool(share["status"] == "ACTIVE")

    wait_until(active, f"the resource share {physical_id} didn't become ACTIVE")


def _read_share(aws: Clients, physical_id: str, known: Props) -> Props | None:
    share = _find_share(aws, physical_id)
    if share is None:
        return None
    listed = aws.pages("ram", "list_resource_share_permissions", "permissions", resourceShareArn=physical_id)
    configuration: dict[str, Any] = share.get("resourceShareConfiguration") or {}
    retain = configuration.get("retainSharingOnAccountLeaveOrganization")
    return {
        "arn": share["resourceShareArn"],
        "name": share["name"],
        "allowExternalPrincipals": share["allowExternalPrincipals"],
        "permissionArns": sorted(item["arn"] for item in listed),
        "resourceShareConfiguration": None if retain is None else {"retainSharingOnAccountLeaveOrganization": retain},
        "tagsAll": unpair(share.get("tags"), "key", "value"),
    }


def _update_share(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if any(old.get(key) != new.get(key) for key in ("name", "allowExternalPrincipals")):
        aws.call(
            "ram", "update_resource_share",
            resourceShareArn=physical_id, name=new["name"], allowExternalPrincipals=new["allowExternalPrincipals"],
        )  # fmt: skip


def _delete_share(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ram", "delete_resource_share", resourceShareArn=physical_id)
    wait_until(lambda: _find_share(aws, physical_id) is None, f"the resource share {physical_id} wasn't deleted")


SHARE = ResourceType(
    pulumi_type="aws:ram/resourceShare:ResourceShare",
    cfn="AWS::RAM::ResourceShare",
    name=AutoName(),
    arguments={
        "allowExternalPrincipals": Argument(cfn="AllowExternalPrincipals", default=False),
        "name": Argument(cfn="Name"),
        # CloudFormation associates and disassociates; the Terraform provider marks it ForceNew
        # (internal/service/ram/resource_share.go).
        "permissionArns": Argument(cfn="PermissionArns", unordered=True, replaces=True),
        "resourceShareConfiguration": Argument(computed=True),
        "resourceShareConfiguration.retainSharingOnAccountLeaveOrganization": Argument(
            cfn="ResourceShareConfiguration.RetainSharingOnAccountLeaveOrganization"
        ),
    },
    tags=_tags("resourceShareArn"),
    create=_create_share,
    configure=_wait_active,
    read=_read_share,
    update=_update_share,
    delete=_delete_share,
    gone=GONE,
)

TYPES = (PERMISSION, SHARE, *ASSOCIATIONS)
