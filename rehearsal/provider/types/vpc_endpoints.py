"""aws.ec2: VpcEndpoint. Id: EC2's own."""

from __future__ import annotations

from rehearsal.provider.clients import Clients, is_gone, wait_until
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.types.ec2_tags import TAGS, by_filter, specification
from rehearsal.provider.values import Props

GONE = ("InvalidVpcEndpointId.NotFound",)
LISTS = {
    "routeTableIds": ("AddRouteTableIds", "RemoveRouteTableIds"),
    "subnetIds": ("AddSubnetIds", "RemoveSubnetIds"),
    "securityGroupIds": ("AddSecurityGroupIds", "RemoveSecurityGroupIds"),
}


class EndpointStays(Exception):
    """EC2 answered that an endpoint wasn't deleted."""


def _create(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "ec2", "create_vpc_endpoint",
        VpcId=args["vpcId"], ServiceName=args["serviceName"], VpcEndpointType=args["vpcEndpointType"],
        PolicyDocument=args.get("policy"), RouteTableIds=args.get("routeTableIds"), SubnetIds=args.get("subnetIds"),
        SecurityGroupIds=args.get("securityGroupIds"), PrivateDnsEnabled=args.get("privateDnsEnabled"),
        TagSpecifications=specification("vpc-endpoint", args.get("tagsAll")),
    )  # fmt: skip
    made: str = answer["VpcEndpoint"]["VpcEndpointId"]
    return made


def _endpoint(aws: Clients, physical_id: str) -> Props:
    found: Props = aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", VpcEndpointIds=[physical_id])[0]
    return found


def _await_available(aws: Clients, physical_id: str, args: Props) -> None:
    wait_until(
        lambda: _endpoint(aws, physical_id)["State"] == "available", f"{physical_id} didn't become available", 600.0
    )


def _prefix_list(aws: Clients, service: str) -> str | None:
    """Of a service with gateway endpoints alone, whatever kind this one is, as in the real provider."""
    found = aws.pages("ec2", "describe_prefix_lists", "PrefixLists", Filters=by_filter("prefix-list-name", service))
    return found[0]["PrefixListId"] if found else None


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    endpoint = _endpoint(aws, physical_id)
    return {
        "arn": f"arn:aws:ec2:{aws.region}:{endpoint['OwnerId']}:vpc-endpoint/{physical_id}",
        "vpcId": endpoint["VpcId"],
        "serviceName": endpoint["ServiceName"],
        "vpcEndpointType": endpoint["VpcEndpointType"],
        "policy": endpoint["PolicyDocument"],
        "routeTableIds": endpoint["RouteTableIds"],
        "subnetIds": endpoint["SubnetIds"],
        "securityGroupIds": [group["GroupId"] for group in endpoint["Groups"]],
        "privateDnsEnabled": endpoint["PrivateDnsEnabled"],
        "prefixListId": _prefix_list(aws, endpoint["ServiceName"])
        if endpoint["VpcEndpointType"] == "Gateway"
        else None,
        "ownerId": endpoint["OwnerId"],
        "requesterManaged": endpoint["RequesterManaged"],
        "state": endpoint["State"],
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    changes: Props = {}
    for name, (add, remove) in LISTS.items():
        before, after = set(old.get(name) or ()), set(new.get(name) or ())
        changes |= {add: sorted(after - before) or None, remove: sorted(before - after) or None}
    if new.get("policy") is not None and new["policy"] != old.get("policy"):
        changes["PolicyDocument"] = new["policy"]
    if new.get("privateDnsEnabled") is not None and new["privateDnsEnabled"] != old.get("privateDnsEnabled"):
        changes["PrivateDnsEnabled"] = new["privateDnsEnabled"]
    if any(value is not None for value in changes.values()):
        aws.call("ec2", "modify_vpc_endpoint", VpcEndpointId=physical_id, **changes)
        _await_available(aws, physical_id, new)


def _is_deleted(aws: Clients, physical_id: str) -> bool:
    try:
        return bool(_endpoint(aws, physical_id)["State"] == "deleted")
    except Exception as error:
        if is_gone(error, GONE):
            return True
        raise


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    """The call tells of a failure in its answer; what the endpoint held stays held until it is gone."""
    for failed in aws.call("ec2", "delete_vpc_endpoints", VpcEndpointIds=[physical_id])["Unsuccessful"]:
        if failed["Error"]["Code"] not in GONE:
            raise EndpointStays(f"{physical_id}: {failed['Error']['Code']}: {failed['Error']['Message']}")
    wait_until(lambda: _is_deleted(aws, physical_id), f"{physical_id} wasn't deleted", 600.0)


ENDPOINT = ResourceType(
    pulumi_type="aws:ec2/vpcEndpoint:VpcEndpoint",
    cfn="AWS::EC2::VPCEndpoint",
    arguments={
        "policy": Argument(text="policy"),
        "privateDnsEnabled": Argument(cfn="PrivateDnsEnabled"),
        "routeTableIds": Argument(cfn="RouteTableIds", unordered=True),
        "securityGroupIds": Argument(cfn="SecurityGroupIds", unordered=True),
        "serviceName": Argument(cfn="ServiceName"),
        "subnetIds": Argument(cfn="SubnetIds", unordered=True),
        "vpcEndpointType": Argument(cfn="VpcEndpointType", default="Gateway"),
        "vpcId": Argument(cfn="VpcId"),
    },
    tags=TAGS,
    create=_create,
    configure=_await_available,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
)

TYPES = (ENDPOINT,)
