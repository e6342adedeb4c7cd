"""The network's types against the emulated organisation, each call of their rows; the engine isn't needed for that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from rehearsal.provider.check import Naming, check
from rehearsal.provider.clients import Clients, connect
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.lifecycle import Lifecycle
from rehearsal.provider.metadata import type_data
from rehearsal.provider.plan import compare, plan
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import Props

DEV = "222222222222"
REGION = "eu-west-1"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
S3 = f"com.amazonaws.{REGION}.s3"


@pytest.fixture(scope="module")
def aws(organisation: Emulator) -> Clients:
    """The administrator of the account where nothing else is made."""
    held = Control(organisation.endpoint).credentials("dev")
    return connect(
        Configuration(
            region=REGION, access_key=held.access_key, secret_key=held.secret_key, token=held.session_token,
            endpoints=dict.fromkeys(("ec2", "iam", "logs", "sts"), organisation.endpoint),
        )
    )  # fmt: skip


class Made:
    """Resources in the order of their making; all are deleted again, the last first."""

    def __init__(self, aws: Clients) -> None:
        self._aws = aws
        self._held: list[tuple[str, str, Props]] = []

    def make(self, token: str, **args: Any) -> tuple[str, Props]:
        """Create one and return its id and state, which must need no further change."""
        life = Lifecycle(TYPES[token], type_data(token), self._aws)
        made = life.create(planned(token, args))
        self._held.append((token, made.physical_id, made.state))
        assert changed(token, made.state, planned(token, args)) == {}
        return made.physical_id, made.state

    def update(self, token: str, physical_id: str, state: Props, **args: Any) -> Props:
        life = Lifecycle(TYPES[token], type_data(token), self._aws)
        found = life.update(physical_id, state, planned(token, args)).state
        assert changed(token, found, planned(token, args)) == {}
        return found

    def end(self) -> None:
        for token, physical_id, state in reversed(self._held):
            life = Lifecycle(TYPES[token], type_data(token), self._aws)
            life.delete(physical_id, state)
            assert (life.read(physical_id, state) is None) is (token != DEFAULT)


@pytest.fixture
def made(aws: Clients) -> Iterator[Made]:
    held = Made(aws)
    yield held
    held.end()


def planned(token: str, args: Props) -> Props:
    row = TYPES[token]
    tags = {"tags": {"Name": "net"}, "tagsAll": {"Name": "net"}} if row.tags else {}
    return {**plan(row, args), **tags}


def changed(token: str, old: Props, new: Props) -> dict[str, bool]:
    return {change.path: change.replaces for change in compare(TYPES[token], type_data(token), old, new)}


def failures(token: str, args: Props) -> list[str]:
    _, found = check(TYPES[token], type_data(token), args, {}, Naming("logical", b"seed"), {})
    return [f"{failure.path}: {failure.reason}" for failure in found]


def test_a_network_comes_up_changes_and_goes(made: Made, aws: Clients) -> None:
    """Guards: a type that can't be created, read back as planned, changed in place, or deleted in its order."""
    vpc, state = made.make(VPC, cidrBlock="10.1.0.0/22", enableDnsHostnames=True)
    assert state["tagsAll"] == {"Name": "net"}
    assert state["defaultSecurityGroupId"].startswith("sg-")
    off = made.update(VPC, vpc, state, cidrBlock="10.1.0.0/22", enableDnsHostnames=False, enableDnsSupport=False)
    assert (off["enableDnsHostnames"], off["enableDnsSupport"]) == (False, False)
    made.update(VPC, vpc, off, cidrBlock="10.1.0.0/22", enableDnsHostnames=True)
    where = {"vpcId": vpc, "cidrBlock": "10.1.0.0/23", "availabilityZone": f"{REGION}b"}
    subnet, before = made.make(SUBNET, **where, mapPublicIpOnLaunch=False)
    assert made.update(SUBNET, subnet, before, **where, mapPublicIpOnLaunch=True)["mapPublicIpOnLaunch"]
    table, _ = made.make(TABLE, vpcId=vpc)
    made.make(ASSOCIATION, routeTableId=table, subnetId=subnet)
    assert changed(VPC, state, planned(VPC, {"cidrBlock": "10.2.0.0/22"}))["cidrBlock"]


