"""Plan: defaults, changes against the state, replacement, previews, refreshed inputs."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.check import DEFAULTS
from rehearsal.provider.metadata import Property, type_data
from rehearsal.provider.plan import (
    Change,
    align,
    compare,
    delete_first,
    plan,
    preview_created,
    preview_updated,
    refreshed_inputs,
    settle,
)
from rehearsal.provider.plan import changes as property_changes
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import UNKNOWN, Archive, Props

TABLE = "aws:dynamodb/table:Table"
ROLE = "aws:iam/role:Role"
FUNCTION = "aws:lambda/function:Function"
GROUP = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]})


def changes(token: str, state: Props, inputs: Props, ignore: tuple[str, ...] = ()) -> list[Change]:
    """The changes that an update makes."""
    row = TYPES[token]
    return compare(row, type_data(token), state, plan(row, inputs), ignore)


def table(**more: Any) -> Props:
    """The inputs of a table."""
    return {
        "name": "ledger",
        "hashKey": "pk",
        "rangeKey": "seq",
        "billingMode": "PAY_PER_REQUEST",
        "attributes": [{"name": "pk", "type": "S"}, {"name": "seq", "type": "N"}],
        "tagsAll": {},
        **more,
    }


def test_defaults_are_planned_but_not_written_into_the_inputs() -> None:
    """Guards against inputs that differ from the program's, which the engine would show as a change."""
    row, inputs = TYPES[ROLE], {"assumeRolePolicy": TRUST, "name": "r", DEFAULTS: []}
    assert plan(row, inputs) == {
        "assumeRolePolicy": TRUST, "name": "r", "path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False,
    }  # fmt: skip
    assert "path" not in inputs


def test_a_nested_default_needs_its_object() -> None:
    """Guards against a time-to-live block that appears in every table because one of its fields has a default."""
    row = TYPES[TABLE]
    assert "ttl" not in plan(row, table())
    assert plan(row, table(ttl={"attributeName": "expires"}))["ttl"] == {"attributeName": "expires", "enabled": False}


@given(st.randoms(use_true_random=False))
def test_the_order_of_a_set_is_no_change(chance: random.Random) -> None:
    """Guards against a preview that shows a change for ever, because AWS returns attributes in its own order."""
    attributes = [{"name": name, "type": "S"} for name in "abc"]
    state = {**plan(TYPES[TABLE], table(attributes=attributes)), "arn": "x"}
    shuffled = chance.sample(attributes, len(attributes))
    assert changes(TABLE, state, table(attributes=shuffled)) == []


def test_drift_of_a_set_is_a_change() -> None:
    """Guards against treating every order-free list as equal."""
    state = plan(TYPES[TABLE], table())
    found = changes(TABLE, state, table(attributes=[{"name": "pk", "type": "S"}, {"name": "seq", "type": "S"}]))
    assert found == [Change("attributes", "update", replaces=False)]


def test_what_is_taken_out_of_a_set_is_a_change() -> None:
    """Guards against a set that only ever grows: nothing of it is new, and yet it isn't the same."""
    state = plan(TYPES[TABLE], table())
    assert changes(TABLE, state, table(attributes=[{"name": "pk", "type": "S"}])) == [
        Change("attributes", "update", replaces=False)
    ]


def test_what_stands_in_an_argument_that_replaces_replaces_too() -> None:
    """Guards against an update in place of one field of a block that can only be made anew."""
    block = Property("object", properties={"field": Property("string")}, create_only=True)
    found = property_changes(TYPES[TABLE], block, "block", "block", {"field": "new"}, {"field": "old"}, replaces=False)
    assert list(found) == [Change("block.field", "update", replaces=True)]


@pytest.mark.parametrize("argument", ["hashKey", "rangeKey", "name", "region"])
def test_what_can_t_be_changed_in_place_replaces(argument: str) -> None:
    """Guards against an update that no call of AWS can make."""
    state = {**plan(TYPES[TABLE], table()), "region": "eu-west-1"}
    found = changes(TABLE, state, table(**{argument: "other"}))
    assert found == [Change(argument, "update", replaces=True)]


