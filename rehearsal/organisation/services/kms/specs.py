"""What a key may be: its spec, what that may be used for, its signing algorithms, its key pair.

Source: kms/symm-asymm-choose-key-spec (RSA, NIST curves, secp256k1; RSASSA-PSS with a salt as long as the digest; ECDSA
signatures in DER). Keys for encryption with RSA, key agreement, MACs, Ed25519, ML-DSA, ML-KEM and SM2 are refused by
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rehearsal.organisation.core import ApiError, NotEmulated, Params

SYMMETRIC = "SYMMETRIC_DEFAULT"
ENCRYPT_DECRYPT = "ENCRYPT_DECRYPT"
SIGN_VERIFY = "SIGN_VERIFY"
PUBLIC_EXPONENT = 65537

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}
"""By the end of a signing algorithm's name."""

_RSA = tuple(f"RSASSA_{padding}_{digest}" for padding in ("PKCS1_V1_5", "PSS") for digest in DIGESTS)


@dataclass(frozen=True, slots=True)
class Spec:
    """The spec of a signing key: a curve, or the bits of an RSA modulus."""

    algorithms: tuple[str, ...]
    curve: ec.EllipticCurve | None = None
    bits: int = 0

    def generate(self) -> PrivateKey:
        if self.curve is not None:
            return ec.generate_private_key(self.curve)
        return rsa.generate_private_key(PUBLIC_EXPONENT, self.bits)


SIGNING: Mapping[str, Spec] = {
    "ECC_NIST_P256": Spec(("ECDSA_SHA_256",), ec.SECP256R1()),
    "ECC_NIST_P384": Spec(("ECDSA_SHA_384",), ec.SECP384R1()),
    "ECC_NIST_P521": Spec(("ECDSA_SHA_512",), ec.SECP521R1()),
    "ECC_SECG_P256K1": Spec(("ECDSA_SHA_256",), ec.SECP256K1()),
    **{f"RSA_{bits}": Spec(_RSA, bits=bits) for bits in (2048, 3072, 4096)},
}

_ELSEWHERE = {
    "RSA": (ENCRYPT_DECRYPT,),
    "ECC": ("KEY_AGREEMENT",),
    "HMAC": ("GENERATE_VERIFY_MAC",),
    "ML": (SIGN_VERIFY, "ENCAPSULATE_DECAPSULATE"),
    "SM2": (SIGN_VERIFY, ENCRYPT_DECRYPT, "KEY_AGREEMENT"),
}
"""By the family of a spec: usages that KMS knows for it and that aren't emulated."""


def chosen(params: Params) -> tuple[str, str]:
    """Spec and usage of the key that CreateKey asks for (API_CreateKey, KeySpec and KeyUsage).

    Raises ApiError (ValidationException) where they are missing or don't fit, NotEmulated for kinds that aren't here.
    """
    spec, old = params.get("KeySpec"), params.get("CustomerMasterKeySpec")
    if spec is not None and old is not None:
        message = "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is "
        raise ApiError("ValidationException", message + "deprecated.")
    spec, usage = spec or old or SYMMETRIC, params.get("KeyUsage")
    if usage is None and spec != SYMMETRIC:
        message = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        raise ApiError("ValidationException", message)
    usage = usage or ENCRYPT_DECRYPT
    if (spec == SYMMETRIC and usage == ENCRYPT_DECRYPT) or (spec in SIGNING and usage == SIGN_VERIFY):
        return spec, usage
    edwards = spec == "ECC_NIST_EDWARDS25519" and usage == SIGN_VERIFY
    if edwards or usage in _ELSEWHERE.get(spec.partition("_")[0], ()):
        raise NotEmulated(f"kms:CreateKey with KeySpec {spec} and KeyUsage {usage}")
    raise ApiError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
