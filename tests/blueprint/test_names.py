"""Physical names: distinct, within limits, derivable before the resource exists."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint import limits
from blueprint.functions import FUNCTION_SPECS, FUNCTIONS
from blueprint.names import PURPOSES, SPOKE_RULES, TABLES, Bucket, Names, fit, partition_of
from tests.blueprint.samples import account_ids, prefixes, regions, stack_names

stages = st.from_regex(r"[a-z](-?[a-z0-9]){0,23}", fullmatch=True)


def role_names(prefix: str, stacks: set[str], stage_names: set[str]) -> list[str]:
    names = Names(prefix, "eu-west-1")
    spokes = [names.role(stack, purpose) for stack in sorted(stacks) for purpose in PURPOSES]
    hub = [names.hub_role("execution"), *(names.hub_role(function) for function in FUNCTIONS)]
    return spokes + hub + [names.approver_role(stage) for stage in sorted(stage_names)]


@given(st.sets(prefixes, min_size=1, max_size=4), st.sets(stack_names, max_size=8), st.sets(stages, max_size=4))
def test_distinct_inputs_give_distinct_role_names(
    prefix_names: set[str], stacks: set[str], stage_names: set[str]
) -> None:
    """Guards: two installations, or a spoke and an approver, share one role and with it each other's rights."""
    made = [name for prefix in sorted(prefix_names) for name in role_names(prefix, stacks, stage_names)]
    assert len(made) == len(set(made))


@given(prefixes, stack_names, stages, regions, account_ids)
def test_every_name_is_within_its_service_s_limit(
    prefix: str, stack: str, stage: str, region: str, account: str
) -> None:
    """Guards: a long stack name passes the preview and fails in the middle of an `up`."""
    names = Names(prefix, region)
    within = {
        limits.ROLE_NAME: [*(names.role(stack, purpose) for purpose in PURPOSES), names.approver_role(stage)],
        limits.BUCKET_NAME: [
            *(names.bucket(account, bucket) for bucket in get_args(Bucket)),
            names.tracking_bucket(stack, account),
        ],
        limits.TRACKING_NAME: [names.tracking(stack)],
        limits.QUEUE_NAME: [*(names.queue(spec.dead_letters) for spec in FUNCTION_SPECS), names.forward_dlq(stack)],
        limits.RULE_NAME: [
            names.hub_rule("forwarded"),
            *(names.schedule_rule(function) for function in FUNCTIONS),
            *(names.forward_rule(stack, rule) for rule in SPOKE_RULES),
        ],
        limits.TABLE_NAME: [names.table(table) for table in TABLES],
        limits.FUNCTION_NAME: [names.function(function) for function in FUNCTIONS],
        limits.TOPIC_NAME: [names.topic],
        limits.SINK_NAME: [names.sink],
        limits.PERMISSION_NAME: [names.permission("contributor-register", "0123456789abcdef")],
    }
    for limit, made in within.items():
        assert all(len(name) <= limit for name in made), (limit, made)


@given(st.lists(st.text(alphabet="abc-", min_size=1, max_size=60), unique=True, max_size=30), st.integers(12, 40))
def test_shortening_keeps_names_apart(texts: list[str], limit: int) -> None:
    """Guards: names cut at the limit, which collide where only their ends differ."""
    made = [fit(text, limit) for text in texts]
    assert len(set(made)) == len(texts)
    assert all(len(name) <= limit for name in made)


def test_a_permission_s_name_follows_its_template() -> None:
    """Guards: a changed RAM template keeps its name, and the create-only permission can't be replaced."""
    names = Names("mlgov", "eu-west-1")
    assert names.permission("consumer", "a" * 64) != names.permission("consumer", "b" * 64)
    long = "p" * 16
    assert Names(long, "eu-west-1").permission("contributor-register", "a" * 64) != Names(long, "eu-west-1").permission(
        "contributor-register", "b" * 64
    )


def test_the_names_of_the_example_are_what_the_contracts_promise() -> None:
    """Guards: a renamed role or table orphans what exists and locks spokes out."""
    names = Names("mlgov", "eu-west-1")
    assert names.role("dev", "execution") == "mlgov-dev-execution"
    assert names.hub_role("approval") == "mlgov-hub-approval"
    assert names.approver_role("test") == "mlgov-hub-approver-test"
    assert names.bucket("111111111111") == "mlgov-artifacts-111111111111-eu-west-1"
    assert names.table("modelgovernanceledger") == "mlgov_modelgovernanceledger"
    assert (names.bus, names.queue("capture")) == ("mlgov-governance", "mlgov-capture")
    assert names.forward_dlq("dev") == "mlgov-dev-forward-dlq"
    assert names.log_group("capture") == "/aws/lambda/mlgov-capture"
    assert (names.alias("artifacts"), names.alias("governance")) == ("alias/mlgov-artifacts", "alias/mlgov-governance")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns_use_the_region_s_partition(region: str, partition: str) -> None:
    """Guards: `arn:aws:` written out, which matches nothing in China or GovCloud."""
    assert partition_of(region) == partition
    names = Names("mlgov", region)
    hub = "111111111111"
    for arn in (names.role_arn(hub, "r"), names.bucket_arn(hub), names.bus_arn(hub), names.group_arn(hub, "g")):
        assert arn.startswith(f"arn:{partition}:")


def test_a_rule_on_a_named_bus_has_the_bus_in_its_arn() -> None:
    """Guards: a queue policy that admits `rule/<name>` only, so that everything from the governance bus is lost."""
    names = Names("mlgov", "eu-west-1")
    assert names.rule_arn("1" * 12, "r").endswith(":rule/r")
    assert names.rule_arn("1" * 12, "r", "bus").endswith(":rule/bus/r")


def test_the_stand_in_key_arn_is_as_long_as_a_real_one() -> None:
    """Guards: policies measured with a shorter key ARN, which AWS then refuses."""
    real = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert len(Names("mlgov", "eu-west-1").key_arn_like("111111111111")) == len(real)
