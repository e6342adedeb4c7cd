"""EC2 as clients see it: what a VPC is made of, what is refused, and in which order it can go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.rehearsal.organisation.example import refused
from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, own_bench

TAGGED = [{"Key": "Name", "Value": "net"}]


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def spec(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGGED}]


@contextmanager
def vpc_of(bench: Workbench, cidr: str = "10.20.0.0/22", *, dns: bool = True) -> Iterator[str]:
    """A VPC that goes again: an account has five."""
    made: str = bench.ec2.create_vpc(CidrBlock=cidr, TagSpecifications=spec("vpc"))["Vpc"]["VpcId"]
    if dns:
        bench.ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    yield made
    bench.ec2.delete_vpc(VpcId=made)


@contextmanager
def subnets_of(bench: Workbench, vpc: str) -> Iterator[list[str]]:
    made = [
        bench.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
        for cidr, zone in (("10.20.0.0/23", "a"), ("10.20.2.0/23", "b"))
    ]
    yield made
    for subnet in made:
        bench.ec2.delete_subnet(SubnetId=subnet)


@contextmanager
def group_of(bench: Workbench, vpc: str, name: str) -> Iterator[str]:
    made: str = bench.ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]
    yield made
    bench.ec2.delete_security_group(GroupId=made)


def flow(group: str, first: int, last: int) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "UserIdGroupPairs": [{"GroupId": group}]}


def test_a_vpc_begins_with_a_table_and_a_group_that_talks_to_itself(bench: Workbench) -> None:
    """AWSEC2 API_CreateVpc; vpc default-security-group. Guards: an emptied default group that was empty here anyway."""
    with vpc_of(bench, dns=False) as vpc:
        (shown,) = bench.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
        assert (shown["CidrBlock"], shown["Tags"], shown["IsDefault"]) == ("10.20.0.0/22", TAGGED, False)
        attributes = {
            name: bench.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[name[0].upper() + name[1:]]["Value"]
            for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
        }
        assert attributes == {
            "enableDnsSupport": True, "enableDnsHostnames": False, "enableNetworkAddressUsageMetrics": False,
        }  # fmt: skip
        of = [{"Name": "vpc-id", "Values": [vpc]}]
        (table,) = bench.ec2.describe_route_tables(Filters=of)["RouteTables"]
        assert [one["Main"] for one in table["Associations"]] == [True]
        (group,) = bench.ec2.describe_security_groups(Filters=of)["SecurityGroups"]
        assert group["GroupName"] == "default"
        assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
        assert group["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
        with refused("CannotDelete"):
            bench.ec2.delete_security_group(GroupId=group["GroupId"])
    with refused("InvalidVpcID.NotFound", vpc):
        bench.ec2.describe_vpcs(VpcIds=[vpc])


def test_addresses_are_checked(bench: Workbench) -> None:
    """AWSEC2 errors-overview. Guards: networks that AWS refuses: too large, outside, on top of each other."""
    with refused("InvalidVpc.Range"):
        bench.ec2.create_vpc(CidrBlock="10.0.0.0/8")
    with vpc_of(bench) as vpc, subnets_of(bench, vpc) as (first, _):
        for cidr, code in (("10.20.0.0/24", "InvalidSubnet.Conflict"), ("10.21.0.0/24", "InvalidSubnet.Range")):
            with refused(code):
                bench.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}a")
        with refused("InvalidParameterValue", f"{REGION}a, {REGION}b"):
            bench.ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.2.0/24", AvailabilityZone=f"{REGION}z")
        (shown,) = bench.ec2.describe_subnets(SubnetIds=[first])["Subnets"]
        assert (shown["AvailabilityZoneId"], shown["AvailableIpAddressCount"]) == ("euw1-az1", 507)
        assert not shown["MapPublicIpOnLaunch"]
        bench.ec2.modify_subnet_attribute(SubnetId=first, MapPublicIpOnLaunch={"Value": True})
        assert bench.ec2.describe_subnets(SubnetIds=[first])["Subnets"][0]["MapPublicIpOnLaunch"]
        with refused("DependencyViolation", first):
            bench.ec2.delete_vpc(VpcId=vpc)


def test_an_account_has_five_vpcs(bench: Workbench) -> None:
    """vpc amazon-vpc-limits. Guards: a sixth network, which a real account refuses by default."""
    other = bench.beside("test")
    for number in range(5):
        other.ec2.create_vpc(CidrBlock=f"10.{number}.0.0/22")
    with refused("VpcLimitExceeded"):
        other.ec2.create_vpc(CidrBlock="10.9.0.0/22")


def test_a_new_group_lets_everything_out_until_that_is_revoked(bench: Workbench) -> None:
    """vpc security-group-rules. Guards: a program that needs the default rule, or forgets it."""
    with vpc_of(bench) as vpc, group_of(bench, vpc, "studio") as group:
        of = [{"Name": "group-id", "Values": [group]}]
        (out,) = bench.ec2.describe_security_group_rules(Filters=of)["SecurityGroupRules"]
        assert (out["IsEgress"], out["IpProtocol"], out["CidrIpv4"]) == (True, "-1", "0.0.0.0/0")
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        bench.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        with refused("InvalidPermission.NotFound"):
            bench.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        assert bench.ec2.describe_security_group_rules(Filters=of)["SecurityGroupRules"] == []
        with refused("InvalidGroup.Duplicate"):
            bench.ec2.create_security_group(GroupName="studio", Description="d", VpcId=vpc)


def test_rules_are_told_apart_by_their_flow(bench: Workbench) -> None:
    """AWSEC2 API_AuthorizeSecurityGroupIngress. Guards: one flow twice, a group that isn't there, a half port range."""
    with vpc_of(bench) as vpc, group_of(bench, vpc, "studio") as group:
        nfs = flow(group, 2049, 2049)
        answer = bench.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[nfs], TagSpecifications=spec("security-group-rule")
        )
        (rule,) = answer["SecurityGroupRules"]
        assert rule["ReferencedGroupInfo"] == {"GroupId": group, "UserId": bench.account}
        assert rule["Tags"] == TAGGED
        with refused("InvalidPermission.Duplicate"):
            bench.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[nfs])
        bench.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[nfs])
        for broken, code in (
            (flow("sg-0123456789abcdef0", 1, 1), "InvalidGroup.NotFound"),
            (flow(group, 9, 8), "InvalidParameterValue"),
            ({"IpProtocol": "tcp", "FromPort": 1, "UserIdGroupPairs": [{"GroupId": group}]}, "InvalidParameterValue"),
            ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}, "NotEmulated"),
        ):
            with refused(code):
                bench.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[broken])
        named = {"ReferencedGroupId": group, "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "Description": "new"}
        bench.ec2.modify_security_group_rules(
            GroupId=group,
            SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": named}],
        )
        ids = [rule["SecurityGroupRuleId"]]
        (changed,) = bench.ec2.describe_security_group_rules(SecurityGroupRuleIds=ids)["SecurityGroupRules"]
        assert (changed["ToPort"], changed["Description"]) == (2, "new")
        bench.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)
        with refused("InvalidSecurityGroupRuleId.NotFound"):
            bench.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)


