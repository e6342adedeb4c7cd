"""RAM through boto3: permissions, shares, associations, invitations."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.services.ram.principals import is_external, read_principal
from rehearsal.organisation.services.ram.sharing import shared_policy
from tests.rehearsal.organisation.services.registry_world import (
    DEV,
    GROUP_TYPE,
    HUB,
    OUTSIDER,
    READ,
    TEST,
    Client,
    new_group,
    refused,
    share,
    skip,
    unique,
)

TEMPLATE = json.dumps({"Effect": "Allow", "Action": list(READ)})


@pytest.fixture(scope="module")
def ram(client: Client) -> Any:
    return client("hub", None, "ram")


@pytest.fixture
def permission(ram: Any) -> str:
    created = ram.create_permission(name=unique("p"), resourceType=GROUP_TYPE, policyTemplate=TEMPLATE)
    return str(created["permission"]["arn"])


@pytest.fixture(autouse=True)
def room_for_permissions(ram: Any) -> Any:
    """An account has 10 customer-managed permissions per resource type: each test leaves none."""
    yield
    for found in ram.get_resource_shares(resourceOwner="SELF", resourceShareStatus="ACTIVE")["resourceShares"]:
        ram.delete_resource_share(resourceShareArn=found["resourceShareArn"])
    for found in ram.list_permissions()["permissions"]:
        ram.delete_permission(permissionArn=found["arn"])


def test_a_permission_shows_what_it_was_made_of(ram: Any) -> None:
    """Guards: the provider reads another template or type than it wrote."""
    name = unique("p")
    made = ram.create_permission(name=name, resourceType=GROUP_TYPE, policyTemplate=TEMPLATE, tags=[
        {"key": "team", "value": "risk"}])["permission"]  # fmt: skip
    shown = ram.get_permission(permissionArn=made["arn"])["permission"]
    assert (shown["name"], shown["resourceType"], shown["version"]) == (name, GROUP_TYPE, "1")
    assert json.loads(shown["permission"]) == json.loads(TEMPLATE)
    assert shown["tags"] == [{"key": "team", "value": "risk"}]


def test_permission_names_are_taken_once(ram: Any, permission: str) -> None:
    """Guards: two permissions of one name (PermissionAlreadyExistsException, boto:ram)."""
    name = permission.rsplit("/", 1)[1]
    refused(
        "PermissionAlreadyExistsException", ram.create_permission,
        name=name, resourceType=GROUP_TYPE, policyTemplate=TEMPLATE,
    )  # fmt: skip


def test_a_deleted_permission_s_name_is_free_after_two_hours(
    org: Emulator, ram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: replacing a permission under its own name works here and fails on AWS (RAM: up to two hours)."""
    same = {"name": unique("again"), "resourceType": GROUP_TYPE, "policyTemplate": TEMPLATE}
    made = ram.create_permission(**same)["permission"]
    ram.delete_permission(permissionArn=made["arn"])
    refused("PermissionAlreadyExistsException", ram.create_permission, **same)
    skip(monkeypatch, org, timedelta(hours=2))
    assert ram.create_permission(**same)["permission"]["arn"] == made["arn"]


@pytest.mark.parametrize("wrong", ["sagemaker:ModelPackageGroup", "sagemaker:model-package"])
def test_the_resource_type_is_spelt_as_listed(ram: Any, wrong: str) -> None:
    """Guards: the spelling `sagemaker:ModelPackageGroup` passes (ram/shareable; CreatePermission: case-sensitive)."""
    message = refused(
        "InvalidParameterException", ram.create_permission, name=unique("p"), resourceType=wrong,
        policyTemplate=TEMPLATE,
    )  # fmt: skip
    assert GROUP_TYPE in message
    assert [one["resourceType"] for one in ram.list_resource_types()["resourceTypes"]] == [GROUP_TYPE]


def test_a_longer_name_than_36_is_refused(ram: Any) -> None:
    """Guards: a permission's name of 37 characters (boto:ram PermissionName)."""
    refused(
        "InvalidParameterException", ram.create_permission, name="p" * 37, resourceType=GROUP_TYPE,
        policyTemplate=TEMPLATE,
    )  # fmt: skip


