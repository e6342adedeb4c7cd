"""The alarms: everything that can lose or delay a fact has one, and CloudWatch takes each."""

from __future__ import annotations

import botocore.session
import pytest

from blueprint.alarms import ALARMING_VERDICTS, API_ID, hub_alarms, inference_alarms, spoke_alarms
from blueprint.data_settings import INTERVAL_MINUTES, Interval
from blueprint.functions import FUNCTION_SPECS, SCHEDULED
from blueprint.names import Function
from governance.verdicts import Verdict
from tests.blueprint.samples import DEV, fleet, organisation

EXAMPLE = organisation()
DAY, WEEK = 86_400, 7 * 86_400


def schedules(minutes: int | None = None) -> dict[Function, Interval]:
    return {spec.function: Interval(minutes or spec.every_minutes or 0) for spec in SCHEDULED}


ALARMS = {spec.what: spec for spec in hub_alarms(EXAMPLE, schedules())}


def test_every_dead_letter_queue_is_watched() -> None:
    """Guards: events that were given up, and nobody told."""
    watched = {
        spec.dimensions["QueueName"]: (spec.statistic, spec.comparison, spec.threshold)
        for spec in ALARMS.values()
        if spec.metric == "ApproximateNumberOfMessagesVisible"
    }
    queues = ["rules-dlq", *(spec.dead_letters for spec in FUNCTION_SPECS)]
    assert watched == {f"mlgov-{queue}": ("Maximum", "GreaterThanThreshold", 0) for queue in queues}


def test_every_queue_and_function_is_watched() -> None:
    """Guards: a function that is broken or throttled, behind a queue that grows."""
    for spec in FUNCTION_SPECS:
        age = ALARMS[f"{spec.queue}-age"]
        assert age.dimensions == {"QueueName": f"mlgov-{spec.queue}"}
        assert age.threshold >= spec.visibility_seconds or spec.function in ("capture", "approval")
        for metric in ("Errors", "Throttles") if spec.reserved_concurrency is None else ("Errors",):
            found = ALARMS[f"{spec.function}-{metric.lower()}"]
            assert (found.metric, found.statistic) == (metric, "Sum")
            assert found.dimensions == {"FunctionName": f"mlgov-{spec.function}"}


def test_a_function_that_throttles_in_ordinary_work_has_no_alarm_on_it() -> None:
    """Guards: an alarm at each second approval of a moment, until nobody looks at alarms any more. What waits too long
    behind a function that runs once at a time shows in the age of its queue.
    """
    once = {spec.function for spec in FUNCTION_SPECS if spec.reserved_concurrency == 1}
    assert once == {"approval"}
    assert "approval-throttles" not in ALARMS
    assert "approvals-age" in ALARMS


@pytest.mark.parametrize("function", [spec.function for spec in SCHEDULED])
def test_silence_is_an_alarm(function: str) -> None:
    """Guards: a schedule that was disabled, after which everything looks fine for ever."""
    heartbeat = ALARMS[f"{function}-heartbeat"]
    assert (heartbeat.missing, heartbeat.comparison, heartbeat.threshold) == ("breaching", "LessThanThreshold", 1)
    assert heartbeat.dimensions == {"Installation": "mlgov", "Function": function}
    assert heartbeat.period_seconds == 60 * schedules()[heartbeat.dimensions["Function"]].minutes  # type: ignore[index]


def test_every_verdict_but_approved_is_an_alarm_that_lasts() -> None:
    """Guards: a model that nobody approved, served, and nobody told; a mail for each walk that counts it."""
    found = {spec.dimensions["Verdict"]: spec for spec in ALARMS.values() if spec.metric == "EndpointsByVerdict"}
    assert found.keys() == {*Verdict} - {Verdict.APPROVED} == {*ALARMING_VERDICTS}
    for verdict, spec in found.items():
        assert spec.what == f"endpoints-{verdict}"
        assert spec.dimensions == {"Installation": "mlgov", "Verdict": verdict}
    for spec in (*found.values(), ALARMS["unreadable-accounts"]):
        assert spec.missing == "ignore", "counted at the end of a walk, and true until the next one"


def test_a_spoke_watches_what_the_hub_refused() -> None:
    """Guards: the one dead-letter queue that lies in another account."""
    (spec,) = spoke_alarms(EXAMPLE, EXAMPLE.spoke("dev"))
    assert (spec.what, spec.dimensions) == ("dev-forward-dlq-depth", {"QueueName": "mlgov-dev-forward-dlq"})
    assert spoke_alarms(organisation(same_account=True), EXAMPLE.spoke("dev")) == ()
    assert EXAMPLE.spoke("dev").account == DEV


def test_an_inference_api_that_fails_is_an_alarm_and_a_caller_s_mistake_is_none() -> None:
    """Guards: callers who get 5xx while nobody is told; a mail for each wrong content type."""
    found = {spec.metric: spec for spec in inference_alarms(EXAMPLE, EXAMPLE.spoke("test"))}
    assert found.keys() == {"5xx", "Throttles"}
    assert {spec.what for spec in found.values()} == {"test-inference-5xx", "test-inference-throttles"}
    assert found["5xx"].dimensions == {"ApiId": API_ID}
    assert found["Throttles"].dimensions == {"FunctionName": "mlgov-test-inference"}


def test_names_are_distinct_within_an_account_and_short() -> None:
    """Guards: two alarms of one name, of which the second replaces the first."""
    for of in (EXAMPLE, organisation(prefix="p" * 16)):
        alarms = [of.names.alarm(spec.what) for spec in hub_alarms(of, schedules())]
        assert len(set(alarms)) == len(alarms)
        assert all(len(name) <= 255 and name.startswith(f"{of.prefix}-") for name in alarms)
    many = fleet(10)
    names = [many.names.alarm(spec.what) for spoke in many.spokes for spec in spoke_alarms(many, spoke)]
    assert len(set(names)) == 10


@pytest.mark.parametrize("minutes", [INTERVAL_MINUTES.start, 59, 60, 61, 719, 720, INTERVAL_MINUTES.stop - 1])
def test_cloudwatch_takes_every_alarm_at_every_interval(minutes: int) -> None:
    """Guards: an interval that the configuration admits and CloudWatch refuses (botocore cloudwatch, PutMetricAlarm:
    a period of a multiple of 60 seconds; all periods together a day, or a week from an hour on).
    """
    for spec in hub_alarms(EXAMPLE, schedules(minutes)):
        assert spec.period_seconds % 60 == 0
        assert spec.period_seconds * spec.periods <= (DAY if spec.period_seconds < 3600 else WEEK), spec.what


def test_words_are_those_of_the_service() -> None:
    """Guards: a misspelt statistic or comparison, found by an `up` that stops half-way."""
    model = botocore.session.get_session().get_service_model("cloudwatch")
    for spec in ALARMS.values():
        assert spec.statistic in model.shape_for("Statistic").enum
        assert spec.comparison in model.shape_for("ComparisonOperator").enum


def test_every_alarm_says_what_it_means() -> None:
    """Guards: a mail at night that holds a name and nothing else."""
    assert len({spec.meaning for spec in ALARMS.values()}) == len(ALARMS)
    assert all(len(spec.meaning.split()) > 4 and not spec.meaning.endswith(".") for spec in ALARMS.values())
