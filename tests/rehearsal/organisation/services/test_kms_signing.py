"""Signing keys through boto3: real signatures, verified outside too; what such a key may not be used for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.core import ApiError
from rehearsal.organisation.services.kms.specs import SIGNING, chosen
from tests.rehearsal.organisation.example import DEV, HUB, Client, allow, new_role, policy, refused, root, unique

ECDSA = "ECDSA_SHA_256"
SIGN = {"KeyUsage": "SIGN_VERIFY"}
ROOT_MESSAGE = b'{"anchor": 1}'
DIGEST = hashlib.sha256(ROOT_MESSAGE).digest()


@pytest.fixture(scope="module")
def kms(client: Client) -> Any:
    return client("hub", None, "kms")


def signing_key(kms: Any, *statements: dict[str, Any], spec: str = "ECC_NIST_P256") -> str:
    """A signing key whose policy lets its account's IAM decide, with more statements. Returns its ARN."""
    own = allow("kms:*", Principal={"AWS": root(HUB)}, Sid="Own")
    document = json.dumps(policy(own, *statements))
    return str(kms.create_key(KeySpec=spec, Policy=document, **SIGN)["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def key(kms: Any) -> str:
    return signing_key(kms)


def signed(kms: Any, key: str, message: bytes = DIGEST, kind: str = "DIGEST", algorithm: str = ECDSA) -> bytes:
    answer = kms.sign(KeyId=key, Message=message, MessageType=kind, SigningAlgorithm=algorithm)
    assert (answer["KeyId"], answer["SigningAlgorithm"]) == (key, algorithm)
    return bytes(answer["Signature"])


def test_a_digest_is_signed_so_that_anyone_with_the_public_key_can_verify_it(kms: Any, key: str) -> None:
    """Guards: an anchor that only the emulator believes (API_Sign, API_GetPublicKey: DER SubjectPublicKeyInfo)."""
    shown = kms.get_public_key(KeyId=key)
    assert (shown["KeySpec"], shown["KeyUsage"], shown["SigningAlgorithms"]) == (
        "ECC_NIST_P256",
        "SIGN_VERIFY",
        [ECDSA],
    )
    public = load_der_public_key(shown["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    signature = signed(kms, key)
    public.verify(signature, ROOT_MESSAGE, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signature, ROOT_MESSAGE + b" ", ec.ECDSA(hashes.SHA256()))


def test_a_message_and_its_digest_are_signed_alike(kms: Any, key: str) -> None:
    """Guards: RAW that isn't hashed, or DIGEST that is hashed again (API_Sign, MessageType; API_Verify)."""
    of_digest, of_message = signed(kms, key), signed(kms, key, ROOT_MESSAGE, "RAW")
    for signature, message, kind in ((of_digest, ROOT_MESSAGE, "RAW"), (of_message, DIGEST, "DIGEST")):
        answer = kms.verify(
            KeyId=key, Message=message, MessageType=kind, Signature=signature, SigningAlgorithm=ECDSA
        )  # fmt: skip
        assert answer["SignatureValid"] is True


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"])
def test_each_algorithm_of_a_spec_signs(kms: Any, spec: str) -> None:
    """Guards: a spec or padding other than the one named (kms/symm-asymm-choose-key-spec; PSS salt = digest)."""
    made = signing_key(kms, spec=spec)
    public = load_der_public_key(kms.get_public_key(KeyId=made)["PublicKey"])
    described = kms.describe_key(KeyId=made)["KeyMetadata"]
    assert (described["KeySpec"], described["SigningAlgorithms"]) == (spec, list(SIGNING[spec].algorithms))
    for algorithm in described["SigningAlgorithms"]:
        name = f"SHA{algorithm[-3:]}"
        hashed = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}[name]
        digest = hashlib.new(name, ROOT_MESSAGE).digest()
        signature = signed(kms, made, digest, "DIGEST", algorithm)
        if isinstance(public, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
            public.verify(signature, digest, pss if "PSS" in algorithm else padding.PKCS1v15(), Prehashed(hashed))
        else:
            assert isinstance(public, ec.EllipticCurvePublicKey)
            public.verify(signature, digest, ec.ECDSA(Prehashed(hashed)))
        assert kms.verify(KeyId=made, Message=ROOT_MESSAGE, Signature=signature, SigningAlgorithm=algorithm)


@given(place=st.integers(min_value=0), message=st.binary(min_size=1, max_size=64))
def test_a_changed_signature_or_message_is_invalid(kms: Any, key: str, place: int, message: bytes) -> None:
    """Guards: tampering that Verify accepts (API_Verify: KMSInvalidSignatureException, never SignatureValid false)."""
    signature = bytearray(signed(kms, key))
    signature[place % len(signature)] ^= 1
    sent = {"KeyId": key, "SigningAlgorithm": ECDSA}
    with refused("KMSInvalidSignatureException"):
        kms.verify(Message=DIGEST, MessageType="DIGEST", Signature=bytes(signature), **sent)
    if message != ROOT_MESSAGE:
        with refused("KMSInvalidSignatureException"):
            kms.verify(Message=message, Signature=signed(kms, key), **sent)


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        ({"Message": b"x" * 31, "MessageType": "DIGEST"}, "ValidationException", "invalid length for algorithm"),
        ({"Message": b"x" * 64, "MessageType": "DIGEST"}, "ValidationException", "invalid length for algorithm"),
        ({"Message": b"x" * 4097}, "ValidationException", "essage"),
        ({"Message": b"x" * 64, "MessageType": "EXTERNAL_MU"}, "ValidationException", "EXTERNAL_MU"),
        ({"SigningAlgorithm": "ECDSA_SHA_384"}, "InvalidKeyUsageException", "incompatible with key spec ECC_NIST_P256"),
        ({"SigningAlgorithm": "RSASSA_PSS_SHA_256"}, "InvalidKeyUsageException", "incompatible with key spec"),
        ({"DryRun": True}, "DryRunOperationException", "would have succeeded"),
    ],
)
def test_what_does_not_fit_the_key_is_refused(kms: Any, key: str, sent: dict[str, Any], code: str, words: str) -> None:
    """Guards: a digest of another hash, a message over 4,096 bytes, an algorithm of another key (API_Sign)."""
    with refused(code, words):
        kms.sign(**{"KeyId": key, "Message": b"x", "SigningAlgorithm": ECDSA, **sent})


def test_a_message_of_4096_bytes_is_signed(kms: Any, key: str) -> None:
    """Guards the limit's other side (API_Sign: up to 4,096 bytes)."""
    assert signed(kms, key, b"x" * 4096, "RAW")


def test_a_signing_key_does_not_encrypt_and_an_encryption_key_does_not_sign(kms: Any, key: str) -> None:
    """Guards: a key of one usage that does the other's work (kms/concepts, key usage)."""
    for method, sent in ((kms.encrypt, {"Plaintext": b"x"}), (kms.generate_data_key, {"KeySpec": "AES_256"})):
        with refused("InvalidKeyUsageException", "SIGN_VERIFY"):
            method(KeyId=key, **sent)
    symmetric = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=symmetric, Plaintext=b"x")["CiphertextBlob"]
    with refused("InvalidKeyUsageException", "Decrypt"):
        kms.decrypt(KeyId=key, CiphertextBlob=blob)
    with refused("InvalidKeyUsageException", "ReEncryptTo"):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)
    with refused("InvalidKeyUsageException", "which is not valid for Sign"):
        kms.sign(KeyId=symmetric, Message=b"x", SigningAlgorithm=ECDSA)
    with refused("UnsupportedOperationException", "GetPublicKey"):
        kms.get_public_key(KeyId=symmetric)


