"""Amazon CloudWatch Logs: streams and events.

Sources: botocore's logs model, the CloudWatch Logs API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.services.logs.groups import (
    SOURCE,
    Event,
    group_of,
    milliseconds,
    needs,
    use_key,
    use_key_for_caller,
)

MAX_BATCH_EVENTS = 10_000
MAX_BATCH_BYTES = 1_048_576
EVENT_OVERHEAD_BYTES = 26
OLDEST_EVENT = timedelta(days=14)
NEWEST_EVENT = timedelta(hours=2)
"""Limits of a batch. Source: API PutLogEvents."""

TOKEN = "49600000000000000000000000000000000000000000000000000001"  # noqa: S105 - AWS ignores sequence tokens


@serves("logs", "CreateLogStream", source=f"{SOURCE}/API_CreateLogStream", needs=needs)
def create_log_stream(org: Organisation, call: Call) -> Params:
    group, name = group_of(org, call), call.params["logStreamName"]
    if ":" in name or "*" in name:
        raise ApiError("InvalidParameterException", f"Log stream name {name} must not hold ':' or '*'.")
    if name in group.streams:
        raise ApiError("ResourceAlreadyExistsException", "The specified log stream already exists")
    group.streams[name] = milliseconds(org.clock.now())
    return {}


@serves(
    "logs",
    "DescribeLogStreams",
    source=f"{SOURCE}/API_DescribeLogStreams",
    needs=needs,
    fidelity="emulated",
    note="one page, by name",
)
def describe_log_streams(org: Organisation, call: Call) -> Params:
    group = group_of(org, call)
    names = sorted(name for name in group.streams if name.startswith(call.params.get("logStreamNamePrefix", "")))
    if len(names) > call.params.get("limit", 50) or call.params.get("orderBy", "LogStreamName") != "LogStreamName":
        raise NotEmulated("logs: DescribeLogStreams beyond one page or ordered by time")
    shown = [
        {
            "logStreamName": name,
            "creationTime": group.streams[name],
            "arn": f"{group.arn}:log-stream:{name}",
            "storedBytes": 0,
        }
        for name in names
    ]
    return {"logStreams": shown}


@serves("logs", "PutLogEvents", source=f"{SOURCE}/API_PutLogEvents", needs=needs)
def put_log_events(org: Organisation, call: Call) -> Params:
    group, stream, events = group_of(org, call), call.params["logStreamName"], call.params["logEvents"]
    if stream not in group.streams:
        raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise ApiError(
            "InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order."
        )
    size = sum(len(event["message"].encode()) + EVENT_OVERHEAD_BYTES for event in events)
    if len(events) > MAX_BATCH_EVENTS or size > MAX_BATCH_BYTES:
        raise ApiError(
            "InvalidParameterException",
            f"The batch has {len(events)} events and {size} bytes; at most {MAX_BATCH_EVENTS} and "
            f"{MAX_BATCH_BYTES} are allowed.",
        )
    if group.key:
        use_key(org, group, call.owner, call.region, group.key, "kms:GenerateDataKey")
        use_key_for_caller(org, call, group, group.key, "kms:GenerateDataKey")
    now = org.clock.now()
    oldest, newest = milliseconds(now - OLDEST_EVENT), milliseconds(now + NEWEST_EVENT)
    group.expire(now)
    for event in events:
        if oldest <= event["timestamp"] <= newest:
            number = f"{len(group.events):056d}"
            group.events.append(Event(event["timestamp"], event["message"], milliseconds(now), stream, number))
    rejected: dict[str, Any] = {}
    if too_old := sum(time < oldest for time in times):
        rejected["tooOldLogEventEndIndex"] = too_old
    if any(time > newest for time in times):
        rejected["tooNewLogEventStartIndex"] = next(i for i, time in enumerate(times) if time > newest)
    return {"nextSequenceToken": TOKEN, **({"rejectedLogEventsInfo": rejected} if rejected else {})}


def _selected(org: Organisation, call: Call, streams: Iterable[str] | None) -> list[Event]:
    group = group_of(org, call)
    group.expire(org.clock.now())
    if group.key and group.events:
        use_key(org, group, call.owner, call.region, group.key, "kms:Decrypt")
        use_key_for_caller(org, call, group, group.key, "kms:Decrypt")
    start, end = call.params.get("startTime", 0), call.params.get("endTime")
    wanted = None if streams is None else set(streams)
    return sorted(
        (
            event
            for event in group.events
            if start <= event.timestamp and (end is None or event.timestamp <= end)
            and (wanted is None or event.stream in wanted)
        ),
        key=lambda event: event.timestamp,
    )  # fmt: skip


@serves("logs", "GetLogEvents", source=f"{SOURCE}/API_GetLogEvents", needs=needs, fidelity="emulated", note="one page")
def get_log_events(org: Organisation, call: Call) -> Params:
    stream = call.params["logStreamName"]
    if stream not in group_of(org, call).streams:
        raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
    found = [] if "nextToken" in call.params else _selected(org, call, [stream])
    if len(found) > call.params.get("limit", MAX_BATCH_EVENTS):
        raise NotEmulated("logs: GetLogEvents beyond one page")
    shown = [{"timestamp": one.timestamp, "message": one.message, "ingestionTime": one.ingested} for one in found]
    return {"events": shown, "nextForwardToken": f"f/{TOKEN}", "nextBackwardToken": f"b/{TOKEN}"}


@serves(
    "logs", "FilterLogEvents", source=f"{SOURCE}/API_FilterLogEvents", needs=needs, fidelity="emulated",
    note="patterns of plain or quoted terms only; one page",
)  # fmt: skip
def filter_log_events(org: Organisation, call: Call) -> Params:
    streams = call.params.get("logStreamNames")
    if prefix := call.params.get("logStreamNamePrefix"):
        streams = [name for name in group_of(org, call).streams if name.startswith(prefix)]
    terms = _terms(call.params.get("filterPattern", ""))
    found = [one for one in _selected(org, call, streams) if all(term in one.message for term in terms)]
    if len(found) > call.params.get("limit", MAX_BATCH_EVENTS):
        raise NotEmulated("logs: FilterLogEvents beyond one page")
    shown = [
        {"logStreamName": one.stream, "timestamp": one.timestamp, "message": one.message,
         "ingestionTime": one.ingested, "eventId": one.id}
        for one in found
    ]  # fmt: skip
    return {"events": shown, "searchedLogStreams": []}


def _terms(pattern: str) -> list[str]:
    if re.search(r"[{}\[\]?%]|(^|\s)-", pattern):
        raise NotEmulated(f"logs: the filter pattern {pattern!r}")
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|(\S+)', pattern)]
