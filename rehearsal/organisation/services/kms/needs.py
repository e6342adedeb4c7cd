"""What KMS calls need: the key's ARN and KMS's own condition keys (kms/conditions-kms)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rehearsal.organisation.core import Call, Need, Organisation, condition_keys
from rehearsal.organisation.services.kms.ciphertext import key_arn_of
from rehearsal.organisation.services.kms.specs import ENCRYPT_DECRYPT, SYMMETRIC
from rehearsal.organisation.services.kms.store import Key, aliases_of, find, find_by_arn, key_of

Context = dict[str, str | list[str]]

condition_keys(
    "kms",
    "kms:BypassPolicyLockoutSafetyCheck", "kms:CallerAccount", "kms:CustomerMasterKeySpec",
    "kms:CustomerMasterKeyUsage", "kms:EncryptionAlgorithm", "kms:EncryptionContext:*", "kms:EncryptionContextKeys",
    "kms:GrantConstraintType", "kms:GrantIsForAWSResource", "kms:GrantOperations", "kms:GranteePrincipal",
    "kms:KeyOrigin", "kms:KeySpec", "kms:KeyUsage", "kms:MultiRegion", "kms:RequestAlias", "kms:ResourceAliases",
    "kms:RetiringPrincipal", "kms:RotationPeriodInDays", "kms:ScheduleKeyDeletionPendingWindowInDays",
    "kms:ViaService", "kms:ReEncryptOnSameKey", "kms:SigningAlgorithm", "kms:MessageType",
)  # fmt: skip


def encryption_keys(context: Mapping[str, str]) -> Context:
    """The condition keys of an encryption context."""
    if not context:
        return {}
    return {
        "kms:EncryptionContextKeys": sorted(context),
        **{f"kms:EncryptionContext:{key}": value for key, value in context.items()},
    }


def _of_key(org: Organisation, key: Key, call: Call, named: str) -> Context:
    aliases = aliases_of(org, key.account, key.region)
    context: Context = {
        "kms:KeySpec": key.spec,
        "kms:KeyUsage": key.usage,
        "kms:CustomerMasterKeySpec": key.spec,
        "kms:CustomerMasterKeyUsage": key.usage,
        "kms:KeyOrigin": "AWS_KMS",
        "kms:MultiRegion": "false",
    }
    if own := sorted(alias for alias, target in aliases.items() if target == key.id):
        context["kms:ResourceAliases"] = own
    if "alias/" in named:
        context["kms:RequestAlias"] = named[named.index("alias/") :]
    if key.usage == ENCRYPT_DECRYPT:
        context["kms:EncryptionAlgorithm"] = call.params.get("EncryptionAlgorithm", SYMMETRIC)
    return context


def _of_request(call: Call) -> Context:
    params = call.params
    context = encryption_keys(params.get("EncryptionContext", {}))
    if "BypassPolicyLockoutSafetyCheck" in params:
        context["kms:BypassPolicyLockoutSafetyCheck"] = str(params["BypassPolicyLockoutSafetyCheck"]).lower()
    if call.operation == "ScheduleKeyDeletion":
        context["kms:ScheduleKeyDeletionPendingWindowInDays"] = str(params.get("PendingWindowInDays", 30))
    if "RotationPeriodInDays" in params:
        context["kms:RotationPeriodInDays"] = str(params["RotationPeriodInDays"])
    if call.operation == "CreateGrant":
        grantee = params.get("GranteePrincipal") or params.get("GranteeServicePrincipal")
        context["kms:GranteePrincipal"] = str(grantee)
        context["kms:GrantOperations"] = list(params["Operations"])
        context["kms:GrantIsForAWSResource"] = "true" if call.via else "false"
        if retiring := params.get("RetiringPrincipal"):
            context["kms:RetiringPrincipal"] = retiring
        for constraint in params.get("Constraints", {}):
            context["kms:GrantConstraintType"] = str(constraint)
    return context


def key_needs(org: Organisation, call: Call) -> list[Need]:
    """An operation on one key."""
    key = key_of(org, call)
    context = _of_key(org, key, call, call.params["KeyId"]) | _of_request(call)
    return [Need(f"kms:{call.operation}", key.arn, key.account, context)]


def signing_needs(org: Organisation, call: Call) -> list[Need]:
    """Sign and Verify, with kms:SigningAlgorithm and kms:MessageType (RAW where none is sent)."""
    params = call.params
    chosen = {
        "kms:SigningAlgorithm": params["SigningAlgorithm"],
        "kms:MessageType": params.get("MessageType", "RAW"),
    }
    return [replace(need, context={**need.context, **chosen}) for need in key_needs(org, call)]


def decrypt_needs(org: Organisation, call: Call) -> list[Need]:
    """The key is the one that the ciphertext names; KeyId, where given, must be the same (checked on
    decrypting).
    """
    arn = key_arn_of(call.params["CiphertextBlob"])
    key = find_by_arn(org, arn)
    named = call.params.get("KeyId", arn)
    context = _of_request(call) | (_of_key(org, key, call, named) if key is not None else {})
    return [Need("kms:Decrypt", arn, arn.split(":")[4], context)]


def re_encrypt_needs(org: Organisation, call: Call) -> list[Need]:
    params = call.params
    source = key_arn_of(params["CiphertextBlob"])
    target = find(org, params["DestinationKeyId"], call.caller.account, call.region)
    same: Context = {"kms:ReEncryptOnSameKey": "true" if target.arn == source else "false"}
    before = encryption_keys(params.get("SourceEncryptionContext", {})) | same
    after = encryption_keys(params.get("DestinationEncryptionContext", {})) | same
    return [
        Need("kms:ReEncryptFrom", source, source.split(":")[4], before),
        Need("kms:ReEncryptTo", target.arn, target.account, after),
    ]


def create_needs(_: Organisation, call: Call) -> list[Need]:
    """kms:CreateKey knows no resource; tags in the request need kms:TagResource too (API_CreateKey, Tags)."""
    context: Context = _of_request(call) | {
        "kms:KeySpec": call.params.get("KeySpec") or call.params.get("CustomerMasterKeySpec") or SYMMETRIC,
        "kms:KeyUsage": call.params.get("KeyUsage", ENCRYPT_DECRYPT),
        "kms:KeyOrigin": call.params.get("Origin", "AWS_KMS"),
        "kms:MultiRegion": str(call.params.get("MultiRegion", False)).lower(),
    }
    return [Need("kms:CreateKey", "*", call.caller.account, context)]


def alias_needs(org: Organisation, call: Call) -> list[Need]:
    """The action on the alias and on each key concerned (kms/alias-access)."""
    account, name = call.caller.account, call.params["AliasName"]
    action = f"kms:{call.operation}"
    resources = [f"arn:aws:kms:{call.region}:{account}:{name}"]
    if current := aliases_of(org, account, call.region).get(name):
        resources.append(f"arn:aws:kms:{call.region}:{account}:key/{current}")
    if "TargetKeyId" in call.params:
        resources.append(key_of(org, call, "TargetKeyId").arn)
    return [Need(action, one, account) for one in dict.fromkeys(resources)]
