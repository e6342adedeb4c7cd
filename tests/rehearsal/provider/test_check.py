"""Check: what is refused before anything is created, and what is completed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.check import DEFAULTS, Failure, Naming, check
from rehearsal.provider.metadata import type_data, walk
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import UNKNOWN, Props

SEED = bytes.fromhex("0a1b2c3d")
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
ROLE = "aws:iam/role:Role"
TABLE = "aws:dynamodb/table:Table"
QUEUE = "aws:sqs/queue:Queue"


def checked(
    token: str, news: Props, olds: Props | None = None, tags: dict[str, str] | None = None, logical: str = "it"
) -> tuple[Props, list[Failure]]:
    """Check with the type's own row and metadata."""
    return check(TYPES[token], type_data(token), news, olds or {}, Naming(logical, SEED), tags or {})


def only(token: str, news: Props) -> Failure:
    """The one failure of an input that is wrong in one place."""
    _, failures = checked(token, news)
    assert len(failures) == 1, failures
    return failures[0]


def table(**more: Any) -> Props:
    """A good table."""
    return {
        "hashKey": "pk",
        "attributes": [{"name": "pk", "type": "S"}],
        "billingMode": "PAY_PER_REQUEST",
        **more,
    }


@pytest.mark.parametrize(
    ("token", "news", "path", "words"),
    [
        (
            "aws:s3/bucket:Bucket",
            {"buckett": "x"},
            "buckett",
            "no argument that pulumi_aws 7.51.1 knows; did you mean 'bucket'",
        ),
        ("aws:s3/bucket:Bucket", {"force_destroy": True}, "force_destroy", "did you mean 'forceDestroy'"),
        (TABLE, table(ttl={"enabled": True, "attributName": "x"}), "ttl.attributName", "did you mean 'attributeName'"),
        (
            TABLE,
            table(attributes=[{"name": "pk", "type": "S", "tpye": "S"}]),
            "attributes[0].tpye",
            "did you mean 'type'",
        ),
    ],
)
def test_an_unknown_argument_is_refused_with_the_nearest_one(token: str, news: Props, path: str, words: str) -> None:
    """Guards against a misspelt argument that is dropped silently, nested ones too."""
    failure = only(token, news)
    assert failure.path == path
    assert words in failure.reason


