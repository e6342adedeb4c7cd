"""The organisation as the rest of the blueprint sees it: checked, frozen, ordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from blueprint.names import Bucket, Names
from blueprint.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What an account has in a region beside the home one: as a spoke's fields of these names."""

    region: str
    volume_key: str | None = None
    cidr: str | None = None


GuardMode = Literal["alarm", "reject"]
GUARD_MODES: tuple[GuardMode, ...] = ("alarm", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke:
    """An account whose models are governed. `stack` is the Pulumi stack's name, `stage` that of a :class:`Stage`.

    `volume_key`: ARN of the account's own key for the volumes of its endpoints, None where AWS's default does. `cidr`:
    the addresses of its network, None where they follow from the stack's name. `elsewhere`: the further regions in
    which the account has a stack, None for all of them with nothing of its own.
    """

    stack: str
    account: str
    stage: str
    volume_key: str | None = None
    cidr: str | None = None
    elsewhere: tuple[Elsewhere, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """All accounts of one installation in one region.

    `id` is the AWS organisation's id, None where there is none. `spokes` are sorted by stack name, `stages` in order
    of promotion. `same_account`: a trial whose hub and spokes are one account. `auditors` and `operators`: ARN patterns
    of those who may assume the hub's role of that name; without any there is no such role. `guard`: whether the guard
    rejects what must not be approved, or only alarms. `hub_cidr`: as a spoke's.
    `regions`: where it is installed beside the home region, `hub_elsewhere`: what the hub's account has there; `home`:
    the home region, where this is a further one. `buckets`: those of the hub that have another name than the made one.
    """

    id: str | None
    prefix: str
    region: str
    hub: str
    spokes: tuple[Spoke, ...]
    stages: tuple[Stage, ...]
    groups: tuple[str, ...]
    same_account: bool = False
    image_repositories: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    auditors: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    guard: GuardMode = "reject"
    regions: tuple[str, ...] = ()
    home: str | None = None
    hub_elsewhere: tuple[Elsewhere, ...] = ()
    buckets: tuple[tuple[Bucket, str], ...] = ()
    hub_cidr: str | None = None

    @property
    def names(self) -> Names:
        return Names(self.prefix, self.region, self.buckets)

    def pulumi_stack(self, stack: str) -> str:
        """The Pulumi stack's name of an account's stack: with the region, where that isn't the home region."""
        return stack if self.home is None else f"{stack}.{self.region}"

    @property
    def first_stage(self) -> Stage:
        """The stage that publishes artifacts and registers versions."""
        return self.stages[0]

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)

    def spokes_of(self, *stages: str) -> tuple[Spoke, ...]:
        """The spokes of these stages, in the order of the stack names."""
        return tuple(spoke for spoke in self.spokes if spoke.stage in stages)

    def spoke(self, stack: str) -> Spoke:
        return next(spoke for spoke in self.spokes if spoke.stack == stack)
