"""GetPublicKey, Sign and Verify: real signatures of RSA keys and elliptic curves.

A signature can be verified outside, with the public key that GetPublicKey gives (DER, SubjectPublicKeyInfo, RFC 5280).
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves
from rehearsal.organisation.services.kms.needs import key_needs, signing_needs
from rehearsal.organisation.services.kms.specs import DIGESTS, SIGN_VERIFY, SIGNING, PrivateKey
from rehearsal.organisation.services.kms.store import API, Key, dry_run, key_of, require_enabled, require_usage


@serves("kms", "GetPublicKey", source=API + "GetPublicKey", needs=key_needs)
def get_public_key(org: Organisation, call: Call) -> Params:
    key = key_of(org, call)
    require_enabled(key)
    if key.pair is None:
        raise ApiError(
            "UnsupportedOperationException", f"{key.arn} keyspec is {key.spec} which is not valid for GetPublicKey."
        )
    public = key.pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "KeyId": key.arn,
        "PublicKey": public,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
        "SigningAlgorithms": list(SIGNING[key.spec].algorithms),
    }


@serves("kms", "Sign", source=API + "Sign; kms/symm-asymm-choose-key-spec", needs=signing_needs)
def sign(org: Organisation, call: Call) -> Params:
    key, pair, digest = _prepared(org, call)
    signature = _sign(pair, call.params["SigningAlgorithm"], digest)
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": call.params["SigningAlgorithm"]}


@serves("kms", "Verify", source=API + "Verify: what isn't valid is KMSInvalidSignatureException", needs=signing_needs)
def verify(org: Organisation, call: Call) -> Params:
    key, pair, digest = _prepared(org, call)
    algorithm = call.params["SigningAlgorithm"]
    try:
        _verify(pair, algorithm, digest, call.params["Signature"])
    except InvalidSignature:
        raise ApiError("KMSInvalidSignatureException", "") from None
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}


def _prepared(org: Organisation, call: Call) -> tuple[Key, PrivateKey, bytes]:
    """The key, its pair and the digest that is signed, once key, algorithm and message fit together."""
    key, algorithm = key_of(org, call), call.params["SigningAlgorithm"]
    require_enabled(key)
    require_usage(key, SIGN_VERIFY, call.operation)
    if key.pair is None or algorithm not in SIGNING[key.spec].algorithms:
        message = f"Algorithm {algorithm} is incompatible with key spec {key.spec}."
        raise ApiError("InvalidKeyUsageException", message)
    digest = _digest(call.params, algorithm)
    dry_run(call)
    return key, key.pair, digest


def _digest(params: Params, algorithm: str) -> bytes:
    """The digest of a RAW message, or a DIGEST as it was sent, if it is as long as the algorithm's."""
    message: bytes = params["Message"]
    kind, hashed = params.get("MessageType", "RAW"), _hash(algorithm)
    if kind == "RAW":
        return hashlib.new(hashed.name, message).digest()
    if kind != "DIGEST":
        raise ApiError("ValidationException", f"MessageType {kind} is not valid for algorithm {algorithm}.")
    if len(message) != hashed.digest_size:
        raise ApiError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    return message


def _hash(algorithm: str) -> HashAlgorithm:
    return DIGESTS[algorithm[-len("SHA_256") :]]


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    hashed = _hash(algorithm)
    pss = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
    return pss if algorithm.startswith("RSASSA_PSS") else padding.PKCS1v15()


def _sign(pair: PrivateKey, algorithm: str, digest: bytes) -> bytes:
    hashed = Prehashed(_hash(algorithm))
    if isinstance(pair, rsa.RSAPrivateKey):
        return pair.sign(digest, _padding(algorithm), hashed)
    return pair.sign(digest, ec.ECDSA(hashed))


def _verify(pair: PrivateKey, algorithm: str, digest: bytes, signature: bytes) -> None:
    """Raises InvalidSignature."""
    hashed = Prehashed(_hash(algorithm))
    if isinstance(pair, rsa.RSAPrivateKey):
        pair.public_key().verify(signature, digest, _padding(algorithm), hashed)
    else:
        pair.public_key().verify(signature, digest, ec.ECDSA(hashed))
