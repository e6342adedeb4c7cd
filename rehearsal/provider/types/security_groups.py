"""aws.ec2: SecurityGroup, DefaultSecurityGroup; aws.vpc: SecurityGroupIngressRule, SecurityGroupEgressRule.

Ids: EC2's own. Rules are resources of their own: a group's inline rules aren't carried out, and the default group is
only ever emptied.
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.types.ec2_tags import TAGS, by_filter, specification
from rehearsal.provider.values import Props

GONE = ("InvalidGroup.NotFound",)
EVERYTHING = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
"""What EC2 lets out of every new group; the real provider takes it away at once."""


def _create_group(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "ec2", "create_security_group",
        GroupName=args["name"], Description=args["description"], VpcId=args.get("vpcId"),
        TagSpecifications=specification("security-group", args.get("tagsAll")),
    )  # fmt: skip
    made: str = answer["GroupId"]
    return made


def _configure_group(aws: Clients, physical_id: str, args: Props) -> None:
    aws.call("ec2", "revoke_security_group_egress", GroupId=physical_id, IpPermissions=EVERYTHING)


def _group(aws: Clients, physical_id: str) -> Props:
    found: Props = aws.pages("ec2", "describe_security_groups", "SecurityGroups", GroupIds=[physical_id])[0]
    return found


def _shown(group: Props) -> Props:
    return {
        "arn": group["SecurityGroupArn"],
        "name": group["GroupName"],
        "description": group["Description"],
        "ownerId": group["OwnerId"],
        "vpcId": group["VpcId"],
    }


def _delete_group(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("ec2", "delete_security_group", GroupId=physical_id)


GROUP = ResourceType(
    pulumi_type="aws:ec2/securityGroup:SecurityGroup",
    cfn="AWS::EC2::SecurityGroup",
    name=AutoName(),
    arguments={
        "description": Argument(cfn="GroupDescription", default="Managed by Pulumi"),
        "name": Argument(cfn="GroupName"),
        "vpcId": Argument(cfn="VpcId"),
    },
    tags=TAGS,
    create=_create_group,
    configure=_configure_group,
    read=lambda aws, physical_id, known: _shown(_group(aws, physical_id)),
    delete=_delete_group,
    gone=GONE,
)


def _adopt_default(aws: Clients, args: Props) -> str:
    filters = [*by_filter("vpc-id", args["vpcId"]), *by_filter("group-name", "default")]
    made: str = aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)[0]["GroupId"]
    return made


def _empty(aws: Clients, physical_id: str, args: Props) -> None:
    """Take every rule away: `ingress` and `egress` can't hold any here."""
    rules = aws.pages(
        "ec2", "describe_security_group_rules", "SecurityGroupRules", Filters=by_filter("group-id", physical_id)
    )
    for direction in ("ingress", "egress"):
        ids = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] is (direction == "egress")]
        if ids:
            aws.call(
                "ec2", f"revoke_security_group_{direction}", GroupId=physical_id, SecurityGroupRuleIds=ids
            )  # fmt: skip


def _tag_default(aws: Clients, physical_id: str, args: Props) -> None:
    _empty(aws, physical_id, args)
    if args.get("tagsAll"):
        TAGS.add(aws, physical_id, args, args["tagsAll"])


def _read_default(aws: Clients, physical_id: str, known: Props) -> Props:
    group = _group(aws, physical_id)
    return {
        **_shown(group),
        "ingress": [_inline(one) for one in group["IpPermissions"]],
        "egress": [_inline(one) for one in group["IpPermissionsEgress"]],
    }


def _inline(permission: Props) -> Props:
    """A set of permissions as an inline rule, as far as a difference shows."""
    return {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0),
        "toPort": permission.get("ToPort", 0),
    }


def _leave_default(aws: Clients, physical_id: str, state: Props) -> None:
    """It can't be deleted: the real provider forgets it, as it is, and it goes with its VPC."""


DEFAULT_GROUP = ResourceType(
    pulumi_type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    arguments={
        # As lists alone: no field of a rule is carried out, so that only empty ones pass.
        "egress": Argument(),
        "ingress": Argument(),
        "vpcId": Argument(replaces=True),
    },
    tags=TAGS,
    create=_adopt_default,
    configure=_tag_default,
    read=_read_default,
    update=lambda aws, physical_id, old, new: _empty(aws, physical_id, new),
    delete=_leave_default,
    gone=GONE,
    adopts="EC2 makes it with the VPC, and the real provider takes it over",
)

