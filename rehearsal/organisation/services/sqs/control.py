"""Amazon SQS, standard queues: the control plane. Messages are in `messages`, move tasks in `moves`.

Sources: botocore's sqs model, the SQS API reference (errors), sqs/sqs-configure-sqs-sse-queue. FIFO queues are refused
by name. Counts are exact, where AWS's are approximate.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    NotEmulated,
    Organisation,
    Params,
    component,
    resource_policy,
    resource_tags,
    serves,
)
from rehearsal.organisation.policies import parsed
from rehearsal.organisation.services.sqs.attributes import check_attributes
from rehearsal.organisation.services.sqs.measures import touched
from rehearsal.organisation.services.sqs.queues import Queue, all_queues, find_queue, queues

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
DELETED_RECENTLY_SECONDS = 60
PURGE_INTERVAL_SECONDS = 60
MAX_TAGS = 50
SOURCE = "sqs/APIReference"


class Arrivals:
    """Wakes who waits for messages: long polls and event source mappings."""

    def __init__(self, org: Organisation) -> None:
        self._changed = threading.Condition()
        self._clock = virtual(org.clock)
        self._clock.when_skipped(self.tell)

    def tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def tell_in(self, seconds: float, what: str) -> None:
        """Wake them when a hidden message shows: a skip of the clock stops there too."""
        if seconds > 0:
            self._clock.after(seconds, self.tell, what)

    def wait(self, seconds: float) -> None:
        """Return at the next arrival or skip of the clock, or after so many real seconds."""
        with self._changed:
            self._changed.wait(seconds)

    def pending(self) -> int:
        return 0

    def stop(self) -> None:
        self.tell()


@component("queues")
def make_arrivals(org: Organisation) -> Arrivals:
    return Arrivals(org)


def no_queue(name: str) -> ApiError:
    return ApiError("QueueDoesNotExist", f"The specified queue does not exist: {name}.")


def queue_of_url(org: Organisation, call: Call) -> Queue:
    """The queue that a call's QueueUrl names.

    Raises ApiError (QueueDoesNotExist).
    """
    account, _, name = call.params["QueueUrl"].rstrip("/").rpartition("/")
    account = account.rpartition("/")[2]
    found = queues(org, account, call.region).get(name)
    if found is None:
        raise no_queue(call.params["QueueUrl"])
    return found


def queue_needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The action named as the operation (a batch as its single form) on the queue's ARN.

    Source: Service Authorization Reference, Amazon SQS: batches need the single action.
    """
    action = "sqs:" + call.operation.removesuffix("Batch")
    if "QueueUrl" in call.params:
        account, _, name = call.params["QueueUrl"].rstrip("/").rpartition("/")
        account = account.rpartition("/")[2]
    else:
        name = call.params.get("QueueName", "*")
        account = call.params.get("QueueOwnerAWSAccountId", call.owner)
    arn = f"arn:aws:sqs:{call.region}:{account}:{name}"
    yield Need(action, "*" if call.operation == "ListQueues" else arn, account)
    if call.params.get("tags"):
        yield Need("sqs:TagQueue", arn, account)


@resource_policy("sqs")
def policy_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, object] | None:
    queue = find_queue(org, arn)
    text = queue.attributes.get("Policy") if queue else None
    return parsed(text) if text else None


@resource_tags("sqs")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    queue = find_queue(org, arn)
    return queue.tags if queue else None


@serves("sqs", "CreateQueue", source=f"{SOURCE}/API_CreateQueue", needs=queue_needs)
def create_queue(org: Organisation, call: Call) -> Params:
    name = call.params["QueueName"]
    if name.endswith(".fifo"):
        raise NotEmulated(f"sqs: a FIFO queue ({name})")
    if not NAME.fullmatch(name):
        raise ApiError(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )
    given = {key: value for key, value in call.params.get("Attributes", {}).items() if value != ""}
    now = org.clock.now()
    queue = Queue(name, call.owner, call.region, now, now, given, dict(call.params.get("tags", {})))
    check_attributes(org, queue, given)
    existing = queues(org, call.owner, call.region).get(name)
    if existing is not None:
        for key, value in given.items():
            if existing.get(key) != value:
                raise ApiError(
                    "QueueNameExists",
                    f"A queue already exists with the same name and a different value for attribute {key}",
                )
        return {"QueueUrl": existing.url}
    deleted: dict[str, datetime] = org.state("sqs", call.owner, call.region).setdefault("deleted", {})
    if name in deleted and now - deleted[name] < timedelta(seconds=DELETED_RECENTLY_SECONDS):
        raise ApiError(
            "QueueDeletedRecently",
            f"You must wait {DELETED_RECENTLY_SECONDS} seconds after deleting a queue before you can create "
            "another with the same name.",
        )
    _default_encryption(queue)
    queues(org, call.owner, call.region)[name] = queue
    return {"QueueUrl": queue.url}


def _default_encryption(queue: Queue) -> None:
    """SSE-SQS is on unless a key is given or it is switched off (sqs-configure-sqs-sse-queue)."""
    if not queue.key:
        queue.attributes.setdefault("SqsManagedSseEnabled", "true")


