"""Settings of Studio: who has a place in it, and what a new space begins with.

Sources: botocore sagemaker (UserProfileName, IdleTimeoutInMinutes, SpaceEbsVolumeSizeInGb); dg/studio-updated-jl.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from blueprint.names import HUB
from blueprint.organisation import Organisation
from blueprint.reading import ABSENT, Reader

DEFAULT_PROFILES = ("data-scientist",)
DEFAULT_INSTANCE = "ml.t3.large"
DEFAULT_VOLUME_GB = 50
DEFAULT_IDLE_MINUTES = 60

VOLUME_GB = range(5, 16_385)
IDLE_MINUTES = range(60, 525_601)

PROFILE_PATTERN = re.compile(r"[a-z](?:-?[a-z0-9]){0,23}")
"""Narrower than SageMaker's, as a stack's name is: the name of a space is made of both."""

_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioSettings:
    """`enabled`: whether the stack has Studio where its stage may. `instance_type` and `volume_gb` are those that a
    new private space begins with; afterwards they are its owner's.
    """

    enabled: bool
    user_profiles: tuple[str, ...]
    instance_type: str
    volume_gb: int
    idle_minutes: int

    def wanted(self, organisation: Organisation, stack: str) -> bool:
        """Whether the stack has Studio: a spoke by its stage, the hub always, unless the stack says no."""
        by_stage = stack == HUB or organisation.stage(organisation.spoke(stack).stage).studio
        return self.enabled and by_stage


def read_studio(reader: Reader) -> StudioSettings:
    """The settings of a stack, noting every problem with the reader."""
    value = reader.raw("studio")
    entry = Reader({} if value is ABSENT else value, reader.at("studio"), reader.problems)
    enabled = entry.flag("enabled", default=True)
    profiles = entry.texts(
        "userProfiles", PROFILE_PATTERN, "a user profile's name of 1 to 24 lower-case letters, digits and inner dashes",
        default=DEFAULT_PROFILES,
    )  # fmt: skip
    instance = entry.text("instanceType", _INSTANCE, "a Studio instance type such as ml.t3.large", default=None)
    volume = entry.integer("volumeGb", VOLUME_GB, "a number of gigabytes from 5 to 16384", default=DEFAULT_VOLUME_GB)
    idle = entry.integer(
        "idleMinutes", IDLE_MINUTES, "a number of minutes from 60 to 525600", default=DEFAULT_IDLE_MINUTES
    )
    entry.close()
    return StudioSettings(
        enabled=enabled,
        user_profiles=tuple(sorted(profiles)),
        instance_type=instance or DEFAULT_INSTANCE,
        volume_gb=volume,
        idle_minutes=idle,
    )
