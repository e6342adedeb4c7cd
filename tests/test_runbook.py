"""docs/runbook.md has every alarm, no other, and only commands that exist."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import Any

import pytest
import typer

from blueprint.alarms import hub_alarms, spoke_alarms
from blueprint.data_settings import Interval
from blueprint.functions import SCHEDULED
from console.app import app
from rehearsal.engine import ROOT
from rehearsal.scenario.configuration import organisation_of

PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SPOKES = "<stack>-forward-dlq-depth"


def alarms() -> set[str]:
    organisation = organisation_of(ROOT)
    schedules = {spec.function: Interval(spec.every_minutes or 0) for spec in SCHEDULED}
    of_spokes = [alarm for spoke in organisation.spokes for alarm in spoke_alarms(organisation, spoke)]
    return {alarm.what for alarm in (*hub_alarms(organisation, schedules), *of_spokes)}


def listed() -> set[str]:
    """The alarms that sections begin with: one paragraph of code between dots under a heading."""
    found: set[str] = set()
    for section in PAGE.split("\n## ")[1:]:
        opening = section.split("\n\n")[1]
        if opening.startswith("`"):
            found |= set(re.findall(r"`([^`]+)`", opening))
    return found


def test_every_alarm_has_its_section() -> None:
    """Guards: an alarm at night that nobody has written about."""
    assert not {what for what in alarms() if what not in listed() and not what.endswith("-forward-dlq-depth")}
    assert SPOKES in listed()


def test_no_section_is_about_an_alarm_that_is_gone() -> None:
    """Guards: a page that describes another release."""
    spokes = {what for what in listed() if what.endswith("-forward-dlq-depth")}
    assert listed() - spokes <= alarms()
    assert spokes - {SPOKES} <= alarms()


def test_every_section_says_what_it_means_and_how_to_mend_it() -> None:
    """Guards: a section that names an alarm and leaves the reader alone with it."""
    for section in PAGE.split("\n## ")[1:]:
        if section.split("\n\n")[1].startswith("`"):
            for part in ("**Means**", "**Look**", "**Mend**", "**Mended**"):
                assert part in section, f"{section.splitlines()[0]} lacks {part}"


COMMANDS = sorted({match.strip("`. ") for match in re.findall(r"(?m)(?:^    |`)(governance [^`\n]+)", PAGE)})


@cache
def commands() -> Any:
    """The command line's commands by name, as Typer makes them."""
    return typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as there are several


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_exists(command: str) -> None:
    """Guards: a remedy that is a usage error."""
    _, name, *arguments = shlex.split(command)
    with commands()[name].make_context(name, arguments):
        pass


def test_the_page_has_commands() -> None:
    """Guards: a pattern that finds none, so that none is tried."""
    assert len(COMMANDS) >= 12
