"""Configuration: every mistake is named before anything is registered, all of them at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blueprint.errors import ConfigurationError
from blueprint.settings import HubSettings, Settings, SpokeSettings
from tests.blueprint.samples import CONFIGURATION, DEV, HUB, REGION, configuration, fleet

OTHER = {"account": "999999999999", "stage": "dev"}


def problems(raw: dict[str, Any], stack: str = "hub", declared: dict[str, Any] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse(raw, stack, declared)
    return caught.value.problems


def test_the_example_reads_as_hub_and_as_spoke() -> None:
    """Guards: a field that is read into the wrong place."""
    hub = Settings.parse(configuration(), "hub")
    dev = Settings.parse(configuration(), "dev")
    assert isinstance(hub, HubSettings)
    assert isinstance(dev, SpokeSettings)
    assert (hub.account, dev.account, dev.spoke.stage) == (HUB, DEV, "dev")
    assert dev.hub_stack == "organization/ml-governance/hub"
    assert hub.organisation == dev.organisation
    assert [stage.approvers for stage in hub.organisation.stages] == [
        (f"arn:aws:iam::{HUB}:role/ModelRiskOfficer",)
    ] * 3


def test_who_deploys_audits_and_operates_by_default() -> None:
    """Guards: deployers of the first stage, operators whom nobody named, auditors who can't look."""
    made = Settings.parse(configuration(without="organisation.operators"), "hub").organisation
    assert [stage.deployers for stage in made.stages] == [(), ("ModelDeployer",), ("ModelDeployer",)]
    assert made.auditors == (f"arn:aws:iam::{HUB}:role/ModelRiskOfficer",)
    assert made.operators == ()
    unstaged = Settings.parse(configuration(without="organisation.stages"), "hub").organisation
    assert [stage.deployers for stage in unstaged.stages] == [(), ("ModelDeployer",), ("ModelDeployer",)]


def test_a_lasting_installation_is_protected_and_waits_thirty_days() -> None:
    """Guards: defaults that delete keys or tables of an installation which nobody called a trial."""
    lasting = Settings.parse(configuration(), "hub")
    trial = Settings.parse({**configuration(), "statefulResources": "destroy"}, "hub")
    assert (lasting.stateful, lasting.key_deletion_days) == ("protect", 30)
    assert (trial.stateful, trial.key_deletion_days) == ("destroy", 7)