def test_a_known_argument_that_isn_t_carried_out_is_refused() -> None:
    """Guards against a green rehearsal of an argument that the stand-in ignores."""
    failure = only("aws:s3/bucket:Bucket", {"corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}]})
    assert failure == Failure("corsRules", failure.reason)
    assert "the rehearsal doesn't carry out" in failure.reason


def test_a_missing_argument_is_named() -> None:
    """Guards against a creation that fails in AWS's words, after others were created."""
    assert only(ROLE, {}).path == "assumeRolePolicy"
    assert "attributes[0].type must be set" in only(TABLE, table(attributes=[{"name": "pk"}])).reason


@pytest.mark.parametrize(
    ("token", "news", "path", "words"),
    [
        (TABLE, table(attributes=[{"name": "pk", "type": "X"}]), "attributes[0].type", "must be one of S, N, B"),
        (TABLE, table(name="a b"), "name", "must match"),
        (QUEUE, {"name": "q", "visibilityTimeoutSeconds": 43_201}, "visibilityTimeoutSeconds", "0 to 43200"),
        (QUEUE, {"name": "q", "delaySeconds": "5"}, "delaySeconds", "must be of type integer"),
        (QUEUE, {"name": "q", "fifoQueue": 1}, "fifoQueue", "must be of type boolean"),
        ("aws:kms/alias:Alias", {"name": "mlgov", "targetKeyId": "k"}, "name", "must match"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"name": "x", "retentionInDays": 31},
            "retentionInDays",
            "must be one of 1, 3",
        ),
        ("aws:kms/key:Key", {"deletionWindowInDays": 6}, "deletionWindowInDays", "7 to 30"),
        (ROLE, {"assumeRolePolicy": POLICY, "maxSessionDuration": 60}, "maxSessionDuration", "3600 to 43200"),
        (
            "aws:ram/permission:Permission",
            {"name": "x" * 37, "policyTemplate": "{}", "resourceType": "t"},
            "name",
            "1 to 36 characters, has 37",
        ),
        (
            "aws:s3/bucketVersioning:BucketVersioning",
            {"bucket": "abc", "versioningConfiguration": {"status": "On"}},
            "versioningConfiguration.status",
            "Enabled, Suspended or Disabled",
        ),
        (
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            {"bucket": "abc", "rule": {"objectOwnership": "Me"}},
            "rule.objectOwnership",
            "BucketOwnerEnforced",
        ),
    ],
)
def test_a_malformed_value_is_refused_with_path_value_and_form(token: str, news: Props, path: str, words: str) -> None:
    """Guards against values that the CloudFormation schema or botocore's model refuses."""
    failure = only(token, news)
    assert failure.path == path
    assert words in failure.reason
    assert repr(_at(news, path))[:40] in failure.reason


def _at(news: Any, path: str) -> Any:
    for part in path.replace("[", ".").replace("]", "").split("."):
        news = news[int(part)] if isinstance(news, list) else news[part]
    return news


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is not JSON"), ("[]", "not an object"), ('{"Version": "2012-10-17"}', "without a Statement")],
)
def test_a_policy_that_aws_would_refuse_is_refused(text: str, words: str) -> None:
    """Guards against a policy assembled with a missing brace."""
    failure = only(ROLE, {"assumeRolePolicy": text})
    assert failure.path == "assumeRolePolicy"
    assert words in failure.reason


@pytest.mark.parametrize(
    ("token", "news", "words"),
    [
        (TABLE, table(rangeKey="seq"), "seq is missing in attributes"),
        (
            TABLE,
            table(attributes=[{"name": "pk", "type": "S"}, {"name": "x", "type": "S"}]),
            "x is the key of no table or index",
        ),
        (TABLE, {**table(), "billingMode": "PROVISIONED", "readCapacity": 1}, "writeCapacity must be at least 1"),
        (QUEUE, {"name": "q.fifo"}, "a standard queue's doesn't"),
        (QUEUE, {"name": "q", "kmsMasterKeyId": "k", "sqsManagedSseEnabled": True}, "conflicts with kmsMasterKeyId"),
        (
            "aws:kms/key:Key",
            {"enableKeyRotation": True, "customerMasterKeySpec": "RSA_2048"},
            "can't be set for a key of spec RSA_2048",
        ),
        (
            "aws:cloudwatch/eventTarget:EventTarget",
            {"arn": "arn:aws:sqs:eu-west-1:111111111111:q", "rule": "r", "input": "{}", "inputPath": "$.a"},
            "input and inputPath conflict",
        ),
        (
            "aws:lambda/function:Function",
            {"role": "arn:aws:iam::111111111111:role/r", "handler": "h.h", "runtime": "python3.11"},
            "exactly one of code",
        ),
    ],
)
def test_arguments_that_exclude_or_need_each_other_are_refused(token: str, news: Props, words: str) -> None:
    """Guards against combinations that no schema refuses and AWS does."""
    assert words in only(token, news).reason


def test_unknown_values_pass_until_they_are_known() -> None:
    """Guards against a preview that fails for a queue's ARN that the same update makes."""
    for token, news in [
        (ROLE, {"assumeRolePolicy": UNKNOWN, "maxSessionDuration": UNKNOWN}),
        (TABLE, table(attributes=UNKNOWN, rangeKey=UNKNOWN)),
        (TABLE, table(attributes=[{"name": UNKNOWN, "type": "S"}])),
        (QUEUE, {"name": UNKNOWN, "fifoQueue": UNKNOWN}),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", {"eventSourceArn": UNKNOWN, "functionName": UNKNOWN}),
        ("aws:cloudwatch/eventRule:EventRule", {"scheduleExpression": "rate(1 hour)", "eventBusName": UNKNOWN}),
    ]:
        assert checked(token, news)[1] == [], token


