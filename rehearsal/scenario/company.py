"""The company around the program: what exists before the first `pulumi up`.

Accounts, a service control policy, the people's roles. The accounts, the region and who approves come from the same
`Pulumi.yaml` that goes to real accounts; only what the company has beside the program is made up here.
"""

from __future__ import annotations

from typing import Any

from blueprint.organisation import Organisation
from rehearsal.organisation.core import Account
from rehearsal.organisation.settings import OrganisationSettings

MANAGEMENT = Account("management", "999999999999")
OUTSIDER = Account("outsider", "555555555555", in_organisation=False)
SPARE_STAGES = (Account("prod", "444444444444"),)
"""Accounts of the organisation that may have no stack yet."""

DEPLOY_ROLE = "OrganizationAccountAccessRole"
"""The role that AWS Organizations makes in every member account (organizations/orgs_manage_accounts_access)."""

APPLICATION_ROLE = "LendingApplication"
"""Of the account that serves: the application that asks the model about each loan."""

WORKLOADS = "Workloads"


def company(organisation: Organisation, seed: int) -> OrganisationSettings:
    """The emulated organisation for the accounts that the configuration names."""
    accounts = {"hub": organisation.hub} | {spoke.stack: spoke.account for spoke in organisation.spokes}
    members = [Account(name, account) for name, account in accounts.items()]
    spare = [account for account in SPARE_STAGES if account.name not in accounts]
    return OrganisationSettings(
        id=organisation.id or "o-a1b2c3d4e5",
        region=organisation.region,
        accounts=[MANAGEMENT, *members, *spare, OUTSIDER],
        management=MANAGEMENT.name,
        units={WORKLOADS: "root"},
        placed={account.name: WORKLOADS for account in [*members, *spare]},
        service_control_policies={WORKLOADS: {"Guardrails": guardrails(organisation.prefix, organisation.region)}},
        seed=seed,
        hurry=True,
    )


def application_rights(region: str, account: str, endpoints: list[str]) -> dict[str, Any]:
    """What the company lets its application do in the account: ask these endpoints through whatever API has them."""
    base = f"arn:aws:execute-api:{region}:{account}:*/$default/POST"
    paths = ["invocations", *(f"endpoints/{name}/invocations" for name in endpoints)]
    statement = {
        "Sid": "AskModels",
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": [f"{base}/{path}" for path in paths],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def guardrails(prefix: str, region: str) -> dict[str, Any]:
    """The control policy of the workload accounts.

    It keeps accounts in the organisation and calls in the region, and protects the role names that the hub admits: who
    could make a role of such a name in a spoke would be admitted (docs/architecture.md). It repeats none of the
    refusals that the program's own layers must give.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "StayInside", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"},
            {
                "Sid": "StayInTheRegion",
                "Effect": "Deny",
                "NotAction": ["iam:*", "organizations:*", "sts:*", "s3:ListAllMyBuckets"],
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": [region, "us-east-1"]}},
            },
            {
                "Sid": "ProtectTheAdmittedRoles",
                "Effect": "Deny",
                "Action": [
                    "iam:AttachRolePolicy",
                    "iam:CreateRole",
                    "iam:DeleteRolePolicy",
                    "iam:PutRolePolicy",
                    "iam:UpdateAssumeRolePolicy",
                ],
                "Resource": f"arn:aws:iam::*:role/{prefix}-*",
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{DEPLOY_ROLE}"}},
            },
        ],
    }  # fmt: skip
