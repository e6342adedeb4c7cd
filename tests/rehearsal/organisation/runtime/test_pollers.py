"""Event source mappings: batches, partial failures, redrive, problems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.runtime.mappings import item_failures
from tests.rehearsal.organisation.workbench import Workbench, allow, document, own_bench

PARTIAL = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
COLLECT = """
import boto3
def handler(event, context):
    print("batch", len(event["Records"]))
    failed = []
    for record in event["Records"]:
        if record["body"].startswith("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            print("done", record["body"])
    return {"batchItemFailures": failed}
"""
FAIL = "def handler(event, context):\n    raise ValueError('no')\n"


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def _send(bench: Workbench, url: str, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    bench.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    bench.org.drain()


def _left(bench: Workbench, url: str) -> tuple[str, str]:
    """Messages visible and in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = bench.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return told[names[0]], told[names[1]]


def _dead(bench: Workbench, name: str, receives: int) -> tuple[str, dict[str, str]]:
    """A dead-letter queue's URL, and the attributes of a queue that drives to it."""
    url, arn = bench.queue(f"{name}-dead")
    return url, {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})}


def test_what_the_function_did_is_deleted(bench: Workbench) -> None:
    """Guards the plain path: read by the role, invoked once per batch, deleted."""
    url, arn = bench.queue("done")
    uuid = bench.consumer("done", arn, COLLECT)
    _send(bench, url, "a", "b", "c")
    assert sorted(line for line in bench.log_lines("done") if line.startswith("done")) == ["done a", "done b", "done c"]
    assert _left(bench, url) == ("0", "0")
    assert bench.lambda_.get_event_source_mapping(UUID=uuid)["LastProcessingResult"] == "OK"


def test_only_failed_items_come_again(bench: Workbench) -> None:
    """Guards partial batch responses, and that without them a success deletes all."""
    dead_url, redrive = _dead(bench, "partial", 2)
    url, arn = bench.queue("partial", **redrive)
    bench.consumer("partial", arn, COLLECT, **PARTIAL)
    _send(bench, url, "good", "bad")
    assert _left(bench, url) == ("0", "1")
    bench.advance(120)
    assert [message["Body"] for message in bench.receive(dead_url)] == ["bad"]
    assert [line for line in bench.log_lines("partial") if line.startswith("done")] == ["done good"]
    whole_url, whole = bench.queue("whole")
    bench.consumer("whole", whole, COLLECT)
    _send(bench, whole_url, "bad")
    assert _left(bench, whole_url) == ("0", "0")


def test_a_function_error_returns_the_batch_until_its_receives_are_used_up(bench: Workbench) -> None:
    """Guards redelivery after the visibility timeout, each at its time though all are skipped at once."""
    dead_url, redrive = _dead(bench, "error", 3)
    url, arn = bench.queue("error", **redrive)
    uuid = bench.consumer("error", arn, FAIL)
    since = len(bench.org.events)
    _send(bench, url, "x")
    bench.advance(200)
    batches = [row for row in bench.told("batch", since) if row["mapping"] == uuid]
    assert len(batches) == 3
    assert "ValueError" in batches[0]["reason"]
    assert bench.receive(dead_url)[0]["Body"] == "x"
    assert bench.lambda_.get_event_source_mapping(UUID=uuid)["LastProcessingResult"] == "PROBLEM: Function call failed"


def test_a_throttled_batch_is_tried_again_before_its_messages_show_again(bench: Workbench) -> None:
    """Guards reserved concurrency below the mapping's: the second batch waits for its turn, and neither waits for the
    visibility timeout nor uses up a receive on its way to the dead letters.
    """
    dead_url, redrive = _dead(bench, "turns", 1)
    url, arn = bench.queue("turns", **redrive)
    slow = COLLECT.replace("failed = []", "failed = []; import time; time.sleep(0.3)")
    bench.consumer("turns", arn, slow, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    bench.lambda_.put_function_concurrency(FunctionName="turns", ReservedConcurrentExecutions=1)
    _send(bench, url, "a", "b", "c")
    assert sorted(line for line in bench.log_lines("turns") if line.startswith("done")) == [
        "done a",
        "done b",
        "done c",
    ]
    assert _left(bench, url) == ("0", "0")
    assert bench.receive(dead_url) == []


def test_a_large_batch_is_gathered_within_its_window(bench: Workbench) -> None:
    """Guards batches beyond the 10 messages of one receive."""
    url, arn = bench.queue("window")
    for start in (0, 10, 20):
        entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(start, start + 10)]
        bench.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    bench.consumer("window", arn, COLLECT, BatchSize=25, MaximumBatchingWindowInSeconds=1)
    bench.org.drain()
    batches = [int(line.split()[1]) for line in bench.log_lines("window") if line.startswith("batch")]
    assert sorted(batches) == [5, 25]


