"""Metrics as clients see them: what may be put, what is listed, and what comes back in which period."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.services.cloudwatch.store import Distribution
from tests.rehearsal.organisation.example import refused, unique
from tests.rehearsal.organisation.workbench import Workbench, allow, document, own_bench

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def whole_hour(bench: Workbench, ago: timedelta) -> datetime:
    """A whole hour, about so long ago."""
    return (bench.org.clock.now() - ago).replace(minute=0, second=0, microsecond=0)


def put(bench: Workbench, namespace: str, **datum: Any) -> None:
    bench.cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", **datum}])


def query(namespace: str, stat: str = "Sum", period: int = 60, id_: str = "q", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": "m", "Dimensions": more.pop("Dimensions", [])}
    unit = {"Unit": more.pop("Unit")} if "Unit" in more else {}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **unit}, **more}


def get(bench: Workbench, start: datetime, end: datetime, *queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = bench.cloudwatch.get_metric_data(
        MetricDataQueries=list(queries), StartTime=start, EndTime=end, ScanBy="TimestampAscending", **more
    )
    return answer


def values(bench: Workbench, start: datetime, end: datetime, wanted: dict[str, Any]) -> list[float]:
    found: list[float] = get(bench, start, end, wanted)["MetricDataResults"][0]["Values"]
    return found


def test_values_sets_and_counts_are_one_metric(bench: Workbench) -> None:
    """Guards the three forms of PutMetricData: each must count in every statistic (API_MetricDatum)."""
    name, at = unique("forms"), whole_hour(bench, timedelta(hours=2))
    put(bench, name, Timestamp=at, Value=4.0)
    put(bench, name, Timestamp=at, Values=[1.0, 2.0], Counts=[2.0, 1.0])
    given = {"SampleCount": 2.0, "Sum": 30.0, "Minimum": 10.0, "Maximum": 20.0}
    put(bench, name, Timestamp=at, StatisticValues=given)
    found = {
        stat: values(bench, at, at + MINUTE, query(name, stat))
        for stat in ("SampleCount", "Sum", "Minimum", "Maximum", "Average", "p50")
    }
    assert found == {
        "SampleCount": [6.0], "Sum": [38.0], "Minimum": [1.0], "Maximum": [20.0], "Average": [38.0 / 6],
        "p50": [],  # a statistic set of several values has no percentiles
    }  # fmt: skip


def test_a_statistic_set_of_one_value_has_percentiles(bench: Workbench) -> None:
    """Guards API PutMetricData: percentiles of a statistic set exist where its one value is known."""
    name, at = unique("set"), whole_hour(bench, timedelta(hours=2))
    put(bench, name, Timestamp=at, StatisticValues={"SampleCount": 3.0, "Sum": 6.0, "Minimum": 2.0, "Maximum": 2.0})
    assert values(bench, at, at + MINUTE, query(name, "p99")) == [2.0]


def test_namespaces_units_and_dimensions_tell_metrics_apart(bench: Workbench) -> None:
    """Guards two endpoints whose numbers are added up, and a unit that is ignored (cloudwatch_concepts)."""
    name, at = unique("apart"), whole_hour(bench, timedelta(hours=2))
    one = [{"Name": "EndpointName", "Value": "a"}, {"Name": "VariantName", "Value": "v"}]
    put(bench, name, Timestamp=at, Value=1.0, Dimensions=one)
    put(bench, name, Timestamp=at, Value=2.0, Dimensions=[{**one[0], "Value": "b"}, one[1]])
    put(bench, name, Timestamp=at, Value=4.0, Dimensions=one[:1], Unit="Percent")
    assert values(bench, at, at + MINUTE, query(name, Dimensions=one[::-1])) == [1.0], "their order means nothing"
    assert values(bench, at, at + MINUTE, query(name)) == []
    assert values(bench, at, at + MINUTE, query(name, Dimensions=one[:1], Unit="Count")) == []
    assert values(bench, at, at + MINUTE, query(name, Dimensions=one[:1], Unit="Percent")) == [4.0]
    put(bench, name, Timestamp=at, Value=8.0, Dimensions=one[:1], Unit="Count")
    with refused("NotEmulated", "without Unit"):
        values(bench, at, at + MINUTE, query(name, Dimensions=one[:1]))


def test_periods_begin_at_the_rounded_start(bench: Workbench) -> None:
    """Guards the edges: a start is inclusive and rounded down to the minute, an end exclusive (API_GetMetricData)."""
    name, at = unique("edges"), whole_hour(bench, timedelta(hours=3))
    for minute in range(10):
        put(bench, name, Timestamp=at + minute * MINUTE, Value=1.0)
    start = at + timedelta(seconds=59)
    answer = get(bench, start, at + 10 * MINUTE, query(name, period=300))["MetricDataResults"][0]
    assert [one - at for one in answer["Timestamps"]] == [timedelta(), 5 * MINUTE]
    assert answer["Values"] == [5.0, 5.0]
    assert values(bench, at + MINUTE, at + 9 * MINUTE, query(name, period=300)) == [5.0, 3.0]


def test_the_newest_comes_first_unless_asked(bench: Workbench) -> None:
    """Guards ScanBy: TimestampDescending is the default."""
    name, at = unique("order"), whole_hour(bench, timedelta(hours=2))
    for minute in range(3):
        put(bench, name, Timestamp=at + minute * MINUTE, Value=float(minute))
    given = {"StartTime": at, "EndTime": at + 5 * MINUTE, "MetricDataQueries": [query(name)]}
    assert bench.cloudwatch.get_metric_data(**given)["MetricDataResults"][0]["Values"] == [2.0, 1.0, 0.0]


def test_data_grow_coarse_and_fade_with_age(bench: Workbench) -> None:
    """Guards retention: minutes for 15 days, five minutes for 63, hours for 455 (cloudwatch_concepts)."""
    with own_bench() as own:
        at = whole_hour(own, timedelta(hours=2))
        own.cloudwatch.put_metric_data(Namespace="age", MetricData=[{"MetricName": "m", "Timestamp": at, "Value": 1.0}])
        seen = {}
        for days in (16, 64, 456):
            own.org.clock.advance(at + timedelta(days=days) - own.org.clock.now())
            fresh = own.beside("hub")
            seen[days] = [values(fresh, at, at + 60 * MINUTE, query("age", period=one)) for one in (60, 300, 3600)]
    assert seen == {16: [[], [1.0], [1.0]], 64: [[], [], [1.0]], 456: [[], [], []]}


def test_a_page_ends_where_the_data_points_do(bench: Workbench) -> None:
    """Guards paging: nothing is lost or doubled, PartialData says that more comes, tokens belong to their request."""
    name, at = unique("pages"), whole_hour(bench, timedelta(hours=3))
    for dimension in "abc":
        listed = [{"Name": "d", "Value": dimension}]
        for minute in range(7):
            put(bench, name, Timestamp=at + minute * MINUTE, Value=float(minute), Dimensions=listed)
    wanted = [query(name, id_=f"q{one}", Dimensions=[{"Name": "d", "Value": one}]) for one in "abc"]
    end, token = at + 10 * MINUTE, None
    found: dict[str, list[float]] = {}
    statuses: list[str] = []
    for _ in range(10):
        more: dict[str, Any] = {"NextToken": token} if token else {}
        answer = get(bench, at, end, *wanted, MaxDatapoints=5, **more)
        for result in answer["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
            statuses.append(result["StatusCode"])
        token = answer.get("NextToken")
        if token is None:
            break
    assert token is None, "21 data points are at most 10 pages of 5"
    assert found == {f"q{one}": [float(minute) for minute in range(7)] for one in "abc"}
    assert {"PartialData", "Complete"} == set(statuses)
    first = get(bench, at, end, *wanted, MaxDatapoints=5)["NextToken"]
    with refused("InvalidNextToken"):
        get(bench, at, end, *wanted[:1], MaxDatapoints=5, NextToken=first)
    with refused("InvalidNextToken"):
        get(bench, at, end, *wanted, MaxDatapoints=5, NextToken="nonsense")


@pytest.mark.parametrize(
    ("queries", "code", "word"),
    [
        ([query("n", id_="Upper")], "ValidationError", "lower-case"),
        ([query("n"), query("n")], "ValidationError", "not unique"),
        ([query("n", id_=f"q{number}") for number in range(501)], "ValidationError", "500"),
        ([query("n", period=90)], "ValidationError", "Period"),
        ([query("n", "Median")], "ValidationError", "Median"),
        ([query("n", "p101")], "ValidationError", "p101"),
        ([query("n", "tm90")], "NotEmulated", "tm90"),
        ([{"Id": "e", "Expression": "m1 / m2"}], "NotEmulated", "metric math"),
        ([{"Id": "e"}], "ValidationError", "Either"),
        ([query("n", Label="${PROP('AccountId')}")], "NotEmulated", "dynamic label"),
    ],
)
def test_queries_that_aws_or_the_rehearsal_cannot_answer_are_refused(
    bench: Workbench, queries: list[dict[str, Any]], code: str, word: str
) -> None:
    """Guards the limits of GetMetricData, and an expression that answers nothing (API_GetMetricData)."""
    at = whole_hour(bench, timedelta(hours=1))
    with refused(code, word):
        get(bench, at, at + MINUTE, *queries)


def test_times_must_be_in_order(bench: Workbench) -> None:
    """Guards a window that is empty by mistake."""
    at = whole_hour(bench, timedelta(hours=1))
    with refused("ValidationError", "StartTime"):
        get(bench, at, at, query("n"))


VALUE = {"MetricName": "m", "Value": 1.0}
TOO_MANY_VALUES = [float(number) for number in range(151)]


@pytest.mark.parametrize(
    ("namespace", "datum", "code", "word"),
    [
        ("AWS/SageMaker", VALUE, "InvalidParameterValue", "AWS/"),
        ("n", {**VALUE, "Values": [1.0]}, "InvalidParameterCombination", "mutually exclusive"),
        ("n", {"MetricName": "m"}, "MissingParameter", "Value"),
        ("n", {**VALUE, "Value": 2.0**361}, "InvalidParameterValue", "2^360"),
        ("n", {"MetricName": "m", "Values": TOO_MANY_VALUES}, "InvalidParameterValue", "150"),
        ("n", {"MetricName": "m", "Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue", "Counts"),
        ("n", {**VALUE, "StorageResolution": 30}, "InvalidParameterValue", "StorageResolution"),
        ("n", {**VALUE, "Dimensions": [{"Name": ":n", "Value": "v"}]}, "InvalidParameterValue", "colon"),
        ("n", {**VALUE, "Dimensions": [{"Name": "n", "Value": " "}]}, "InvalidParameterValue", "non-blank"),
        ("n", {**VALUE, "Dimensions": [{"Name": "n", "Value": "v"}] * 2}, "InvalidParameterValue", "twice"),
        ("n", {**VALUE, "Dimensions": [{"Name": f"n{i}", "Value": "v"} for i in range(31)]}, "ValidationError", "30"),
    ],
)
def test_data_that_cloudwatch_refuses_are_refused(
    bench: Workbench, namespace: str, datum: dict[str, Any], code: str, word: str
) -> None:
    """Guards the limits of PutMetricData, first of all AWS's own namespaces (API_PutMetricData, API_MetricDatum)."""
    with refused(code, word):
        bench.cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])


