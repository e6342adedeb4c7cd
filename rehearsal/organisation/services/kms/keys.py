"""Life of a key: create, describe, policy, enable, rotate, tag, delete."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Caller, Need, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.grammar import check_grammar, check_principals
from rehearsal.organisation.policies import document_of
from rehearsal.organisation.resolve import request_tags
from rehearsal.organisation.services.kms.crypto import material_id
from rehearsal.organisation.services.kms.needs import create_needs, key_needs
from rehearsal.organisation.services.kms.specs import ENCRYPT_DECRYPT, SIGNING, SYMMETRIC, chosen
from rehearsal.organisation.services.kms.store import (
    API,
    Key,
    days,
    key_of,
    keys_of,
    new_key_id,
    require_enabled,
    require_not_deleted,
)
from rehearsal.organisation.services.paging import page

POLICY_CHARACTERS = 32768
"""kms/key-policy-overview: at most 32 KB."""
DEFAULT_WINDOW_DAYS = 30
DEFAULT_ROTATION_DAYS = 365
MALFORMED = "MalformedPolicyDocumentException"


def default_policy(account: str) -> dict[str, Any]:
    """kms/key-policy-default: the account's root may do everything, so IAM policies decide."""
    return {
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }


def _check_policy(org: Organisation, call: Call, key: Key, text: str) -> None:
    """Grammar, principals, size, and that the caller can still change the policy (kms/key-policy-default
    lockout).
    """
    if len(text) > POLICY_CHARACTERS:
        raise ApiError("LimitExceededException", f"The key policy is longer than {POLICY_CHARACTERS} characters.")
    document = document_of(text, MALFORMED, "the key policy")
    check_grammar(document, "key", MALFORMED)
    check_principals(org, document, MALFORMED)
    if call.params.get("BypassPolicyLockoutSafetyCheck"):
        return
    need = Need("kms:PutKeyPolicy", key.arn, key.account)
    root = Caller(f"arn:aws:iam::{key.account}:root", key.account)
    if not any(org.would_allow(who, need, region=key.region, resource_policy=document) for who in (call.caller, root)):
        raise ApiError(MALFORMED, "The new key policy will not allow you to update the key policy in the future.")


def metadata(key: Key) -> dict[str, Any]:
    """KeyMetadata as CreateKey and DescribeKey show it (botocore kms)."""
    shown: dict[str, Any] = {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": key.state,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "MultiRegion": False,
    }
    if key.usage == ENCRYPT_DECRYPT:
        shown |= {"EncryptionAlgorithms": [SYMMETRIC], "CurrentKeyMaterialId": material_id(key)}
    else:
        shown["SigningAlgorithms"] = list(SIGNING[key.spec].algorithms)
    if key.deleted_at is not None:
        shown["DeletionDate"] = key.deleted_at
    return shown


@serves(
    "kms", "CreateKey", source=API + "CreateKey; kms/key-policy-default", needs=create_needs, fidelity="emulated",
    note="symmetric keys and signing keys (RSA, NIST curves, secp256k1) of AWS_KMS origin; kms:TagResource isn't asked "
    "for tags in the request",
)  # fmt: skip
def create_key(org: Organisation, call: Call) -> Params:
    params = call.params
    if params.get("Origin", "AWS_KMS") != "AWS_KMS":
        raise NotEmulated(f"kms:CreateKey with Origin {params['Origin']}")
    for name in ("CustomKeyStoreId", "XksKeyId", "MultiRegion"):
        if params.get(name):
            raise NotEmulated(f"kms:CreateKey with {name}")
    spec, usage = chosen(params)
    account = call.caller.account
    key = Key(new_key_id(), account, call.region, org.clock.now(), "", params.get("Description", ""))
    text = params.get("Policy") or json.dumps(default_policy(account))
    _check_policy(org, call, key, text)
    key.policy = text
    key.tags = request_tags(params)
    key.spec, key.usage = spec, usage
    key.pair = SIGNING[spec].generate() if spec in SIGNING else None
    keys_of(org, account, call.region)[key.id] = key
    return {"KeyMetadata": metadata(key)}


@serves("kms", "DescribeKey", source=API + "DescribeKey", needs=key_needs)
def describe_key(org: Organisation, call: Call) -> Params:
    return {"KeyMetadata": metadata(key_of(org, call))}


@serves("kms", "ListKeys", source=API + "ListKeys")
def list_keys(org: Organisation, call: Call) -> Params:
    rows = [{"KeyId": one.id, "KeyArn": one.arn} for one in keys_of(org, call.owner, call.region).values()]
    return paged("Keys", sorted(rows, key=lambda row: row["KeyId"]), call)


