"""The rules, one file each: a function that judges, and what it says of itself."""

from __future__ import annotations

from policy_pack.rule import Rule
from policy_pack.rules import (
    allowed_accounts,
    encryption,
    full_access,
    inline_secret,
    log_retention,
    no_approval_by_spokes,
    point_in_time_recovery,
    public_api,
    public_bucket,
    stateful_protected,
    tags,
    tls_only,
    wildcard_principal,
)

RULES: tuple[Rule, ...] = (
    allowed_accounts.RULE,
    encryption.RULE,
    full_access.RULE,
    inline_secret.RULE,
    log_retention.RULE,
    no_approval_by_spokes.RULE,
    point_in_time_recovery.RULE,
    public_api.RULE,
    public_bucket.RULE,
    stateful_protected.RULE,
    tags.RULE,
    tls_only.RULE,
    wildcard_principal.RULE,
)
