"""AWS Organizations and the tagging API through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.organisation.example import DEV, HUB, MANAGEMENT, PROD, Client, refused


@pytest.fixture
def organizations(client: Client) -> Any:
    return client("management", None, "organizations")


def test_members_see_their_organisation_and_outsiders_none(client: Client) -> None:
    """Guards: a program that reads the organisation's id in an account that has none."""
    for account in ("management", "dev"):
        shown = client(account, None, "organizations").describe_organization()["Organization"]
        assert (shown["Id"], shown["MasterAccountId"], shown["FeatureSet"]) == ("o-a1b2c3d4e5", MANAGEMENT, "ALL")
    with refused("AWSOrganizationsNotInUseException"):
        client("outsider", None, "organizations").describe_organization()


def test_only_the_management_account_lists_accounts(organizations: Any, client: Client) -> None:
    """Guards: discovery of accounts from a member, which AWS refuses."""
    rows = organizations.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 2}).build_full_result()
    assert {one["Name"] for one in rows["Accounts"]} == {"management", "hub", "dev", "test", "prod"}
    with refused("AccessDeniedException"):
        client("dev", None, "organizations").list_accounts()


def test_the_tree_leads_from_the_root_to_every_account(organizations: Any) -> None:
    """Guards: parents and children that contradict each other."""
    root = organizations.list_roots()["Roots"][0]["Id"]
    workloads = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert [one["Name"] for one in workloads] == ["workloads"]
    unit = workloads[0]["Id"]
    assert {one["Id"] for one in organizations.list_accounts_for_parent(ParentId=unit)["Accounts"]} >= {HUB, DEV}
    sealed = organizations.list_organizational_units_for_parent(ParentId=unit)["OrganizationalUnits"][0]
    assert organizations.list_parents(ChildId=PROD)["Parents"] == [{"Id": sealed["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    assert organizations.list_parents(ChildId=unit)["Parents"] == [{"Id": root, "Type": "ROOT"}]
    assert organizations.describe_organizational_unit(OrganizationalUnitId=sealed["Id"])["OrganizationalUnit"]["Name"]
    assert organizations.describe_account(AccountId=DEV)["Account"]["Name"] == "dev"
    with refused("AccountNotFoundException"):
        organizations.describe_account(AccountId="123456789012")
    with refused("ParentNotFoundException"):
        organizations.list_accounts_for_parent(ParentId="ou-zzzz-zzzzzzzz")


def test_policies_are_shown_where_they_are_attached(organizations: Any) -> None:
    """Guards: an SCP that binds and can't be found."""
    found = organizations.list_policies_for_target(TargetId=PROD, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert {one["Name"] for one in found} == {"FullAWSAccess", "no-keys"}
    policy = organizations.describe_policy(PolicyId=next(one["Id"] for one in found if one["Name"] == "no-keys"))
    assert json.loads(policy["Policy"]["Content"])["Statement"][0]["Sid"] == "NoKeys"
    everywhere = organizations.list_policies(Filter="RESOURCE_CONTROL_POLICY")["Policies"]
    assert {one["Name"] for one in everywhere} == {"RCPFullAWSAccess", "no-outsiders"}
    assert organizations.list_policies(Filter="TAG_POLICY")["Policies"] == []


def test_the_tagging_api_finds_the_tags_of_named_resources(client: Client) -> None:
    """Guards: the CBOR protocol, which this service's clients speak, and tags kept by each service alone."""
    kms, tagging = client("hub", None, "kms"), client("hub", None, "resourcegroupstaggingapi")
    key = kms.create_key(Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]["Arn"]
    rows = tagging.get_resources(ResourceARNList=[key])["ResourceTagMappingList"]
    assert rows == [{"ResourceARN": key, "Tags": [{"Key": "a", "Value": "b"}]}]
    foreign = client("dev", None, "resourcegroupstaggingapi").get_resources(ResourceARNList=[key])
    assert foreign["ResourceTagMappingList"] == []
    with refused("NotEmulated", "ResourceARNList"):
        tagging.get_resources()
