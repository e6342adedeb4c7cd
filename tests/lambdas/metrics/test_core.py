"""What the metrics function collects: one series per account, endpoint and variant, and what is absent stays absent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from governance.canonical import Json
from governance.metrics import Query, Spent
from governance.metrics_catalogue import IDENTITY
from governance.metrics_jobs import NotAMetricsJob, parse_job
from governance.metrics_window import LOOKBACK_SECONDS, Window
from lambdas.common.aws import Busy
from lambdas.metrics.fakes import FakeTelemetry
from lambdas.metrics.ports import Page, Refused
from tests.lambdas.metrics.world import (
    ALIGNED,
    DAYS,
    DEV,
    HUB,
    PERIOD,
    QUALITY,
    REGION,
    TEST,
    World,
    arn_of,
    endpoint_row,
    variant_series,
)

LAST = ALIGNED - PERIOD
INVOCATIONS = ("AWS/SageMaker", "Invocations", "Sum")
LATENCY = ("AWS/SageMaker", "ModelLatency", "Maximum")
CPU = ("/aws/sagemaker/Endpoints", "CPUUtilization", "Average")
DISK = ("/aws/sagemaker/Endpoints", "DiskUtilization", "Maximum")
ACCURACY = (QUALITY, "Accuracy", "Average")


def world_with(*rows: Mapping[str, Json]) -> World:
    world = World()
    world.endpoints.table = list(rows)
    return world


def key(account: str, name: str, variant: str) -> str:
    return f"{arn_of(account, name)}#{variant}"


def test_m1_s7_every_column_is_filled_from_where_sagemaker_publishes_it() -> None:
    """M1, S7 of the reference system: names and namespaces that don't exist, so that all but CPU stayed 0."""
    world = world_with(endpoint_row(DEV, "Credit-Risk", "blue"))
    for number, (series, _column) in enumerate(((INVOCATIONS, ""), (LATENCY, ""), (CPU, ""), (DISK, "")), start=1):
        world.put(variant_series(DEV, "Credit-Risk", "blue", *series), {LAST: float(number)})
    world.put(variant_series(DEV, "Credit-Risk", "blue", "AWS/SageMaker", "invocations", "Average"), {LAST: 99.0})
    world.deliver()
    row = world.row(key(DEV, "Credit-Risk", "blue"), LAST)
    columns = ("invocations", "modellatency", "cpuutilization", "diskutilization")
    assert [row[column] for column in columns] == [1, 2, 3, 4]


def test_m2_each_row_names_its_endpoint_as_text() -> None:
    """M2 of the reference system: the endpoint's name was never set and became the number 0."""
    world = world_with(endpoint_row(DEV, "Credit-Risk", "blue"))
    world.put(variant_series(DEV, "Credit-Risk", "blue", *CPU), {LAST: 1.5})
    world.deliver()
    row = world.row(key(DEV, "Credit-Risk", "blue"), LAST)
    assert row == {
        "endpointvariant": key(DEV, "Credit-Risk", "blue"),
        "timestamp": LAST,
        "expiresat": LAST + DAYS * 86_400,
        "schemaversion": 1,
        "accountid": DEV,
        "endpointarn": arn_of(DEV, "Credit-Risk"),
        "endpointname": "Credit-Risk",
        "variantname": "blue",
        "region": REGION,
        "periodseconds": PERIOD,
        "cpuutilization": 1.5,
    }
    assert set(row) - {"cpuutilization"} <= set(IDENTITY)


def test_m3_model_monitor_in_the_account_breaks_nothing() -> None:
    """M3 of the reference system: a Model Monitor metric gave an empty key, which ended the run for all after it."""
    world = world_with(endpoint_row(DEV, "a", "v"), endpoint_row(DEV, "b", "v"))
    monitor = (("Endpoint", "a"), ("MonitoringSchedule", "s"))
    world.put((DEV, "aws/sagemaker/Endpoints/model-metrics", "accuracy", "Maximum", monitor), {LAST: 1.0})
    world.put(variant_series(DEV, "b", "v", *CPU), {LAST: 2.0})
    world.deliver()
    assert set(world.table.rows) == {(key(DEV, "b", "v"), LAST)}


