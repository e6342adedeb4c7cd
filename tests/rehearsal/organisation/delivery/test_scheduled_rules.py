"""Scheduled rules on the organisation's clock: what they send, to whom, when, and how often."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehearsal.organisation.clock import Timer, virtual
from rehearsal.organisation.delivery.scheduler import FIRINGS_PER_SKIP
from tests.rehearsal.organisation.example import refused
from tests.rehearsal.organisation.workbench import REGION, Workbench, own_bench

HOUR = 3600


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def scheduled(bench: Workbench, name: str, schedule: str, admitted: bool = True, **target: Any) -> tuple[str, str]:
    """A scheduled rule to a queue; returns queue URL and rule ARN."""
    url, queue = bench.queue(name)
    rule = bench.events.put_rule(Name=name, ScheduleExpression=schedule)["RuleArn"]
    bench.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue, **target}])
    if admitted:
        bench.admit(url, queue, rule)
    return url, rule


def bodies(bench: Workbench, url: str) -> list[dict[str, Any]]:
    """What the queue holds, taken off it."""
    messages = bench.receive(url)
    for message in messages:
        bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


def arrived(bench: Workbench, url: str) -> list[dict[str, Any]]:
    """What the queue holds once all deliveries under way have ended."""
    bench.org.drain()
    return bodies(bench, url)


def timers(bench: Workbench, name: str) -> list[Timer]:
    """The timers that a rule waits for."""
    return [timer for timer in virtual(bench.org.clock).waiting() if timer.what == f"schedule of rule {name}"]


def done(bench: Workbench, name: str) -> None:
    """Let a rule fire no more: other tests skip days."""
    bench.events.disable_rule(Name=name)


def test_the_queue_gets_the_documented_event(bench: Workbench) -> None:
    """Guards the shape that a scheduled job reads (eb/eb-create-rule-schedule, the example event)."""
    url, rule = scheduled(bench, "shape", "rate(1 hour)")
    bench.advance(HOUR)
    (event,) = bodies(bench, url)
    assert event == {
        "version": "0", "id": event["id"], "detail-type": "Scheduled Event", "source": "aws.events",
        "account": bench.account, "time": event["time"], "region": REGION, "resources": [rule], "detail": {},
    }  # fmt: skip
    assert datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) <= bench.org.clock.now()
    done(bench, "shape")


def test_a_skip_fires_what_it_passes_in_order(bench: Workbench) -> None:
    """Guards a skipped day that runs an hourly job once, or all at the day's end."""
    url, _ = scheduled(bench, "order", "rate(1 hour)")
    bench.advance(5 * HOUR + 60)
    times = [datetime.fromisoformat(event["time"]) for event in bodies(bench, url)]
    assert times == sorted(times)
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(hours=1)}
    assert len(times) == 5
    done(bench, "order")


def test_cron_fires_at_whole_minutes_of_utc(bench: Workbench) -> None:
    """Guards a daily job at another hour, or with the seconds of the rule's creation."""
    url, _ = scheduled(bench, "daily", "cron(30 8 * * ? *)")
    bench.advance(3 * 24 * HOUR)
    assert {event["time"][10:] for event in bodies(bench, url)} == {"T08:30:00Z"}
    assert len(bench.receive(url)) == 0
    done(bench, "daily")


