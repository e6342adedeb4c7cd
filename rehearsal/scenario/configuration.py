"""The organisation that is rehearsed: the one of `Pulumi.yaml`, read by the program's own settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from blueprint.names import HUB
from blueprint.organisation import Organisation, Spoke
from blueprint.settings import PROJECT, Settings
from rehearsal.scenario.errors import CantRehearse


def organisation_of(root: Path) -> Organisation:
    """Raises ConfigurationError where `Pulumi.yaml` is wrong, CantRehearse where it has too few spokes."""
    project: dict[str, Any] = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    declared = {
        key.removeprefix(f"{PROJECT}:"): value["default"]
        for key, value in project["config"].items()
        if key.startswith(f"{PROJECT}:") and "default" in value
    }
    organisation = Settings.parse(declared, HUB).organisation
    for stage in organisation.stages[:2]:
        if not organisation.spokes_of(stage.name):
            raise CantRehearse(
                f"no account of Pulumi.yaml is of stage {stage.name}; the rehearsal registers a model from an account"
                " of the first stage and serves it in one of the second: add one of each"
            )
    if len(organisation.stages) < 2:
        raise CantRehearse("Pulumi.yaml has one stage; the rehearsal needs two: one that registers, one that serves")
    for what, named in (
        (f"users of stage {organisation.first_stage.name}", organisation.first_stage.users),
        (f"deployers of stage {organisation.stages[1].name}", organisation.stages[1].deployers),
        ("auditors", organisation.auditors),
        ("operators", organisation.operators),
    ):
        if not named:
            raise CantRehearse(f"Pulumi.yaml names no {what}; somebody plays each in the rehearsal: name a role")
    return organisation


def contributor(organisation: Organisation) -> Spoke:
    """The spoke that trains and registers: the first of the first stage."""
    return organisation.spokes_of(organisation.stages[0].name)[0]


def promoted(organisation: Organisation) -> list[Spoke]:
    """The spokes that a version is promoted to after the second stage: the first of each later stage that has any."""
    later = [organisation.spokes_of(stage.name) for stage in organisation.stages[2:]]
    return [spokes[0] for spokes in later if spokes]


def consumer(organisation: Organisation) -> Spoke:
    """The spoke that serves: the first of the second stage."""
    return organisation.spokes_of(organisation.stages[1].name)[0]
