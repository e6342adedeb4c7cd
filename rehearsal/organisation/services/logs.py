"""Amazon CloudWatch Logs: groups, streams and events in a store of our own.

Sources: botocore's logs model, the CloudWatch Logs API reference, logs/encrypt-log-data-kms (who uses the key, and with
which encryption context). Retention deletes on the organisation's clock, at once when it is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Caller,
    Need,
    NotEmulated,
    Organisation,
    Params,
    resource_tags,
    serves,
)
from rehearsal.organisation.services.key_arns import key_arn

SOURCE = "AmazonCloudWatchLogs/APIReference"
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""Source: API PutRetentionPolicy, possible values."""

MAX_BATCH_EVENTS = 10_000
MAX_BATCH_BYTES = 1_048_576
EVENT_OVERHEAD_BYTES = 26
OLDEST_EVENT = timedelta(days=14)
NEWEST_EVENT = timedelta(hours=2)
"""Limits of a batch. Source: API PutLogEvents."""

GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
TOKEN = "49600000000000000000000000000000000000000000000000000001"  # noqa: S105 - AWS ignores sequence tokens


@dataclass(slots=True)
class Event:
    timestamp: int
    message: str
    ingested: int
    stream: str
    id: str


@dataclass(slots=True)
class Group:
    """One log group; times in milliseconds since 1970."""

    name: str
    arn: str
    created: int
    tags: dict[str, str] = field(default_factory=dict)
    retention_days: int | None = None
    key: str | None = None
    protected: bool = False
    streams: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def expire(self, now: datetime) -> None:
        if self.retention_days is not None:
            oldest = _milliseconds(now - timedelta(days=self.retention_days))
            self.events = [event for event in self.events if event.timestamp >= oldest]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def groups(org: Organisation, account: str, region: str) -> dict[str, Group]:
    found: dict[str, Group] = org.state("logs", account, region).setdefault("groups", {})
    return found


def _name(call: Call) -> str:
    """The group's name, from a name or an ARN with or without `:*`."""
    for key in ("logGroupName", "logGroupIdentifier", "resourceIdentifier", "resourceArn"):
        if key in call.params:
            given: str = call.params[key]
            return given.split(":log-group:")[1].removesuffix(":*") if given.startswith("arn:") else given
    return "*"


def _arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:logs:{region}:{account}:log-group:{name}"


def _group(org: Organisation, call: Call) -> Group:
    group = groups(org, call.owner, call.region).get(_name(call))
    if group is None:
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def _needs(org: Organisation, call: Call) -> Iterable[Need]:
    """Actions on a group have the resource `log-group:<name>:log-stream:`, on a stream its ARN, tags the group's ARN.

    Source: Service Authorization Reference, CloudWatch Logs, and the resources that AccessDenied errors name
    (`log-group::log-stream:` for DescribeLogGroups): a policy for `log-group:<name>` without `:*` admits nothing else.
    """
    arn = _arn(call.owner, call.region, _name(call))
    resource = f"{arn}:log-stream:{call.params.get('logStreamName', '')}"
    if call.operation == "DescribeLogGroups":
        resource = _arn(call.owner, call.region, ":log-stream:")
    elif call.operation.endswith("Resource"):
        resource = arn
    yield Need(f"logs:{call.operation}", resource, call.owner)
    if call.operation == "CreateLogGroup" and call.params.get("tags"):
        yield Need("logs:TagResource", arn, call.owner)


@resource_tags("logs")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    name = arn.split(":log-group:")[1].split(":")[0] if ":log-group:" in arn else ""
    group = groups(org, account, region).get(name)
    return group.tags if group else None


def _use_key(org: Organisation, group: Group, account: str, region: str, key: str, *actions: str) -> None:
    """Logs itself uses the key, under a context that names the group (logs/encrypt-log-data-kms)."""
    service = Caller(arn=f"logs.{region}.amazonaws.com", account="")
    for action in actions:
        try:
            org.use_key(
                key_arn(org, key, account, region), action, service, region=region, via=None,
                encryption_context={"aws:logs:arn": group.arn}, reason=f"CloudWatch Logs encrypts {group.name}",
                extra={"aws:SourceArn": group.arn, "aws:SourceAccount": account},
            )  # fmt: skip
        except ApiError as error:
            if error.code == "NotEmulated":
                raise
            raise ApiError("InvalidParameterException", f"The specified KMS Key Id could not be used with the log group {group.name}: {error.message}") from error  # fmt: skip