def test_a_change_is_named_by_its_nested_path() -> None:
    """Guards against a preview that shows a whole block where one flag changes."""
    state = plan(TYPES[TABLE], table(pointInTimeRecovery={"enabled": True, "recoveryPeriodInDays": 35}))
    found = changes(TABLE, state, table(pointInTimeRecovery={"enabled": False}))
    assert found == [Change("pointInTimeRecovery.enabled", "update", replaces=False)]


def test_what_aws_chose_is_no_change() -> None:
    """Guards against a change for ever where AWS fills in what the program leaves out."""
    state = {**plan(TYPES[TABLE], table()), "ttl": {"enabled": False, "attributeName": ""}, "readCapacity": 5}
    assert changes(TABLE, state, table()) == []


def test_what_was_added_out_of_band_is_a_change() -> None:
    """Guards against a permissions boundary that someone put on a role and that no refresh undoes."""
    inputs = {"assumeRolePolicy": TRUST, "name": "r", "tagsAll": {}}
    state = {**plan(TYPES[ROLE], inputs), "permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert changes(ROLE, state, inputs) == [Change("permissionsBoundary", "delete", replaces=False)]


def test_a_default_tag_that_changes_is_a_change() -> None:
    """Guards against default tags that reach only new resources."""
    inputs = {"assumeRolePolicy": TRUST, "name": "r", "tagsAll": {"owner": "risk", "stage": "dev"}}
    state = {**plan(TYPES[ROLE], inputs), "tagsAll": {"owner": "model"}}
    assert changes(ROLE, state, inputs) == [
        Change("tagsAll.owner", "update", replaces=False),
        Change("tagsAll.stage", "add", replaces=False),
    ]


def test_an_ignored_path_is_no_change() -> None:
    """Guards against `ignore_changes` that holds for inputs only, while drift still shows."""
    inputs = {"assumeRolePolicy": TRUST, "name": "r", "tags": {"a": "1"}, "tagsAll": {"a": "1"}}
    state = {**plan(TYPES[ROLE], inputs), "tags": {"a": "2"}, "tagsAll": {"a": "2"}, "description": "drifted"}
    assert changes(ROLE, state, inputs, ("tags", "tagsAll.a", "description")) == []
    without_tags = changes(ROLE, state, inputs, ("tags", "description"))
    assert without_tags == [Change("tagsAll.a", "update", replaces=False)], "another argument of a longer name"


def test_an_unknown_value_is_a_change_and_may_replace() -> None:
    """Guards against a preview that promises no replacement while a create-only value is still unknown."""
    state = {"modelPackageGroupName": "a", "modelPackageGroupDescription": "d", "tagsAll": {}}
    found = changes(
        GROUP, state, {"modelPackageGroupName": "a", "modelPackageGroupDescription": UNKNOWN, "tagsAll": {}}
    )
    assert found == [Change("modelPackageGroupDescription", "update", replaces=True)]


def test_a_package_with_the_same_hash_is_no_change() -> None:
    """Guards against an upload at each update, because the archive lies at another path."""
    inputs = {
        "name": "f",
        "role": "r",
        "handler": "h.h",
        "runtime": "python3.11",
        "code": Archive("ab", "path", "x.zip"),
    }
    state = {**plan(TYPES[FUNCTION], inputs), "code": Archive("ab", "path", "/elsewhere/x.zip")}
    assert changes(FUNCTION, state, inputs) == []
    changed = changes(FUNCTION, state, {**inputs, "code": Archive("cd", "path", "x.zip")})
    assert changed == [Change("code", "update", replaces=False)]


@pytest.mark.parametrize(
    ("token", "inputs", "first"),
    [
        (TABLE, {"name": "ledger", DEFAULTS: []}, True),
        (TABLE, {"name": "ledger-0a1b2c3", DEFAULTS: ["name"]}, False),
        (TABLE, {"name": "ledger"}, False),
        (GROUP, {"modelPackageGroupName": "ModelCreditRisk", DEFAULTS: []}, False),
    ],
)
def test_who_named_the_resource_decides_what_comes_first(token: str, inputs: Props, first: bool) -> None:
    """Guards against being kinder than the real provider: only an automatic name's absence deletes first."""
    assert delete_first(TYPES[token], inputs) is first


def test_a_preview_knows_what_was_given_and_nothing_else() -> None:
    """Guards against made-up outputs in a preview, or known ones hidden from dependents."""
    found = preview_created(TYPES[ROLE], type_data(ROLE), plan(TYPES[ROLE], {"name": "r", "tagsAll": {"a": "b"}}))
    assert found["arn"] is UNKNOWN
    assert (found["name"], found["path"], found["tagsAll"]) == ("r", "/", {"a": "b"})


def test_an_updates_preview_keeps_what_can_t_change() -> None:
    """Guards against a tag's change that makes every dependent of the ARN unknown."""
    inputs = {
        "name": "f",
        "role": "r",
        "handler": "h.h",
        "runtime": "python3.11",
        "code": Archive("ab", "path", "x.zip"),
    }
    state = {**plan(TYPES[FUNCTION], inputs), "arn": "arn", "codeSha256": "=", "lastModified": "then"}
    row, data = TYPES[FUNCTION], type_data(FUNCTION)
    tagged = preview_updated(row, data, state, plan(row, {**inputs, "tagsAll": {"a": "b"}}))
    assert (tagged["arn"], tagged["codeSha256"], tagged["lastModified"]) == ("arn", "=", "then")
    recoded = preview_updated(row, data, state, plan(row, {**inputs, "code": Archive("cd", "path", "x.zip")}))
    assert (recoded["arn"], recoded["codeSha256"], recoded["lastModified"]) == ("arn", UNKNOWN, UNKNOWN)


def test_the_state_keeps_the_programs_spelling() -> None:
    """Guards against a state that says in other words what the program says, and so differs at each preview."""
    known = {"assumeRolePolicy": TRUST, "description": "d"}
    respelled = json.dumps({"Statement": {"Action": ["sts:AssumeRole"], "Effect": "Allow"}, "Version": "2012-10-17"})
    assert align(TYPES[ROLE], "assumeRolePolicy", known["assumeRolePolicy"], respelled) == TRUST
    assert align(TYPES[ROLE], "description", "d", "other") == "other"


def test_the_state_holds_what_aws_never_returns() -> None:
    """Guards against a deletion window that is forgotten between `up` and `destroy`."""
    token = "aws:kms/key:Key"
    found = settle(TYPES[token], type_data(token), {"deletionWindowInDays": 7}, {"keyId": "k", "tagsAll": {}}, {})
    assert found["deletionWindowInDays"] == 7


def test_default_tags_don_t_count_as_the_resources_own() -> None:
    """Guards against a refresh that shows every default tag as added to `tags`."""
    read = {"name": "r", "tagsAll": {"owner": "risk", "a": "b", "stage": "prod"}}
    found = settle(
        TYPES[ROLE], type_data(ROLE), {"tags": {"a": "b", "stage": "prod"}}, read, {"owner": "risk", "stage": "prod"}
    )
    assert found["tags"] == {"a": "b", "stage": "prod"}


def test_a_tag_added_out_of_band_counts_as_the_resources_own() -> None:
    """Guards against drift of tags that no refresh shows."""
    read = {"name": "r", "tagsAll": {"owner": "risk", "stray": "x"}}
    assert settle(TYPES[ROLE], type_data(ROLE), {}, read, {"owner": "risk"})["tags"] == {"stray": "x"}


def test_a_refresh_touches_only_arguments_that_the_program_set() -> None:
    """Guards against inputs that grow by whatever AWS returns, so that removing them from nothing is a change."""
    inputs = {"name": "r", "description": "d", "tags": {"a": "1"}, "tagsAll": {"a": "1"}, DEFAULTS: []}
    state = {"name": "r", "description": "drifted", "path": "/", "tags": {"a": "2", "b": "3"}, "tagsAll": {"a": "2"}}
    assert refreshed_inputs(TYPES[ROLE], type_data(ROLE), inputs, state) == {
        "name": "r", "description": "drifted", "tags": {"a": "2"}, "tagsAll": {"a": "2"}, DEFAULTS: [],
    }  # fmt: skip


def test_an_import_takes_what_differs_from_the_defaults() -> None:
    """Guards against an import whose inputs a program would have to repeat though they say nothing."""
    state = {"name": "r", "path": "/", "maxSessionDuration": 7200, "arn": "arn", "uniqueId": "A", "tagsAll": {}}
    found = refreshed_inputs(TYPES[ROLE], type_data(ROLE), {}, state)
    assert found == {"name": "r", "maxSessionDuration": 7200, DEFAULTS: []}
