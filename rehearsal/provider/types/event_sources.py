"""aws.lambda_: EventSourceMapping, for SQS queues. Id: the mapping's UUID.

The arguments of streams, Kafka and DocumentDB are refused by name: no such source is rehearsed.
"""

from __future__ import annotations

from rehearsal.provider.clients import Clients, NeverReady, wait_gone, wait_until
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.tagging import LAMBDA_TAGS
from rehearsal.provider.values import Props, without_none

GONE = ("ResourceNotFoundException",)
SETTLED = ("Enabled", "Disabled")
PLAIN = {
    "batchSize": "BatchSize", "enabled": "Enabled", "functionName": "FunctionName",
    "functionResponseTypes": "FunctionResponseTypes", "kmsKeyArn": "KMSKeyArn",
    "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
}  # fmt: skip


def _parameters(args: Props) -> Props:
    """What CreateEventSourceMapping and UpdateEventSourceMapping share; lists that were removed are emptied."""
    scaling, filters = args.get("scalingConfig") or {}, (args.get("filterCriteria") or {}).get("filters")
    return {
        **{api: args.get(key) for key, api in PLAIN.items()},
        "ScalingConfig": {"MaximumConcurrency": scaling["maximumConcurrency"]} if scaling else None,
        "FilterCriteria": {"Filters": [{"Pattern": item["pattern"]} for item in filters]} if filters else None,
    }


def _create(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "lambda", "create_event_source_mapping",
        EventSourceArn=args.get("eventSourceArn"), Tags=args.get("tagsAll") or None, **_parameters(args),
    )  # fmt: skip
    uuid: str = answer["UUID"]
    return uuid


def _get(aws: Clients, uuid: str) -> Props:
    return aws.call("lambda", "get_event_source_mapping", UUID=uuid)


def _wait(aws: Clients, physical_id: str, args: Props) -> None:
    def settled() -> bool:
        found = _get(aws, physical_id)
        if found["State"] == "Deleting":
            raise NeverReady(f"the event source mapping {physical_id} is being deleted")
        return found["State"] in SETTLED

    wait_until(settled, f"the event source mapping {physical_id} didn't become Enabled or Disabled")


def _function(given: str | None, arn: str) -> str:
    """A function is named by its name, its ARN or a part of it: keep the program's spelling if it is the same one."""
    return given if given is not None and (arn == given or arn.endswith(f":{given}")) else arn


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _get(aws, physical_id)
    filters = (found.get("FilterCriteria") or {}).get("Filters")
    concurrency = (found.get("ScalingConfig") or {}).get("MaximumConcurrency")
    return {
        "uuid": found["UUID"],
        "arn": found.get("EventSourceMappingArn"),
        "functionArn": found["FunctionArn"],
        "functionName": _function(known.get("functionName"), found["FunctionArn"]),
        "eventSourceArn": found.get("EventSourceArn"),
        "batchSize": found.get("BatchSize"),
        "enabled": found["State"] not in ("Disabled", "Disabling"),
        "functionResponseTypes": found.get("FunctionResponseTypes") or None,
        "kmsKeyArn": found.get("KMSKeyArn") or None,
        "maximumBatchingWindowInSeconds": found.get("MaximumBatchingWindowInSeconds", 0),
        "scalingConfig": {"maximumConcurrency": concurrency} if concurrency else None,
        "filterCriteria": {"filters": [{"pattern": item["Pattern"]} for item in filters]} if filters else None,
        "state": found["State"],
        "stateTransitionReason": found.get("StateTransitionReason", ""),
        "lastModified": found["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lastProcessingResult": found.get("LastProcessingResult", ""),
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    keys = (*PLAIN, "scalingConfig", "filterCriteria")
    changed = [key for key in keys if new.get(key) != old.get(key) and (key in new or old.get(key))]
    if not changed:
        return
    emptied = {"FunctionResponseTypes": [], "FilterCriteria": {}, "ScalingConfig": {}, "KMSKeyArn": ""}
    removed = {f"{key[0].upper()}{key[1:]}" for key in changed if new.get(key) is None}
    parameters = {**without_none(_parameters(new)), **{api: emptied[api] for api in removed & emptied.keys()}}
    aws.call("lambda", "update_event_source_mapping", UUID=physical_id, **parameters)
    _wait(aws, physical_id, new)


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("lambda", "delete_event_source_mapping", UUID=physical_id)
    wait_gone(lambda: _get(aws, physical_id), GONE, f"the event source mapping {physical_id}")


def _check(args: Props) -> list[tuple[str, str]]:
    if not args.get("eventSourceArn"):
        return [("eventSourceArn", "eventSourceArn must be set: only mappings of an event source's ARN are served")]
    return []


MAPPING = ResourceType(
    pulumi_type="aws:lambda/eventSourceMapping:EventSourceMapping",
    cfn="AWS::Lambda::EventSourceMapping",
    arguments={
        "batchSize": Argument(cfn="BatchSize"),
        "enabled": Argument(cfn="Enabled", default=True),
        "eventSourceArn": Argument(cfn="EventSourceArn"),
        "filterCriteria": Argument(),
        "filterCriteria.filters": Argument(cfn="FilterCriteria.Filters", unordered=True),
        "filterCriteria.filters.pattern": Argument(cfn="FilterCriteria.Filters.Pattern", text="json"),
        "functionName": Argument(cfn="FunctionName"),
        "functionResponseTypes": Argument(cfn="FunctionResponseTypes", unordered=True),
        "kmsKeyArn": Argument(cfn="KmsKeyArn"),
        "maximumBatchingWindowInSeconds": Argument(cfn="MaximumBatchingWindowInSeconds", computed=True),
        "scalingConfig": Argument(),
        "scalingConfig.maximumConcurrency": Argument(cfn="ScalingConfig.MaximumConcurrency"),
    },
    tags=LAMBDA_TAGS,
    check=_check,
    create=_create,
    configure=_wait,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    recomputed={"lastModified": (*PLAIN, "scalingConfig", "filterCriteria"), "state": ("enabled",)},
)

TYPES = (MAPPING,)
