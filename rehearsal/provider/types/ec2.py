"""aws.ec2: Vpc, Subnet, RouteTable, RouteTableAssociation, FlowLog. Ids: EC2's own."""

from __future__ import annotations

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.types.ec2_tags import TAGS, by_filter, specification
from rehearsal.provider.values import Props

DNS = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}
"""Attributes of a VPC, in the order in which they are switched on: host names need the other."""


def _arn(aws: Clients, owner: str, kind: str, physical_id: str) -> str:
    return f"arn:aws:ec2:{aws.region}:{owner}:{kind}/{physical_id}"


def _create_vpc(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "ec2", "create_vpc",
        CidrBlock=args["cidrBlock"], TagSpecifications=specification("vpc", args.get("tagsAll")),
    )  # fmt: skip
    made: str = answer["Vpc"]["VpcId"]
    return made


def _attribute(aws: Clients, vpc: str, name: str) -> bool:
    answer = aws.call("ec2", "describe_vpc_attribute", VpcId=vpc, Attribute=name)
    return bool(answer[DNS[name]]["Value"])


def _set_dns(aws: Clients, vpc: str, wanted: Props, now: Props) -> None:
    """One attribute a call; what is switched off goes in the other order."""
    for names, value in ((list(DNS), True), (list(reversed(DNS)), False)):
        for name in names:
            if wanted.get(name) is value and now.get(name) is not value:
                aws.call("ec2", "modify_vpc_attribute", VpcId=vpc, **{DNS[name]: {"Value": value}})


def _configure_vpc(aws: Clients, physical_id: str, args: Props) -> None:
    _set_dns(aws, physical_id, args, {"enableDnsSupport": True, "enableDnsHostnames": False})


def _read_vpc(aws: Clients, physical_id: str, known: Props) -> Props:
    (vpc,) = aws.pages("ec2", "describe_vpcs", "Vpcs", VpcIds=[physical_id])
    of = by_filter("vpc-id", physical_id)
    main = aws.pages(
        "ec2", "describe_route_tables", "RouteTables", Filters=[*of, *by_filter("association.main", "true")]
    )  # fmt: skip
    default = aws.pages(
        "ec2", "describe_security_groups", "SecurityGroups", Filters=[*of, *by_filter("group-name", "default")]
    )
    return {
        "arn": _arn(aws, vpc["OwnerId"], "vpc", physical_id),
        "cidrBlock": vpc["CidrBlock"],
        "instanceTenancy": vpc["InstanceTenancy"],
        "dhcpOptionsId": vpc["DhcpOptionsId"],
        "ownerId": vpc["OwnerId"],
        "mainRouteTableId": main[0]["RouteTableId"] if main else None,
        "defaultRouteTableId": main[0]["RouteTableId"] if main else None,
        "defaultSecurityGroupId": default[0]["GroupId"] if default else None,
        **{name: _attribute(aws, physical_id, name) for name in DNS},
    }