def test_a_service_can_not_encrypt_with_a_signing_key(client: Client, key: str) -> None:
    """Guards: a bucket that stores objects under a key that can't open them."""
    s3 = client("hub", None, "s3")
    bucket = unique("b")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with refused("InvalidKeyUsageException", "SIGN_VERIFY"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)


def test_a_signing_key_never_rotates(kms: Any, key: str) -> None:
    """Guards: a rotation that AWS refuses (kms/rotate-keys: symmetric keys only; the status is always false)."""
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    for call in (kms.enable_key_rotation, kms.disable_key_rotation):
        with refused("UnsupportedOperationException", "ECC_NIST_P256"):
            call(KeyId=key)


def test_a_disabled_signing_key_neither_signs_nor_shows_its_public_key(kms: Any) -> None:
    """Guards: a key that goes on working in a state in which AWS refuses it (kms/key-state)."""
    made = signing_key(kms)
    signature = signed(kms, made)
    kms.disable_key(KeyId=made)
    sent = {"Message": DIGEST, "MessageType": "DIGEST", "SigningAlgorithm": ECDSA}
    methods: tuple[tuple[Any, dict[str, Any]], ...] = (
        (kms.sign, sent),
        (kms.verify, {**sent, "Signature": signature}),
        (kms.get_public_key, {}),
    )
    for method, parameters in methods:
        with refused("DisabledException"):
            method(KeyId=made, **parameters)