def test_a_group_that_another_one_names_stays(bench: Workbench) -> None:
    """AWSEC2 API_DeleteSecurityGroup. Guards: a destroy that works here in an order that AWS refuses."""
    with vpc_of(bench) as vpc, group_of(bench, vpc, "one") as one, group_of(bench, vpc, "two") as two:
        bench.ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[flow(two, 443, 443)])
        with refused("DependencyViolation", two):
            bench.ec2.delete_security_group(GroupId=two)
        bench.ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=[flow(two, 443, 443)])


def endpoint(bench: Workbench, vpc: str, service: str, **more: Any) -> str:
    prefix = "" if service.startswith("aws.") else f"com.amazonaws.{REGION}."
    answer = bench.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"{prefix}{service}", **more)
    made: str = answer["VpcEndpoint"]["VpcEndpointId"]
    return made


def test_a_gateway_is_a_route_and_a_prefix_list(bench: Workbench) -> None:
    """privatelink gateway-endpoints. Guards: two gateways of a service in one table; groups that can't name S3."""
    with vpc_of(bench) as vpc, subnets_of(bench, vpc) as (first, _):
        table = bench.ec2.create_route_table(VpcId=vpc, TagSpecifications=spec("route-table"))["RouteTable"]
        number = table["RouteTableId"]
        associated = bench.ec2.associate_route_table(RouteTableId=number, SubnetId=first)["AssociationId"]
        with refused("Resource.AlreadyAssociated"):
            bench.ec2.associate_route_table(RouteTableId=number, SubnetId=first)
        made = endpoint(bench, vpc, "s3", RouteTableIds=[number], VpcEndpointType="Gateway")
        with refused("RouteAlreadyExists"):
            endpoint(bench, vpc, "s3", RouteTableIds=[number])
        with refused("InvalidServiceName"):
            endpoint(bench, vpc, "sts", RouteTableIds=[number])
        named = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
        (listed,) = bench.ec2.describe_prefix_lists(Filters=named)["PrefixLists"]
        (shown,) = bench.ec2.describe_route_tables(RouteTableIds=[number])["RouteTables"]
        assert [route.get("DestinationPrefixListId") for route in shown["Routes"]] == [None, listed["PrefixListId"]]
        with refused("DependencyViolation"):
            bench.ec2.delete_route_table(RouteTableId=number)
        bench.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
        bench.ec2.disassociate_route_table(AssociationId=associated)
        with refused("InvalidAssociationID.NotFound"):
            bench.ec2.disassociate_route_table(AssociationId=associated)
        bench.ec2.delete_route_table(RouteTableId=number)


