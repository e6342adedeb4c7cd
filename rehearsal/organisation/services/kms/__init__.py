"""KMS of our own: keys with policies, grants, aliases, states, real encryption and signatures, across accounts.

moto's KMS lets a disabled key decrypt, never reads key policies, and finds no key of another account.
"""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.organisation.core import ApiError, Document, Organisation, resource_policy, resource_tags
from rehearsal.organisation.policies import parsed
from rehearsal.organisation.services.kms import aliases, crypto, grants, keys, signatures  # noqa: F401 - they register
from rehearsal.organisation.services.kms.grants import grants_on
from rehearsal.organisation.services.kms.needs import encryption_keys
from rehearsal.organisation.services.kms.specs import ENCRYPT_DECRYPT
from rehearsal.organisation.services.kms.store import find, find_by_arn, require_enabled, require_usage

__all__ = ["encryption_keys", "grants_on", "key_arn", "require_usable"]


@resource_policy("kms")
def policy_of(org: Organisation, arn: str, _: str, __: str) -> Document | None:
    key = find_by_arn(org, arn)
    return None if key is None else parsed(key.policy)


@resource_tags("kms")
def tags_of(org: Organisation, arn: str, _: str, __: str) -> Mapping[str, str] | None:
    key = find_by_arn(org, arn)
    return None if key is None else key.tags


def key_arn(org: Organisation, name: str, account: str, region: str) -> str:
    """The ARN of a key given by id, alias or ARN of either. Raises ApiError NotFoundException."""
    return find(org, name, account, region).arn


def require_usable(org: Organisation, arn: str) -> None:
    """Refuse what can't encrypt: a key that isn't there, is disabled, waits for its deletion, or signs.

    Raises ApiError.
    """
    key = find_by_arn(org, arn)
    if key is None:
        raise ApiError("NotFoundException", f"Key '{arn}' does not exist")
    require_enabled(key)
    require_usage(key, ENCRYPT_DECRYPT, "this operation")
