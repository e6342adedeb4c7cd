"""SQS as clients see it: attributes, visibility, dead letters, batches, keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.organisation.workbench import Workbench, allow, document, own_bench


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


NOWHERE = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:600000000000:no", "maxReceiveCount": 3})


def _refused(code: str) -> Any:
    return pytest.raises(ClientError, match=code)


def test_a_message_comes_once_until_its_visibility_ends(bench: Workbench) -> None:
    """Guards the visibility timeout, on the organisation's clock (sqs-visibility-timeout)."""
    url, _ = bench.queue("visible", VisibilityTimeout="30")
    bench.sqs.send_message(QueueUrl=url, MessageBody="hello")
    first = bench.receive(url)[0]
    assert bench.receive(url) == []
    bench.advance(31)
    again = bench.receive(url)[0]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    bench.advance(31)
    assert bench.receive(url) == []


def test_a_hidden_message_can_be_shown_or_hidden_longer(bench: Workbench) -> None:
    """Guards ChangeMessageVisibility, and its refusal for a message that nobody holds."""
    url, _ = bench.queue("change")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = bench.receive(url)[0]["ReceiptHandle"]
    bench.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    assert len(bench.receive(url)) == 1
    bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    with _refused("MessageNotInflight"):
        bench.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5)
    with _refused("ReceiptHandleIsInvalid"):
        bench.sqs.delete_message(QueueUrl=url, ReceiptHandle="nonsense")


def test_a_long_poll_ends_at_the_arrival(bench: Workbench) -> None:
    """Guards against a long poll that sleeps on while a message lies there."""
    import threading
    import time

    url, _ = bench.queue("poll")
    threading.Timer(0.2, lambda: bench.sqs.send_message(QueueUrl=url, MessageBody="late")).start()
    started = time.monotonic()
    answer = bench.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert answer["Messages"][0]["Body"] == "late"
    assert time.monotonic() - started < 20, "it waited for its end, not for the message"


def test_a_message_received_too_often_ends_in_the_dead_letter_queue(bench: Workbench) -> None:
    """Guards the redrive policy: after maxReceiveCount receives the next one finds it gone (sqs-dead-letter-queues)."""
    dead_url, dead = bench.queue("dead")
    url, arn = bench.queue("source", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2}))
    bench.sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert len(bench.receive(url)) == 1
        bench.advance(31)
    assert bench.receive(url) == []
    buried = bench.receive(dead_url)[0]
    assert buried["Body"] == "poison"
    assert buried["Attributes"]["DeadLetterQueueSourceArn"] == arn
    assert bench.sqs.list_dead_letter_source_queues(QueueUrl=dead_url)["queueUrls"] == [url]


def test_dead_letters_move_back_only_from_a_queue_that_has_a_source(bench: Workbench) -> None:
    """Guards StartMessageMoveTask's rule: a rule's dead-letter queue is none in its eyes."""
    dead_url, dead = bench.queue("dead-move")
    with _refused("must be configured as a Dead Letter Queue"):
        bench.sqs.start_message_move_task(SourceArn=dead)
    url, _ = bench.queue("source-move", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1}))
    bench.sqs.send_message(QueueUrl=url, MessageBody="again")
    bench.receive(url)
    bench.advance(31)
    assert bench.receive(url) == []
    bench.sqs.start_message_move_task(SourceArn=dead)
    assert bench.receive(url)[0]["Body"] == "again"
    assert bench.receive(dead_url) == []
    assert bench.sqs.list_message_move_tasks(SourceArn=dead)["Results"][0]["ApproximateNumberOfMessagesMoved"] == 1


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ({"VisibilityTimeout": "soon"}, "InvalidAttributeValue"),
        ({"MessageRetentionPeriod": "59"}, "InvalidAttributeValue"),
        ({"DelaySeconds": "901"}, "InvalidAttributeValue"),
        ({"MaximumMessageSize": "1048577"}, "InvalidAttributeValue"),
        ({"Policy": "no"}, "InvalidAttributeValue"),
        ({"Policy": document(allow("s3:GetObject", "*"))}, "InvalidAttributeValue"),
        ({"RedrivePolicy": "{}"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": NOWHERE}, "does not exist"),
        ({"RedriveAllowPolicy": json.dumps({"redrivePermission": "some"})}, "InvalidAttributeValue"),
        ({"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"}, "InvalidAttributeValue"),
        ({"QueueArn": "x"}, "InvalidAttributeName"),
        ({"FifoQueue": "true"}, "NotEmulated"),
    ],
)
def test_attributes_out_of_range_are_refused(bench: Workbench, attributes: dict[str, str], code: str) -> None:
    """Guards against a queue that AWS wouldn't make: the API takes every attribute as text."""
    with _refused(code):
        bench.sqs.create_queue(QueueName="refused", Attributes=attributes)


def test_a_taken_name_with_other_attributes_is_refused(bench: Workbench) -> None:
    """Guards CreateQueue's idempotence: same attributes answer the URL, others an error."""
    url, _ = bench.queue("taken", DelaySeconds="5")
    assert bench.queue("taken", DelaySeconds="5")[0] == url
    with _refused("different value for attribute DelaySeconds"):
        bench.queue("taken", DelaySeconds="6")


