"""Grants: rights on one key for one principal (kms/grants)."""

from __future__ import annotations

import secrets
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves
from rehearsal.organisation.services.kms.keys import paged
from rehearsal.organisation.services.kms.needs import key_needs
from rehearsal.organisation.services.kms.specs import ENCRYPT_DECRYPT, SIGN_VERIFY
from rehearsal.organisation.services.kms.store import API, Grant, Key, find_by_arn, key_of, require_enabled

_OF_ALL = frozenset({"DescribeKey", "CreateGrant", "RetireGrant"})
OPERATIONS = {
    ENCRYPT_DECRYPT: _OF_ALL | {
        "Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
        "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
    },
    SIGN_VERIFY: _OF_ALL | {"Sign", "Verify", "GetPublicKey"},
}  # fmt: skip
"""By key usage: what a grant may allow (kms/grants, grant operations)."""


def _shown(key: Key, grant: Grant) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "KeyId": key.arn,
        "GrantId": grant.id,
        "CreationDate": grant.created,
        "IssuingAccount": f"arn:aws:iam::{grant.issuing_account}:root",
        "Operations": list(grant.operations),
    }
    shown["GranteeServicePrincipal" if grant.for_service else "GranteePrincipal"] = grant.grantee
    if grant.constraints:
        shown["Constraints"] = grant.constraints
    if grant.retiring:
        shown["RetiringPrincipal"] = grant.retiring
    if grant.name:
        shown["Name"] = grant.name
    return shown


@serves(
    "kms", "CreateGrant", source=API + "CreateGrant", needs=key_needs, fidelity="emulated",
    note="effective at once, where AWS takes up to five minutes without a grant token",
)  # fmt: skip
def create_grant(org: Organisation, call: Call) -> Params:
    params = call.params
    key = key_of(org, call)
    require_enabled(key)
    grantee = params.get("GranteePrincipal") or params.get("GranteeServicePrincipal")
    if grantee is None:
        raise ApiError("ValidationException", "GranteePrincipal is required")
    if "GranteePrincipal" in params and not org.identity.exists(grantee):
        raise ApiError("InvalidArnException", f"{grantee} is no principal")
    _check_operations(key, params)
    made = Grant(
        secrets.token_hex(32),
        grantee,
        list(params["Operations"]),
        org.clock.now(),
        call.caller.account,
        dict(params.get("Constraints", {})),
        params.get("RetiringPrincipal"),
        params.get("Name"),
        "GranteeServicePrincipal" in params,
    )
    same = next((one for one in key.grants.values() if made.name and _alike(one, made)), None)
    grant = same or made
    key.grants[grant.id] = grant
    return {"GrantId": grant.id, "GrantToken": secrets.token_urlsafe(90)}


def _check_operations(key: Key, params: Params) -> None:
    """API_CreateGrant: operations that the key's usage knows; an encryption context only where there is encryption."""
    strange = sorted(set(params["Operations"]) - OPERATIONS[key.usage])
    if strange:
        message = f"Grant operations {', '.join(strange)} are not supported by a key with usage {key.usage}."
        raise ApiError("ValidationException", message)
    if params.get("Constraints") and key.usage != ENCRYPT_DECRYPT:
        message = f"Grant constraints are for symmetric encryption keys; {key.arn} has usage {key.usage}."
        raise ApiError("ValidationException", message)


def _alike(one: Grant, other: Grant) -> bool:
    """API_CreateGrant: a named grant made again with the same parameters is the same grant."""
    return (one.name, one.grantee, sorted(one.operations), one.constraints, one.retiring) == (
        other.name, other.grantee, sorted(other.operations), other.constraints, other.retiring,
    )  # fmt: skip


@serves("kms", "ListGrants", source=API + "ListGrants", needs=key_needs)
def list_grants(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    wanted, grantee = call.params.get("GrantId"), call.params.get("GranteePrincipal")
    rows = [
        _shown(key, one) for one in key.grants.values() if wanted in (None, one.id) and grantee in (None, one.grantee)
    ]
    return paged("Grants", rows, call)


@serves("kms", "RevokeGrant", source=API + "RevokeGrant", needs=key_needs)
def revoke_grant(org: Organisation, call: Call) -> Params:
    if key_of(org, call).grants.pop(call.params["GrantId"], None) is None:
        raise ApiError("NotFoundException", f"Grant {call.params['GrantId']} does not exist")
    return {}


def grants_on(org: Organisation, arn: str) -> list[dict[str, Any]] | None:
    """The grants of a key as the evaluator takes them; None where there is none."""
    key = find_by_arn(org, arn)
    if key is None or not key.grants:
        return None
    return [_shown(key, one) for one in key.grants.values()]
