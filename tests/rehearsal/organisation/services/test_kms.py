"""KMS through boto3: keys, policies, states, aliases, grants, encryption across accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.control import Control
from rehearsal.organisation.core import ApiError, Caller
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.services.kms.ciphertext import decrypt, encrypt
from tests.rehearsal.organisation.example import DEV, HUB, Client, allow, new_role, policy, refused, root, unique


@pytest.fixture
def kms(client: Client) -> Any:
    return client("hub", None, "kms")


def new_key(kms: Any, *statements: dict[str, Any], **options: Any) -> str:
    """A key whose policy lets its account's IAM decide, with more statements. Returns its ARN."""
    own = allow("kms:*", Principal={"AWS": root(HUB)}, Sid="Own")
    return str(kms.create_key(Policy=json.dumps(policy(own, *statements)), **options)["KeyMetadata"]["Arn"])


def for_dev(*actions: str, **more: Any) -> dict[str, Any]:
    return allow(list(actions), Principal={"AWS": root(DEV)}, Sid="Dev", **more)


def test_a_key_encrypts_for_another_account_when_both_sides_allow(kms: Any, client: Client) -> None:
    """Guards: artifacts that only the account that wrote them can read, or that everyone can."""
    key = new_key(kms, for_dev("kms:Decrypt", "kms:Encrypt"))
    reader = new_role(client("dev", None, "iam"), DEV, allow("kms:Decrypt", key))
    blob = client("dev", None, "kms").encrypt(KeyId=key, Plaintext=b"model")["CiphertextBlob"]
    opened = client("dev", reader, "kms").decrypt(CiphertextBlob=blob)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"model", key)
    with refused("AccessDeniedException", "kms:Encrypt", "identity policy"):
        client("dev", reader, "kms").encrypt(KeyId=key, Plaintext=b"model")
    with refused("AccessDeniedException", "kms:Decrypt", "key policy"):
        client("test", None, "kms").decrypt(CiphertextBlob=blob)


def test_a_key_policy_without_its_root_shuts_out_the_accounts_own_administrator(kms: Any, client: Client) -> None:
    """Guards: IAM policies that open a key whose policy doesn't hand it to IAM."""
    holder = new_role(client("hub", None, "iam"), HUB, allow("kms:*"))
    only = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{HUB}:role/{holder}"})
    key = client("hub", holder, "kms").create_key(Policy=json.dumps(policy(only)))["KeyMetadata"]["Arn"]
    assert client("hub", holder, "kms").describe_key(KeyId=key)
    with refused("AccessDeniedException", "key policy"):
        kms.describe_key(KeyId=key)


def test_the_encryption_context_must_be_the_same(kms: Any) -> None:
    """Guards: a context that is logged and never bound to the ciphertext."""
    key = new_key(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"stage": "dev"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"stage": "dev"})["Plaintext"] == b"x"
    for context in ({}, {"stage": "prod"}):
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)


def test_policies_may_rest_on_the_encryption_context(kms: Any, client: Client) -> None:
    """Guards: kms:EncryptionContext conditions that match nothing or everything."""
    condition = {"StringEquals": {"kms:EncryptionContext:stage": "dev"}}
    key = new_key(kms, for_dev("kms:Encrypt", Condition=condition))
    dev = client("dev", None, "kms")
    assert dev.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"stage": "dev"})
    with refused("AccessDeniedException"):
        dev.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"stage": "prod"})


