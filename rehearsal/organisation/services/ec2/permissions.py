"""Rules in the two forms that EC2's API has: sets of permissions, and single rules.

Source: botocore ec2 IpPermission, SecurityGroupRule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Params
from rehearsal.organisation.services.ec2.prefix_lists import gateway_services, prefix_list_id
from rehearsal.organisation.services.ec2.store import Network, Rule, found, new_id

LISTS = {
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
    "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
}
"""The other side of a flow: member of a single rule, list of a permission, member of the list's items."""

PORTLESS = ("-1",)
HIGHEST_PORT = 65535
NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp"}


def permissions(rules: Iterable[Rule]) -> list[Params]:
    """Rules as permissions: those of the same protocol and ports together."""
    gathered: dict[tuple[object, ...], Params] = {}
    for rule in rules:
        permission = gathered.setdefault((rule.protocol, rule.ports), _permission(rule))
        listed, member = LISTS[rule.target[0]]
        item = {member: rule.target[1], **({} if rule.description is None else {"Description": rule.description})}
        if rule.target[0] == "ReferencedGroupId":
            item["UserId"] = rule.account
        permission[listed].append(item)
    return list(gathered.values())


def _permission(rule: Rule) -> Params:
    ports = {} if rule.ports is None else {"FromPort": rule.ports[0], "ToPort": rule.ports[1]}
    empty: Params = {"IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    return {"IpProtocol": rule.protocol, **ports, **empty}


def rule_shown(rule: Rule) -> Params:
    """A single rule, as DescribeSecurityGroupRules has it. Ports that mean nothing are -1."""
    member, value = rule.target
    other = (
        {"ReferencedGroupInfo": {"GroupId": value, "UserId": rule.account}}
        if member == "ReferencedGroupId"
        else {member: value}
    )
    first, last = (-1, -1) if rule.ports is None else rule.ports
    return {
        "SecurityGroupRuleId": rule.id, "GroupId": rule.group, "GroupOwnerId": rule.account, "IsEgress": rule.egress,
        "IpProtocol": rule.protocol, "FromPort": first, "ToPort": last, **other,
        **({} if rule.description is None else {"Description": rule.description}),
        "SecurityGroupRuleArn": f"arn:aws:ec2:{rule.region}:{rule.account}:security-group-rule/{rule.id}",
        "Tags": [{"Key": key, "Value": text} for key, text in sorted(rule.tags.items())],
    }  # fmt: skip


def rules_given(held: Network, call: Call, *, egress: bool) -> Iterator[Rule]:
    """The rules that a call's IpPermissions describe. Raises ApiError and NotEmulated."""
    group = found(held.groups, call.params["GroupId"])
    for permission in call.params.get("IpPermissions", []):
        protocol, ports = protocol_and_ports(permission)
        if permission.get("Ipv6Ranges"):
            raise NotEmulated(f"ec2:{call.operation} with Ipv6Ranges")
        for target, (listed, member) in LISTS.items():
            for item in permission.get(listed, []):
                if member not in item:
                    raise NotEmulated(f"ec2:{call.operation} with {listed} that have no {member}")
                check_target(held, call, target, item[member])
                yield Rule(
                    id=new_id("sgr"), account=call.owner, region=call.region, group=group.id, egress=egress,
                    protocol=protocol, ports=ports, target=(target, item[member]),
                    description=item.get("Description"),
                )  # fmt: skip


def protocol_and_ports(given: Params) -> tuple[str, tuple[int, int] | None]:
    """Protocol and ports of a permission or a rule. Raises ApiError for what EC2 refuses."""
    protocol = NUMBERS.get(str(given.get("IpProtocol", "")), str(given.get("IpProtocol", "")))
    if protocol in PORTLESS:
        return protocol, None
    if protocol not in ("tcp", "udp"):
        raise NotEmulated(f"ec2: a security group rule of protocol {protocol!r}")
    if "FromPort" not in given or "ToPort" not in given:
        raise ApiError(
            "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
        )
    first, last = given["FromPort"], given["ToPort"]
    if not 0 <= first <= last <= HIGHEST_PORT:
        raise ApiError("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})")
    return protocol, (first, last)


def check_target(held: Network, call: Call, member: str, value: str) -> None:
    """The other side of a flow must be there. Raises ApiError."""
    if member == "ReferencedGroupId":
        found(held.groups, value)
    elif member == "PrefixListId":
        if value not in {prefix_list_id(name) for name in gateway_services(call.region)}:
            raise ApiError("InvalidPrefixListID.NotFound", f"The prefix list ID '{value}' does not exist")
    else:
        try:
            IPv4Network(value)
        except ValueError as error:
            raise ApiError("InvalidParameterValue", f"CIDR block {value} is malformed: {error}") from error