def test_an_attached_permission_can_t_be_deleted(client: Client, ram: Any, permission: str) -> None:
    """Guards: a permission vanishes under a share (boto:ram DeletePermission)."""
    created = ram.create_resource_share(name=unique("s"), permissionArns=[permission])["resourceShare"]
    refused("OperationNotPermittedException", ram.delete_permission, permissionArn=permission)
    ram.delete_resource_share(resourceShareArn=created["resourceShareArn"])
    ram.delete_permission(permissionArn=permission)
    refused("UnknownResourceException", ram.get_permission, permissionArn=permission)


def test_a_new_version_does_not_reach_existing_shares(client: Client, ram: Any, permission: str) -> None:
    """Guards: a changed template silently changes a share (boto:ram CreatePermissionVersion)."""
    created = ram.create_resource_share(name=unique("s"), permissionArns=[permission])["resourceShare"]
    narrower = json.dumps({"Effect": "Allow", "Action": "sagemaker:DescribeModelPackage"})
    made = ram.create_permission_version(permissionArn=permission, policyTemplate=narrower)["permission"]
    assert (made["version"], made["defaultVersion"]) == ("2", True)
    held = ram.list_resource_share_permissions(resourceShareArn=created["resourceShareArn"])["permissions"]
    assert [(one["arn"], one["version"]) for one in held] == [(permission, "1")]
    refused(
        "OperationNotPermittedException", ram.delete_permission_version, permissionArn=permission, permissionVersion=1
    )
    refused(
        "OperationNotPermittedException", ram.delete_permission_version, permissionArn=permission, permissionVersion=2
    )


def test_one_permission_per_resource_type(ram: Any, permission: str) -> None:
    """Guards: an unconditioned read and a conditioned register permission share one share (boto:ram)."""
    other = ram.create_permission(name=unique("p"), resourceType=GROUP_TYPE, policyTemplate=TEMPLATE)["permission"]
    both = [permission, other["arn"]]
    refused("InvalidParameterException", ram.create_resource_share, name=unique("s"), permissionArns=both)
    created = ram.create_resource_share(name=unique("s"), permissionArns=[permission])["resourceShare"]
    arns = {"resourceShareArn": created["resourceShareArn"], "permissionArn": other["arn"]}
    refused("InvalidParameterException", ram.associate_resource_share_permission, **arns)
    ram.associate_resource_share_permission(**arns, replace=True)
    held = ram.list_resource_share_permissions(resourceShareArn=arns["resourceShareArn"])["permissions"]
    assert [one["arn"] for one in held] == [other["arn"]]


def test_inside_the_organisation_there_is_no_invitation(client: Client, ram: Any) -> None:
    """Guards: an accepter is needed here and fails on AWS (RAM user guide: sharing with the organisation)."""
    group = new_group(client)
    arn = share(client, group, [DEV], *READ)
    found = ram.get_resource_share_associations(associationType="PRINCIPAL", resourceShareArns=[arn])
    assert [
        (one["associatedEntity"], one["status"], one["external"]) for one in found["resourceShareAssociations"]
    ] == [(DEV, "ASSOCIATED", False)]
    dev = client("dev", None, "ram")
    assert dev.get_resource_share_invitations()["resourceShareInvitations"] == []
    listed = dev.list_resources(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[arn])["resources"]
    assert [(one["arn"], one["type"]) for one in listed] == [(group, GROUP_TYPE)]
    assert (
        client("test", None, "ram").list_resources(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[arn])["resources"]
        == []
    )


def test_outsiders_are_refused_where_external_principals_are(client: Client, ram: Any, permission: str) -> None:
    """Guards: allowExternalPrincipals=false lets an outsider in (RAM user guide, troubleshooting)."""
    message = refused(
        "InvalidParameterException", ram.create_resource_share, name=unique("s"), principals=[OUTSIDER],
        permissionArns=[permission], allowExternalPrincipals=False,
    )  # fmt: skip
    assert "not in your AWS organization" in message


@pytest.mark.parametrize(
    "principal",
    [f"arn:aws:iam::{DEV}:root", "1234", "o-a1b2c3d4e5",
     "arn:aws:organizations::999999999999:organization/o-zzzzzzzzzz"],
)  # fmt: skip
def test_malformed_principals_are_refused(ram: Any, permission: str, principal: str) -> None:
    """Guards: an account root's ARN passes, which RAM refuses (InvalidParameterException, seen by callers)."""
    refused(
        "InvalidParameterException", ram.create_resource_share, name=unique("s"), principals=[principal],
        permissionArns=[permission],
    )  # fmt: skip


