"""Settings of experiment tracking: what a stack has where nothing is said, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from blueprint.errors import ConfigurationError
from blueprint.settings import Settings
from blueprint.tracking_settings import APP_REGIONS, DEFAULT_WINDOW, SIZES, TrackingSettings
from tests.blueprint.samples import configuration, organisation

SCHEMAS = (
    Path(str(getattr(importlib.util.find_spec("cfnlint"), "origin", ""))).parent / "data" / "schemas" / "providers"
)
ISOLATED = ("eu-isoe-", "eusc-", "us-iso-", "us-isob-", "us-isof-")
"""Partitions of their own, of which no page says what they offer; no installation of ours can be there."""


def settings(stack: str = "dev", region: str = "eu-west-1", **tracking: Any) -> TrackingSettings:
    given = {**configuration("organisation.region", region), "tracking": tracking}
    return Settings.parse(given, stack).tracking


def problems(stack: str = "dev", region: str = "eu-west-1", **tracking: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(stack, region, **tracking)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("stack", "region", "kind"),
    [
        ("dev", "eu-west-1", "app"),
        ("dev", "eu-south-1", "none"),
        ("test", "eu-west-1", "none"),
        ("hub", "eu-west-1", "none"),
    ],
)
def test_by_itself_the_first_stage_has_an_app_where_there_are_apps(stack: str, region: str, kind: str) -> None:
    """Guards: an `up` that AWS refuses in half of its regions; a server by the hour that nobody asked for."""
    of = organisation(region=region)
    assert settings(stack, region).resolved(of, stack) == kind
    assert settings(stack, region, kind="auto").resolved(of, stack) == kind


def test_what_is_left_out_is_said_once() -> None:
    """Guards: a region without apps, where the first stage silently has no experiment tracking."""
    of = organisation(region="eu-south-1")
    note = settings(region="eu-south-1").note(of, "dev")
    assert note is not None
    assert "no MLflow apps in eu-south-1" in note
    assert settings(region="eu-south-1", kind="none").note(of, "dev") is None
    assert settings("test", "eu-south-1").note(of, "test") is None
    assert settings().note(organisation(), "dev") is None


@pytest.mark.parametrize("stack", ["hub", "dev", "test"])
@pytest.mark.parametrize("kind", ["app", "server", "none"])
def test_what_is_said_counts_in_every_stack(stack: str, kind: str) -> None:
    """Guards: a choice that is read and then forgotten."""
    assert settings(stack, kind=kind).resolved(organisation(), stack) == kind


def test_a_server_is_what_is_configured() -> None:
    """Guards: a key that is described and has no effect."""
    read = settings(kind="server", size="Large", version="2.16", maintenanceWindow="Sun:23:59")
    assert read == TrackingSettings(kind="server", size="Large", version="2.16", maintenance_window="Sun:23:59")
    assert settings(kind="server") == TrackingSettings(kind="server", size="Small", version=None)
    assert settings().maintenance_window == DEFAULT_WINDOW


@pytest.mark.parametrize(
    ("tracking", "said"),
    [
        ({"kind": "sever"}, "tracking.kind is 'sever'; one of auto, app, server, none is needed (did you mean"),
        ({"kind": "server", "version": "3.0.0"}, "tracking.version is '3.0.0'; a version of MLflow as major.minor"),
        ({"kind": "server", "version": "3"}, "tracking.version is '3'"),
        ({"kind": "server", "size": "small"}, "tracking.size is 'small'; one of Small, Medium, Large is needed"),
        ({"maintenanceWindow": "TUE:03:30"}, "tracking.maintenanceWindow is 'TUE:03:30'; a day and time in UTC"),
        ({"maintenanceWindow": "Tue:24:00"}, "tracking.maintenanceWindow is 'Tue:24:00'"),
        ({"size": "Large"}, "tracking.size is 'Large' while kind is auto; an app has none"),
        ({"kind": "app", "version": "3.0"}, "tracking.version is '3.0' while kind is app"),
        ({"sizes": "Large"}, "tracking.sizes is unknown, so it would have no effect; did you mean size?"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place_and_its_mend(tracking: dict[str, Any], said: str) -> None:
    """Guards: a server that is replaced at every `up`; a window that AWS refuses after the role was made."""
    assert said in problems(**tracking)


def test_an_app_where_there_are_none_is_refused() -> None:
    """Guards: an error of an unknown operation in the middle of an `up`."""
    told = problems(region="eu-south-1", kind="app")
    assert "tracking.kind is 'app', which AWS doesn't offer in eu-south-1" in told
    assert "eu-west-1" in told


def test_a_value_that_is_no_mapping_is_refused() -> None:
    """Guards: a traceback."""
    with pytest.raises(ConfigurationError, match="tracking is 'app'; a mapping of names to values is needed"):
        Settings.parse({**configuration(), "tracking": "app"}, "dev")


def test_the_regions_of_apps_are_those_of_cloudformation() -> None:
    """Guards: a list that ages. CloudFormation's data of a region says whether it knows the type there."""
    known = {
        path.stem for path in SCHEMAS.glob("*.json") if "AWS::SageMaker::MlflowApp" in json.loads(path.read_text())
    }
    assert {region for region in known if not region.startswith(ISOLATED)} == APP_REGIONS


WINDOW = get_session().get_service_model("sagemaker").shape_for("WeeklyMaintenanceWindowStart").metadata["pattern"]


@given(st.from_regex(r"(Mon|Tue|Sun|TUE|mon):[0-3][0-9]:[0-6][0-9]", fullmatch=True))
def test_a_window_is_taken_exactly_where_botocore_takes_it(window: str) -> None:
    """Guards: a form of ours that is wider or narrower than AWS's."""
    if re.fullmatch(WINDOW, window):
        assert settings(maintenanceWindow=window).maintenance_window == window
    else:
        assert "maintenanceWindow" in problems(maintenanceWindow=window)


def test_the_sizes_are_botocore_s() -> None:
    """Guards: a size that AWS added or took away."""
    assert get_session().get_service_model("sagemaker").shape_for("TrackingServerSize").enum == list(SIZES)
