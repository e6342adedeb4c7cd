"""Rules of Lambda, EventBridge, SQS and Logs on what the other tests leave out, each by the page that states it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.organisation.workbench import REGION, Workbench, document, own_bench


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        made.function("echo")
        yield made


def _refused(text: str) -> Any:
    return pytest.raises(ClientError, match=text)


def test_rules_buses_and_targets_are_listed(bench: Workbench) -> None:
    """Guards a list that leaves out, or mixes buses (API_ListRules, API_ListEventBuses, API_ListTargetsByRule)."""
    _, queue = bench.queue("listed")
    bench.events.create_event_bus(Name="listed")
    bench.rule("on-default", {"source": ["x"]}, {"Arn": queue})
    bench.rule("on-bus", {"source": ["x"]}, bus="listed")
    assert [one["Name"] for one in bench.events.list_rules(NamePrefix="on-")["Rules"]] == ["on-default"]
    assert [one["Name"] for one in bench.events.list_rules(EventBusName="listed")["Rules"]] == ["on-bus"]
    assert {one["Name"] for one in bench.events.list_event_buses()["EventBuses"]} == {"default", "listed"}
    assert bench.events.list_targets_by_rule(Rule="on-default")["Targets"] == [{"Id": "0", "Arn": queue}]
    with _refused("ResourceNotFoundException"):
        bench.events.list_targets_by_rule(Rule="on-bus")


def test_tags_of_a_rule_come_and_go(bench: Workbench) -> None:
    """Guards a tag that is dropped, or put on nothing (API_TagResource: ResourceNotFoundException)."""
    arn = bench.rule("tagged", {"source": ["x"]})
    bench.events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    bench.events.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert bench.events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    with _refused("ResourceNotFoundException"):
        bench.events.tag_resource(ResourceARN=arn + "-none", Tags=[{"Key": "a", "Value": "b"}])


def test_functions_are_listed_with_their_only_version(bench: Workbench) -> None:
    """Guards a list without a function, or with versions that can't exist here (API_ListVersionsByFunction)."""
    assert "echo" in [one["FunctionName"] for one in bench.lambda_.list_functions()["Functions"]]
    versions = bench.lambda_.list_versions_by_function(FunctionName="echo")["Versions"]
    assert [one["Version"] for one in versions] == ["$LATEST"]
    assert bench.beside("dev").lambda_.list_functions()["Functions"] == []


def test_a_function_s_concurrency_is_shown_and_lifted(bench: Workbench) -> None:
    """Guards a reservation that can't be seen, or that stays (API_GetFunctionConcurrency: empty without one)."""
    bench.lambda_.put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=3)
    assert bench.lambda_.get_function_concurrency(FunctionName="echo")["ReservedConcurrentExecutions"] == 3
    bench.lambda_.delete_function_concurrency(FunctionName="echo")
    assert "ReservedConcurrentExecutions" not in bench.lambda_.get_function_concurrency(FunctionName="echo")


def test_settings_of_asynchronous_calls_are_shown_and_deleted(bench: Workbench) -> None:
    """Guards retries that can't be seen, or that stay (API_GetFunctionEventInvokeConfig)."""
    with _refused("ResourceNotFoundException"):
        bench.lambda_.get_function_event_invoke_config(FunctionName="echo")
    bench.lambda_.put_function_event_invoke_config(FunctionName="echo", MaximumRetryAttempts=1)
    assert bench.lambda_.get_function_event_invoke_config(FunctionName="echo")["MaximumRetryAttempts"] == 1
    bench.lambda_.delete_function_event_invoke_config(FunctionName="echo")
    with _refused("ResourceNotFoundException"):
        bench.lambda_.delete_function_event_invoke_config(FunctionName="echo")


def test_queues_are_found_by_name_and_prefix(bench: Workbench) -> None:
    """Guards a queue of another account, or an empty success (API_GetQueueUrl, API_ListQueues)."""
    url, _ = bench.queue("found-a")
    assert bench.sqs.get_queue_url(QueueName="found-a")["QueueUrl"] == url
    assert bench.sqs.list_queues(QueueNamePrefix="found-")["QueueUrls"] == [url]
    assert "QueueUrls" not in bench.beside("dev").sqs.list_queues()
    with _refused("QueueDoesNotExist|NonExistentQueue"):
        bench.sqs.get_queue_url(QueueName="found-none")


