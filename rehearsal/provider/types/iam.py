"""aws.iam: Role, RolePolicy. Ids as `pulumi import` takes them: the role's name, `role:policy`."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_id, pairs, tag_calls
from rehearsal.provider.values import Props

HOUR_SECONDS = 3600


def _text(document: Any) -> str:
    """botocore decodes the URL-encoded policy documents of IAM into objects."""
    return document if isinstance(document, str) else json.dumps(document)


def _create_role(aws: Clients, args: Props) -> str:
    aws.call(
        "iam", "create_role",
        RoleName=args["name"], AssumeRolePolicyDocument=args["assumeRolePolicy"], Path=args["path"],
        Description=args.get("description"), MaxSessionDuration=args["maxSessionDuration"],
        PermissionsBoundary=args.get("permissionsBoundary"), Tags=pairs(args.get("tagsAll")),
    )  # fmt: skip
    name: str = args["name"]
    return name


def _read_role(aws: Clients, physical_id: str, known: Props) -> Props:
    role = aws.call("iam", "get_role", RoleName=physical_id)["Role"]
    attached = aws.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=physical_id)
    inline = aws.pages("iam", "list_role_policies", "PolicyNames", RoleName=physical_id)
    return {
        "name": role["RoleName"],
        "arn": role["Arn"],
        "uniqueId": role["RoleId"],
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "path": role["Path"],
        "description": role.get("Description") or None,
        "maxSessionDuration": role["MaxSessionDuration"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
        "managedPolicyArns": sorted(policy["PolicyArn"] for policy in attached),
        "inlinePolicies": [
            {"name": name, "policy": _text(_inline(aws, physical_id, name)["PolicyDocument"])}
            for name in sorted(inline)
        ],
    }


def _inline(aws: Clients, role: str, name: str) -> Props:
    return aws.call("iam", "get_role_policy", RoleName=role, PolicyName=name)


def _update_role(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if old.get("assumeRolePolicy") != new["assumeRolePolicy"]:
        aws.call("iam", "update_assume_role_policy", RoleName=physical_id, PolicyDocument=new["assumeRolePolicy"])
    if any(old.get(key) != new.get(key) for key in ("description", "maxSessionDuration")):
        description = new.get("description") or ""
        aws.call("iam", "update_role", RoleName=physical_id, Description=description,
                 MaxSessionDuration=new["maxSessionDuration"])  # fmt: skip
    boundary = new.get("permissionsBoundary")
    if old.get("permissionsBoundary") != boundary:
        if boundary:
            aws.call("iam", "put_role_permissions_boundary", RoleName=physical_id, PermissionsBoundary=boundary)
        else:
            aws.call("iam", "delete_role_permissions_boundary", RoleName=physical_id)


def _delete_role(aws: Clients, physical_id: str, state: Props) -> None:
    """As the real provider: out of its instance profiles; policies go only by forceDetachPolicies."""
    for profile in aws.pages("iam", "list_instance_profiles_for_role", "InstanceProfiles", RoleName=physical_id):
        name = profile["InstanceProfileName"]
        aws.call("iam", "remove_role_from_instance_profile", InstanceProfileName=name, RoleName=physical_id)
    if state.get("forceDetachPolicies"):
        for policy in aws.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=physical_id):
            aws.call("iam", "detach_role_policy", RoleName=physical_id, PolicyArn=policy["PolicyArn"])
        for name in aws.pages("iam", "list_role_policies", "PolicyNames", RoleName=physical_id):
            aws.call("iam", "delete_role_policy", RoleName=physical_id, PolicyName=name)
    aws.call("iam", "delete_role", RoleName=physical_id)


ROLE = ResourceType(
    pulumi_type="aws:iam/role:Role",
    cfn="AWS::IAM::Role",
    name=AutoName(limit=64),
    arguments={
        "assumeRolePolicy": Argument(cfn="AssumeRolePolicyDocument", text="policy"),
        "description": Argument(cfn="Description"),
        "forceDetachPolicies": Argument(default=False, kept=True),
        "maxSessionDuration": Argument(cfn="MaxSessionDuration", default=HOUR_SECONDS),
        "name": Argument(cfn="RoleName"),
        "path": Argument(cfn="Path", default="/"),
        "permissionsBoundary": Argument(cfn="PermissionsBoundary"),
    },
    tags=tag_calls("iam", by_id("RoleName"), read="list_role_tags", add="tag_role", remove="untag_role"),
    create=_create_role,
    read=_read_role,
    update=_update_role,
    delete=_delete_role,
    gone=("NoSuchEntity",),
)


def _put_policy(aws: Clients, role: str, name: str, policy: str) -> str:
    aws.call("iam", "put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=policy)
    return f"{role}:{name}"


def _read_policy(aws: Clients, physical_id: str, known: Props) -> Props:
    role, name = physical_id.split(":", 1)
    return {"role": role, "name": name, "policy": _text(_inline(aws, role, name)["PolicyDocument"])}


def _update_policy(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    role, name = physical_id.split(":", 1)
    _put_policy(aws, role, name, new["policy"])


def _delete_policy(aws: Clients, physical_id: str, state: Props) -> None:
    role, name = physical_id.split(":", 1)
    aws.call("iam", "delete_role_policy", RoleName=role, PolicyName=name)


ROLE_POLICY = ResourceType(
    pulumi_type="aws:iam/rolePolicy:RolePolicy",
    cfn="AWS::IAM::RolePolicy",
    name=AutoName(limit=128),
    arguments={
        "name": Argument(cfn="PolicyName"),
        "policy": Argument(cfn="PolicyDocument", text="policy"),
        "role": Argument(cfn="RoleName"),
    },
    create=lambda aws, args: _put_policy(aws, args["role"], args["name"], args["policy"]),
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=("NoSuchEntity",),
    adopts="PutRolePolicy replaces an inline policy of that name, and the real provider doesn't look first",
)

TYPES = (ROLE, ROLE_POLICY)
