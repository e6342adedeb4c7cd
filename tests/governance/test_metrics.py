"""Planning and mapping: as few calls as there can be, and each answer back to what it answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.metrics import (
    MAX_DATAPOINTS,
    MAX_QUERIES,
    SCHEMA_VERSION,
    Assembly,
    Points,
    Query,
    Request,
    Spent,
    periods_per_request,
    query_count,
    requests,
)
from governance.metrics_catalogue import INVOCATION_METRICS, Catalogue, Kind, Metric, catalogue
from governance.metrics_targets import Target
from governance.metrics_window import Window

PERIOD = 300
WINDOW = Window(0, 12 * PERIOD, PERIOD)
EIGHT = Catalogue(tuple(catalogue("q").variant[:8]), tuple(catalogue("q").component[:8]))


def target(number: int, account: str = "222222222222", component: str | None = None) -> Target:
    arn = f"arn:aws:sagemaker:eu-west-1:{account}:endpoint/e{number:05}"
    return Target(arn, f"E{number:05}", account, "eu-west-1", "v", component)


def ordered(targets: Sequence[Target]) -> list[Target]:
    return sorted(targets, key=lambda one: one.key)


@given(st.integers(0, 400), st.integers(1, 20))
def test_first_pages_are_the_fewest_possible(count: int, metrics: int) -> None:
    """Guards: a call per endpoint, as the reference system makes them, or one that is not full."""
    few = Catalogue(tuple(Metric("n", f"m{n}", "Sum", "None", f"m{n}") for n in range(metrics)), ())
    made = list(requests([target(n) for n in range(count)], few, WINDOW))
    assert len(made) == math.ceil(count * metrics / MAX_QUERIES)
    assert all(len(request.queries) == MAX_QUERIES for request in made[:-1])
    assert sum(len(request.queries) for request in made) == count * metrics


def test_ten_thousand_variants_and_eight_metrics_take_160_first_pages() -> None:
    """Guards: the promised minimum at full size."""
    targets = [target(n) for n in range(10_000)]
    assert query_count(targets, EIGHT) == 80_000
    assert sum(1 for _ in requests(targets, EIGHT, WINDOW)) == 160


@given(st.integers(1, 100_000))
def test_a_call_never_asks_for_more_datapoints_than_it_may(queries: int) -> None:
    """Guards: a call of which CloudWatch answers only a part; 201 periods for 500 queries."""
    periods = periods_per_request(queries)
    most = min(queries, MAX_QUERIES)
    assert most * periods <= MAX_DATAPOINTS < most * (periods + 1)
    assert periods >= 201


CASES = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["222222222222", "333333333333"]), st.sampled_from([None, "a", "b"])),
    unique=True,
    max_size=60,
)


@given(cases=CASES, data=st.data())
def test_each_answer_reaches_its_own_row_and_column(
    cases: list[tuple[int, str, str | None]], data: st.DataObject
) -> None:
    """Guards: M5, M7: values of another variant, account or time; rows that are written before they are whole."""
    targets = ordered([target(*case) for case in cases])
    every = catalogue("q")
    answers: dict[Query, Points] = {}
    rows: dict[tuple[str, int], dict[str, object]] = {}
    assembly = Assembly(PERIOD, 1000)
    window = Window(0, 3 * PERIOD, PERIOD)
    number = 0
    for request in requests(targets, every, window):
        points = []
        for query in request.queries:
            times = data.draw(st.sets(st.sampled_from([0, PERIOD, 2 * PERIOD])))
            number += 1
            answers[query] = {time: float(number) for time in times}
            points.append(answers[query])
        for row in assembly.add(request, points):
            where = (str(row["endpointvariant"]), int(row["timestamp"]))
            assert where not in rows
            assert where[0] <= request.done
            rows[where] = row
    assert set(rows) == {(query.target.key, time) for query, points in answers.items() for time in points}
    for query, given_points in answers.items():
        for time in (0, PERIOD, 2 * PERIOD):
            row = rows.get((query.target.key, time), {})
            assert row.get(query.metric.column) == given_points.get(time)
    for (_, time), row in rows.items():
        assert (row["timestamp"], row["expiresat"], row["schemaversion"]) == (time, time + 1000, SCHEMA_VERSION)
        assert f":{row['accountid']}:" in str(row["endpointarn"])


@given(cases=CASES)
def test_what_is_done_needs_no_later_call(cases: list[tuple[int, str, str | None]]) -> None:
    """Guards: a run that goes on behind a variant of which half the metrics were never asked for."""
    targets = ordered([target(*case) for case in cases])
    made = list(requests(targets, catalogue("q"), WINDOW))
    for index, request in enumerate(made):
        later = {query.target.key for other in made[index + 1 :] for query in other.queries}
        earlier = {query.target.key for other in made[: index + 1] for query in other.queries}
        assert all(key > request.done for key in later)
        assert all(key <= request.done for key in earlier - later)
    assert not made or made[-1].done == targets[-1].key


def test_a_row_of_a_target_asked_about_in_two_calls_is_written_once() -> None:
    """Guards: the second call's row replaces the first's."""
    one = target(1)
    first = Request((Query(one, INVOCATION_METRICS[0]),), WINDOW, "")
    second = Request((Query(one, INVOCATION_METRICS[1]),), WINDOW, one.key)
    assembly = Assembly(PERIOD, 1)
    assert list(assembly.add(first, [{0: 1.0}])) == []
    [row] = assembly.add(second, [{0: 2.0}])
    assert (row["invocations"], row["modellatency"]) == (1.0, 2.0)


def test_dimensions_are_exactly_those_of_the_kind() -> None:
    """Guards: a query with a dimension more or less, which is another metric and answers nothing."""
    assert target(1).dimensions == (("EndpointName", "E00001"), ("VariantName", "v"))
    assert target(1, component="c").dimensions == (("InferenceComponentName", "c"),)
    assert (target(1).kind, target(1, component="c").kind) == (Kind.VARIANT, Kind.COMPONENT)


def test_a_run_is_priced_by_the_metrics_it_asked_for() -> None:
    """Guards: a cost that is off by a thousand. CloudWatch: 0.01 USD per 1,000 metrics requested."""
    spent = Spent(requested=80_000, first_pages=160, next_pages=3, retries=2)
    assert spent.calls == 165
    assert spent.usd == pytest.approx(0.80)
