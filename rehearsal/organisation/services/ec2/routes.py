"""Route tables and their associations. Routes beside the local one and those of gateway endpoints aren't made here.

Source: AWSEC2 API_CreateRouteTable, API_AssociateRouteTable (a subnet has one association).
"""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves, takes
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.prefix_lists import prefix_list_id
from rehearsal.organisation.services.ec2.store import (
    Network,
    RouteTable,
    found,
    in_use,
    missing,
    network_of,
    new_id,
    selected,
    shown_tags,
    tags_given,
)
from rehearsal.organisation.services.ec2.vpcs import SOURCE

takes("ec2", "CreateRouteTable", members=("VpcId", "TagSpecifications", "ClientToken"))
takes("ec2", "DescribeRouteTables", members=("RouteTableIds", "Filters"))
takes("ec2", "AssociateRouteTable", members=("RouteTableId", "SubnetId"))
takes("ec2", "DisassociateRouteTable", members=("AssociationId",))
takes("ec2", "DeleteRouteTable", members=("RouteTableId",))


@serves("ec2", "CreateRouteTable", source=f"{SOURCE}/API_CreateRouteTable", needs=needs)
def create_route_table(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    vpc = found(held.vpcs, call.params["VpcId"])
    table = RouteTable(
        id=new_id("rtb"), account=call.owner, region=call.region, tags=tags_given(call, "route-table"), vpc=vpc.id
    )  # fmt: skip
    held.tables[table.id] = table
    return {"RouteTable": shown(held, table), "ClientToken": call.params.get("ClientToken", "")}


def shown(held: Network, table: RouteTable) -> Params:
    routes = [
        {
            "DestinationCidrBlock": str(held.vpcs[table.vpc].cidr), "GatewayId": "local", "Origin": "CreateRouteTable",
            "State": "active",
        }
    ]  # fmt: skip
    routes += [
        {
            "DestinationPrefixListId": prefix_list_id(endpoint.service), "GatewayId": endpoint.id,
            "Origin": "CreateRoute", "State": "active",
        }
        for endpoint in held.endpoints.values()
        if table.id in endpoint.tables
    ]  # fmt: skip
    associations = [_association(table, key, subnet) for key, subnet in table.associations.items()]
    if table.main:
        associations.append(_association(table, f"rtbassoc-{table.vpc.removeprefix('vpc-')}", None))
    return {
        "RouteTableId": table.id, "VpcId": table.vpc, "OwnerId": table.account, "Routes": routes,
        "Associations": associations, "PropagatingVgws": [], "Tags": shown_tags(table),
    }  # fmt: skip


def _association(table: RouteTable, identifier: str, subnet: str | None) -> Params:
    return {
        "RouteTableAssociationId": identifier, "RouteTableId": table.id, "Main": subnet is None,
        "AssociationState": {"State": "associated"}, **({} if subnet is None else {"SubnetId": subnet}),
    }  # fmt: skip


@serves("ec2", "DescribeRouteTables", source=f"{SOURCE}/API_DescribeRouteTables", needs=needs, fidelity="emulated",
        note="one page; the filters vpc-id, association.main, association.route-table-association-id")  # fmt: skip
def describe_route_tables(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    by_association = "association.route-table-association-id"
    wanted = [one for one in call.params.get("Filters", []) if one["Name"] == by_association]
    others = [one for one in call.params.get("Filters", []) if one["Name"] != by_association]
    call.params["Filters"] = others
    rows = selected(call, "RouteTableIds", held.tables, {"vpc-id": "vpc", "association.main": "main"})
    for one in wanted:
        rows = [table for table in rows if set(one["Values"]) & set(table.associations)]
    return {"RouteTables": [shown(held, table) for table in rows]}


@serves("ec2", "AssociateRouteTable", source=f"{SOURCE}/API_AssociateRouteTable", needs=needs)
def associate_route_table(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    table = found(held.tables, call.params["RouteTableId"])
    if "SubnetId" not in call.params:
        raise ApiError("MissingParameter", "The request must contain exactly one of gatewayId, subnetId")
    subnet = found(held.subnets, call.params["SubnetId"])
    if subnet.vpc != table.vpc:
        raise ApiError(
            "InvalidParameterValue", f"Route table {table.id} and network {subnet.id} belong to different networks"
        )
    if any(subnet.id in one.associations.values() for one in held.tables.values()):
        raise ApiError(
            "Resource.AlreadyAssociated",
            f"The specified association for route table {table.id} conflicts with an existing association",
        )
    identifier = new_id("rtbassoc")
    table.associations[identifier] = subnet.id
    return {"AssociationId": identifier, "AssociationState": {"State": "associated"}}


@serves("ec2", "DisassociateRouteTable", source=f"{SOURCE}/API_DisassociateRouteTable", needs=needs)
def disassociate_route_table(org: Organisation, call: Call) -> Params:
    identifier = call.params["AssociationId"]
    for table in network_of(org, call).tables.values():
        if identifier in table.associations:
            del table.associations[identifier]
            return {}
    raise missing(identifier)


@serves("ec2", "DeleteRouteTable", source=f"{SOURCE}/API_DeleteRouteTable", needs=needs)
def delete_route_table(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    table = found(held.tables, call.params["RouteTableId"])
    in_use(
        f"The routeTable '{table.id}'",
        [
            *(held.subnets[subnet] for subnet in table.associations.values()),
            *(endpoint for endpoint in held.endpoints.values() if table.id in endpoint.tables),
            *([table] if table.main else []),
        ],
    )
    del held.tables[table.id]
    return {}