def test_a_rule_fires_by_itself_too(bench: Workbench) -> None:
    """Guards a clock whose timers wait for a skip: a rehearsal that just runs would have no jobs."""
    url, _ = scheduled(bench, "itself", "rate(1 minute)")
    bench.advance(59)
    deadline = time.monotonic() + 10
    while not (found := bodies(bench, url)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found[0]["source"] == "aws.events"
    done(bench, "itself")


def test_a_target_may_get_a_constant_or_a_template(bench: Workbench) -> None:
    """Guards Input and InputTransformer of a schedule (eb/eb-transform-target-input)."""
    url, _ = scheduled(bench, "constant", "rate(1 hour)", Input='{"job": "anchor"}')
    template = {"InputPathsMap": {"at": "$.time"}, "InputTemplate": '{"at": <at>, "rule": "<aws.events.rule-name>"}'}
    other, _ = scheduled(bench, "template", "rate(1 hour)", InputTransformer=template)
    bench.advance(HOUR)
    assert bodies(bench, url) == [{"job": "anchor"}]
    (filled,) = bodies(bench, other)
    assert (filled["rule"], filled["at"][-1]) == ("template", "Z")
    done(bench, "constant")
    done(bench, "template")


def test_a_function_is_called_if_its_policy_admits_the_rule(bench: Workbench) -> None:
    """Guards the permission of a scheduled function (eb/eb-use-resource-based): without it nothing runs."""
    function = bench.function("nightly", "def handler(event, context):\n    print(event['detail-type'])\n")
    rule = bench.events.put_rule(Name="nightly", ScheduleExpression="rate(1 hour)")["RuleArn"]
    bench.events.put_targets(Rule="nightly", Targets=[{"Id": "f", "Arn": function}])
    since = len(bench.org.events)
    bench.advance(HOUR)
    assert bench.told("lost", since)[0]["error_code"] == "NO_PERMISSIONS"
    bench.lambda_.add_permission(
        FunctionName="nightly", StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn=rule,
    )  # fmt: skip
    bench.advance(HOUR)
    assert bench.log_lines("nightly").count("Scheduled Event") == 1
    done(bench, "nightly")


def test_what_the_queue_refuses_ends_in_the_rules_dead_letter_queue(bench: Workbench) -> None:
    """Guards a schedule whose target's policy is wrong: the job would silently never run (eb/eb-rule-dlq)."""
    dead_url, dead = bench.queue("schedule-dead")
    _, rule = scheduled(bench, "refused", "rate(1 hour)", admitted=False, DeadLetterConfig={"Arn": dead})
    bench.admit(dead_url, dead, rule)
    bench.advance(HOUR)
    (message,) = bench.receive(dead_url)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert json.loads(message["Body"])["resources"] == [rule]
    done(bench, "refused")


def test_a_disabled_rule_waits_and_counts_anew(bench: Workbench) -> None:
    """Guards a job that runs while it is switched off, or makes up for it afterwards (API_DisableRule)."""
    url, _ = scheduled(bench, "pause", "rate(2 hours)")
    assert timers(bench, "pause")
    bench.events.disable_rule(Name="pause")
    assert not timers(bench, "pause")
    bench.advance(10 * HOUR)
    assert bodies(bench, url) == []
    bench.events.enable_rule(Name="pause")
    bench.advance(HOUR)
    assert bodies(bench, url) == []
    bench.advance(HOUR)
    assert len(bodies(bench, url)) == 1
    done(bench, "pause")


def test_a_changed_or_deleted_rule_fires_no_more_by_its_old_schedule(bench: Workbench) -> None:
    """Guards a timer that outlives its rule (API_PutRule replaces, API_DeleteRule)."""
    url, _ = scheduled(bench, "changed", "rate(1 hour)")
    bench.events.put_rule(Name="changed", ScheduleExpression="rate(3 hours)")
    bench.advance(2 * HOUR)
    assert bodies(bench, url) == []
    bench.advance(HOUR)
    assert len(bodies(bench, url)) == 1
    bench.events.remove_targets(Rule="changed", Ids=["queue"])
    bench.events.delete_rule(Name="changed")
    bench.advance(9 * HOUR)
    assert bodies(bench, url) == []


def test_a_timer_that_is_late_or_too_late_tells_its_own_time_or_nothing(bench: Workbench) -> None:
    """Guards the moment between a timer and its firing: the event has the schedule's time; a deleted rule is silent."""
    url, _ = scheduled(bench, "moment", "rate(1 hour)")
    (timer,) = timers(bench, "moment")
    timer.action()
    (event,) = arrived(bench, url)
    assert event["time"] == f"{timer.due:%Y-%m-%dT%H:%M:%SZ}"
    (timer,) = timers(bench, "moment")
    bench.events.remove_targets(Rule="moment", Ids=["queue"])
    bench.events.delete_rule(Name="moment")
    since = len(bench.org.events)
    timer.action()
    assert bench.told("scheduled", since) == []
    assert not timers(bench, "moment")


def test_schedules_are_for_the_default_bus(bench: Workbench) -> None:
    """Guards a rule that AWS refuses (API_PutRule: only on the default event bus)."""
    bench.events.create_event_bus(Name="own")
    with refused("ValidationException", "only on the default event bus"):
        bench.events.put_rule(Name="own", ScheduleExpression="rate(1 hour)", EventBusName="own")
    with refused("ValidationException", "ScheduleExpression is not valid"):
        bench.events.put_rule(Name="own", ScheduleExpression="cron(0 10 * * * *)")


def test_one_skip_fires_a_rule_so_often_and_says_what_it_left_out(bench: Workbench) -> None:
    """Guards a skip of a month that takes minutes, or one that leaves jobs out without a word."""
    url, rule = scheduled(bench, "often", "rate(1 minute)")
    since = len(bench.org.events)
    bench.advance((FIRINGS_PER_SKIP + 500) * 60 + 30)
    fired = [row for row in bench.told("scheduled", since) if row["rule"] == rule]
    (left_out,) = (row for row in bench.told("firings-left-out", since) if row["rule"] == rule)
    assert len(fired) + left_out["count"] == FIRINGS_PER_SKIP + 500
    since = len(bench.org.events)
    bench.advance(600)
    assert len(bench.told("scheduled", since)) == 10, "the next skip goes on as before"
    done(bench, "often")
    assert bench.receive(url)