def test_a_batch_of_visibility_changes_fails_in_parts(bench: Workbench) -> None:
    """Guards a handle that nobody gave failing the others too (API_ChangeMessageVisibilityBatch)."""
    url, _ = bench.queue("batch")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = bench.receive(url)[0]["ReceiptHandle"]
    entries = [
        {"Id": "good", "ReceiptHandle": handle, "VisibilityTimeout": 0},
        {"Id": "bad", "ReceiptHandle": "none", "VisibilityTimeout": 0},
    ]
    answer = bench.sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    assert [(one["Id"], one["SenderFault"]) for one in answer["Failed"]] == [("bad", True)]
    assert [one["Body"] for one in bench.receive(url)] == ["x"]


def test_a_batch_of_deletions_fails_in_parts(bench: Workbench) -> None:
    """Guards a message that stays because another's handle is wrong (API_DeleteMessageBatch; ids are distinct)."""
    url, _ = bench.queue("deleted")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = bench.receive(url)[0]["ReceiptHandle"]
    entries = [{"Id": "good", "ReceiptHandle": handle}, {"Id": "bad", "ReceiptHandle": "none"}]
    answer = bench.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    assert [(one["Id"], one["SenderFault"]) for one in answer["Failed"]] == [("bad", True)]
    with _refused("BatchEntryIdsNotDistinct"):
        bench.sqs.delete_message_batch(QueueUrl=url, Entries=[entries[0], entries[0]])
    with _refused("EmptyBatchRequest"):
        bench.sqs.delete_message_batch(QueueUrl=url, Entries=[])


def test_a_group_s_key_is_put_and_taken_away(bench: Workbench) -> None:
    """Guards a key that is shown and not used, or used without right (API_AssociateKmsKey, encrypt-log-data-kms)."""
    group = f"arn:aws:logs:{REGION}:{bench.account}:log-group:/keyed"
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{bench.account}:root"}}
    service = {"Effect": "Allow", "Principal": {"Service": f"logs.{REGION}.amazonaws.com"}}
    may = [{**root, "Action": "kms:*", "Resource": "*"}, {**service, "Action": "kms:*", "Resource": "*"}]
    closed = bench.kms.create_key(Policy=document(may[0]))["KeyMetadata"]["Arn"]
    opened = bench.kms.create_key(Policy=document(*may))["KeyMetadata"]["Arn"]
    bench.logs.create_log_group(logGroupName="/keyed")
    with _refused("InvalidParameterException|could not be used"):
        bench.logs.associate_kms_key(logGroupName="/keyed", kmsKeyId=closed)
    bench.logs.associate_kms_key(logGroupName="/keyed", kmsKeyId=opened)
    shown = bench.logs.describe_log_groups(logGroupNamePrefix="/keyed")["logGroups"][0]
    assert (shown["kmsKeyId"], shown["arn"]) == (opened, f"{group}:*")
    bench.logs.disassociate_kms_key(logGroupName="/keyed")
    assert "kmsKeyId" not in bench.logs.describe_log_groups(logGroupNamePrefix="/keyed")["logGroups"][0]


def test_retention_is_lifted_and_streams_are_listed(bench: Workbench) -> None:
    """Guards a retention that stays, or a stream that is not seen (API_DeleteRetentionPolicy)."""
    bench.logs.create_log_group(logGroupName="/kept")
    bench.logs.put_retention_policy(logGroupName="/kept", retentionInDays=7)
    bench.logs.delete_retention_policy(logGroupName="/kept")
    assert "retentionInDays" not in bench.logs.describe_log_groups(logGroupNamePrefix="/kept")["logGroups"][0]
    for name in ("b", "a"):
        bench.logs.create_log_stream(logGroupName="/kept", logStreamName=name)
    streams = bench.logs.describe_log_streams(logGroupName="/kept")["logStreams"]
    assert [one["logStreamName"] for one in streams] == ["a", "b"]
    with _refused("NotEmulated"):
        bench.logs.describe_log_streams(logGroupName="/kept", descending=True)
