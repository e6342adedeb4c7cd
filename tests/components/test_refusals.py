"""What is wrong with the configuration is said before anything is registered; several regions are told apart."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from blueprint.regions import in_region
from blueprint.settings import HubSettings, Settings
from tests.blueprint.samples import HUB, configuration
from tests.components.programs import hub_program, whole_program
from tests.components.recorder import Recorder, Run, run

NAMED = ("name", "bucket", "topicName", "functionName", "roleName", "domainName", "spaceName", "userProfileName",
         "studioLifecycleConfigName", "trackingServerName")  # fmt: skip
"""Inputs that are physical names."""

CHILDREN = ("aws:iam/rolePolicy:RolePolicy", "aws:sagemaker/userProfile:UserProfile")
"""Named within what they belong to: a role, a domain."""


@pytest.mark.parametrize(
    ("stack", "values"),
    [
        ("hub", {"organisation": configuration("organisation.accounts.dev.account", 10**400)["organisation"]}),
        ("hub", {"organisation": configuration("organisation.accounts.dev", "\u202e")["organisation"]}),
        ("hub", {"organisation": "mlgov"}),
        ("hub", {"adopt": {"buckets": ["everything"]}}),
        ("hub", {"surplus": "x" * 10_000}),
        ("hub", {"adopt": "[" * 3_000}),
        ("dev", {"adopt": {"groups": ["ModelCreditRisk"]}}),
        ("dev.us-east-1", {}),
        ("prod", {"statefulResources": "keep"}),
    ],
)
def test_a_refused_configuration_registers_nothing(
    monkeypatch: pytest.MonkeyPatch, stack: str, values: dict[str, Any]
) -> None:
    """Guards: half a stack, made before its mistake was seen, or a traceback in place of the message."""
    registered: list[str] = []
    register = Recorder.RegisterResource

    def noted(self: Recorder, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            registered.append(request.name)
        return register(self, request)

    monkeypatch.setattr(Recorder, "RegisterResource", noted)
    with pytest.raises(pulumi.RunError, match="in the configuration; nothing was deployed"):
        whole_program(monkeypatch, stack, values=values)
    assert registered == []


def test_hubs_of_two_regions_have_no_name_in_common_in_their_account() -> None:
    """Guards: the second region's `up` refused by IAM or S3, or taking over the first one's role."""
    home = Settings.parse(configuration("organisation.regions", ["us-east-1"]), "hub")
    other = Settings.parse(configuration("organisation.regions", ["us-east-1"]), "hub.us-east-1")
    assert isinstance(home, HubSettings)
    assert isinstance(other, HubSettings)
    assert other.organisation == in_region(home.organisation, "us-east-1")
    assert home.account == other.account == HUB
    here, there = (names_in(run(hub_program(settings))) for settings in (home, other))
    assert len(here) == len(there) > 80
    assert not here & there


def names_in(made: Run) -> set[str]:
    return {
        f"{resource.type} {resource.inputs[key]}"
        for resource in made.custom()
        if resource.type not in CHILDREN
        for key in NAMED
        if isinstance(resource.inputs.get(key), str)
    }
