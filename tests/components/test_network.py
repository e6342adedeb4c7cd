"""The network: what each mode makes of it, and what may flow."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

from blueprint.network_settings import NetworkMode, network_of
from blueprint.settings import Settings
from tests.blueprint.samples import DEV, REGION
from tests.components.programs import hub_settings, spoke_settings
from tests.components.recorder import Registered, Run, run

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
GROUP = "aws:ec2/securityGroup:SecurityGroup"


def network_program(settings: Settings, mode: NetworkMode) -> Callable[[], None]:
    def program() -> None:
        import pulumi

        from components.network import Network, NetworkArgs

        chosen = replace(settings, network=replace(settings.network, mode=mode))
        made = Network(settings.stack, NetworkArgs(settings=chosen))
        pulumi.export("vpc", made.vpc_id)
        pulumi.export("subnets", made.subnet_ids)
        pulumi.export("group", made.security_group_id)
        pulumi.export("ready", len(made.ready))

    return program


@functools.cache
def made(mode: NetworkMode) -> Run:
    return run(network_program(spoke_settings("dev"), mode), stack="dev")


def test_a_network_that_costs_nothing_has_two_zones_and_no_way_in_or_out() -> None:
    """Guards: a gateway, an address or an endpoint that is paid for; one zone, whose failure takes the homes along."""
    free = made("PublicInternetOnly")
    assert sorted(resource.type for resource in free.custom()) == [
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
    ]
    vpc = free.one("aws:ec2/vpc:Vpc", "dev").inputs
    assert (vpc["enableDnsHostnames"], vpc["enableDnsSupport"]) == (True, True)
    assert vpc["cidrBlock"] == str(network_of(spoke_settings("dev").organisation, "dev"))
    subnets = free.of("aws:ec2/subnet:Subnet")
    assert {subnet.inputs["availabilityZone"] for subnet in subnets} == {f"{REGION}a", f"{REGION}b"}
    assert not any(subnet.inputs["mapPublicIpOnLaunch"] for subnet in subnets)
    assert (free.exports["subnets"], free.exports.get("group")) == (["dev-a-id", "dev-b-id"], None)


def test_the_default_group_admits_nothing_in_either_mode() -> None:
    """Guards: what is started without a group of its own talks to everything else that is."""
    for mode in ("PublicInternetOnly", "VpcOnly"):
        default = made(mode).one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "dev").inputs
        assert (default["ingress"], default["egress"]) == ([], [])


def flow(rule: Registered) -> tuple[str, str, int, int]:
    target: str = rule.inputs["prefixListId" if "prefixListId" in rule.inputs else "referencedSecurityGroupId"]
    assert rule.inputs["ipProtocol"] == "tcp"
    return rule.inputs["securityGroupId"], target, rule.inputs["fromPort"], rule.inputs["toPort"]


def test_a_private_network_admits_exactly_studio_s_flows() -> None:
    """Guards: a way to the internet; Studio that can't mount its homes or find its kernels; open endpoints."""
    private = made("VpcOnly")
    studio, targets = "dev-endpoints-studio-id", "dev-endpoints-endpoints-id"
    assert private.exports["group"] == studio
    assert {flow(rule) for rule in private.of(INGRESS)} == {
        (studio, studio, 2049, 2049),
        (studio, studio, 8192, 65535),
        (targets, studio, 443, 443),
    }
    assert {flow(rule) for rule in private.of(EGRESS)} == {
        (studio, studio, 2049, 2049),
        (studio, studio, 8192, 65535),
        (studio, targets, 443, 443),
        (studio, "pl-s3", 443, 443),
        (studio, "pl-dynamodb", 443, 443),
    }
    for kind in ("internetGateway", "natGateway", "route:Route", "eip"):
        assert not [resource for resource in private.custom() if kind in resource.type]
    assert not any("ingress" in group.inputs or "egress" in group.inputs for group in private.of(GROUP))


def test_every_endpoint_is_in_both_zones_and_has_a_policy() -> None:
    """Guards: an endpoint that admits the whole world, the default; one that isn't found under the usual name."""
    private = made("VpcOnly")
    for endpoint in private.of(ENDPOINT):
        inputs = endpoint.inputs
        assert '"Principal":"*"' in inputs["policy"]
        assert "Condition" in inputs["policy"] or DEV in inputs["policy"]
        if inputs["vpcEndpointType"] == "Gateway":
            assert inputs["routeTableIds"] == ["dev-endpoints-id"]
        else:
            assert inputs["subnetIds"] == ["dev-a-id", "dev-b-id"]
            assert inputs["securityGroupIds"] == ["dev-endpoints-endpoints-id"]
            assert inputs["privateDnsEnabled"] is True
    associated = private.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert {one.inputs["subnetId"] for one in associated} == {"dev-a-id", "dev-b-id"}


def test_flow_logs_are_encrypted_kept_and_written_by_a_role_of_their_own() -> None:
    """Guards: logs of connections for ever and in clear text; a flow log that is made before its role may write."""
    private = made("VpcOnly")
    group = private.one("aws:cloudwatch/logGroup:LogGroup", "dev-flow-logs").inputs
    assert (group["name"], group["retentionInDays"]) == ("/aws/vpc/mlgov-dev-flow-logs", 90)
    assert ":key/" in group["kmsKeyId"]
    flow_log = private.one("aws:ec2/flowLog:FlowLog", "dev-flow-logs")
    assert flow_log.inputs["trafficType"] == "ALL"
    policy = private.one("aws:iam/rolePolicy:RolePolicy", "dev-flow-logs-write")
    assert policy.urn in flow_log.dependencies


def test_the_hub_s_network_is_its_own() -> None:
    """Guards: names or addresses of a spoke in the hub, which in a trial are one account."""
    hub = run(network_program(hub_settings(), "VpcOnly"))
    spoke = made("VpcOnly")
    for type_, key in ((GROUP, "name"), ("aws:ec2/vpc:Vpc", "cidrBlock"), ("aws:kms/alias:Alias", "name")):
        names = {resource.inputs[key] for run_ in (hub, spoke) for resource in run_.of(type_)}
        assert len(names) == len(hub.of(type_)) + len(spoke.of(type_)), type_
