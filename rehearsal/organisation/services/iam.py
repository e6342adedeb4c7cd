"""IAM on moto's: what it stores is sound; the checks of names, documents, principals and quotas are ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    NotEmulated,
    Organisation,
    Params,
    condition_keys,
    moto_serves,
    resource_tags,
)
from rehearsal.organisation.grammar import check_grammar, check_principals
from rehearsal.organisation.policies import document_of

TRUST_CHARACTERS = 2048
INLINE_CHARACTERS = {"role": 10240, "user": 2048}
MANAGED_CHARACTERS = 6144
"""Whitespace isn't counted (iam/reference_iam-quotas: IAM and STS character limits)."""
POLICIES_PER_ROLE = 10
MALFORMED = "MalformedPolicyDocument"
REFERENCE = "IAM/latest/APIReference/API_"

condition_keys("iam", "iam:PassedToService", "iam:PolicyARN", "iam:PermissionsBoundary")


def _found(org: Organisation, account: str, kind: str, name: str) -> Any | None:
    backend = org.moto("iam", account, "")
    holders = {"role": backend.roles, "user": backend.users}[kind]
    return next((one for one in list(holders.values()) if one.name == name), None)


def _arn(org: Organisation, call: Call, kind: str, name: str) -> str:
    found = _found(org, call.owner, kind, name)
    path = found.path if found is not None else call.params.get("Path", "/")
    return f"arn:aws:iam::{call.owner}:{kind}{path}{name}"


def _boundary(org: Organisation, call: Call) -> str | None:
    """iam:PermissionsBoundary: the one in the request, else the one the principal has."""
    if "PermissionsBoundary" in call.params:
        return str(call.params["PermissionsBoundary"])
    for kind, member in (("role", "RoleName"), ("user", "UserName")):
        if member in call.params:
            found = _found(org, call.owner, kind, call.params[member])
            return getattr(found, "permissions_boundary_arn", None)
    return None


def _needs(org: Organisation, call: Call) -> list[Need]:
    params = call.params
    context: dict[str, str | list[str]] = {}
    if boundary := _boundary(org, call):
        context["iam:PermissionsBoundary"] = boundary
    if "PolicyArn" in params and call.operation.startswith(("Attach", "Detach")):
        context["iam:PolicyARN"] = params["PolicyArn"]
    action = f"iam:{'UpdateRole' if call.operation == 'UpdateRole' else call.operation}"
    if "RoleName" in params:
        resource = _arn(org, call, "role", params["RoleName"])
    elif "UserName" in params:
        resource = _arn(org, call, "user", params["UserName"])
    elif "PolicyArn" in params:
        resource = params["PolicyArn"]
    elif "PolicyName" in params:
        resource = f"arn:aws:iam::{call.owner}:policy{params.get('Path', '/')}{params['PolicyName']}"
    else:
        return org.generic_needs(call)
    return [Need(action, resource, call.owner, context)]


def _own_user_needs(org: Organisation, call: Call) -> list[Need]:
    """User operations without UserName concern the caller itself."""
    if "UserName" in call.params:
        return _needs(org, call)
    return [Need(f"iam:{call.operation}", call.caller.arn, call.owner)]


def _require_role(org: Organisation, call: Call) -> Any:
    role = _found(org, call.owner, "role", call.params["RoleName"])
    if role is None:
        raise ApiError("NoSuchEntity", f"The role with name {call.params['RoleName']} cannot be found.", 404)
    return role


def _check_trust(org: Organisation, text: str) -> None:
    document = document_of(text, MALFORMED, "the trust policy")
    check_grammar(document, "trust", MALFORMED)
    check_principals(org, document, MALFORMED)
    if _size(text) > TRUST_CHARACTERS:
        raise ApiError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}", 409)


def _size(text: str) -> int:
    return len("".join(text.split()))