def test_a_disabled_key_neither_encrypts_nor_decrypts(kms: Any) -> None:
    """Guards: moto's way, whose disabled keys go on decrypting."""
    key = new_key(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    with refused("DisabledException"):
        kms.decrypt(CiphertextBlob=blob)
    with refused("DisabledException"):
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_key_waits_for_its_deletion_and_is_gone_after_it(fresh: Emulator) -> None:
    """Guards: a destroy after which data seems readable, or a window that never ends."""
    control = Control(fresh.endpoint)
    kms = control.client("hub", None, "kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/short-lived", TargetKeyId=key)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingDeletion", 7)
    with refused("KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=blob)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    control.advance(7 * 86400 + 1)
    kms = control.client("hub", None, "kms")
    with refused("NotFoundException"):
        kms.describe_key(KeyId=key)
    assert kms.list_aliases()["Aliases"] == []


@pytest.mark.parametrize("days", [6, 31])
def test_a_deletion_window_is_7_to_30_days(kms: Any, days: int) -> None:
    """Guards: a window that only AWS refuses."""
    with refused("ValidationException", "endingWindowInDays"):
        kms.schedule_key_deletion(KeyId=new_key(kms), PendingWindowInDays=days)


def test_an_alias_names_one_key_and_is_taken_once(kms: Any, client: Client) -> None:
    """Guards: two stacks that fight for one alias; an alias seen from another account."""
    first, second, name = new_key(kms), new_key(kms), f"alias/{unique('a')}"
    kms.create_alias(AliasName=name, TargetKeyId=first)
    with refused("AlreadyExistsException", name):
        kms.create_alias(AliasName=name, TargetKeyId=second)
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"] == first
    kms.update_alias(AliasName=name, TargetKeyId=second)
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"] == second
    with refused("NotFoundException", name):
        client("dev", None, "kms").describe_key(KeyId=name)
    kms.delete_alias(AliasName=name)
    with refused("NotFoundException", name):
        kms.describe_key(KeyId=name)


def test_alias_names_are_checked(kms: Any) -> None:
    """Guards: names that AWS keeps for itself."""
    with refused("InvalidAliasNameException"):
        kms.create_alias(AliasName="alias/aws/mine", TargetKeyId=new_key(kms))


def test_a_policy_that_locks_everyone_out_is_refused_unless_asked_for(kms: Any) -> None:
    """Guards: a key that nobody can ever change (kms/key-policy-default, lockout safety check)."""
    locked = json.dumps(policy(allow("kms:Decrypt", Principal={"AWS": root(HUB)})))
    with refused("MalformedPolicyDocumentException", "update the key policy"):
        kms.create_key(Policy=locked)
    assert kms.create_key(Policy=locked, BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "MalformedPolicyDocumentException"),
        (policy(allow("kms:*")), "MalformedPolicyDocumentException"),
        (
            policy(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{HUB}:role/not-yet"})),
            "MalformedPolicyDocumentException",
        ),
        (policy(allow("kms:*", Principal={"AWS": root("123456789012")})), "MalformedPolicyDocumentException"),
    ],
)
def test_malformed_key_policies_are_refused(kms: Any, document: Any, code: str) -> None:
    """Guards: a policy naming a role that a later stack makes: AWS refuses it, so the up order would deadlock."""
    text = document if isinstance(document, str) else json.dumps(document)
    with refused(code):
        kms.create_key(Policy=text)


def test_a_key_policy_holds_32_kilobytes(kms: Any) -> None:
    """Guards: a policy that lists more spokes than a key takes."""
    many = [f"arn:aws:s3:::bucket-{number:06d}/*" for number in range(1200)]
    condition = {"StringLike": {"kms:EncryptionContext:aws:s3:arn": many}}
    with refused("LimitExceededException", "32768"):
        new_key(kms, for_dev("kms:Decrypt", Condition=condition))


def test_rotation_is_shown_with_its_next_date(kms: Any) -> None:
    """Guards: a rotation period that the create call takes and the read doesn't show."""
    key = new_key(kms)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    shown = kms.get_key_rotation_status(KeyId=key)
    assert (shown["KeyRotationEnabled"], shown["RotationPeriodInDays"]) == (True, 180)
    assert (shown["NextRotationDate"] - kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]).days in (179, 180)
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_what_a_provider_reads_of_a_key_is_there(kms: Any) -> None:
    """Guards: a refresh that finds less than was made."""
    key = new_key(kms, Description="artifacts", Tags=[{"TagKey": "team", "TagValue": "risk"}])
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (shown["Description"], shown["Enabled"], shown["KeyUsage"]) == ("artifacts", True, "ENCRYPT_DECRYPT")
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"][0]["Sid"] == "Own"
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "risk"}]
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "tier", "TagValue": "1"}])
    kms.untag_resource(KeyId=key, TagKeys=["team"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "tier", "TagValue": "1"}]
    kms.update_key_description(KeyId=key, Description="more")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "more"
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    assert key.rsplit("/", 1)[1] in {one["KeyId"] for one in kms.list_keys(Limit=1000)["Keys"]}


def test_tags_of_a_key_can_carry_rights(kms: Any, client: Client) -> None:
    """Guards: aws:ResourceTag conditions judged on no tags."""
    key = new_key(kms, Tags=[{"TagKey": "stage", "TagValue": "dev"}])
    condition = {"StringEquals": {"aws:ResourceTag/stage": "dev"}}
    role = new_role(client("hub", None, "iam"), HUB, allow("kms:DescribeKey", Condition=condition))
    assert client("hub", role, "kms").describe_key(KeyId=key)
    with refused("AccessDeniedException"):
        client("hub", role, "kms").describe_key(KeyId=new_key(kms))