def test_an_interface_endpoint_needs_zones_dns_and_a_policy(bench: Workbench) -> None:
    """AWSEC2 API_CreateVpcEndpoint. Guards: private names that never resolve, a policy that AWS can't read."""
    with vpc_of(bench, dns=False) as vpc, subnets_of(bench, vpc) as subnets, group_of(bench, vpc, "ends") as group:
        where = {"SubnetIds": subnets, "SecurityGroupIds": [group], "VpcEndpointType": "Interface"}
        with refused("InvalidParameter", "enableDnsHostnames"):
            endpoint(bench, vpc, "sts", PrivateDnsEnabled=True, **where)
        bench.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        with refused("InvalidPolicyDocument"):
            endpoint(bench, vpc, "sts", PolicyDocument='{"Statement": []', **where)
        made = endpoint(bench, vpc, f"aws.sagemaker.{REGION}.studio", PrivateDnsEnabled=True, **where)
        with refused("InvalidParameter", "conflicting DNS domain"):
            endpoint(bench, vpc, f"aws.sagemaker.{REGION}.studio", PrivateDnsEnabled=True, **where)
        (shown,) = bench.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
        assert json.loads(shown["PolicyDocument"])["Statement"][0]["Action"] == "*", "the default admits everything"
        assert (shown["SubnetIds"], shown["Groups"][0]["GroupId"]) == (subnets, group)
        narrow = json.dumps(
            {"Version": "2012-10-17", "Statement": [{**allow("sts:*", "*"), "Principal": "*"}]}
        )  # fmt: skip
        bench.ec2.modify_vpc_endpoint(
            VpcEndpointId=made, PolicyDocument=narrow, RemoveSubnetIds=[subnets[1]]
        )  # fmt: skip
        (shown,) = bench.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
        assert (shown["PolicyDocument"], shown["SubnetIds"]) == (narrow, subnets[:1])
        for held in (
            partial(bench.ec2.delete_subnet, SubnetId=subnets[0]),
            partial(bench.ec2.delete_security_group, GroupId=group),
        ):
            with refused("DependencyViolation", made):
                held()
        bench.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
        (failed,) = bench.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"]
        assert failed["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"


def test_flow_logs_are_written_with_a_role_that_may(bench: Workbench) -> None:
    """vpc flow-logs-iam-role. Guards: a role that the service can't take, or that can't write: logs that stay empty."""
    group = f"arn:aws:logs:{REGION}:{bench.account}:log-group:flows"
    bench.logs.create_log_group(logGroupName="flows")
    writes = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    service = ("vpc-flow-logs.amazonaws.com",)
    lists = allow("logs:DescribeLogGroups", "*")
    good = bench.role("flows", allow(writes, f"{group}:*"), lists, services=service)
    mute = bench.role("mute", lists, services=service)
    foreign = bench.role("foreign", allow(writes, f"{group}:*"), lists)
    with vpc_of(bench) as vpc:
        given = {
            "ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestination": group,
            "LogDestinationType": "cloud-watch-logs", "MaxAggregationInterval": 600,
        }  # fmt: skip
        for role in (mute, foreign):
            with refused("UnauthorizedOperation"):
                bench.ec2.create_flow_logs(DeliverLogsPermissionArn=role, **given)
        with refused("InvalidParameter", "Interval"):
            bench.ec2.create_flow_logs(DeliverLogsPermissionArn=good, **{**given, "MaxAggregationInterval": 5})
        (made,) = bench.ec2.create_flow_logs(DeliverLogsPermissionArn=good, **given)["FlowLogIds"]
        with refused("FlowLogAlreadyExists"):
            bench.ec2.create_flow_logs(DeliverLogsPermissionArn=good, **given)
        (shown,) = bench.ec2.describe_flow_logs(FlowLogIds=[made])["FlowLogs"]
        assert (shown["LogGroupName"], shown["MaxAggregationInterval"]) == ("flows", 600)
        assert bench.ec2.delete_flow_logs(FlowLogIds=[made])["Unsuccessful"] == []
        (failed,) = bench.ec2.delete_flow_logs(FlowLogIds=[made])["Unsuccessful"]
        assert failed["Error"]["Code"] == "InvalidFlowLogId.NotFound"


def test_tags_are_set_and_taken_away(bench: Workbench) -> None:
    """AWSEC2 API_CreateTags, API_DeleteTags. Guards: tags that are kept, or that go though another value was named."""
    with vpc_of(bench) as vpc:
        bench.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        bench.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "a"}, {"Key": "b", "Value": "other"}])
        of = [{"Name": "resource-id", "Values": [vpc]}]
        found = {tag["Key"]: tag["Value"] for tag in bench.ec2.describe_tags(Filters=of)["Tags"]}
        assert found == {"Name": "net", "b": "2"}
        with refused("InvalidParameterValue", "reserved"):
            bench.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "aws:x", "Value": "1"}])
    with refused("InvalidVpcID.NotFound"):
        bench.ec2.create_tags(Resources=[vpc], Tags=TAGGED)