def _stages(names: str) -> list[dict[str, str]]:
    """A stage for each letter."""
    return [{"name": name, "lifecycle": name.upper()} for name in names]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (configuration("organisation.accounts.dev.account", "22222222222"), ["accounts.dev.account", "12 digits"]),
        (configuration("organisation.accounts.dev.account", 22222222222), ["1 leading zero", "quote it"]),
        (configuration("organisation.accounts.dev.account", 222222222222), ["the number 222222222222", "quote it"]),
        (configuration("organisation.accounts.dev.account", True), ["accounts.dev.account", "12 digits"]),
        (configuration("organisation.accounts.dev.account", HUB), ["also the account of hub", "sameAccount"]),
        (configuration("organisation.accounts.dev.stage", "devel"), ["'devel'", "no stage", "dev, test, prod"]),
        (configuration("organisation.accounts.dev.region", "eu-west-2"), ["eu-west-2", "eu-west-1", "regional"]),
        (configuration("organisation.accounts.dev.region", "Ireland"), ["'Ireland'", "AWS region"]),
        (configuration("organisation.accounts.hub-two", OTHER), ["not beginning with hub-"]),
        (configuration("organisation.accounts.Dev", OTHER), ["accounts.Dev", "lower-case"]),
        (configuration(without="organisation.accounts.hub"), ["accounts.hub", "missing", "one hub"]),
        (configuration(without="organisation.accounts"), ["accounts", "missing"]),
        (configuration(without="organisation.region"), ["region", "missing"]),
        (configuration("organisation.id", "a1b2c3d4e5"), ["o-a1b2c3d4e5"]),
        (configuration("organisation.prefix", "ml-gov"), ["'ml-gov'", "letters and digits"]),
        (configuration("organisation.modelPackageGroups", ["Model_Credit"]), ["modelPackageGroups[0]", "Model_Credit"]),
        (configuration("organisation.modelPackageGroups", ["A", "A"]), ["already holds"]),
        (configuration("organisation.modelPackageGroups", []), ["modelPackageGroups", "at least one"]),
        (configuration("organisation.modelPackageGroups", "A"), ["modelPackageGroups", "list"]),
        (configuration("organisation.modelPackageGroup", ["A"]), ["did you mean modelPackageGroups?"]),
        (configuration("organisation.accounts.dev.acount", DEV), ["did you mean account?"]),
        (configuration("organisation.stages.1.name", "dev"), ["earlier stage"]),
        (configuration("organisation.stages.1.lifecycle", "Development"), ["stage dev", "two stages"]),
        (configuration("organisation.stages.1.askedBy", ["qa"]), ["'qa'", "no stage"]),
        (configuration("organisation.stages.1.approvers", ["ModelRiskOfficer"]), ["ARN pattern", "account"]),
        (configuration("organisation.stages.1.approvers", ["arn:aws:iam::*:role/X"]), ["ARN pattern"]),
        (configuration("organisation.stages.1.approvers", []), ["nobody could approve"]),
        (configuration("organisation.stages.1.deployers", ["a/b"]), ["deployers[0]", "role's name"]),
        (configuration("organisation.auditors", ["Auditor"]), ["auditors[0]", "ARN pattern"]),
        (configuration("organisation.operators", "x"), ["operators", "list"]),
        (configuration("organisation.accounts.dev.volumeKey", "alias/x"), ["volumeKey", "not of an alias"]),
        (configuration("organisation.accounts.dev.volumeKey", f"arn:aws:kms:{REGION}:{HUB}:key/1"), ["account itself"]),
        (configuration("organisation.stages", []), ["stages", "order of promotion"]),
        (configuration("organisation.stages.0", "dev"), ["stages[0]", "mapping"]),
        (configuration("organisation.stages", _stages("abcdef")), ["organisation.stages", "6 stages", "at most 5"]),
        (configuration("organisation.stages.2.name", "dev-versions"), ["'dev-versions'", "rename"]),
        (configuration("organisation.region", "cn-north-1"), ["region", "cn-north-1"]),
        (configuration("organisation", "mlgov"), ["organisation", "mapping"]),
        ({}, ["organisation", "missing"]),
        ({**configuration(), "logRetentionDays": "31"}, ["logRetentionDays is 31", "CloudWatch Logs"]),
        ({**configuration(), "keyDeletionDays": "3"}, ["keyDeletionDays", "7 to 30"]),
        ({**configuration(), "keyDeletionDays": "7"}, ["keyDeletionDays", "scale out", "destroy"]),
        ({**configuration(), "statefulResources": "delete"}, ["'delete'", "protect, retain, destroy"]),
        ({**configuration(), "aws:region": "us-east-1"}, ["aws:region", "us-east-1", "remove aws:region"]),
        ({**configuration(), "logRetention": "30"}, ["logRetention", "did you mean logRetentionDays?"]),
        ({**configuration(), "deployRole": "arn:aws:iam::1:role/x"}, ["deployRole", "name of a role"]),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place_and_its_mend(raw: dict[str, Any], words: list[str]) -> None:
    """Guards: a mistake that AWS finds in the middle of an `up`, or that silently has no effect."""
    found = problems(raw)
    assert any(all(word in problem for word in words) for problem in found), found


def test_all_problems_come_in_one_message() -> None:
    """Guards: one mistake per run, so that a newcomer needs five runs."""
    raw = configuration("organisation.accounts.dev.account", 1)
    raw["organisation"]["accounts"]["test"]["stage"] = "nowhere"
    raw["organisation"]["modelPackageGroups"] = ["-bad-"]
    found = problems({**raw, "statefulResources": "keep"})
    assert len(found) == 4, found
    with pytest.raises(ConfigurationError, match="4 problems in the configuration; nothing was deployed"):
        Settings.parse({**raw, "statefulResources": "keep"}, "hub")


def test_an_unknown_stack_is_told_which_are_known() -> None:
    """Guards: `pulumi up` in a stack that nobody configured deploys something somewhere."""
    (problem,) = problems(configuration(), "prod")
    assert "'prod'" in problem
    assert "hub, dev, test" in problem


def test_a_stack_that_redefines_the_organisation_is_refused() -> None:
    """Guards: hub and spoke that disagree about accounts, since a stack's value replaces the whole object."""
    moved = configuration("organisation.accounts.dev.account", "999999999999")
    (problem,) = problems(moved, "dev", CONFIGURATION)
    assert "redefines" in problem
    assert "pulumi config rm ml-governance:organisation --stack dev" in problem
    assert Settings.parse(configuration(), "dev", CONFIGURATION).stack == "dev"


