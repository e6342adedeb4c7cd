"""Layers: what each says alone, SCP and RCP above all.

The pages are under docs.aws.amazon.com/organizations/latest/userguide/.
"""

from __future__ import annotations

from typing import Any

import pytest

from access.layers import Layer
from access.services import RCP_SERVICES
from tests.access.samples import (
    ACCOUNT,
    KEY,
    OTHER,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    USER,
    allow,
    allowed,
    aws,
    deny,
    judged,
    layered,
    policy,
    trust,
)

FULL = policy(allow(Sid="FullAWSAccess"))
EVERYTHING = [policy(allow())]
LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


def only(*services: str) -> dict[str, Any]:
    return policy(allow([f"{service}:*" for service in services]))


def no(*services: str) -> dict[str, Any]:
    return policy(deny([f"{service}:*" for service in services]))


SCENARIOS = [
    # orgs_manage_policies_scps_evaluation.html, scenarios 1 to 7: levels from the root to the account, then the
    # services that are open and those that aren't.
    ("1: account A", [[FULL], [FULL, no("s3")], [FULL]], "ec2 sqs", "s3"),
    ("1: account B", [[FULL], [FULL, no("s3")], [FULL, no("ec2")]], "sqs", "s3 ec2"),
    ("2: an Allow at every level", [[FULL], [only("ec2")], [FULL]], "ec2", "s3 sqs"),
    ("3: only a Deny at the root", [[no("s3")], [FULL], [FULL]], "", "s3 ec2 sqs"),
    ("4: account D", [[FULL], [FULL], [FULL, no("ec2")], [FULL]], "s3 sqs", "ec2"),
    ("4: accounts E and F", [[FULL], [FULL], [FULL], [FULL]], "s3 ec2 sqs", ""),
    ("5: account D", [[FULL], [FULL], [only("ec2")], [FULL]], "ec2", "s3 sqs"),
    ("6: account D", [[FULL, no("s3")], [FULL], [only("s3")], [FULL]], "", "s3 ec2 sqs"),
    ("6: accounts E and F", [[FULL, no("s3")], [FULL], [FULL], [FULL]], "ec2 sqs", "s3"),
    ("7: two allow lists", [[only("iam", "ec2"), only("s3", "cloudwatch")], [FULL]], "iam ec2 s3 cloudwatch", "sqs"),
]


@pytest.mark.parametrize(("scenario", "levels", "open_", "closed"), SCENARIOS)
def test_the_scenarios_of_the_scp_page_hold(scenario: str, levels: Any, open_: str, closed: str) -> None:
    """Guards: an Allow missing at one level, a Deny at another, an allow list at a third."""
    for service in open_.split():
        request = (USER, f"{service}:Do", "*")
        assert allowed(*request, identity_policies=EVERYTHING, service_control_policies=levels), scenario
    for service in closed.split():
        request = (USER, f"{service}:Do", "*")
        assert not allowed(*request, identity_policies=EVERYTHING, service_control_policies=levels), scenario


def test_a_level_without_documents_allows_nothing_and_no_level_restricts_nothing() -> None:
    """Guards: a level whose FullAWSAccess was detached and not replaced, taken for one without restriction.

    "If this policy is removed and not replaced at any level …, all OUs and accounts under that level would be blocked".
    """
    found = judged(USER, identity_policies=EVERYTHING, service_control_policies=[[FULL], []])
    assert (found.allowed, found.by) == (False, "scp")
    assert found.reason.startswith("no service control policy at level 1 allows s3:GetObject")
    assert allowed(USER, identity_policies=EVERYTHING, service_control_policies=[])


def test_an_scp_grants_nothing() -> None:
    """Guards: "No permissions are granted by an SCP"."""
    assert not allowed(USER, service_control_policies=[[FULL]])


@pytest.mark.parametrize("principal", [ROOT, USER, SESSION])
def test_an_scp_binds_users_roles_and_the_root_of_a_member_account(principal: str) -> None:
    """Guards: "SCPs affect all users and roles in attached accounts, including the root user"; a resource policy that
    names the user doesn't get round it.
    """
    own = policy({**allow(), "Principal": "*"})
    levels = [[policy(allow(), deny("s3:*"))]]
    assert not allowed(principal, identity_policies=EVERYTHING, resource_policy=own, service_control_policies=levels)