@serves("sqs", "DeleteQueue", source=f"{SOURCE}/API_DeleteQueue", needs=queue_needs)
def delete_queue(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    del queues(org, queue.account, queue.region)[queue.name]
    org.state("sqs", queue.account, queue.region).setdefault("deleted", {})[queue.name] = org.clock.now()
    return {}


@serves("sqs", "GetQueueUrl", source=f"{SOURCE}/API_GetQueueUrl", needs=queue_needs)
def get_queue_url(org: Organisation, call: Call) -> Params:
    account = call.params.get("QueueOwnerAWSAccountId", call.owner)
    queue = queues(org, account, call.region).get(call.params["QueueName"])
    if queue is None:
        raise no_queue(call.params["QueueName"])
    return {"QueueUrl": queue.url}


@serves("sqs", "ListQueues", source=f"{SOURCE}/API_ListQueues", needs=queue_needs, fidelity="emulated", note="one page")
def list_queues(org: Organisation, call: Call) -> Params:
    prefix = call.params.get("QueueNamePrefix", "")
    found = [one.url for one in queues(org, call.owner, call.region).values() if one.name.startswith(prefix)]
    if len(found) > call.params.get("MaxResults", 1000):
        raise NotEmulated(f"sqs: ListQueues beyond one page ({len(found)} queues)")
    return {"QueueUrls": found} if found else {}


@serves("sqs", "ListDeadLetterSourceQueues", source=f"{SOURCE}/API_ListDeadLetterSourceQueues", needs=queue_needs)
def list_sources(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    return {"queueUrls": [one.url for one in sources(org, queue)]}


def sources(org: Organisation, queue: Queue) -> list[Queue]:
    """The queues whose redrive policy names this one."""
    return [one for one in all_queues(org, queue.region) if one.redrive and one.redrive[0] == queue.arn]


@serves("sqs", "GetQueueAttributes", source=f"{SOURCE}/API_GetQueueAttributes", needs=queue_needs)
def get_queue_attributes(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    now = org.clock.now()
    queue.expire(now)
    shown = {
        **{name: queue.get(name) for name in _DEFAULTED},
        **{name: value for name, value in queue.attributes.items() if value},
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(int(queue.created.timestamp())),
        "LastModifiedTimestamp": str(int(queue.modified.timestamp())),
        "ApproximateNumberOfMessages": str(queue.visible(now)),
        "ApproximateNumberOfMessagesNotVisible": str(queue.in_flight(now)),
        "ApproximateNumberOfMessagesDelayed": str(queue.delayed(now)),
    }
    if queue.key:
        shown.setdefault("KmsDataKeyReusePeriodSeconds", "300")
        shown["SqsManagedSseEnabled"] = "false"
    asked = call.params.get("AttributeNames", [])
    wanted = shown if "All" in asked else {name: shown[name] for name in asked if name in shown}
    return {"Attributes": wanted} if wanted else {}


_DEFAULTED = (
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
)


@serves(
    "sqs", "SetQueueAttributes", source=f"{SOURCE}/API_SetQueueAttributes", needs=queue_needs,
    fidelity="emulated", note="at once, where AWS takes up to 60 s (retention: 15 min)",
)  # fmt: skip
def set_queue_attributes(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    given: Mapping[str, str] = call.params["Attributes"]
    check_attributes(org, queue, given)
    for name, value in given.items():
        if value == "":
            queue.attributes.pop(name, None)
        else:
            queue.attributes[name] = value
    if given.get("KmsMasterKeyId"):
        queue.attributes["SqsManagedSseEnabled"] = "false"
    elif given.get("SqsManagedSseEnabled", "").lower() == "true":
        queue.attributes.pop("KmsMasterKeyId", None)
    queue.modified = org.clock.now()
    return {}


@serves("sqs", "PurgeQueue", source=f"{SOURCE}/API_PurgeQueue", needs=queue_needs, fidelity="emulated", note="at once")
def purge_queue(org: Organisation, call: Call) -> Params:
    queue, now = queue_of_url(org, call), org.clock.now()
    if queue.purged and now - queue.purged < timedelta(seconds=PURGE_INTERVAL_SECONDS):
        raise ApiError(
            "PurgeQueueInProgress",
            f"Only one PurgeQueue operation on {queue.name} is allowed every {PURGE_INTERVAL_SECONDS} seconds.",
            403,
        )
    queue.purged, queue.messages = now, []
    touched(org, queue)
    return {}


@serves("sqs", "TagQueue", "UntagQueue", "ListQueueTags", source=f"{SOURCE}/API_TagQueue", needs=queue_needs)
def tags(org: Organisation, call: Call) -> Params:
    queue = queue_of_url(org, call)
    if call.operation == "ListQueueTags":
        return {"Tags": dict(queue.tags)} if queue.tags else {}
    merged = {**queue.tags, **call.params.get("Tags", {})}
    for key in call.params.get("TagKeys", []):
        merged.pop(key, None)
    if len(merged) > MAX_TAGS:
        raise ApiError("InvalidParameterValue", f"Too many tags added for queue {queue.name}.")
    queue.tags = merged
    return {}