def test_m5_s8_a_series_per_account_endpoint_and_variant() -> None:
    """M5, S8, S3 of the reference system: one row per endpoint name, overwritten; equal names collide."""
    world = world_with(endpoint_row(DEV, "same", "v"), endpoint_row(TEST, "same", "v"), endpoint_row(HUB, "same", "v"))
    times = [LAST, LAST - PERIOD]
    for account, value in ((DEV, 1.0), (TEST, 2.0), (HUB, 3.0)):
        world.put(variant_series(account, "same", "v", *CPU), dict.fromkeys(times, value))
    world.deliver()
    seen = {where: row["cpuutilization"] for where, row in world.table.rows.items()}
    assert seen == {
        (key(account, "same", "v"), time): value
        for account, value in ((DEV, 1.0), (TEST, 2.0), (HUB, 3.0))
        for time in times
    }


def test_m6_no_data_is_no_attribute_and_zero_is_zero() -> None:
    """M6, S7 of the reference system: a dead endpoint looks like accuracy zero."""
    world = world_with(endpoint_row(DEV, "dead", "v"), endpoint_row(DEV, "idle", "v"))
    world.put(variant_series(DEV, "idle", "v", *INVOCATIONS), {LAST: 0.0})
    world.deliver()
    row = world.row(key(DEV, "idle", "v"), LAST)
    assert row["invocations"] == 0
    assert "accuracy" not in row
    assert not any("dead" in where for where, _ in world.table.rows)


def test_m7_variants_stay_apart_and_times_are_those_of_periods() -> None:
    """M7 of the reference system: of several variants the last won; the window didn't begin with a period."""
    world = world_with(endpoint_row(DEV, "e", "blue", "green", {"name": "shadow", "shadow": True}))
    for number, variant in enumerate(("blue", "green", "shadow")):
        world.put(variant_series(DEV, "e", variant, *CPU), {LAST: float(number)})
    world.deliver()
    assert {where: row["cpuutilization"] for where, row in world.table.rows.items()} == {
        (key(DEV, "e", variant), LAST): number for number, variant in enumerate(("blue", "green", "shadow"))
    }
    windows = {(window.start, window.end) for _, window, _ in world.telemetry.asked}
    assert windows == {(ALIGNED - LOOKBACK_SECONDS, ALIGNED)}
    assert all(time % PERIOD == 0 for time in next(iter(windows)))


def test_m7_a_deleted_endpoint_is_asked_about_until_its_last_datapoints_came() -> None:
    """M7 of the reference system: what CloudWatch still lists is asked for for ever, paid each time."""
    gone = endpoint_row(DEV, "gone", "v", deletedat="2026-03-01T10:00:00.000Z")
    late = endpoint_row(DEV, "late", "v", deletedat="2026-03-01T11:59:00.000Z")
    world = world_with(gone, late)
    world.put(variant_series(DEV, "gone", "v", *CPU), {LAST: 1.0})
    world.put(variant_series(DEV, "late", "v", *CPU), {LAST: 1.0})
    world.deliver()
    assert set(world.table.rows) == {(key(DEV, "late", "v"), LAST)}
    assert {asked for asked, _, _ in world.telemetry.asked} == {len(world.catalogue.variant)}


def test_m8_a_row_joins_the_endpoints_table() -> None:
    """M8 of the reference system: metrics could not be tied to an endpoint, so not to a model version."""
    package = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/g/1"
    endpoint = endpoint_row(DEV, "E", {"name": "v", "model": "m", "packages": [package], "components": []})
    world = world_with(endpoint)
    world.put(variant_series(DEV, "E", "v", *ACCURACY), {LAST: 0.9})
    world.deliver()
    [row] = world.table.rows.values()
    assert row["endpointarn"] == endpoint["endpointarn"]
    served = {v["name"]: v["packages"] for v in json.loads(str(endpoint["variants"]))}
    assert served[str(row["variantname"])] == [package]


