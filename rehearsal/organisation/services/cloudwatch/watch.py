"""Alarms at work, on the organisation's clock: when each is evaluated, what a change of its state sets off.

Source: cw/alarm-evaluation (each minute). An evaluation that can't come out otherwise than the one before is left out:
a skip of a month costs as many evaluations as there were changes. What services measure comes in here too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from rehearsal.organisation.clock import Timer, virtual
from rehearsal.organisation.core import ApiError, Organisation, component
from rehearsal.organisation.services.cloudwatch.alarms import Alarm
from rehearsal.organisation.services.cloudwatch.evaluation import EXTRA_PERIODS, State, evaluate
from rehearsal.organisation.services.cloudwatch.gauges import NAMESPACE, UNITS, GaugeData, QueueGauge, metric_of
from rehearsal.organisation.services.cloudwatch.history import remember
from rehearsal.organisation.services.cloudwatch.notices import (
    Point,
    event_detail,
    notification,
    reason,
    reason_data,
    state_of,
)
from rehearsal.organisation.services.cloudwatch.reading import datapoints
from rehearsal.organisation.services.cloudwatch.store import MINUTE, Distribution, Metric, Series, metrics, record
from rehearsal.organisation.services.sns.publish import notify
from rehearsal.organisation.services.sqs.queues import Queue, queues

PRINCIPAL = "cloudwatch.amazonaws.com"

Key = tuple[str, str, Metric]
"""Account, region, metric."""


def _up(second: float, step: int) -> int:
    """The first multiple of a step not before a second."""
    whole = int(second) + (second > int(second))
    return whole + -whole % step


class Watch:
    """Takes measurements in and evaluates alarms (component `cloudwatch`)."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._clock = virtual(org.clock)
        self._alarms: dict[str, Alarm] = {}
        self._watching: dict[Key, dict[str, Alarm]] = defaultdict(dict)
        self._gauges: dict[tuple[str, str, str], QueueGauge] = {}
        self._to_sample: dict[tuple[str, str, str], int] = {}
        self._timer: Timer | None = None
        self._armed = 0

    def pending(self) -> int:
        return 0  # a timer's action ends with all that it set off handed over

    def stop(self) -> None:
        with self._org.lock:
            if self._timer is not None:
                self._timer.cancel()

    def measure(
        self, account: str, region: str, namespace: str, dimensions: Mapping[str, str],
        values: Mapping[str, tuple[float, str]],
    ) -> None:  # fmt: skip
        """Record what a service measured: by metric name the value and its unit."""
        now = self._clock.now()
        with self._org.lock:
            for name, (value, unit) in values.items():
                metric = Metric(namespace, name, tuple(sorted(dimensions.items())))
                record(self._org, account, region, metric, now, unit, Distribution.of_values({value: 1.0}))
                self.told(account, region, metric)

    def queue_used(self, queue: Queue, counts: Mapping[str, tuple[float, str]] | None = None) -> None:
        """A queue was used: it is looked at when the minute ends."""
        self.measure(queue.account, queue.region, NAMESPACE, {"QueueName": queue.name}, counts or {})
        key = (queue.account, queue.region, queue.name)
        now = self._clock.now()
        with self._org.lock:
            if key not in self._gauges:
                self._gauges[key] = QueueGauge()
                for name in UNITS:
                    data = GaugeData(self._gauges[key], name, self._clock.now)
                    metrics(self._org, queue.account, queue.region)[metric_of(queue, name)] = data
            self._gauges[key].used(now)
            self._to_sample[key] = _up(now.timestamp() + 0.001, MINUTE)
            self._arm()

    def told(self, account: str, region: str, metric: Metric) -> None:
        """New data of a metric came: its alarms are evaluated when the minute ends."""
        watching = self._watching.get((account, region, metric))
        if watching:
            soon = _up(self._clock.now().timestamp() + 0.001, MINUTE)
            for alarm in watching.values():
                alarm.due = min(alarm.due or soon, _up(soon, alarm.step_seconds))
            self._arm()

    def changed(self, alarm: Alarm) -> None:
        """An alarm was put, or its state set: it is evaluated when the minute ends."""
        with self._org.lock:
            self.forget(alarm)
            self._alarms[alarm.arn] = alarm
            self._watching[alarm.watched.account, alarm.region, alarm.watched.metric][alarm.arn] = alarm
            alarm.due = _up(self._clock.now().timestamp() + 0.001, MINUTE)
            self._arm()

    def forget(self, alarm: Alarm) -> None:
        """An alarm was deleted, or watches another metric."""
        with self._org.lock:
            self._alarms.pop(alarm.arn, None)
            for watching in self._watching.values():
                watching.pop(alarm.arn, None)

    def _arm(self) -> None:
        """Set the timer to the next thing to do."""
        dues = [*self._to_sample.values(), *(one.due for one in self._alarms.values() if one.due is not None)]
        if not dues or (self._timer is not None and self._armed <= min(dues)):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed = min(dues)
        at = datetime.fromtimestamp(self._armed, UTC)
        self._timer = self._clock.at(at, self._tick, "evaluation of alarms")

    def _tick(self) -> None:
        with self._org.lock:
            self._timer = None
            now = int(self._clock.now().timestamp())
            now -= now % MINUTE
            for key in [key for key, due in self._to_sample.items() if due <= now]:
                self._sample(key, now)
            for alarm in [one for one in self._alarms.values() if one.due is not None and one.due <= now]:
                self._evaluate(alarm, now)
            self._arm()

    def _sample(self, key: tuple[str, str, str], end: int) -> None:
        """Look at a queue; again when the next hidden message shows."""
        del self._to_sample[key]
        account, region, name = key
        queue = queues(self._org, account, region).get(name)
        if queue is None:
            return
        at = datetime.fromtimestamp(end, UTC)
        if self._gauges[key].sample(queue, at, end - MINUTE):
            for one in UNITS:
                for alarm in self._watching.get((account, region, metric_of(queue, one)), {}).values():
                    alarm.due = _up(end, alarm.step_seconds)
        hidden = [one.visible.timestamp() for one in queue.messages if one.visible > at]
        if hidden:
            self._to_sample[key] = max(_up(min(hidden), MINUTE), end + MINUTE)

    def _evaluate(self, alarm: Alarm, end: int) -> None:
        try:
            points = self._points(alarm, end)
        except ApiError as error:
            alarm.due = None
            self._org.note("alarm-problem", alarm=alarm.arn, reason=error.message)
            return
        alarm.due = self._next(alarm, end)
        state = evaluate(alarm.condition, [value for _, value in points])
        if state is not None and state != alarm.state:
            now = self._clock.now()
            self.turn(alarm, state, reason(alarm, state, points), reason_data(alarm, points, now))

    def _points(self, alarm: Alarm, end: int) -> list[Point]:
        reading = alarm.watched.reading(end, alarm.condition.periods + EXTRA_PERIODS)
        found = dict(datapoints(self._org, alarm.account, alarm.region, reading) or [])
        return [(second, found.get(second)) for second in range(reading.start, reading.end, reading.period)]

    def _next(self, alarm: Alarm, end: int) -> int | None:
        """When an alarm may come out otherwise: as its data move from one period to the next, and out of its range."""
        data = metrics(self._org, alarm.watched.account, alarm.region).get(alarm.watched.metric)
        step, period, span = alarm.step_seconds, alarm.watched.period, alarm.range_seconds
        dues: list[int] = []
        if isinstance(data, GaugeData):
            for turn in data.turns(alarm.condition.threshold):
                if end < turn + MINUTE:
                    dues.append(_up(turn + MINUTE, step))
                elif end <= turn + span + MINUTE:
                    dues.append(end + step)
        elif isinstance(data, Series):
            for second in data.since(end - span - MINUTE):
                passed = max(0, (end - second - MINUTE) // period + 1)
                dues.append(_up(second + passed * period + MINUTE, step))
        return min((due for due in dues if due > end), default=None)

    def turn(self, alarm: Alarm, state: State, why: str, data: str) -> None:
        """Put an alarm into a state, tell EventBridge, and carry out its actions."""
        now, previous, before = self._clock.now(), state_of(alarm), alarm.state
        alarm.state, alarm.reason, alarm.reason_data = state, why, data
        alarm.state_updated = alarm.state_changed = now
        detail = event_detail(alarm, previous)
        remember(
            self._org, alarm, "StateUpdate", f"Alarm updated from {before} to {state}",
            {"version": "1.0", "oldState": previous, "newState": detail["state"]},
        )  # fmt: skip
        self._org.note("alarm", alarm=alarm.arn, before=before, state=state, reason=why)
        self._org.emit(
            alarm.account, alarm.region, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm.arn]
        )
        for action in alarm.actions(state):
            self._act(alarm, action, before)

    def _act(self, alarm: Alarm, action: str, before: State) -> None:
        subject, message = notification(alarm, before)
        extra = {
            "aws:SourceArn": alarm.arn, "aws:SourceAccount": alarm.account, "aws:SourceOwner": alarm.account,
        }  # fmt: skip
        told = {"actionState": "Succeeded", "stateUpdateTimestamp": int(alarm.state_updated.timestamp() * 1000)}
        try:
            id_ = notify(self._org, PRINCIPAL, action, subject, message, extra)
        except ApiError as error:
            summary = f"Failed to execute action {action}. Received error: {error.message}"
            self._org.note("lost", alarm=alarm.arn, action=action, reason=error.message)
            told = {**told, "actionState": "Failed", "error": error.message}
        else:
            summary, told = f"Successfully executed action {action}", {**told, "publishedMessage": id_}
        remember(self._org, alarm, "Action", summary, {**told, "notificationResource": action})


@component("cloudwatch")
def make_watch(org: Organisation) -> Watch:
    return Watch(org)
