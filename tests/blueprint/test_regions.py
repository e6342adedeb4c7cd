"""Several regions and several installations: nothing of one is named like anything of another."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint.errors import ConfigurationError
from blueprint.names import PREFIX_PATTERN, Names
from blueprint.regions import REGION_PATTERN, in_region, region_code
from blueprint.settings import HubSettings, Settings, SpokeSettings
from tests.blueprint.every_name import every_name
from tests.blueprint.samples import DEV, HUB, REGION, configuration, organisation, prefixes, stack_names

REGIONS = sorted(
    region
    for partition in ("aws", "aws-us-gov")
    for region in boto3.session.Session().get_available_regions("sagemaker", partition)
)
ELSEWHERE = "us-east-1"
KEY = f"arn:aws:kms:{REGION}:{DEV}:key/1"


def texts(stacks: set[str]) -> dict[str, list[str]]:
    """What makers are given where they take any text."""
    return {
        "account": [HUB],
        "stack": sorted({"hub", *stacks}),
        "stage": sorted(stacks) or ["dev"],
        "level": ["consumer", "contributor-register"],
        "template_digest": ["0123456789abcdef"],
        "script_digest": ["0123456789abcdef"],
        "part": ["", "public-a"],
        "profile": ["data-scientist"],
        "what": ["capture-errors"],
        "repository": ["serving"],
    }


def names_of(names: Names, stacks: set[str]) -> set[str]:
    return {name for made in every_name(names, texts(stacks)).values() for name in made}


def several(*regions: str, **changes: Any) -> dict[str, Any]:
    raw = configuration("organisation.regions", list(regions))
    raw["organisation"]["accounts"]["dev"] |= changes
    return raw


def problems(raw: dict[str, Any], stack: str = "hub") -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse(raw, stack)
    return "\n".join(caught.value.problems)


def test_every_region_has_a_code_of_its_own() -> None:
    """Guards: two regions whose codes are one, and with them IAM roles of two hubs."""
    codes = {region: region_code(region) for region in REGIONS}
    assert len(set(codes.values())) == len(REGIONS) > 25
    assert codes["us-east-1"] == "use1"
    assert codes["ap-southeast-2"] == "apse2"
    assert codes["us-gov-west-1"] == "usgovw1"
    assert all(PREFIX_PATTERN.fullmatch(f"mlgov{code}") for code in codes.values())


@given(st.lists(st.from_regex(REGION_PATTERN, fullmatch=True), min_size=2, max_size=2, unique=True))
def test_codes_of_regions_that_aws_has_yet_to_open_differ_too(pair: list[str]) -> None:
    """Guards: a code that is cut so short that a new region collides."""
    assert region_code(pair[0]) != region_code(pair[1])


@settings(max_examples=40, deadline=None)
@given(st.sets(prefixes, min_size=2, max_size=3), st.sets(stack_names, max_size=3))
def test_two_installations_in_one_account_share_no_name(installations: set[str], stacks: set[str]) -> None:
    """Guards: a second installation that takes over, or is refused for, what the first one made."""
    made = [names_of(Names(prefix, REGION), stacks) for prefix in sorted(installations)]
    assert all(not one & other for one, other in combinations(made, 2))


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from(REGIONS), min_size=1, max_size=3), st.sets(stack_names, max_size=3))
def test_two_regions_of_an_installation_share_no_name(regions: set[str], stacks: set[str]) -> None:
    """Guards: IAM or S3, whose names are global, refusing the second region's hub."""
    home = organisation(regions=tuple(sorted(regions)))
    everywhere = [home, *(in_region(home, region) for region in sorted(regions - {REGION}))]
    made = [names_of(one.names, stacks) for one in everywhere]
    assert all(not one & other for one, other in combinations(made, 2))


def test_no_two_makers_of_a_name_for_one_service_make_the_same() -> None:
    """Guards: a hub's role, queue or rule that has the name of a spoke's."""
    made = every_name(Names("mlgov", REGION), texts({"dev", "test", "dev-2"}) | {"stack": ["dev", "test", "dev-2"]})
    roles = [name for maker in made if "role" in maker for name in made[maker]]
    queues = [name for maker in ("queue", "forward_dlq") for name in made[maker]]
    rules = [name for maker in ("hub_rule", "schedule_rule", "forward_rule") for name in made[maker]]
    for group in (roles, queues, rules):
        assert len(group) == len(set(group))
    assert len(roles) > 25


def test_a_stack_of_a_further_region_is_the_same_account_there() -> None:
    """Guards: a region's stack that goes into another account, the home region, or finds the home region's hub."""
    raw = several(ELSEWHERE)
    hub, dev = Settings.parse(raw, f"hub.{ELSEWHERE}"), Settings.parse(raw, f"dev.{ELSEWHERE}")
    home = Settings.parse(raw, "dev")
    assert isinstance(hub, HubSettings)
    assert isinstance(dev, SpokeSettings)
    assert isinstance(home, SpokeSettings)
    assert (hub.account, dev.account, dev.stack, dev.spoke.stage) == (HUB, DEV, "dev", "dev")
    assert {hub.organisation.region, dev.organisation.region} == {ELSEWHERE}
    assert (hub.organisation.prefix, home.organisation.prefix) == ("mlgovuse1", "mlgov")
    assert dev.hub_stack == f"organization/ml-governance/hub.{ELSEWHERE}"
    assert home.hub_stack == "organization/ml-governance/hub"
    assert hub.tags != home.tags


