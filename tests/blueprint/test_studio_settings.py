"""Settings of Studio: what a stack has where nothing is said, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from blueprint.errors import ConfigurationError
from blueprint.settings import Settings
from blueprint.studio_settings import StudioSettings
from tests.blueprint.samples import configuration


def settings(stack: str = "dev", **studio: Any) -> StudioSettings:
    return Settings.parse({**configuration(), "studio": studio}, stack).studio


def test_by_itself_there_is_one_person_on_the_smallest_machine_that_stops_when_idle() -> None:
    """Guards: machines that run over the weekend for nobody."""
    found = settings()
    assert found.user_profiles == ("data-scientist",)
    assert (found.instance_type, found.volume_gb, found.idle_minutes) == ("ml.t3.large", 50, 60)


@pytest.mark.parametrize(
    ("studio", "told"),
    [
        ({"userProfiles": ["Alice"]}, "studio.userProfiles[0] is 'Alice'; a user profile's name"),
        ({"userProfiles": ["a", "a"]}, "which the list already holds"),
        ({"instanceType": "t3.large"}, "studio.instanceType is 't3.large'; a Studio instance type such as ml.t3.large"),
        ({"volumeGb": 4}, "studio.volumeGb is 4; a number of gigabytes from 5 to 16384"),
        ({"idleMinutes": 30}, "studio.idleMinutes is 30; a number of minutes from 60"),
        ({"idleMinuts": 90}, "did you mean idleMinutes?"),
        ({"enabled": "perhaps"}, "studio.enabled is 'perhaps'; true or false"),
    ],
)
def test_each_mistake_is_named_with_its_place(studio: dict[str, Any], told: str) -> None:
    """Guards: SageMaker's own answer half-way through an `up`."""
    with pytest.raises(ConfigurationError) as caught:
        settings(**studio)
    assert told in "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("stack", "of_stage", "enabled", "wanted"),
    [
        ("hub", False, True, True),
        ("hub", True, False, False),
        ("test", True, True, True),
        ("test", False, True, False),
        ("test", True, False, False),
    ],
)
def test_a_spoke_has_studio_by_its_stage_and_the_hub_by_itself(
    stack: str, of_stage: bool, enabled: bool, wanted: bool
) -> None:
    """Guards: Studio in the account that serves customers; a switch that does nothing."""
    parsed = Settings.parse(
        {**configuration("organisation.stages.1.studio", of_stage), "studio": {"enabled": enabled}}, stack
    )
    assert parsed.studio.wanted(parsed.organisation, stack) is wanted
