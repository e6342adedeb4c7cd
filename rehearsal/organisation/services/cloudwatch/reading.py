"""GetMetricData and GetMetricStatistics.

Sources: API GetMetricData (500 queries, 100,800 data points, order, rounding of StartTime, status codes), API
GetMetricStatistics (1,440 data points), cw/cloudwatch_concepts (periods). Periods are counted from the rounded
StartTime. An account that isn't linked gives status Forbidden: the code came to the API together with linked accounts,
no page says when it is answered. Metric math and Metrics Insights are refused by name.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.cloudwatch.listing import star_needs
from rehearsal.organisation.services.cloudwatch.put import SOURCE
from rehearsal.organisation.services.cloudwatch.store import (
    COARSER,
    MINUTE,
    PERCENTILE,
    PLAIN_STATISTICS,
    Distribution,
    Metric,
    metrics,
    periods,
    readable,
)
from rehearsal.organisation.services.oam.visibility import seen_accounts, visible_from

MOST_QUERIES = 500
MOST_DATAPOINTS = 100_800
MOST_STATISTICS_DATAPOINTS = 1440
QUERY_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
SHORT_PERIODS = (1, 5, 10, 20, 30)
OTHER_STATISTICS = re.compile(r"IQM|(tm|wm|tc|ts)\d.*|(TM|WM|TC|TS|PR)\(.*\)")


def invalid(message: str) -> ApiError:
    return ApiError("ValidationError", message)


def check_statistic(name: str) -> None:
    """Refuse what is no statistic, and by name those that aren't computed here (cw/Statistics-definitions)."""
    if OTHER_STATISTICS.fullmatch(name):
        raise NotEmulated(f"cloudwatch: the statistic {name}")
    match = PERCENTILE.fullmatch(name)
    if name not in PLAIN_STATISTICS and (match is None or float(match["rank"]) > 100):
        raise invalid(f"The value {name} for parameter Stat is not supported.")


def check_period(period: int) -> None:
    if period not in SHORT_PERIODS and period % MINUTE:
        raise invalid(f"The value {period} for parameter Period must be 1, 5, 10, 20, 30 or a multiple of {MINUTE}.")


def rounded(start: datetime, now: datetime, period: int) -> int:
    """StartTime as GetMetricData rounds it down: to the minute, 5 minutes or the hour by its age."""
    second, age = int(start.timestamp()), (now - start).total_seconds()
    step = next((coarse for older, coarse in COARSER if age > older), min(period, MINUTE))
    return second - second % step


@dataclass(frozen=True, slots=True)
class Reading:
    """Which data of which account, in which form. `start` is rounded, `end` exclusive."""

    account: str
    metric: Metric
    statistic: str
    period: int
    unit: str | None
    start: int
    end: int


def gather(
    org: Organisation, monitoring: str, region: str, reading: Reading
) -> dict[int, dict[str, Distribution]] | None:
    """The data of a reading by period and unit; None where the account isn't linked."""
    if reading.account not in seen_accounts(org, monitoring, region):
        return None
    since = visible_from(org, monitoring, reading.account, region, reading.metric.namespace)
    series = metrics(org, reading.account, region).get(reading.metric)
    if since is None or series is None:
        return {}
    now = org.clock.now().timestamp()
    found = (
        (second, unit, values)
        for second, unit, values in series.within(reading.start, reading.end)
        if second >= since and reading.unit in (None, unit) and readable(now - second, reading.period)
    )
    return periods(found, reading.start, reading.period)


def datapoints(org: Organisation, monitoring: str, region: str, reading: Reading) -> list[tuple[int, float]] | None:
    """`(second, value)` of a reading, oldest first; None where the account isn't linked.

    Raises NotEmulated for a metric that has several units in one period.
    """
    gathered = gather(org, monitoring, region, reading)
    if gathered is None:
        return None
    found = []
    for second, by_unit in sorted(gathered.items()):
        if len(by_unit) > 1:
            raise NotEmulated(
                f"cloudwatch: reading {reading.metric.name} without Unit, though it has data in {sorted(by_unit)},"
            )
        value = next(iter(by_unit.values())).statistic(reading.statistic)
        if value is not None:
            found.append((second, value))
    return found


def _reading(org: Organisation, call: Call, query: Mapping[str, Any]) -> Reading:
    stat = query["MetricStat"]
    check_statistic(stat["Stat"])
    check_period(stat["Period"])
    metric = stat["Metric"]
    if "Namespace" not in metric or "MetricName" not in metric:
        raise invalid(f"The query {query['Id']} must name Namespace and MetricName.")
    return Reading(
        query.get("AccountId", call.owner),
        Metric.of(metric["Namespace"], metric["MetricName"], metric.get("Dimensions", ())),
        stat["Stat"], stat["Period"], stat.get("Unit"),
        rounded(call.params["StartTime"], org.clock.now(), stat["Period"]),
        int(call.params["EndTime"].timestamp()),
    )  # fmt: skip


