"""Networks: who has which addresses, and what is refused before a VPC is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.errors import ConfigurationError
from blueprint.network_settings import (
    ALL,
    DOCKERS,
    FLOW_LOG_DAYS,
    NetworkSettings,
    network_of,
    overlapping,
    subnets_of,
    zones_of,
)
from blueprint.organisation import Organisation, Spoke
from blueprint.settings import LOG_RETENTION_DAYS, Settings
from tests.blueprint.samples import DEV, TEST, configuration, fleet, organisation, stack_names

DEV_CIDR = "organisation.accounts.dev.cidr"


def settings(stack: str = "dev", **values: Any) -> NetworkSettings:
    return Settings.parse({**configuration(), **values}, stack).network


def problems(raw: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse(raw, "hub")
    return "\n".join(caught.value.problems)


def test_by_default_nothing_is_paid_for() -> None:
    """Guards: endpoints at a hundred and fifty dollars a month in every account that nobody asked for."""
    assert settings() == NetworkSettings(mode="PublicInternetOnly", zones=("a", "b"), flow_log_days=90)
    assert not settings().private
    chosen = settings(network={"mode": "VpcOnly", "zones": ["b", "c"], "flowLogDays": "30"})
    assert chosen == NetworkSettings(mode="VpcOnly", zones=("b", "c"), flow_log_days=30)
    assert chosen.private


def test_zones_are_those_that_new_accounts_of_a_region_have() -> None:
    """Guards: a default that no new account of Tokyo can bring up."""
    assert zones_of("eu-west-1") == ("a", "b")
    assert zones_of("ap-northeast-1") == ("a", "c")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({**configuration(), "network": {"mode": "VpcOnley"}}, ["network.mode", "did you mean VpcOnly"]),
        ({**configuration(), "network": {"zones": ["a"]}}, ["network.zones", "two letters"]),
        ({**configuration(), "network": {"zones": ["a", "a"]}}, ["network.zones", "already holds"]),
        ({**configuration(), "network": {"zones": ["a", "eu-west-1b"]}}, ["network.zones[1]", "letter"]),
        ({**configuration(), "network": {"flowLogDays": 31}}, ["network.flowLogDays is 31", "CloudWatch Logs"]),
        ({**configuration(), "network": {"nat": True}}, ["network.nat", "unknown"]),
        ({**configuration(), "network": "VpcOnly"}, ["network", "mapping"]),
        (configuration(DEV_CIDR, "10.20.0.0"), [DEV_CIDR, "private IPv4 network"]),
        (configuration(DEV_CIDR, "10.20.1.0/22"), [DEV_CIDR, "host bits"]),
        (configuration(DEV_CIDR, "8.8.0.0/22"), [DEV_CIDR, "private IPv4 network"]),
        (configuration(DEV_CIDR, "10.0.0.0/8"), [DEV_CIDR, "a /8", "/16 to /25"]),
        (configuration(DEV_CIDR, "10.0.0.0/26"), [DEV_CIDR, "a /26"]),
        (configuration(DEV_CIDR, "172.17.4.0/22"), [DEV_CIDR, "172.17.0.0/16", "containers"]),
        (configuration(DEV_CIDR, 10.2), [DEV_CIDR, "in quotes"]),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place(raw: dict[str, Any], words: list[str]) -> None:
    """Guards: what EC2 finds out in the middle of an `up`, or Docker on the first instance."""
    found = problems(raw)
    assert all(word in found for word in words), found


def test_flow_logs_are_kept_as_long_as_any_log_may_be() -> None:
    """Guards: two lists of what CloudWatch Logs takes."""
    assert FLOW_LOG_DAYS == LOG_RETENTION_DAYS


@given(stack_names, stack_names)
def test_an_account_keeps_its_addresses_whoever_else_comes(stack: str, other: str) -> None:
    """Guards: an account that is added moves another one's VPC, and with it everybody's Studio domain."""
    one, two = Spoke(stack=stack, account=DEV, stage="dev"), Spoke(stack=other, account=TEST, stage="test")
    alone = network_of(organisation(spokes=(one,)), stack)
    assert alone == network_of(organisation(spokes=(two, one)), stack)
    assert alone.subnet_of(ALL)
    assert not alone.overlaps(DOCKERS)
    first, second = subnets_of(alone)
    assert (first.num_addresses, second.num_addresses, first.overlaps(second)) == (512, 512, False)


def test_two_installations_and_two_regions_differ() -> None:
    """Guards: two installations of one organisation whose networks can never be connected."""
    networks = {
        network_of(organisation(**changes), "dev") for changes in ({}, {"prefix": "other"}, {"region": "us-east-1"})
    }
    assert len(networks) == 3


def test_what_overlaps_is_one_clear_error_with_the_mend() -> None:
    """Guards: two accounts that can't be connected years later, when both hold domains."""
    of = organisation()
    assert overlapping(of) == []
    raw = configuration(DEV_CIDR, str(network_of(of, "test")))
    assert problems(raw).startswith("organisation.accounts.test: its network"), "the one that nobody chose moves"
    assert 'set cidr of test to one that is free, such as "10.0.0.0/22"' in problems(raw)
    raw["organisation"]["accounts"]["test"]["cidr"] = "10.0.0.0/22"
    assert Settings.parse(raw, "test").network is not None


def test_a_large_network_is_compared_with_all_within_it() -> None:
    """Guards: looking at neighbours alone, where one network spans several."""
    spokes = tuple(
        Spoke(stack=f"dev-{number}", account=DEV, stage="dev", cidr=cidr)
        for number, cidr in enumerate(("10.0.0.0/16", "10.0.4.0/22", "10.0.8.0/22"))
    )
    assert len(overlapping(organisation(spokes=spokes, hub_cidr="192.168.0.0/22"))) == 2


@given(st.integers(2, 400))
def test_the_mends_that_are_offered_mend(size: int) -> None:
    """Guards: a network that is offered as free and isn't, or that is offered twice."""
    of = fleet(size)
    found = overlapping(of)
    offered = {line.split(".")[2].split(":")[0]: line.rsplit('"', 2)[1] for line in found}
    assert len(set(offered.values())) == len(found)
    assert overlapping(_moved(of, offered)) == []


def _moved(of: Organisation, offered: dict[str, str]) -> Organisation:
    spokes = tuple(replace(spoke, cidr=offered.get(spoke.stack)) for spoke in of.spokes)
    return replace(of, spokes=spokes, hub_cidr=offered.get("hub"))


def test_a_thousand_accounts_are_judged_by_their_real_networks() -> None:
    """Guards: a count of collisions that isn't one: every pair is compared here, slowly."""
    of = fleet(300)
    networks = [network_of(of, stack) for stack in ("hub", *(spoke.stack for spoke in of.spokes))]
    assert len(networks) - len(set(networks)) == len(overlapping(of))
    assert all(network.prefixlen == 22 for network in networks)
