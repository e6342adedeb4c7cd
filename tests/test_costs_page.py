"""docs/costs.md counts what the program makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from blueprint.policies.endpoints import endpoints
from blueprint.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
ENDPOINT_IN_A_ZONE = 7.30
ZONES = 2


@pytest.mark.parametrize("stack", ["hub", "dev", "test"])
def test_a_private_network_s_price_is_that_of_its_endpoints(stack: str) -> None:
    """Guards: a page that promises a price and a program that makes another number of endpoints."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    defaults = {
        key.removeprefix("ml-governance:"): entry["default"] for key, entry in project.items() if "default" in entry
    }
    settings = Settings.parse(defaults, stack, defaults)
    tracks = settings.tracking.resolved(settings.organisation, stack) != "none"
    made = endpoints(settings.organisation, stack, settings.account, tracks=tracks)
    count = sum(spec.kind == "Interface" for spec in made)
    found = re.search(rf"^\| {stack} \| (\d+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert found is not None
    assert (int(found[1]), float(found[2])) == (count, round(count * ZONES * ENDPOINT_IN_A_ZONE, 2))
