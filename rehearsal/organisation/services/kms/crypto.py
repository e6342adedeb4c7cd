"""Encrypt, Decrypt, ReEncrypt, GenerateDataKey(WithoutPlaintext)."""

from __future__ import annotations

import hashlib
import secrets

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.services.kms.ciphertext import decrypt, encrypt, key_arn_of
from rehearsal.organisation.services.kms.needs import decrypt_needs, key_needs, re_encrypt_needs
from rehearsal.organisation.services.kms.specs import ENCRYPT_DECRYPT, SYMMETRIC
from rehearsal.organisation.services.kms.store import (
    API,
    Key,
    dry_run,
    find,
    find_by_arn,
    key_of,
    require_enabled,
    require_usage,
)

KEY_BYTES = {"AES_128": 16, "AES_256": 32}


def material_id(key: Key) -> str:
    """64 hex digits, as KMS names key material; it says nothing of the material itself."""
    return hashlib.sha256(key.id.encode()).hexdigest()


def _refuse_special(call: Call) -> None:
    if "Recipient" in call.params:
        raise NotEmulated(f"kms:{call.operation} with Recipient (a Nitro enclave)")
    for name in ("EncryptionAlgorithm", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"):
        if call.params.get(name, SYMMETRIC) != SYMMETRIC:
            raise ApiError("InvalidKeyUsageException", f"the key is symmetric: {name} must be {SYMMETRIC}")


@serves("kms", "Encrypt", source=API + "Encrypt", needs=key_needs)
def encrypt_text(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    require_usage(key, ENCRYPT_DECRYPT, call.operation)
    _refuse_special(call)
    require_enabled(key)
    dry_run(call)
    blob = encrypt(key.material, key.arn, call.params["Plaintext"], call.params.get("EncryptionContext", {}))
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": SYMMETRIC}


def _opened(org: Organisation, blob: bytes, named: Key | None) -> Key:
    arn = key_arn_of(blob)
    key = find_by_arn(org, arn)
    if key is None:
        raise ApiError("NotFoundException", f"Key '{arn}' does not exist")
    if named is not None and named.arn != arn:
        raise ApiError(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        )
    require_enabled(key)
    return key


@serves("kms", "Decrypt", source=API + "Decrypt", needs=decrypt_needs)
def decrypt_text(org: Organisation, call: Call) -> Params:
    _refuse_special(call)
    named = key_of(org, call) if "KeyId" in call.params else None
    if named is not None:
        require_usage(named, ENCRYPT_DECRYPT, call.operation)
    key = _opened(org, call.params["CiphertextBlob"], named)
    dry_run(call)
    plaintext = decrypt(key.material, call.params["CiphertextBlob"], call.params.get("EncryptionContext", {}))
    return {
        "KeyId": key.arn,
        "Plaintext": plaintext,
        "EncryptionAlgorithm": SYMMETRIC,
        "KeyMaterialId": material_id(key),
    }


@serves("kms", "ReEncrypt", source=API + "ReEncrypt", needs=re_encrypt_needs)
def re_encrypt(org: Organisation, call: Call) -> Params:
    params = call.params
    _refuse_special(call)
    region, account = call.region, call.caller.account
    named = find(org, params["SourceKeyId"], account, region) if "SourceKeyId" in params else None
    source = _opened(org, params["CiphertextBlob"], named)
    target = find(org, params["DestinationKeyId"], account, region)
    require_usage(target, ENCRYPT_DECRYPT, "ReEncryptTo")
    require_enabled(target)
    dry_run(call)
    plaintext = decrypt(source.material, params["CiphertextBlob"], params.get("SourceEncryptionContext", {}))
    context = params.get("DestinationEncryptionContext", {})
    return {
        "CiphertextBlob": encrypt(target.material, target.arn, plaintext, context),
        "SourceKeyId": source.arn,
        "KeyId": target.arn,
        "SourceEncryptionAlgorithm": SYMMETRIC,
        "DestinationEncryptionAlgorithm": SYMMETRIC,
        "SourceKeyMaterialId": material_id(source),
        "DestinationKeyMaterialId": material_id(target),
    }


def _data_key(org: Organisation, call: Call) -> tuple[Key, bytes, bytes]:
    key = key_of(org, call)
    require_usage(key, ENCRYPT_DECRYPT, call.operation)
    _refuse_special(call)
    require_enabled(key)
    spec, number = call.params.get("KeySpec"), call.params.get("NumberOfBytes")
    if (spec is None) == (number is None):
        raise ApiError("ValidationException", "Please specify either number of bytes or key spec.")
    dry_run(call)
    plaintext = secrets.token_bytes(KEY_BYTES[spec] if spec is not None else int(number or 0))
    return key, plaintext, encrypt(key.material, key.arn, plaintext, call.params.get("EncryptionContext", {}))


@serves("kms", "GenerateDataKey", source=API + "GenerateDataKey", needs=key_needs)
def generate_data_key(org: Organisation, call: Call) -> Params:
    key, plaintext, blob = _data_key(org, call)
    return {"CiphertextBlob": blob, "Plaintext": plaintext, "KeyId": key.arn, "KeyMaterialId": material_id(key)}


@serves("kms", "GenerateDataKeyWithoutPlaintext", source=API + "GenerateDataKeyWithoutPlaintext", needs=key_needs)
def generate_data_key_without_plaintext(org: Organisation, call: Call) -> Params:
    key, _, blob = _data_key(org, call)
    return {"CiphertextBlob": blob, "KeyId": key.arn, "KeyMaterialId": material_id(key)}