def paged(member: str, rows: list[Any], call: Call) -> Params:
    """A list answer of KMS, with its marker."""
    invalid = ApiError("InvalidMarkerException", "The marker is not one that this list returned.")
    shown, marker = page(rows, call.params.get("Marker"), call.params.get("Limit"), default=100, invalid=invalid)
    answer: Params = {member: shown, "Truncated": marker is not None}
    return {**answer, "NextMarker": marker} if marker is not None else answer


@serves("kms", "GetKeyPolicy", source=API + "GetKeyPolicy", needs=key_needs)
def get_key_policy(org: Organisation, call: Call) -> Params:
    _require_default_name(call)
    return {"Policy": key_of(org, call).policy, "PolicyName": "default"}


@serves("kms", "ListKeyPolicies", source=API + "ListKeyPolicies", needs=key_needs)
def list_key_policies(org: Organisation, call: Call) -> Params:
    key_of(org, call)
    return {"PolicyNames": ["default"], "Truncated": False}


@serves("kms", "PutKeyPolicy", source=API + "PutKeyPolicy", needs=key_needs)
def put_key_policy(org: Organisation, call: Call) -> Params:
    _require_default_name(call)
    key = key_of(org, call)
    require_not_deleted(key)
    _check_policy(org, call, key, call.params["Policy"])
    key.policy = call.params["Policy"]
    return {}


def _require_default_name(call: Call) -> None:
    name = call.params.get("PolicyName", "default")
    if name != "default":
        raise ApiError("NotFoundException", f"No such policy exists: {name}; the only one is default")


@serves("kms", "UpdateKeyDescription", source=API + "UpdateKeyDescription", needs=key_needs)
def update_key_description(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    require_not_deleted(key)
    key.description = call.params["Description"]
    return {}


@serves("kms", "EnableKey", "DisableKey", source=API + "EnableKey, API_DisableKey", needs=key_needs)
def switch_key(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    require_not_deleted(key)
    key.enabled = call.operation == "EnableKey"
    return {}


@serves(
    "kms", "EnableKeyRotation", "DisableKeyRotation", source=API + "EnableKeyRotation", needs=key_needs,
    fidelity="emulated", note="the period is kept and shown; the key material stays the same",
)  # fmt: skip
def switch_rotation(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    if key.spec != SYMMETRIC:
        message = f"{key.arn} keyspec is {key.spec} which is not valid for {call.operation}."
        raise ApiError("UnsupportedOperationException", message)
    require_enabled(key)
    if call.operation == "DisableKeyRotation":
        key.rotation_days = key.rotation_from = None
        return {}
    key.rotation_days = int(call.params.get("RotationPeriodInDays", key.rotation_days or DEFAULT_ROTATION_DAYS))
    key.rotation_from = key.rotation_from or org.clock.now()
    return {}


@serves("kms", "GetKeyRotationStatus", source=API + "GetKeyRotationStatus (asymmetric keys: false)", needs=key_needs)
def get_key_rotation_status(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    answer: Params = {"KeyId": key.arn, "KeyRotationEnabled": key.rotation_days is not None}
    if key.rotation_days is None or key.rotation_from is None:
        return answer
    passed = (org.clock.now() - key.rotation_from).days // key.rotation_days
    following = key.rotation_from + days(key.rotation_days * (passed + 1))
    return {**answer, "RotationPeriodInDays": key.rotation_days, "NextRotationDate": following}


@serves("kms", "ScheduleKeyDeletion", source=API + "ScheduleKeyDeletion", needs=key_needs)
def schedule_key_deletion(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    require_not_deleted(key)
    window = int(call.params.get("PendingWindowInDays", DEFAULT_WINDOW_DAYS))
    if not 7 <= window <= 30:
        raise ApiError("ValidationException", f"PendingWindowInDays is {window}; it must be 7 to 30")
    key.window_days = window
    key.deleted_at = org.clock.now() + days(window)
    return {
        "KeyId": key.arn,
        "DeletionDate": key.deleted_at,
        "KeyState": key.state,
        "PendingWindowInDays": window,
    }


@serves("kms", "CancelKeyDeletion", source=API + "CancelKeyDeletion (the key stays disabled)", needs=key_needs)
def cancel_key_deletion(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    if key.deleted_at is None:
        raise ApiError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    key.deleted_at = key.window_days = None
    key.enabled = False
    return {"KeyId": key.arn}


@serves("kms", "TagResource", "UntagResource", source=API + "TagResource", needs=key_needs)
def tag_resource(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    require_not_deleted(key)
    if call.operation == "TagResource":
        key.tags.update(request_tags(call.params))
    for name in call.params.get("TagKeys", []):
        key.tags.pop(name, None)
    return {}


@serves("kms", "ListResourceTags", source=API + "ListResourceTags", needs=key_needs)
def list_resource_tags(org: Organisation, call: Call) -> Params:
    tags = [{"TagKey": key, "TagValue": value} for key, value in sorted(key_of(org, call).tags.items())]
    return paged("Tags", tags, call)