@serves("logs", "CreateLogGroup", source=f"{SOURCE}/API_CreateLogGroup", needs=_needs)
def create_log_group(org: Organisation, call: Call) -> Params:
    name, store = call.params["logGroupName"], groups(org, call.owner, call.region)
    if call.params.get("logGroupClass", "STANDARD") != "STANDARD":
        raise NotEmulated(f"logs: a log group of class {call.params['logGroupClass']}")
    if not GROUP_NAME.fullmatch(name) or name.startswith("aws/"):
        raise ApiError("InvalidParameterException", f"1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint")  # fmt: skip
    if name in store:
        raise ApiError("ResourceAlreadyExistsException", "The specified log group already exists")
    group = Group(
        name, _arn(call.owner, call.region, name), _milliseconds(org.clock.now()), dict(call.params.get("tags", {})),
        protected=call.params.get("deletionProtectionEnabled", False),
    )  # fmt: skip
    if key := call.params.get("kmsKeyId"):
        _use_key(org, group, call.owner, call.region, key, "kms:GenerateDataKey", "kms:Decrypt")
        group.key = key
    store[name] = group
    return {}


@serves("logs", "DeleteLogGroup", source=f"{SOURCE}/API_DeleteLogGroup", needs=_needs)
def delete_log_group(org: Organisation, call: Call) -> Params:
    group = _group(org, call)
    if group.protected:
        raise ApiError("ValidationException", f"Log group {group.name} has deletion protection; switch it off first.")
    del groups(org, call.owner, call.region)[group.name]
    return {}


@serves("logs", "DescribeLogGroups", source=f"{SOURCE}/API_DescribeLogGroups", needs=_needs, note="one page")
def describe_log_groups(org: Organisation, call: Call) -> Params:
    prefix, pattern = call.params.get("logGroupNamePrefix", ""), call.params.get("logGroupNamePattern", "")
    if prefix and pattern:
        raise ApiError("InvalidParameterException", "logGroupNamePrefix and logGroupNamePattern can't both be given.")
    found = [
        group
        for name, group in sorted(groups(org, call.owner, call.region).items())
        if name.startswith(prefix) and pattern.lower() in name.lower()
    ]
    if "logGroupIdentifiers" in call.params or len(found) > call.params.get("limit", 50):
        raise NotEmulated(f"logs: DescribeLogGroups by identifiers or beyond one page ({len(found)} groups)")
    return {"logGroups": [_described(group) for group in found]}


def _described(group: Group) -> Params:
    shown: Params = {
        "logGroupName": group.name, "creationTime": group.created, "arn": f"{group.arn}:*",
        "logGroupArn": group.arn, "metricFilterCount": 0, "logGroupClass": "STANDARD",
        "storedBytes": sum(len(event.message.encode()) for event in group.events),
        "deletionProtectionEnabled": group.protected,
    }  # fmt: skip
    if group.retention_days is not None:
        shown["retentionInDays"] = group.retention_days
    if group.key:
        shown["kmsKeyId"] = group.key
    return shown


