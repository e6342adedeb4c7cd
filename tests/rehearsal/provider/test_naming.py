"""Automatic names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.naming import NameTooLong, NamingDisabled, Proposal, auto_name
from rehearsal.provider.resource import AutoName

ROLE = AutoName(limit=64)
BUCKET = AutoName("bucket", limit=63, lower=True)
NONE = Proposal()


@given(st.text("abcXYZ-", min_size=1, max_size=60), st.binary(min_size=4, max_size=32))
def test_a_name_is_within_its_limit_or_refused(logical: str, seed: bytes) -> None:
    """Guards against names that are cut: two long logical names would collide."""
    if len(logical) + len("-0123456") > ROLE.limit:
        with pytest.raises(NameTooLong, match=logical):
            auto_name(ROLE, logical, seed, NONE)
    else:
        assert auto_name(ROLE, logical, seed, NONE) == f"{logical}-{seed.hex()[:7]}"


def test_the_engines_seed_decides_so_that_a_retry_gets_the_same_name() -> None:
    """Guards against an orphan: a repeated creation must find what the first one made."""
    assert auto_name(ROLE, "role", b"\x01\x02\x03\x04", NONE) == auto_name(ROLE, "role", b"\x01\x02\x03\x04", NONE)


def test_without_a_seed_a_name_is_random() -> None:
    """Guards against every resource of an engine without seeds getting the same digits."""
    assert len({auto_name(ROLE, "role", b"", NONE) for _ in range(20)}) > 1


def test_a_bucket_is_named_in_lower_case() -> None:
    """Guards against a bucket name that S3 refuses."""
    assert auto_name(BUCKET, "Artifacts", b"\xab\xcd\xef\x01", NONE) == "artifacts-abcdef0"


def test_the_configured_naming_is_followed() -> None:
    """Guards against ignoring `pulumi:autonaming`, which a stack uses to get names without digits."""
    assert auto_name(ROLE, "role", b"\x01", Proposal("enforce", "mlgov-role")) == "mlgov-role"
    with pytest.raises(NamingDisabled, match="set name"):
        auto_name(ROLE, "role", b"\x01", Proposal("disable"))