TARGETS = {
    "cidrIpv4": ("IpRanges", "CidrIp", "CidrIpv4"),
    "prefixListId": ("PrefixListIds", "PrefixListId", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId", "ReferencedGroupId"),
}
"""The other side of a flow: list of a permission and member of its items, member of a single rule."""


def _flow(args: Props) -> Props:
    return {"IpProtocol": args["ipProtocol"], "FromPort": args.get("fromPort"), "ToPort": args.get("toPort")}


def _present(values: Props) -> Props:
    return {name: value for name, value in values.items() if value is not None}


def _authorise(direction: str) -> Callable[[Clients, Props], str]:
    def create(aws: Clients, args: Props) -> str:
        permission = _present(_flow(args))
        for name, (listed, member, _) in TARGETS.items():
            if args.get(name) is not None:
                permission[listed] = [_present({member: args[name], "Description": args.get("description")})]
        answer = aws.call(
            "ec2", f"authorize_security_group_{direction}",
            GroupId=args["securityGroupId"], IpPermissions=[permission],
            TagSpecifications=specification("security-group-rule", args.get("tagsAll")),
        )  # fmt: skip
        made: str = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return made

    return create


def _read_rule(aws: Clients, physical_id: str, known: Props) -> Props:
    (rule,) = aws.pages(
        "ec2", "describe_security_group_rules", "SecurityGroupRules", SecurityGroupRuleIds=[physical_id]
    )  # fmt: skip
    unbounded = rule["IpProtocol"] == "-1"
    return {
        "arn": rule["SecurityGroupRuleArn"],
        "securityGroupRuleId": physical_id,
        "securityGroupId": rule["GroupId"],
        "ipProtocol": rule["IpProtocol"],
        "fromPort": None if unbounded else rule["FromPort"],
        "toPort": None if unbounded else rule["ToPort"],
        "cidrIpv4": rule.get("CidrIpv4"),
        "prefixListId": rule.get("PrefixListId"),
        "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        "description": rule.get("Description"),
    }


def _update_rule(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    names = (*TARGETS, "ipProtocol", "fromPort", "toPort", "description")
    if all(new.get(name) == old.get(name) for name in names):
        return
    rule = _flow(new) | {member: new.get(name) for name, (_, _, member) in TARGETS.items()}
    rule["Description"] = new.get("description")
    changed = {"SecurityGroupRuleId": physical_id, "SecurityGroupRule": _present(rule)}
    aws.call("ec2", "modify_security_group_rules", GroupId=new["securityGroupId"], SecurityGroupRules=[changed])


def _revoke(direction: str) -> Callable[[Clients, str, Props], None]:
    def delete(aws: Clients, physical_id: str, state: Props) -> None:
        aws.call(
            "ec2", f"revoke_security_group_{direction}",
            GroupId=state["securityGroupId"], SecurityGroupRuleIds=[physical_id],
        )  # fmt: skip

    return delete


def _check_rule(args: Props) -> list[tuple[str, str]]:
    given = [name for name in TARGETS if args.get(name) is not None]
    if len(given) == 1:
        return []
    return [("ipProtocol", f"exactly one of {', '.join(TARGETS)} is needed, there are {len(given)}")]


def _rule(direction: str) -> ResourceType:
    """The type of one direction. The real provider changes all but the group in place."""
    other = "Source" if direction == "ingress" else "Destination"
    return ResourceType(
        pulumi_type=f"aws:vpc/securityGroup{direction.title()}Rule:SecurityGroup{direction.title()}Rule",
        cfn=f"AWS::EC2::SecurityGroup{direction.title()}",
        arguments={
            "cidrIpv4": Argument(cfn="CidrIp", replaces=False),
            "description": Argument(cfn="Description"),
            "fromPort": Argument(cfn="FromPort", replaces=False),
            "ipProtocol": Argument(cfn="IpProtocol", replaces=False),
            "prefixListId": Argument(cfn=f"{other}PrefixListId", replaces=False),
            "referencedSecurityGroupId": Argument(cfn=f"{other}SecurityGroupId", replaces=False),
            "securityGroupId": Argument(cfn="GroupId"),
            "toPort": Argument(cfn="ToPort", replaces=False),
        },
        tags=TAGS,
        check=_check_rule,
        create=_authorise(direction),
        read=_read_rule,
        update=_update_rule,
        delete=_revoke(direction),
        gone=("InvalidSecurityGroupRuleId.NotFound",),
    )


TYPES = (GROUP, DEFAULT_GROUP, _rule("ingress"), _rule("egress"))