@pytest.mark.parametrize("ago", [timedelta(days=14, minutes=1), -timedelta(hours=2, minutes=1)])
def test_too_old_and_too_new_data_are_refused_with_their_whole_request(bench: Workbench, ago: timedelta) -> None:
    """Guards two weeks back and two hours ahead, and a request of which half was stored."""
    name, now = unique("times"), bench.org.clock.now()
    with refused("InvalidParameterValue", "member.2.Timestamp"):
        bench.cloudwatch.put_metric_data(Namespace=name, MetricData=[VALUE, {**VALUE, "Timestamp": now - ago}])
    assert bench.cloudwatch.list_metrics(Namespace=name)["Metrics"] == []


def test_a_thousand_metrics_of_a_megabyte_go_in_one_request(bench: Workbench) -> None:
    """Guards the limits of a request, and gzip, by which botocore sends large ones."""
    name = unique("many")
    data = [{**VALUE, "Dimensions": [{"Name": "n", "Value": f"{number:04d}"}]} for number in range(1000)]
    bench.cloudwatch.put_metric_data(Namespace=name, MetricData=data)
    with refused("InvalidParameterValue", "1000"):
        bench.cloudwatch.put_metric_data(Namespace=name, MetricData=[*data, {**VALUE, "MetricName": "other"}])
    large = [{**VALUE, "Dimensions": [{"Name": "n", "Value": f"{number:04d}" * 255}]} for number in range(1000)]
    with refused("RequestEntityTooLarge"):
        bench.cloudwatch.put_metric_data(Namespace=name, MetricData=large)
    pages = list(bench.cloudwatch.get_paginator("list_metrics").paginate(Namespace=name))
    assert [len(page["Metrics"]) for page in pages] == [500, 500]


