"""What EC2's calls need: the action on each thing that the call names, on what it makes, and on its tags.

Source: Service Authorization Reference, Amazon EC2 (a creation is authorised on `<type>/*`, as the id isn't known yet;
tags at creation need ec2:CreateTags with ec2:CreateAction).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rehearsal.organisation.core import Call, Need, Organisation, condition_keys, resource_tags
from rehearsal.organisation.services.ec2.store import network

condition_keys("ec2", "ec2:CreateAction")

MAKES = {
    "CreateVpc": "vpc",
    "CreateSubnet": "subnet",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateFlowLogs": "vpc-flow-log",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
}
"""What an operation makes, and may tag."""

UNTAGGED = ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
"""Their rules are a resource of the action only where they are tagged."""

NAMES = {
    "VpcId": "vpc",
    "SubnetId": "subnet",
    "SubnetIds": "subnet",
    "AddSubnetIds": "subnet",
    "RemoveSubnetIds": "subnet",
    "RouteTableId": "route-table",
    "RouteTableIds": "route-table",
    "AddRouteTableIds": "route-table",
    "RemoveRouteTableIds": "route-table",
    "GroupId": "security-group",
    "SecurityGroupIds": "security-group",
    "AddSecurityGroupIds": "security-group",
    "RemoveSecurityGroupIds": "security-group",
    "VpcEndpointId": "vpc-endpoint",
    "VpcEndpointIds": "vpc-endpoint",
    "FlowLogIds": "vpc-flow-log",
}
"""The type of what a parameter names."""

PREFIXES = {
    "vpc": "vpc", "subnet": "subnet", "rtb": "route-table", "sg": "security-group", "sgr": "security-group-rule",
    "vpce": "vpc-endpoint", "fl": "vpc-flow-log",
}  # fmt: skip


@resource_tags("ec2")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    identifier = arn.rpartition("/")[2]
    return next((thing.tags for _, thing in network(org, account, region).all() if thing.id == identifier), None)


def arn_of(call: Call, kind: str, identifier: str) -> str:
    return f"arn:aws:ec2:{call.region}:{call.owner}:{kind}/{identifier}"


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The needs of a call that makes, changes or deletes; `*` for one that describes."""
    action = f"ec2:{call.operation}"
    if call.operation.startswith("Describe"):
        yield Need(action, "*", call.owner)
        return
    made, tags = MAKES.get(call.operation), _tags(call)
    tagged = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    context: dict[str, str | list[str]] = {**tagged, **({"aws:TagKeys": list(tags)} if tags else {})}
    if made is not None and (call.operation not in UNTAGGED or tags):
        yield Need(action, arn_of(call, made, "*"), call.owner, context)
    for kind, identifier in _named(org, call):
        yield Need(action, arn_of(call, kind, identifier), call.owner)
    if made is not None and tags:
        yield Need(
            "ec2:CreateTags", arn_of(call, made, "*"), call.owner, {**context, "ec2:CreateAction": call.operation}
        )


def _named(org: Organisation, call: Call) -> Iterator[tuple[str, str]]:
    """Type and id of each thing that the parameters name, each once."""
    if call.operation == "DisassociateRouteTable":
        tables = network(org, call.owner, call.region).tables.values()
        association = call.params["AssociationId"]
        table = next((one for one in tables if association in one.associations), None)
        # Both are optional resources of the action; one that isn't there is refused by the handler.
        yield "route-table", "*" if table is None else table.id
        return
    seen = set()
    for member, value in call.params.items():
        if member == "ResourceIds" or member == "Resources":
            pairs = [(PREFIXES.get(one.partition("-")[0], "*"), one) for one in value]
        elif member in NAMES:
            pairs = [(NAMES[member], one) for one in (value if isinstance(value, list) else [value])]
        else:
            continue
        for pair in pairs:
            if pair not in seen:
                seen.add(pair)
                yield pair


def _tags(call: Call) -> dict[str, str]:
    return {
        tag["Key"]: tag.get("Value", "")
        for one in call.params.get("TagSpecifications", [])
        for tag in one.get("Tags", [])
    }
