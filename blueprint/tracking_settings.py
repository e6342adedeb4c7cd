"""Settings of experiment tracking: MLflow as an app, as a server, or not at all.

Sources: dg/mlflow (regions, sizes, versions of apps and servers), botocore sagemaker CreateMlflowTrackingServerRequest
(sizes, pattern of the maintenance window).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from blueprint.organisation import Organisation
from blueprint.reading import ABSENT, Reader

TrackingKind = Literal["app", "server", "none"]
KINDS = ("auto", "app", "server", "none")
SIZES = ("Small", "Medium", "Large")

APP_REGIONS = frozenset(
    {
        "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
        "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2",
        "us-west-1", "us-west-2",
    }
)  # fmt: skip
"""Where AWS offers MLflow apps (dg/mlflow, Supported AWS Regions). Servers are where Studio is."""

DEFAULT_WINDOW = "Tue:03:30"
_WINDOW = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun):([01]\d|2[0-3]):([0-5]\d)")
"""botocore sagemaker WeeklyMaintenanceWindowStart, in UTC. `TUE:03:30`, as other pages have it, is refused."""

_VERSION = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}")
"""Major and minor alone: that is what the provider keeps, and with a patch number it would replace the server at every
`up` (hashicorp/terraform-provider-aws#42435)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingSettings:
    """`kind`: what this stack has, None where the region and the stage decide. `size` and `version` are a server's;
    without a version AWS takes its latest.
    """

    kind: TrackingKind | None = None
    size: str = SIZES[0]
    version: str | None = None
    maintenance_window: str = DEFAULT_WINDOW

    def resolved(self, organisation: Organisation, stack: str) -> TrackingKind:
        """What the stack has: where nothing is said, an app in the first stage, where experiments are made."""
        if self.kind is not None:
            return self.kind
        return "app" if _experiments(organisation, stack) and organisation.region in APP_REGIONS else "none"

    def note(self, organisation: Organisation, stack: str) -> str | None:
        """What somebody might miss: a stack that would have an app in another region."""
        if self.kind is not None or not _experiments(organisation, stack) or organisation.region in APP_REGIONS:
            return None
        return (
            f"no experiment tracking in {stack}: AWS offers no MLflow apps in {organisation.region}. Set tracking.kind"
            " to server for a tracking server (docs/costs.md), or to none to hear no more of it"
        )


def _experiments(organisation: Organisation, stack: str) -> bool:
    """Whether models are made in the stack."""
    return stack in {spoke.stack for spoke in organisation.spokes_of(organisation.first_stage.name)}


def read_tracking(reader: Reader) -> TrackingSettings:
    """The settings, noting every problem with the reader."""
    value: Any = reader.raw("tracking")
    chosen = Reader({} if value is ABSENT else value, reader.at("tracking"), reader.problems)
    kind = chosen.choice("kind", KINDS, default="auto")
    size = chosen.choice("size", SIZES, default=None)
    version = chosen.text("version", _VERSION, "a version of MLflow as major.minor, such as 3.0,", default=None)
    window = chosen.text(
        "maintenanceWindow", _WINDOW, f"a day and time in UTC such as {DEFAULT_WINDOW}, spelt so,",
        default=DEFAULT_WINDOW,
    )  # fmt: skip
    chosen.close()
    for key, given in (("size", size), ("version", version)):
        if given is not None and kind != "server":
            chosen.problem(
                key,
                f"is {given!r} while kind is {kind}; an app has none, so it would have no effect: remove it, or set"
                " tracking.kind to server",
            )
    return TrackingSettings(
        kind=_kind(kind), size=size or SIZES[0], version=version, maintenance_window=window or DEFAULT_WINDOW
    )


def _kind(word: str | None) -> TrackingKind | None:
    kinds: tuple[TrackingKind, ...] = ("app", "server", "none")
    return next((kind for kind in kinds if kind == word), None)


def check_tracking(settings: TrackingSettings, organisation: Organisation, problems: list[str]) -> None:
    """What the settings must have in common with the organisation."""
    if settings.kind == "app" and organisation.region not in APP_REGIONS:
        problems.append(
            f"tracking.kind is 'app', which AWS doesn't offer in {organisation.region} (it does in"
            f" {', '.join(sorted(APP_REGIONS))}): set it to server, or to none"
        )
