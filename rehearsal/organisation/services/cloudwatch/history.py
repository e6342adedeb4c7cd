"""The history of alarms.

Source: API DescribeAlarmHistory; cw/cloudwatch_concepts (kept for 30 days).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, serves, takes
from rehearsal.organisation.services.cloudwatch.alarms import Alarm, alarm_arn
from rehearsal.organisation.services.cloudwatch.put import SOURCE
from rehearsal.organisation.services.paging import paged

KEPT = timedelta(days=30)
PAGE = 100


def _items(org: Organisation, account: str, region: str) -> list[Params]:
    """All items of an account and region, oldest first."""
    found: list[Params] = org.state("cloudwatch", account, region).setdefault("history", [])
    return found


def remember(org: Organisation, alarm: Alarm, kind: str, summary: str, data: Mapping[str, Any]) -> None:
    """Add an item (`ConfigurationUpdate`, `StateUpdate`, `Action`) to an alarm's history."""
    _items(org, alarm.account, alarm.region).append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm",
            "Timestamp": org.clock.now(),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data, default=str),
        }
    )


def named_needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The operation's action on the alarms it names, or on all of the account's (sar/cloudwatch)."""
    params = call.params
    names = params.get("AlarmNames") or [params.get("AlarmName", "*")]
    for name in names:
        arn = alarm_arn(call.caller.account, call.region, name)
        yield Need(f"cloudwatch:{call.operation}", arn, call.caller.account)


takes(
    "cloudwatch", "DescribeAlarmHistory",
    members=["AlarmName", "HistoryItemType", "StartDate", "EndDate", "MaxRecords", "NextToken", "ScanBy"],
)  # fmt: skip


@serves("cloudwatch", "DescribeAlarmHistory", source=f"{SOURCE}/API_DescribeAlarmHistory", needs=named_needs)
def describe_alarm_history(org: Organisation, call: Call) -> Params:
    params, now = call.params, org.clock.now()
    start, end = params.get("StartDate", now - KEPT), params.get("EndDate", now)
    rows = [
        item
        for item in _items(org, call.caller.account, call.region)
        if params.get("AlarmName") in (None, item["AlarmName"])
        and params.get("HistoryItemType") in (None, item["HistoryItemType"])
        and max(start, now - KEPT) <= item["Timestamp"] <= end
    ]
    if params.get("ScanBy") != "TimestampAscending":
        rows.reverse()
    refused = ApiError("InvalidNextToken", "The next token is not valid.")
    return paged("AlarmHistoryItems", rows, params, default=PAGE, invalid=refused, most="MaxRecords")
