"""What an account has in the regions beside the home one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from blueprint.names import HUB
from blueprint.network_settings import read_cidr
from blueprint.organisation import Elsewhere, Spoke
from blueprint.reading import ABSENT, Reader
from blueprint.regions import REGION_FORM, REGION_PATTERN

_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}")


def read_elsewhere(entry: Reader, account: str | None) -> tuple[Elsewhere, ...] | None:
    """An account's `regions`, None where it has none of its own to say."""
    value = entry.raw("regions")
    if value is ABSENT:
        return None
    chosen = Reader(value, entry.at("regions"), entry.problems)
    found = []
    for region in chosen.names:
        if not REGION_PATTERN.fullmatch(region):
            chosen.problem(region, f"is no region; {REGION_FORM} is needed")
            chosen.raw(region)
            continue
        given = chosen.raw(region)
        place = Reader({} if given is ABSENT else given, chosen.at(region), chosen.problems)
        key = read_volume_key(place, account, region)
        found.append(Elsewhere(region=region, volume_key=key, cidr=read_cidr(place)))
        place.close()
    return tuple(sorted(found, key=lambda place: place.region))


def read_volume_key(entry: Reader, account: str | None, region: str | None) -> str | None:
    """The key of the endpoints' volumes: of the account itself, since it isn't the hub's artifact key."""
    key = entry.text("volumeKey", _KEY, "the ARN of a KMS key of the account, not of an alias,", default=None)
    if key is not None and account is not None and region is not None and key.split(":")[3:5] != [region, account]:
        entry.problem(
            "volumeKey",
            f"is {key!r}, not a key of account {account} in {region}; SageMaker couldn't make the volumes of an"
            " endpoint: name a key of the account itself",
        )
    return key


def check_elsewhere(
    accounts: Reader,
    spokes: Sequence[Spoke],
    hub_elsewhere: Sequence[Elsewhere],
    home: str | None,
    regions: Sequence[str],
) -> None:
    """Regions without a hub, and accounts whose volumes would lose their own key in another region."""
    if home is None:
        return
    places = {HUB: tuple(hub_elsewhere)} | {spoke.stack: spoke.elsewhere or () for spoke in spokes}
    for stack, elsewhere in places.items():
        for place in elsewhere:
            if place.region not in regions:
                accounts.problem(
                    f"{stack}.regions",
                    f"names {place.region}, which isn't a region beside {home}; known: {', '.join(regions) or 'none'}."
                    " Add it to organisation.regions, or remove it",
                )
    for spoke in spokes:
        if spoke.volume_key is None:
            continue
        there = {place.region: place.volume_key for place in spoke.elsewhere or ()}
        keyless = [
            region for region in regions if (spoke.elsewhere is None or region in there) and not there.get(region)
        ]
        if keyless:
            accounts.problem(
                f"{spoke.stack}.volumeKey",
                f"is a key of {home} alone; volumes in {', '.join(keyless)} would silently be encrypted with AWS's"
                f" default: set {accounts.at(spoke.stack)}.regions.<region>.volumeKey for each",
            )
