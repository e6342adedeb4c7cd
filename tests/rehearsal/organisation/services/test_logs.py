"""CloudWatch Logs as clients see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, document, own_bench


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def _now(bench: Workbench) -> int:
    return int(bench.org.clock.now().timestamp() * 1000)


def test_events_are_kept_in_order_and_found_by_their_terms(bench: Workbench) -> None:
    """Guards PutLogEvents, GetLogEvents and FilterLogEvents."""
    bench.logs.create_log_group(logGroupName="/a")
    bench.logs.create_log_stream(logGroupName="/a", logStreamName="s")
    now = _now(bench)
    events = [{"timestamp": now, "message": "one ERROR"}, {"timestamp": now + 1, "message": "two"}]
    bench.logs.put_log_events(logGroupName="/a", logStreamName="s", logEvents=events)
    got = bench.logs.get_log_events(logGroupName="/a", logStreamName="s")["events"]
    assert [one["message"] for one in got] == ["one ERROR", "two"]
    found = bench.logs.filter_log_events(logGroupName="/a", filterPattern="ERROR")["events"]
    assert [one["message"] for one in found] == ["one ERROR"]
    with pytest.raises(ClientError, match="chronological"):
        bench.logs.put_log_events(logGroupName="/a", logStreamName="s", logEvents=events[::-1])
    with pytest.raises(ClientError, match="NotEmulated"):
        bench.logs.filter_log_events(logGroupName="/a", filterPattern="{ $.x = 1 }")


def test_retention_takes_aws_values_only_and_deletes(bench: Workbench) -> None:
    """Guards the enumeration of days (31 is none), and that what is too old goes."""
    bench.logs.create_log_group(logGroupName="/r")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        bench.logs.put_retention_policy(logGroupName="/r", retentionInDays=31)
    bench.logs.put_retention_policy(logGroupName="/r", retentionInDays=1)
    assert bench.logs.describe_log_groups(logGroupNamePrefix="/r")["logGroups"][0]["retentionInDays"] == 1
    bench.logs.create_log_stream(logGroupName="/r", logStreamName="s")
    bench.logs.put_log_events(
        logGroupName="/r", logStreamName="s", logEvents=[{"timestamp": _now(bench), "message": "x"}]
    )
    bench.advance(86_401)
    assert bench.logs.filter_log_events(logGroupName="/r")["events"] == []


def test_a_taken_group_is_refused_and_a_missing_one_named(bench: Workbench) -> None:
    """Guards the errors that a provider relies on."""
    bench.logs.create_log_group(logGroupName="/t")
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        bench.logs.create_log_group(logGroupName="/t")
    bench.logs.delete_log_group(logGroupName="/t")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bench.logs.create_log_stream(logGroupName="/t", logStreamName="s")


def test_an_encrypted_group_needs_a_key_policy_for_the_service(bench: Workbench) -> None:
    """Guards the key statement for logs.<region> with the group as encryption context (logs/encrypt-log-data-kms)."""
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{bench.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = bench.kms.create_key(Policy=document(root))["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError, match="could not be used"):
        bench.logs.create_log_group(logGroupName="/k", kmsKeyId=key)
    group = f"arn:aws:logs:{REGION}:{bench.account}:log-group:/k"
    service = {
        **allow(["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"], "*"),
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    bench.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(root, service))
    bench.logs.create_log_group(logGroupName="/k", kmsKeyId=key)
    with pytest.raises(ClientError, match="could not be used"):
        bench.logs.create_log_group(logGroupName="/other", kmsKeyId=key)


def test_who_writes_to_an_encrypted_group_needs_its_key_through_logs(bench: Workbench) -> None:
    """Guards the writer's own right on the key (logs/encrypt-log-data-kms, step 3): without it a function's log stays
    empty.
    """
    statements = [
        {
            **allow("kms:*", "*"),
            "Principal": {"AWS": f"arn:aws:iam::{bench.account}:root"},
        },
        {**allow("kms:*", "*"), "Principal": {"Service": f"logs.{REGION}.amazonaws.com"}},
    ]
    key = bench.kms.create_key(Policy=document(*statements))["KeyMetadata"]["Arn"]
    through_logs = {
        **allow("kms:GenerateDataKey", key),
        "Condition": {"StringEquals": {"kms:ViaService": f"logs.{REGION}.amazonaws.com"}},
    }
    for name, rights in (("unable", []), ("able", [through_logs])):
        bench.logs.create_log_group(logGroupName=f"/aws/lambda/{name}", kmsKeyId=key)
        bench.function(name, "def handler(event, context):\n    print('seen')\n", *rights)
        bench.lambda_.invoke(FunctionName=name)
        bench.org.drain()
        assert ("seen" in bench.log_lines(name)) is bool(rights), name


def test_tags_of_a_group(bench: Workbench) -> None:
    """Guards tags by the group's ARN."""
    bench.logs.create_log_group(logGroupName="/g", tags={"a": "1"})
    arn = f"arn:aws:logs:{REGION}:{bench.account}:log-group:/g"
    bench.logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    bench.logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert bench.logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