def test_a_missing_group_and_another_account_s_can_t_be_shared(client: Client, ram: Any, permission: str) -> None:
    """Guards: a share of nothing, or of what belongs to someone else."""
    missing = f"arn:aws:sagemaker:eu-west-1:{HUB}:model-package-group/none-{unique('g')}"
    common = {"name": unique("s"), "permissionArns": [permission]}
    refused("UnknownResourceException", ram.create_resource_share, resourceArns=[missing], **common)
    foreign = missing.replace(HUB, TEST)
    refused("OperationNotPermittedException", ram.create_resource_share, resourceArns=[foreign], **common)


def test_a_share_without_a_permission_for_its_resource_is_refused_by_name(client: Client, ram: Any) -> None:
    """Guards: AWS's default permission, whose content is published nowhere, is assumed to grant something."""
    message = refused("NotEmulated", ram.create_resource_share, name=unique("s"), resourceArns=[new_group(client)])
    assert "default RAM permission" in message


def test_shares_of_one_name_may_coexist_and_others_can_t_change_them(client: Client, ram: Any) -> None:
    """Guards: an account changes or sees another account's share."""
    name = unique("s")
    arns = {ram.create_resource_share(name=name)["resourceShare"]["resourceShareArn"] for _ in range(2)}
    assert {one["resourceShareArn"] for one in ram.get_resource_shares(resourceOwner="SELF", name=name)[
        "resourceShares"]} == arns  # fmt: skip
    theirs = client("dev", None, "ram")
    refused("AccessDeniedException", theirs.delete_resource_share, resourceShareArn=arns.pop())


def test_a_client_token_makes_one_share(ram: Any) -> None:
    """Guards: a retried create makes a second share (boto:ram clientToken)."""
    name, token = unique("s"), unique("token")
    first = ram.create_resource_share(name=name, clientToken=token)
    again = ram.create_resource_share(name=name, clientToken=token)
    assert first["resourceShare"]["resourceShareArn"] == again["resourceShare"]["resourceShareArn"]
    assert again["clientToken"] == token
    refused("IdempotentParameterMismatchException", ram.create_resource_share, name=unique("s"), clientToken=token)


def test_disassociation_ends_the_sharing(client: Client, ram: Any) -> None:
    """Guards: a principal that was taken out of a share still reads."""
    group = new_group(client)
    arn = share(client, group, [DEV, TEST], *READ)
    assert client("dev", None, "sagemaker").describe_model_package_group(ModelPackageGroupName=group)
    ended = ram.disassociate_resource_share(resourceShareArn=arn, principals=[DEV])["resourceShareAssociations"]
    assert [one["status"] for one in ended] == ["DISASSOCIATED"]
    denied = client("dev", None, "sagemaker").describe_model_package_group
    refused("AccessDeniedException", denied, ModelPackageGroupName=group)
    assert client("test", None, "sagemaker").describe_model_package_group(ModelPackageGroupName=group)


def test_an_organisation_as_principal_reaches_its_accounts_only(client: Client) -> None:
    """Guards: a share with the organisation admits an outsider, or nobody."""
    group = new_group(client)
    share(client, group, ["arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"], *READ)
    assert client("test", None, "sagemaker").describe_model_package_group(ModelPackageGroupName=group)
    outside = client("outsider", None, "sagemaker").describe_model_package_group
    refused("AccessDeniedException", outside, ModelPackageGroupName=group)


def test_a_unit_as_principal_reaches_the_accounts_in_it_and_below_it(client: Client, org: Emulator) -> None:
    """Guards: a share with a unit admits accounts beside it, misses nested ones, or asks for an invitation."""
    group = new_group(client)
    workloads, sealed = (
        f"arn:aws:organizations::999999999999:ou/{org.id}/{org.settings.unit_id(unit)}"
        for unit in ("workloads", "sealed")
    )
    for unit, reached in ((sealed, ["prod"]), (workloads, ["dev", "prod"])):
        share(client, group, [unit], *READ)
        for account in ("dev", "prod", "outsider"):
            describe = client(account, None, "sagemaker").describe_model_package_group
            if account in reached:
                assert describe(ModelPackageGroupName=group)["ModelPackageGroupArn"] == group
            else:
                refused("AccessDeniedException", describe, ModelPackageGroupName=group)
    assert not is_external(org, HUB, read_principal(org, workloads))
    unknown = workloads[:-1] + "x"
    message = refused("InvalidParameterException", client("hub", None, "ram").create_resource_share,
                      name=unique("share"), principals=[unknown])  # fmt: skip
    assert unknown in message


