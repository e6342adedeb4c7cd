"""Faults at every call: whatever breaks, after the messages came again the table is as if nothing had."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.common.aws import Busy
from tests.lambdas.metrics.world import (
    ALIGNED,
    DEV,
    PERIOD,
    SCHEDULED,
    TEST,
    Crash,
    World,
    endpoint_row,
    variant_series,
)

NAMES = [(DEV, "a"), (DEV, "b"), (TEST, "a"), *((TEST, f"n{n:02}") for n in range(35))]
CPU = ("/aws/sagemaker/Endpoints", "CPUUtilization", "Average")
VIOLATIONS = ("MLGovernance/Quality", "TotalViolations", "Maximum")


def filled() -> World:
    """39 variants: two calls, one variant's metrics spread over both."""
    world = World()
    world.endpoints.table = [endpoint_row(account, name, "v") for account, name in NAMES]
    world.endpoints.table[0] = endpoint_row(DEV, "a", "v", "w")
    for number, (account, name) in enumerate(NAMES):
        for series, value in ((CPU, 1.0), (VIOLATIONS, 0.0)):
            points = {ALIGNED - (1 + n) * PERIOD: value + number for n in range(0, 3 + number % 3, 2)}
            world.put(variant_series(account, name, "v", *series), points)
    return world


def crash(point: str) -> None:
    raise Crash(point)


def busy(point: str) -> None:
    if point.startswith(("telemetry.page", "table.put", "endpoints.rows")):
        raise Busy(point)


def deliver_until_done(world: World) -> None:
    """The queue: a message whose handling failed comes again."""
    waiting = deque([SCHEDULED])
    for _delivery in range(1000):
        if not waiting:
            return
        body = waiting[0]
        try:
            world.deliver(body)
        except (Crash, Busy):
            pass
        else:
            waiting.popleft()
        waiting.extend(world.outbox.jobs)
        world.outbox.jobs.clear()
        world.seconds_left = 300.0
    raise AssertionError("the queue never emptied")


def expected() -> World:
    world = filled()
    world.deliver()
    assert len(world.telemetry.asked) == 2
    return world


EXPECTED = expected()


def calls_of_a_run() -> int:
    """How many points a fault can be at."""
    points: list[str] = []

    def note() -> Iterator[Callable[[str], None]]:
        while True:
            yield points.append

    world = filled()
    world.plan = note()
    world.deliver()
    return len(points)


@pytest.mark.parametrize("place", range(calls_of_a_run()))
@pytest.mark.parametrize("trouble", [crash, busy])
def test_a_fault_before_or_after_any_call_changes_nothing_in_the_end(
    place: int, trouble: Callable[[str], None]
) -> None:
    """Guards: a row that is lost, doubled or half; a mark that moves past what was not written."""
    world = filled()
    world.plan = iter([*([None] * place), trouble])
    deliver_until_done(world)
    assert world.table.rows == EXPECTED.table.rows
    assert world.table.until == EXPECTED.table.until
    assert world.meter.measured


FAULTS = st.lists(st.sampled_from([None, None, None, crash, busy]), max_size=60)


@settings(max_examples=40)
@given(
    plan=FAULTS, pages=st.sampled_from([17, 100_800]), partial=st.integers(0, 4), unprocessed=st.integers(0, 5),
    tight=st.booleans(),
)  # fmt: skip
def test_any_mixture_of_faults_changes_nothing_in_the_end(
    plan: list[Callable[[str], None] | None], pages: int, partial: int, unprocessed: int, tight: bool
) -> None:
    """Guards: pages, answers in part, unprocessed items, crashes, throttles and time running out, at once."""
    world = filled()
    world.plan = iter(plan)
    world.telemetry.page_size = pages
    world.telemetry.partial = partial
    world.table.unprocessed = unprocessed
    world.seconds_per_request = 250.0 if tight else 0.0
    deliver_until_done(world)
    assert world.table.rows == EXPECTED.table.rows
    assert world.table.until == EXPECTED.table.until
