"""AWS Organizations of our own, to read: the organisation is set up before the program runs, and doesn't change."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, condition_keys, serves
from rehearsal.organisation.directory import FULL, ControlPolicy, Directory
from rehearsal.organisation.services.paging import paged

API = "organizations/latest/APIReference/API_"

condition_keys("organizations", "organizations:PolicyType")


def _directory(org: Organisation, call: Call) -> Directory:
    """The organisation, for an account that may read it (only the management account reads more than its own)."""
    directory = Directory(org.settings)
    if call.caller.account not in {one.id for one in directory.members}:
        raise ApiError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    if call.operation != "DescribeOrganization" and call.caller.account != directory.management.id:
        raise ApiError("AccessDeniedException", "You don't have permissions to access this resource.")
    return directory


def _needs(org: Organisation, call: Call) -> list[Need]:
    """The resource is the account, unit, root or policy named (list_awsorganizations); most lists know only `*`."""
    directory = Directory(org.settings)
    params = call.params
    named = next((params[name] for name in ("AccountId", "ParentId", "ChildId", "TargetId", "OrganizationalUnitId")
                  if name in params), None)  # fmt: skip
    resource = (directory.target_arn(named) if named is not None else None) or "*"
    context: dict[str, str | list[str]] = {"organizations:PolicyType": params["Filter"]} if "Filter" in params else {}
    if "PolicyId" in params:
        policy = _policy(directory, params["PolicyId"])
        resource, context = policy.arn, {"organizations:PolicyType": policy.type}
    return [
        Need(f"organizations:{call.operation}", resource, directory.management.id if resource != "*" else "", context)
    ]


def _policy(directory: Directory, policy_id: str) -> ControlPolicy:
    for kind in FULL:
        for one in directory.policies(kind):
            if one.id == policy_id:
                return one
    raise ApiError("PolicyNotFoundException", f"We can't find a policy with the PolicyId {policy_id}.")


def _paged(member: str, rows: list[Any], call: Call) -> Params:
    invalid = ApiError("InvalidInputException", "The provided NextToken is not one that this list returned.")
    return paged(member, rows, call.params, default=20, invalid=invalid)


@serves("organizations", "DescribeOrganization", source=API + "DescribeOrganization (any member may)", needs=_needs)
def describe_organization(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    management = directory.account(directory.management)
    return {
        "Organization": {
            "Id": org.id,
            "Arn": f"arn:aws:organizations::{directory.management.id}:organization/{org.id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": management["Arn"],
            "MasterAccountId": management["Id"],
            "MasterAccountEmail": management["Email"],
            "AvailablePolicyTypes": [{"Type": kind, "Status": "ENABLED"} for kind in FULL],
        }
    }


@serves("organizations", "ListRoots", source=API + "ListRoots", needs=_needs)
def list_roots(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    root = {
        "Id": org.settings.root_id(),
        "Arn": directory.arn("root", org.settings.root_id()),
        "Name": "Root",
        "PolicyTypes": [{"Type": kind, "Status": "ENABLED"} for kind in FULL],
    }
    return _paged("Roots", [root], call)


@serves("organizations", "ListAccounts", source=API + "ListAccounts", needs=_needs)
def list_accounts(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    return _paged("Accounts", [directory.account(one) for one in directory.members], call)


@serves("organizations", "DescribeAccount", source=API + "DescribeAccount", needs=_needs)
def describe_account(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    found = next((one for one in directory.members if one.id == call.params["AccountId"]), None)
    if found is None:
        raise ApiError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": directory.account(found)}


@serves("organizations", "ListAccountsForParent", source=API + "ListAccountsForParent", needs=_needs)
def list_accounts_for_parent(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    parent = _parent(directory, call)
    rows = [directory.account(one) for one in directory.members if directory.parent_of(one.id) == parent]
    return _paged("Accounts", rows, call)


@serves(
    "organizations", "ListOrganizationalUnitsForParent", source=API + "ListOrganizationalUnitsForParent", needs=_needs
)
def list_units_for_parent(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    parent = _parent(directory, call)
    units = [directory.unit(one) for one in org.settings.units]
    return _paged("OrganizationalUnits", [one for one in units if directory.parent_of(one["Id"]) == parent], call)


def _parent(directory: Directory, call: Call) -> str:
    parent = str(call.params["ParentId"])
    if directory.target_arn(parent) is None or parent.isdigit():
        raise ApiError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return parent


@serves("organizations", "ListParents", source=API + "ListParents", needs=_needs)
def list_parents(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    parent = directory.parent_of(call.params["ChildId"])
    if parent is None:
        raise ApiError("ChildNotFoundException", "You specified child that doesn't exist.")
    kind = "ROOT" if parent == org.settings.root_id() else "ORGANIZATIONAL_UNIT"
    return _paged("Parents", [{"Id": parent, "Type": kind}], call)


@serves("organizations", "DescribeOrganizationalUnit", source=API + "DescribeOrganizationalUnit", needs=_needs)
def describe_unit(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    wanted = call.params["OrganizationalUnitId"]
    found = next((unit for unit in org.settings.units if org.settings.unit_id(unit) == wanted), None)
    if found is None:
        raise ApiError(
            "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."
        )
    return {"OrganizationalUnit": directory.unit(found)}


@serves(
    "organizations", "ListPolicies", "ListPoliciesForTarget", source=API + "ListPolicies, API_ListPoliciesForTarget",
    needs=_needs, fidelity="emulated", note="service and resource control policies only; other types are empty",
)  # fmt: skip
def list_policies(org: Organisation, call: Call) -> Params:
    directory = _directory(org, call)
    kind = call.params["Filter"]
    if kind not in FULL:
        return _paged("Policies", [], call)
    if call.operation == "ListPolicies":
        return _paged("Policies", [one.summary() for one in directory.policies(kind)], call)
    target = call.params["TargetId"]
    if directory.target_arn(target) is None:
        raise ApiError("TargetNotFoundException", "You specified a target that doesn't exist.")
    return _paged("Policies", [one.summary() for one in directory.policies_of(target, kind)], call)


@serves("organizations", "DescribePolicy", source=API + "DescribePolicy", needs=_needs)
def describe_policy(org: Organisation, call: Call) -> Params:
    found = _policy(_directory(org, call), call.params["PolicyId"])
    return {"Policy": {"PolicySummary": found.summary(), "Content": json.dumps(found.content)}}
