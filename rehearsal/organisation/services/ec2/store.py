"""VPCs and what is in them, per account and region, and the errors that name what isn't there.

Source: botocore's ec2 model; AWSEC2 APIReference errors-overview (codes).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network
from typing import TypeVar

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params


@dataclass(slots=True, kw_only=True)
class Thing:
    """What has an id and tags. `KIND` is the resource type of its ARN, and of TagSpecifications."""

    id: str
    account: str
    region: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Vpc(Thing):
    cidr: IPv4Network
    dns_support: bool = True
    dns_hostnames: bool = False


@dataclass(slots=True, kw_only=True)
class Subnet(Thing):
    vpc: str
    cidr: IPv4Network
    zone: str
    zone_id: str
    public_ip: bool = False


@dataclass(slots=True, kw_only=True)
class RouteTable(Thing):
    """`associations`: id to subnet. The main one of a VPC has none and serves the other subnets."""

    vpc: str
    main: bool = False
    associations: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SecurityGroup(Thing):
    vpc: str
    name: str
    description: str


@dataclass(slots=True, kw_only=True)
class Rule(Thing):
    """One flow: `target` is the member that names the other side (`CidrIpv4`, `PrefixListId`, …) and its value."""

    group: str
    egress: bool
    protocol: str
    ports: tuple[int, int] | None
    target: tuple[str, str]
    description: str | None = None

    @property
    def flow(self) -> tuple[object, ...]:
        """What makes two rules the same: all but the description."""
        return self.group, self.egress, self.protocol, self.ports, self.target


@dataclass(slots=True, kw_only=True)
class Endpoint(Thing):
    vpc: str
    kind: str
    service: str
    policy: str
    created: datetime
    private_dns: bool = False
    tables: list[str] = field(default_factory=list)
    subnets: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FlowLog(Thing):
    resource: str
    traffic: str
    destination: str
    role: str
    interval: int
    format: str
    created: datetime


@dataclass(slots=True, kw_only=True)
class Interface(Thing):
    """A network interface that another service made in a subnet, such as the mount target of a file system."""

    subnet: str


@dataclass(slots=True)
class Network:
    """All of an account in a region, each by its id. `interfaces` are other services'; no call of EC2's shows them."""

    vpcs: dict[str, Vpc] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    tables: dict[str, RouteTable] = field(default_factory=dict)
    groups: dict[str, SecurityGroup] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    flow_logs: dict[str, FlowLog] = field(default_factory=dict)
    interfaces: dict[str, Interface] = field(default_factory=dict)

    def all(self) -> Iterator[tuple[str, Thing]]:
        """Resource type and thing, of everything."""
        held: tuple[tuple[str, Mapping[str, Thing]], ...] = (
            ("vpc", self.vpcs), ("subnet", self.subnets), ("route-table", self.tables),
            ("security-group", self.groups), ("security-group-rule", self.rules), ("vpc-endpoint", self.endpoints),
            ("vpc-flow-log", self.flow_logs),
        )  # fmt: skip
        for kind, things in held:
            for thing in things.values():
                yield kind, thing


T = TypeVar("T", bound=Thing)

MISSING = {
    "vpc": ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "rtb": ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
    "rtbassoc": ("InvalidAssociationID.NotFound", "The association ID '{}' does not exist"),
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "sgr": ("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '{}' does not exist"),
    "vpce": ("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{}' does not exist"),
    "fl": ("InvalidFlowLogId.NotFound", "These flow log ids in the input list are not found: [{}]"),
}
"""By the prefix of an id."""


def network(org: Organisation, account: str, region: str) -> Network:
    """What is in an account's EC2 in a region."""
    found: Network = org.state("ec2", account, region).setdefault("network", Network())
    return found


def network_of(org: Organisation, call: Call) -> Network:
    return network(org, call.owner, call.region)


def new_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:17]}"


def missing(identifier: str) -> ApiError:
    code, message = MISSING.get(identifier.partition("-")[0], ("InvalidID", "The ID '{}' is not valid"))
    return ApiError(code, message.format(identifier))


def found(things: Mapping[str, T], identifier: str) -> T:
    """The thing of an id. Raises ApiError, as EC2 words it for this kind of id."""
    if identifier not in things:
        raise missing(identifier)
    return things[identifier]


def in_use(what: str, by: Iterable[Thing]) -> None:
    """Refuse to delete what others depend on. Raises ApiError."""
    holders = sorted(thing.id for thing in by)
    if holders:
        raise ApiError(
            "DependencyViolation", f"{what} has dependencies and cannot be deleted: {', '.join(holders)} depend on it."
        )


def tags_given(call: Call, kind: str) -> dict[str, str]:
    """The tags of a create call, for the one resource type that it makes. Raises ApiError."""
    tags: dict[str, str] = {}
    for given in call.params.get("TagSpecifications", []):
        if given.get("ResourceType") != kind:
            raise ApiError(
                "InvalidParameterValue",
                f"'{given.get('ResourceType')}' is not a valid taggable resource type for this operation.",
            )
        tags |= {tag["Key"]: tag.get("Value", "") for tag in given.get("Tags", [])}
    return tags


def shown_tags(thing: Thing) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(thing.tags.items())]


def selected(call: Call, member: str, things: Mapping[str, T], filters: Mapping[str, str]) -> list[T]:
    """The things that a Describe call asks for, by ids in `member` or by filters.

    `filters` maps a filter's name to the attribute it compares; others are refused by name.
    """
    given: list[Params] = [*call.params.get("Filters", []), *call.params.get("Filter", [])]
    rows = [found(things, one) for one in call.params[member]] if call.params.get(member) else list(things.values())
    for one in given:
        if one["Name"] not in filters:
            raise NotEmulated(f"ec2:{call.operation} with the filter {one['Name']}")
        attribute = filters[one["Name"]]
        rows = [row for row in rows if _text(getattr(row, attribute)) in one["Values"]]
    return rows


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