@serves("logs", "PutRetentionPolicy", "DeleteRetentionPolicy", source=f"{SOURCE}/API_PutRetentionPolicy", needs=_needs)
def retention(org: Organisation, call: Call) -> Params:
    group, days = _group(org, call), call.params.get("retentionInDays")
    if days is not None and days not in RETENTION_DAYS:
        raise ApiError("InvalidParameterException", f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must be one of {sorted(RETENTION_DAYS)}")  # fmt: skip
    group.retention_days = days
    return {}


@serves("logs", "AssociateKmsKey", source=f"{SOURCE}/API_AssociateKmsKey", needs=_needs)
def associate_kms_key(org: Organisation, call: Call) -> Params:
    group, key = _group(org, call), call.params["kmsKeyId"]
    _use_key(org, group, call.owner, call.region, key, "kms:GenerateDataKey", "kms:Decrypt")
    group.key = key
    return {}


@serves("logs", "DisassociateKmsKey", source=f"{SOURCE}/API_DisassociateKmsKey", needs=_needs)
def disassociate_kms_key(org: Organisation, call: Call) -> Params:
    _group(org, call).key = None
    return {}


@serves("logs", "TagResource", "UntagResource", "ListTagsForResource", source=f"{SOURCE}/API_TagResource", needs=_needs)
def tags(org: Organisation, call: Call) -> Params:
    group = _group(org, call)
    if call.operation == "ListTagsForResource":
        return {"tags": dict(group.tags)}
    group.tags |= call.params.get("tags", {})
    for key in call.params.get("tagKeys", []):
        group.tags.pop(key, None)
    return {}


@serves("logs", "CreateLogStream", source=f"{SOURCE}/API_CreateLogStream", needs=_needs)
def create_log_stream(org: Organisation, call: Call) -> Params:
    group, name = _group(org, call), call.params["logStreamName"]
    if ":" in name or "*" in name:
        raise ApiError("InvalidParameterException", f"Log stream name {name} must not hold ':' or '*'.")
    if name in group.streams:
        raise ApiError("ResourceAlreadyExistsException", "The specified log stream already exists")
    group.streams[name] = _milliseconds(org.clock.now())
    return {}


@serves("logs", "DescribeLogStreams", source=f"{SOURCE}/API_DescribeLogStreams", needs=_needs, note="one page, by name")
def describe_log_streams(org: Organisation, call: Call) -> Params:
    group = _group(org, call)
    names = sorted(name for name in group.streams if name.startswith(call.params.get("logStreamNamePrefix", "")))
    if len(names) > call.params.get("limit", 50) or call.params.get("orderBy", "LogStreamName") != "LogStreamName":
        raise NotEmulated("logs: DescribeLogStreams beyond one page or ordered by time")
    shown = [
        {
            "logStreamName": name,
            "creationTime": group.streams[name],
            "arn": f"{group.arn}:log-stream:{name}",
            "storedBytes": 0,
        }  # fmt: skip
        for name in names
    ]
    return {"logStreams": shown}


@serves("logs", "PutLogEvents", source=f"{SOURCE}/API_PutLogEvents", needs=_needs)
def put_log_events(org: Organisation, call: Call) -> Params:
    group, stream, events = _group(org, call), call.params["logStreamName"], call.params["logEvents"]
    if stream not in group.streams:
        raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise ApiError("InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.")  # fmt: skip
    size = sum(len(event["message"].encode()) + EVENT_OVERHEAD_BYTES for event in events)
    if len(events) > MAX_BATCH_EVENTS or size > MAX_BATCH_BYTES:
        raise ApiError("InvalidParameterException", f"The batch has {len(events)} events and {size} bytes; at most {MAX_BATCH_EVENTS} and {MAX_BATCH_BYTES} are allowed.")  # fmt: skip
    if group.key:
        _use_key(org, group, call.owner, call.region, group.key, "kms:GenerateDataKey")
    now = org.clock.now()
    oldest, newest = _milliseconds(now - OLDEST_EVENT), _milliseconds(now + NEWEST_EVENT)
    group.expire(now)
    for event in events:
        if oldest <= event["timestamp"] <= newest:
            number = f"{len(group.events):056d}"
            group.events.append(Event(event["timestamp"], event["message"], _milliseconds(now), stream, number))
    rejected: dict[str, Any] = {}
    if too_old := sum(time < oldest for time in times):
        rejected["tooOldLogEventEndIndex"] = too_old
    if any(time > newest for time in times):
        rejected["tooNewLogEventStartIndex"] = next(i for i, time in enumerate(times) if time > newest)
    return {"nextSequenceToken": TOKEN, **({"rejectedLogEventsInfo": rejected} if rejected else {})}


def _selected(org: Organisation, call: Call, streams: Iterable[str] | None) -> list[Event]:
    group = _group(org, call)
    group.expire(org.clock.now())
    if group.key and group.events:
        _use_key(org, group, call.owner, call.region, group.key, "kms:Decrypt")
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


@serves("logs", "GetLogEvents", source=f"{SOURCE}/API_GetLogEvents", needs=_needs, note="one page")
def get_log_events(org: Organisation, call: Call) -> Params:
    stream = call.params["logStreamName"]
    if stream not in _group(org, call).streams:
        raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
    found = [] if "nextToken" in call.params else _selected(org, call, [stream])
    if len(found) > call.params.get("limit", MAX_BATCH_EVENTS):
        raise NotEmulated("logs: GetLogEvents beyond one page")
    shown = [{"timestamp": one.timestamp, "message": one.message, "ingestionTime": one.ingested} for one in found]
    return {"events": shown, "nextForwardToken": f"f/{TOKEN}", "nextBackwardToken": f"b/{TOKEN}"}


@serves(
    "logs", "FilterLogEvents", source=f"{SOURCE}/API_FilterLogEvents", needs=_needs, fidelity="emulated",
    note="patterns of plain or quoted terms only; one page",
)  # fmt: skip
def filter_log_events(org: Organisation, call: Call) -> Params:
    streams = call.params.get("logStreamNames")
    if prefix := call.params.get("logStreamNamePrefix"):
        streams = [name for name in _group(org, call).streams if name.startswith(prefix)]
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
