"""VPCs. Each begins with a main route table and a default security group, as on AWS.

Sources: AWSEC2 API_CreateVpc (sizes), vpc/latest/userguide vpc-dns (attributes), default-security-group,
amazon-vpc-limits (five a region).
"""

from __future__ import annotations

from ipaddress import IPv4Network

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.security_groups import group_with_default_egress
from rehearsal.organisation.services.ec2.store import (
    RouteTable,
    Rule,
    Vpc,
    found,
    in_use,
    network_of,
    new_id,
    selected,
    shown_tags,
    tags_given,
)

SOURCE = "AWSEC2/latest/APIReference"
MOST_VPCS = 5
LARGEST, SMALLEST = 16, 28
DEFAULT_GROUP = "default"

takes("ec2", "CreateVpc", members=("CidrBlock", "InstanceTenancy", "TagSpecifications"))
takes("ec2", "DescribeVpcs", members=("VpcIds", "Filters"))
takes("ec2", "DescribeVpcAttribute", members=("VpcId", "Attribute"))
takes("ec2", "ModifyVpcAttribute", members=("VpcId", "EnableDnsSupport", "EnableDnsHostnames"))
takes("ec2", "DeleteVpc", members=("VpcId",))


def network_given(text: str, parameter: str) -> IPv4Network:
    """The network of a CIDR block. Raises ApiError for what is none; EC2 alone would clear the host bits."""
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise ApiError(
            "InvalidParameterValue", f"Value ({text}) for parameter {parameter} is invalid: {error}."
        ) from error


@serves("ec2", "CreateVpc", source=f"{SOURCE}/API_CreateVpc", needs=needs, fidelity="emulated",
        note="IPv4 of its own choice alone")  # fmt: skip
def create_vpc(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    if call.params.get("InstanceTenancy", "default") != "default":
        raise NotEmulated(f"ec2:CreateVpc with InstanceTenancy {call.params['InstanceTenancy']}")
    if "CidrBlock" not in call.params:
        raise ApiError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    block = network_given(call.params["CidrBlock"], "cidrBlock")
    if not LARGEST <= block.prefixlen <= SMALLEST:
        raise ApiError("InvalidVpc.Range", f"The CIDR '{block}' is invalid.")
    if len(held.vpcs) >= MOST_VPCS:
        raise ApiError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    vpc = Vpc(
        id=new_id("vpc"), account=call.owner, region=call.region, tags=tags_given(call, "vpc"), cidr=block
    )  # fmt: skip
    held.vpcs[vpc.id] = vpc
    table = RouteTable(id=new_id("rtb"), account=call.owner, region=call.region, vpc=vpc.id, main=True)
    held.tables[table.id] = table
    group = group_with_default_egress(held, call, vpc.id, DEFAULT_GROUP, "default VPC security group", {})
    within = Rule(
        id=new_id("sgr"), account=call.owner, region=call.region, group=group.id, egress=False, protocol="-1",
        ports=None, target=("ReferencedGroupId", group.id),
    )  # fmt: skip
    held.rules[within.id] = within
    return {"Vpc": shown(vpc)}


def shown(vpc: Vpc) -> Params:
    return {
        "VpcId": vpc.id, "OwnerId": vpc.account, "CidrBlock": str(vpc.cidr), "State": "available",
        "InstanceTenancy": "default", "IsDefault": False, "DhcpOptionsId": "default", "Tags": shown_tags(vpc),
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{vpc.id.removeprefix('vpc-')}", "CidrBlock": str(vpc.cidr),
                "CidrBlockState": {"State": "associated"},
            }
        ],
    }  # fmt: skip


@serves("ec2", "DescribeVpcs", source=f"{SOURCE}/API_DescribeVpcs", needs=needs, fidelity="emulated",
        note="one page; the filter vpc-id")  # fmt: skip
def describe_vpcs(org: Organisation, call: Call) -> Params:
    return {"Vpcs": [shown(vpc) for vpc in selected(call, "VpcIds", network_of(org, call).vpcs, {"vpc-id": "id"})]}


@serves("ec2", "DescribeVpcAttribute", source=f"{SOURCE}/API_DescribeVpcAttribute", needs=needs)
def describe_vpc_attribute(org: Organisation, call: Call) -> Params:
    vpc = found(network_of(org, call).vpcs, call.params["VpcId"])
    attribute = call.params["Attribute"]
    values = {
        "enableDnsSupport": ("EnableDnsSupport", vpc.dns_support),
        "enableDnsHostnames": ("EnableDnsHostnames", vpc.dns_hostnames),
        # Nothing here can set it, and its default is off.
        "enableNetworkAddressUsageMetrics": ("EnableNetworkAddressUsageMetrics", False),
    }
    name, value = values[attribute]
    return {"VpcId": vpc.id, name: {"Value": value}}


@serves("ec2", "ModifyVpcAttribute", source=f"{SOURCE}/API_ModifyVpcAttribute", needs=needs)
def modify_vpc_attribute(org: Organisation, call: Call) -> Params:
    vpc = found(network_of(org, call).vpcs, call.params["VpcId"])
    given = {name for name in ("EnableDnsSupport", "EnableDnsHostnames") if name in call.params}
    if len(given) != 1:
        raise ApiError("InvalidParameterCombination", "Fields for multiple attribute types specified")
    if "EnableDnsSupport" in call.params:
        vpc.dns_support = bool(call.params["EnableDnsSupport"]["Value"])
    else:
        wanted = bool(call.params["EnableDnsHostnames"]["Value"])
        if wanted and not vpc.dns_support:
            raise ApiError(
                "InvalidParameterValue", "Cannot enable DNS hostnames while DNS support is disabled for the VPC."
            )
        vpc.dns_hostnames = wanted
    return {}


@serves("ec2", "DeleteVpc", source=f"{SOURCE}/API_DeleteVpc", needs=needs)
def delete_vpc(org: Organisation, call: Call) -> Params:
    """Its main route table and default group go along; everything else must be gone."""
    held = network_of(org, call)
    vpc = found(held.vpcs, call.params["VpcId"])
    tables = [table for table in held.tables.values() if table.vpc == vpc.id]
    groups = [group for group in held.groups.values() if group.vpc == vpc.id]
    in_use(
        f"The vpc '{vpc.id}'",
        [
            *(subnet for subnet in held.subnets.values() if subnet.vpc == vpc.id),
            *(endpoint for endpoint in held.endpoints.values() if endpoint.vpc == vpc.id),
            *(table for table in tables if not table.main),
            *(group for group in groups if group.name != DEFAULT_GROUP),
        ],
    )
    own = {group.id for group in groups}
    held.rules = {key: rule for key, rule in held.rules.items() if rule.group not in own}
    for table in tables:
        del held.tables[table.id]
    for group in groups:
        del held.groups[group.id]
    del held.vpcs[vpc.id]
    return {}
