"""Rules of security groups: authorised, revoked, described, changed.

Sources: AWSEC2 API_AuthorizeSecurityGroupIngress and its neighbours, errors-overview.
"""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves, takes
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.permissions import (
    LISTS,
    check_target,
    protocol_and_ports,
    rule_shown,
    rules_given,
)
from rehearsal.organisation.services.ec2.store import Network, Rule, found, network_of, selected, tags_given

SOURCE = "AWSEC2/latest/APIReference"

takes("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
      members=("GroupId", "IpPermissions", "TagSpecifications"))  # fmt: skip
takes("ec2", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress",
      members=("GroupId", "IpPermissions", "SecurityGroupRuleIds"))  # fmt: skip
takes("ec2", "DescribeSecurityGroupRules", members=("SecurityGroupRuleIds", "Filters"))
takes("ec2", "ModifySecurityGroupRules", members=("GroupId", "SecurityGroupRules"))


@serves("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
        source=f"{SOURCE}/API_AuthorizeSecurityGroupIngress", needs=needs, fidelity="emulated",
        note="groups by id; IPv4, gateway prefix lists, the account's own groups; tcp, udp and all")  # fmt: skip
def authorize(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    made = list(rules_given(held, call, egress=call.operation.endswith("Egress")))
    if not made:
        raise ApiError("MissingParameter", "The request must contain the parameter ipPermissions")
    taken = {rule.flow for rule in held.rules.values()}
    tags = tags_given(call, "security-group-rule")
    for rule in made:
        if rule.flow in taken:
            raise ApiError(
                "InvalidPermission.Duplicate",
                f'the specified rule "peer: {rule.target[1]}, {rule.protocol}, {rule.ports}, ALLOW" already exists',
            )
        rule.tags = dict(tags)
    held.rules |= {rule.id: rule for rule in made}
    return {"Return": True, "SecurityGroupRules": [rule_shown(rule) for rule in made]}


@serves("ec2", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress",
        source=f"{SOURCE}/API_RevokeSecurityGroupEgress", needs=needs)  # fmt: skip
def revoke(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    egress = call.operation.endswith("Egress")
    rules = [*_by_ids(held, call, egress=egress), *_by_permissions(held, call, egress=egress)]
    for rule in rules:
        del held.rules[rule.id]
    return {"Return": True, "UnknownIpPermissions": [], "RevokedSecurityGroupRules": []}


def _by_ids(held: Network, call: Call, *, egress: bool) -> list[Rule]:
    rules = [found(held.rules, one) for one in call.params.get("SecurityGroupRuleIds", [])]
    for rule in rules:
        if rule.group != call.params["GroupId"] or rule.egress is not egress:
            raise ApiError(
                "InvalidSecurityGroupRuleId.NotFound",
                f"The security group rule ID '{rule.id}' does not exist in group {call.params['GroupId']}",
            )
    return rules


def _by_permissions(held: Network, call: Call, *, egress: bool) -> list[Rule]:
    by_flow = {rule.flow: rule for rule in held.rules.values()}
    rules = []
    for asked in rules_given(held, call, egress=egress):
        if asked.flow not in by_flow:
            raise ApiError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
        rules.append(by_flow[asked.flow])
    return rules


@serves("ec2", "DescribeSecurityGroupRules", source=f"{SOURCE}/API_DescribeSecurityGroupRules", needs=needs,
        fidelity="emulated", note="one page; the filters group-id, security-group-rule-id")  # fmt: skip
def describe_security_group_rules(org: Organisation, call: Call) -> Params:
    filters = {"group-id": "group", "security-group-rule-id": "id"}
    rows = selected(call, "SecurityGroupRuleIds", network_of(org, call).rules, filters)
    return {"SecurityGroupRules": [rule_shown(rule) for rule in rows]}


@serves("ec2", "ModifySecurityGroupRules", source=f"{SOURCE}/API_ModifySecurityGroupRules", needs=needs)
def modify_security_group_rules(org: Organisation, call: Call) -> Params:
    held = network_of(org, call)
    for change in call.params["SecurityGroupRules"]:
        rule, wanted = found(held.rules, change["SecurityGroupRuleId"]), change.get("SecurityGroupRule", {})
        targets = [(member, wanted[member]) for member in LISTS if wanted.get(member)]
        if rule.group != call.params["GroupId"] or len(targets) != 1:
            raise ApiError("InvalidParameterValue", f"The rule {rule.id} must be of the group and have one other side.")
        check_target(held, call, *targets[0])
        rule.protocol, rule.ports = protocol_and_ports(wanted)
        rule.target, rule.description = targets[0], wanted.get("Description")
    return {"Return": True}
