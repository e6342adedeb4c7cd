"""Settings of each account's network: how Studio reaches the internet, the addresses, the zones.

Sources: dg/studio-updated-and-internet-access (both modes, 2 to 4 addresses a user), vpc/latest/userguide
vpc-cidr-blocks (private ranges, 172.17.0.0/16), botocore sagemaker AppNetworkAccessType.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

from blueprint.names import HUB
from blueprint.organisation import Organisation
from blueprint.reading import ABSENT, Reader, shown

NetworkMode = Literal["PublicInternetOnly", "VpcOnly"]
NETWORK_MODES: tuple[NetworkMode, ...] = ("PublicInternetOnly", "VpcOnly")

ALL = IPv4Network("10.0.0.0/8")
"""Where the networks lie whose addresses nobody chose."""

PREFIX_LENGTH = 22
"""1,024 addresses an account, half in each zone: Studio wants two to four a user."""

WIDEST, NARROWEST = 16, 25
"""AWS takes /16 to /28; in two halves, a /25 still holds eleven endpoints, and a dozen users."""

PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
DOCKERS = IPv4Network("172.17.0.0/16")
"""Of containers on SageMaker's instances: a VPC that overlaps it loses connections (vpc-cidr-blocks)."""

DEFAULT_ZONES = ("a", "b")
ZONES_ELSEWHERE: Mapping[str, tuple[str, str]] = {"ap-northeast-1": ("a", "c")}
"""Regions whose new accounts don't see the first two letters."""

ZONE_COUNT = 2

FLOW_LOG_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""What PutRetentionPolicy accepts (botocore logs, Days)."""

DEFAULT_FLOW_LOG_DAYS = 90

_ZONE = re.compile(r"[a-f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """`mode`: Studio's way to the internet. `zones`: letters of two availability zones. `flow_log_days`: retention of
    the flow logs, which only a private network has.
    """

    mode: NetworkMode
    zones: tuple[str, ...]
    flow_log_days: int

    @property
    def private(self) -> bool:
        """No way to the internet: what Studio needs of AWS comes by endpoints."""
        return self.mode == "VpcOnly"


def read_network(reader: Reader, region: str | None) -> NetworkSettings:
    """The settings of a stack, noting every problem with the reader."""
    entry = Reader({} if reader.raw("network") is ABSENT else reader.raw("network"), "network", reader.problems)
    mode = entry.choice("mode", NETWORK_MODES, default="PublicInternetOnly")
    zones = entry.texts("zones", _ZONE, "the letter of an availability zone", default=zones_of(region or ""))
    given = entry.raw("zones")
    if given is not ABSENT and isinstance(given, list) and len(given) != ZONE_COUNT:
        entry.problem("zones", f"is {shown(given)}; two letters are needed, so that one zone may fail")
    days = entry.integer(
        "flowLogDays", FLOW_LOG_DAYS,
        f"a number of days that CloudWatch Logs keeps ({', '.join(map(str, FLOW_LOG_DAYS))})",
        default=DEFAULT_FLOW_LOG_DAYS,
    )  # fmt: skip
    entry.close()
    return NetworkSettings(
        mode="VpcOnly" if mode == "VpcOnly" else "PublicInternetOnly", zones=zones, flow_log_days=days
    )


def zones_of(region: str) -> tuple[str, str]:
    """The letters of a region's zones that are taken where none are configured.

    A table and not a look-up: a zone that AWS adds, or that is impaired on the day of an `up`, mustn't move subnets,
    and with them the domain. AWS answers CreateSubnet with the zones that the account has, where these aren't.
    """
    return ZONES_ELSEWHERE.get(region, DEFAULT_ZONES)


def read_cidr(entry: Reader) -> str | None:
    """The addresses of an account where they are chosen, None where they follow from its stack's name."""
    value = entry.raw("cidr")
    if value is ABSENT:
        return None
    needed = f"a private IPv4 network of /{WIDEST} to /{NARROWEST}, in quotes, such as 10.20.0.0/22"
    try:
        network = IPv4Network(value) if isinstance(value, str) and "/" in value else None
    except ValueError as error:
        entry.problem("cidr", f"is {shown(value)} ({error}); {needed} is needed")
        return None
    if network is None or not any(network.subnet_of(private) for private in PRIVATE):
        entry.problem("cidr", f"is {shown(value)}; {needed} is needed")
    elif not WIDEST <= network.prefixlen <= NARROWEST:
        entry.problem("cidr", f"is {shown(value)}, a /{network.prefixlen}; {needed} is needed")
    elif network.overlaps(DOCKERS):
        entry.problem(
            "cidr", f"is {shown(value)}, which overlaps {DOCKERS}: SageMaker's containers use it; take another"
        )
    else:
        return str(network)
    return None


def network_of(organisation: Organisation, stack: str) -> IPv4Network:
    """The addresses of a stack's account: the configured ones, else those that its name gives.

    By a hash, so that an account keeps its addresses whatever other accounts come and go: another network is another
    VPC, and with it another Studio domain.
    """
    return _network(organisation, stack, organisation.hub_cidr if stack == HUB else organisation.spoke(stack).cidr)


def subnets_of(network: IPv4Network) -> tuple[IPv4Network, IPv4Network]:
    """One for each of the two zones."""
    first, second = network.subnets()
    return first, second


def overlapping(organisation: Organisation) -> list[str]:
    """What of the organisation's networks overlaps, as sentences with a free network for each."""
    chosen = {HUB: organisation.hub_cidr} | {spoke.stack: spoke.cidr for spoke in organisation.spokes}
    networks = {stack: _network(organisation, stack, cidr) for stack, cidr in chosen.items()}
    free = _free(networks.values())
    problems = []
    last: str | None = None
    for stack in sorted(networks, key=lambda stack: (int(networks[stack].network_address), stack)):
        if last is not None and networks[stack].overlaps(networks[last]):
            # The one that nobody chose moves.
            moved, kept = (last, stack) if chosen[stack] and not chosen[last] else (stack, last)
            problems.append(
                f"organisation.accounts.{moved}: its network {networks[moved]} overlaps that of {kept},"
                f" {networks[kept]}; the two could never be connected: set cidr of {moved} to one that is free, such"
                f' as "{next(free)}"'
            )
        # Of all that went before, the one that reaches furthest.
        if last is None or networks[stack].broadcast_address > networks[last].broadcast_address:
            last = stack
    return problems


def _network(organisation: Organisation, stack: str, chosen: str | None) -> IPv4Network:
    return _by_name(organisation, stack) if chosen is None else IPv4Network(chosen)


def _by_name(organisation: Organisation, stack: str) -> IPv4Network:
    """Of prefix and region too: two installations of one organisation are two sets of networks."""
    whole = f"{organisation.prefix}/{organisation.region}/{stack}"
    digest = int.from_bytes(hashlib.sha256(whole.encode()).digest()[:4])
    blocks = 2 ** (PREFIX_LENGTH - ALL.prefixlen)
    size = 2 ** (ALL.max_prefixlen - PREFIX_LENGTH)
    return IPv4Network((int(ALL.network_address) + digest % blocks * size, PREFIX_LENGTH))


def _free(taken: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """Networks of 10.0.0.0/8 that overlap none of these, and not each other."""
    ranges = [(int(network.network_address), int(network.broadcast_address)) for network in taken]
    for candidate in ALL.subnets(new_prefix=PREFIX_LENGTH):
        first, last = int(candidate.network_address), int(candidate.broadcast_address)
        if all(last < start or first > end for start, end in ranges):
            yield candidate
