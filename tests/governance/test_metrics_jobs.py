"""Jobs: what the function sends itself, it reads back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from governance.metrics import Spent
from governance.metrics_jobs import Resume, WindowJob, parse_job

TIMES = st.integers(1_500_000_000, 2_500_000_000)


@given(
    start=TIMES, length=st.integers(1, 10**7), after=st.text(), scheduled=st.booleans(),
    spent=st.builds(Spent, *[st.integers(0, 10**9)] * 6),
)  # fmt: skip
def test_a_continuation_is_read_as_it_was_sent(
    start: int, length: int, after: str, scheduled: bool, spent: Spent
) -> None:
    """Guards: a run that goes on elsewhere, forgets its cost, or beats without being scheduled."""
    job = WindowJob(start, start + length, Resume(after, start, scheduled, spent))
    assert parse_job("m", job.body()) == job


def test_the_scheduled_event_is_no_window() -> None:
    """Guards: EventBridge's own message refused at every tick."""
    event = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    assert parse_job("m", json.dumps(event)) is None
