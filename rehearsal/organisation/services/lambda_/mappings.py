"""AWS Lambda: event source mappings from SQS queues; `rehearsal.organisation.pollers` reads the queues.

Sources: botocore's lambda model, lambda/services-sqs-configure (role, visibility timeout, batches), API
CreateEventSourceMapping. Other sources are refused by name.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    NotEmulated,
    Organisation,
    Params,
    condition_keys,
    serves,
    takes,
)
from rehearsal.organisation.delivery.patterns import InvalidPattern, load_pattern
from rehearsal.organisation.runtime.functions import Function, find_function
from rehearsal.organisation.runtime.mappings import Mapping, mappings
from rehearsal.organisation.runtime.pool import LAMBDA
from rehearsal.organisation.services.lambda_.functions import SOURCE
from rehearsal.organisation.services.lambda_.packages import invalid
from rehearsal.organisation.services.sqs.queues import Queue, find_queue

NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What the function's role must be allowed on the queue (lambda/services-sqs-configure)."""

MAX_UNWINDOWED_BATCH = 10
MAX_FILTERS = 5
SETTINGS = (
    "BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "ScalingConfig", "FilterCriteria",
)  # fmt: skip
KNOWN = frozenset({*SETTINGS, "EventSourceArn", "FunctionName", "Enabled", "Tags", "UUID"})

condition_keys("lambda", "lambda:FunctionArn")
takes("lambda", "CreateEventSourceMapping", "UpdateEventSourceMapping", members=KNOWN)


def _needs(org: Organisation, call: Call) -> Iterable[Need]:
    """Made and listed on `*`, else on the mapping's ARN, with the function's ARN as condition key."""
    arn, context = "*", {}
    if "UUID" in call.params:
        arn = f"arn:aws:lambda:{call.region}:{call.owner}:event-source-mapping:{call.params['UUID']}"
        found = mappings(org, call.owner, call.region).get(call.params["UUID"])
        context = {"lambda:FunctionArn": found.function} if found else {}
    elif call.operation == "CreateEventSourceMapping":
        context = {"lambda:FunctionArn": _function(org, call).arn}
    yield Need(f"lambda:{call.operation}", arn, call.owner, context)
    if call.operation == "CreateEventSourceMapping" and call.params.get("Tags"):
        yield Need(
            "lambda:TagResource", f"arn:aws:lambda:{call.region}:{call.owner}:event-source-mapping:*", call.owner
        )


def _function(org: Organisation, call: Call) -> Function:
    return find_function(org, call.params["FunctionName"], call.caller.account, call.region)


def _mapping(org: Organisation, call: Call) -> Mapping:
    found = mappings(org, call.owner, call.region).get(call.params["UUID"])
    if found is None:
        raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", 404, Type="User")
    return found


def mapping_tags(org: Organisation, call: Call, uuid_: str) -> dict[str, str]:
    found = mappings(org, call.owner, call.region).get(uuid_)
    if found is None:
        raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", 404, Type="User")
    return found.tags


@serves(
    "lambda", "CreateEventSourceMapping", source=f"{SOURCE}/API_CreateEventSourceMapping", needs=_needs,
    fidelity="emulated", note="standard queues; enabled at once; reads while a message is visible; 5 batches at once",
)  # fmt: skip
def create_mapping(org: Organisation, call: Call) -> Params:
    params = call.params
    function = _function(org, call)
    arn = params.get("EventSourceArn", "")
    if arn.split(":")[2:3] != ["sqs"] or arn.endswith(".fifo"):
        raise NotEmulated(f"lambda: an event source mapping from {arn or 'a source without ARN'}")
    queue = find_queue(org, arn)
    if queue is None:
        raise invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS "
            f"Error Message: The specified queue does not exist: {arn}."
        )
    store = mappings(org, call.owner, call.region)
    twin = next((one for one in store.values() if (one.queue, one.function) == (arn, function.arn)), None)
    if twin is not None:
        raise ApiError(
            "ResourceConflictException",
            f'An event source mapping with SQS arn ("{arn}") and function ("{function.name}") already exists. '
            f"Please update or delete the existing mapping with UUID {twin.uuid}",
            409,
            Type="User",
        )
    settings = {name: params[name] for name in SETTINGS if name in params}
    _check(org, function, queue, settings)
    mapping = Mapping(
        str(uuid.uuid4()), function.arn, arn, call.owner, call.region, settings, org.clock.now(),
        enabled=params.get("Enabled", True), tags=dict(params.get("Tags", {})),
    )  # fmt: skip
    store[mapping.uuid] = mapping
    org.component("pollers").changed(mapping)
    # AWS shows Creating first; here the mapping is in its final state at once.
    return shown(mapping)


