"""VPC endpoints: gateways in route tables, interfaces in subnets, each with a policy.

Sources: AWSEC2 API_CreateVpcEndpoint; vpc/latest/privatelink vpc-endpoints-access (default policy, size),
gateway-endpoints (one a service and route table), vpc-endpoint private DNS (needs both DNS attributes, one endpoint a
name). Which services there are is AWS's; here a name must have AWS's form, and no other check is made of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.grammar import check_grammar
from rehearsal.organisation.policies import document_of
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.prefix_lists import gateway_services
from rehearsal.organisation.services.ec2.store import (
    Endpoint,
    Network,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
    found,
    missing,
    network_of,
    new_id,
    selected,
    shown_tags,
    tags_given,
)

SOURCE = "AWSEC2/latest/APIReference"
POLICY_CHARACTERS = 20_480
FULL_ACCESS = json.dumps(
    {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)

takes(
    "ec2", "CreateVpcEndpoint",
    members=(
        "VpcId", "VpcEndpointType", "ServiceName", "PolicyDocument", "RouteTableIds", "SubnetIds", "SecurityGroupIds",
        "PrivateDnsEnabled", "TagSpecifications", "ClientToken",
    ),
)  # fmt: skip
takes("ec2", "DescribeVpcEndpoints", members=("VpcEndpointIds", "Filters"))
takes(
    "ec2", "ModifyVpcEndpoint",
    members=(
        "VpcEndpointId", "PolicyDocument", "ResetPolicy", "AddRouteTableIds", "RemoveRouteTableIds", "AddSubnetIds",
        "RemoveSubnetIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds", "PrivateDnsEnabled",
    ),
)  # fmt: skip
takes("ec2", "DeleteVpcEndpoints", members=("VpcEndpointIds",))


@serves("ec2", "CreateVpcEndpoint", source=f"{SOURCE}/API_CreateVpcEndpoint", needs=needs, fidelity="emulated",
        note="available at once; any service name of AWS's form; without network interfaces of its own")  # fmt: skip
def create_vpc_endpoint(org: Organisation, call: Call) -> Params:
    held, params = network_of(org, call), call.params
    vpc, kind, service = (
        found(held.vpcs, params["VpcId"]),
        params.get("VpcEndpointType", "Gateway"),
        params["ServiceName"],
    )
    if kind not in ("Gateway", "Interface"):
        raise NotEmulated(f"ec2:CreateVpcEndpoint with VpcEndpointType {kind}")
    named = re.fullmatch(rf"(com\.amazonaws|aws\.sagemaker|aws\.api)\.{call.region}\.[a-z0-9.-]+", service)
    if not named or (kind == "Gateway" and service not in gateway_services(call.region)):
        raise ApiError("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")
    endpoint = Endpoint(
        id=new_id("vpce"), account=call.owner, region=call.region, tags=tags_given(call, "vpc-endpoint"), vpc=vpc.id,
        kind=kind, service=service, policy=_policy(params.get("PolicyDocument")), created=org.clock.now(),
        tables=list(params.get("RouteTableIds", [])), subnets=list(params.get("SubnetIds", [])),
        groups=list(params.get("SecurityGroupIds", [])),
        private_dns=bool(params.get("PrivateDnsEnabled", kind == "Interface")),
    )  # fmt: skip
    if kind == "Interface" and not endpoint.groups:
        endpoint.groups = [one.id for one in held.groups.values() if one.vpc == vpc.id and one.name == "default"]
    _check(held, vpc, endpoint)
    held.endpoints[endpoint.id] = endpoint
    return {"VpcEndpoint": shown(held, endpoint), "ClientToken": params.get("ClientToken", "")}


def _policy(text: str | None) -> str:
    """The policy, or the one that admits everything. Raises ApiError for what is none, or too large."""
    if not text:
        return FULL_ACCESS
    check_grammar(
        document_of(text, "InvalidPolicyDocument", "the endpoint's policy"), "resource", "InvalidPolicyDocument"
    )
    if len(text) > POLICY_CHARACTERS:
        raise ApiError("InvalidPolicyDocument", f"The policy has {len(text)} characters, at most {POLICY_CHARACTERS}.")
    return text


def _check(held: Network, vpc: Vpc, endpoint: Endpoint) -> None:
    """What must hold of an endpoint together with what is there. Raises ApiError."""
    gateway = endpoint.kind == "Gateway"
    if (endpoint.subnets or endpoint.groups or endpoint.private_dns) if gateway else endpoint.tables:
        raise ApiError("InvalidParameter", f"A parameter doesn't fit an endpoint of type {endpoint.kind}.")
    parts: list[RouteTable | Subnet | SecurityGroup] = [
        *(found(held.tables, one) for one in endpoint.tables),
        *(found(held.subnets, one) for one in endpoint.subnets),
        *(found(held.groups, one) for one in endpoint.groups),
    ]
    for part in parts:
        if part.vpc != vpc.id:
            raise ApiError("InvalidParameter", f"{part.id} is not in the VPC {vpc.id}.")
    zones = [held.subnets[one].zone for one in endpoint.subnets]
    if len(set(zones)) < len(zones):
        raise ApiError("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone.")
    if endpoint.private_dns and not (vpc.dns_support and vpc.dns_hostnames):
        raise ApiError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for"
            f" {vpc.id}",
        )
    for other in held.endpoints.values():
        if other.id == endpoint.id or other.vpc != vpc.id or other.service != endpoint.service:
            continue
        if set(other.tables) & set(endpoint.tables):
            raise ApiError("RouteAlreadyExists", f"a route table already has a route to {endpoint.service}")
        if other.private_dns and endpoint.private_dns:
            raise ApiError(
                "InvalidParameter",
                f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for"
                f" {endpoint.service} in the VPC {vpc.id}",
            )


def shown(held: Network, endpoint: Endpoint) -> Params:
    return {
        "VpcEndpointId": endpoint.id, "VpcEndpointType": endpoint.kind, "VpcId": endpoint.vpc,
        "ServiceName": endpoint.service, "ServiceRegion": endpoint.region, "State": "available",
        "PolicyDocument": endpoint.policy, "RouteTableIds": list(endpoint.tables), "SubnetIds": list(endpoint.subnets),
        "Groups": [{"GroupId": one, "GroupName": held.groups[one].name} for one in endpoint.groups],
        "PrivateDnsEnabled": endpoint.private_dns, "RequesterManaged": False, "OwnerId": endpoint.account,
        "CreationTimestamp": endpoint.created, "Tags": shown_tags(endpoint), "NetworkInterfaceIds": [],
        **({} if endpoint.kind == "Gateway" else {"IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}}),
    }  # fmt: skip


@serves("ec2", "DescribeVpcEndpoints", source=f"{SOURCE}/API_DescribeVpcEndpoints", needs=needs, fidelity="emulated",
        note="one page; the filters vpc-endpoint-id, vpc-id, service-name")  # fmt: skip
def describe_vpc_endpoints(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    filters = {"vpc-endpoint-id": "id", "vpc-id": "vpc", "service-name": "service"}
    return {"VpcEndpoints": [shown(held, one) for one in selected(call, "VpcEndpointIds", held.endpoints, filters)]}


@serves("ec2", "ModifyVpcEndpoint", source=f"{SOURCE}/API_ModifyVpcEndpoint", needs=needs)
def modify_vpc_endpoint(org: Organisation, call: Call) -> Params:
    held, params = network_of(org, call), call.params
    old = found(held.endpoints, params["VpcEndpointId"])
    if params.get("ResetPolicy") and "PolicyDocument" in params:
        raise ApiError("InvalidParameterCombination", "ResetPolicy and PolicyDocument can't both be given.")
    keeps = old.policy if "PolicyDocument" not in params and not params.get("ResetPolicy") else None
    changed = Endpoint(
        id=old.id, account=old.account, region=old.region, tags=old.tags, vpc=old.vpc, kind=old.kind,
        service=old.service, created=old.created, policy=keeps or _policy(params.get("PolicyDocument")),
        private_dns=bool(params.get("PrivateDnsEnabled", old.private_dns)),
        tables=_changed(old.tables, params.get("AddRouteTableIds", []), params.get("RemoveRouteTableIds", [])),
        subnets=_changed(old.subnets, params.get("AddSubnetIds", []), params.get("RemoveSubnetIds", [])),
        groups=_changed(old.groups, params.get("AddSecurityGroupIds", []), params.get("RemoveSecurityGroupIds", [])),
    )  # fmt: skip
    _check(held, held.vpcs[old.vpc], changed)
    held.endpoints[old.id] = changed
    return {"Return": True}


def _changed(held: Iterable[str], added: Iterable[str], removed: Iterable[str]) -> list[str]:
    gone = set(removed)
    return [*(one for one in held if one not in gone), *added]


@serves("ec2", "DeleteVpcEndpoints", source=f"{SOURCE}/API_DeleteVpcEndpoints", needs=needs, fidelity="emulated",
        note="gone at once")  # fmt: skip
def delete_vpc_endpoints(org: Organisation, call: Call) -> Params:
    """What can't be deleted is told, not raised, as EC2 does."""
    held, unsuccessful = network_of(org, call), []
    for identifier in call.params["VpcEndpointIds"]:
        if held.endpoints.pop(identifier, None) is None:
            error = missing(identifier)
            unsuccessful.append({"ResourceId": identifier, "Error": {"Code": error.code, "Message": error.message}})
    return {"Unsuccessful": unsuccessful}