@pytest.mark.parametrize("principal", [SERVICE, "*", LINKED])
def test_an_scp_binds_no_service_and_no_service_linked_role(principal: str) -> None:
    """Guards: a service refused by the SCP of the account that it works for."""
    own = policy({**allow(), "Principal": "*"})
    assert layered(principal, resource_policy=own, service_control_policies=[[no("s3")]])["scp"].decision == "absent"
    assert allowed(principal, resource_policy=own, service_control_policies=[[no("s3")]])


def test_a_service_linked_role_is_known_by_its_path() -> None:
    """Guards: a role of an administrator's that slips past the SCP by its name alone."""
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForECS/s"
    denied: dict[str, Any] = {"identity_policies": EVERYTHING, "service_control_policies": [[no("s3")]]}
    assert not allowed(session, **denied)
    assert allowed(session, context={"aws:PrincipalArn": LINKED}, **denied)


def test_the_management_account_is_bound_by_neither() -> None:
    """Guards: "SCPs don't affect users or roles in the management account", "RCPs don't affect resources in" it."""
    closed: dict[str, Any] = {
        "identity_policies": EVERYTHING,
        "service_control_policies": [[no("s3")]],
        "resource_control_policies": [[policy({**deny(), "Principal": "*"})]],
    }
    assert not allowed(USER, **closed)
    assert allowed(USER, management_account=ACCOUNT, **closed)
    assert not allowed(USER, management_account=OTHER, **closed)


