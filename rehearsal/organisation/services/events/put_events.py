"""Amazon EventBridge: putting events, and trying a pattern.

Sources: botocore's events model, API PutEvents (entries fail one by one), eb/eb-putevents (size of an entry).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Need, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.delivery.buses import DEFAULT, bus_arn, buses
from rehearsal.organisation.delivery.patterns import InvalidPattern, load_pattern, matches
from rehearsal.organisation.services.events.buses import SOURCE

MAX_ENTRY_BYTES = 262_144
TIME_BYTES = 14
EVENT_FIELDS = ("id", "account", "source", "time", "region", "resources", "detail-type")


def _bus_arn(call: Call, entry: Mapping[str, Any]) -> str:
    name = entry.get("EventBusName") or DEFAULT
    return str(name) if name.startswith("arn:") else bus_arn(call.caller.account, call.region, name)


def _needs(org: Organisation, call: Call) -> Iterable[Need]:
    """events:PutEvents on the bus of each entry, with the entry's source and detail type (sar/eventbridge)."""
    for entry in call.params["Entries"]:
        arn = _bus_arn(call, entry)
        context = {
            "events:source": entry.get("Source", ""),
            "events:detail-type": entry.get("DetailType", ""),
            "events:eventBusInvocation": "false",
        }
        yield Need("events:PutEvents", arn, arn.split(":")[4], context)


@serves("events", "PutEvents", source=f"{SOURCE}/API_PutEvents", needs=_needs)
def put_events(org: Organisation, call: Call) -> Params:
    if "EndpointId" in call.params:
        raise NotEmulated("events: PutEvents to a global endpoint")
    entries = [_put(org, call, entry) for entry in call.params["Entries"]]
    return {"Entries": entries, "FailedEntryCount": sum("ErrorCode" in entry for entry in entries)}


def _put(org: Organisation, call: Call, entry: Mapping[str, Any]) -> Params:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return _refused("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    if entry["Source"].lower().startswith("aws."):
        return _refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return _refused("MalformedDetail", "Detail is malformed.")
    if size_of(entry) > MAX_ENTRY_BYTES:
        return _refused(
            "InvalidArgument",
            f"Total size of the entries in the request is over the limit: {size_of(entry)} bytes, at most "
            f"{MAX_ENTRY_BYTES}.",
        )
    region, account, name = _bus_arn(call, entry).replace(":event-bus/", ":").split(":")[3:]
    router = org.component("events")
    if name not in buses(org, account, region):
        # AWS accepts events for a bus that isn't there and drops them (API PutEvents names no error for it).
        org.note("lost", bus=_bus_arn(call, entry), source=entry["Source"], reason="the event bus does not exist")
        return {"EventId": call.request_id}
    id_ = router.put(
        account, region, name, call.caller.account, entry["Source"], entry["DetailType"], detail,
        entry.get("Resources", []), entry.get("Time"),
    )  # fmt: skip
    return {"EventId": id_}


def _refused(code: str, message: str) -> Params:
    return {"ErrorCode": code, "ErrorMessage": message}


def size_of(entry: Mapping[str, Any]) -> int:
    """The bytes of an entry that count: time, source, detail type, detail, resources (eb/eb-putevents)."""
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry.get("Resources", [])]
    return (TIME_BYTES if "Time" in entry else 0) + sum(len(text.encode()) for text in texts)


@serves("events", "TestEventPattern", source=f"{SOURCE}/API_TestEventPattern")
def test_event_pattern(org: Organisation, call: Call) -> Params:
    try:
        pattern = load_pattern(call.params["EventPattern"])
    except InvalidPattern as error:
        raise ApiError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from error
    try:
        event = json.loads(call.params["Event"])
    except ValueError as error:
        raise ApiError("ValidationException", "Parameter Event is not valid.") from error
    if not isinstance(event, dict) or any(name not in event for name in EVENT_FIELDS):
        raise ApiError("ValidationException", f"Parameter Event is not valid: it needs {', '.join(EVENT_FIELDS)}.")
    return {"Result": matches(pattern, event)}