def test_inference_components_have_series_of_their_own() -> None:
    """Guards: several models behind one variant, of which none can be told."""
    variant = {"name": "v", "components": [{"name": "llm-a"}, {"name": "llm-b"}]}
    world = world_with(endpoint_row(DEV, "e", variant))
    for name, value in (("llm-a", 1.0), ("llm-b", 2.0)):
        dimensions = (("InferenceComponentName", name),)
        world.put((DEV, "AWS/SageMaker", "Invocations", "Sum", dimensions), {LAST: value})
        world.put(
            (DEV, "/aws/sagemaker/InferenceComponents", "CPUUtilizationNormalized", "Average", dimensions),
            {LAST: value * 10},
        )
    world.put(variant_series(DEV, "e", "v", *INVOCATIONS), {LAST: 3.0})
    world.deliver()
    rows = {where: (row["invocations"], row.get("cpuutilizationnormalized")) for where, row in world.table.rows.items()}
    base = key(DEV, "e", "v")
    assert rows == {(base, LAST): (3, None), (f"{base}#llm-a", LAST): (1, 10), (f"{base}#llm-b", LAST): (2, 20)}
    assert world.row(f"{base}#llm-a", LAST)["componentname"] == "llm-a"


def test_variants_known_from_events_alone_are_asked_about() -> None:
    """Guards: an endpoint without metrics until the next walk."""
    world = world_with(
        endpoint_row(DEV, "e", "v") | {"variants": "blue,green"}, endpoint_row(DEV, "n") | {"variants": None}
    )
    world.put(variant_series(DEV, "e", "green", *CPU), {LAST: 1.0})
    world.deliver()
    assert set(world.table.rows) == {(key(DEV, "e", "green"), LAST)}


def test_rows_of_unreadable_accounts_other_accounts_and_regions_are_not_asked_about() -> None:
    """Guards: a query for an account without a link, which fails the whole call; OAM is regional."""
    account = {"endpointarn": f"account:{DEV}", "verdict": "unknown", "account": DEV}
    other = endpoint_row("555555555555", "e", "v")
    elsewhere = endpoint_row(DEV, "e", "v") | {"region": "us-east-1"}
    world = world_with(account, other, elsewhere)
    world.deliver()
    assert world.telemetry.asked == []
    assert world.meter.measured


def test_late_values_mend_the_rows_that_were_written() -> None:
    """Guards: a period whose values came after its run stays half empty for ever."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    world.put(variant_series(DEV, "e", "v", *CPU), {LAST: 1.0})
    world.deliver()
    world.put(variant_series(DEV, "e", "v", *INVOCATIONS), {LAST: 7.0})
    world.put(variant_series(DEV, "e", "v", *CPU), {LAST: 2.0})
    world.now += 2700
    world.deliver()
    row = world.row(key(DEV, "e", "v"), LAST)
    assert (row["invocations"], row["cpuutilization"]) == (7, 2)


def test_a_gap_between_runs_is_collected_by_the_next() -> None:
    """Guards: hours without rows after an outage, or with a schedule longer than the look-back."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    world.deliver()
    world.now += 5 * 3600
    times = range(ALIGNED, ALIGNED + 5 * 3600, PERIOD)
    world.put(variant_series(DEV, "e", "v", *CPU), dict.fromkeys(times, 1.0))
    world.deliver()
    assert {time for _, time in world.table.rows} == set(times)


def test_a_window_by_hand_collects_what_came_too_late_and_leaves_the_schedule_alone() -> None:
    """Guards: quality metrics of last month that can never be collected; a heartbeat that a hand-made run fakes."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    past = ALIGNED - 30 * 86_400
    world.put(variant_series(DEV, "e", "v", *ACCURACY), {past: 0.5, past + 2 * 86_400: 0.6})
    world.run(json.dumps({"job": "window", "start": "2026-01-30T00:00:00Z", "end": "2026-02-01T00:00:00+00:00"}))
    assert {time: row["accuracy"] for (_, time), row in world.table.rows.items()} == {past: 0.5}
    assert world.table.until is None
    assert world.meter.measured == []


def test_a_complete_scheduled_run_beats_once() -> None:
    """Guards: an alarm on a missing heartbeat that never comes, or that comes while nothing is collected."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    world.deliver()
    [beat] = world.meter.measured
    assert (beat.name, beat.value, beat.unit, beat.dimensions) == ("Heartbeat", 1, "Count", {"Function": "metrics"})


