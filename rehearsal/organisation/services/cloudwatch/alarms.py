"""Alarms on one metric: what PutMetricAlarm takes, and how it is shown.

Source: botocore's cloudwatch model and API PutMetricAlarm (evaluation periods of at most a day, seven days from periods
of an hour on), sar/cloudwatch. Metric math, Metrics Insights, anomaly detection, PromQL, composite alarms and other
actions than topics are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.organisation.core import ApiError, NotEmulated, Organisation, Params
from rehearsal.organisation.services.cloudwatch.evaluation import COMPARISONS, EXTRA_PERIODS, Condition, State
from rehearsal.organisation.services.cloudwatch.reading import Reading, check_statistic, invalid
from rehearsal.organisation.services.cloudwatch.store import DAY, HOUR, MINUTE, Metric

LONGEST_SECONDS = {False: DAY, True: 7 * DAY}
"""By whether the period is at least an hour."""

TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
TOPIC = re.compile(r"arn:aws:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")
ACTIONS: dict[State, str] = {
    "OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions",
}  # fmt: skip
OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
SHOWN = (
    "AlarmName", "AlarmDescription", "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions",
    "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData",
    "Metrics",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watched:
    """The metric that an alarm watches, in which form and of which account."""

    account: str
    metric: Metric
    statistic: str
    period: int
    unit: str | None

    def reading(self, end: int, periods: int) -> Reading:
        """So many periods up to a second."""
        start = end - periods * self.period
        return Reading(self.account, self.metric, self.statistic, self.period, self.unit, start, end)


@dataclass(slots=True)
class Alarm:
    """One alarm. `given` are PutMetricAlarm's parameters; `due` is the second of its next evaluation."""

    account: str
    region: str
    given: Params
    watched: Watched
    condition: Condition
    updated: datetime
    state_updated: datetime
    state_changed: datetime
    state: State = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    due: int | None = None

    @property
    def name(self) -> str:
        return str(self.given["AlarmName"])

    @property
    def arn(self) -> str:
        return alarm_arn(self.account, self.region, self.name)

    @property
    def range_seconds(self) -> int:
        """How far back an evaluation looks."""
        return (self.condition.periods + EXTRA_PERIODS) * self.watched.period

    @property
    def step_seconds(self) -> int:
        """How often it is evaluated: each minute, each hour if it looks at more than a day (cw/alarm-evaluation)."""
        return HOUR if self.condition.periods * self.watched.period > DAY else MINUTE

    def actions(self, state: State) -> list[str]:
        return list(self.given.get(ACTIONS[state], [])) if self.given.get("ActionsEnabled", True) else []

    def shown(self) -> Params:
        shown: Params = {name: self.given[name] for name in SHOWN if name in self.given}
        shown |= {name: list(self.given.get(name, [])) for name in ACTIONS.values()}
        shown |= {
            "AlarmArn": self.arn,
            "ActionsEnabled": self.given.get("ActionsEnabled", True),
            "AlarmConfigurationUpdatedTimestamp": self.updated,
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": self.state_updated,
            "StateTransitionedTimestamp": self.state_changed,
        }
        return shown | ({"StateReasonData": self.reason_data} if self.reason_data else {})


def alarm_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"


def alarms(org: Organisation, account: str, region: str) -> dict[str, Alarm]:
    """The alarms of an account and region by name."""
    found: dict[str, Alarm] = org.state("cloudwatch", account, region).setdefault("alarms", {})
    return found


def watched_by(given: Mapping[str, Any], account: str) -> Watched:
    """The metric of PutMetricAlarm's parameters. Raises ApiError, NotEmulated."""
    queries = given.get("Metrics")
    if queries is None:
        if "MetricName" not in given:
            raise invalid("Either MetricName or Metrics must be specified.")
        missing = [name for name in ("Namespace", "Period") if name not in given]
        if missing:
            raise ApiError("MissingParameter", f"The parameter {missing[0]} must be specified with MetricName.")
        if ("Statistic" in given) == ("ExtendedStatistic" in given):
            raise ApiError("InvalidParameterCombination", "One of Statistic and ExtendedStatistic must be specified.")
        metric = Metric.of(given["Namespace"], given["MetricName"], given.get("Dimensions", ()))
        statistic = given.get("Statistic") or given["ExtendedStatistic"]
        return Watched(account, metric, statistic, given["Period"], given.get("Unit"))
    if both := [name for name in OF_ONE_METRIC if name in given]:
        raise ApiError("InvalidParameterCombination", f"{both[0]} must not be specified together with Metrics.")
    if len(queries) != 1 or "MetricStat" not in queries[0]:
        raise NotEmulated("cloudwatch: an alarm on an expression (metric math, Metrics Insights)")
    if queries[0].get("ReturnData") is False:
        raise invalid("Exactly one element of the metrics list should return data.")
    query, stat = queries[0], queries[0]["MetricStat"]
    metric = Metric.of(
        stat["Metric"].get("Namespace", ""), stat["Metric"].get("MetricName", ""), stat["Metric"].get("Dimensions", ())
    )
    return Watched(query.get("AccountId", account), metric, stat["Stat"], stat["Period"], stat.get("Unit"))


def condition_of(given: Mapping[str, Any], watched: Watched) -> Condition:
    """Raises ApiError for what PutMetricAlarm refuses, NotEmulated for what isn't evaluated here."""
    check_statistic(watched.statistic)
    for name in ("ComparisonOperator", "EvaluationPeriods", "Threshold"):
        if name not in given:
            raise ApiError("MissingParameter", f"The parameter {name} must be specified.")
    if given["ComparisonOperator"] not in COMPARISONS:
        raise NotEmulated(f"cloudwatch: an alarm with {given['ComparisonOperator']} (anomaly detection)")
    if watched.period % MINUTE:
        raise NotEmulated(f"cloudwatch: an alarm with a period of {watched.period} seconds")
    periods, enough = given["EvaluationPeriods"], given.get("DatapointsToAlarm", given["EvaluationPeriods"])
    if enough > periods:
        raise invalid(f"DatapointsToAlarm ({enough}) must be less than or equal to EvaluationPeriods ({periods}).")
    longest = LONGEST_SECONDS[watched.period >= HOUR]
    if periods * watched.period > longest:
        raise invalid(
            f"Metrics cannot be checked across more than {longest // DAY} day(s): EvaluationPeriods {periods} times "
            f"Period {watched.period} is more than {longest} seconds."
        )
    treatment = given.get("TreatMissingData", "missing")
    if treatment not in TREATMENTS:
        raise invalid(f"The value {treatment} for TreatMissingData must be one of {', '.join(TREATMENTS)}.")
    return Condition(given["ComparisonOperator"], given["Threshold"], periods, enough, treatment)


def check_actions(given: Mapping[str, Any], region: str) -> None:
    """Topics of the alarm's Region; whether they exist shows when they are needed. Raises ApiError, NotEmulated."""
    for name in ACTIONS.values():
        for arn in given.get(name, []):
            match = TOPIC.fullmatch(arn)
            if match is None:
                if not arn.startswith("arn:"):
                    raise invalid(f"Invalid arn syntax: {arn}")
                raise NotEmulated(f"cloudwatch: the alarm action {arn}")
            if match["region"] != region:
                raise invalid(f"Invalid region {match['region']} specified. Only {region} is supported.")