def test_a_name_is_made_where_the_program_gives_none() -> None:
    """Guards against a name that changes at each update: the old automatic one is kept."""
    inputs, _ = checked(ROLE, {"assumeRolePolicy": POLICY}, logical="execution")
    assert inputs["name"] == "execution-0a1b2c3"
    assert inputs[DEFAULTS] == ["name"]
    again, _ = checked(ROLE, {"assumeRolePolicy": POLICY}, {**inputs, "name": "execution-fffffff"})
    assert again["name"] == "execution-fffffff"


def test_a_name_taken_out_of_the_program_isn_t_kept() -> None:
    """Guards against a resource that keeps a name that the program no longer gives (bridge: __defaults)."""
    inputs, _ = checked(ROLE, {"assumeRolePolicy": POLICY}, {"name": "mine", DEFAULTS: []})
    assert inputs["name"] == "it-0a1b2c3"


def test_a_given_name_is_not_counted_as_automatic() -> None:
    """Guards against a replacement that creates before it deletes under the same name."""
    inputs, _ = checked(ROLE, {"assumeRolePolicy": POLICY, "name": "mine"})
    assert inputs[DEFAULTS] == []


def test_a_logical_name_without_room_for_the_digits_is_refused() -> None:
    """Guards against a cut name."""
    _, failures = checked(ROLE, {"assumeRolePolicy": POLICY}, logical="x" * 60)
    assert failures[0].path == "name"
    assert "at most 64 are allowed" in failures[0].reason


@given(
    st.dictionaries(st.sampled_from("abc"), st.text("xy", max_size=2)),
    st.dictionaries(st.sampled_from("abc"), st.text("xy", max_size=2)),
)
def test_the_resources_own_tags_win_over_the_defaults(own: dict[str, str], defaults: dict[str, str]) -> None:
    """Guards against default tags that overwrite what a resource says, or that get lost."""
    inputs, failures = checked(QUEUE, {"name": "q", "tags": own}, tags=defaults)
    assert failures == []
    assert inputs["tagsAll"] == {**defaults, **own}
    assert inputs["tags"] == own


def test_tags_are_unknown_as_soon_as_one_is() -> None:
    """Guards against Pulumi's sentinel as a tag's value in AWS."""
    inputs, _ = checked(QUEUE, {"name": "q", "tags": {"a": UNKNOWN}}, tags={"b": "x"})
    assert inputs["tagsAll"] is UNKNOWN


@given(st.sampled_from(sorted(TYPES)), st.data())
def test_every_argument_refuses_a_value_of_another_type(token: str, data: st.DataObject) -> None:
    """Guards against an argument of any type whose kind isn't checked."""
    carried = {name: spec for name, spec in type_data(token).inputs.items() if spec.carried}
    name = data.draw(st.sampled_from(sorted(carried)))
    wrong = {
        "string": 7,
        "integer": "seven",
        "number": "one",
        "boolean": "yes",
        "list": "one",
        "map": "one",
        "object": "one",
        "archive": "a.zip",
    }
    _, failures = checked(token, {name: wrong[carried[name].kind]})
    assert any(failure.path == name and "must be of type" in failure.reason for failure in failures)


EMPTY = {"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("egress", "ingress")}
"""Lists that are carried out empty only: whatever stands in one is refused by name."""


def test_every_row_carries_out_what_it_requires() -> None:
    """Guards against a type that can't be created at all: a required argument that isn't carried out."""
    for token in TYPES:
        for path, spec in walk(type_data(token).inputs):
            parent = dict(walk(type_data(token).inputs)).get(path.rpartition(".")[0])
            if (
                spec.required
                and (parent is None or parent.carried)
                and path.partition(".")[0] not in EMPTY.get(token, ())
            ):
                assert spec.carried, f"{token} {path}"