def test_a_grant_gives_its_operations_under_its_constraints(kms: Any, client: Client) -> None:
    """Guards: grants that are listed and give nothing, or give more than they name."""
    key = new_key(kms)
    role = new_role(client("dev", None, "iam"), DEV, allow(["kms:Decrypt", "kms:Encrypt"], key))
    dev = client("dev", role, "kms")
    grant = kms.create_grant(
        KeyId=key, GranteePrincipal=f"arn:aws:iam::{DEV}:role/{role}", Operations=["Encrypt"],
        Constraints={"EncryptionContextSubset": {"stage": "dev"}},
    )["GrantId"]  # fmt: skip
    blob = dev.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"stage": "dev"})["CiphertextBlob"]
    with refused("AccessDeniedException"):
        dev.encrypt(KeyId=key, Plaintext=b"x")
    with refused("AccessDeniedException"):
        dev.decrypt(CiphertextBlob=blob, EncryptionContext={"stage": "dev"})
    assert [one["GrantId"] for one in kms.list_grants(KeyId=key)["Grants"]] == [grant]
    kms.revoke_grant(KeyId=key, GrantId=grant)
    with refused("AccessDeniedException"):
        dev.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"stage": "dev"})


def test_a_data_key_opens_with_its_ciphertext(kms: Any) -> None:
    """Guards: envelope encryption whose two halves don't belong together."""
    key = new_key(kms)
    made = kms.generate_data_key(KeyId=key, NumberOfBytes=24)
    assert len(made["Plaintext"]) == 24
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"], KeyId=key)["Plaintext"] == made["Plaintext"]
    sealed = kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_128")
    assert len(kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"]) == 16
    with refused("IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"], KeyId=new_key(kms))
    with refused("ValidationException", "number of bytes or key spec"):
        kms.generate_data_key(KeyId=key)


def test_a_ciphertext_moves_to_another_key(kms: Any) -> None:
    """Guards: ReEncrypt that keeps the old key, or asks for rights on one key only."""
    first, second = new_key(kms), new_key(kms)
    blob = kms.encrypt(KeyId=first, Plaintext=b"x")["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=second)
    assert (moved["SourceKeyId"], moved["KeyId"]) == (first, second)
    kms.disable_key(KeyId=first)
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"x"


@pytest.mark.parametrize(
    "options", [{"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, {"Origin": "EXTERNAL"}, {"MultiRegion": True}]
)
def test_kinds_of_keys_that_are_not_emulated_are_refused_by_name(kms: Any, options: dict[str, Any]) -> None:
    """Guards: a key that takes a kind and behaves like another."""
    with refused("NotEmulated", next(iter(options))):
        kms.create_key(**options)


def test_management_of_another_accounts_key_is_refused(kms: Any, client: Client) -> None:
    """Guards: key policies that reach further than AWS lets them (kms/key-policy-modifying-external-accounts)."""
    key = new_key(kms, for_dev("kms:*"))
    dev = client("dev", None, "kms")
    assert dev.describe_key(KeyId=key)
    with refused("AccessDeniedException", HUB):
        dev.schedule_key_deletion(KeyId=key)


def test_an_scp_can_forbid_new_keys(client: Client) -> None:
    """Guards: a control policy on one account alone."""
    with refused("AccessDeniedException", "no-keys"):
        client("prod", None, "kms").create_key()


def test_use_on_a_callers_behalf_is_authorised_with_the_service_named(org: Emulator, kms: Any) -> None:
    """Guards: kms:ViaService conditions, on which the artifact key's policy rests."""
    condition = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": DEV}}
    key = new_key(kms, for_dev("kms:GenerateDataKey", Condition=condition))
    caller = Caller(root(DEV), DEV)
    before = len(org.log)
    org.use_key(key, "kms:GenerateDataKey", caller, region="eu-west-1", via="s3.eu-west-1.amazonaws.com", reason="SSE")
    row = org.log.since(before)[-1]
    assert (row["decision"], row["on_behalf_of"], row["reason"]) == ("allowed", root(DEV), "SSE")
    for via in ("sqs.eu-west-1.amazonaws.com", None):
        with pytest.raises(ApiError, match="GenerateDataKey"):
            org.use_key(key, "kms:GenerateDataKey", caller, region="eu-west-1", via=via)
    kms.disable_key(KeyId=key)
    with pytest.raises(ApiError, match="DisabledException"):
        org.use_key(key, "kms:GenerateDataKey", caller, region="eu-west-1", via="s3.eu-west-1.amazonaws.com")


TEXTS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)


@given(plain=st.binary(min_size=1, max_size=64), context=TEXTS, other=TEXTS, place=st.integers(min_value=0))
def test_any_change_to_a_ciphertext_or_its_context_is_seen(
    plain: bytes, context: dict[str, str], other: dict[str, str], place: int
) -> None:
    """Guards: a ciphertext format in which some byte, or the order of the context's keys, is not bound."""
    material, arn = bytes(range(32)), f"arn:aws:kms:eu-west-1:{HUB}:key/k"
    blob = encrypt(material, arn, plain, context)
    assert decrypt(material, blob, dict(reversed(context.items()))) == plain
    if other != context:
        with pytest.raises(ApiError):
            decrypt(material, blob, other)
    changed = bytearray(blob)
    changed[place % len(blob)] ^= 1
    with pytest.raises(ApiError):
        decrypt(material, bytes(changed), context)