def _before_create_role(org: Organisation, call: Call) -> None:
    name = call.params["RoleName"]
    backend = org.moto("iam", call.owner, "")
    if any(one.name.lower() == name.lower() for one in list(backend.roles.values())):
        raise ApiError("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
    _check_trust(org, call.params["AssumeRolePolicyDocument"])
    _check_boundary(org, call)


def _check_boundary(org: Organisation, call: Call) -> None:
    arn = call.params.get("PermissionsBoundary")
    if arn and arn not in org.moto("iam", call.owner, "").managed_policies:
        if ":iam::aws:" in arn:
            raise NotEmulated(f"AWS managed policy {arn} as permissions boundary")
        raise ApiError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


def _before_trust(org: Organisation, call: Call) -> None:
    _require_role(org, call)
    _check_trust(org, call.params["PolicyDocument"])


def _before_inline(org: Organisation, call: Call) -> None:
    _check_inline(call, "role", _require_role(org, call))


def _before_user_inline(org: Organisation, call: Call) -> None:
    user = _found(org, call.owner, "user", call.params["UserName"])
    if user is not None:  # else moto says that there is none
        _check_inline(call, "user", user)


def _check_inline(call: Call, kind: str, holder: Any) -> None:
    text = call.params["PolicyDocument"]
    check_grammar(document_of(text, MALFORMED, "the policy"), "identity", MALFORMED)
    others = sum(_size(one) for name, one in holder.policies.items() if name != call.params["PolicyName"])
    most = INLINE_CHARACTERS[kind]
    if others + _size(text) > most:
        raise ApiError("LimitExceeded", f"Maximum policy size of {most} bytes exceeded for {kind} {holder.name}", 409)


def _before_managed(_: Organisation, call: Call) -> None:
    text = call.params["PolicyDocument"]
    check_grammar(document_of(text, MALFORMED, "the policy"), "identity", MALFORMED)
    if _size(text) > MANAGED_CHARACTERS:
        raise ApiError("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_CHARACTERS}", 409)


def _before_delete_policy(org: Organisation, call: Call) -> None:
    """A policy goes only when nobody has it and only its default version is left (API_DeletePolicy)."""
    policy = org.moto("iam", call.owner, "").managed_policies.get(call.params["PolicyArn"])
    if policy is None:
        return  # moto says so
    if policy.attachment_count or _bounded_by(org, call.owner, policy.arn):
        raise ApiError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(policy.versions) > 1:
        message = "This policy has more than one version. Before you delete a policy, you must delete the policy's"
        raise ApiError("DeleteConflict", f"{message} versions. The default version is deleted with the policy.", 409)


def _bounded_by(org: Organisation, account: str, arn: str) -> bool:
    """Whether a policy is some role's permissions boundary."""
    roles = org.moto("iam", account, "").roles.values()
    return any(getattr(one, "permissions_boundary_arn", None) == arn for one in list(roles))


def _before_attach(_: Organisation, call: Call) -> None:
    if ":iam::aws:" in call.params["PolicyArn"]:
        raise NotEmulated(f"AWS managed policy {call.params['PolicyArn']}")


def _before_attach_to_role(org: Organisation, call: Call) -> None:
    _before_attach(org, call)
    attached = _require_role(org, call).managed_policies
    if call.params["PolicyArn"] not in attached and len(attached) >= POLICIES_PER_ROLE:
        raise ApiError("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {POLICIES_PER_ROLE}", 409)


def _before_create_user(org: Organisation, call: Call) -> None:
    name = call.params["UserName"]
    if any(one.name.lower() == name.lower() for one in list(org.moto("iam", call.owner, "").users.values())):
        raise ApiError("EntityAlreadyExists", f"User with name {name} already exists.", 409)


def _role_shown(org: Organisation, call: Call, _: Params) -> Mapping[str, Any]:
    role = _require_role(org, call)
    return {
        "RoleName": role.name,
        "Path": role.path,
        "AssumeRolePolicyDocument": role.assume_role_policy_document,
        "PolicyDocument": role.assume_role_policy_document,
        "Description": role.description,
        "MaxSessionDuration": int(role.max_session_duration or 3600),
        "PermissionsBoundary": role.permissions_boundary_arn,
        "Tags": role.tags,
    }


def _inline_shown(org: Organisation, call: Call, _: Params) -> Mapping[str, Any]:
    role = _require_role(org, call)
    name = call.params["PolicyName"]
    return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": role.policies.get(name)}


@resource_tags("iam")
def tags_of(org: Organisation, arn: str, account: str, _: str) -> Mapping[str, str] | None:
    """The tags of a role (other IAM resources have none here)."""
    backend = org.moto("iam", account, "")
    role = next((one for one in list(backend.roles.values()) if one.arn == arn), None)
    return None if role is None else {tag["Key"]: tag["Value"] for tag in role.tags}


def _rows(*operations: str, **options: Any) -> None:
    for operation in operations:
        moto_serves("iam", operation, source=REFERENCE + operation, needs=options.get("needs", _needs), **{
            name: value for name, value in options.items() if name != "needs"
        })  # fmt: skip


_rows("CreateRole", before=_before_create_role, read_back=_role_shown)
_rows("UpdateAssumeRolePolicy", before=_before_trust, read_back=_role_shown)
_rows("UpdateRole", before=lambda org, call: _require_role(org, call) and None, read_back=_role_shown)
_rows("PutRolePolicy", before=_before_inline, read_back=_inline_shown)
_rows("PutRolePermissionsBoundary", before=_check_boundary, read_back=_role_shown)
_rows("AttachRolePolicy", before=_before_attach_to_role)
_rows("DetachRolePolicy", before=_before_attach)
_rows("DeletePolicy", before=_before_delete_policy)
_rows("CreatePolicy", "CreatePolicyVersion", before=_before_managed)
_rows(
    "GetRole", "DeleteRole", "ListRoles", "TagRole", "UntagRole", "ListRoleTags", "GetRolePolicy", "DeleteRolePolicy",
    "ListRolePolicies", "ListAttachedRolePolicies", "DeleteRolePermissionsBoundary", "ListInstanceProfilesForRole",
    "GetPolicy", "GetPolicyVersion", "ListPolicyVersions", "DeletePolicyVersion", "ListUsers",
)  # fmt: skip
_rows("CreateUser", before=_before_create_user, needs=_own_user_needs)
_rows("PutUserPolicy", before=_before_user_inline, needs=_own_user_needs)
_rows("GetUser", "DeleteUser", "DeleteUserPolicy", "CreateAccessKey", "DeleteAccessKey", "ListAccessKeys",
      needs=_own_user_needs)  # fmt: skip
