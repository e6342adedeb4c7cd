"""The keys."""

from __future__ import annotations

from tests.components.programs import hub_program, hub_run, hub_settings
from tests.components.recorder import run

KEY = "aws:kms/key:Key"


def test_keys_rotate_and_wait_before_they_go() -> None:
    """Guards: a key that is gone within a week, with every endpoint that still scales out."""
    windows = {key.name: key.inputs["deletionWindowInDays"] for key in hub_run().of(KEY)}
    assert windows == {"hub-artifacts": 30, "hub-governance": 30}
    assert all(key.inputs["enableKeyRotation"] for key in hub_run().of(KEY))
    trial = run(hub_program(hub_settings("destroy")))
    assert {key.inputs["deletionWindowInDays"] for key in trial.of(KEY)} == {7}


def test_each_key_has_its_alias() -> None:
    """Guards: a generic alias that a second installation takes over."""
    aliases = {alias.inputs["name"] for alias in hub_run().of("aws:kms/alias:Alias")}
    assert aliases == {"alias/mlgov-artifacts", "alias/mlgov-governance"}