def test_a_name_is_free_again_a_minute_after_its_deletion(bench: Workbench) -> None:
    """Guards QueueDeletedRecently, which a replace in one deployment runs into."""
    url, _ = bench.queue("gone")
    bench.sqs.delete_queue(QueueUrl=url)
    with _refused("NonExistentQueue"):
        bench.sqs.get_queue_url(QueueName="gone")
    with _refused("QueueDeletedRecently"):
        bench.queue("gone")
    bench.advance(60)
    bench.queue("gone")


def test_what_was_set_is_shown_and_the_rest_has_aws_defaults(bench: Workbench) -> None:
    """Guards the read-back that a provider diffs against."""
    url, arn = bench.queue("shown", VisibilityTimeout="180")
    shown = bench.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (shown["VisibilityTimeout"], shown["QueueArn"], shown["SqsManagedSseEnabled"]) == ("180", arn, "true")
    assert (shown["MessageRetentionPeriod"], shown["DelaySeconds"]) == ("345600", "0")
    assert "RedrivePolicy" not in shown
    bench.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in bench.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_a_batch_reports_each_entry(bench: Workbench) -> None:
    """Guards partial success: one bad entry doesn't fail the others."""
    url, _ = bench.queue("batch", MaximumMessageSize="1024")
    entries = [{"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": "y" * 1025}]
    answer = bench.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["a"]
    assert [one["Id"] for one in answer["Failed"]] == ["b"]
    with _refused("BatchEntryIdsNotDistinct"):
        bench.sqs.send_message_batch(QueueUrl=url, Entries=[entries[0], entries[0]])
    with _refused("TooManyEntriesInBatchRequest"):
        bench.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(11)])


def test_message_attributes_keep_their_digest(bench: Workbench) -> None:
    """Guards the MD5 that boto3 checks; binary and text attributes differ in it."""
    url, _ = bench.queue("attributes")
    attributes = {"a": {"DataType": "String", "StringValue": "é"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    bench.sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attributes)
    assert bench.receive(url)[0]["MessageAttributes"] == attributes


def test_another_account_needs_the_queue_policy(bench: Workbench) -> None:
    """Guards the cross-account rule: identity and queue policy must both allow."""
    url, arn = bench.queue("shared")
    dev = bench.beside("dev")
    with _refused("AccessDenied"):
        dev.sqs.send_message(QueueUrl=url, MessageBody="x")
    statement = {**allow("sqs:SendMessage", arn), "Principal": {"AWS": f"arn:aws:iam::{dev.account}:root"}}
    bench.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(statement)})
    dev.sqs.send_message(QueueUrl=url, MessageBody="x")
    assert len(bench.receive(url)) == 1


def test_an_encrypted_queue_needs_its_key_to_send_and_to_receive(bench: Workbench) -> None:
    """Guards the implied KMS calls: GenerateDataKey and Decrypt to send, Decrypt to receive (sqs-key-management)."""
    key = bench.kms.create_key()["KeyMetadata"]["Arn"]
    url, arn = bench.queue("encrypted", KmsMasterKeyId=key)
    trust = document(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{bench.account}:root"}, "Action": "sts:AssumeRole"}
    )
    bench.iam.create_role(RoleName="sqs-user", AssumeRolePolicyDocument=trust)

    def may(*actions: str) -> Any:
        rights = document(allow("sqs:*", arn), *([allow(list(actions), key)] if actions else []))
        bench.iam.put_role_policy(RoleName="sqs-user", PolicyName="p", PolicyDocument=rights)
        return bench.client("sqs-user", "sqs")

    with _refused("Kms.?AccessDenied"):
        may("kms:GenerateDataKey").send_message(QueueUrl=url, MessageBody="x")
    may("kms:GenerateDataKey", "kms:Decrypt").send_message(QueueUrl=url, MessageBody="x")
    with _refused("Kms.?AccessDenied"):
        may().receive_message(QueueUrl=url)
    assert may("kms:Decrypt").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"


def test_old_messages_expire(bench: Workbench) -> None:
    """Guards the retention period, on the organisation's clock."""
    url, _ = bench.queue("expiring", MessageRetentionPeriod="60")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    bench.advance(61)
    assert bench.receive(url) == []


def test_a_delayed_message_shows_later(bench: Workbench) -> None:
    """Guards the queue's delay and the message's own."""
    url, _ = bench.queue("delayed", DelaySeconds="10")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    assert bench.receive(url) == []
    bench.advance(11)
    assert len(bench.receive(url)) == 1


def test_purge_empties_once_a_minute(bench: Workbench) -> None:
    """Guards PurgeQueueInProgress."""
    url, _ = bench.queue("purged")
    bench.sqs.send_message(QueueUrl=url, MessageBody="x")
    bench.sqs.purge_queue(QueueUrl=url)
    assert bench.receive(url) == []
    with _refused("PurgeQueueInProgress"):
        bench.sqs.purge_queue(QueueUrl=url)


def test_tags_of_a_queue(bench: Workbench) -> None:
    """Guards tags from creation on, merged and removed."""
    url = bench.sqs.create_queue(QueueName="tagged", tags={"a": "1"})["QueueUrl"]
    bench.sqs.tag_queue(QueueUrl=url, Tags={"b": "2"})
    bench.sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert bench.sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2"}