def test_a_key_policy_can_demand_algorithm_and_message_type(client: Client, kms: Any) -> None:
    """Guards: conditions on kms:SigningAlgorithm and kms:MessageType, on which an anchor's role may rest."""
    condition = {"StringEquals": {"kms:SigningAlgorithm": ECDSA, "kms:MessageType": "DIGEST"}}
    statement = allow("kms:Sign", Principal={"AWS": root(DEV)}, Sid="Dev", Condition=condition)
    made = signing_key(kms, statement)
    dev = client("dev", new_role(client("dev", None, "iam"), DEV, allow(["kms:Sign", "kms:Verify"], made)), "kms")
    assert dev.sign(KeyId=made, Message=DIGEST, MessageType="DIGEST", SigningAlgorithm=ECDSA)["Signature"]
    with refused("AccessDeniedException", "kms:Sign"):
        dev.sign(KeyId=made, Message=DIGEST, SigningAlgorithm=ECDSA)  # without a type it is RAW
    with refused("AccessDeniedException", "kms:Verify"):
        dev.verify(KeyId=made, Message=DIGEST, Signature=b"x", SigningAlgorithm=ECDSA)


def test_a_grant_allows_what_the_usage_knows(client: Client, kms: Any) -> None:
    """Guards: a grant of Decrypt on a signing key, which AWS refuses (API_CreateGrant, Operations, Constraints)."""
    made = signing_key(kms)
    role = new_role(client("dev", None, "iam"), DEV, allow("kms:Sign", made))
    grantee = f"arn:aws:iam::{DEV}:role/{role}"
    with refused("ValidationException", "Decrypt"):
        kms.create_grant(KeyId=made, GranteePrincipal=grantee, Operations=["Sign", "Decrypt"])
    with refused("ValidationException", "constraints"):
        context = {"EncryptionContextEquals": {"stage": "dev"}}
        kms.create_grant(KeyId=made, GranteePrincipal=grantee, Operations=["Sign"], Constraints=context)
    kms.create_grant(KeyId=made, GranteePrincipal=grantee, Operations=["Sign"])
    assert client("dev", role, "kms").sign(KeyId=made, Message=b"x", SigningAlgorithm=ECDSA)["Signature"]


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"KeySpec": "ECC_NIST_P256"}, "ValidationException", "You must specify a KeyUsage"),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException", "not compatible"),
        ({"KeyUsage": "SIGN_VERIFY"}, "ValidationException", "not compatible with KeySpec SYMMETRIC_DEFAULT"),
        ({"KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_2048", **SIGN}, "ValidationException", "same request"),
        ({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "NotEmulated", "RSA_2048"),
        ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, "NotEmulated", "HMAC_256"),
        ({"KeySpec": "ML_DSA_44", **SIGN}, "NotEmulated", "ML_DSA_44"),
        ({"KeySpec": "ECC_NIST_EDWARDS25519", **SIGN}, "NotEmulated", "EDWARDS25519"),
    ],
)
def test_spec_and_usage_must_fit(params: dict[str, Any], code: str, words: str) -> None:
    """Guards: a key that AWS refuses, or a kind that is only accepted here (API_CreateKey, KeyUsage)."""
    with pytest.raises(ApiError, match=words) as caught:
        chosen(params)
    assert caught.value.code == code


def test_the_old_name_of_the_spec_still_makes_a_signing_key(kms: Any) -> None:
    """Guards: CustomerMasterKeySpec, which older clients send (API_CreateKey)."""
    shown = kms.create_key(CustomerMasterKeySpec="ECC_NIST_P256", **SIGN)["KeyMetadata"]
    assert (shown["KeySpec"], shown["SigningAlgorithms"]) == ("ECC_NIST_P256", [ECDSA])
    assert "EncryptionAlgorithms" not in shown
