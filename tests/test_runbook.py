"""docs/runbook.md has every alarm, no other, every reason of a dead letter, and only commands that exist."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.validate
import pytest
import typer

from blueprint.alarms import hub_alarms, inference_alarms, spoke_alarms
from blueprint.data_settings import Interval
from blueprint.functions import FUNCTIONS, SCHEDULED
from console.app import app
from governance.errors import EventError
from rehearsal.scenario.configuration import organisation_of
from rehearsal.scenario.remedies import PAGE, AwsCall, Commands, NotACall, is_tried

ROOT = PAGE.parents[1]
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = Commands.of()
EXAMPLES = {"dev-forward-dlq-depth"}


def alarms() -> set[str]:
    """Those of spokes as the page has them, `<stack>-…`."""
    organisation = organisation_of(ROOT)
    schedules = {spec.function: Interval(spec.every_minutes or 0) for spec in SCHEDULED}
    of_spokes = {
        f"<stack>{alarm.what.removeprefix(spoke.stack)}"
        for spoke in organisation.spokes
        for build in (spoke_alarms, inference_alarms)
        for alarm in build(organisation, spoke)
    }
    return {alarm.what for alarm in hub_alarms(organisation, schedules)} | of_spokes


def sections() -> Iterator[tuple[str, str]]:
    """The sections on alarms: their first paragraph, code between dots, and the whole."""
    for section in TEXT.split("\n## ")[1:]:
        opening = section.split("\n\n")[1]
        if opening.startswith("`"):
            yield opening, section


def listed() -> set[str]:
    return {what for opening, _ in sections() for what in re.findall(r"`([^`]+)`", opening)}


def test_every_alarm_has_its_section() -> None:
    """Guards: an alarm at night that nobody has written about."""
    assert alarms() <= listed()


def test_no_section_is_about_an_alarm_that_is_gone() -> None:
    """Guards: a page that describes another release."""
    assert listed() - EXAMPLES <= alarms()


def test_every_section_says_what_it_means_and_how_to_mend_it() -> None:
    """Guards: a section that names an alarm and leaves the reader alone with it."""
    for _, section in sections():
        places = [section.find(part) for part in ("**Means**", "**Look**", "**Mend**", "**Mended**")]
        assert -1 not in places, section.splitlines()[0]
        assert places == sorted(places), section.splitlines()[0]


def reasons(of: type[EventError] = EventError) -> set[str]:
    """The reasons of all errors of that kind but the kind itself, of governance and the functions."""
    return {reason for kind in of.__subclasses__() for reason in {kind.reason} | reasons(kind)} - {of.reason}


def test_every_reason_of_a_dead_letter_is_explained() -> None:
    """Guards: a message that redrive leaves, for a reason that nobody can look up."""
    for function in FUNCTIONS:
        importlib.import_module(f"lambdas.{function}.core")
    row = re.compile(r"^\| ((?:`[a-z-]+` ?)+)\|", re.MULTILINE)
    section = next(section for opening, section in sections() if "capture-dlq-depth" in opening)
    assert {reason for cell in row.findall(section) for reason in re.findall(r"`([^`]+)`", cell)} == reasons()


@cache
def commands() -> Any:
    """The command line's commands by name, as Typer makes them."""
    return typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as there are several


@pytest.mark.parametrize("arguments", sorted(set(COMMANDS.governance())), ids=" ".join)
def test_every_command_of_the_page_exists(arguments: tuple[str, ...]) -> None:
    """Guards: a remedy that is a usage error."""
    name, *rest = arguments
    with commands()[name].make_context(name, rest):
        pass


@pytest.mark.parametrize("line", sorted({line for line in COMMANDS.blocks + COMMANDS.spans if line.startswith("aws ")}))
def test_every_call_of_the_page_exists(line: str) -> None:
    """Guards: an option that the AWS CLI doesn't have, or lacks."""
    call = AwsCall.parse(line.replace('"$(date -d -1hour +%s000)"', "0").replace(" TIME", " 2026-11-23T12:00:00Z"))
    report = botocore.validate.ParamValidator().validate(call.parameters, call.operation.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_page_has_commands() -> None:
    """Guards: a pattern that finds none, so that none is tried."""
    assert len(COMMANDS.governance()) >= 16
    assert len([line for line in COMMANDS.blocks if line.startswith("aws ")]) >= 8


@pytest.mark.parametrize(
    "line",
    ["aws sqs purge-all --queue-url U", "aws sqs purge-queue --queue U"],
    ids=["no such operation", "no such option"],
)
def test_what_the_aws_cli_does_not_have_is_refused(line: str) -> None:
    """Guards: a check that lets every line pass."""
    with pytest.raises(NotACall):
        AwsCall.parse(line)


def test_a_command_with_more_options_than_were_tried_is_not_tried() -> None:
    """Guards: a remedy that counts as tried since another one of the same name was."""
    tried = [("verify", "--export", "folder"), ("redrive", "--dry-run")]
    assert is_tried(("verify",), tried)
    assert is_tried(("verify", "--export", "evidence"), tried)
    assert not is_tried(("verify", "--public-key", "a", "--export", "evidence"), tried)
    assert not is_tried(("verify", "--export", "a", "--export", "b"), tried)
    assert not is_tried(("redrive", "--unparseable"), tried)
