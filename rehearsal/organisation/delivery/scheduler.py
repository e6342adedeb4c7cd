"""Scheduled rules: when they fire, by the organisation's clock, and what they send.

Sources: eb/eb-create-rule-schedule (UTC, a rate counts from the rule's creation), eb/eb-events (the scheduled event). A
skip of the clock fires what it passes, each at its own time and in order; of one rule at most FIRINGS_PER_SKIP times,
so that a month of a rule of each minute doesn't take minutes: the rest is left out, which the event log says.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rehearsal.organisation.clock import VirtualClock
from rehearsal.organisation.core import Organisation
from rehearsal.organisation.delivery.buses import Rule, all_rules, buses
from rehearsal.organisation.delivery.schedules import parse_schedule

FIRINGS_PER_SKIP = 1000

Send = Callable[[Rule, Mapping[str, Any]], None]


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Scheduler:
    """Fires the scheduled rules of all accounts; `send` gives an event to a rule's targets."""

    def __init__(self, org: Organisation, clock: VirtualClock, send: Send) -> None:
        self._org = org
        self._clock = clock
        self._send = send
        self._skip: datetime | None = None
        self._fired: Counter[str] = Counter()

    def arm(self, rule: Rule) -> None:
        """Set or clear the timer of a rule, after any change of it: a rate counts anew from now."""
        self._set(rule, self._clock.now())

    def stop(self) -> None:
        for rule in all_rules(self._org, self._org.region):
            if rule.timer is not None:
                rule.timer.cancel()

    def _set(self, rule: Rule, after: datetime) -> None:
        if rule.timer is not None:
            rule.timer.cancel()
            rule.timer = None
        due = self._next(rule, after)
        if due is not None:
            rule.timer = self._clock.at(due, lambda: self._fire(rule, due), f"schedule of rule {rule.name}")

    def _next(self, rule: Rule, after: datetime) -> datetime | None:
        if rule.schedule is None or rule.state == "DISABLED":
            return None
        return parse_schedule(rule.schedule).next_after(after)

    def _fire(self, rule: Rule, due: datetime) -> None:
        """Send the scheduled event, and set the rule's next time."""
        with self._org.lock:
            bus = buses(self._org, rule.account, rule.region).get(rule.bus)
            if bus is None or bus.rules.get(rule.name) is not rule or rule.state == "DISABLED":
                return  # it was deleted or disabled since its timer was taken
            event = {
                "version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event", "source": "aws.events",
                "account": rule.account, "time": timestamp(due), "region": rule.region, "resources": [rule.arn],
                "detail": {},
            }  # fmt: skip
            self._org.note("scheduled", event=event["id"], rule=rule.arn, time=event["time"])
            self._send(rule, event)
            self._set(rule, self._from(rule, due))

    def _from(self, rule: Rule, due: datetime) -> datetime:
        """From when the next time counts: from this one, unless the clock is far beyond it or a skip has had enough."""
        goal = self._clock.skipping_to
        if goal is None:
            following = self._next(rule, due)
            return due if following is not None and following > self._clock.now() else self._clock.now()
        if goal != self._skip:
            self._skip, self._fired = goal, Counter()
        self._fired[rule.arn] += 1
        if self._fired[rule.arn] < FIRINGS_PER_SKIP:
            return due
        return self._leave_out(rule, due, goal)

    def _leave_out(self, rule: Rule, due: datetime, goal: datetime) -> datetime:
        """Pass over the firings up to the end of a skip. Returns the last one that was left out."""
        count, last = 0, due
        while (following := self._next(rule, last)) is not None and following <= goal:
            count, last = count + 1, following
        if count:
            self._org.note(
                "firings-left-out", rule=rule.arn, count=count, until=timestamp(goal),
                reason=f"one skip of the clock fires a rule at most {FIRINGS_PER_SKIP} times",
            )  # fmt: skip
        return last
