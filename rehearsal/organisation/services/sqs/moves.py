"""Amazon SQS: moving messages out of a dead-letter queue.

Source: SQS API StartMessageMoveTask: only from a queue that is the dead-letter queue of another queue. A rule's
dead-letter queue isn't one, so its messages can't be moved this way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, serves
from rehearsal.organisation.services.sqs.control import SOURCE, sources
from rehearsal.organisation.services.sqs.entries import use_key
from rehearsal.organisation.services.sqs.measures import touched
from rehearsal.organisation.services.sqs.queues import Message, Queue, find_queue


def _needs(org: Organisation, call: Call) -> Iterable[Need]:
    """Source: API StartMessageMoveTask, permissions; sqs-configure-dead-letter-queue-redrive."""
    source = call.params["SourceArn"]
    yield Need(f"sqs:{call.operation}", source, source.split(":")[4])
    if call.operation == "StartMessageMoveTask":
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            yield Need(action, source, source.split(":")[4])
        if "DestinationArn" in call.params:
            yield Need("sqs:SendMessage", call.params["DestinationArn"], call.params["DestinationArn"].split(":")[4])


def _source(org: Organisation, call: Call) -> Queue:
    queue = find_queue(org, call.params["SourceArn"])
    if queue is None:
        raise ApiError(
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
            404,
        )
    return queue


@serves(
    "sqs", "StartMessageMoveTask", source=f"{SOURCE}/API_StartMessageMoveTask", needs=_needs,
    fidelity="emulated", note="all visible messages move at once; the rate is ignored",
)  # fmt: skip
def start_message_move_task(org: Organisation, call: Call) -> Params:
    queue, now = _source(org, call), org.clock.now()
    if not sources(org, queue):
        raise ApiError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    fixed = find_queue(org, call.params["DestinationArn"]) if "DestinationArn" in call.params else None
    if "DestinationArn" in call.params and fixed is None:
        raise ApiError(
            "ResourceNotFoundException",
            "The resource that you specified for the DestinationArn parameter doesn't exist.",
            404,
        )
    task: dict[str, Any] = {
        "TaskHandle": call.request_id, "Status": "COMPLETED", "SourceArn": queue.arn,
        "ApproximateNumberOfMessagesToMove": queue.visible(now), "ApproximateNumberOfMessagesMoved": 0,
        "StartedTimestamp": int(now.timestamp() * 1000),
    }  # fmt: skip
    if fixed is not None:
        task["DestinationArn"] = fixed.arn
    use_key(org, queue, call.caller, ("kms:Decrypt",))
    for message in [one for one in queue.messages if one.visible <= now]:
        target = fixed or find_queue(org, message.system.get("DeadLetterQueueSourceArn", ""))
        if target is None:
            task |= {"Status": "FAILED", "FailureReason": "CouldNotDetermineMessageSource"}
            break
        use_key(org, target, call.caller, ("kms:GenerateDataKey", "kms:Decrypt"))
        queue.messages.remove(message)
        target.put(Message(message.body, message.sender, now, now, message.attributes, id=message.id))
        touched(org, target)
        task["ApproximateNumberOfMessagesMoved"] += 1
    touched(org, queue)
    _tasks(org, queue).insert(0, task)
    org.component("queues").tell()
    return {"TaskHandle": call.request_id}


def _tasks(org: Organisation, queue: Queue) -> list[dict[str, Any]]:
    by_queue: dict[str, list[dict[str, Any]]] = org.state("sqs", queue.account, queue.region).setdefault("moves", {})
    return by_queue.setdefault(queue.arn, [])


@serves("sqs", "ListMessageMoveTasks", source=f"{SOURCE}/API_ListMessageMoveTasks", needs=_needs)
def list_message_move_tasks(org: Organisation, call: Call) -> Params:
    tasks = _tasks(org, _source(org, call))[: call.params.get("MaxResults", 1)]
    return {"Results": [{k: v for k, v in task.items() if k != "TaskHandle"} for task in tasks]}
