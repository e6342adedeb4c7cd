"""Subnets, each in one availability zone of the region.

Sources: AWSEC2 API_CreateSubnet; vpc/latest/userguide subnet-sizing (five addresses are AWS's own). Three zones a
region, the same letters in every account: which there are is a region's own, and which letter is which an account's.
"""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves, takes
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.store import (
    Subnet,
    Thing,
    found,
    in_use,
    network_of,
    new_id,
    selected,
    shown_tags,
    tags_given,
)
from rehearsal.organisation.services.ec2.vpcs import LARGEST, SMALLEST, SOURCE, network_given

LETTERS = "abc"
RESERVED = 5

takes("ec2", "CreateSubnet", members=("VpcId", "CidrBlock", "AvailabilityZone", "TagSpecifications"))
takes("ec2", "DescribeSubnets", members=("SubnetIds", "Filters"))
takes("ec2", "ModifySubnetAttribute", members=("SubnetId", "MapPublicIpOnLaunch"))
takes("ec2", "DeleteSubnet", members=("SubnetId",))


def zones(region: str) -> dict[str, str]:
    """Name and id of the zones. Which letter is which zone differs from account to account on AWS."""
    area, direction, number = region.rsplit("-", 2)
    short = f"{area.replace('-', '')}{direction[0]}{number}"
    return {f"{region}{letter}": f"{short}-az{place}" for place, letter in enumerate(LETTERS, 1)}


@serves("ec2", "CreateSubnet", source=f"{SOURCE}/API_CreateSubnet", needs=needs, fidelity="emulated",
        note="three zones a region; one that isn't named is the first")  # fmt: skip
def create_subnet(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    vpc = found(held.vpcs, call.params["VpcId"])
    if "CidrBlock" not in call.params:
        raise ApiError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    block = network_given(call.params["CidrBlock"], "cidrBlock")
    known = zones(call.region)
    zone = call.params.get("AvailabilityZone", next(iter(known)))
    if zone not in known:
        raise ApiError(
            "InvalidParameterValue",
            f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the"
            f" following availability zones: {', '.join(known)}.",
        )
    if not (LARGEST <= block.prefixlen <= SMALLEST) or not block.subnet_of(vpc.cidr):
        raise ApiError("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    if any(other.vpc == vpc.id and other.cidr.overlaps(block) for other in held.subnets.values()):
        raise ApiError("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")
    subnet = Subnet(
        id=new_id("subnet"), account=call.owner, region=call.region, tags=tags_given(call, "subnet"), vpc=vpc.id,
        cidr=block, zone=zone, zone_id=known[zone],
    )  # fmt: skip
    held.subnets[subnet.id] = subnet
    return {"Subnet": shown(subnet)}


def shown(subnet: Subnet) -> Params:
    return {
        "SubnetId": subnet.id, "SubnetArn": f"arn:aws:ec2:{subnet.region}:{subnet.account}:subnet/{subnet.id}",
        "OwnerId": subnet.account, "VpcId": subnet.vpc, "CidrBlock": str(subnet.cidr), "State": "available",
        "AvailabilityZone": subnet.zone, "AvailabilityZoneId": subnet.zone_id, "DefaultForAz": False,
        "MapPublicIpOnLaunch": subnet.public_ip, "AssignIpv6AddressOnCreation": False, "EnableDns64": False,
        "Ipv6Native": False, "Ipv6CidrBlockAssociationSet": [], "MapCustomerOwnedIpOnLaunch": False,
        "AvailableIpAddressCount": subnet.cidr.num_addresses - RESERVED, "Tags": shown_tags(subnet),
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": "ip-name", "EnableResourceNameDnsARecord": False, "EnableResourceNameDnsAAAARecord": False,
        },
    }  # fmt: skip


@serves("ec2", "DescribeSubnets", source=f"{SOURCE}/API_DescribeSubnets", needs=needs, fidelity="emulated",
        note="one page; the filters subnet-id and vpc-id")  # fmt: skip
def describe_subnets(org: Organisation, call: Call) -> Params:
    rows = selected(call, "SubnetIds", network_of(org, call).subnets, {"subnet-id": "id", "vpc-id": "vpc"})
    return {"Subnets": [shown(subnet) for subnet in rows]}


@serves("ec2", "ModifySubnetAttribute", source=f"{SOURCE}/API_ModifySubnetAttribute", needs=needs)
def modify_subnet_attribute(org: Organisation, call: Call) -> Params:
    subnet = found(network_of(org, call).subnets, call.params["SubnetId"])
    if "MapPublicIpOnLaunch" in call.params:
        subnet.public_ip = bool(call.params["MapPublicIpOnLaunch"]["Value"])
    return {}


@serves("ec2", "DeleteSubnet", source=f"{SOURCE}/API_DeleteSubnet", needs=needs)
def delete_subnet(org: Organisation, call: Call) -> Params:
    """An interface in it holds it, an endpoint's or another service's; its place in a route table goes along."""
    held = network_of(org, call)
    subnet = found(held.subnets, call.params["SubnetId"])
    holders: list[Thing] = [one for one in held.endpoints.values() if subnet.id in one.subnets]
    holders += [one for one in held.interfaces.values() if one.subnet == subnet.id]
    in_use(f"The subnet '{subnet.id}'", holders)
    for table in held.tables.values():
        table.associations = {key: value for key, value in table.associations.items() if value != subnet.id}
    del held.subnets[subnet.id]
    return {}
