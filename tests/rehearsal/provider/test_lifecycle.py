"""The life of one resource against scripted clients: half-made ones are kept, gone ones are no error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.clients import NeverReady, error_code, is_gone, retrying, wait_until
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.lifecycle import REGION_SUFFIX, Incomplete, Lifecycle
from rehearsal.provider.metadata import type_data
from rehearsal.provider.plan import plan
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import Props
from tests.rehearsal.provider.fakes import Answer, FakeClients, aws_error

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
GROUP_ANSWER = {
    "logGroups": [{"logGroupName": "/mlgov", "arn": "arn:aws:logs:eu-west-1:111111111111:log-group:/mlgov:*"}]
}
PLANNED = {"name": "/mlgov", "retentionInDays": 30, "skipDestroy": False, "tags": {}, "tagsAll": {"owner": "risk"}}


def life(**answers: Answer) -> tuple[Lifecycle, FakeClients]:
    """A log group's life, every call answered with nothing unless told otherwise."""
    silent = ("create_log_group", "put_retention_policy", "delete_log_group", "tag_resource", "untag_resource")
    usual: dict[str, Answer] = {operation: {} for operation in silent}
    clients = FakeClients(
        {
            **usual,
            "describe_log_groups": GROUP_ANSWER,
            "list_tags_for_resource": {"tags": {"owner": "risk"}},
            **answers,
        },
        Configuration(region="eu-west-1", default_tags={"owner": "risk"}, ignored_tags=["other"]),
    )
    return Lifecycle(TYPES[LOG_GROUP], type_data(LOG_GROUP), clients), clients


def test_a_creation_returns_the_state_that_aws_has() -> None:
    """Guards against a state that repeats what was sent, whether or not AWS took it."""
    described = {"logGroups": [{**GROUP_ANSWER["logGroups"][0], "retentionInDays": 30}]}
    made, clients = life(describe_log_groups=described)
    found = made.create(dict(PLANNED))
    assert found.physical_id == "/mlgov"
    assert (found.state["retentionInDays"], found.state["region"]) == (30, "eu-west-1")
    assert found.state["arn"].endswith("log-group:/mlgov")
    assert (found.state["tags"], found.state["tagsAll"]) == ({}, {"owner": "risk"})
    assert clients.called("create_log_group") == [{"logGroupName": "/mlgov", "tags": {"owner": "risk"}}]


def test_a_parameter_that_aws_drops_is_seen_in_the_state() -> None:
    """Guards against a dropped parameter that passes as set: the state is what AWS returns, so the preview differs."""
    made, _ = life()
    assert made.create(dict(PLANNED)).state["retentionInDays"] == 0


def test_a_failed_creation_leaves_nothing_behind() -> None:
    """Guards against a resource in the state that was never made, and whose destroy would fail."""
    made, _ = life(
        create_log_group=aws_error("ResourceAlreadyExistsException", "The specified log group already exists")
    )
    with pytest.raises(Exception, match="already exists") as raised:
        made.create(dict(PLANNED))
    assert not isinstance(raised.value, Incomplete)


def test_a_half_made_resource_is_kept_with_what_it_has() -> None:
    """Guards against an orphan: the group exists though its retention couldn't be set."""
    made, _ = life(put_retention_policy=aws_error("AccessDeniedException", "not authorised"))
    with pytest.raises(Incomplete, match="not authorised") as raised:
        made.create(dict(PLANNED))
    assert raised.value.physical_id == "/mlgov"
    assert raised.value.state["retentionInDays"] == 0


def test_a_half_made_resource_that_can_t_be_read_is_kept_too() -> None:
    """Guards against losing the id because the read fails like the step before it."""
    denied = aws_error("AccessDeniedException", "not authorised")
    made, _ = life(put_retention_policy=denied, describe_log_groups=denied)
    with pytest.raises(Incomplete) as raised:
        made.create(dict(PLANNED))
    assert (raised.value.physical_id, raised.value.state) == ("/mlgov", {})


def test_an_update_changes_what_differs_and_nothing_else() -> None:
    """Guards against an update that repeats every call, needing rights that the change doesn't."""
    made, clients = life()
    old = {"name": "/mlgov", "arn": "arn", "retentionInDays": 30, "tagsAll": {"owner": "risk", "old": "1"}}
    made.update("/mlgov", old, {**PLANNED, "tagsAll": {"owner": "model"}})
    changed = [name for name, _ in clients.calls if name not in ("describe_log_groups", "list_tags_for_resource")]
    assert changed == ["untag_resource", "tag_resource"]
    assert clients.called("untag_resource") == [{"resourceArn": "arn", "tagKeys": ["old"]}]
    assert clients.called("tag_resource") == [{"resourceArn": "arn", "tags": {"owner": "model"}}]