def test_what_one_shares_with_the_organisation_is_not_shared_with_oneself(client: Client, ram: Any) -> None:
    """Guards: the owner's own groups come up among other accounts' (RAM ListResources, OTHER-ACCOUNTS)."""
    group = new_group(client)
    share(client, group, ["arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"], *READ)
    others = ram.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"]
    assert group not in [one["arn"] for one in others]
    mine = ram.list_resources(resourceOwner="SELF")["resources"]
    assert group in [one["arn"] for one in mine]


def test_the_organisation_s_condition_stays_with_its_own_statement(client: Client, org: Emulator) -> None:
    """Guards: sharing with the organisation too writes its condition into the permission, and shuts others out."""
    group = new_group(client)
    everybody = "arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"
    here_only = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    share(client, group, [everybody, DEV], *READ, condition=here_only)
    for _ in range(2):
        named, organisation = (shared_policy(org, group, [group]) or {})["Statement"]
        assert named["Condition"] == here_only
        assert organisation["Condition"]["StringEquals"].keys() == {"aws:RequestedRegion", "aws:PrincipalOrgID"}


def test_whoever_is_outside_invites_everybody(org: Emulator) -> None:
    """Guards: a share of an account outside the organisation reaches a member that never accepted it."""
    assert is_external(org, OUTSIDER, read_principal(org, HUB))
    assert is_external(org, HUB, read_principal(org, OUTSIDER))
    assert not is_external(org, HUB, read_principal(org, DEV))


class TestInvitations:
    """An account outside the organisation is invited; the invitation lasts 12 hours (RAM user guide)."""

    @pytest.fixture
    def group(self, client: Client) -> str:
        group = new_group(client)
        self.share = share(client, group, [OUTSIDER], *READ, external=True)
        return group

    def invited(self, ram: Any) -> list[Any]:
        found = ram.get_resource_share_invitations(resourceShareArns=[self.share])
        return list(found["resourceShareInvitations"])

    def test_access_begins_with_acceptance(self, client: Client, group: str) -> None:
        """Guards: an invited account reads before it accepted."""
        registry, ram = client("outsider", None, "sagemaker"), client("outsider", None, "ram")
        refused("AccessDeniedException", registry.describe_model_package_group, ModelPackageGroupName=group)
        invited = self.invited(ram)
        assert [(one["status"], one["senderAccountId"]) for one in invited] == [("PENDING", HUB)]
        arn = invited[0]["resourceShareInvitationArn"]
        ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)
        assert registry.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"] == group
        refused(
            "ResourceShareInvitationAlreadyAcceptedException", ram.accept_resource_share_invitation,
            resourceShareInvitationArn=arn,
        )  # fmt: skip

    @pytest.mark.usefixtures("group")
    def test_an_invitation_expires(self, client: Client, org: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        """Guards: a spoke that is brought up a day after the hub finds its invitation still there."""
        ram = client("outsider", None, "ram")
        arn = self.invited(ram)[0]["resourceShareInvitationArn"]
        skip(monkeypatch, org, timedelta(hours=12))
        refused(
            "ResourceShareInvitationExpiredException", ram.accept_resource_share_invitation,
            resourceShareInvitationArn=arn,
        )  # fmt: skip
        left = client("hub", None, "ram").get_resource_share_associations(
            associationType="PRINCIPAL", resourceShareArns=[self.share]
        )
        assert left["resourceShareAssociations"] == []

    def test_a_rejected_invitation_grants_nothing(self, client: Client, group: str) -> None:
        """Guards: rejecting leaves the principal associated."""
        ram = client("outsider", None, "ram")
        arn = self.invited(ram)[0]["resourceShareInvitationArn"]
        assert (
            ram.reject_resource_share_invitation(resourceShareInvitationArn=arn)["resourceShareInvitation"]["status"]
            == "REJECTED"
        )
        registry = client("outsider", None, "sagemaker")
        refused("AccessDeniedException", registry.describe_model_package_group, ModelPackageGroupName=group)


def test_only_the_management_account_enables_sharing(client: Client, ram: Any) -> None:
    """Guards: a member account enables sharing with the organisation (boto:ram)."""
    refused("OperationNotPermittedException", ram.enable_sharing_with_aws_organization)
    assert client("management", None, "ram").enable_sharing_with_aws_organization()["returnValue"] is True
