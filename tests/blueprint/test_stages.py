"""What a stage says for all of its stacks: units to share with, and what becomes of what can't be made anew."""

from __future__ import annotations

from typing import Any

import pytest

from blueprint.errors import ConfigurationError
from blueprint.settings import Settings
from tests.blueprint.samples import configuration

UNIT = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-a1b2-dev00000"
OTHER_UNIT = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-a1b2-later000"
FOREIGN_UNIT = "arn:aws:organizations::999999999999:ou/o-zzzzzzzzzz/ou-a1b2-dev00000"


def with_units(*units: list[str], **changes: Any) -> dict[str, Any]:
    """The example, its stages with these units."""
    raw = configuration()
    for stage, given in zip(raw["organisation"]["stages"], units, strict=False):
        stage["units"] = given
    for key, value in changes.items():
        if value is None:
            del raw["organisation"][key]
        else:
            raw["organisation"][key] = value
    return raw


def test_a_stage_s_units_are_read_in_order() -> None:
    """Guards: shares whose principals change places with every edit."""
    stages = Settings.parse(with_units([UNIT], [OTHER_UNIT]), "hub").organisation.stages
    assert [stage.units for stage in stages] == [(UNIT,), (OTHER_UNIT,), ()]
    later = Settings.parse(with_units([], [OTHER_UNIT, UNIT], [UNIT]), "hub").organisation.stages
    assert later[1].units == (UNIT, OTHER_UNIT), "later stages may have units in common: all of them only serve"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (with_units(["ou-a1b2-dev00000"]), ["stages[0].units[0]", "ARN of an organisational unit"]),
        (with_units([UNIT], id=None), ["stages[0].units", "organisation.id is missing"]),
        (with_units([FOREIGN_UNIT]), ["o-zzzzzzzzzz", "organisation.id is o-a1b2c3d4e5"]),
        (with_units([UNIT], [UNIT]), ["stages[1].units", "of stage dev too", "register versions and serve"]),
        (with_units([UNIT.replace(":ou/", ":root/")]), ["stages[0].units[0]"]),
    ],
)
def test_each_mistake_about_units_is_named(raw: dict[str, Any], words: list[str]) -> None:
    """Guards: a share that RAM refuses in the middle of an `up`, or one that opens more than the stage's rights."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse(raw, "hub")
    assert all(word in str(caught.value) for word in words), caught.value


def test_the_stack_s_word_comes_before_the_stage_s_and_that_before_the_default() -> None:
    """Guards: a lasting account of a trial's stage that is deleted with its content, or one that isn't protected."""
    raw = configuration()
    raw["organisation"]["stages"][0]["statefulResources"] = "destroy"
    raw["organisation"]["stages"][1]["statefulResources"] = "retain"
    assert [Settings.parse(raw, stack).stateful for stack in ("hub", "dev", "test")] == ["protect", "destroy", "retain"]
    unset = {**raw, "statefulResources": ""}
    assert [Settings.parse(unset, stack).stateful for stack in ("hub", "dev", "test")] == [
        "protect",
        "destroy",
        "retain",
    ]
    protected = {**raw, "statefulResources": "protect"}
    assert [Settings.parse(protected, stack).stateful for stack in ("hub", "dev", "test")] == ["protect"] * 3
    raw["organisation"]["stages"][0]["statefulResources"] = "keep"
    with pytest.raises(ConfigurationError, match=r"stages\[0\]\.statefulResources is 'keep'"):
        Settings.parse(raw, "hub")