def test_an_update_mends_what_a_failed_creation_left_out() -> None:
    """Guards against an update that compares with inputs and finds nothing to do."""
    made, clients = life()
    made.update("/mlgov", {}, dict(PLANNED))
    assert clients.called("put_retention_policy") == [{"logGroupName": "/mlgov", "retentionInDays": 30}]


def test_a_failed_update_tells_what_is_there_now() -> None:
    """Guards against a state that says the old or the new, when the truth is a mixture."""
    made, _ = life(put_retention_policy=aws_error("AccessDeniedException", "not authorised"))
    with pytest.raises(Incomplete) as raised:
        made.update("/mlgov", {"retentionInDays": 7, "tagsAll": {}}, dict(PLANNED))
    assert raised.value.state["retentionInDays"] == 0


def test_what_is_gone_reads_as_nothing_and_deletes_without_error() -> None:
    """Guards against a refresh or destroy that fails because someone was there first."""
    made, _ = life(describe_log_groups={"logGroups": []}, delete_log_group=aws_error("ResourceNotFoundException"))
    assert made.read("/mlgov", {}) is None
    made.delete("/mlgov", {})


def test_another_error_than_not_found_is_an_error() -> None:
    """Guards against taking a denied read for a deleted resource, which would drop it from the state."""
    made, _ = life(
        describe_log_groups=aws_error("AccessDeniedException"), delete_log_group=aws_error("AccessDeniedException")
    )
    with pytest.raises(Exception, match="AccessDenied"):
        made.read("/mlgov", {})
    with pytest.raises(Exception, match="AccessDenied"):
        made.delete("/mlgov", {})


def test_tags_that_are_others_business_aren_t_seen() -> None:
    """Guards against removing a tag that the configuration leaves to another tool."""
    made, _ = life(list_tags_for_resource={"tags": {"owner": "risk", "other": "x"}})
    found = made.read("/mlgov", {})
    assert found is not None
    assert found.state["tagsAll"] == {"owner": "risk"}


def test_a_wait_ends_with_what_it_waited_for() -> None:
    """Guards against an update that hangs, or that says only "timeout"."""
    answers: Iterator[bool] = iter([False, False, True])
    wait_until(lambda: next(answers), "never")
    with pytest.raises(NeverReady, match="the table x didn't become ACTIVE within 0 seconds"):
        wait_until(lambda: False, "the table x didn't become ACTIVE", seconds=0)


def test_only_the_named_error_is_tried_again() -> None:
    """Guards against hiding an error for a minute by repeating the call."""
    failing: Iterator[str] = iter(["QueueDeletedRecently"])

    def step() -> Props:
        for code in failing:
            raise aws_error(code)
        return {"QueueUrl": "url"}

    assert retrying(step, ("QueueDeletedRecently",), 5) == {"QueueUrl": "url"}

    def denied() -> Props:
        raise aws_error("AccessDenied")

    with pytest.raises(Exception, match="AccessDenied"):
        retrying(denied, ("QueueDeletedRecently",), 5)


def test_not_found_may_be_told_by_a_part_of_the_message() -> None:
    """Guards against SageMaker's ValidationException, which means "not found" only with these words."""
    codes = ("ResourceNotFound", "ValidationException: does not exist")
    assert is_gone(aws_error("ValidationException", "ModelPackageGroup x does not exist."), codes)
    assert not is_gone(aws_error("ValidationException", "1 validation error detected"), codes)
    assert not is_gone(ValueError("does not exist"), codes)
    assert error_code(ValueError()) == ""


@given(st.text("abc-/:", min_size=1), st.sampled_from(["eu-west-1", "us-gov-east-1", "ap-southeast-2"]))
def test_an_import_may_name_its_region(name: str, region: str) -> None:
    """Guards against importing from the provider's Region what lies in another."""
    match = REGION_SUFFIX.match(f"{name}@{region}")
    assert match is not None
    assert (match["id"], match["region"]) == (name, region)


def test_a_plan_of_a_log_group_is_complete_for_its_row() -> None:
    """Guards against a row that reads an argument for which the plan has no value."""
    made, clients = life()
    made.create(plan(TYPES[LOG_GROUP], {"name": "/mlgov", "tagsAll": {}}))
    assert clients.called("put_retention_policy") == []