OUTSIDE = policy(
    {
        **deny(
            "*",
            Sid="EnforceOrgIdentities",
            Condition={
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        ),
        "Principal": "*",
    }
)
"""orgs_manage_policies_rcps_examples.html: only identities of the organisation, and services."""


def test_an_rcp_keeps_outsiders_out_whatever_the_resource_policy_says() -> None:
    """Guards: the perimeter of the page's example; a service principal must pass."""
    bucket = policy({**allow("s3:*"), "Principal": "*"})
    outsider = f"arn:aws:iam::{OTHER}:user/o"
    given: dict[str, Any] = {
        "owner": ACCOUNT, "resource_policy": bucket, "resource_control_policies": [[FULL_RCP], [FULL_RCP, OUTSIDE]],
    }  # fmt: skip
    found = judged(outsider, identity_policies=EVERYTHING, **given)
    assert found.by == "rcp level 1 policy 1 statement EnforceOrgIdentities"
    member = {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}
    assert allowed(outsider, identity_policies=EVERYTHING, context=member, **given)
    assert allowed(SERVICE, **given)
    assert not allowed("*", **given)


FULL_RCP = policy({**allow(Sid="RCPFullAWSAccess"), "Principal": "*"})


def test_an_rcp_without_an_allow_still_has_the_one_that_cant_be_detached() -> None:
    """Guards: orgs_manage_policies_rcps_evaluation.html: "You cannot detach this policy"."""
    member = {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}
    assert allowed(USER, context=member, identity_policies=EVERYTHING, resource_control_policies=[[], [OUTSIDE]])


@pytest.mark.parametrize(
    ("action", "resource", "bound"),
    [
        ("s3:GetObject", "arn:aws:s3:::b/k", True),
        ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", True),
        ("dynamodb:PartiQLInsert", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t", True),
        ("events:PutEvents", f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/b", True),
        ("logs:PutLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:g", True),
        ("sagemaker:CreateModelPackage", f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/g/1", False),
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f", False),
        ("iam:PassRole", ROLE, False),
    ],
)
def test_an_rcp_binds_only_the_services_that_have_it(action: str, resource: str, bound: bool) -> None:
    """Guards: an RCP that guards SageMaker in the rehearsal and not in AWS.

    orgs_manage_policies_rcps.html#rcp-supported-services.
    """
    everybody = policy({**deny(), "Principal": "*"})
    given: dict[str, Any] = {"identity_policies": EVERYTHING, "resource_control_policies": [[everybody]]}
    assert allowed(USER, action, resource, None, **given) is not bound
    assert (action.partition(":")[0] in RCP_SERVICES) is bound


def test_an_rcp_binds_neither_service_linked_roles_nor_kms_retire_grant() -> None:
    """Guards: orgs_manage_policies_rcps.html#actions-not-restricted-by-rcps, and the trust of service-linked roles."""
    everybody: dict[str, Any] = {"resource_control_policies": [[policy({**deny(), "Principal": "*"})]]}
    assert allowed(LINKED, identity_policies=EVERYTHING, **everybody)
    key = policy({**allow("kms:*"), "Principal": aws(USER)})
    assert allowed(USER, "kms:RetireGrant", KEY, None, resource_policy=key, **everybody)
    assert not allowed(USER, "kms:Decrypt", KEY, None, resource_policy=key, **everybody)
    service = "ecs.amazonaws.com"
    assert allowed(service, "sts:AssumeRole", LINKED, None, role_trust=trust({"Service": service}), **everybody)
    assert not allowed(service, "sts:AssumeRole", ROLE, None, role_trust=trust({"Service": service}), **everybody)


def test_an_endpoint_policy_must_allow_what_goes_through_it() -> None:
    """Guards: vpc/latest/privatelink/vpc-endpoints-access.html: an endpoint's policy lets through, it doesn't grant."""
    through = policy({**allow("s3:*", "arn:aws:s3:::hub/*"), "Principal": "*"})
    given: dict[str, Any] = {"identity_policies": EVERYTHING, "vpc_endpoint_policy": through}
    assert allowed(USER, "s3:GetObject", "arn:aws:s3:::hub/k", **given)
    found = judged(USER, "s3:GetObject", "arn:aws:s3:::elsewhere/k", **given)
    assert (found.allowed, found.by) == (False, "endpoint")
    assert not allowed(USER, "s3:GetObject", "arn:aws:s3:::hub/k", vpc_endpoint_policy=through)


def test_each_layer_is_judged_alone() -> None:
    """Guards: two layers that guard the same thing, of which only one is ever seen to work."""
    both = layered(
        SESSION,
        "sagemaker:CreateModelPackage",
        f"arn:aws:sagemaker:eu-west-1:{OTHER}:model-package/g/1",
        None,
        {"sagemaker:ModelApprovalStatus": "Approved"},
        identity_policies=[
            {
                "name": "execution/registry",
                "policy": policy(
                    allow("sagemaker:CreateModelPackage"),
                    deny(
                        "sagemaker:CreateModelPackage",
                        Sid="DenyApproval",
                        Condition={"StringNotEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
                    ),
                ),
            }
        ],
        permissions_boundary=policy(allow("sagemaker:*")),
        session_policy=policy(allow("s3:*")),
        service_control_policies=[[FULL], [FULL]],
        resource_control_policies=[[FULL_RCP]],
        resource_policy=policy(
            {
                **allow(
                    "sagemaker:CreateModelPackage",
                    Condition={"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
                ),
                "Principal": aws(ACCOUNT),
            }
        ),
    )
    assert {name: (one.decision, one.by) for name, one in both.items()} == {
        "identity": ("denied", "identity policy execution/registry statement DenyApproval"),
        "boundary": ("allowed", "permissions boundary statement 0"),
        "session": ("silent", "no statement of the session policy"),
        "scp": ("allowed", "scp level 1 policy 0 statement FullAWSAccess"),
        "rcp": ("absent", ""),
        "resource": ("silent", "no statement of the resource policy"),
        "trust": ("absent", ""),
        "grants": ("absent", ""),
        "endpoint": ("absent", ""),
    }


@pytest.mark.parametrize("order", [1, -1])
def test_the_closest_statement_counts_whatever_its_place(order: int) -> None:
    """Guards: a statement for the account that hides the one for the user, which needs no identity policy."""
    both = [{**allow(Sid="Account"), "Principal": aws(ACCOUNT)}, {**allow(Sid="User"), "Principal": aws(USER)}]
    found = layered(USER, resource_policy=policy(*both[::order]))["resource"]
    assert (found.decision, found.by) == ("allowed", "resource policy statement User")
    assert allowed(USER, resource_policy=policy(*both[::order]))


def test_the_layers_come_in_one_order() -> None:
    """Guards: callers that show them side by side."""
    order: list[Layer] = [
        "identity", "boundary", "session", "scp", "rcp", "resource", "trust", "grants", "endpoint",
    ]  # fmt: skip
    assert list(layered()) == order
    assert {one.decision for one in layered().values()} == {"absent"}
