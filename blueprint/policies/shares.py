"""RAM customer-managed permissions: what a share of a model package group grants, by level.

A template holds one statement's Effect, Action and Condition, no principal, no resource, and only single, non-negating
operators (ram/managed-permission-considerations): so Describe and the conditioned Create are two permissions, and the
"may never" stands elsewhere. One permission per resource type per share, hence one share per level. All properties
are create-only, so the name carries the template's digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from blueprint.limits import Document, compact
from blueprint.organisation import Organisation, Spoke
from blueprint.policies.conditions import APPROVAL_STATUS, LIFECYCLE_STAGE, LIFECYCLE_STATUS, equals
from blueprint.stages import OPEN_STATUSES
from blueprint.units import unit_id

RESOURCE_TYPE = "sagemaker:model-package-group"
"""ram/shareable: the type's code, case-sensitive by CreatePermission. `aws ram list-resource-types` shows it."""

Level = Literal["consumer", "contributor-read", "contributor-register"]

READ_ACTIONS = (
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
)
MAKE_MODEL = "sagemaker:CreateModel"
PENDING = "PendingManualApproval"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a share names: an account by its id, or an organisational unit by its ARN. `label` is its stack or id."""

    label: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Share:
    """One share of all groups: its level, its permission's template, the spokes that it admits, and as whom."""

    level: Level
    template: Document
    spokes: tuple[Spoke, ...]
    principals: tuple[Principal, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(compact(self.template).encode()).hexdigest()


def shares(organisation: Organisation) -> tuple[Share, ...]:
    """The shares of the installation; none in same-account mode: RAM doesn't share with oneself."""
    if organisation.same_account:
        return ()
    first = organisation.first_stage
    contributors = organisation.spokes_of(first.name)
    consumers = tuple(spoke for spoke in organisation.spokes if spoke.stage != first.name)
    register = equals(
        {
            APPROVAL_STATUS: PENDING,
            LIFECYCLE_STAGE: first.lifecycle,
            LIFECYCLE_STATUS: list(OPEN_STATUSES),
        }
    )
    # Where the first stage serves, too, somebody is named to deploy there.
    served = [MAKE_MODEL] if first.deployers else []
    wanted: tuple[tuple[Level, Document, tuple[Spoke, ...]], ...] = (
        ("consumer", template([*READ_ACTIONS, MAKE_MODEL]), consumers),
        ("contributor-read", template([*READ_ACTIONS, *served]), contributors),
        ("contributor-register", template(["sagemaker:CreateModelPackage"], register), contributors),
    )
    return tuple(
        Share(level, content, spokes, _principals(organisation, spokes)) for level, content, spokes in wanted if spokes
    )


def _principals(organisation: Organisation, spokes: tuple[Spoke, ...]) -> tuple[Principal, ...]:
    """The units of stages that have some, the accounts of the other stages; each once, in the order of the labels."""
    found: set[Principal] = set()
    units = {stage.name: stage.units for stage in organisation.stages}
    for spoke in spokes:
        found |= {Principal(unit_id(unit), unit) for unit in units[spoke.stage]}
        if not units[spoke.stage]:
            found.add(Principal(spoke.stack, spoke.account))
    return tuple(sorted(found, key=lambda principal: principal.label))


def template(
    actions: tuple[str, ...] | list[str], condition: dict[str, dict[str, str | list[str]]] | None = None
) -> Document:
    """A permission's policy template."""
    result: Document = {"Effect": "Allow", "Action": sorted(actions)}
    if condition:
        result["Condition"] = condition
    return result
