"""Several regions: one stack per account and region, `<stack>.<region>` for all but the home region.

Shares, events, artifacts and keys are regional, so an installation in two regions is two hubs in one account. IAM's and
S3's names are global: in a further region the installation has a prefix of its own, the configured one and the
region's code (`mlgov` in us-east-1 is `mlgovuse1`), and with it every physical name. Prefixes hold no dash and codes
are distinct, so two regions have no name in common; a test proves it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from blueprint.names import PREFIX_PATTERN, partition_of
from blueprint.organisation import Elsewhere, Organisation
from blueprint.reading import Reader, listed, shown

REGION_PATTERN = re.compile(
    r"(af|ap|ca|eu|il|me|mx|sa|us|us-gov)-(central|(?:north|south)(?:east|west)?|east|west)-([0-9])"
)
"""Not those of China (`cn-…`), where services have other names in key policies and `kms:ViaService`."""

REGION_FORM = "an AWS region such as eu-west-1"

_DIRECTIONS = {
    "central": "c", "east": "e", "north": "n", "northeast": "ne", "northwest": "nw", "south": "s", "southeast": "se",
    "southwest": "sw", "west": "w",
}  # fmt: skip
SEPARATOR = "."
"""Between stack and region in a Pulumi stack's name; the stacks' own names hold none."""


def region_code(region: str) -> str:
    """A region in four to seven letters and digits, distinct for distinct regions: `us-east-1` is `use1`."""
    found = REGION_PATTERN.fullmatch(region)
    if found is None:
        raise ValueError(f"{region!r} is no region; {REGION_FORM} is needed")
    area, direction, number = found.groups()
    return f"{area.replace('-', '')}{_DIRECTIONS[direction]}{number}"


def read_regions(reader: Reader, home: str | None, prefix: str | None) -> tuple[str, ...]:
    """The regions beside the home one, sorted, noting what keeps one from being installed in."""
    regions = reader.texts("regions", REGION_PATTERN, REGION_FORM, default=())
    for region in regions:
        if region == home:
            reader.problem(
                "regions", f"names {region}, which organisation.region is already; its stacks have no suffix: remove it"
            )
        elif home is not None and partition_of(region) != partition_of(home):
            reader.problem(
                "regions",
                f"names {region}, of another partition than {home}; accounts and organisations end at a partition:"
                " make an installation of its own there",
            )
        if prefix is not None and not PREFIX_PATTERN.fullmatch(f"{prefix}{region_code(region)}"):
            reader.problem(
                "prefix",
                f"is {prefix!r}, which with the code {region_code(region)} of {region} is over 16 characters; IAM's and"
                " S3's names are global, so each further region has its own prefix: shorten it",
            )
    return tuple(sorted(regions))


def split_stack(stack: str) -> tuple[str, str | None]:
    """A Pulumi stack's name as the account's stack and the region, None where the name has none."""
    account, separator, region = stack.partition(SEPARATOR)
    return account, region if separator else None


def in_region(organisation: Organisation, region: str) -> Organisation:
    """The installation of a further region: its own prefix, and the spokes and image repositories that are there.

    Buckets that exist under names of their own are the home region's.
    """
    here = [(spoke, _place(spoke.elsewhere, region)) for spoke in organisation.spokes]
    return replace(
        organisation,
        prefix=f"{organisation.prefix}{region_code(region)}",
        region=region,
        home=organisation.region,
        spokes=tuple(
            replace(spoke, volume_key=place.volume_key, cidr=place.cidr) for spoke, place in here if place is not None
        ),
        hub_cidr=(_place(organisation.hub_elsewhere, region) or Elsewhere(region=region)).cidr,
        image_repositories=_of_region(organisation.image_repositories, region),
        buckets=(),
    )


def _place(elsewhere: tuple[Elsewhere, ...] | None, region: str) -> Elsewhere | None:
    """What an account has in a region; None where it isn't there."""
    if elsewhere is None:
        return Elsewhere(region=region)
    return next((place for place in elsewhere if place.region == region), None)


def at_home(organisation: Organisation) -> Organisation:
    """The installation of the home region, where it is one of several."""
    if not organisation.regions:
        return organisation
    repositories = _of_region(organisation.image_repositories, organisation.region)
    return replace(organisation, image_repositories=repositories)


def project(organisation: Organisation, stack: str, problems: list[str]) -> tuple[Organisation, str]:
    """The installation that a Pulumi stack belongs to, and the stack's name in it."""
    account, region = split_stack(stack)
    if region is None:
        return at_home(organisation), account
    if region not in organisation.regions:
        known = listed(organisation.regions) or "none"
        problems.append(
            f"stack {shown(stack)} is of region {shown(region)}, where nothing is installed beside the home region"
            f" {organisation.region}; known: {known}. Add it to organisation.regions in Pulumi.yaml, or select the"
            f" stack {shown(account)} for the home region"
        )
        return at_home(organisation), account
    return in_region(organisation, region), account


def _of_region(repositories: tuple[str, ...], region: str) -> tuple[str, ...]:
    """SageMaker pulls from registries of its own region alone (dg/your-algorithms-inference-code)."""
    return tuple(arn for arn in repositories if arn.split(":")[3] == region)