def _check(params: Params) -> list[Params]:
    """The queries of a call. Raises ApiError for what GetMetricData refuses, NotEmulated for expressions."""
    queries: list[Params] = params["MetricDataQueries"]
    if not 1 <= len(queries) <= MOST_QUERIES:
        raise invalid(f"The collection MetricDataQueries must have 1 to {MOST_QUERIES} members, not {len(queries)}.")
    if params["StartTime"] >= params["EndTime"]:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    if not 1 <= params.get("MaxDatapoints", MOST_DATAPOINTS) <= MOST_DATAPOINTS:
        raise invalid(f"The parameter MaxDatapoints must be from 1 to {MOST_DATAPOINTS}.")
    ids = [query["Id"] for query in queries]
    for id_ in ids:
        if not QUERY_ID.fullmatch(id_):
            raise invalid(f"The Id {id_!r} must begin with a lower-case letter and hold letters, digits, _ only.")
        if ids.count(id_) > 1:
            raise invalid(f"The values for parameter id in MetricDataQueries are not unique: {id_}.")
    for query in queries:
        if "Expression" in query:
            raise NotEmulated(f"cloudwatch: the expression of query {query['Id']} (metric math, Metrics Insights)")
        if "MetricStat" not in query:
            raise invalid(f"Either Expression or MetricStat must be specified for the query {query['Id']}.")
        if "Period" in query:
            raise invalid(f"Period must not be specified for the query {query['Id']}: its MetricStat has one.")
    return queries


takes(
    "cloudwatch", "GetMetricData",
    members=["MetricDataQueries", "StartTime", "EndTime", "NextToken", "ScanBy", "MaxDatapoints"],
)  # fmt: skip


@serves(
    "cloudwatch", "GetMetricData", source=f"{SOURCE}/API_GetMetricData", needs=star_needs, fidelity="emulated",
    note="without expressions, dynamic labels, and statistics other than the plain ones and percentiles",
)  # fmt: skip
def get_metric_data(org: Organisation, call: Call) -> Params:
    params = call.params
    queries = _check(params)
    token = _Token.of(params)
    left = params.get("MaxDatapoints", MOST_DATAPOINTS)
    results, following = [], None
    for place, query in enumerate(queries):
        if place < token.query or query.get("ReturnData") is False:
            continue
        found = datapoints(org, call.owner, call.region, _reading(org, call, query))
        points = found or []
        if params.get("ScanBy") != "TimestampAscending":
            points = points[::-1]
        begin = token.point if place == token.query else 0
        shown = points[begin : begin + left]
        left -= len(shown)
        complete = begin + len(shown) == len(points)
        if not complete and following is None:
            following = _Token(place, begin + len(shown), token.digest).text
        status = "Forbidden" if found is None else "Complete" if complete else "PartialData"
        results.append(_result(query, shown, status))
    return {"MetricDataResults": results, "Messages": []} | ({"NextToken": following} if following else {})


def _result(query: Mapping[str, Any], points: list[tuple[int, float]], status: str) -> Params:
    label = query.get("Label") or query["MetricStat"]["Metric"]["MetricName"]
    if "${" in label:
        raise NotEmulated(f"cloudwatch: the dynamic label of query {query['Id']}")
    return {
        "Id": query["Id"],
        "Label": label,
        "Timestamps": [_moment(second) for second, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": status,
    }


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@dataclass(frozen=True, slots=True)
class _Token:
    """Where the next page begins, and a digest of the request that it belongs to."""

    query: int
    point: int
    digest: str

    @property
    def text(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.query, self.point, self.digest]).encode()).decode()

    @classmethod
    def of(cls, params: Params) -> _Token:
        same = {name: value for name, value in params.items() if name != "NextToken"}
        digest = hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()
        if "NextToken" not in params:
            return cls(0, 0, digest)
        refused = ApiError("InvalidNextToken", "The NextToken is not one that this request was answered with.")
        try:
            query, point, known = json.loads(base64.urlsafe_b64decode(params["NextToken"]))
        except ValueError as error:
            raise refused from error
        if known != digest:
            raise refused
        return cls(query, point, digest)


@serves("cloudwatch", "GetMetricStatistics", source=f"{SOURCE}/API_GetMetricStatistics", needs=star_needs)
def get_metric_statistics(org: Organisation, call: Call) -> Params:
    """Of the account's own metrics only; a period with several units gives a data point for each."""
    params = call.params
    plain, extended = params.get("Statistics", []), params.get("ExtendedStatistics", [])
    if bool(plain) == bool(extended):
        raise ApiError("InvalidParameterCombination", "One of Statistics and ExtendedStatistics must be specified.")
    start, end, period = params["StartTime"], params["EndTime"], params["Period"]
    if start >= end:
        raise ApiError("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
    check_period(period)
    for name in (*plain, *extended):
        check_statistic(name)
    now = org.clock.now()
    coarse = next((step for older, step in COARSER if (now - start).total_seconds() > older), 1)
    if period % coarse:
        raise ApiError("InvalidParameterValue", f"The parameter Period must be a multiple of {coarse} for data so old.")
    if (asked := int((end - start).total_seconds()) // period) > MOST_STATISTICS_DATAPOINTS:
        raise ApiError(
            "InvalidParameterCombination",
            f"You have requested up to {asked} datapoints, which exceeds the limit of {MOST_STATISTICS_DATAPOINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )
    metric = Metric.of(params["Namespace"], params["MetricName"], params.get("Dimensions", ()))
    reading = Reading(
        call.owner, metric, "", period, params.get("Unit"), rounded(start, now, period), int(end.timestamp())
    )
    gathered = gather(org, call.owner, call.region, reading) or {}
    points = [
        _datapoint(second, unit, values, plain, extended)
        for second, by_unit in sorted(gathered.items())
        for unit, values in by_unit.items()
    ]
    return {"Label": metric.name, "Datapoints": points}


def _datapoint(
    second: int, unit: str, values: Distribution, plain: Iterable[str], extended: Iterable[str]
) -> Params:  # fmt: skip
    shown: Params = {"Timestamp": _moment(second), "Unit": unit}
    shown |= {name: values.statistic(name) for name in plain}
    ranks = {name: value for name in extended if (value := values.statistic(name)) is not None}
    return shown | ({"ExtendedStatistics": ranks} if ranks else {})