def test_digits_that_two_yaml_readers_read_differently_are_no_redefinition() -> None:
    """Guards: a misleading second problem beside the one that matters, the missing quotes."""
    engine = configuration("organisation.accounts.dev.account", 2.22222222222e11)
    file = configuration("organisation.accounts.dev.account", "222222222222")
    assert not any("redefines" in problem for problem in problems(engine, "dev", file))


def test_one_account_for_all_is_refused_unless_it_is_a_trial() -> None:
    """Guards: resource policies that restrict nothing, because hub and spoke are one account."""
    raw = configuration("organisation.accounts.dev.account", HUB)
    raw["organisation"]["accounts"]["test"]["account"] = HUB
    assert len(problems(raw)) == 2
    raw["organisation"]["sameAccount"] = True
    assert Settings.parse(raw, "dev").organisation.same_account
    raw["organisation"]["accounts"]["test"]["account"] = DEV
    assert any("one account" in problem for problem in problems(raw))


def fleet_configuration(size: int, *, organisation_id: bool) -> dict[str, Any]:
    raw = configuration()
    accounts = {
        spoke.stack: {
            "account": spoke.account,
            "stage": spoke.stage,
            "cidr": f"10.{number // 64}.{number % 64 * 4}.0/22",
        }
        for number, spoke in enumerate(fleet(size).spokes)
    }
    raw["organisation"]["accounts"] = {"hub": {"account": HUB, "cidr": "192.168.0.0/22"}, **accounts}
    if not organisation_id:
        del raw["organisation"]["id"]
    return raw


def test_a_policy_over_its_limit_is_found_before_anything_is_made() -> None:
    """Guards: AWS refuses the bus policy after half of the hub is up."""
    found = problems(fleet_configuration(200, organisation_id=False))
    assert any("event bus policy" in problem and "of these spokes fit" in problem for problem in found), found
    assert len(Settings.parse(fleet_configuration(1000, organisation_id=True), "hub").organisation.spokes) == 1000


def test_too_many_groups_for_a_role_are_found_before_anything_is_made() -> None:
    """Guards: IAM refuses the inline policies of a role that names hundreds of groups."""
    raw = configuration("organisation.modelPackageGroups", [f"Model{number:055}" for number in range(60)])
    assert any(
        "inline policies of role" in problem and "fewer model package groups" in problem for problem in problems(raw)
    )


junk: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from([HUB, DEV, "dev", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    "organisation", "organisation.accounts", "organisation.accounts.hub", "organisation.accounts.dev",
    "organisation.accounts.dev.account", "organisation.accounts.dev.stage", "organisation.accounts.dev.region",
    "organisation.stages", "organisation.stages.0", "organisation.stages.0.name", "organisation.stages.0.lifecycle",
    "organisation.stages.0.askedBy", "organisation.stages.0.approvers", "organisation.stages.0.users",
    "organisation.stages.0.requireMfa", "organisation.modelPackageGroups", "organisation.imageRepositories",
    "organisation.id", "organisation.prefix", "organisation.region", "organisation.sameAccount", "organisation.surplus",
    "statefulResources", "logRetentionDays", "keyDeletionDays", "deployRole", "permissionsBoundary", "hubStack",
    "aws:region", "surplus",
]  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(PLACES), junk, min_size=1, max_size=3), st.sampled_from(["hub", "dev", "x", ""]))
def test_whatever_stands_in_the_configuration_the_answer_is_settings_or_one_message(
    changes: dict[str, Any], stack: str
) -> None:
    """Guards: a traceback, which tells a newcomer nothing."""
    raw = copy.deepcopy(CONFIGURATION)
    for place, value in sorted(changes.items(), reverse=True):
        *above, last = place.split(".")
        target: Any = raw
        for part in above:
            target = target[int(part)] if isinstance(target, list) else target[part]
        if isinstance(target, list):
            target[int(last)] = value
        else:
            target[last] = value
    found: tuple[str, ...] | None = None
    try:
        parsed = Settings.parse(raw, stack, CONFIGURATION)
    except ConfigurationError as error:
        found = error.problems
    if found is None:
        assert parsed.stack == stack
    else:
        assert found, "a refusal names at least one problem"
        assert all(problem == problem.strip() and "\n" not in problem for problem in found)
