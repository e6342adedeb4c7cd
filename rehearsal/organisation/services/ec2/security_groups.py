"""Security groups. A new one lets everything out, until that rule is revoked.

Sources: AWSEC2 API_CreateSecurityGroup, vpc/latest/userguide security-group-rules (the default rule), errors-overview.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves, takes
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.permissions import permissions
from rehearsal.organisation.services.ec2.store import (
    Network,
    Rule,
    SecurityGroup,
    found,
    in_use,
    network_of,
    new_id,
    selected,
    shown_tags,
    tags_given,
)

SOURCE = "AWSEC2/latest/APIReference"
WORDS = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*']{1,255}")
"""Of names and descriptions in a VPC (API_CreateSecurityGroup)."""

takes("ec2", "CreateSecurityGroup", members=("GroupName", "Description", "VpcId", "TagSpecifications"))
takes("ec2", "DescribeSecurityGroups", members=("GroupIds", "Filters"))
takes("ec2", "DeleteSecurityGroup", members=("GroupId",))


def group_with_default_egress(
    held: Network, call: Call, vpc: str, name: str, description: str, tags: Mapping[str, str]
) -> SecurityGroup:
    """Make a group that lets everything out."""
    group = SecurityGroup(
        id=new_id("sg"), account=call.owner, region=call.region, tags=dict(tags), vpc=vpc, name=name,
        description=description,
    )  # fmt: skip
    held.groups[group.id] = group
    out = Rule(
        id=new_id("sgr"), account=call.owner, region=call.region, group=group.id, egress=True, protocol="-1",
        ports=None, target=("CidrIpv4", "0.0.0.0/0"),
    )  # fmt: skip
    held.rules[out.id] = out
    return group


@serves("ec2", "CreateSecurityGroup", source=f"{SOURCE}/API_CreateSecurityGroup", needs=needs)
def create_security_group(org: Organisation, call: Call) -> Params:
    held, params = network_of(org, call), call.params
    if "VpcId" not in params:
        raise ApiError("VPCIdNotSpecified", "No default VPC for this user")
    vpc = found(held.vpcs, params["VpcId"])
    name = params["GroupName"]
    for what, text in (("groupName", name), ("groupDescription", params["Description"])):
        if not WORDS.fullmatch(text) or (what == "groupName" and name.startswith("sg-")):
            raise ApiError("InvalidParameterValue", f"Value ({text}) for parameter {what} is invalid.")
    if any(one.vpc == vpc.id and one.name == name for one in held.groups.values()):
        raise ApiError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'")
    tags = tags_given(call, "security-group")
    group = group_with_default_egress(held, call, vpc.id, name, params["Description"], tags)
    return {"GroupId": group.id, "SecurityGroupArn": arn(group), "Tags": shown_tags(group)}


def arn(group: SecurityGroup) -> str:
    return f"arn:aws:ec2:{group.region}:{group.account}:security-group/{group.id}"


def shown(held: Network, group: SecurityGroup) -> Params:
    rules = [rule for rule in held.rules.values() if rule.group == group.id]
    return {
        "GroupId": group.id, "GroupName": group.name, "Description": group.description, "VpcId": group.vpc,
        "OwnerId": group.account, "SecurityGroupArn": arn(group), "Tags": shown_tags(group),
        "IpPermissions": permissions(rule for rule in rules if not rule.egress),
        "IpPermissionsEgress": permissions(rule for rule in rules if rule.egress),
    }  # fmt: skip


@serves("ec2", "DescribeSecurityGroups", source=f"{SOURCE}/API_DescribeSecurityGroups", needs=needs,
        fidelity="emulated", note="one page; the filters group-id, group-name, vpc-id")  # fmt: skip
def describe_security_groups(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    rows = selected(call, "GroupIds", held.groups, {"group-id": "id", "group-name": "name", "vpc-id": "vpc"})
    return {"SecurityGroups": [shown(held, group) for group in rows]}


@serves("ec2", "DeleteSecurityGroup", source=f"{SOURCE}/API_DeleteSecurityGroup", needs=needs)
def delete_security_group(org: Organisation, call: Call) -> Params:
    """Endpoints that have it hold it, and rules of other groups that name it."""
    held = network_of(org, call)
    if "GroupId" not in call.params:
        raise ApiError("MissingParameter", "The request must contain the parameter groupId")
    group = found(held.groups, call.params["GroupId"])
    if group.name == "default":
        raise ApiError("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    in_use(
        f"resource {group.id}",
        [
            *(endpoint for endpoint in held.endpoints.values() if group.id in endpoint.groups),
            *(rule for rule in held.rules.values() if rule.group != group.id and group.id in rule.target),
        ],
    )
    held.rules = {key: rule for key, rule in held.rules.items() if rule.group != group.id}
    del held.groups[group.id]
    return {}