def test_metrics_are_listed_by_name_dimension_and_activity(bench: Workbench) -> None:
    """Guards the filters of ListMetrics, and metrics that stay listed after two weeks (API_ListMetrics)."""
    name = unique("listed")
    listed = [{"Name": "EndpointName", "Value": "a"}, {"Name": "VariantName", "Value": "v"}]
    put(bench, name, Value=1.0, Dimensions=listed)
    put(bench, name, Value=1.0, Timestamp=bench.org.clock.now() - timedelta(hours=4))
    one = {"Namespace": name, "MetricName": "m", "Dimensions": listed}
    client = bench.cloudwatch
    assert len(client.list_metrics(Namespace=name)["Metrics"]) == 2
    assert client.list_metrics(Namespace=name, RecentlyActive="PT3H")["Metrics"] == [one]
    assert client.list_metrics(Namespace=name, Dimensions=[{"Name": "VariantName"}])["Metrics"] == [one]
    assert client.list_metrics(Namespace=name, Dimensions=[{"Name": "VariantName", "Value": "w"}])["Metrics"] == []
    assert client.list_metrics(Namespace=name, MetricName="other")["Metrics"] == []
    with refused("InvalidParameterValue", "IncludeLinkedAccounts"):
        client.list_metrics(OwningAccount=bench.account)
    with own_bench() as own:
        put(own, name, Value=1.0)
        own.advance(14 * 86_400 + 60)
        assert own.cloudwatch.list_metrics()["Metrics"] == []