def test_pages_repetitions_and_rows_are_counted_apart_and_priced(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a bill that nobody can explain."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    world.telemetry.page_size = 5
    world.telemetry.partial = 1
    world.table.unprocessed = 1
    times = range(ALIGNED - 3600, ALIGNED, PERIOD)
    world.put(variant_series(DEV, "e", "v", *CPU), dict.fromkeys(times, 1.0))
    world.deliver()
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    metrics = len(world.catalogue.variant)
    # One answer in part, asked again in three pages of 5, 5 and 2 values.
    counted = {"first_pages": 1, "next_pages": 2, "retries": 1, "calls": 4, "rows": 12, "write_retries": 1}
    assert {name: said[name] for name in counted} == counted
    assert said["requested"] == 4 * metrics
    assert said["usd"] == pytest.approx(4 * metrics * 0.01 / 1000)
    assert len(world.table.rows) == 12


def test_answers_in_part_are_asked_again_until_whole() -> None:
    """Guards: a `PartialData` answer taken for all there is."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    times = range(ALIGNED - 3600, ALIGNED, PERIOD)
    world.put(variant_series(DEV, "e", "v", *CPU), dict.fromkeys(times, 1.0))
    world.telemetry.partial = 4
    world.deliver()
    assert len(world.table.rows) == 12


def test_what_stays_unanswered_comes_again_instead_of_being_taken_for_nothing() -> None:
    """Guards: the mark moves past a window that was never answered."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    world.telemetry.partial = 99
    with pytest.raises(Busy, match="answered only in part"):
        world.deliver()
    assert world.table.until is None
    assert world.meter.measured == []


def test_an_account_without_a_link_loses_only_its_own_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: one spoke whose link was deleted ends the collection of all."""
    world = world_with(endpoint_row(DEV, "e", "v"), endpoint_row(TEST, "e", "v"))
    world.telemetry.unlinked = {TEST}
    world.put(variant_series(DEV, "e", "v", *CPU), {LAST: 1.0})
    world.deliver()
    assert set(world.table.rows) == {(key(DEV, "e", "v"), LAST)}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["account"] for line in lines if line["level"] == "ERROR"] == [TEST]
    assert lines[-1]["refused"] == [TEST]


def test_an_account_without_a_link_is_asked_about_once_a_run() -> None:
    """Guards: a refused call, and one for each other account, in every call of a run."""
    world = world_with(*(endpoint_row(account, f"e{n:03}", "v") for account in (DEV, TEST) for n in range(60)))
    world.telemetry.unlinked = {TEST}
    world.deliver()
    # The call in which TEST comes first is made again for each account; two more would be TEST's alone.
    sizes = [asked for asked, _, _ in world.telemetry.asked]
    assert sizes == [500, 500, 400, 100]


class Throttled(FakeTelemetry):
    """CloudWatch, answering at the third try of the client."""

    def page(self, queries: Sequence[Query], window: Window, token: str | None) -> Page:
        return replace(super().page(queries, window, token), retries=2)


def test_retries_of_the_client_itself_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: throttles that botocore hides from the cost's log."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    world.metrics = replace(world.metrics, telemetry=Throttled())
    world.deliver()
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["first_pages"], said["retries"], said["calls"]) == (1, 2, 3)


def test_a_refusal_of_the_own_account_is_an_error() -> None:
    """Guards: a malformed query taken for a missing link, so that nothing is ever collected and nobody hears of it."""
    world = world_with(endpoint_row(HUB, "e", "v"))
    world.telemetry.unlinked = {HUB}
    with pytest.raises(Refused):
        world.deliver()


def test_forbidden_metrics_leave_what_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: rows overwritten by emptiness when a link is taken away."""
    world = world_with(endpoint_row(DEV, "e", "v"))
    world.put(variant_series(DEV, "e", "v", *CPU), {LAST: 1.0})
    world.deliver()
    world.telemetry.forbidden = {DEV}
    world.deliver()
    assert world.row(key(DEV, "e", "v"), LAST)["cpuutilization"] == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = [line["namespace"] for line in lines if line["level"] == "ERROR"]
    assert sorted(said) == sorted({metric.namespace for metric in world.catalogue.variant})


def test_time_running_out_sends_the_rest_and_the_rest_says_what_all_cost(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a run that begins anew each time and never ends; a cost that is only the last part's."""
    world = world_with(*(endpoint_row(DEV, f"e{n:03}", "v") for n in range(99)))
    whole = world_with(*world.endpoints.table)
    for n in range(99):
        for each in (world, whole):
            each.put(variant_series(DEV, f"e{n:03}", "v", *CPU), {LAST: float(n)})
    whole.deliver()
    world.seconds_left, world.seconds_per_request = 70.0, 20.0
    assert world.deliver() == "to be continued"
    assert [world.table.until, *world.meter.measured] == [None]
    [body] = world.outbox.jobs
    job = parse_job("m", body)
    assert job is not None
    assert job.resume is not None
    assert job.resume.spent == Spent(requested=500, first_pages=1, rows=job.resume.spent.rows)
    world.outbox.jobs.clear()
    world.seconds_left, world.seconds_per_request = 300.0, 0.0
    assert world.deliver(body) == "collected"
    assert world.table.rows == whole.table.rows
    assert world.table.until == ALIGNED
    assert len(world.meter.measured) == 1
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    # The variant whose metrics were spread over both calls is asked about again.
    assert said["first_pages"] == 3
    assert said["requested"] == pytest.approx(99 * 15, abs=len(world.catalogue.variant))


def test_a_long_window_is_asked_in_pieces_and_resumes_in_each() -> None:
    """Guards: more than 100,800 datapoints in a call; a piece that is left out where a run goes on."""
    world = world_with(*(endpoint_row(DEV, f"e{n:02}", "v") for n in range(40)))
    start, end = ALIGNED - 3 * 86_400, ALIGNED
    for n in range(40):
        points = dict.fromkeys(range(start, end, PERIOD), float(n))
        world.put(variant_series(DEV, f"e{n:02}", "v", *CPU), points)
    world.seconds_left, world.seconds_per_request = 0.0, 0.0
    body = json.dumps({"job": "window", "start": "2026-02-26T12:00:00Z", "end": "2026-03-01T12:00:00Z"})
    world.deliver(body)
    deliveries = 1
    while world.outbox.jobs:
        world.deliver(world.outbox.jobs.pop(0))
        deliveries += 1
    assert len(world.table.rows) == 40 * 864
    assert deliveries == len(world.telemetry.asked) > 5
    hurried = World()
    hurried.endpoints.table, hurried.telemetry.series = world.endpoints.table, world.telemetry.series
    hurried.seconds_left = 0.0
    hurried.deliver(body)
    hurried.seconds_left = 300.0
    hurried.deliver(hurried.outbox.jobs.pop(0))
    assert hurried.table.rows == world.table.rows, "a piece is left out where a run goes on with time enough"


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "{}", '{"job": "account"}', '{"job": "window"}', '{"source": "aws.events"}',
     '{"job": "window", "start": "2026-01-01", "end": "2026-01-02T00:00:00Z"}',
     '{"job": "window", "start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}',
     '{"job": "window", "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "resume": {}}'],
)  # fmt: skip
def test_what_is_no_job_is_refused_by_name(body: str) -> None:
    """Guards: a message that comes again for ever, or a window of another day."""
    with pytest.raises(NotAMetricsJob, match="none of ours"):
        World().deliver(body)