def test_every_call_is_authorised_on_what_it_names(bench: Workbench) -> None:
    """Service Authorization Reference, Amazon EC2. Guards: a role that may make one thing and makes others, or tags."""
    arn = f"arn:aws:ec2:{REGION}:{bench.account}:"
    bench.role("maker", allow("ec2:CreateVpc", f"{arn}vpc/*"), services=("ec2.amazonaws.com",))
    trusting = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": {"AWS": f"arn:aws:iam::{bench.account}:root"},
                }
            ],
        }
    )  # fmt: skip
    bench.iam.update_assume_role_policy(RoleName="maker", PolicyDocument=trusting)
    maker = bench.client("maker", "ec2")
    with refused("UnauthorizedOperation", "ec2:CreateTags"):
        maker.create_vpc(CidrBlock="10.30.0.0/22", TagSpecifications=spec("vpc"))
    vpc = maker.create_vpc(CidrBlock="10.30.0.0/22")["Vpc"]["VpcId"]
    for refusing, action in (
        (partial(maker.create_subnet, VpcId=vpc, CidrBlock="10.30.0.0/24"), "ec2:CreateSubnet"),
        (partial(maker.delete_vpc, VpcId=vpc), "ec2:DeleteVpc"),
        (maker.describe_vpcs, "ec2:DescribeVpcs"),
    ):
        with refused("UnauthorizedOperation", action):
            refusing()
    bench.ec2.delete_vpc(VpcId=vpc)
