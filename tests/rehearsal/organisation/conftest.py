"""An organisation per test session, with clients of any account and role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import SETTINGS, Client


@pytest.fixture(scope="session")
def org() -> Iterator[Emulator]:
    """The emulator, listening on a free loopback port. Shared: what a test creates needs a name of its own."""
    with Emulator(SETTINGS) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def client(org: Emulator) -> Client:
    """`client(account, role, service)`: a boto3 client of a role in an account (`role=None`: its administrator)."""
    return Control(org.endpoint).client


@pytest.fixture
def fresh() -> Iterator[Emulator]:
    """An organisation of the test's own, for what would disturb others (clock, stop, whole logs)."""
    with Emulator(SETTINGS) as emulator:
        yield emulator