def test_a_spoke_is_where_its_account_says() -> None:
    """Guards: policies of a region's hub that admit, and functions that look for, an account that isn't there."""
    raw = several(ELSEWHERE, "us-west-2", regions={"us-west-2": {}})
    assert [spoke.stack for spoke in Settings.parse(raw, "hub").organisation.spokes] == ["dev", "test"]
    assert [spoke.stack for spoke in Settings.parse(raw, f"hub.{ELSEWHERE}").organisation.spokes] == ["test"]
    assert [spoke.stack for spoke in Settings.parse(raw, "hub.us-west-2").organisation.spokes] == ["dev", "test"]
    assert f"known: hub.{ELSEWHERE}, test.{ELSEWHERE}" in problems(raw, f"dev.{ELSEWHERE}")


def test_what_is_regional_in_an_account_is_of_the_stack_s_region() -> None:
    """Guards: a network of the home region's addresses, or a serving role that pulls from a registry it can't reach."""
    there = f"arn:aws:kms:{ELSEWHERE}:{DEV}:key/2"
    raw = several(ELSEWHERE, volumeKey=KEY, cidr="10.1.0.0/22", regions={ELSEWHERE: {"volumeKey": there}})
    repositories = [f"arn:aws:ecr:{region}:{HUB}:repository/xgboost" for region in (REGION, ELSEWHERE)]
    raw["organisation"]["imageRepositories"] = repositories
    raw["organisation"]["buckets"] = {"artifacts": "models-of-old"}
    home, other = Settings.parse(raw, "dev"), Settings.parse(raw, f"dev.{ELSEWHERE}")
    assert isinstance(home, SpokeSettings)
    assert isinstance(other, SpokeSettings)
    assert (home.spoke.volume_key, other.spoke.volume_key) == (KEY, there)
    assert (home.spoke.cidr, other.spoke.cidr) == ("10.1.0.0/22", None)
    assert home.organisation.image_repositories == (repositories[0],)
    assert other.organisation.image_repositories == (repositories[1],)
    assert home.organisation.names.bucket(HUB) == "models-of-old"
    assert other.organisation.names.bucket(HUB) == f"mlgovuse1-artifacts-{HUB}-{ELSEWHERE}"


@pytest.mark.parametrize(
    ("raw", "stack", "words"),
    [
        (several(REGION), "hub", ["organisation.regions", "is already"]),
        (several("us-gov-west-1"), "hub", ["another partition"]),
        (several("us-east-9x"), "hub", ["organisation.regions[0]", "AWS region"]),
        (several(ELSEWHERE, ELSEWHERE), "hub", ["already holds"]),
        (several(ELSEWHERE), "dev.us-west-2", ["'us-west-2'", "known: us-east-1", "organisation.regions"]),
        (configuration(), f"dev.{ELSEWHERE}", ["known: none"]),
        (several(ELSEWHERE), "dev.", ["''"]),
        (several(ELSEWHERE), "hub.us-east-1.us-east-1", ["'us-east-1.us-east-1'"]),
        (several(ELSEWHERE, regions={"us-west-2": {}}), "hub", ["dev.regions", "us-west-2", "isn't a region beside"]),
        (several(ELSEWHERE, regions={"Virginia": {}}), "hub", ["dev.regions.Virginia", "AWS region"]),
        (several(ELSEWHERE, regions=[ELSEWHERE]), "hub", ["dev.regions", "mapping"]),
        (several(ELSEWHERE, regions={ELSEWHERE: {"cidrs": "x"}}), "hub", ["did you mean cidr?"]),
        (several(ELSEWHERE, volumeKey=KEY), "hub", ["dev.volumeKey", "silently", ELSEWHERE]),
        (several(ELSEWHERE, volumeKey=KEY, regions={ELSEWHERE: {}}), "hub", ["dev.volumeKey", "silently"]),
    ],
)  # fmt: skip
def test_each_mistake_about_regions_is_named(raw: dict[str, Any], stack: str, words: list[str]) -> None:
    """Guards: a region that silently has no effect, or a stack that lands in the home region."""
    found = problems(raw, stack)
    assert all(word in found for word in words), found


def test_a_prefix_that_leaves_no_room_for_a_region_is_refused() -> None:
    """Guards: names cut at the end, where the regions' names differ."""
    raw = several("us-gov-west-1")
    raw["organisation"] |= {"prefix": "governance", "region": "us-gov-east-1"}
    found = problems(raw)
    assert "usgovw1" in found
    assert "over 16 characters" in found


def test_one_s_own_region_setting_may_not_contradict_the_stack() -> None:
    """Guards: a stack of one region whose provider works in another."""
    raw = several(ELSEWHERE)
    assert Settings.parse({**raw, "aws:region": ELSEWHERE}, f"dev.{ELSEWHERE}").organisation.region == ELSEWHERE
    assert "the stack's region is 'us-east-1'" in problems({**raw, "aws:region": REGION}, f"dev.{ELSEWHERE}")