def _check(org: Organisation, function: Function, queue: Queue, settings: dict[str, Any]) -> None:
    batch, window = settings.get("BatchSize", 10), settings.get("MaximumBatchingWindowInSeconds", 0)
    if batch > MAX_UNWINDOWED_BATCH and window < 1:
        raise invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{MAX_UNWINDOWED_BATCH}"
        )
    if queue.seconds("VisibilityTimeout") < function.timeout_seconds:
        raise invalid(
            f"Queue visibility timeout: {queue.get('VisibilityTimeout')} seconds is less than Function timeout: "
            f"{function.timeout_seconds} seconds"
        )
    if queue.region != function.region:
        raise invalid("The event source arn must be in the function's Region")
    filters = settings.get("FilterCriteria", {}).get("Filters", [])
    if len(filters) > MAX_FILTERS:
        raise invalid(f"FilterCriteria has {len(filters)} filters, at most {MAX_FILTERS} are allowed")
    for one in filters:
        try:
            load_pattern(one["Pattern"])
        except InvalidPattern as error:
            raise invalid(f"Invalid filter pattern definition. {error}") from error
    _check_role(org, function, queue)


def _check_role(org: Organisation, function: Function, queue: Queue) -> None:
    """Lambda tries the role's rights when a mapping is made."""
    try:
        _, caller = org.service_session(LAMBDA, function.role, session_name=function.name)
    except NotEmulated:
        raise
    except ApiError as error:
        raise invalid("The role defined for the function cannot be assumed by Lambda.") from error
    for action in NEEDED:
        try:
            org.authorise(
                caller,
                [Need(f"sqs:{action}", queue.arn, queue.account)],
                region=queue.region,
                reason="Lambda tries the rights of an event source mapping's role",
            )
        except NotEmulated:
            raise
        except ApiError as error:
            raise invalid(
                f"The provided execution role does not have permissions to call {action} on SQS ({error.message})"
            ) from error


def shown(mapping: Mapping) -> Params:
    answer: Params = {
        "UUID": mapping.uuid, "BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "EventSourceArn": mapping.queue,
        "FunctionArn": mapping.function, "LastModified": mapping.modified,
        "State": "Enabled" if mapping.enabled else "Disabled",
        "StateTransitionReason": "USER_INITIATED", "FunctionResponseTypes": [],
        "EventSourceMappingArn": mapping.arn,
        **{name: value for name, value in mapping.settings.items() if value not in (None, {})},
    }  # fmt: skip
    if mapping.result:
        answer["LastProcessingResult"] = mapping.result
    return answer


@serves("lambda", "GetEventSourceMapping", source=f"{SOURCE}/API_GetEventSourceMapping", needs=_needs)
def get_mapping(org: Organisation, call: Call) -> Params:
    return shown(_mapping(org, call))


@serves(
    "lambda",
    "ListEventSourceMappings",
    source=f"{SOURCE}/API_ListEventSourceMappings",
    needs=_needs,
    fidelity="emulated",
    note="one page",
)
def list_mappings(org: Organisation, call: Call) -> Params:
    params = call.params
    function = _function(org, call).arn if "FunctionName" in params else None
    found = [
        one
        for one in mappings(org, call.owner, call.region).values()
        if function in (None, one.function) and params.get("EventSourceArn", one.queue) == one.queue
    ]
    if len(found) > params.get("MaxItems", 100):
        raise NotEmulated(f"lambda: ListEventSourceMappings beyond one page ({len(found)} mappings)")
    return {"EventSourceMappings": [shown(one) for one in found]}


@serves("lambda", "UpdateEventSourceMapping", source=f"{SOURCE}/API_UpdateEventSourceMapping", needs=_needs)
def update_mapping(org: Organisation, call: Call) -> Params:
    mapping, params = _mapping(org, call), call.params
    function = _function(org, call) if "FunctionName" in params else find_function(org, mapping.function, "", "")
    queue = find_queue(org, mapping.queue)
    if queue is None:
        raise invalid(f"The queue {mapping.queue} does not exist")
    settings = {**mapping.settings, **{name: params[name] for name in SETTINGS if name in params}}
    _check(org, function, queue, settings)
    mapping.settings, mapping.function, mapping.modified = settings, function.arn, org.clock.now()
    mapping.enabled = params.get("Enabled", mapping.enabled)
    org.component("pollers").changed(mapping)
    return shown(mapping)


@serves("lambda", "DeleteEventSourceMapping", source=f"{SOURCE}/API_DeleteEventSourceMapping", needs=_needs)
def delete_mapping(org: Organisation, call: Call) -> Params:
    mapping = _mapping(org, call)
    del mappings(org, mapping.account, mapping.region)[mapping.uuid]
    mapping.deleted = True
    org.component("pollers").changed(mapping)
    return {**shown(mapping), "State": "Deleting"}
