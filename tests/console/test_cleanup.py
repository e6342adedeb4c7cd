"""`governance cleanup` against the emulated Studio: what it takes down, what it leaves, and that it asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from blueprint.names import Names
from console import cleanup
from console.draining import App, Drained, drain, look
from console.errors import CommandError
from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from tests.console.conftest import Command
from tests.rehearsal.organisation.example import SETTINGS
from tests.rehearsal.organisation.services.registry_world import REGION
from tests.rehearsal.organisation.services.studio_world import Campus

NAMES = Names("mlgov", REGION)


@pytest.fixture
def campus() -> Iterator[Campus]:
    """Its own for each test: the command looks at all domains of an account."""
    with Emulator(SETTINGS) as org:
        yield Campus.of(org, Control(org.endpoint).client)


def installed(campus: Campus) -> str:
    """A domain as the program makes it, with an app that alice started and a space that somebody made."""
    domain = campus.domain(DomainName="mlgov-hub")
    campus.profile(domain)
    campus.space(domain, SpaceName="mlgov-hub-alice")
    campus.space(domain, SpaceName="experiments")
    campus.app(domain, "mlgov-hub-alice")
    campus.app(domain, "experiments")
    return domain


def test_what_the_program_made_stays_and_can_be_destroyed(
    campus: Campus, governance: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: a destroy that fails on an app; a cleanup that deletes a space which the program then misses."""
    domain = installed(campus)
    other = campus.domain(DomainName="somebody-elses")
    campus.profile(other)
    campus.space(other)
    campus.app(other)
    monkeypatch.setattr(cleanup, "client", lambda _: campus.sagemaker)
    status, out, _ = governance("cleanup", "--json")
    assert status == 1
    (told,) = json.loads(out)["domains"]
    assert (told["name"], told["spaces"], len(told["apps"])) == ("mlgov-hub", ["experiments"], 2)
    status, out, _ = governance("cleanup", "--yes")
    assert status == 0, out
    assert [one["SpaceName"] for one in campus.sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"]] == [
        "mlgov-hub-alice"
    ]
    assert campus.sagemaker.list_apps(DomainIdEquals=other)["Apps"][0]["Status"] == "InService"
    campus.sagemaker.delete_space(DomainId=domain, SpaceName="mlgov-hub-alice")
    assert governance("cleanup", "--json")[0] == 0


def test_nothing_goes_without_being_asked_for(
    campus: Campus, governance: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: a day's work gone by a command that somebody tried out."""
    domain = installed(campus)
    monkeypatch.setattr(cleanup, "client", lambda _: campus.sagemaker)
    monkeypatch.setattr(typer, "confirm", lambda _: False)
    status, out, _ = governance("cleanup", "--stack", "hub")
    assert status == 1
    assert "space experiments, with its volume" in out
    assert {one["Status"] for one in campus.sagemaker.list_apps(DomainIdEquals=domain)["Apps"]} == {"InService"}


def test_a_stack_without_studio_is_named(campus: Campus) -> None:
    """Guards: a misspelt stack taken for a clean one."""
    with pytest.raises(CommandError, match="no Studio domain mlgov-dve"):
        look(campus.sagemaker, NAMES, "dve")


class Slow:
    """A SageMaker whose apps never go."""

    def __getattr__(self, name: str) -> Any:
        return lambda **_: {"Status": "Deleting"}


def test_waiting_ends_and_names_what_is_left() -> None:
    """Guards: a command that waits for ever, or says that all is well."""
    waited: list[float] = []
    drained = Drained("d-1", "mlgov-dev", [App("d-1", "JupyterLab", "default", "lab", None)])
    with pytest.raises(CommandError, match="JupyterLab default of lab"):
        drain(Slow(), drained, 60, sleep=waited.append)
    assert sum(waited) >= 60
