"""Functions sleep in the organisation's time, which a skip passes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.organisation.clock import VirtualClock, virtual
from tests.rehearsal.organisation.workbench import Workbench, own_bench

NAP = """
import time
def handler(event, context):
    before = time.time(), time.monotonic(), context.get_remaining_time_in_millis() / 1000
    time.sleep(event if isinstance(event, (int, float)) else 50)
    after = time.time(), time.monotonic(), context.get_remaining_time_in_millis() / 1000
    return [one - other for one, other in zip(after, before)]
"""


@pytest.fixture
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def _invoke(bench: Workbench, seconds: float) -> dict[str, Any]:
    answer = bench.lambda_.invoke(FunctionName="nap", Payload=json.dumps(seconds).encode())
    return {**answer, "Payload": json.loads(answer["Payload"].read())}


def test_sleep_nobody_works_beside_takes_no_time(bench: Workbench) -> None:
    """Guards the rehearsal's pace (CloudTrail is asked twice a second), and that all of a function's clocks agree."""
    virtual(bench.org.clock).hurry()
    bench.function("nap", NAP, Timeout=300)
    began, then = time.monotonic(), bench.org.clock.now()
    passed = _invoke(bench, 200)["Payload"]
    assert time.monotonic() - began < 20
    assert bench.org.clock.now() - then >= timedelta(seconds=200)
    assert passed == pytest.approx([200, 200, -200], abs=5)


def test_sleep_counts_against_the_function_s_time(bench: Workbench) -> None:
    """Guards against a function that sleeps past its timeout and answers all the same."""
    virtual(bench.org.clock).hurry()
    bench.function("nap", NAP, Timeout=100)
    began = time.monotonic()
    answer = _invoke(bench, 101)
    assert answer["FunctionError"] == "Unhandled"
    assert "Task timed out after 100.00 seconds" in answer["Payload"]["errorMessage"]
    assert time.monotonic() - began < 20


def test_a_skip_wakes_who_sleeps_and_waits_for_its_work(bench: Workbench) -> None:
    """Guards against a skip that waits for a sleeping function as for one that works, or passes by its awakening."""
    bench.function("nap", NAP, Timeout=300)
    bench.lambda_.invoke(FunctionName="nap", InvocationType="Event", Payload=b"120")
    began = time.monotonic()
    virtual(bench.org.clock).advance(timedelta(seconds=250))
    [row] = [row for row in bench.org.events.since(0) if row["kind"] == "invocation"]
    assert not row["error"]
    assert row["duration_ms"] >= 120_000
    assert time.monotonic() - began < 20


def test_two_that_sleep_are_woken_each_at_its_time() -> None:
    """Guards against sleep that adds up: whoever sleeps beside another is woken at its own time."""
    clock = VirtualClock()
    began = clock.now()

    def nap(seconds: float) -> float:
        clock.sleep(seconds)
        return (clock.now() - began).total_seconds()

    with ThreadPoolExecutor(2) as pool:
        naps = pool.map(nap, (500, 1000))
        while len(clock.waiting()) < 2:
            time.sleep(0.001)
        clock.hurry()
        short, long = naps
    clock.stop()
    assert 500 <= short < 1001
    assert 1000 <= long < 1001


def test_the_end_of_the_clock_wakes_who_sleeps() -> None:
    """Guards against an organisation that can't stop while a function sleeps."""
    clock = VirtualClock()
    with ThreadPoolExecutor(1) as pool:
        asleep = pool.submit(clock.sleep, 3600)
        while not clock.waiting():
            time.sleep(0.001)
        clock.stop()
        asleep.result(timeout=5)