def test_a_group_lets_nothing_out_but_what_its_rules_say(made: Made, aws: Clients) -> None:
    """Guards: the rule to everywhere that EC2 gives to each new group; rules that are replaced for a word."""
    vpc, state = made.make(VPC, cidrBlock="10.1.0.0/22")
    group, _ = made.make(GROUP, vpcId=vpc, name="studio", description="Studio")
    rules = {"Filters": [{"Name": "group-id", "Values": [group]}]}
    assert aws.call("ec2", "describe_security_group_rules", **rules)["SecurityGroupRules"] == []
    between = {
        "securityGroupId": group, "referencedSecurityGroupId": group, "ipProtocol": "tcp", "fromPort": 2049,
        "toPort": 2049, "description": "homes",
    }  # fmt: skip
    rule, before = made.make(INGRESS, **between)
    after = made.update(INGRESS, rule, before, **{**between, "toPort": 2050, "description": "home directories"})
    assert (after["toPort"], after["description"]) == (2050, "home directories")
    made.make(EGRESS, **between)
    assert changed(INGRESS, before, planned(INGRESS, {**between, "securityGroupId": "sg-0"})) == {
        "securityGroupId": True
    }
    emptied, _ = made.make(DEFAULT, vpcId=vpc, ingress=[], egress=[])
    assert emptied == state["defaultSecurityGroupId"]
    opened = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    aws.call("ec2", "authorize_security_group_egress", GroupId=emptied, IpPermissions=[opened])
    life = Lifecycle(TYPES[DEFAULT], type_data(DEFAULT), aws)
    drifted = life.read(emptied, {})
    assert drifted is not None
    assert set(changed(DEFAULT, drifted.state, planned(DEFAULT, {"vpcId": vpc, "ingress": [], "egress": []}))) == {
        "egress"
    }
    made.update(DEFAULT, emptied, drifted.state, vpcId=vpc, ingress=[], egress=[])


def test_endpoints_come_up_change_and_go(made: Made, aws: Clients) -> None:
    """Guards: a policy that is spelt differently at each preview; a gateway whose prefix list nobody learns."""
    vpc, _ = made.make(VPC, cidrBlock="10.1.0.0/22", enableDnsHostnames=True)
    subnets = [
        made.make(SUBNET, vpcId=vpc, cidrBlock=cidr, availabilityZone=f"{REGION}{zone}")[0]
        for cidr, zone in (("10.1.0.0/23", "a"), ("10.1.2.0/23", "b"))
    ]
    table, _ = made.make(TABLE, vpcId=vpc)
    group, _ = made.make(GROUP, vpcId=vpc, name="ends", description="d")
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
    )
    _, gateway = made.make(
        ENDPOINT, vpcId=vpc, serviceName=S3, vpcEndpointType="Gateway", routeTableIds=[table], policy=policy
    )
    assert gateway["prefixListId"].startswith("pl-")
    made.make(
        EGRESS, securityGroupId=group, prefixListId=gateway["prefixListId"], ipProtocol="tcp", fromPort=443, toPort=443
    )
    args = {
        "vpcId": vpc, "serviceName": f"com.amazonaws.{REGION}.sts", "vpcEndpointType": "Interface",
        "subnetIds": subnets, "securityGroupIds": [group], "privateDnsEnabled": True, "policy": policy,
    }  # fmt: skip
    number, before = made.make(ENDPOINT, **args)
    narrow = policy.replace('"Action": "*"', '"Action": "sts:*"')
    after = made.update(ENDPOINT, number, before, **{**args, "subnetIds": subnets[:1], "policy": narrow})
    assert (after["subnetIds"], json.loads(after["policy"])) == (subnets[:1], json.loads(narrow))
    assert changed(ENDPOINT, before, planned(ENDPOINT, {**args, "subnetIds": subnets[::-1]})) == {}, "a set"


def test_a_flow_log_comes_up_and_is_replaced_by_any_change(made: Made, aws: Clients) -> None:
    """Guards: a flow log that seems to change its destination, which EC2 can't do."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": DEV}},
            }
        ],
    }  # fmt: skip
    role = aws.call("iam", "create_role", RoleName="flows", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
    aws.call("iam", "put_role_policy", RoleName="flows", PolicyName="write", PolicyDocument=json.dumps(rights))
    aws.call("logs", "create_log_group", logGroupName="flows")
    vpc, _ = made.make(VPC, cidrBlock="10.1.0.0/22")
    group = f"arn:aws:logs:{REGION}:{DEV}:log-group:flows"
    args = {"vpcId": vpc, "trafficType": "ALL", "logDestination": group, "iamRoleArn": role}
    _, state = made.make(FLOW_LOG, **args)
    assert state["maxAggregationInterval"] == 600
    assert changed(FLOW_LOG, state, planned(FLOW_LOG, {**args, "trafficType": "REJECT"})) == {"trafficType": True}


def test_what_would_pass_and_do_nothing_is_refused() -> None:
    """Guards: inline rules that the stand-in would drop, a rule without another side."""
    (found,) = failures(DEFAULT, {"vpcId": "vpc-0", "ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0}]})[:1]
    assert found.startswith("ingress[0]")
    assert failures(DEFAULT, {"vpcId": "vpc-0", "ingress": [], "egress": []}) == []
    (found,) = failures(INGRESS, {"securityGroupId": "sg-0", "ipProtocol": "tcp", "fromPort": 1, "toPort": 2})
    assert "exactly one of cidrIpv4, prefixListId, referencedSecurityGroupId" in found
