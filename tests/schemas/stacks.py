"""The stacks that are checked: the example's, and spokes with every optional part."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from blueprint.settings import HubSettings, Settings, SpokeSettings
from tests.blueprint.samples import configuration
from tests.components.programs import hub_program, hub_run, spoke_program, spoke_run
from tests.components.recorder import Run, run
from tests.schemas.folding import Stack, fold

OPTIONAL: dict[str, dict[str, Any]] = {
    "hub with all": {"network": {"mode": "VpcOnly"}, **configuration("organisation.repositories", ["credit-risk"])},
    "dev with all": {"network": {"mode": "VpcOnly"}},
    "test with all": {"inferenceApi": {"enabled": True, "endpoints": ["credit-risk"]}},
    "test with tokens": {
        "inferenceApi": {
            "enabled": True,
            "endpoints": ["credit-risk", "fraud"],
            "authorization": {"issuer": "https://login.example.com", "audience": ["models"]},
        }
    },
}
"""Keys of a stack's own configuration, by a label that begins with its name."""

STACKS = ("hub", "dev", "test", *OPTIONAL)


@cache
def registered(label: str) -> Run:
    """What a stack registers."""
    if label not in OPTIONAL:
        return hub_run() if label == "hub" else spoke_run(label)
    stack = label.partition(" ")[0]
    settings = Settings.parse({**configuration(), **OPTIONAL[label]}, stack)
    if isinstance(settings, HubSettings):
        return run(hub_program(settings))
    assert isinstance(settings, SpokeSettings)
    return run(spoke_program(replace(settings), hub_run().exports), stack=stack)


@cache
def folded(label: str) -> Stack:
    return fold(registered(label).resources)
