"""Amazon CloudWatch Logs: groups, streams and events in a store of our own.

Sources: botocore's logs model, the CloudWatch Logs API reference, logs/encrypt-log-data-kms (who uses the key, and with
which encryption context). Retention deletes on the organisation's clock, at once when it is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
from rehearsal.organisation.services.kms import key_arn

SOURCE = "AmazonCloudWatchLogs/APIReference"
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""Source: API PutRetentionPolicy, possible values."""

GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")


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
            oldest = milliseconds(now - timedelta(days=self.retention_days))
            self.events = [event for event in self.events if event.timestamp >= oldest]


def milliseconds(moment: datetime) -> int:
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


def group_of(org: Organisation, call: Call) -> Group:
    group = groups(org, call.owner, call.region).get(_name(call))
    if group is None:
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """Actions on a group have the resource `log-group:<name>:log-stream:`, on a stream its ARN, tags the group's ARN.

    Source: Service Authorization Reference, CloudWatch Logs, and the resources that its AccessDenied errors name: a
    policy for `log-group:<name>` without `:*` admits nothing but tags.
    """
    arn = _arn(call.owner, call.region, _name(call))
    resource = f"{arn}:log-stream:{call.params.get('logStreamName', '')}"
    if call.operation == "DescribeLogGroups":
        resource = "*"
    elif call.operation.endswith("Resource"):
        resource = arn
    yield Need(f"logs:{call.operation}", resource, call.owner)
    if call.operation == "CreateLogGroup" and call.params.get("tags"):
        yield Need("logs:TagResource", arn, call.owner)


@resource_tags("logs")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    name = arn.split(":log-group:")[1].split(":", maxsplit=1)[0] if ":log-group:" in arn else ""
    group = groups(org, account, region).get(name)
    return group.tags if group else None


def use_key(org: Organisation, group: Group, account: str, region: str, key: str, *actions: str) -> None:
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
            raise ApiError(
                "InvalidParameterException",
                f"The specified KMS Key Id could not be used with the log group {group.name}: {error.message}",
            ) from error


def use_key_for_caller(org: Organisation, call: Call, group: Group, key: str, action: str) -> None:
    """The caller's own right on the key, through Logs (logs/encrypt-log-data-kms, step 3).

    Who associates a key needs DescribeKey, who writes or reads more; which calls are made isn't said: one stands in.
    """
    org.use_key(
        key_arn(org, key, call.owner, call.region), action, call.caller, region=call.region,
        via=f"logs.{call.region}.amazonaws.com",
        encryption_context=None if action == "kms:DescribeKey" else {"aws:logs:arn": group.arn},
        reason=f"CloudWatch Logs uses the key of {group.name} for its caller",
    )  # fmt: skip


@serves("logs", "CreateLogGroup", source=f"{SOURCE}/API_CreateLogGroup", needs=needs)
def create_log_group(org: Organisation, call: Call) -> Params:
    name, store = call.params["logGroupName"], groups(org, call.owner, call.region)
    if call.params.get("logGroupClass", "STANDARD") != "STANDARD":
        raise NotEmulated(f"logs: a log group of class {call.params['logGroupClass']}")
    if not GROUP_NAME.fullmatch(name) or name.startswith("aws/"):
        raise ApiError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint",
        )
    if name in store:
        raise ApiError("ResourceAlreadyExistsException", "The specified log group already exists")
    group = Group(
        name, _arn(call.owner, call.region, name), milliseconds(org.clock.now()), dict(call.params.get("tags", {})),
        protected=call.params.get("deletionProtectionEnabled", False),
    )  # fmt: skip
    if key := call.params.get("kmsKeyId"):
        use_key_for_caller(org, call, group, key, "kms:DescribeKey")
        use_key(org, group, call.owner, call.region, key, "kms:GenerateDataKey", "kms:Decrypt")
        group.key = key
    store[name] = group
    return {}


@serves("logs", "DeleteLogGroup", source=f"{SOURCE}/API_DeleteLogGroup", needs=needs)
def delete_log_group(org: Organisation, call: Call) -> Params:
    group = group_of(org, call)
    if group.protected:
        raise ApiError("ValidationException", f"Log group {group.name} has deletion protection; switch it off first.")
    del groups(org, call.owner, call.region)[group.name]
    return {}


@serves(
    "logs",
    "DescribeLogGroups",
    source=f"{SOURCE}/API_DescribeLogGroups",
    needs=needs,
    fidelity="emulated",
    note="one page",
)
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


@serves("logs", "PutRetentionPolicy", "DeleteRetentionPolicy", source=f"{SOURCE}/API_PutRetentionPolicy", needs=needs)
def retention(org: Organisation, call: Call) -> Params:
    group, days = group_of(org, call), call.params.get("retentionInDays")
    if days is not None and days not in RETENTION_DAYS:
        raise ApiError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must be one of {sorted(RETENTION_DAYS)}",
        )
    group.retention_days = days
    return {}


@serves("logs", "AssociateKmsKey", source=f"{SOURCE}/API_AssociateKmsKey", needs=needs)
def associate_kms_key(org: Organisation, call: Call) -> Params:
    group, key = group_of(org, call), call.params["kmsKeyId"]
    use_key_for_caller(org, call, group, key, "kms:DescribeKey")
    use_key(org, group, call.owner, call.region, key, "kms:GenerateDataKey", "kms:Decrypt")
    group.key = key
    return {}


@serves("logs", "DisassociateKmsKey", source=f"{SOURCE}/API_DisassociateKmsKey", needs=needs)
def disassociate_kms_key(org: Organisation, call: Call) -> Params:
    group_of(org, call).key = None
    return {}


@serves("logs", "TagResource", "UntagResource", "ListTagsForResource", source=f"{SOURCE}/API_TagResource", needs=needs)
def tags(org: Organisation, call: Call) -> Params:
    group = group_of(org, call)
    if call.operation == "ListTagsForResource":
        return {"tags": dict(group.tags)}
    group.tags |= call.params.get("tags", {})
    for key in call.params.get("tagKeys", []):
        group.tags.pop(key, None)
    return {}
