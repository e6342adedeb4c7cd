"""aws.sqs: Queue, QueuePolicy. Ids: the queue's URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rehearsal.provider.clients import Clients, retrying
from rehearsal.provider.documents import parse
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_id, tag_calls
from rehearsal.provider.values import UNKNOWN, Props

GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
DELETED_RECENTLY = ("AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently")
DELETED_RECENTLY_SECONDS = 70.0
"""A name is free again 60 seconds after DeleteQueue (boto:sqs CreateQueue); the real provider waits 70."""

ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication", "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds", "fifoQueue": "FifoQueue", "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds", "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize", "messageRetentionSeconds": "MessageRetentionPeriod", "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds", "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy", "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}  # fmt: skip
NUMBERS = {
    "delaySeconds", "kmsDataKeyReusePeriodSeconds", "maxMessageSize", "messageRetentionSeconds",
    "receiveWaitTimeSeconds", "visibilityTimeoutSeconds",
}  # fmt: skip
BOOLEANS = {"contentBasedDeduplication", "fifoQueue", "sqsManagedSseEnabled"}
NAME = re.compile(r"[A-Za-z0-9_-]+(\.fifo)?")
LONGEST_NAME = 80
MOST_RECEIVES = 1000
CHOICES = {"deduplicationScope": ("messageGroup", "queue"), "fifoThroughputLimit": ("perQueue", "perMessageGroupId")}
ONLY_FIFO = ("contentBasedDeduplication", "deduplicationScope", "fifoThroughputLimit")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sent(args: Props, names: list[str]) -> dict[str, str]:
    """The attributes to send. A standard queue takes no FIFO attribute, not even a false one (boto:sqs CreateQueue)."""
    left_out = () if args.get("fifoQueue") else ("fifoQueue", *ONLY_FIFO)
    return {
        ATTRIBUTES[name]: _text(args[name]) for name in names if args.get(name) is not None and name not in left_out
    }


def _create(aws: Clients, args: Props) -> str:
    answer = retrying(
        lambda: aws.call(
            "sqs", "create_queue",
            QueueName=args["name"], Attributes=_sent(args, list(ATTRIBUTES)), tags=args.get("tagsAll") or None,
        ),
        DELETED_RECENTLY,
        DELETED_RECENTLY_SECONDS,
    )  # fmt: skip
    url: str = answer["QueueUrl"]
    return url


def _parsed(name: str, text: str) -> Any:
    if name in BOOLEANS:
        return text == "true"
    return int(text) if name in NUMBERS else text


def _attributes(aws: Clients, url: str) -> dict[str, str]:
    answer = aws.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    return dict(answer.get("Attributes", {}))


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _attributes(aws, physical_id)
    state = {name: _parsed(name, found[api]) for name, api in ATTRIBUTES.items() if found.get(api) not in (None, "")}
    return {
        "fifoQueue": False,
        "contentBasedDeduplication": False,
        "sqsManagedSseEnabled": False,
        **state,
        "name": found["QueueArn"].rsplit(":", 1)[1],
        "arn": found["QueueArn"],
        "url": physical_id,
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    changed = [name for name in ATTRIBUTES if new.get(name) is not None and new[name] != old.get(name)]
    removed = [name for name in ("kmsMasterKeyId",) if old.get(name) and new.get(name) is None]
    attributes = {**_sent(new, changed), **{ATTRIBUTES[name]: "" for name in removed}}
    if attributes:
        aws.call("sqs", "set_queue_attributes", QueueUrl=physical_id, Attributes=attributes)


def _check(args: Props) -> list[tuple[str, str]]:
    """What the Terraform provider's custom diff and the API refuse (boto:sqs CreateQueue)."""
    found = [(path, reason) for path, reason in _check_values(args) if args.get(path) is not UNKNOWN]
    fifo = args.get("fifoQueue", False)
    if fifo is False:
        found += [(key, f"{key} can be set for a FIFO queue only") for key in ONLY_FIFO if args.get(key)]
    if args.get("kmsMasterKeyId") and args.get("sqsManagedSseEnabled") is True:
        found.append(("sqsManagedSseEnabled", "sqsManagedSseEnabled conflicts with kmsMasterKeyId: set one of them"))
    return found


