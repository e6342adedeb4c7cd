"""Ciphertexts: real AES-256-GCM, the key's ARN in front, the encryption context as authenticated data.

KMS's own format is opaque; what is kept of it: it names its key, and no byte or context may differ on
decrypting.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rehearsal.organisation.core import ApiError

MAGIC = b"\x01\x02\x02\x00rehearsal"
NONCE_BYTES = 12


def _authenticated(arn: str, context: Mapping[str, str]) -> bytes:
    return json.dumps([arn, dict(sorted(context.items()))], separators=(",", ":")).encode()


def encrypt(material: bytes, arn: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(material).encrypt(nonce, plaintext, _authenticated(arn, context))
    named = arn.encode()
    return MAGIC + len(named).to_bytes(2, "big") + named + nonce + sealed


def key_arn_of(blob: bytes) -> str:
    """The ARN of the key that a ciphertext was made with. Raises ApiError InvalidCiphertextException."""
    start = len(MAGIC) + 2
    if not blob.startswith(MAGIC) or len(blob) < start:
        raise ApiError("InvalidCiphertextException", "the ciphertext was not made by the emulated KMS")
    length = int.from_bytes(blob[len(MAGIC) : start], "big")
    return blob[start : start + length].decode("utf-8", "replace")


def decrypt(material: bytes, blob: bytes, context: Mapping[str, str]) -> bytes:
    """Raises ApiError InvalidCiphertextException where a byte or the encryption context differs."""
    arn = key_arn_of(blob)
    start = len(MAGIC) + 2 + len(arn.encode())
    nonce, sealed = blob[start : start + NONCE_BYTES], blob[start + NONCE_BYTES :]
    try:
        return AESGCM(material).decrypt(nonce, sealed, _authenticated(arn, context))
    except (InvalidTag, ValueError) as error:
        message = "the ciphertext was changed, or the encryption context is not the one it was made with"
        raise ApiError("InvalidCiphertextException", message) from error
