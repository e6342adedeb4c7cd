"""CloudTrail, so far as the event history: LookupEvents on the records that `rehearsal.organisation.trail` keeps.

Sources: botocore cloudtrail service-2: LookupEvents; awscloudtrail view-cloudtrail-events-cli.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves
from rehearsal.organisation.trail.recorder import Entry
from rehearsal.organisation.trail.records import Record

_PAGE = 50
_WINDOW = timedelta(seconds=1)
_SAME = ("LookupAttributes", "StartTime", "EndTime", "MaxResults")
"""What a call with a token must repeat from the call that returned it."""


@serves(
    "cloudtrail", "LookupEvents", fidelity="emulated",
    source="botocore cloudtrail service-2: LookupEvents (one attribute, 50 a page, newest first, 90 days, two calls a "
    "second per account and Region); awscloudtrail view-cloudtrail-events-cli",
    note="management events of calls that reached the gateway, and of what AWS calls with a role's rights; visible "
    "after 5 min of the clock, settable; of cross-account calls the caller's account has the record, the owner's only "
    "for KMS and AssumeRole, unless set otherwise (for SageMaker it is documented nowhere); not recorded: a service's "
    "assuming of a role, KMS calls inside AWS, calls that the model's parser refuses; event names are the API's (AWS "
    "dates Lambda's), parameters the API's in lowerCamel (S3's too), ResourceName the ARN; Username is the user's or "
    "role's name, as the API reference says; no Insights. Events on the default bus need a trail in AWS: the "
    "organisation has one for all its accounts, which can be switched off; read-only calls make none",
)  # fmt: skip
def lookup_events(org: Organisation, call: Call) -> Params:
    _throttle(org, call)
    params = call.params
    _check_range(params)
    wanted = _filter(params)
    before = _before(params)
    found = (
        entry
        for entry in org.trail.visible(call.owner, call.region)
        if (before is None or entry.number < before) and _within(entry, params) and wanted(entry.record)
    )
    return _answer(found, params)


def _throttle(org: Organisation, call: Call) -> None:
    """Raise ThrottlingException beyond so many accepted calls in the last second of the organisation's clock."""
    now = org.clock.now()
    accepted: deque[datetime] = org.state("cloudtrail", call.owner, call.region).setdefault("lookups", deque())
    while accepted and accepted[0] <= now - _WINDOW:
        accepted.popleft()
    if len(accepted) >= org.trail.settings.lookups_per_second:
        raise ApiError("ThrottlingException", "Rate exceeded")
    accepted.append(now)


def _filter(params: Params) -> Callable[[Record], bool]:
    """Whether a record has the attribute that is asked for. Raises InvalidLookupAttributesException for several."""
    attributes = params.get("LookupAttributes") or []
    if not attributes:
        return lambda record: True
    if len(attributes) > 1:
        raise ApiError(
            "InvalidLookupAttributesException", f"{len(attributes)} lookup attributes: only one can be given."
        )
    key, value = attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]
    return lambda record: value in _values(record, key)


def _values(record: Record, key: str) -> list[str]:
    """What a record holds of a lookup attribute."""
    if key == "ResourceName":
        return [resource["ARN"] for resource in record.get("resources", [])]
    if key == "ResourceType":
        return [resource["type"] for resource in record.get("resources", [])]
    return [
        {
            "AccessKeyId": record["userIdentity"].get("accessKeyId", ""),
            "EventId": record["eventID"],
            "EventName": record["eventName"],
            "EventSource": record["eventSource"],
            "ReadOnly": str(record["readOnly"]).lower(),
            "Username": _username(record["userIdentity"]),
        }[key]
    ]


def _username(identity: dict[str, Any]) -> str:
    """`A user name or role name of the requester` (botocore cloudtrail service-2: Event)."""
    if identity["type"] == "Root":
        return "root"
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
    return str(identity.get("userName") or issuer.get("userName") or identity.get("invokedBy") or "")


def _check_range(params: Params) -> None:
    start, end = params.get("StartTime"), params.get("EndTime")
    if start is not None and end is not None and start > end:
        raise ApiError("InvalidTimeRangeException", f"The start time {start} is after the end time {end}.")


def _within(entry: Entry, params: Params) -> bool:
    start, end = params.get("StartTime"), params.get("EndTime")
    second = entry.time.replace(microsecond=0)
    return (start is None or second >= start) and (end is None or second <= end)


def _answer(found: Iterator[Entry], params: Params) -> Params:
    most = params.get("MaxResults") or _PAGE
    rows = list(islice(found, most + 1))
    answer: Params = {"Events": [_event(entry) for entry in rows[:most]]}
    if len(rows) > most:
        answer["NextToken"] = _token(rows[most - 1].number, params)
    return answer


def _event(entry: Entry) -> Params:
    record = entry.record
    identity = record["userIdentity"]
    event: Params = {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": str(record["readOnly"]).lower(),
        "EventTime": entry.time.astimezone(UTC).replace(microsecond=0),
        "EventSource": record["eventSource"],
        "Resources": [
            {"ResourceType": resource["type"], "ResourceName": resource["ARN"]}
            for resource in record.get("resources", [])
        ],
        "CloudTrailEvent": json.dumps(record),
    }
    if identity.get("accessKeyId"):
        event["AccessKeyId"] = identity["accessKeyId"]
    if username := _username(identity):
        event["Username"] = username
    return event


def _asked(params: Params) -> str:
    text = json.dumps({name: params.get(name) for name in _SAME}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _token(number: int, params: Params) -> str:
    return base64.urlsafe_b64encode(json.dumps([number, _asked(params)]).encode()).decode()


def _before(params: Params) -> int | None:
    """The number of the last record that the earlier page showed. Raises InvalidNextTokenException."""
    token = params.get("NextToken")
    if not token:
        return None
    try:
        number, asked = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, UnicodeError, ValueError, TypeError):
        number, asked = None, None
    if not isinstance(number, int) or asked != _asked(params):
        raise ApiError(
            "InvalidNextTokenException",
            "The token is not valid, or was returned by a request with other parameters.",
        )
    return number
