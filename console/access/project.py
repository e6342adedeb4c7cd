"""The project that an estate belongs to: organisation and settings, as the program reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from blueprint.errors import ConfigurationError
from blueprint.intent import Intent, intent
from blueprint.intent.model import Parts
from blueprint.names import HUB
from blueprint.settings import PROJECT, Settings, SpokeSettings
from console.access.estate import Estate
from console.access.matrix import facts_of
from console.errors import CommandError


def settings_of(folder: Path, stack: str = HUB) -> Settings:
    """A stack's settings as the program would read them. Raises CommandError."""
    try:
        project = _read(folder / "Pulumi.yaml").get("config") or {}
    except OSError:
        raise CommandError(f"{folder} is no Pulumi project: give its folder by --project") from None
    values = {
        key.removeprefix(f"{PROJECT}:"): entry["default"]
        for key, entry in project.items()
        if key.startswith(f"{PROJECT}:") and "default" in entry
    }
    file = folder / f"Pulumi.{stack}.yaml"
    if file.exists():
        own = _read(file).get("config") or {}
        values |= {key.removeprefix(f"{PROJECT}:"): value for key, value in own.items() if key.startswith(PROJECT)}
    try:
        return Settings.parse(values, stack)
    except ConfigurationError as error:
        raise CommandError(str(error)) from None


def intent_for(estate: Estate, folder: Path) -> Intent:
    """The declared intent of the project, with the ARNs of an estate of it."""
    hub = settings_of(folder)
    of = hub.organisation
    stacks = (HUB, *(spoke.stack for spoke in of.spokes))
    parts = {stack: _parts(settings_of(folder, stack), estate) for stack in stacks}
    return intent(of, facts_of(estate, of, parts, trial=hub.stateful == "destroy"))


def _parts(settings: Settings, estate: Estate) -> Parts:
    """What of the stack's settings decides who may what there; the ARNs of its API's routes are the estate's."""
    api = settings.inference if isinstance(settings, SpokeSettings) else None
    return Parts(
        tracking=settings.tracking.resolved(settings.organisation, settings.stack),
        studio=_studio(settings),
        endpoints=() if api is None else api.endpoints,
        routes=tuple(sorted(arn for arn in estate.apis if arn.split(":")[4] == settings.account)),
        private=settings.network.mode == "VpcOnly",
    )


def _studio(settings: Settings) -> bool:
    """Whether execution roles may work in Studio: always in the hub, in a spoke as its stage says."""
    return not isinstance(settings, SpokeSettings) or settings.organisation.stage(settings.spoke.stage).studio


def _read(file: Path) -> dict[str, Any]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}