def _check_values(args: Props) -> Iterator[tuple[str, str]]:
    name, fifo = args.get("name"), args.get("fifoQueue", False)
    if isinstance(name, str):
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            yield "name", f"name is {name!r}: must have 1 to {LONGEST_NAME} letters, digits, hyphens and underscores"
        elif isinstance(fifo, bool) and name.endswith(".fifo") != fifo:
            yield "name", f"name is {name!r}: a FIFO queue's name ends in .fifo, a standard queue's doesn't"
    for key, allowed in CHOICES.items():
        if args.get(key) is not None and args[key] not in allowed:
            yield key, f"{key} is {args[key]!r}: must be one of {', '.join(allowed)}"
    redrive = args.get("redrivePolicy")
    if isinstance(redrive, str):
        policy = parse(redrive)
        if not {"deadLetterTargetArn", "maxReceiveCount"} <= policy.keys():
            yield "redrivePolicy", "redrivePolicy must hold deadLetterTargetArn and maxReceiveCount"
        elif not str(policy["maxReceiveCount"]).isdigit() or not 1 <= int(policy["maxReceiveCount"]) <= MOST_RECEIVES:
            count = policy["maxReceiveCount"]
            yield "redrivePolicy", f"redrivePolicy.maxReceiveCount is {count!r}: must be 1 to {MOST_RECEIVES}"


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("sqs", "delete_queue", QueueUrl=physical_id)


QUEUE = ResourceType(
    pulumi_type="aws:sqs/queue:Queue",
    cfn="AWS::SQS::Queue",
    name=AutoName(limit=80),
    arguments={
        "contentBasedDeduplication": Argument(cfn="ContentBasedDeduplication", default=False),
        "deduplicationScope": Argument(cfn="DeduplicationScope"),
        "delaySeconds": Argument(cfn="DelaySeconds", default=0),
        "fifoQueue": Argument(cfn="FifoQueue", default=False),
        "fifoThroughputLimit": Argument(cfn="FifoThroughputLimit"),
        "kmsDataKeyReusePeriodSeconds": Argument(cfn="KmsDataKeyReusePeriodSeconds"),
        "kmsMasterKeyId": Argument(cfn="KmsMasterKeyId"),
        "maxMessageSize": Argument(cfn="MaximumMessageSize", default=262_144),
        "messageRetentionSeconds": Argument(cfn="MessageRetentionPeriod", default=345_600),
        "name": Argument(cfn="QueueName"),
        "policy": Argument(text="policy"),
        "receiveWaitTimeSeconds": Argument(cfn="ReceiveMessageWaitTimeSeconds", default=0),
        "redriveAllowPolicy": Argument(text="json"),
        "redrivePolicy": Argument(text="json"),
        "sqsManagedSseEnabled": Argument(cfn="SqsManagedSseEnabled"),
        "visibilityTimeoutSeconds": Argument(cfn="VisibilityTimeout", default=30),
    },
    tags=tag_calls("sqs", by_id("QueueUrl"), read="list_queue_tags", add="tag_queue", remove="untag_queue", pair=None),
    check=_check,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    adopts="CreateQueue answers the URL of a queue of the same name and attributes, and the real provider takes it; "
    "other attributes are QueueNameExists",
)


def _put_policy(aws: Clients, url: str, policy: str) -> str:
    aws.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": policy})
    return url


def _read_policy(aws: Clients, physical_id: str, known: Props) -> Props | None:
    policy = _attributes(aws, physical_id).get("Policy")
    return {"queueUrl": physical_id, "policy": policy} if policy else None


def _update_policy(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _put_policy(aws, physical_id, new["policy"])


def _delete_policy(aws: Clients, physical_id: str, state: Props) -> None:
    _put_policy(aws, physical_id, "")


QUEUE_POLICY = ResourceType(
    pulumi_type="aws:sqs/queuePolicy:QueuePolicy",
    arguments={
        "policy": Argument(text="policy"),
        # It has no identity but the queue's; CloudFormation's QueuePolicy has a list of queues and updates it.
        "queueUrl": Argument(replaces=True),
    },
    create=lambda aws, args: _put_policy(aws, args["queueUrl"], args["policy"]),
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=GONE,
    adopts="SetQueueAttributes replaces the queue's policy, and the real provider doesn't look first",
)

TYPES = (QUEUE, QUEUE_POLICY)