def _update_vpc(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _set_dns(aws, physical_id, new, old)


def _delete_vpc(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ec2", "delete_vpc", VpcId=physical_id)


VPC = ResourceType(
    pulumi_type="aws:ec2/vpc:Vpc",
    cfn="AWS::EC2::VPC",
    arguments={
        "cidrBlock": Argument(cfn="CidrBlock"),
        "enableDnsHostnames": Argument(cfn="EnableDnsHostnames"),
        "enableDnsSupport": Argument(cfn="EnableDnsSupport", default=True),
    },
    tags=TAGS,
    create=_create_vpc,
    configure=_configure_vpc,
    read=_read_vpc,
    update=_update_vpc,
    delete=_delete_vpc,
    gone=("InvalidVpcID.NotFound",),
)


def _create_subnet(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "ec2", "create_subnet",
        VpcId=args["vpcId"], CidrBlock=args["cidrBlock"], AvailabilityZone=args.get("availabilityZone"),
        TagSpecifications=specification("subnet", args.get("tagsAll")),
    )  # fmt: skip
    made: str = answer["Subnet"]["SubnetId"]
    return made


def _set_public(aws: Clients, subnet: str, value: bool) -> None:
    aws.call("ec2", "modify_subnet_attribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": value})


def _configure_subnet(aws: Clients, physical_id: str, args: Props) -> None:
    if args["mapPublicIpOnLaunch"]:
        _set_public(aws, physical_id, True)


def _read_subnet(aws: Clients, physical_id: str, known: Props) -> Props:
    (subnet,) = aws.pages("ec2", "describe_subnets", "Subnets", SubnetIds=[physical_id])
    return {
        "arn": subnet["SubnetArn"],
        "ownerId": subnet["OwnerId"],
        "vpcId": subnet["VpcId"],
        "cidrBlock": subnet["CidrBlock"],
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
        "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
    }


def _update_subnet(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if new["mapPublicIpOnLaunch"] != old.get("mapPublicIpOnLaunch"):
        _set_public(aws, physical_id, bool(new["mapPublicIpOnLaunch"]))


def _delete_subnet(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ec2", "delete_subnet", SubnetId=physical_id)


SUBNET = ResourceType(
    pulumi_type="aws:ec2/subnet:Subnet",
    cfn="AWS::EC2::Subnet",
    arguments={
        "availabilityZone": Argument(cfn="AvailabilityZone"),
        "cidrBlock": Argument(cfn="CidrBlock"),
        "mapPublicIpOnLaunch": Argument(cfn="MapPublicIpOnLaunch", default=False),
        "vpcId": Argument(cfn="VpcId"),
    },
    tags=TAGS,
    create=_create_subnet,
    configure=_configure_subnet,
    read=_read_subnet,
    update=_update_subnet,
    delete=_delete_subnet,
    gone=("InvalidSubnetID.NotFound",),
)


def _create_table(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "ec2", "create_route_table",
        VpcId=args["vpcId"], TagSpecifications=specification("route-table", args.get("tagsAll")),
    )  # fmt: skip
    made: str = answer["RouteTable"]["RouteTableId"]
    return made


def _read_table(aws: Clients, physical_id: str, known: Props) -> Props:
    (table,) = aws.pages("ec2", "describe_route_tables", "RouteTables", RouteTableIds=[physical_id])
    return {
        "arn": _arn(aws, table["OwnerId"], "route-table", physical_id),
        "ownerId": table["OwnerId"],
        "vpcId": table["VpcId"],
    }


def _delete_table(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ec2", "delete_route_table", RouteTableId=physical_id)


ROUTE_TABLE = ResourceType(
    pulumi_type="aws:ec2/routeTable:RouteTable",
    cfn="AWS::EC2::RouteTable",
    arguments={"vpcId": Argument(cfn="VpcId")},
    tags=TAGS,
    create=_create_table,
    read=_read_table,
    delete=_delete_table,
    gone=("InvalidRouteTableID.NotFound",),
)


def _associate(aws: Clients, args: Props) -> str:
    answer = aws.call("ec2", "associate_route_table", RouteTableId=args["routeTableId"], SubnetId=args["subnetId"])
    made: str = answer["AssociationId"]
    return made


def _read_association(aws: Clients, physical_id: str, known: Props) -> Props | None:
    of = by_filter("association.route-table-association-id", physical_id)
    for table in aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=of):
        for one in table["Associations"]:
            if one["RouteTableAssociationId"] == physical_id:
                return {"routeTableId": table["RouteTableId"], "subnetId": one.get("SubnetId")}
    return None


def _disassociate(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ec2", "disassociate_route_table", AssociationId=physical_id)


ASSOCIATION = ResourceType(
    pulumi_type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    cfn="AWS::EC2::SubnetRouteTableAssociation",
    arguments={
        # The real provider moves a subnet to another table in place, under a new id of the association; here the
        # association is replaced, as in CloudFormation: the same calls but one.
        "routeTableId": Argument(cfn="RouteTableId"),
        "subnetId": Argument(cfn="SubnetId"),
    },
    create=_associate,
    read=_read_association,
    delete=_disassociate,
    gone=("InvalidAssociationID.NotFound",),
)


def _create_flow_log(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "ec2", "create_flow_logs",
        ResourceIds=[args["vpcId"]], ResourceType="VPC", TrafficType=args["trafficType"],
        LogDestinationType=args["logDestinationType"], LogDestination=args["logDestination"],
        DeliverLogsPermissionArn=args["iamRoleArn"], MaxAggregationInterval=args["maxAggregationInterval"],
        TagSpecifications=specification("vpc-flow-log", args.get("tagsAll")),
    )  # fmt: skip
    made: str = answer["FlowLogIds"][0]
    return made


def _read_flow_log(aws: Clients, physical_id: str, known: Props) -> Props | None:
    found = aws.pages("ec2", "describe_flow_logs", "FlowLogs", FlowLogIds=[physical_id])
    if not found:
        return None
    (log,) = found
    return {
        "arn": _arn(aws, aws.account, "vpc-flow-log", physical_id),
        "vpcId": log["ResourceId"],
        "trafficType": log["TrafficType"],
        "logDestinationType": log["LogDestinationType"],
        "logDestination": log["LogDestination"],
        "iamRoleArn": log["DeliverLogsPermissionArn"],
        "maxAggregationInterval": log["MaxAggregationInterval"],
        "logFormat": log["LogFormat"],
    }


def _delete_flow_log(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ec2", "delete_flow_logs", FlowLogIds=[physical_id])


FLOW_LOG = ResourceType(
    pulumi_type="aws:ec2/flowLog:FlowLog",
    cfn="AWS::EC2::FlowLog",
    arguments={
        "iamRoleArn": Argument(cfn="DeliverLogsPermissionArn"),
        "logDestination": Argument(cfn="LogDestination"),
        "logDestinationType": Argument(cfn="LogDestinationType", default="cloud-watch-logs"),
        "maxAggregationInterval": Argument(cfn="MaxAggregationInterval", default=600),
        "trafficType": Argument(cfn="TrafficType"),
        "vpcId": Argument(cfn="ResourceId"),
    },
    tags=TAGS,
    create=_create_flow_log,
    read=_read_flow_log,
    delete=_delete_flow_log,
    gone=("InvalidFlowLogId.NotFound",),
)

TYPES = (VPC, SUBNET, ROUTE_TABLE, ASSOCIATION, FLOW_LOG)
