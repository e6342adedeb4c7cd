"""The organisation's set-up, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.loopback import NotLoopback, is_loopback, require_loopback
from tests.rehearsal.organisation.example import SETTINGS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "org"}, "organisation id 'org'"),
        ({"accounts": [Account("management", "12")]}, "account id '12'"),
        ({"accounts": [Account("management", "1" * 12), Account("hub", "1" * 12)]}, "used twice"),
        (
            {"accounts": [Account("management", "1" * 12), Account("management", "2" * 12)]},
            "'management' is used twice",
        ),
        ({"management": "outsider"}, "management account 'outsider'"),
        ({"units": {"a": "b"}}, "'a' lies in 'b'"),
        ({"units": {"workloads": "sealed", "sealed": "workloads"}}, "its own ancestor"),
        ({"placed": {"outsider": "workloads"}}, "'outsider' is placed"),
        ({"service_control_policies": {"nowhere": {}}}, "attached to 'nowhere'"),
    ],
)
def test_a_set_up_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    """Guards: an SCP that binds nobody for a misspelt name."""
    with pytest.raises(ValueError, match="can't be set up") as caught:
        replace(SETTINGS, **change)
    assert words in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    """Guards: mending one after the other."""
    with pytest.raises(ValueError, match=r"organisation id.*|.*management account") as caught:
        replace(SETTINGS, id="x", management="y")
    assert str(caught.value).count(";") == 1


def test_control_policies_bind_level_by_level() -> None:
    """Guards: levels that are merged: each must allow (organizations, SCP evaluation)."""
    prod = next(one for one in SETTINGS.accounts if one.name == "prod")
    levels = SETTINGS.levels(prod, "scp")
    assert levels is not None
    names = [[one["name"] for one in level] for level in levels]
    assert names == [["FullAWSAccess"], ["FullAWSAccess", "no-users"], ["FullAWSAccess"], ["FullAWSAccess", "no-keys"]]
    for name in ("management", "outsider"):
        assert SETTINGS.levels(next(one for one in SETTINGS.accounts if one.name == name), "scp") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_is_loopback(host: str) -> None:
    """Guards: refusing loopback's other spellings."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "sts.amazonaws.com", "127.0.0.1.example.com", ""])  # noqa: S104
def test_everything_else_is_not(host: str) -> None:
    """Guards: listening to the network, speaking to AWS."""
    with pytest.raises(NotLoopback, match="not a loopback address"):
        require_loopback(host, "the host")


def test_it_does_not_start_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a rehearsal whose clients speak to AWS by the user's own environment."""
    with pytest.raises(NotLoopback, match="host to listen on"):
        Emulator(SETTINGS, host="0.0.0.0")  # noqa: S104 - it must be refused
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.eu-west-1.amazonaws.com")
    with pytest.raises(NotLoopback, match="AWS_ENDPOINT_URL_S3"):
        Emulator(SETTINGS)
