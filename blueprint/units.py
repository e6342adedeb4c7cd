"""Organisational units: what the registry is shared with, where accounts are too many to be named one by one.

A unit stands for its stage's accounts. It has to hold accounts of that stage alone, and never the hub: RAM writes a
share with a unit or an organisation as principal `*` with a condition, which also grants the hub's own principals what
their policies don't (ram getting-started-sharing; docs/adr/0012).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from blueprint.reading import Reader
from blueprint.stages import Stage

UNIT_PATTERN = re.compile(
    r"arn:aws[a-z-]*:organizations::[0-9]{12}:ou/(o-[a-z0-9]{10,32})/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
)
"""botocore organizations, OrganizationalUnitArn."""

UNIT_FORM = "the ARN of an organisational unit"


def unit_id(arn: str) -> str:
    """`ou-…` of a unit's ARN."""
    return arn.rpartition("/")[2]


def check_units(reader: Reader, stages: Sequence[Stage], organisation_id: str | None, *, same_account: bool) -> None:
    """What the units must have in common with the organisation and with each other."""
    first: dict[str, str] = {}
    for place, stage in enumerate(stages):
        for unit in stage.units:
            key = f"stages[{place}].units"
            found = UNIT_PATTERN.fullmatch(unit)
            if found is None:
                continue  # said already, by the one who read it
            if same_account or organisation_id is None:
                missing = "sameAccount is set" if same_account else "organisation.id is missing"
                reader.problem(
                    key,
                    f"names {unit}, while {missing}; RAM shares with units of one's own organisation alone: remove it",
                )
            elif found[1] != organisation_id:
                reader.problem(
                    key,
                    f"names {unit}, of organisation {found[1]}; organisation.id is {organisation_id}, and RAM shares"
                    " with units of one's own organisation alone: correct one",
                )
            other = first.setdefault(unit, stage.name)
            if other != stage.name and other == stages[0].name:
                reader.problem(
                    key,
                    f"names {unit}, which is of stage {other} too; its accounts could register versions and serve them:"
                    " give each stage units of its own",
                )
