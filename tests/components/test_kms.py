"""The keys."""

from __future__ import annotations

from tests.components.programs import hub_program, hub_run, hub_settings
from tests.components.recorder import run

KEY = "aws:kms/key:Key"


def test_keys_rotate_and_wait_before_they_go() -> None:
    """Guards: a key that is gone within a week, with every endpoint that still scales out."""
    windows = {key.name: key.inputs["deletionWindowInDays"] for key in hub_run().of(KEY)}
    assert windows == {"hub-artifacts": 30, "hub-governance": 30, "hub-anchors": 30}
    assert all(hub_run().one(KEY, f"hub-{key}").inputs["enableKeyRotation"] for key in ("artifacts", "governance"))
    trial = run(hub_program(hub_settings("destroy")))
    assert {key.inputs["deletionWindowInDays"] for key in trial.of(KEY)} == {7}


def test_each_key_has_its_alias() -> None:
    """Guards: a generic alias that a second installation takes over."""
    aliases = {alias.inputs["name"] for alias in hub_run().of("aws:kms/alias:Alias")}
    assert aliases == {"alias/mlgov-artifacts", "alias/mlgov-governance", "alias/mlgov-anchors"}


def test_the_key_of_the_anchors_signs_and_stays() -> None:
    """Guards: a key that encrypts, or that rotates (asymmetric keys can't); signatures that nobody can check any more,
    as the stack was taken down.
    """
    key = hub_run().one(KEY, "hub-anchors")
    assert (key.inputs["customerMasterKeySpec"], key.inputs["keyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert "enableKeyRotation" not in key.inputs
    assert (key.protect, key.retain_on_delete) == (True, True)
    trial = run(hub_program(hub_settings("destroy"))).one(KEY, "hub-anchors")
    assert (trial.protect, trial.retain_on_delete) == (False, False)
