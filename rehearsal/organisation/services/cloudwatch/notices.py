"""What an alarm tells: reasons, the notification for a topic, the event for EventBridge.

Sources: cw/cloudwatch-and-eventbridge (the event and its fields), API SetAlarmState; the notification's fields are
those that AWS sends to topics, which no page lists whole.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from rehearsal.organisation.services.cloudwatch.alarms import ACTIONS, Alarm
from rehearsal.organisation.services.cloudwatch.evaluation import IN_WORDS, State
from rehearsal.organisation.services.cloudwatch.store import PLAIN_STATISTICS

Point = tuple[int, float | None]
LONGEST_REASON = 1023


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def reason(alarm: Alarm, state: State, points: Sequence[Point]) -> str:
    """Why an alarm is in a state; `points` are those of its evaluation range, oldest first."""
    condition = alarm.condition
    known = [(second, value) for second, value in points if value is not None][-condition.periods :]
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_counted(condition.periods, 'datapoint')} unknown."
    if not known:
        treated = "Breaching" if state == "ALARM" else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {_plural(condition.periods, 'period')} and "
            f"{_counted(condition.periods, 'missing datapoint')} treated as [{treated}]."
        )
    crossed = [one for one in known if condition.breaches(one[1])] if state == "ALARM" else known
    shown = ", ".join(f"{value} ({datetime.fromtimestamp(second, UTC):%d/%m/%y %H:%M:%S})" for second, value in crossed)
    verb = "was" if len(crossed) == 1 else "were"
    sign = "" if state == "ALARM" else "not "
    turn = "OK -> ALARM" if state == "ALARM" else "ALARM -> OK"
    needed = condition.enough if state == "ALARM" else condition.periods - condition.enough + 1
    text = (
        f"Threshold Crossed: {len(crossed)} out of the last {_plural(condition.periods, 'datapoint')} [{shown}] {verb} "
        f"{sign}{IN_WORDS[condition.comparison]} the threshold ({condition.threshold}) "
        f"(minimum {_plural(needed, 'datapoint')} for {turn} transition)."
    )
    return text[:LONGEST_REASON]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _counted(number: int, noun: str) -> str:
    return f"{_plural(number, noun)} {'was' if number == 1 else 'were'}"


def reason_data(alarm: Alarm, points: Sequence[Point], now: datetime) -> str:
    known = [(second, value) for second, value in points if value is not None][-alarm.condition.periods :]
    told: dict[str, Any] = {"version": "1.0", "queryDate": moment(now)}
    if known:
        told["startDate"] = moment(datetime.fromtimestamp(known[0][0], UTC))
    return json.dumps(
        told
        | {
            "statistic": alarm.watched.statistic,
            "period": alarm.watched.period,
            "recentDatapoints": [value for _, value in known],
            "threshold": alarm.condition.threshold,
        },
        separators=(",", ":"),
    )


def state_of(alarm: Alarm) -> dict[str, str]:
    """An alarm's state as events tell it."""
    told = {"value": alarm.state, "reason": alarm.reason, "timestamp": moment(alarm.state_updated)}
    return told | ({"reasonData": alarm.reason_data} if alarm.reason_data else {})


def event_detail(alarm: Alarm, previous: dict[str, str]) -> dict[str, Any]:
    """The detail of `CloudWatch Alarm State Change`."""
    watched = alarm.watched
    query = (alarm.given.get("Metrics") or [{}])[0]
    metric: dict[str, Any] = {
        "id": query.get("Id") or str(uuid.uuid5(uuid.NAMESPACE_URL, alarm.arn)),
        "metricStat": {
            "metric": {
                "dimensions": dict(watched.metric.dimensions),
                "name": watched.metric.name,
                "namespace": watched.metric.namespace,
            },
            "period": watched.period,
            "stat": watched.statistic,
        },
        "returnData": True,
    }
    if "AccountId" in query:
        metric["accountId"] = query["AccountId"]
    configuration: dict[str, Any] = {"metrics": [metric]}
    if "AlarmDescription" in alarm.given:
        configuration["description"] = alarm.given["AlarmDescription"]
    return {
        "alarmName": alarm.name, "configuration": configuration, "previousState": previous, "state": state_of(alarm),
    }  # fmt: skip


@cache
def _region_name(region: str) -> str:
    from botocore.loaders import create_loader

    partitions = create_loader().load_data("endpoints")["partitions"]
    found: dict[str, str] = next((one["regions"][region] for one in partitions if region in one["regions"]), {})
    return str(found.get("description", region))


def notification(alarm: Alarm, previous: State) -> tuple[str, str]:
    """Subject and message of what a topic gets."""
    given, watched = alarm.given, alarm.watched
    trigger: dict[str, Any] = {
        "MetricName": watched.metric.name,
        "Namespace": watched.metric.namespace,
        "StatisticType": "Statistic" if watched.statistic in PLAIN_STATISTICS else "ExtendedStatistic",
        "Statistic": watched.statistic.upper(),
        "Unit": watched.unit,
        "Dimensions": [{"value": value, "name": name} for name, value in watched.metric.dimensions],
        "Period": watched.period,
        "EvaluationPeriods": alarm.condition.periods,
        "DatapointsToAlarm": alarm.condition.enough,
        "ComparisonOperator": alarm.condition.comparison,
        "Threshold": alarm.condition.threshold,
        "TreatMissingData": alarm.condition.treatment,
        "EvaluateLowSampleCountPercentile": "",
    }
    told = {
        "AlarmName": alarm.name,
        "AlarmDescription": given.get("AlarmDescription"),
        "AWSAccountId": alarm.account,
        "AlarmConfigurationUpdatedTimestamp": moment(alarm.updated),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": moment(alarm.state_updated),
        "Region": _region_name(alarm.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": previous,
        **{name: list(given.get(name, [])) for name in ACTIONS.values()},
        "Trigger": trigger,
    }
    return f'{alarm.state}: "{alarm.name}" in {_region_name(alarm.region)}'[:100], json.dumps(told)