def test_a_filter_deletes_what_it_does_not_want(bench: Workbench) -> None:
    """Guards filter criteria on JSON bodies."""
    url, arn = bench.queue("filter")
    pattern = json.dumps({"body": {"kind": ["wanted"]}})
    bench.consumer("filter", arn, COLLECT, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    _send(bench, url, '{"kind": "wanted"}', '{"kind": "other"}', "no json")
    assert [line for line in bench.log_lines("filter") if line.startswith("done")] == ['done {"kind": "wanted"}']
    assert _left(bench, url) == ("0", "0")


def test_a_disabled_mapping_reads_nothing(bench: Workbench) -> None:
    """Guards Enabled, both ways."""
    url, arn = bench.queue("paused")
    uuid = bench.consumer("paused", arn, COLLECT, Enabled=False)
    _send(bench, url, "a")
    assert _left(bench, url) == ("1", "0")
    bench.lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
    bench.org.drain()
    assert _left(bench, url) == ("0", "0")
    bench.lambda_.delete_event_source_mapping(UUID=uuid)
    _send(bench, url, "b")
    assert _left(bench, url) == ("1", "0")


def test_a_right_that_is_lost_later_shows_in_mapping_and_log(bench: Workbench) -> None:
    """Guards against a mapping that silently ceases: drain ends, the reason is told, the next try recovers."""
    url, arn = bench.queue("lost-right")
    uuid = bench.consumer("lost-right", arn, COLLECT)
    bench.iam.delete_role_policy(RoleName="lost-right", PolicyName="policy")
    since = len(bench.org.events)
    _send(bench, url, "a")
    result = bench.lambda_.get_event_source_mapping(UUID=uuid)["LastProcessingResult"]
    assert result.startswith("PROBLEM: ")
    assert "sqs:ReceiveMessage" in result
    assert bench.told("mapping-problem", since)[0]["mapping"] == uuid
    rights = allow(["sqs:*", "logs:*"], "*")
    bench.iam.put_role_policy(RoleName="lost-right", PolicyName="policy", PolicyDocument=document(rights))
    bench.advance(30)
    assert _left(bench, url) == ("0", "0")


def test_an_encrypted_queues_consumer_needs_decrypt(bench: Workbench) -> None:
    """Guards the sabotage of kms:Decrypt of the consumer: told by name."""
    key = bench.kms.create_key()["KeyMetadata"]["Arn"]
    url, arn = bench.queue("sealed", KmsMasterKeyId=key)
    uuid = bench.consumer("sealed", arn, COLLECT)
    _send(bench, url, "a")
    result = bench.lambda_.get_event_source_mapping(UUID=uuid)["LastProcessingResult"]
    assert "kms:Decrypt" in result


def test_batches_at_once_stay_within_the_maximum(bench: Workbench) -> None:
    """Guards MaximumConcurrency: with 2, never more than 2 environments are made."""
    url, arn = bench.queue("scaled")
    source = "import os, time\ndef handler(event, context):\n    time.sleep(0.1)\n    print('pid', os.getpid())\n"
    bench.consumer("scaled", arn, source, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    _send(bench, url, *(str(number) for number in range(8)))
    assert len({line for line in bench.log_lines("scaled") if line.startswith("pid")}) <= 2
    assert _left(bench, url) == ("0", "0")


IDS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, set(IDS)),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, set(IDS)),
        ({"batchItemFailures": [{"itemIdentifer": "b"}]}, set(IDS)),
        ({"batchItemFailures": [{"itemIdentifier": "z"}]}, set(IDS)),
        ({"batchItemFailures": "b"}, set(IDS)),
        ("b", set(IDS)),
        (5, set(IDS)),
    ],
)
def test_a_batch_response_is_read_as_documented(answer: Any, failed: set[str]) -> None:
    """Guards against a malformed response that deletes messages nobody worked on."""
    assert item_failures(json.dumps(answer), IDS)[0] == failed


@given(st.lists(st.sampled_from(IDS)), st.permutations(IDS))
def test_exactly_the_named_items_fail(named: list[str], ids: list[str]) -> None:
    """Guards against failing more or less than the function said, in whatever order."""
    answer = {"batchItemFailures": [{"itemIdentifier": one} for one in named]}
    assert item_failures(json.dumps(answer), ids) == (set(named), "")
