"""Keys, aliases and grants: what KMS keeps, per account and region, and how they are found."""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Organisation
from rehearsal.organisation.services.kms.specs import ENCRYPT_DECRYPT, SYMMETRIC, PrivateKey

KEY_ARN = re.compile(r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/(?P<id>[^/]+)")
ALIAS_ARN = re.compile(r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<alias>alias/.+)")
API = "kms/latest/APIReference/API_"

CROSS_ACCOUNT = frozenset(
    {
        "Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncrypt", "CreateGrant",
        "DescribeKey", "GetKeyRotationStatus", "ListGrants", "RevokeGrant", "GetPublicKey", "Sign", "Verify",
    }
)  # fmt: skip
"""Operations that may name a key of another account (kms/key-policy-modifying-external-accounts)."""


@dataclass(slots=True)
class Grant:
    """A grant: who may do which operations under which constraints."""

    id: str
    grantee: str
    operations: list[str]
    created: datetime
    issuing_account: str
    constraints: dict[str, Any] = field(default_factory=dict)
    retiring: str | None = None
    name: str | None = None
    for_service: bool = False


@dataclass(slots=True)
class Key:
    """A customer managed key. `pair` is that of a signing key; `deleted_at` is set while it waits for its deletion."""

    id: str
    account: str
    region: str
    created: datetime
    policy: str
    description: str = ""
    enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    rotation_days: int | None = None
    rotation_from: datetime | None = None
    deleted_at: datetime | None = None
    window_days: int | None = None
    material: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    spec: str = SYMMETRIC
    usage: str = ENCRYPT_DECRYPT
    pair: PrivateKey | None = field(default=None, repr=False)
    grants: dict[str, Grant] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.id}"

    @property
    def state(self) -> str:
        if self.deleted_at is not None:
            return "PendingDeletion"
        return "Enabled" if self.enabled else "Disabled"


def new_key_id() -> str:
    return str(uuid.uuid4())


def keys_of(org: Organisation, account: str, region: str) -> dict[str, Key]:
    """The account's keys by id, without those whose deletion date has passed."""
    keys: dict[str, Key] = org.state("kms", account, region).setdefault("keys", {})
    now = org.clock.now()
    gone = [one.id for one in keys.values() if one.deleted_at is not None and one.deleted_at <= now]
    for key in gone:
        del keys[key]
        aliases = aliases_of(org, account, region)
        for alias in [alias for alias, target in aliases.items() if target == key]:
            del aliases[alias]
    return keys


def aliases_of(org: Organisation, account: str, region: str) -> dict[str, str]:
    """Alias names (`alias/…`) to key ids."""
    aliases: dict[str, str] = org.state("kms", account, region).setdefault("aliases", {})
    return aliases


def find_by_arn(org: Organisation, arn: str) -> Key | None:
    match = KEY_ARN.fullmatch(arn)
    return keys_of(org, match["account"], match["region"]).get(match["id"]) if match else None


def find(org: Organisation, name: str, account: str, region: str) -> Key:
    """A key by id, ARN, alias or alias ARN; names without an account are looked up in `account` and `region`.

    Raises ApiError NotFoundException, as KMS does also for keys of another region.
    """
    key_id, alias = name, None
    if match := KEY_ARN.fullmatch(name):
        key_id = match["id"]
    elif match := ALIAS_ARN.fullmatch(name):
        alias = match["alias"]
    elif name.startswith("alias/"):
        alias = name
    if match is not None:
        if match["region"] != region:
            raise ApiError("NotFoundException", f"Invalid arn {match['region']}: this is {region}")
        account = match["account"]
    if alias is not None:
        found = aliases_of(org, account, region).get(alias)
        if found is None:
            raise ApiError("NotFoundException", f"Alias arn:aws:kms:{region}:{account}:{alias} is not found.")
        key_id = found
    key = keys_of(org, account, region).get(key_id)
    if key is None:
        arn = f"arn:aws:kms:{region}:{account}:key/{key_id}"
        raise ApiError("NotFoundException", f"Key '{arn}' does not exist")
    return key


def key_of(org: Organisation, call: Call, member: str = "KeyId") -> Key:
    """The key that a call names. Raises ApiError where it isn't there or can't be named from another
    account.
    """
    key = find(org, call.params[member], call.caller.account, call.region)
    if key.account != call.caller.account and call.operation not in CROSS_ACCOUNT:
        raise ApiError(
            "AccessDeniedException",
            f"kms:{call.operation} can't be used on a key of another account ({key.arn}): sign in to {key.account}",
        )
    return key


def require_not_deleted(key: Key) -> None:
    if key.deleted_at is not None:
        raise ApiError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def require_enabled(key: Key) -> None:
    """Refuse cryptography with a key that is disabled or waits for its deletion (kms/key-state)."""
    require_not_deleted(key)
    if not key.enabled:
        raise ApiError("DisabledException", f"{key.arn} is disabled.")


def require_usage(key: Key, usage: str, operation: str) -> None:
    """Refuse an operation that a key of another usage has not (API_Sign, API_Encrypt: InvalidKeyUsageException)."""
    if key.usage != usage:
        message = f"{key.arn} key usage is {key.usage} which is not valid for {operation}."
        raise ApiError("InvalidKeyUsageException", message)


def dry_run(call: Call) -> None:
    """End a call that was only to be tried, once all that could refuse it has passed."""
    if call.params.get("DryRun"):
        raise ApiError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def days(number: int) -> timedelta:
    return timedelta(days=number)
