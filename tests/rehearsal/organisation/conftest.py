"""An organisation per test session, with clients of any account and role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings

ACCOUNTS = (
    Account("management", "999999999999"),
    Account("hub", "111111111111"),
    Account("dev", "222222222222"),
    Account("test", "333333333333"),
    Account("prod", "444444444444"),
    Account("outsider", "555555555555", in_organisation=False),
)
SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region="eu-west-1",
    accounts=ACCOUNTS,
    management="management",
    units={"workloads": "root"},
    placed={"hub": "workloads", "dev": "workloads", "test": "workloads", "prod": "workloads"},
    service_control_policies={
        "workloads": {
            "stay": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "StayInTheOrganisation",
                        "Effect": "Deny",
                        "Action": "organizations:LeaveOrganization",
                        "Resource": "*",
                    }
                ],
            }
        }
    },
)

Client = Callable[..., Any]


@pytest.fixture(scope="session")
def org() -> Iterator[Emulator]:
    """The emulator, listening on a free loopback port. Shared: name what a test creates after the test."""
    with Emulator(SETTINGS) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def client(org: Emulator) -> Client:
    """`client(account, role, service)`: a boto3 client of a role in an account (`role=None`: its administrator)."""
    from rehearsal.organisation.control import Control

    return Control(org.endpoint).client


@pytest.fixture
def fresh() -> Iterator[Emulator]:
    """An organisation of the test's own, for what would disturb others (clock, stop, whole logs)."""
    with Emulator(SETTINGS) as emulator:
        yield emulator