def test_statistics_are_told_unit_by_unit(bench: Workbench) -> None:
    """Guards GetMetricStatistics: several units, percentiles, and its limit of 1,440 (API_GetMetricStatistics)."""
    name, at = unique("stats"), whole_hour(bench, timedelta(hours=2))
    put(bench, name, Timestamp=at, Values=[1.0, 3.0], Unit="Seconds")
    put(bench, name, Timestamp=at, Value=7.0, Unit="Count")
    given = {"Namespace": name, "MetricName": "m", "StartTime": at, "EndTime": at + MINUTE, "Period": 60}
    points = bench.cloudwatch.get_metric_statistics(**given, Statistics=["Sum", "Maximum"])["Datapoints"]
    assert {(one["Unit"], one["Sum"], one["Maximum"]) for one in points} == {("Seconds", 4.0, 3.0), ("Count", 7.0, 7.0)}
    (point,) = bench.cloudwatch.get_metric_statistics(**given, ExtendedStatistics=["p50"], Unit="Seconds")["Datapoints"]
    assert point["ExtendedStatistics"] == {"p50": 2.0}
    with refused("InvalidParameterCombination", "1440"):
        late = {**given, "EndTime": at + timedelta(minutes=1441)}
        bench.cloudwatch.get_metric_statistics(**late, Statistics=["Sum"])


def test_a_role_may_be_bound_to_a_namespace(bench: Workbench) -> None:
    """Guards cloudwatch:namespace, by which functions are kept to their own metrics; and the code of the denial."""
    bound = {
        **allow("cloudwatch:PutMetricData", "*"),
        "Condition": {"StringEquals": {"cloudwatch:namespace": "MLGovernance"}},
    }
    principal = {"Effect": "Allow", "Principal": {"AWS": bench.account}, "Action": "sts:AssumeRole"}
    bench.iam.create_role(RoleName="putter", AssumeRolePolicyDocument=document(principal))
    bench.iam.put_role_policy(RoleName="putter", PolicyName="p", PolicyDocument=document(bound))
    client = bench.client("putter", "cloudwatch")
    client.put_metric_data(Namespace="MLGovernance", MetricData=[VALUE])
    with refused("AccessDenied", "cloudwatch:PutMetricData"):
        client.put_metric_data(Namespace="Other", MetricData=[VALUE])


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.integers(0, 100))
def test_a_percentile_lies_within_the_values_and_grows(numbers: list[float], rank: int) -> None:
    """Guards the arithmetic of percentiles: merged or not, in any order, between the least and the greatest."""
    whole = Distribution.of_values({one: float(numbers.count(one)) for one in numbers})
    halves = [numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]]
    merged = [Distribution.of_values({one: float(part.count(one)) for one in part}) for part in halves if part]
    together = merged[0] if len(merged) == 1 else merged[0].merged(merged[1])
    found = whole.statistic(f"p{rank}")
    assert found is not None
    assert found == together.statistic(f"p{rank}")
    assert min(numbers) <= found <= max(numbers)
    lower = whole.statistic(f"p{rank // 2}")
    assert lower is not None
    assert lower <= found or math.isclose(lower, found)
